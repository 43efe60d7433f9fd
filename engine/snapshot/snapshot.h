/* snapshot: what a scanned heap holds: runtime, heap, names, roots. Joins the stages to its left. */
#ifndef HGR_SNAPSHOT_SNAPSHOT_H
#define HGR_SNAPSHOT_SNAPSHOT_H

#include <stdatomic.h>
#include <heapgraph/snapshot.h>
#include "../clr/clr.h"
#include "../heap/heap.h"

struct hgr_snapshot {
    const hgr_run     *run;
    const hgr_runtime *runtime;
    hgr_source         source;  /* what the scan read; its arrays live in runtime and handles */
    hgr_clr_types     *types;   /* source.self */
    hgr_clr_names     *names;   /* one caller at a time: names_lock */
    _Atomic int        names_lock;
    hgr_heap          *heap;
    hgr_type_info     *type_infos; /* heap->ntypes; text in arena */
    hgr_clr_handles    handles;
    hgr_root          *roots; /* sorted by (kind, slot, object); text in arena */
    size_t             nroots, roots_capacity;
    uint64_t           finding_count[HGR_FINDING_KINDS]; /* heap's and the snapshot's own */
    uint64_t           finding_bytes[HGR_FINDING_KINDS];
    hgr_finding       *findings; /* ascending by address */
    size_t             nfindings, findings_capacity;
    hgr_arena          arena;
};

/** Count one finding of the snapshot's own (roots, names); keeps the first HGR_FINDINGS_KEPT of a kind. */
HGR_MUST_CHECK hgr_result hgr_snapshot_find(hgr_snapshot *snapshot, const hgr_finding *finding,
                                            hgr_status *status);

/** Fill snapshot->roots from statics, handles, finalizer queue, stacks and frozen segments. */
HGR_MUST_CHECK hgr_result hgr_snapshot_read_roots(hgr_snapshot *snapshot, const hgr_run *run,
                                                  hgr_status *status);

/** Add one root to a node. */
HGR_MUST_CHECK hgr_result hgr_snapshot_add_root(hgr_snapshot *snapshot, const hgr_root *root,
                                                hgr_status *status);
/** A copy of text that lives as long as the snapshot; NULL when out of memory. */
const char *hgr_snapshot_keep_text(hgr_snapshot *snapshot, const hgr_text *text,
                                   hgr_status *status);
/** Add the references of all stacks; in snapshot_stacks.c. */
HGR_MUST_CHECK hgr_result hgr_snapshot_add_stacks(hgr_snapshot *snapshot, const hgr_run *run,
                                                  hgr_status *status);

/** Append the text of the string object at addr, as UTF-8, at most max characters; false when it cannot be read. */
bool hgr_snapshot_string(const hgr_snapshot *snapshot, uint64_t addr, uint32_t max, hgr_text *out);

#endif
