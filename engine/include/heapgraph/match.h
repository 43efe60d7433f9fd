/* heapgraph: which object of one dump is which object of a later dump of the same process. */
#ifndef HEAPGRAPH_MATCH_H
#define HEAPGRAPH_MATCH_H

#include <heapgraph/diff.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A collector moves objects, so addresses alone prove nothing. It does keep their order inside what
 * it moves, and a survivor mostly keeps its content, what it refers to and who refers to it.
 * Objects are paired by what they are, and a pair stands only where its neighbours in the heap
 * agree. */

/* ---- are the two dumps of one process? ---- */

/** What says so. */
typedef struct hgr_process_evidence {
    bool same_process;
    bool process_id_known, process_id_equal;
    bool runtime_equal;            /* the runtime's module: same path, same address */
    uint32_t modules_shared;       /* paths that both dumps have */
    uint32_t modules_at_same_addr; /* of these */
    uint32_t types_shared;         /* full name and module, alone of that name in both dumps */
    uint32_t types_at_same_addr;   /* of these: same method table */
} hgr_process_evidence;

/**
 * Compare process ids, module bases and method tables. One process: no process id contradicts, the
 * runtime lies where it lay, and of the types that both dumps have 98 % lie where they lay.
 *
 * Errors   HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_process_compare(const hgr_snapshot *before,
                                                      const hgr_snapshot *after, const hgr_run *run,
                                                      hgr_process_evidence *out,
                                                      hgr_status *status);

/* ---- a dump as the matcher reads it ---- */

/**
 * hgr_match_view_create makes it of a snapshot; a test or another heap fills it itself. Functions
 * must be safe to call from several threads. Nodes ascend with their addresses.
 */
typedef struct hgr_match_view {
    const void *user;
    const hgr_graph *graph;
    uint32_t (*type_of)(const void *user, hgr_node node);
    /** Equal for one type in both dumps, different for different types. */
    uint64_t (*type_identity)(const void *user, uint32_t type);
    hgr_node_bytes_fn *bytes;
    /** Addresses of nodes first .. end - 1. */
    void (*addresses)(const void *user, hgr_node first, hgr_node end, uint64_t *out);
    hgr_node (*node_at)(const void *user, uint64_t addr);
    /** Hash of each one's own bytes, without references, header and method table. */
    void (*contents)(const void *user, hgr_node first, hgr_node end, uint64_t *out);
    /** Own words of one object for comparison: at most max hashes, in order, 0 where a reference
     * is. */
    uint32_t (*words)(const void *user, hgr_node node, uint32_t *out, uint32_t max);
    /** The slot of each reference e of u, in row order, as a number: same field or index, same
     * number. */
    void (*slots)(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user);
    /** Text never changes: other content is another object. */
    bool (*is_text)(const void *user, uint32_t type);
    /** Elements of an array, 0 for everything else and for text. */
    uint64_t (*length)(const void *user, hgr_node node);
} hgr_match_view;

/**
 * The view of a snapshot, which it borrows.
 *
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_match_view_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_match_view_create(const hgr_snapshot *snapshot,
                                                        const hgr_run *run, hgr_match_view **out,
                                                        hgr_status *status);
HGR_API void hgr_match_view_free(hgr_match_view *view);

/* ---- the match ---- */

/** Immutable once created; share it between threads freely. */
typedef struct hgr_match hgr_match;

/** What became of an object of the older dump, or where one of the newer dump came from. */
typedef enum hgr_fate {
    HGR_FATE_GONE,     /* older dump: no object of the newer one can be it; newer dump: it is new */
    HGR_FATE_UNKNOWN,  /* there are objects that could be it, and nothing tells which */
    HGR_FATE_PROBABLE, /* survived: the best candidate, not the only thinkable one */
    HGR_FATE_SURE,     /* survived */
    HGR_FATES
} hgr_fate;

/** Why two objects are held to be one. */
typedef enum hgr_match_reason {
    HGR_MATCH_NONE,
    HGR_MATCH_STRUCTURE, /* its content and that of what it refers to is unique in both dumps */
    HGR_MATCH_ADDRESS,   /* where nothing was moved: same place, same content */
    HGR_MATCH_ORDER,     /* the only object of its kind between the same two neighbours */
    HGR_MATCH_REFERENCE, /* in the same field of an object that survived */
    HGR_MATCH_REFERRER,  /* the only holder of an object that survived */
    HGR_MATCH_REASONS
} hgr_match_reason;

/** "gone" (of the newer dump: say "new"), "unknown", "probable", "sure". */
HGR_API const char *hgr_fate_name(hgr_fate fate);
/** "structure", "address", ... as in tools/JSON.md. */
HGR_API const char *hgr_match_reason_name(hgr_match_reason reason);

/**
 * Pair the objects of two dumps of one process.
 *
 * Values   a pair has the same type and the same size. Pairs are one to one. The same two dumps the
 *          other way round need not give the same pairs where several are possible.
 * Cost     about 4 passes over the graphs and one over the heap's bytes; see BENCHMARKS.md, row
 *          "match". Up to 24 bytes an object of both dumps while it works, 5 kept.
 * Threads  hashing, the join and the alignment between neighbours are parallel, following
 *          references is not. Same result for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED. *out untouched then.
 * Owner    caller frees with hgr_match_free; the match borrows nothing.
 * Source   hashes over two levels of references: Weisfeiler & Leman's refinement (1968). That a
 *          sliding compaction keeps the order of objects is how .NET's collector works; that order
 *          plus references identify objects was measured on recorded pairs.
 * Checked  tests/property/test_match_property.c (a model collector),
 * tests/truth/test_truth_match.c.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_match_create(const hgr_match_view *before,
                                                   const hgr_match_view *after, const hgr_run *run,
                                                   hgr_match **out, hgr_status *status);
HGR_API void hgr_match_free(hgr_match *match);

/** The older dump is side 0, the newer one side 1. */
#define HGR_BEFORE 0
#define HGR_AFTER  1

HGR_API uint32_t hgr_match_nodes(const hgr_match *match, int side);
/** Its counterpart in the other dump, or HGR_NO_NODE. */
HGR_API hgr_node hgr_match_mate(const hgr_match *match, int side, hgr_node node);
HGR_API hgr_fate hgr_match_fate(const hgr_match *match, int side, hgr_node node);
HGR_API hgr_match_reason hgr_match_why(const hgr_match *match, int side, hgr_node node);

/** Counts and bytes of one side by fate. */
typedef struct hgr_match_totals {
    uint64_t count[HGR_FATES], bytes[HGR_FATES];
    uint64_t reasons[HGR_MATCH_REASONS]; /* survivors by reason */
} hgr_match_totals;
HGR_API const hgr_match_totals *hgr_match_get_totals(const hgr_match *match, int side);

/* ---- what follows from it ---- */

/** A survivor that holds more than it did. */
typedef struct hgr_grown {
    hgr_node before, after;
    uint64_t length_before, length_after; /* elements of its array, or filled slots of an array */
} hgr_grown;

/**
 * Collections and arrays that got longer: survivors that hold, in the field where they held an
 * array, a longer one of the same type; and arrays of references in which more slots are filled.
 *
 * Values   by descending difference, then by node.
 * Cost     O(n + m) over the newer dump's survivors; reads slots only of those that hold another
 * array. Errors   HGR_NO_MEMORY, HGR_CANCELLED. Owner    caller frees with hgr_grown_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_match_grown(const hgr_match *match,
                                                  const hgr_match_view *before,
                                                  const hgr_match_view *after, const hgr_run *run,
                                                  hgr_grown **out, size_t *out_count,
                                                  hgr_status *status);
HGR_API void hgr_grown_free(hgr_grown *grown);

/** Who owns new objects: the nearest dominator that survived, or a root. */
typedef struct hgr_new_owner {
    hgr_node owner;        /* newer dump's node; HGR_NO_NODE: held by roots alone */
    hgr_node example;      /* the largest new object (by what it holds) right below the owner */
    uint64_t count, bytes; /* of new objects it owns */
} hgr_new_owner;

/**
 * Give each new, reachable object of the newer dump to its nearest surviving dominator. New objects
 * below no survivor are given to the topmost new object above them, under owner HGR_NO_NODE:
 * example says which. Unknown objects count as survivors for whom nothing is claimed: they own,
 * too.
 *
 * Values   by descending bytes, then by node. Their bytes add up to all new reachable bytes.
 * Cost     O(n).
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_new_owners_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_match_new_owners(const hgr_match *match,
                                                       const hgr_match_view *after,
                                                       const hgr_domtree *tree, const hgr_run *run,
                                                       hgr_new_owner **out, size_t *out_count,
                                                       hgr_status *status);
HGR_API void hgr_new_owners_free(hgr_new_owner *owners);

#ifdef __cplusplus
}
#endif
#endif
