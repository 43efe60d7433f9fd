/* dump: small minidumps: the original's streams byte for byte, with a new Memory64List in place of its own.
 *
 * Streams refer to each other by offsets in the file; everything in front of the memory stays where
 * it is, so all of them hold. Only the directory's line for the list of memory changes. */
#include "slim_minidump.h"

#include <string.h>

#include "../base/cursor.h"
#include "../base/status.h"
#include "limits.h"

enum {
    MEMORY64_LIST = 9,
    DIRECTORY_ENTRY_BYTES = 12,
    LIST_HEADER_BYTES = 16, /* u64 count, u64 where the memory begins */
    PIECE_BYTES = 16,
    LIST_ALIGN = 8
};

/* Where the list of memory stands in the directory, and where its memory begins. */
struct memory_list {
    uint64_t entry_off, data_off;
};

static hgr_result fail_order(hgr_status *status, uint64_t off)
{
    return hgr_fail_file(status, HGR_UNSUPPORTED, off,
                         "slim: the minidump has no Memory64List behind all other streams");
}

static hgr_result find_list(const hgr_dump *dump, struct memory_list *out, hgr_status *status)
{
    hgr_cursor at = hgr_cursor_make(dump->file, dump->file_len, 0, HGR_AT_FILE);
    uint32_t count, directory, last = 0;
    *out = (struct memory_list){0, 0};
    if (!hgr_cursor_skip(&at, 8) || !hgr_cursor_u32(&at, &count) ||
        !hgr_cursor_u32(&at, &directory) || !hgr_cursor_seek(&at, directory))
        return fail_order(status, 0);
    for (uint32_t i = 0; i < count && i < HGR_MAX_MINIDUMP_STREAMS; i++) {
        uint64_t entry_off = at.pos;
        uint32_t type, bytes, off;
        if (!hgr_cursor_u32(&at, &type) || !hgr_cursor_u32(&at, &bytes) ||
            !hgr_cursor_u32(&at, &off))
            return fail_order(status, entry_off);
        if (bytes > UINT32_MAX - off)
            return fail_order(status, entry_off);
        last = off + bytes > last ? off + bytes : last;
        hgr_cursor list = at;
        if (type == MEMORY64_LIST && out->entry_off == 0 && hgr_cursor_seek(&list, off) &&
            hgr_cursor_skip(&list, 8) && hgr_cursor_u64(&list, &out->data_off))
            out->entry_off = entry_off;
    }
    bool behind = out->data_off >= last && out->data_off >= at.pos &&
                  out->data_off <= dump->file_len && out->data_off <= UINT32_MAX - LIST_ALIGN;
    return out->entry_off != 0 && behind ? HGR_OK : fail_order(status, directory);
}

static void poke(uint8_t *bytes, size_t at, uint64_t value, size_t width)
{
    memcpy(bytes + at, &value, width); /* little-endian like everything we read */
}

hgr_result hgr_slim_minidump_head(const hgr_dump *dump, const hgr_slim_piece *pieces, size_t count,
                                  const hgr_run *run, uint8_t **out, size_t *out_len,
                                  hgr_status *status)
{
    struct memory_list list;
    hgr_result result = find_list(dump, &list, status);
    if (result != HGR_OK)
        return result;
    size_t prefix = (size_t)list.data_off; /* <= file_len */
    size_t list_at = (prefix + LIST_ALIGN - 1) & ~(size_t)(LIST_ALIGN - 1);
    if (count > HGR_MAX_MINIDUMP_RANGES)
        return hgr_fail(status, HGR_TOO_LARGE, "slim: %zu pieces of memory, limit %u", count,
                        HGR_MAX_MINIDUMP_RANGES);
    size_t list_bytes = LIST_HEADER_BYTES + PIECE_BYTES * count; /* < 2^29 */
    uint8_t *head = NULL;
    result = hgr_alloc(run, list_at + list_bytes, 1, "head of a slim dump", &head, status);
    if (result != HGR_OK)
        return result;
    memcpy(head, dump->file, prefix);
    poke(head, list.entry_off + 4, list_bytes, 4);
    poke(head, list.entry_off + 8, list_at, 4);
    poke(head, list_at, count, 8);
    poke(head, list_at + 8, list_at + list_bytes, 8);
    for (size_t i = 0; i < count; i++) {
        poke(head, list_at + LIST_HEADER_BYTES + PIECE_BYTES * i, pieces[i].addr, 8);
        poke(head, list_at + LIST_HEADER_BYTES + PIECE_BYTES * i + 8, pieces[i].bytes, 8);
    }
    *out = head;
    *out_len = list_at + list_bytes;
    return HGR_OK;
}
