/* clr: handle segments by their shape.
 *
 * Input: memory, the layout's offsets inside a handle segment. Output: their addresses. Method: a
 * segment is 64 KiB, aligned to it; its header names the type of each of its blocks, its successor
 * and its table, and the table names a segment. What is not named by its own table is none. */
#include "clr_shape.h"

#include "../base/status.h"
#include "clr_limits.h"

#define SEGMENT_BYTES UINT64_C(0x10000)
#define HEADER_BYTES  0x1000u
#define BLOCK_HANDLES 64u
#define NO_BLOCK      0xffu
#define TABLE_BYTES   0x200u /* of a HandleTable, within which it names its segments */

struct context {
    const hgr_space *space;
    const hgr_clr_layout *layout;
    uint32_t nblocks;
};

static uint64_t word_at(const uint8_t *bytes, uint32_t pointer_size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, pointer_size);
    return word;
}

/* Block types and user data blocks are small numbers; the first block is in use. */
static bool blocks_possible(const struct context *context, const uint8_t *header)
{
    uint32_t n = context->nblocks;
    const uint8_t *types = header + 13 * n, *user = header + 14 * n;
    for (uint32_t i = 0; i < n; i++)
        if ((types[i] >= context->layout->handle_types && types[i] != NO_BLOCK) ||
            (user[i] >= n && user[i] != NO_BLOCK))
            return false;
    return types[0] != NO_BLOCK;
}

static bool table_names(const struct context *context, uint64_t table, uint64_t segment)
{
    uint32_t p = context->space->pointer_size;
    uint64_t word, next;
    for (uint32_t off = 0; off < TABLE_BYTES; off += p) {
        if (!hgr_space_ptr(context->space, table + off, &word))
            return false;
        if (word == segment)
            return true;
        /* or an earlier segment of its list, which names the same table */
        if (word != 0 && word % SEGMENT_BYTES == 0 &&
            hgr_space_ptr(context->space, word + context->layout->handle_segment_table, &next) &&
            next == table)
            return true;
    }
    return false;
}

static size_t search_segments(const void *user, const hgr_shape_piece *piece, uint64_t *out,
                              size_t capacity)
{
    const struct context *context = user;
    uint32_t p = context->space->pointer_size;
    size_t count = 0;
    uint64_t skip = (SEGMENT_BYTES - piece->addr % SEGMENT_BYTES) % SEGMENT_BYTES;
    for (uint64_t off = skip; off + HEADER_BYTES <= piece->len; off += SEGMENT_BYTES) {
        const uint8_t *header = piece->bytes + off;
        uint64_t table = word_at(header + context->layout->handle_segment_table, p);
        uint64_t next = word_at(header + context->layout->handle_segment_next, p);
        if (table == 0 || table % p != 0 || next % SEGMENT_BYTES != 0 ||
            !blocks_possible(context, header) || !table_names(context, table, piece->addr + off))
            continue;
        if (count < capacity)
            out[count] = piece->addr + off;
        count++;
    }
    return count;
}

hgr_result hgr_shape_handles_find(const hgr_runtime *runtime, uint64_t **out, size_t *out_count,
                                  hgr_status *status)
{
    const hgr_space *space = runtime->space;
    struct context context = {.space = space, .layout = &runtime->layout};
    context.nblocks =
        (uint32_t)(SEGMENT_BYTES - HEADER_BYTES) / (BLOCK_HANDLES * space->pointer_size);
    if (runtime->layout.handle_segment_table > HEADER_BYTES - 8 ||
        runtime->layout.handle_segment_next > HEADER_BYTES - 8) {
        *out = NULL;
        *out_count = 0;
        return HGR_OK; /* the layout does not know them */
    }
    return hgr_shape_search(space, runtime->run, HGR_SHAPE_EVERYWHERE, search_segments, &context,
                            HGR_CLR_MAX_HANDLE_SEGMENTS, out, out_count, status);
}
