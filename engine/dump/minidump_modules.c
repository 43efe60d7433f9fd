/* dump: minidump stream ModuleList → the dump's modules, ascending by base address.
 *
 * Identity of a module: PE timestamp and size, and the GUID and age of its PDB where the dump has the
 * CodeView record ("RSDS"); Wine leaves that out. */
#include "minidump.h"

#include <stdlib.h>
#include "limits.h"

enum { MODULE_BYTES = 108, VERSION_BYTES = 52, RSDS_ID_BYTES = 20 /* GUID and age */ };

/* The PDB's GUID and age, borrowed from the mapping; NULL when the record is no RSDS. */
static const uint8_t *pdb_id(const hgr_minidump *md, uint32_t record_off, uint32_t record_bytes)
{
    const uint8_t *record;
    if (record_bytes < 4 + RSDS_ID_BYTES || !hgr_minidump_view(md, record_off, record_bytes, &record))
        return NULL;
    return memcmp(record, "RSDS", 4) == 0 ? record + 4 : NULL;
}

static hgr_result take_module(hgr_minidump *md, hgr_cursor *stream, hgr_module *out,
                              hgr_status *status)
{
    uint64_t base = 0;
    uint32_t size = 0, timestamp = 0, name_off = 0, record_bytes = 0, record_off = 0;
    hgr_cursor at = *stream;
    if (!hgr_cursor_u64(&at, &base) || !hgr_cursor_u32(&at, &size) || !hgr_cursor_skip(&at, 4) ||
        !hgr_cursor_u32(&at, &timestamp) || !hgr_cursor_u32(&at, &name_off) ||
        !hgr_cursor_skip(&at, VERSION_BYTES) || !hgr_cursor_u32(&at, &record_bytes) ||
        !hgr_cursor_u32(&at, &record_off) || !hgr_cursor_skip(stream, MODULE_BYTES))
        return HGR_INTERNAL; /* counted by the caller */
    base = hgr_minidump_addr(md, base);
    *out = (hgr_module){.base_addr = base,
                        .size_bytes = size < md->addr_end - base ? size : md->addr_end - base,
                        .timestamp = timestamp,
                        .build_id = pdb_id(md, record_off, record_bytes)};
    out->build_id_len = out->build_id ? RSDS_ID_BYTES : 0;
    return hgr_minidump_text(md, name_off, &out->path, status);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '\\');
    return slash ? slash + 1 : path;
}

/* By base; the path decides between equal ones. */
static int compare_modules(const void *left, const void *right)
{
    const hgr_module *a = left, *b = right;
    if (a->base_addr != b->base_addr)
        return a->base_addr < b->base_addr ? -1 : 1;
    return strcmp(a->path, b->path);
}

hgr_result hgr_minidump_module_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    struct hgr_dump *dump = md->dump;
    const hgr_minidump_list list = {"ModuleList", MODULE_BYTES, HGR_MAX_MINIDUMP_MODULES};
    size_t count;
    hgr_result result = hgr_minidump_begin_list(md, &stream, &list, &count, status);
    if (result == HGR_OK)
        result = hgr_grow(dump->run, &dump->modules, &dump->modules_capacity, count,
                          HGR_MAX_MINIDUMP_MODULES, sizeof *dump->modules, "modules", status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        result = take_module(md, &stream, &dump->modules[i], status);
        if (result == HGR_OK)
            dump->nmodules = i + 1;
    }
    if (dump->nmodules) /* the program itself is the first in the list */
        dump->info.process_name = file_name(dump->modules[0].path);
    if (dump->nmodules > 1) /* qsort must not see NULL */
        qsort(dump->modules, dump->nmodules, sizeof *dump->modules, compare_modules);
    return result;
}
