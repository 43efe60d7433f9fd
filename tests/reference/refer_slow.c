/* reference: references by definition: each slot of each object, one binary search for each value.
 */
#include "walk_slow.h"

#include <stdlib.h>

static void refer(slow_heap *h, uint64_t value, bool implied)
{
    size_t lo = 0, hi = h->n;
    while (lo < hi)
        if (h->objects[(lo + hi) / 2].addr < value)
            lo = (lo + hi) / 2 + 1;
        else
            hi = (lo + hi) / 2;
    bool good = lo < h->n && h->objects[lo].addr == value;
    h->nbad += !good && value != 0;
    h->nimplied += good && implied;
    if (!good)
        return;
    if ((h->m & (h->m - 1)) == 0)
        h->col = realloc(h->col, (h->m ? 2 * h->m : 1) * sizeof *h->col);
    h->col[h->m++] = (uint32_t)lo;
}

static void slot(const hgr_source *s, slow_heap *h, uint64_t addr)
{
    uint64_t value;
    if (hgr_space_ptr(s->space, addr, &value))
        refer(h, value, false);
}

static void refer_all(const hgr_source *s, slow_heap *h, const slow_object *o)
{
    uint32_t p = s->space->pointer_size;
    uint64_t end = o->bytes > o->shape.tail_bytes ? o->bytes - o->shape.tail_bytes : 0,
             at = o->shape.start;
    bool bad = o->shape.flags & HGR_SHAPE_BAD_GCDESC; /* its map is not to be trusted */
    for (uint32_t i = 0; !bad && o->shape.slots == HGR_SLOTS_FIXED && i < o->shape.nruns; i++)
        for (uint32_t k = 0; k < o->shape.runs[i].count; k++)
            slot(s, h, o->addr + o->shape.runs[i].offset + (uint64_t)k * p);
    for (; !bad && o->shape.slots == HGR_SLOTS_ARRAY && at + p <= end; at += p)
        slot(s, h, o->addr + at);
    while (!bad && o->shape.slots == HGR_SLOTS_STRUCTS && at < end)
        for (uint32_t i = 0; i < o->shape.nruns; at += o->shape.runs[i++].offset)
            for (uint32_t k = 0; k < o->shape.runs[i].count; k++, at += p)
                if (at + p <= end)
                    slot(s, h, o->addr + at);
    refer(h, o->shape.implied_addr, true);
    for (size_t i = 0; i < s->nimplied; i++)
        if (s->implied[i].from_addr == o->addr)
            refer(h, s->implied[i].to_addr, true);
}

void slow_refer(const hgr_source *source, slow_heap *heap)
{
    heap->row = calloc(heap->n + 1, sizeof *heap->row);
    for (size_t u = 0; u < heap->n; u++) {
        refer_all(source, heap, &heap->objects[u]);
        heap->row[u + 1] = (uint32_t)heap->m;
    }
}
