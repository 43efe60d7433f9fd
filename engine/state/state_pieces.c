/* state: address ranges painted one over the other.
 *
 * Every set is ascending and disjoint, so "what of a lies outside of b" is one pass over both. */
#include "state_pieces.h"

#include <stdlib.h>

#define MAX_PIECES (1u << 24) /* a process has at most some hundred thousand mappings */

void hgr_pieces_fini(hgr_pieces *pieces)
{
    hgr_free(pieces->list);
    *pieces = (hgr_pieces){.run = pieces->run};
}

hgr_result hgr_pieces_add(hgr_pieces *pieces, uint64_t start, uint64_t end, hgr_memory_kind kind,
                          const char *label, hgr_status *status)
{
    if (start >= end)
        return HGR_OK;
    hgr_result result = hgr_grow(pieces->run, &pieces->list, &pieces->capacity, pieces->count + 1,
                                 MAX_PIECES, sizeof *pieces->list, "memory regions", status);
    if (result == HGR_OK)
        pieces->list[pieces->count++] =
            (hgr_memory_region){.start_addr = start, .end_addr = end, .kind = kind, .label = label};
    return result;
}

static int by_start(const void *left, const void *right)
{
    const hgr_memory_region *a = left, *b = right;
    if (a->start_addr != b->start_addr)
        return a->start_addr < b->start_addr ? -1 : 1;
    if (a->end_addr != b->end_addr)
        return a->end_addr > b->end_addr ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

void hgr_pieces_settle(hgr_pieces *pieces)
{
    size_t kept = 0;
    uint64_t end = 0;
    if (pieces->count > 1)
        qsort(pieces->list, pieces->count, sizeof *pieces->list, by_start);
    for (size_t i = 0; i < pieces->count; i++) {
        hgr_memory_region piece = pieces->list[i];
        if (piece.start_addr < end)
            piece.start_addr = end;
        if (piece.start_addr >= piece.end_addr)
            continue;
        end = piece.end_addr;
        pieces->list[kept++] = piece;
    }
    pieces->count = kept;
}

/* The parts of a piece that lie inside of `set` (inside) or outside of it, appended to out. *at:
 * the first of the set that may matter; only moves on. */
static hgr_result cut(const hgr_memory_region *piece, const hgr_pieces *set, size_t *at,
                      bool inside, hgr_pieces *out, hgr_status *status)
{
    uint64_t start = piece->start_addr;
    hgr_result result = HGR_OK;
    while (*at < set->count && set->list[*at].end_addr <= start)
        ++*at;
    for (size_t i = *at;
         i < set->count && set->list[i].start_addr < piece->end_addr && result == HGR_OK; i++) {
        const hgr_memory_region *other = &set->list[i];
        uint64_t from = other->start_addr > start ? other->start_addr : start;
        uint64_t to = other->end_addr < piece->end_addr ? other->end_addr : piece->end_addr;
        result = inside ? hgr_pieces_add(out, from, to, piece->kind, piece->label, status)
                        : hgr_pieces_add(out, start, from, piece->kind, piece->label, status);
        start = to;
    }
    if (result == HGR_OK && !inside)
        result = hgr_pieces_add(out, start, piece->end_addr, piece->kind, piece->label, status);
    return result;
}

static hgr_result cut_all(const hgr_pieces *pieces, const hgr_pieces *set, bool inside,
                          hgr_pieces *out, hgr_status *status)
{
    size_t at = 0;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < pieces->count && result == HGR_OK; i++)
        result = cut(&pieces->list[i], set, &at, inside, out, status);
    return result;
}

hgr_result hgr_pieces_add_below(hgr_pieces *pieces, const hgr_pieces *more,
                                const hgr_pieces *within, hgr_status *status)
{
    hgr_pieces inside = {.run = pieces->run}, fresh = {.run = pieces->run};
    hgr_result result = HGR_OK;
    if (within)
        result = cut_all(more, within, true, &inside, status);
    if (result == HGR_OK)
        result = cut_all(within ? &inside : more, pieces, false, &fresh, status);
    for (size_t i = 0; i < fresh.count && result == HGR_OK; i++)
        result = hgr_pieces_add(pieces, fresh.list[i].start_addr, fresh.list[i].end_addr,
                                fresh.list[i].kind, fresh.list[i].label, status);
    hgr_pieces_settle(pieces);
    hgr_pieces_fini(&fresh);
    hgr_pieces_fini(&inside);
    return result;
}
