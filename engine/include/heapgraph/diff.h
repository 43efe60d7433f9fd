/* heapgraph: what changed between dumps: by type, by owner path, in words. */
#ifndef HEAPGRAPH_DIFF_H
#define HEAPGRAPH_DIFF_H

#include <heapgraph/answers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One diff takes 1 to HGR_DIFF_SIDES dumps, oldest first. Dumps are added one after the other, and each
 * may be closed once it is added: the diff keeps names and sums only, no objects. Everything is
 * sorted by text, never by address or by which dump came first, so the diff of the same dumps in
 * reverse order has the same rows with the amounts in reverse order. */

#define HGR_DIFF_SIDES 16

/** Immutable after hgr_diff_finish; share it between threads freely. */
typedef struct hgr_diff hgr_diff;

/** A type of one dump, as the diff asks for it. Text valid while the view is. */
typedef struct hgr_diff_type_of_view {
    const char *name, *module; /* never NULL; the directory of the module does not count */
    uint64_t    method_table_addr;
    uint64_t    count, bytes;  /* all its objects, reachable or not */
} hgr_diff_type_of_view;

/** What a place ("which field") is called in hgr_diff_view.places. */
#define HGR_PLACE_JOINT UINT32_MAX /* held by several references of its dominator's subtree */

typedef void hgr_place_fn(void *user, uint32_t e, uint32_t place);

/**
 * One dump as the diff reads it. hgr_diff_view_create makes it of a snapshot; a test or another heap
 * fills it itself. Functions must be safe to call from several threads unless said otherwise.
 */
typedef struct hgr_diff_view {
    const void        *user;
    const hgr_graph   *graph;
    const hgr_domtree *tree;
    const hgr_node    *roots;
    size_t             nroots;
    uint32_t           ntypes;
    uint32_t (*type_of)(const void *user, hgr_node node);
    hgr_node_bytes_fn *bytes;
    void (*type)(const void *user, uint32_t type, hgr_diff_type_of_view *out);
    /** Name of a root as it is the same in every dump: no thread ids, no registers. snprintf's return. */
    size_t (*root_name)(const void *user, size_t root, char *buffer, size_t size);
    /** Give each reference e of u, in row order, a number for its field: the same for the same field of
     * all objects of u's type, array indices masked, never HGR_PLACE_JOINT. */
    void (*places)(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user);
    /** Name of the field behind u's e-th reference, indices masked: "_items", "[].value". One thread. */
    size_t (*place_name)(const void *user, hgr_node u, uint32_t e, char *buffer, size_t size);
} hgr_diff_view;

/**
 * The view of a snapshot and its dominator tree. Borrows all three; roots as hgr_root_nodes gives them.
 *
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_diff_view_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_diff_view_create(const hgr_snapshot *snapshot,
                                                       const hgr_domtree *tree,
                                                       const hgr_node *roots, size_t nroots,
                                                       const hgr_run *run, hgr_diff_view **out,
                                                       hgr_status *status);
HGR_API void hgr_diff_view_free(hgr_diff_view *view);

/** Initialise with = {0}. */
typedef struct hgr_diff_options {
    uint32_t max_paths; /* owner paths kept; 0 = 1,000,000. More: deep ends fold into "(deeper)" */
    bool     no_retained; /* leave retained and owned bytes of types at 0 */
} hgr_diff_options;

/**
 * Begin a diff of `sides` dumps.
 *
 * Errors   HGR_BAD_ARGUMENT (sides not in 1 .. HGR_DIFF_SIDES), HGR_NO_MEMORY.
 * Owner    caller frees with hgr_diff_free; run must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_diff_create(uint32_t sides, const hgr_diff_options *options,
                                                  const hgr_run *run, hgr_diff **out,
                                                  hgr_status *status);
HGR_API void hgr_diff_free(hgr_diff *diff);

/**
 * Add the next dump.
 *
 * Cost     what hgr_class_totals_create costs, one pass over the slots of objects that dominate
 *          others, one over all nodes; 12 bytes per node while it works.
 * Threads  same result for every thread count.
 * Errors   HGR_BAD_ARGUMENT (all sides are there), HGR_NO_MEMORY, HGR_CANCELLED, HGR_INTERNAL (the
 *          paths do not add up to the types). After an error the diff can only be freed.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_diff_add(hgr_diff *diff, const hgr_diff_view *view,
                                               const hgr_run *run, hgr_status *status);
/** Objects of one dump: of a type, of a path, or of all. */
typedef struct hgr_diff_amount {
    uint64_t count, bytes;
    uint64_t owned_bytes;    /* types only: own bytes of what they dominate directly */
    uint64_t retained_bytes; /* types: exact, of all objects together; paths: count 0 */
} hgr_diff_amount;

/** A type of a side that was written down earlier. */
typedef struct hgr_saved_type {
    const char     *name, *module;
    hgr_diff_amount amount;
} hgr_saved_type;

/** A path of such a side. */
typedef struct hgr_saved_path {
    uint32_t    parent; /* an earlier path; UINT32_MAX for path 0, the top */
    uint32_t    type;   /* of the saved types, or UINT32_MAX: a root or "(deeper)" */
    const char *name;   /* where type is UINT32_MAX */
    const char *field;  /* as in hgr_diff_path */
    uint64_t    own_count, own_bytes;
} hgr_saved_path;

/**
 * Add what an earlier diff said of a dump, instead of the dump.
 *
 * Shapes   types ascending by name, module, position, as hgr_diff_types gives them; those of one name and
 *          module become its positions. paths: parents before children; first the top.
 * Errors   those of hgr_diff_add; HGR_BAD_DATA when a number points nowhere or the paths do not add
 *          up to the types.
 * Owner    everything is copied.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_diff_add_saved(hgr_diff *diff, const hgr_saved_type *types,
                                                     uint32_t ntypes, const hgr_saved_path *paths,
                                                     uint32_t npaths, const hgr_run *run,
                                                     hgr_status *status);
/** After the last side: sum up and sort. Same errors. */
HGR_API HGR_MUST_CHECK hgr_result hgr_diff_finish(hgr_diff *diff, const hgr_run *run,
                                                  hgr_status *status);

/* ---- everything below: after hgr_diff_finish; borrowed, valid until the diff is freed ---- */

HGR_API uint32_t hgr_diff_sides(const hgr_diff *diff);

/** All objects, one amount per side. */
HGR_API const hgr_diff_amount *hgr_diff_total(const hgr_diff *diff);

/** A type in any of the dumps. */
typedef struct hgr_diff_type {
    const char *name, *module; /* module: file name without directory */
    uint32_t    position;      /* 0, or its position among types of this name and module */
    uint64_t    identity;      /* XXH3-64 of name, NUL, module and, from position 1 on, the position */
} hgr_diff_type;

/** Types ascending by name, module, position. */
HGR_API uint32_t hgr_diff_types(const hgr_diff *diff);
HGR_API const hgr_diff_type *hgr_diff_type_get(const hgr_diff *diff, uint32_t type);
HGR_API const hgr_diff_amount *hgr_diff_type_amounts(const hgr_diff *diff, uint32_t type);
/** The type that has this method table in dump `side`, or UINT32_MAX. */
HGR_API uint32_t hgr_diff_type_at(const hgr_diff *diff, uint32_t side, uint64_t method_table_addr);

/**
 * A step of the owner paths. Path 0 is the top: everything. Below it stand the roots by name, and
 * "(several roots)" and "(unreachable)"; below a root the types it holds, and so on down the dominator
 * tree. An object belongs to exactly one path; steps that repeat (a linked list, a tree: up to four
 * types in turn) fold into their first occurrence.
 */
typedef struct hgr_diff_path {
    uint32_t    parent; /* UINT32_MAX for path 0 */
    uint32_t    depth;  /* 0 for path 0 */
    uint32_t    children; /* how many paths stand right below; they follow, each with its own */
    uint32_t    type;   /* of the objects, or UINT32_MAX: a root or "(deeper)" */
    const char *field;  /* by which the objects of parent hold those of this path; "" = array, NULL = jointly */
    const char *name;   /* the root's name, the type's name, or "(deeper)" */
    uint64_t    identity; /* of the whole path, equal in every diff */
} hgr_diff_path;

#define HGR_DIFF_TOP 0u
#define HGR_DIFF_NO_PATH UINT32_MAX

/** Paths in depth-first order, below one path ascending by name, field, module, position. */
HGR_API uint32_t hgr_diff_paths(const hgr_diff *diff);
HGR_API const hgr_diff_path *hgr_diff_path_get(const hgr_diff *diff, uint32_t path);
/** The objects that belong to this path itself. Over all paths they add up to hgr_diff_total, exactly. */
HGR_API const hgr_diff_amount *hgr_diff_path_own(const hgr_diff *diff, uint32_t path);
/** The same with all paths below it: what the objects of this path hold. */
HGR_API const hgr_diff_amount *hgr_diff_path_sums(const hgr_diff *diff, uint32_t path);
/** The first path after this one and all below it: siblings are found by it. */
HGR_API uint32_t hgr_diff_path_next(const hgr_diff *diff, uint32_t path);
/** "static Shop.Cache.Items → List<Order>._items → Order[] → Order", as snprintf. */
HGR_API size_t hgr_diff_path_text(const hgr_diff *diff, uint32_t path, char *buffer, size_t size);

/** Bytes in the last dump minus bytes in the first. */
HGR_API int64_t hgr_diff_growth(const hgr_diff *diff, const hgr_diff_amount *amounts);
/** Did count or bytes (what: see HGR_DIFF_GREW_...) grow from each dump to the next? */
HGR_API bool hgr_diff_grew_always(const hgr_diff *diff, const hgr_diff_amount *amounts);

/** One place that explains growth. */
typedef struct hgr_diff_suspect {
    uint32_t root;         /* path of depth 1 */
    uint32_t accumulation; /* the last path above the fan-out: few objects that hold ever more */
    uint32_t leaf;         /* the path right below that grew most, or accumulation itself */
    int64_t  growth_bytes; /* of `accumulation` with all below it */
    int64_t  growth_count; /* how many more objects it holds directly, of all kinds that became more */
} hgr_diff_suspect;

#define HGR_DIFF_SUSPECTS 3
/**
 * The paths that explain the growth, largest first; none when nothing grew by more than noise: a
 * path must have grown by 0.5 % of the heap and 16 KiB at least, in every step when there are
 * more than two dumps. Unreachable objects are garbage, not suspects.
 */
HGR_API size_t hgr_diff_suspects(const hgr_diff *diff, hgr_diff_suspect out[HGR_DIFF_SUSPECTS]);

#ifdef __cplusplus
}
#endif
#endif
