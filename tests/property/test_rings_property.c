/* Rings of waiting threads on random graphs: against following every thread as many steps as there
 * are threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "state/state.h"

#define MAX_THREADS 40
#define ROUNDS      20000

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % n);
}

/* Does a walk from t come back to t? The smallest thread met on the way is the ring's. */
static uint32_t ring_slow(const uint32_t *next, uint32_t n, uint32_t t)
{
    uint32_t smallest = t, at = next[t];
    for (uint32_t steps = 0; steps < n && at < n; steps++, at = next[at]) {
        if (at == t)
            return smallest;
        smallest = at < smallest ? at : smallest;
    }
    return HGR_NO_THREAD;
}

static void same_as_following(void **unused)
{
    (void)unused;
    size_t on_ring = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        uint32_t next[MAX_THREADS], walk[MAX_THREADS], ring[MAX_THREADS];
        random_state = seed;
        uint32_t n = random_below(MAX_THREADS + 1), waiting = 1 + random_below(8);
        for (uint32_t t = 0; t < n; t++)
            next[t] = random_below(8) < waiting ? random_below(n) : HGR_NO_THREAD;
        hgr_wait_rings(next, n, walk, ring);
        for (uint32_t t = 0; t < n; t++) {
            if (ring[t] != ring_slow(next, n, t))
                fail_msg("seed %llu: thread %u of %u", (unsigned long long)seed, t, n);
            on_ring += ring[t] != HGR_NO_THREAD;
        }
    }
    assert_true(on_ring > ROUNDS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_following)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
