/* reference: where a walk goes on after damage, by definition: the first word that is a method
 * table outside the heap and heads a chain of eight objects, or of fewer that end at a gap, at the
 * end of the segment, or (from the fifth on) in absent memory. */
#include "walk_slow.h"

static bool plausible(const hgr_source *s, const hgr_segment *g, uint64_t a)
{
    slow_object o;
    uint64_t step, word, gap;
    bool absent;
    if (!hgr_space_ptr(s->space, a, &word) ||
        hgr_space_find(s->space, word &= ~s->mark_mask) == NULL)
        return false;
    for (size_t i = 0; i < s->nsegments; i++)
        if (word >= s->segments[i].start_addr && word < s->segments[i].end_addr)
            return false; /* method tables do not live in the heap */
    for (int i = 0; i < 8; i++, a += step) {
        if (i && (slow_behind_gap(s, a, &gap) != a || a == g->end_addr))
            return true;
        if (!slow_measure(s, g, a, &o, &step, &absent))
            return i >= 4 && absent;
    }
    return true;
}

uint64_t slow_resume(const hgr_source *s, const hgr_segment *g, uint64_t a)
{
    uint64_t word, gap;
    slow_behind_gap(s, a, &gap);
    while (a < g->end_addr && a < gap && hgr_space_ptr(s->space, a, &word) && !plausible(s, g, a))
        a += s->space->pointer_size;
    return a < g->end_addr ? a : g->end_addr;
}
