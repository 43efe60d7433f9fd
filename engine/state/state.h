/* state: what is read of the runtime's own tables, once each. Internal to this stage. */
#ifndef HGR_STATE_STATE_H
#define HGR_STATE_STATE_H

#include <heapgraph/state.h>
#include "../clr/clr.h"

struct hgr_state {
    const hgr_run *run;
    const hgr_runtime *runtime;
    const hgr_space *space;
    hgr_inspector *inspector;
    hgr_arena arena; /* texts; rows that do not grow */
    bool no_memory;  /* a field could not be looked up: see hgr_state_settle */
    hgr_clr_handles handles;
    bool handles_read;
    hgr_handle_row *handle_rows; /* NULL until asked for */
    hgr_finalizable *finalizable;
    hgr_thread_row *threads; /* runtime->nthreads */
    struct hgr_state_locks *locks;
    struct hgr_state_domain *domain;
    struct hgr_state_pool *pool;
    hgr_exception *exceptions;
    size_t nexceptions, exceptions_capacity;
    hgr_thrown *thrown;
    size_t nthrown, thrown_capacity;
    bool thrown_read;
    hgr_memory_region *memory;
    size_t nmemory, memory_capacity;
};

/** What lies at addr: out->type is NULL when no object starts there (as far as its first word and
 * the segments tell). Fails with HGR_NO_MEMORY only. */
HGR_MUST_CHECK hgr_result hgr_state_object(hgr_state *state, uint64_t addr, hgr_object *out,
                                           hgr_status *status);
/** The same as a question: is there an object? Out of memory is noted for hgr_state_settle. */
bool hgr_state_has_object(hgr_state *state, uint64_t addr, hgr_object *out);
/** The base class of a type, NULL = none, or not readable. Out of memory is noted likewise. */
const hgr_type *hgr_state_parent(hgr_state *state, const hgr_type *type);
/** The word in front of an object: lock, hash, marks. false when absent. */
bool hgr_state_header(const hgr_state *state, uint64_t object_addr, uint32_t *out);
/** A number or reference in an object by its field's name; false when the field or its bytes are
 * not there. */
bool hgr_state_value(hgr_state *state, const hgr_object *object, const char *field, uint64_t *out);
/** The result of an answer that asked for values: HGR_NO_MEMORY when one of them failed for it. */
HGR_MUST_CHECK hgr_result hgr_state_settle(hgr_state *state, hgr_result result, hgr_status *status);
/** The text of a string object, at most max characters, kept; NULL: no string is there. */
HGR_MUST_CHECK hgr_result hgr_state_text(hgr_state *state, uint64_t string_addr, uint32_t max,
                                         const char **out, hgr_status *status);

/** Does a type derive from System.Exception? */
bool hgr_state_is_exception(hgr_state *state, const hgr_type *type);

/** Whether an object starts at an address. */
enum { HGR_START_UNKNOWN, HGR_OBJECT_STARTS, HGR_NO_OBJECT };
/** A verdict for each of count ascending addresses; unknown behind damage, and beyond a budget. */
HGR_MUST_CHECK hgr_result hgr_state_starts(const hgr_state *state, const uint64_t *addrs,
                                           size_t count, uint8_t *out_verdicts, hgr_status *status);

/** Of threads each of which waits for at most one other: which are on a ring.
 *
 * Shapes   next, walk, ring: n (< UINT32_MAX) each; next[t] is the thread that t waits for, n or
 * more = none; walk is working memory. Values   ring[t] becomes the smallest thread of t's ring,
 * HGR_NO_THREAD = on none. Cost     O(n). Checked  tests/property/test_rings_property.c: against
 * following each thread n steps. */
void hgr_wait_rings(const uint32_t *next, size_t n, uint32_t *walk, uint32_t *ring);

void hgr_state_locks_free(struct hgr_state_locks *locks);
void hgr_state_domain_free(struct hgr_state_domain *domain);
void hgr_state_pool_free(struct hgr_state_pool *pool);

#endif
