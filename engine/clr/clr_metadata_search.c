/* clr: metadata of an image whose first page is not in the dump.
 *
 * Input: where the image was mapped. Output: where its metadata lies, among the image's pages that
 * the dump does have. Kernels leave clean file pages out of a core, and headers are clean; what the
 * loader relocated, and the data beside it, is there. The root's signature, tables that parse and
 * the file's own name in them decide: an image may hold the metadata of another one as data. */
#define _GNU_SOURCE
#include "clr_module_files.h"

#include "metadata.h"

static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    return name;
}

static bool is_of_file(const uint8_t *bytes, size_t len, uint64_t addr, const char *name)
{
    hgr_metadata metadata;
    const char *seen;
    size_t seen_len;
    return hgr_metadata_parse(bytes, len, addr, &metadata, NULL) == HGR_OK &&
           metadata.rows[HGR_TABLE_TYPE_DEF] > 1 &&
           hgr_metadata_string(&metadata, HGR_TABLE_MODULE, 1, HGR_MODULE_NAME, &seen, &seen_len) &&
           strcmp(seen, name) == 0;
}

static bool search_bytes(uint64_t addr, const uint8_t *bytes, size_t len, const char *name,
                         hgr_metadata_place *out)
{
    static const char root[8] = {'B', 'S', 'J', 'B', 1, 0, 1, 0};
    for (size_t at = 0; at < len;) {
        const uint8_t *hit = memmem(bytes + at, len - at, root, sizeof root);
        if (!hit)
            return false;
        at = (size_t)(hit - bytes);
        size_t left = len - at < HGR_METADATA_MAX_BYTES ? len - at : HGR_METADATA_MAX_BYTES;
        if ((addr + at) % 4 == 0 && is_of_file(hit, left, addr + at, name)) {
            *out = (hgr_metadata_place){addr + at, (uint32_t)left, false};
            return true;
        }
        at += sizeof root;
    }
    return false;
}

bool hgr_clr_metadata_search(const hgr_runtime *runtime, uint64_t base_addr,
                             hgr_metadata_place *out)
{
    const hgr_dump *dump = runtime->dump;
    uint16_t magic;
    if (base_addr == 0 || hgr_space_u16(runtime->space, base_addr, &magic))
        return false; /* its headers are there, and say where the metadata is */
    for (size_t i = 0; i < dump->nmodules; i++) {
        const hgr_module *module = &dump->modules[i];
        uint64_t end;
        if (module->base_addr != base_addr || !hgr_add_u64(base_addr, module->size_bytes, &end))
            continue;
        for (const hgr_range *range = hgr_space_next(runtime->space, base_addr);
             range && range->start_addr < end;
             range = hgr_space_next(runtime->space, range->end_addr)) {
            uint64_t from = range->start_addr < base_addr ? base_addr : range->start_addr;
            uint64_t to = range->end_addr < end ? range->end_addr : end;
            if (search_bytes(from, range->bytes + (from - range->start_addr), (size_t)(to - from),
                             file_name(module->path), out))
                return true;
        }
    }
    return false;
}
