/* clr: heap_segment records by their shape.
 *
 * Input: memory. Output: the segments, ascending. Method: a segment reserves its own stretch of
 * addresses and keeps its record at the start of it, on a page of its own; the first object follows
 * a page later. So at the start of a page stand {allocated, committed, reserved, used, mem, flags,
 * next} with mem = page + one page, and the bounds in between. */
#include "clr_shape.h"

#include "../base/status.h"
#include "clr_limits.h"

#define PAGE_BYTES  UINT64_C(0x1000)
#define FLAGS_END   0x400u /* every flag known is below */
#define FLAG_LARGE  0x8u
#define FLAG_PINNED 0x200u
enum { ALLOCATED, COMMITTED, RESERVED, USED, MEM, FLAGS, NEXT, WORDS };

static void read_words(const uint8_t *bytes, uint32_t pointer_size, uint64_t words[WORDS])
{
    for (uint32_t i = 0; i < WORDS; i++) {
        words[i] = 0;
        memcpy(&words[i], bytes + i * pointer_size, pointer_size); /* little endian, as the host */
    }
}

static bool is_segment(const uint64_t words[WORDS], uint64_t page, uint32_t pointer_size)
{
    return words[MEM] == page + PAGE_BYTES && words[ALLOCATED] >= words[MEM] &&
           words[ALLOCATED] <= words[RESERVED] && words[COMMITTED] > page &&
           words[COMMITTED] <= words[RESERVED] && words[USED] > page &&
           words[USED] <= words[RESERVED] && words[ALLOCATED] % pointer_size == 0 &&
           words[COMMITTED] % PAGE_BYTES == 0 && words[RESERVED] % PAGE_BYTES == 0 &&
           words[FLAGS] < FLAGS_END && words[NEXT] % pointer_size == 0;
}

struct context {
    uint32_t pointer_size;
    uint64_t granule;
};

static size_t search_pages(const void *user, const hgr_shape_piece *piece, uint64_t *out,
                           size_t capacity)
{
    const struct context *context = user;
    uint32_t p = context->pointer_size;
    uint64_t granule = context->granule;
    size_t count = 0;
    for (uint64_t off = (granule - piece->addr % granule) % granule; off + WORDS * p <= piece->len;
         off += granule) {
        uint64_t words[WORDS], page = piece->addr + off, mem = 0;
        memcpy(&mem, piece->bytes + off + MEM * p, p);
        if (mem != page + PAGE_BYTES)
            continue;
        read_words(piece->bytes + off, p, words);
        if (!is_segment(words, page, p))
            continue;
        if (count < capacity)
            out[count] = page;
        count++;
    }
    return count;
}

static void keep(const hgr_space *space, uint64_t page, hgr_shape_segments *out)
{
    uint64_t words[WORDS];
    uint8_t bytes[WORDS * 8];
    if (!hgr_space_read(space, page, bytes, WORDS * space->pointer_size))
        return;
    read_words(bytes, space->pointer_size, words);
    /* Inside another one: a page of objects that looks like a record. */
    if (out->count > 0 && page < out->items[out->count - 1].reserved)
        return;
    out->items[out->count++] =
        (hgr_shape_segment){page,        words[ALLOCATED], words[COMMITTED], words[RESERVED],
                            words[USED], words[MEM],       words[FLAGS],     words[NEXT]};
}

hgr_result hgr_shape_segments_find(const hgr_space *space, const hgr_run *run, uint64_t granule,
                                   hgr_shape_segments *out, hgr_status *status)
{
    const struct context context = {space->pointer_size, granule};
    uint64_t *pages = NULL;
    size_t npages = 0;
    hgr_shape_segments found = {0};
    hgr_result result = hgr_shape_search(space, run, HGR_SHAPE_EVERYWHERE, search_pages, &context,
                                         HGR_CLR_MAX_SEGMENTS, &pages, &npages, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, npages, sizeof *found.items, "GC segments", &found.items, status);
    for (size_t i = 0; result == HGR_OK && i < npages; i++)
        keep(space, pages[i], &found);
    hgr_free(pages);
    if (result == HGR_OK)
        *out = found;
    return result;
}

void hgr_shape_segments_fini(hgr_shape_segments *segments)
{
    hgr_free(segments->items);
    *segments = (hgr_shape_segments){0};
}

const hgr_shape_segment *hgr_shape_segment_at(const hgr_shape_segments *segments, uint64_t addr)
{
    size_t low = 0, high = segments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].addr < addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < segments->count && segments->items[low].addr == addr ? &segments->items[low]
                                                                      : NULL;
}

bool hgr_shape_segment_is_small(const hgr_shape_segment *segment)
{
    return (segment->flags & (FLAG_LARGE | FLAG_PINNED)) == 0;
}
