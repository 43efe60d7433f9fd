/* clr: metadata from a module's file, where the dump has not a page of the image.
 *
 * gcore and the kernel leave out clean pages of mapped files: of a managed .dll nothing is in the
 * dump, not even the header that would identify it. But the runtime keeps an open reader for the
 * metadata of each module, and that reader records, in ordinary memory: version, flags and row
 * counts of all tables, the sizes of all heaps, and address and size of the whole metadata. A file
 * is believed when all of that equals what the file itself has, and when the recorded address is,
 * by the dump's list of mapped files, that very offset of that very path. The reader is found from
 * the Module through its PEAssembly by its content, at most two pointers away, so that no offset of
 * it need be known. Source: ECMA-335 II.24.2 for the file's half. */
#include "clr_module_files.h"

#include "../dump/dump.h"
#include "metadata.h"

enum {
    SCHEMA_BYTES = 24,   /* reserved, version, heap flags, row id, valid, sorted: as in the file */
    HOLDER_WORDS = 48,   /* of an object that may lead to the reader */
    READER_LEAD = 64,    /* in front of the schema: virtual tables */
    READER_BYTES = 2304, /* of the reader from its start on: 1504 in .NET 10 */
    MAX_STREAMS = 64
};

/* What a reader of this file's metadata must have recorded. */
struct proof {
    uint64_t file_off; /* of the metadata in the file */
    uint32_t bytes, strings_bytes, blob_bytes;
    uint8_t version[3]; /* major, minor, heap flags */
    uint64_t valid, sorted;
    uint32_t rows[HGR_METADATA_TABLES];
    const char *path;
};

/* Offset of the tables stream within the metadata. */
static bool find_tables(hgr_cursor *c)
{
    uint32_t version_len, off, len;
    uint16_t flags, streams;
    if (!hgr_cursor_seek(c, 12) || !hgr_cursor_u32(c, &version_len) ||
        !hgr_cursor_skip(c, version_len) || !hgr_cursor_u16(c, &flags) ||
        !hgr_cursor_u16(c, &streams) || streams > MAX_STREAMS)
        return false;
    for (uint16_t i = 0; i < streams; i++) {
        if (!hgr_cursor_u32(c, &off) || !hgr_cursor_u32(c, &len))
            return false;
        const char *name = (const char *)c->bytes + c->pos;
        size_t name_len = strnlen(name, hgr_cursor_left(c));
        if (name_len == 2 && name[0] == '#' && (name[1] == '~' || name[1] == '-'))
            return hgr_cursor_seek(c, off);
        if (!hgr_cursor_skip(c, (name_len + 4) & ~(size_t)3))
            return false;
    }
    return false;
}

static bool read_schema(const uint8_t *bytes, size_t len, struct proof *out)
{
    hgr_cursor c = hgr_cursor_make(bytes, len, 0, HGR_AT_FILE);
    uint32_t reserved;
    uint8_t row_id;
    if (!find_tables(&c) || !hgr_cursor_u32(&c, &reserved) ||
        !hgr_cursor_u8(&c, &out->version[0]) || !hgr_cursor_u8(&c, &out->version[1]) ||
        !hgr_cursor_u8(&c, &out->version[2]) || !hgr_cursor_u8(&c, &row_id) ||
        !hgr_cursor_u64(&c, &out->valid) || !hgr_cursor_u64(&c, &out->sorted))
        return false;
    for (uint32_t table = 0; table < HGR_METADATA_TABLES; table++)
        if ((out->valid >> table & 1) && !hgr_cursor_u32(&c, &out->rows[table]))
            return false;
    return true;
}

/* ---- the runtime's half ---- */

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Does the object record, in a word and the half word behind it, an address that is the file's
 * offset of the metadata, and the metadata's size? */
static bool records_place(const hgr_dump *dump, const struct proof *proof, const uint8_t *object,
                          size_t len)
{
    for (size_t i = 0; i + 12 <= len; i += 8) {
        uint32_t bytes;
        memcpy(&bytes, object + i + 8, sizeof bytes);
        if (bytes != proof->bytes)
            continue;
        uint64_t addr = word_at(object + i);
        const hgr_file_range *file = hgr_dump_file_at(dump, addr);
        if (file && strcmp(file->path, proof->path) == 0 &&
            file->file_off + (addr - file->start_addr) == proof->file_off)
            return true;
    }
    return false;
}

static bool records_size(const uint8_t *object, size_t len, uint32_t bytes)
{
    for (size_t i = 0; i + 4 <= len; i += 4)
        if (memcmp(object + i, &bytes, 4) == 0)
            return true;
    return false;
}

/* Does the object at addr hold the proof? */
static bool is_reader(const hgr_dump *dump, const struct proof *proof, uint64_t addr)
{
    uint8_t bytes[READER_BYTES];
    size_t len = (size_t)hgr_space_present(&dump->space, addr, sizeof bytes); /* <= READER_BYTES */
    if (addr % 8 || len < READER_LEAD + SCHEMA_BYTES + sizeof proof->rows ||
        !hgr_space_read(&dump->space, addr, bytes, len))
        return false;
    for (size_t at = 0; at < READER_LEAD; at += 8) {
        const uint8_t *schema = bytes + at;
        if (word_at(schema + 8) == proof->valid && word_at(schema + 16) == proof->sorted &&
            memcmp(schema + 4, proof->version, sizeof proof->version) == 0 &&
            memcmp(schema + SCHEMA_BYTES, proof->rows, sizeof proof->rows) == 0)
            return records_size(bytes, len, proof->strings_bytes) &&
                   records_size(bytes, len, proof->blob_bytes) &&
                   records_place(dump, proof, bytes, len);
    }
    return false;
}

/* Does anything the object at addr points to hold the proof, within `depth` pointers? */
static bool leads_to_reader(const hgr_dump *dump, const struct proof *proof, uint64_t addr,
                            int depth)
{
    uint64_t words[HOLDER_WORDS];
    size_t count =
        (size_t)hgr_space_present(&dump->space, addr, sizeof words) / 8; /* <= HOLDER_WORDS */
    if (addr % 8 || !hgr_space_read(&dump->space, addr, words, count * 8))
        return false;
    for (size_t i = 0; i < count; i++)
        if (is_reader(dump, proof, words[i]))
            return true;
    for (size_t i = 0; depth > 1 && i < count; i++)
        if (leads_to_reader(dump, proof, words[i], depth - 1))
            return true;
    return false;
}

/* ---- the file's half ---- */

/* Where the file keeps its metadata: the reader of images in memory, on the file laid out flat. */
static hgr_result locate_in_file(const hgr_candidate *file, const hgr_run *run,
                                 hgr_metadata_place *out, hgr_status *status)
{
    hgr_space space;
    uint64_t end;
    if (!hgr_add_u64(file->base_addr, file->len, &end))
        return HGR_NOT_FOUND;
    hgr_range range = {.start_addr = file->base_addr,
                       .end_addr = end,
                       .bytes = file->bytes,
                       .access = HGR_ACCESS_READ};
    hgr_space_init(&space, run, 8);
    hgr_result result = hgr_space_add(&space, &range, status);
    if (result == HGR_OK)
        result = hgr_space_seal(&space, status);
    if (result == HGR_OK)
        result = hgr_metadata_locate(&space, file->base_addr, out, status);
    if (result == HGR_OK && !hgr_space_view(&space, out->addr, out->bytes))
        result = HGR_NOT_FOUND;
    hgr_space_fini(&space);
    return result;
}

/* One file: *out_bytes set when it is proven. */
static hgr_result try_file(const hgr_runtime *runtime, const hgr_candidate *file, uint64_t holder,
                           const uint8_t **out_bytes, size_t *out_len, hgr_status *status)
{
    const hgr_dump *dump = runtime->dump;
    const hgr_file_range *line = hgr_dump_file_at(dump, file->base_addr);
    hgr_metadata_place place;
    hgr_metadata metadata;
    hgr_result result = line ? locate_in_file(file, dump->run, &place, status) : HGR_NOT_FOUND;
    if (result != HGR_OK)
        return result == HGR_NO_MEMORY ? result : HGR_OK;
    uint64_t off = place.addr - file->base_addr;
    const uint8_t *bytes = file->bytes + off;
    struct proof proof = {.file_off = off, .bytes = place.bytes, .path = line->path};
    if (!read_schema(bytes, place.bytes, &proof) ||
        hgr_metadata_parse(bytes, place.bytes, place.addr, &metadata, NULL) != HGR_OK)
        return HGR_OK;
    proof.strings_bytes = (uint32_t)metadata.strings_len; /* both lie within place.bytes */
    proof.blob_bytes = (uint32_t)metadata.blob_len;
    if (leads_to_reader(dump, &proof, holder, 2)) {
        *out_bytes = bytes;
        *out_len = place.bytes;
    }
    return HGR_OK;
}

hgr_result hgr_clr_metadata_from_file(const hgr_runtime *runtime, uint64_t module_addr,
                                      uint64_t base_addr, const uint8_t **out_bytes,
                                      size_t *out_len, hgr_status *status)
{
    uint32_t pe_assembly = runtime->layout.module_pe_assembly;
    uint64_t holder = module_addr;
    hgr_result result = HGR_OK;
    *out_bytes = NULL;
    if (runtime->dump->ncandidates == 0 ||
        (pe_assembly != HGR_NO_OFFSET &&
         !hgr_space_ptr(runtime->space, module_addr + pe_assembly, &holder)))
        return HGR_OK;
    const hgr_candidate *file;
    for (size_t i = 0; result == HGR_OK && !*out_bytes &&
                       (file = hgr_dump_candidate(runtime->dump, base_addr, i)) != NULL;
         i++)
        result = try_file(runtime, file, holder, out_bytes, out_len, status);
    return result;
}
