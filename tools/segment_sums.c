/* tools: add up segments. Committed bytes of a piece inside a segment end with its objects. */
#include "segment_sums.h"

void segment_sum_add(segment_sum *sum, const hgr_runtime *runtime, const hgr_snapshot *snapshot,
                     size_t index)
{
    const hgr_segment *segment = hgr_runtime_segment(runtime, index);
    sum->segments++;
    sum->committed_bytes += segment->committed_addr - segment->start_addr;
    sum->used_bytes += segment->end_addr - segment->start_addr;
    if (!snapshot)
        return;
    const hgr_segment_totals *totals = hgr_snapshot_segment_totals(snapshot, index);
    sum->objects += totals->objects;
    sum->bytes += totals->bytes;
    sum->free_count += totals->free_count;
    sum->free_bytes += totals->free_bytes;
    sum->lost_bytes += segment->end_addr - segment->start_addr - totals->walked_bytes;
}

void segment_sums_by_generation(const hgr_runtime *runtime, const hgr_snapshot *snapshot,
                                segment_sum sums[HGR_GENERATIONS + 1])
{
    for (unsigned g = 0; g <= HGR_GENERATIONS; g++)
        sums[g] = (segment_sum){0};
    for (size_t i = 0; i < hgr_runtime_segments(runtime); i++) {
        unsigned generation = hgr_runtime_segment(runtime, i)->generation;
        if (generation < HGR_GENERATIONS)
            segment_sum_add(&sums[generation], runtime, snapshot, i);
        segment_sum_add(&sums[HGR_GENERATIONS], runtime, snapshot, i);
    }
}

void segment_sum_write(tool_json *json, const char *generation, const segment_sum *sum, bool walked)
{
    out_object(json, NULL);
    out_text(json, "generation", generation);
    out_u64(json, "segments", sum->segments);
    out_u64(json, "committed_bytes", sum->committed_bytes);
    out_u64(json, "used_bytes", sum->used_bytes);
    if (walked) {
        out_u64(json, "objects", sum->objects);
        out_u64(json, "bytes", sum->bytes);
        out_u64(json, "free_count", sum->free_count);
        out_u64(json, "free_bytes", sum->free_bytes);
        out_u64(json, "lost_bytes", sum->lost_bytes);
    }
    out_end_object(json);
}
