/* heapgraph: the scanned heap: types, objects, reference graph, roots, findings. */
#ifndef HEAPGRAPH_SNAPSHOT_H
#define HEAPGRAPH_SNAPSHOT_H

#include <heapgraph/graph.h>
#include <heapgraph/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Immutable once created; share it between threads freely. */
typedef struct hgr_snapshot hgr_snapshot;

typedef enum hgr_scan_depth {
    HGR_SCAN_TYPES, /* count and bytes per type only: no nodes, no graph, no roots */
    HGR_SCAN_GRAPH  /* everything */
} hgr_scan_depth;

/** Initialise with = {0} and set depth. */
typedef struct hgr_snapshot_options {
    hgr_scan_depth depth;
} hgr_snapshot_options;

/**
 * Walk the heap of a runtime in parallel.
 *
 * Cost     one sequential pass over the heap; HGR_SCAN_GRAPH keeps about 14 + 4 (m / n) bytes per object.
 * Threads  parallel; same bytes for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED, HGR_TOO_LARGE (over 2^32 - 2 objects or references).
 *          Damage in the heap is no error: see hgr_snapshot_finding.
 * Owner    caller frees with hgr_snapshot_free; runtime and its dump must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_snapshot_create(const hgr_runtime *runtime,
                                                      const hgr_snapshot_options *options,
                                                      const hgr_run *run, hgr_snapshot **out,
                                                      hgr_status *status);
HGR_API void hgr_snapshot_free(hgr_snapshot *snapshot);

HGR_API const hgr_runtime *hgr_snapshot_runtime(const hgr_snapshot *snapshot);

/* ---- totals ---- */

typedef struct hgr_totals {
    uint64_t objects;         /* without Free */
    uint64_t bytes;           /* shallow, unaligned, as SOS counts */
    uint64_t aligned_bytes;   /* the same with padding (of objects and Free) */
    uint64_t free_count;
    uint64_t free_bytes;
    uint64_t references;      /* non-null slots that point to an object; 0 after HGR_SCAN_TYPES */
    uint64_t implied_references;
    uint64_t used_bytes;      /* bytes between the start and the end of all segments */
    uint64_t walked_bytes;    /* of these, how many the walk understood: coverage */
} hgr_totals;

HGR_API const hgr_totals *hgr_snapshot_totals(const hgr_snapshot *snapshot);

/** Per segment of the runtime (same index): what the walk found there. */
typedef struct hgr_segment_totals {
    uint64_t objects, bytes, free_count, free_bytes, walked_bytes;
} hgr_segment_totals;
HGR_API const hgr_segment_totals *hgr_snapshot_segment_totals(const hgr_snapshot *snapshot,
                                                              size_t segment);

/* ---- types: dense ids 0 .. types - 1, ascending by method table address ---- */

typedef struct hgr_type_info {
    const char *name;     /* as ClrMD prints it: Namespace.Outer+Inner<Arg>[] ; never NULL */
    const char *module;   /* path of the defining module, "" when unknown or dynamic */
    uint64_t    method_table_addr;
    uint32_t    base_size;      /* bytes */
    uint32_t    component_size; /* bytes per element, 0 for fixed-size objects */
    uint64_t    count;    /* objects in the heap, reachable or not */
    uint64_t    bytes;    /* their shallow bytes */
    bool        is_string, is_array, is_collectible, has_finalizer;
} hgr_type_info;

/** Types that have at least one object, Free excluded. */
HGR_API uint32_t hgr_snapshot_types(const hgr_snapshot *snapshot);
HGR_API const hgr_type_info *hgr_snapshot_type(const hgr_snapshot *snapshot, uint32_t type);
/** Per type and generation. */
HGR_API uint64_t hgr_snapshot_type_count(const hgr_snapshot *snapshot, uint32_t type,
                                         hgr_generation generation);
HGR_API uint64_t hgr_snapshot_type_bytes(const hgr_snapshot *snapshot, uint32_t type,
                                         hgr_generation generation);

/** Free blocks of at least 512 KiB (fragmentation), ascending by address. */
typedef struct hgr_free_block {
    uint64_t addr, bytes;
    uint64_t next_addr;     /* the object that follows, 0 when the segment ends */
    uint32_t next_type;     /* its type, UINT32_MAX when none */
} hgr_free_block;
HGR_API size_t hgr_snapshot_free_blocks(const hgr_snapshot *snapshot);
HGR_API const hgr_free_block *hgr_snapshot_free_block(const hgr_snapshot *snapshot, size_t index);

/* ---- objects: valid after HGR_SCAN_GRAPH ---- */

HGR_API const hgr_graph *hgr_snapshot_graph(const hgr_snapshot *snapshot);
HGR_API uint64_t hgr_node_address(const hgr_snapshot *snapshot, hgr_node node);
HGR_API uint64_t hgr_node_bytes(const hgr_snapshot *snapshot, hgr_node node);
HGR_API uint32_t hgr_node_type(const hgr_snapshot *snapshot, hgr_node node);
HGR_API hgr_generation hgr_node_generation(const hgr_snapshot *snapshot, hgr_node node);
/** The node whose object starts at addr, or HGR_NO_NODE. About 5 ns in address order, 25 at random. */
HGR_API hgr_node hgr_node_at(const hgr_snapshot *snapshot, uint64_t addr);
/** The node whose object contains addr, or HGR_NO_NODE. */
HGR_API hgr_node hgr_node_containing(const hgr_snapshot *snapshot, uint64_t addr);

/** Why u refers to its targets: one row per reference slot of u, in the graph's row order. */
typedef struct hgr_reference {
    hgr_node target;
    uint32_t slot_offset; /* from the object's address; UINT32_MAX for an implied reference or beyond 4 GiB */
    bool     implied;
} hgr_reference;

/**
 * Write the field path of u's e-th reference ("_items", "[17]", "_entry.next", "(dependent handle)",
 * "(loader allocator)") into buffer, always terminated. e counts within u's row. Returns the length
 * it needs without the terminator, as snprintf does. Reads the dump: microseconds.
 */
HGR_API size_t hgr_reference_name(const hgr_snapshot *snapshot, hgr_node u, uint32_t e, char *buffer,
                                  size_t size);

/* ---- roots ---- */

typedef enum hgr_root_kind {
    HGR_ROOT_STATIC,
    HGR_ROOT_THREAD_STATIC,
    HGR_ROOT_STRONG,        /* strong handle */
    HGR_ROOT_PINNED,        /* pinned handle */
    HGR_ROOT_REF_COUNTED,
    HGR_ROOT_SIZED_REF,
    HGR_ROOT_ASYNC_PINNED,
    HGR_ROOT_FINALIZER,     /* f-reachable: ready for finalization */
    HGR_ROOT_STACK,         /* stack slot or register */
    HGR_ROOT_FROZEN,        /* lives in a frozen segment: never collected */
    HGR_ROOT_KINDS
} hgr_root_kind;

/** "static", "thread-static", "strong-handle", ... as in tools/JSON.md. */
HGR_API const char *hgr_root_kind_name(hgr_root_kind kind);

typedef struct hgr_root {
    hgr_root_kind kind;
    hgr_node      node;
    uint64_t      object_addr; /* the object's start */
    uint64_t      slot_addr;   /* where the reference was found; 0 for a register or a frozen object */
    uint32_t      thread_os_id; /* stack and thread-static roots, else 0 */
    bool          interior;    /* the slot points inside the object */
    bool          conservative; /* found by scanning words, may be stale */
    const char   *name;        /* "static Shop.Cache.Items", "thread 0xc \"worker\" in Shop.Cart.Add(Int32), local in rsi", "strong handle"; never NULL */
    const char   *stable_name; /* the same without ids, registers and slots: "thread \"worker\" in Shop.Cart.Add(Int32)"; NULL = name */
} hgr_root;

/** Roots sorted by (kind, slot address, object address). The same object may have many. */
HGR_API size_t hgr_snapshot_roots(const hgr_snapshot *snapshot);
HGR_API const hgr_root *hgr_snapshot_root(const hgr_snapshot *snapshot, size_t index);

/** Every GC handle, weak ones too; roots are a part of these. */
typedef struct hgr_handle {
    uint64_t    slot_addr;
    uint64_t    object_addr;
    uint64_t    dependent_addr; /* secondary of a dependent handle, else 0 */
    uint32_t    kind;           /* the runtime's number: 0 weak short, 1 weak long, 2 strong, 3 pinned, ... */
    const char *kind_name;
} hgr_handle;
HGR_API size_t hgr_snapshot_handles(const hgr_snapshot *snapshot);
HGR_API const hgr_handle *hgr_snapshot_handle(const hgr_snapshot *snapshot, size_t index);

/** Finalization queue: object addresses; the first *out_registered wait for death, the rest are ready. */
HGR_API size_t hgr_snapshot_finalizable(const hgr_snapshot *snapshot, const uint64_t **out_addrs,
                                        size_t *out_registered);

/* ---- findings: damage counted, reported, skipped ---- */

typedef enum hgr_finding_kind {
    HGR_FOUND_ABSENT_MEMORY,      /* heap bytes that are not in the dump */
    HGR_FOUND_BAD_METHOD_TABLE,   /* the object's first word is no method table */
    HGR_FOUND_BAD_SIZE,           /* the object would end beyond its segment */
    HGR_FOUND_BAD_REFERENCE,      /* a slot points to no object */
    HGR_FOUND_BAD_GCDESC,         /* a pointer map that cannot be */
    HGR_FOUND_BAD_SEGMENT,        /* a segment whose bounds cannot be */
    HGR_FOUND_BAD_HANDLE,
    HGR_FOUND_BAD_ROOT,
    HGR_FOUND_NO_NAME,            /* a type whose metadata cannot be read */
    HGR_FINDING_KINDS
} hgr_finding_kind;

HGR_API const char *hgr_finding_kind_name(hgr_finding_kind kind);
/** How many of a kind in all, and how many bytes were lost to them. */
HGR_API uint64_t hgr_snapshot_finding_count(const hgr_snapshot *snapshot, hgr_finding_kind kind,
                                            uint64_t *out_bytes);

typedef struct hgr_finding {
    hgr_finding_kind kind;
    uint64_t         addr;   /* object or slot */
    uint64_t         value;  /* what was seen there */
    uint64_t         bytes;  /* lost to it */
} hgr_finding;
/** The first findings (at most 1,000 of each kind), ascending by address. */
HGR_API size_t hgr_snapshot_findings(const hgr_snapshot *snapshot);
HGR_API const hgr_finding *hgr_snapshot_finding(const hgr_snapshot *snapshot, size_t index);

#ifdef __cplusplus
}
#endif
#endif
