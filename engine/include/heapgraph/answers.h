/* heapgraph: answers over a graph: reachability, dominators, retained bytes, sets, paths. */
#ifndef HEAPGRAPH_ANSWERS_H
#define HEAPGRAPH_ANSWERS_H

#include <heapgraph/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kernels take plain arrays (a graph, root nodes, bytes per node, type per node), so they work on any
 * graph. "roots" may repeat nodes. Every kernel gives the same bytes for every thread count. */

/** The nodes of a snapshot's roots, in the order of hgr_snapshot_root. Caller frees with hgr_nodes_free. */
HGR_API HGR_MUST_CHECK hgr_result hgr_root_nodes(const hgr_snapshot *snapshot, const hgr_run *run,
                                                 hgr_node **out, size_t *out_count,
                                                 hgr_status *status);
HGR_API void hgr_nodes_free(hgr_node *nodes);

/* ---- reachability and distances ---- */

/** A breadth-first spanning tree from the roots. */
typedef struct hgr_reach hgr_reach;

/**
 * Mark what the roots reach.
 *
 * Shapes   hgr_reach_parent: n ids, HGR_NO_NODE = unreachable, n = a root; among equally short paths
 *          the earliest root (array order), then the smallest parent id wins.
 *          hgr_reach_distance: n, 1 for a root's object, 0 when unreachable.
 * Values   blocked: nodes the walk may not enter (bit u of word u / 64), or NULL.
 *          hgr_reach_root: n, index of the root its path starts at, HGR_NO_NODE = unreachable.
 * Cost     O(n + m), 12 bytes per node kept, 4 more while it works.
 * Threads  parallel where a level is wide; same bytes for every thread count.
 * Errors   HGR_BAD_ARGUMENT (a root is no node), HGR_NO_MEMORY, HGR_CANCELLED.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_reach_create(const hgr_graph *graph, const hgr_node *roots,
                                                   size_t nroots, const uint64_t *blocked,
                                                   const hgr_run *run, hgr_reach **out,
                                                   hgr_status *status);
HGR_API void hgr_reach_free(hgr_reach *reach);
HGR_API uint64_t hgr_reach_count(const hgr_reach *reach);
HGR_API bool hgr_reach_has(const hgr_reach *reach, hgr_node u);
HGR_API hgr_node hgr_reach_parent(const hgr_reach *reach, hgr_node u);
HGR_API uint32_t hgr_reach_distance(const hgr_reach *reach, hgr_node u);
/** Which roots[] entry u's path starts at; HGR_NO_NODE when unreachable. */
HGR_API uint32_t hgr_reach_root(const hgr_reach *reach, hgr_node u);

#define HGR_NO_GROUP    UINT32_MAX
#define HGR_MANY_GROUPS (UINT32_MAX - 1)

/**
 * Say of each node which group of roots alone reaches it: what goes when that group goes.
 *
 * Shapes   groups: nroots numbers below HGR_MANY_GROUPS, or that itself for roots of no group.
 *          *out: n, a group, HGR_MANY_GROUPS, or HGR_NO_GROUP where no root reaches.
 * Cost     O(n + m); 4 bytes per node kept, 4 more while it works. Serial.
 * Errors   HGR_BAD_ARGUMENT (a root is no node), HGR_NO_MEMORY.
 * Owner    caller frees with hgr_root_owners_free.
 * Checked  against reachability without the group, on random graphs.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_root_owners_create(const hgr_graph *graph,
                                                         const hgr_node *roots,
                                                         const uint32_t *groups, size_t nroots,
                                                         const hgr_run *run, uint32_t **out,
                                                         hgr_status *status);
HGR_API void hgr_root_owners_free(uint32_t *owners);

/* ---- dominators and retained bytes ---- */

typedef struct hgr_domtree hgr_domtree;

/**
 * Build the dominator tree of the nodes reachable from the roots.
 *
 * d dominates v when every path from a root to v passes through d. All roots hang below one virtual
 * node, so a node held by two independent roots is dominated by that node only.
 *
 * Shapes   hgr_domtree_idom: n + 1 node ids; entry n is the virtual node.
 * Values   idom[v] == HGR_NO_NODE when no root reaches v; idom[n] == n.
 * Cost     O((n + m) log n) worst case, close to linear on heaps; 16 bytes of working memory per node
 *          that is no private leaf (see engine/answers/leaves.h) and 4 to 8 per reference that is
 *          no tree or forward reference of a depth-first search; 8 (n + 1) bytes kept.
 * Threads  one: the search is sequential by nature. Same result whatever run says.
 * Errors   HGR_BAD_ARGUMENT (a root is no node), HGR_NO_MEMORY, HGR_CANCELLED. On error *out is
 *          untouched.
 * Owner    caller frees with hgr_domtree_free; *out does not borrow from graph.
 * Source   Georgiadis, Princeton TR-737-05, 2005 (Semi-NCA); Lengauer & Tarjan, TOPLAS 1(1), 1979,
 *          doi:10.1145/357062.357071.
 * Checked  tests/reference/dominators_slow.c (by removal), tests/reference/lengauer_tarjan.c, the
 *          figure of the 1979 paper; at check level 2 on every call by engine/answers/domtree_check.c.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_domtree_create(const hgr_graph *graph, const hgr_node *roots,
                                                     size_t nroots, const hgr_run *run,
                                                     hgr_domtree **out, hgr_status *status);
HGR_API void hgr_domtree_free(hgr_domtree *tree);
HGR_API const hgr_node *hgr_domtree_idom(const hgr_domtree *tree);
HGR_API uint32_t hgr_domtree_nodes(const hgr_domtree *tree);
/** Nodes reachable from the roots. */
HGR_API uint32_t hgr_domtree_reachable(const hgr_domtree *tree);
/** The reachable nodes, hgr_domtree_reachable of them, each after its dominator and, but for references
 * that close a cycle, after its referrers (a reverse postorder). */
HGR_API const hgr_node *hgr_domtree_order(const hgr_domtree *tree);

/**
 * Retained bytes of every node: sum of bytes over its dominator subtree.
 *
 * Shapes   bytes: called with every reachable node, gives its shallow bytes.
 *          *out: n + 1 sums; entry n = all reachable bytes; 0 for unreachable nodes.
 * Cost     O(n), 8 (n + 1) bytes kept.
 * Owner    caller frees with hgr_retained_free.
 */
typedef uint64_t hgr_node_bytes_fn(const void *user, hgr_node node);
HGR_API HGR_MUST_CHECK hgr_result hgr_retained_create(const hgr_domtree *tree,
                                                      hgr_node_bytes_fn *bytes, const void *user,
                                                      const hgr_run *run, uint64_t **out,
                                                      hgr_status *status);
HGR_API void hgr_retained_free(uint64_t *retained);

/** One class (type) of a partition of the nodes, as three exact sums. */
typedef struct hgr_class_totals {
    uint64_t retained_bytes; /* reachable bytes that die when all of the class goes (exact set) */
    uint64_t owned_bytes;    /* own bytes of the nodes whose immediate dominator is of the class */
    uint64_t reachable_count;
    uint64_t reachable_bytes;
} hgr_class_totals;

/**
 * Retained bytes of every class at once, exact: v counts for class c when every path from the roots
 * to v passes a node of c. Not the sum of the members' retained bytes, nor the union of their
 * dominator subtrees (members may hold v only together).
 *
 * Shapes   class_of: n class ids below nclasses; *out: nclasses + 1 rows, the last for the virtual
 *          root (its owned_bytes = bytes dominated by nothing else).
 * Cost     one fixpoint over the references with interned class sets; see BENCHMARKS.md.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_class_totals_create(
    const hgr_graph *graph, const hgr_domtree *tree, const hgr_node *roots, size_t nroots,
    const uint32_t *class_of, uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
    const hgr_run *run, hgr_class_totals **out, hgr_status *status);
HGR_API void hgr_class_totals_free(hgr_class_totals *totals);

/* ---- node sets ---- */

/** A set of nodes (a CRoaring bitmap). Mutable until shared. */
typedef struct hgr_set hgr_set;

HGR_API HGR_MUST_CHECK hgr_result hgr_set_create(hgr_set **out, hgr_status *status);
HGR_API HGR_MUST_CHECK hgr_result hgr_set_copy(const hgr_set *set, hgr_set **out, hgr_status *status);
HGR_API void hgr_set_free(hgr_set *set);
HGR_API HGR_MUST_CHECK hgr_result hgr_set_add_range(hgr_set *set, uint64_t first, uint64_t end,
                                                    hgr_status *status);
HGR_API HGR_MUST_CHECK hgr_result hgr_set_add(hgr_set *set, hgr_node node, hgr_status *status);
/** a becomes a AND b; a OR b; a AND NOT b. */
HGR_API void hgr_set_and(hgr_set *a, const hgr_set *b);
HGR_API HGR_MUST_CHECK hgr_result hgr_set_or(hgr_set *a, const hgr_set *b, hgr_status *status);
HGR_API void hgr_set_and_not(hgr_set *a, const hgr_set *b);
HGR_API uint64_t hgr_set_count(const hgr_set *set);
HGR_API bool hgr_set_has(const hgr_set *set, hgr_node node);
/** Visit in ascending order until visit returns false. */
typedef bool hgr_set_visit_fn(void *user, hgr_node node);
HGR_API void hgr_set_visit(const hgr_set *set, hgr_set_visit_fn *visit, void *user);

/* Sets of a snapshot. All: *out owned by the caller. */
typedef bool hgr_node_test_fn(const void *user, hgr_node node);
/** Nodes u < n for which test says yes; test must be safe to call from several threads. */
HGR_API HGR_MUST_CHECK hgr_result hgr_set_where(uint32_t n, hgr_node_test_fn *test, const void *user,
                                                const hgr_run *run, hgr_set **out, hgr_status *status);
/** Targets of the set's references (holds = false: their sources): one step, members themselves only if referred to. */
HGR_API HGR_MUST_CHECK hgr_result hgr_set_neighbours(const hgr_graph *graph, const hgr_set *set,
                                                     bool referrers, const hgr_run *run,
                                                     hgr_set **out, hgr_status *status);
/** What becomes unreachable when all of the set goes: members included, unreachable nodes never. */
HGR_API HGR_MUST_CHECK hgr_result hgr_set_retained(const hgr_graph *graph, const hgr_node *roots,
                                                   size_t nroots, const hgr_set *set,
                                                   const hgr_run *run, hgr_set **out,
                                                   hgr_status *status);

/* ---- paths ---- */

/** One path from a root to an object: nodes[0] is the root's object, nodes[length - 1] the target. */
typedef struct hgr_path {
    uint32_t  root;   /* index into the roots array */
    uint32_t  length; /* nodes */
    hgr_node *nodes;
} hgr_path;
typedef struct hgr_paths hgr_paths;

/**
 * Paths from the roots to one node: for each distinct root object that reaches target the shortest
 * one, shortest first (ties by root index), at most limit.
 *
 * Values   limit 1 = the shortest path only (one breadth-first walk, no referrers needed).
 * Errors   HGR_NOT_FOUND when no root reaches target.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_paths_create(const hgr_graph *graph, const hgr_node *roots,
                                                   size_t nroots, hgr_node target, size_t limit,
                                                   const hgr_run *run, hgr_paths **out,
                                                   hgr_status *status);
HGR_API void hgr_paths_free(hgr_paths *paths);
HGR_API size_t hgr_paths_count(const hgr_paths *paths);
/** Distinct root objects that reach the target, whatever the limit was (0 = not computed, limit 1). */
HGR_API size_t hgr_paths_total(const hgr_paths *paths);
HGR_API const hgr_path *hgr_paths_get(const hgr_paths *paths, size_t index);

/** One branch of the merged shortest root paths of a set: a trie folded by (root | label). */
typedef struct hgr_branch {
    uint32_t parent;    /* index of the branch above, UINT32_MAX at the top */
    uint32_t depth;     /* 0 at the top */
    uint32_t root;      /* top: a root index whose label it is; below: UINT32_MAX */
    hgr_node example;   /* a node on this branch (below the top); its edge from the branch above */
    hgr_node example_parent; /* the node above it; HGR_NO_NODE at the first step */
    uint64_t count;     /* members of the set whose path goes this way */
    uint64_t bytes;     /* their shallow bytes */
} hgr_branch;
typedef struct hgr_branches hgr_branches;

/**
 * Merge the shortest root paths of a set's members: roots with the same root_label fold together, nodes
 * with the same node_label below the same branch fold together; a run of equal labels is one step.
 *
 * Shapes   branches in depth-first order, children by descending bytes then label.
 * Values   members that no root reaches are left out.
 */
typedef uint64_t hgr_label_fn(const void *user, uint32_t root_or_node);
HGR_API HGR_MUST_CHECK hgr_result hgr_branches_create(
    const hgr_graph *graph, const hgr_node *roots, size_t nroots, const hgr_set *set,
    hgr_label_fn *root_label, hgr_label_fn *node_label, hgr_node_bytes_fn *bytes, const void *user,
    const hgr_run *run, hgr_branches **out, hgr_status *status);
HGR_API void hgr_branches_free(hgr_branches *branches);
HGR_API size_t hgr_branches_count(const hgr_branches *branches);
HGR_API const hgr_branch *hgr_branches_get(const hgr_branches *branches, size_t index);

#ifdef __cplusplus
}
#endif
#endif
