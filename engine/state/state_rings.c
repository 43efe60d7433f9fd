/* state: threads that wait for each other in a ring.
 *
 * Each thread waits for at most one other, so from any thread there is one way to walk; a ring is
 * entered when a walk meets itself. Every thread is walked over once: O(n). */
#include "state.h"

#include <string.h>

/* All of the ring that holds `first` get its smallest member. */
static void name_ring(const uint32_t *next, uint32_t first, uint32_t *ring)
{
    uint32_t smallest = first;
    for (uint32_t t = next[first]; t != first; t = next[t])
        smallest = t < smallest ? t : smallest;
    uint32_t t = first;
    do {
        ring[t] = smallest;
        t = next[t];
    } while (t != first);
}

void hgr_wait_rings(const uint32_t *next, size_t n, uint32_t *walk, uint32_t *ring)
{
    memset(walk, 0, n * sizeof *walk); /* 0 = new, else 1 + the thread where the walk began */
    for (size_t i = 0; i < n; i++)
        ring[i] = HGR_NO_THREAD;
    for (uint32_t start = 0; start < n; start++) {
        uint32_t t = start;
        while (t < n && walk[t] == 0) {
            walk[t] = start + 1;
            t = next[t];
        }
        if (t < n && walk[t] == start + 1) /* met itself, not an earlier walk */
            name_ring(next, t, ring);
    }
}
