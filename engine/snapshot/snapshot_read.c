/* snapshot: accessors. All O(1) or O(log segments) unless their docstring says otherwise. */
#include "snapshot.h"

#include <stdio.h>
#include <string.h>

const hgr_runtime *hgr_snapshot_runtime(const hgr_snapshot *snapshot)
{
    return snapshot->runtime;
}

const hgr_totals *hgr_snapshot_totals(const hgr_snapshot *snapshot)
{
    return &snapshot->heap->totals;
}

const hgr_segment_totals *hgr_snapshot_segment_totals(const hgr_snapshot *snapshot, size_t segment)
{
    return &snapshot->heap->segment_totals[segment];
}

uint32_t hgr_snapshot_types(const hgr_snapshot *snapshot)
{
    return snapshot->heap->ntypes;
}

const hgr_type_info *hgr_snapshot_type(const hgr_snapshot *snapshot, uint32_t type)
{
    return &snapshot->type_infos[type];
}

uint64_t hgr_snapshot_type_count(const hgr_snapshot *snapshot, uint32_t type,
                                 hgr_generation generation)
{
    return snapshot->heap->types[type].count[generation];
}

uint64_t hgr_snapshot_type_bytes(const hgr_snapshot *snapshot, uint32_t type,
                                 hgr_generation generation)
{
    return snapshot->heap->types[type].bytes[generation];
}

size_t hgr_snapshot_free_blocks(const hgr_snapshot *snapshot)
{
    return snapshot->heap->nfree_blocks;
}

const hgr_free_block *hgr_snapshot_free_block(const hgr_snapshot *snapshot, size_t index)
{
    return &snapshot->heap->free_blocks[index];
}

const hgr_graph *hgr_snapshot_graph(const hgr_snapshot *snapshot)
{
    return snapshot->heap->graph;
}

uint64_t hgr_node_address(const hgr_snapshot *snapshot, hgr_node node)
{
    return hgr_objects_address(snapshot->heap->objects, node);
}

uint64_t hgr_node_bytes(const hgr_snapshot *snapshot, hgr_node node)
{
    return hgr_heap_node_bytes(snapshot->heap, node);
}

uint32_t hgr_node_type(const hgr_snapshot *snapshot, hgr_node node)
{
    return snapshot->heap->node_type[node];
}

/* The segment whose nodes include this one: last one that starts at or before it. */
static size_t segment_of(const hgr_snapshot *snapshot, hgr_node node)
{
    const uint32_t *first = snapshot->heap->segment_first;
    size_t low = 0, high = snapshot->runtime->nsegments;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (first[middle] <= node)
            low = middle;
        else
            high = middle;
    }
    return low;
}

hgr_generation hgr_node_generation(const hgr_snapshot *snapshot, hgr_node node)
{
    return (hgr_generation)snapshot->runtime->segments[segment_of(snapshot, node)].generation;
}

hgr_node hgr_node_at(const hgr_snapshot *snapshot, uint64_t addr)
{
    return hgr_objects_at(snapshot->heap->objects, addr);
}

hgr_node hgr_node_containing(const hgr_snapshot *snapshot, uint64_t addr)
{
    hgr_node node = hgr_objects_before(snapshot->heap->objects, addr);
    if (node == HGR_NO_NODE)
        return HGR_NO_NODE;
    uint64_t offset = addr - hgr_node_address(snapshot, node);
    return offset < hgr_node_bytes(snapshot, node) ? node : HGR_NO_NODE;
}

size_t hgr_snapshot_roots(const hgr_snapshot *snapshot)
{
    return snapshot->nroots;
}

const hgr_root *hgr_snapshot_root(const hgr_snapshot *snapshot, size_t index)
{
    return &snapshot->roots[index];
}

size_t hgr_snapshot_handles(const hgr_snapshot *snapshot)
{
    return snapshot->handles.count;
}

const hgr_handle *hgr_snapshot_handle(const hgr_snapshot *snapshot, size_t index)
{
    return &snapshot->handles.handles[index];
}

size_t hgr_snapshot_finalizable(const hgr_snapshot *snapshot, const uint64_t **out_addrs,
                                size_t *out_registered)
{
    *out_addrs = snapshot->handles.finalizable;
    *out_registered = snapshot->handles.nregistered;
    return snapshot->handles.nfinalizable;
}

const char *hgr_root_kind_name(hgr_root_kind kind)
{
    static const char *const names[HGR_ROOT_KINDS] = {
        "static",          "thread-static",    "strong-handle", "pinned-handle",
        "ref-counted-handle", "sized-ref-handle", "async-pinned-handle", "finalizer-queue",
        "stack",           "frozen",
    };
    return (unsigned)kind < HGR_ROOT_KINDS ? names[kind] : "unknown";
}

const char *hgr_finding_kind_name(hgr_finding_kind kind)
{
    static const char *const names[HGR_FINDING_KINDS] = {
        "absent-memory", "bad-method-table", "bad-size", "bad-reference", "bad-gcdesc",
        "bad-segment",   "bad-handle",       "bad-root", "no-name",
    };
    return (unsigned)kind < HGR_FINDING_KINDS ? names[kind] : "unknown";
}

uint64_t hgr_snapshot_finding_count(const hgr_snapshot *snapshot, hgr_finding_kind kind,
                                    uint64_t *out_bytes)
{
    if (out_bytes)
        *out_bytes = snapshot->finding_bytes[kind];
    return snapshot->finding_count[kind];
}

size_t hgr_snapshot_findings(const hgr_snapshot *snapshot)
{
    return snapshot->nfindings;
}

const hgr_finding *hgr_snapshot_finding(const hgr_snapshot *snapshot, size_t index)
{
    return &snapshot->findings[index];
}
