/* reference: the heap by definition. Only reads of single words, no caches, no limits but those
 * that define resuming. */
#include "walk_slow.h"

#include <stdlib.h>

bool slow_measure(const hgr_source *s, const hgr_segment *g, uint64_t a, slow_object *o,
                  uint64_t *step, bool *absent)
{
    uint64_t align = g->generation == HGR_LOH ? s->large_align : s->space->pointer_size, word;
    uint32_t length = 0;
    if ((*absent = !hgr_space_ptr(s->space, a, &word)) ||
        s->describe(s->self, word & ~s->mark_mask, &o->shape, NULL) != HGR_OK ||
        (*absent = o->shape.component_size &&
                   !hgr_space_u32(s->space, a + s->space->pointer_size, &length)))
        return false;
    o->addr = a;
    o->bytes = o->shape.base_size + (uint64_t)o->shape.component_size * length;
    if (o->bytes < s->min_bytes)
        o->bytes = s->min_bytes;
    *step = (o->bytes + align - 1) / align * align;
    if (*step > g->end_addr - a)
        *step = g->end_addr - a;
    return o->bytes <= g->end_addr - a;
}

uint64_t slow_behind_gap(const hgr_source *s, uint64_t a, uint64_t *next)
{
    *next = UINT64_MAX;
    for (size_t i = s->ngaps; i-- > 0 && s->gaps[i].start_addr >= a;)
        *next = s->gaps[i].start_addr;
    for (size_t i = 0; i < s->ngaps; i++)
        if (s->gaps[i].start_addr == a)
            return s->gaps[i].end_addr;
    return a;
}

static void walk_segment(const hgr_source *s, const hgr_segment *g, slow_heap *h)
{
    slow_object o;
    uint64_t step, gap;
    bool absent;
    for (uint64_t a = g->start_addr, next; a < g->end_addr; a = next) {
        if ((next = slow_behind_gap(s, a, &gap)) != a) {
            next = next < g->end_addr ? next : g->end_addr;
            h->walked_bytes += next - a;
        } else if (slow_measure(s, g, a, &o, &step, &absent)) {
            next = a + step;
            h->walked_bytes += step;
            for (uint64_t b = 0; b < o.bytes && !hgr_space_view(s->space, a, o.bytes); b++)
                h->walked_bytes -= hgr_space_find(s->space, a + b) == NULL;
            h->free_count += (o.shape.flags & HGR_SHAPE_FREE) != 0;
            h->free_bytes += o.shape.flags & HGR_SHAPE_FREE ? o.bytes : 0;
            if (o.shape.flags & HGR_SHAPE_FREE)
                continue;
            if ((h->n & (h->n - 1)) == 0) /* full at each power of two */
                h->objects = realloc(h->objects, (h->n ? 2 * h->n : 1) * sizeof o);
            h->objects[h->n++] = o;
        } else if (absent) {
            const hgr_range *r = hgr_space_next(s->space, a + 1);
            uint64_t to = !r ? g->end_addr : r->start_addr > a ? r->start_addr : r->end_addr;
            slow_behind_gap(s, a + 1, &gap);
            to = to < g->end_addr ? to : g->end_addr;
            next = gap <= to ? gap : to == g->end_addr ? to : slow_resume(s, g, to);
        } else {
            next = slow_resume(s, g, a + s->space->pointer_size);
        }
    }
}

void slow_walk(const hgr_source *source, slow_heap *out)
{
    *out = (slow_heap){0};
    for (size_t s = 0; s < source->nsegments; s++)
        walk_segment(source, &source->segments[s], out);
    slow_refer(source, out);
}

void slow_heap_free(slow_heap *heap)
{
    free(heap->objects);
    free(heap->row);
    free(heap->col);
}
