/* dump: zip archives: central directory (zip64 too) → the one entry that begins like a dump.
 *
 * Input: the mapped archive. Output: where the entry's packed bytes lie. Method: the end record is
 * looked for from the end of the file backwards, it names the directory; of each file in it the first
 * bytes are unpacked and shown to the readers' _matches. Nothing is unpacked here beyond them.
 * Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3. */
#include "zip.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "../base/cursor.h"
#include "dump.h"
#include "limits.h"
#include "minidump.h"
#include "unpack.h"

enum {
    LOCAL_SIGNATURE = 0x04034b50,
    CENTRAL_SIGNATURE = 0x02014b50,
    END_SIGNATURE = 0x06054b50,
    END64_SIGNATURE = 0x06064b50,
    LOCATOR64_SIGNATURE = 0x07064b50,
    LOCAL_BYTES = 30,
    END_BYTES = 22,
    LOCATOR64_BYTES = 20,
    EXTRA_ZIP64 = 1,
    FLAG_ENCRYPTED = 1,
    FLAG_SIZES_BEHIND = 8,
    METHOD_DEFLATE64 = 9,
    HEAD_BYTES = 64,          /* enough for every reader's _matches */
    HEAD_INPUT_BYTES = 65536, /* packed bytes that may be needed for them */
    SHOWN_NAME_CHARS = 40,    /* of a file's name in messages */
    SHOWN_LIST_CHARS = 130    /* of a list of files */
};

#define NARROW UINT32_C(0xffffffff) /* "see the zip64 field" */

/** The directory as the end of the archive describes it. */
struct directory {
    uint64_t count, off, bytes;
};

/** One line of it, not yet followed to its data. */
struct line {
    const uint8_t *name;
    uint16_t       name_len, flags, method;
    uint32_t       crc;
    uint64_t       packed, unpacked, local_off;
};

bool hgr_zip_matches(const uint8_t *bytes, size_t len)
{
    return len >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

static hgr_cursor cursor_at(const uint8_t *bytes, size_t len, uint64_t off)
{
    size_t at = off < len ? (size_t)off : len;
    return hgr_cursor_make(bytes + at, len - at, at, HGR_AT_FILE);
}

/* ---- the end of the archive ---- */

/* Where the end record lies: the last signature whose comment ends with the file. */
static bool find_end(const uint8_t *bytes, size_t len, size_t *out)
{
    if (len < END_BYTES)
        return false;
    size_t lowest = len - END_BYTES > UINT16_MAX ? len - END_BYTES - UINT16_MAX : 0;
    for (size_t at = len - END_BYTES + 1; at-- > lowest;) {
        hgr_cursor c = cursor_at(bytes, len, at);
        uint32_t signature;
        uint16_t comment;
        if (hgr_cursor_u32(&c, &signature) && signature == END_SIGNATURE &&
            hgr_cursor_skip(&c, END_BYTES - 6) && hgr_cursor_u16(&c, &comment) &&
            comment == hgr_cursor_left(&c)) {
            *out = at;
            return true;
        }
    }
    return false;
}

/* The zip64 end record, where a locator stands right before the end record. */
static bool read_end64(const uint8_t *bytes, size_t len, size_t end_at, struct directory *out)
{
    if (end_at < LOCATOR64_BYTES)
        return false;
    hgr_cursor c = cursor_at(bytes, len, end_at - LOCATOR64_BYTES);
    uint32_t signature;
    uint64_t at;
    if (!hgr_cursor_u32(&c, &signature) || signature != LOCATOR64_SIGNATURE ||
        !hgr_cursor_skip(&c, 4) || !hgr_cursor_u64(&c, &at))
        return false;
    c = cursor_at(bytes, len, at);
    return hgr_cursor_u32(&c, &signature) && signature == END64_SIGNATURE &&
           hgr_cursor_skip(&c, 28) && hgr_cursor_u64(&c, &out->count) &&
           hgr_cursor_u64(&c, &out->bytes) && hgr_cursor_u64(&c, &out->off);
}

static hgr_result read_end(const uint8_t *bytes, size_t len, size_t end_at, struct directory *out,
                           hgr_status *status)
{
    hgr_cursor c = cursor_at(bytes, len, end_at);
    uint16_t disk = 0, first_disk = 0, here = 0, count = 0;
    uint32_t size = 0, off = 0;
    if (!hgr_cursor_skip(&c, 4) || !hgr_cursor_u16(&c, &disk) || !hgr_cursor_u16(&c, &first_disk) ||
        !hgr_cursor_u16(&c, &here) || !hgr_cursor_u16(&c, &count) || !hgr_cursor_u32(&c, &size) ||
        !hgr_cursor_u32(&c, &off))
        return HGR_INTERNAL; /* find_end has seen all of it */
    *out = (struct directory){count, off, size};
    if (count == UINT16_MAX || size == NARROW || off == NARROW)
        read_end64(bytes, len, end_at, out);
    else if (disk != first_disk || here != count)
        return hgr_fail_file(status, HGR_UNSUPPORTED, end_at,
                             "zip archive split over several files: expected one file");
    if (out->off > end_at || out->bytes > end_at - out->off)
        return hgr_fail_file(status, HGR_BAD_DATA, end_at,
                             "zip directory of %llu bytes at %llu, expected an end before %zu",
                             (unsigned long long)out->bytes, (unsigned long long)out->off, end_at);
    return HGR_OK;
}

/* ---- the directory ---- */

/* The fields that did not fit in 32 bits stand in the zip64 extra field, in this order. */
static bool read_zip64_extra(hgr_cursor extra, struct line *line)
{
    uint64_t *const wide[] = {&line->unpacked, &line->packed, &line->local_off};
    uint16_t id, bytes;
    const uint8_t *body;
    while (hgr_cursor_u16(&extra, &id) && hgr_cursor_u16(&extra, &bytes) &&
           hgr_cursor_take(&extra, bytes, &body)) {
        if (id != EXTRA_ZIP64)
            continue;
        hgr_cursor c = hgr_cursor_make(body, bytes, 0, HGR_AT_FILE);
        for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
            if (*wide[i] == NARROW && !hgr_cursor_u64(&c, wide[i]))
                return false;
    }
    return true;
}

static bool read_line(hgr_cursor *c, struct line *out)
{
    uint32_t signature, packed, unpacked, local_off;
    uint16_t extra_len, comment_len;
    const uint8_t *extra;
    if (!hgr_cursor_u32(c, &signature) || signature != CENTRAL_SIGNATURE ||
        !hgr_cursor_skip(c, 4) || !hgr_cursor_u16(c, &out->flags) ||
        !hgr_cursor_u16(c, &out->method) || !hgr_cursor_skip(c, 4) ||
        !hgr_cursor_u32(c, &out->crc) || !hgr_cursor_u32(c, &packed) ||
        !hgr_cursor_u32(c, &unpacked) || !hgr_cursor_u16(c, &out->name_len) ||
        !hgr_cursor_u16(c, &extra_len) || !hgr_cursor_u16(c, &comment_len) ||
        !hgr_cursor_skip(c, 8) || !hgr_cursor_u32(c, &local_off) ||
        !hgr_cursor_take(c, out->name_len, &out->name) ||
        !hgr_cursor_take(c, extra_len, &extra) || !hgr_cursor_skip(c, comment_len))
        return false;
    out->packed = packed;
    out->unpacked = unpacked;
    out->local_off = local_off;
    return read_zip64_extra(hgr_cursor_make(extra, extra_len, 0, HGR_AT_FILE), out);
}

/* Behind the local header, whose own name and extra field may differ from the directory's. */
static bool find_data(const uint8_t *bytes, size_t len, const struct line *line, uint64_t *out)
{
    hgr_cursor c = cursor_at(bytes, len, line->local_off);
    uint32_t signature;
    uint16_t name_len, extra_len;
    if (!hgr_cursor_u32(&c, &signature) || signature != LOCAL_SIGNATURE ||
        !hgr_cursor_skip(&c, LOCAL_BYTES - 8) || !hgr_cursor_u16(&c, &name_len) ||
        !hgr_cursor_u16(&c, &extra_len) || !hgr_cursor_skip(&c, (uint64_t)name_len + extra_len) ||
        line->packed > hgr_cursor_left(&c))
        return false;
    *out = c.base + c.pos;
    return true;
}

/* ---- which entry ---- */

/* Inflate the first bytes; damaged data gives fewer. */
static hgr_result inflate_head(const uint8_t *packed, size_t packed_len, const hgr_run *run,
                               uint8_t head[HEAD_BYTES], size_t *out_len, hgr_status *status)
{
    z_stream stream = {.zalloc = hgr_zlib_alloc, .zfree = hgr_zlib_free,
                       .opaque = (void *)(uintptr_t)run};
    int code = inflateInit2(&stream, -MAX_WBITS);
    if (code == Z_OK) {
        /* zlib does not write through next_in; its type lacks const unless ZLIB_CONST is set. */
        stream.next_in = (Bytef *)(uintptr_t)packed;
        stream.avail_in = packed_len < HEAD_INPUT_BYTES ? (uInt)packed_len : HEAD_INPUT_BYTES;
        stream.next_out = head;
        stream.avail_out = HEAD_BYTES;
        code = inflate(&stream, Z_SYNC_FLUSH);
        inflateEnd(&stream);
    }
    if (code == Z_MEM_ERROR)
        return hgr_fail(status, HGR_NO_MEMORY, "zlib: out of memory");
    *out_len = HEAD_BYTES - stream.avail_out;
    return HGR_OK;
}

static hgr_result begins_like_dump(const uint8_t *bytes, const hgr_zip_entry *entry,
                                   const hgr_run *run, bool *out, hgr_status *status)
{
    uint8_t head[HEAD_BYTES];
    const uint8_t *packed = bytes + entry->data_off;
    size_t packed_len = (size_t)entry->packed_bytes; /* inside the mapping */
    size_t len = packed_len < HEAD_BYTES ? packed_len : HEAD_BYTES;
    if (entry->method == HGR_ZIP_STORED) {
        memcpy(head, packed, len);
    } else {
        hgr_result result = inflate_head(packed, packed_len, run, head, &len, status);
        if (result != HGR_OK)
            return result;
    }
    *out = hgr_minidump_matches(head, len) || hgr_elfcore_matches(head, len);
    return HGR_OK;
}

static hgr_result check_method(const struct line *line, hgr_status *status)
{
    int name_len = line->name_len < 80 ? line->name_len : 80;
    const char *name = (const char *)line->name;
    if (line->flags & FLAG_ENCRYPTED)
        return hgr_fail_file(status, HGR_UNSUPPORTED, line->local_off,
                             "zip archive: '%.*s' is encrypted", name_len, name);
    if (line->method != HGR_ZIP_STORED && line->method != HGR_ZIP_DEFLATED)
        return hgr_fail_file(status, HGR_UNSUPPORTED, line->local_off,
                             "zip archive: '%.*s' is packed by method %u%s, expected 0 or 8",
                             name_len, name, line->method,
                             line->method == METHOD_DEFLATE64 ? " (Deflate64)" : "");
    return HGR_OK;
}

struct search {
    const hgr_run *run;
    const uint8_t *bytes;
    size_t         len;
    const char *member; /* asked for, or NULL */
    uint64_t       files, dumps;
    hgr_zip_entry  found;
    bool whole_name;             /* found by all of its name: nothing is better */
    char list[SHOWN_LIST_CHARS]; /* of the dumps, as far as there is room */
    uint64_t listed;
    hgr_status     refusal; /* of the first file that could not be looked into */
};

static bool is_named(const struct line *line, const char *member, bool *out_whole)
{
    size_t len = strlen(member);
    bool ends =
        line->name_len >= len && memcmp(line->name + line->name_len - len, member, len) == 0;
    *out_whole = ends && line->name_len == len;
    return ends && (*out_whole || line->name[line->name_len - len - 1] == '/');
}

/* Does it count: asked for by name, or by what it begins with? */
static hgr_result matches(struct search *search, const struct line *line,
                          const hgr_zip_entry *entry, bool *out, bool *out_whole,
                          hgr_status *status)
{
    *out_whole = false;
    if (!search->member)
        return begins_like_dump(search->bytes, entry, search->run, out, status);
    *out = is_named(line, search->member, out_whole);
    return HGR_OK;
}

static void list_dump(struct search *search, const hgr_zip_entry *entry)
{
    char text[SHOWN_LIST_CHARS];
    size_t used = strlen(search->list);
    int shown = entry->name_len < SHOWN_NAME_CHARS ? (int)entry->name_len : SHOWN_NAME_CHARS;
    int len = snprintf(text, sizeof text, "%s%.*s (%llu bytes)", used ? ", " : "", shown,
                       (const char *)entry->name, (unsigned long long)entry->unpacked_bytes);
    if (len < 0 || (size_t)len >= sizeof text - used || search->listed != search->dumps)
        return; /* the first that has no room ends the list */
    memcpy(search->list + used, text, (size_t)len + 1);
    search->listed++;
}

static hgr_result consider(struct search *search, const struct line *line, hgr_status *status)
{
    hgr_status refusal;
    uint64_t data_off;
    bool is_folder = line->name_len > 0 && line->name[line->name_len - 1] == '/', whole;
    if (is_folder || line->unpacked == 0)
        return HGR_OK;
    search->files++;
    if (search->member && !is_named(line, search->member, &whole))
        return HGR_OK;
    if (check_method(line, &refusal) != HGR_OK) {
        if (search->refusal.code == HGR_OK)
            search->refusal = refusal;
        return HGR_OK;
    }
    if (!find_data(search->bytes, search->len, line, &data_off))
        return HGR_OK;
    const hgr_zip_entry entry = {.name = line->name,
                                 .name_len = line->name_len,
                                 .method = line->method,
                                 .crc = line->crc,
                                 .data_off = data_off,
                                 .packed_bytes = line->packed,
                                 .unpacked_bytes = line->unpacked};
    bool is_dump = false;
    hgr_result result = matches(search, line, &entry, &is_dump, &whole, status);
    if (result != HGR_OK || !is_dump || search->whole_name)
        return result;
    if (search->dumps == 0 || whole)
        search->found = entry;
    search->whole_name = whole;
    list_dump(search, &entry);
    search->dumps++;
    return HGR_OK;
}

static hgr_result conclude(const struct search *search, hgr_zip_entry *out, hgr_status *status)
{
    if (search->dumps == 1 || search->whole_name) {
        *out = search->found;
        return HGR_OK;
    }
    if (search->dumps > 1)
        return hgr_fail(status, HGR_UNSUPPORTED,
                        "zip archive with %llu dumps: %s%s; name one like a path into the archive, "
                        "ARCHIVE/%.*s",
                        (unsigned long long)search->dumps, search->list,
                        search->listed < search->dumps ? ", ..." : "",
                        search->found.name_len < SHOWN_NAME_CHARS ? (int)search->found.name_len
                                                                  : SHOWN_NAME_CHARS,
                        (const char *)search->found.name);
    if (search->refusal.code != HGR_OK) {
        if (status)
            *status = search->refusal;
        return search->refusal.code;
    }
    if (search->member)
        return hgr_fail(status, HGR_NOT_FOUND, "zip archive of %llu files: none is called '%.*s'",
                        (unsigned long long)search->files, SHOWN_NAME_CHARS, search->member);
    return hgr_fail(status, HGR_BAD_DATA,
                    "zip archive of %llu files: none begins like a dump (MDMP or an ELF core)",
                    (unsigned long long)search->files);
}

/* A download that broke off has no directory; its first file may still be read as far as it goes. */
static hgr_result take_first(const uint8_t *bytes, size_t len, const hgr_run *run,
                             hgr_zip_entry *out, hgr_status *status)
{
    hgr_cursor c = cursor_at(bytes, len, 0);
    struct line line = {0};
    uint32_t signature, packed, unpacked;
    uint16_t extra_len;
    const uint8_t *extra;
    if (!hgr_cursor_u32(&c, &signature) || signature != LOCAL_SIGNATURE ||
        !hgr_cursor_skip(&c, 2) || !hgr_cursor_u16(&c, &line.flags) ||
        !hgr_cursor_u16(&c, &line.method) || !hgr_cursor_skip(&c, 4) ||
        !hgr_cursor_u32(&c, &line.crc) || !hgr_cursor_u32(&c, &packed) ||
        !hgr_cursor_u32(&c, &unpacked) || !hgr_cursor_u16(&c, &line.name_len) ||
        !hgr_cursor_u16(&c, &extra_len) || !hgr_cursor_take(&c, line.name_len, &line.name) ||
        !hgr_cursor_take(&c, extra_len, &extra))
        return hgr_fail(status, HGR_TRUNCATED, "zip archive cut off within its first header");
    hgr_result result = check_method(&line, status);
    if (result != HGR_OK)
        return result;
    line.packed = packed;
    line.unpacked = unpacked;
    bool known = !(line.flags & FLAG_SIZES_BEHIND) &&
                 read_zip64_extra(hgr_cursor_make(extra, extra_len, 0, HGR_AT_FILE), &line);
    uint64_t left = hgr_cursor_left(&c);
    const hgr_zip_entry entry = {.name = line.name,
                                 .name_len = line.name_len,
                                 .method = line.method,
                                 .data_off = c.base + c.pos,
                                 .packed_bytes = known && line.packed < left ? line.packed : left,
                                 .unpacked_bytes = known ? line.unpacked : UINT64_MAX,
                                 .is_cut = true};
    bool is_dump = false;
    result = begins_like_dump(bytes, &entry, run, &is_dump, status);
    if (result != HGR_OK)
        return result;
    if (!is_dump)
        return hgr_fail(status, HGR_BAD_DATA,
                        "zip archive without a directory: cut off; its first file is no dump");
    *out = entry;
    return HGR_OK;
}

hgr_result hgr_zip_find_dump(const uint8_t *bytes, size_t len, const char *member,
                             const hgr_run *run, hgr_zip_entry *out, hgr_status *status)
{
    size_t end_at;
    if (!find_end(bytes, len, &end_at))
        return take_first(bytes, len, run, out, status);
    struct directory directory;
    hgr_result result = read_end(bytes, len, end_at, &directory, status);
    if (result != HGR_OK)
        return result;
    if (directory.count > HGR_MAX_ZIP_ENTRIES)
        return hgr_fail_file(status, HGR_TOO_LARGE, end_at, "zip archive of %llu files, limit %u",
                             (unsigned long long)directory.count, HGR_MAX_ZIP_ENTRIES);
    struct search search = {.run = run, .bytes = bytes, .len = len, .member = member};
    hgr_cursor lines = hgr_cursor_make(bytes + directory.off, (size_t)directory.bytes,
                                       directory.off, HGR_AT_FILE);
    for (uint64_t i = 0; i < directory.count; i++) {
        struct line line;
        if (!read_line(&lines, &line))
            return hgr_cursor_fail(&lines, status, HGR_BAD_DATA,
                                   "zip directory: line %llu of %llu is damaged",
                                   (unsigned long long)i, (unsigned long long)directory.count);
        result = consider(&search, &line, status);
        if (result != HGR_OK)
            return result;
    }
    return conclude(&search, out, status);
}

/* ---- what came out ---- */

uint64_t hgr_zip_room(const hgr_zip_entry *entry)
{
    return entry->unpacked_bytes < HGR_MAX_UNPACKED_BYTES ? entry->unpacked_bytes + 1
                                                          : HGR_MAX_UNPACKED_BYTES;
}

uint64_t hgr_zip_expected(const hgr_zip_entry *entry)
{
    bool possible = entry->unpacked_bytes < HGR_MAX_UNPACKED_BYTES &&
                    entry->unpacked_bytes / HGR_DEFLATE_MOST <= entry->packed_bytes;
    return possible ? entry->unpacked_bytes : 0;
}

bool hgr_zip_flaw(const hgr_zip_entry *entry, const uint8_t *unpacked, size_t len, char *text,
                  size_t size)
{
    if (entry->is_cut)
        return false;
    if (len != entry->unpacked_bytes) {
        snprintf(text, size, "zip archive: unpacked %zu bytes, its directory says %llu", len,
                 (unsigned long long)entry->unpacked_bytes);
        return true;
    }
    uint32_t crc = (uint32_t)crc32_z(crc32_z(0, NULL, 0), unpacked, len); /* always 32 bits */
    if (crc == entry->crc)
        return false;
    snprintf(
        text, size,
        "zip archive: the %zu bytes unpacked have checksum %08x, its directory says %08x: some "
        "are damaged",
        len, crc, entry->crc);
    return true;
}
