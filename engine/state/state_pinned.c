/* state: free space in front of an object.
 *
 * Objects lie side by side, so what is between two of them is Free, or an allocation context, which
 * the walk jumps over. */
#include "state.h"

#include "../clr/clr_open.h"

/* Bytes of [start, end) that are allocation contexts. */
static uint64_t gap_bytes(const hgr_runtime *runtime, uint64_t start, uint64_t end)
{
    size_t low = 0, high = runtime->ngaps;
    uint64_t bytes = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runtime->gaps[middle].end_addr > start)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = low; i < runtime->ngaps && runtime->gaps[i].start_addr < end; i++) {
        uint64_t from = runtime->gaps[i].start_addr > start ? runtime->gaps[i].start_addr : start;
        uint64_t to = runtime->gaps[i].end_addr < end ? runtime->gaps[i].end_addr : end;
        bytes += to > from ? to - from : 0;
    }
    return bytes;
}

uint64_t hgr_state_free_before(const hgr_state *state, const hgr_snapshot *snapshot, uint64_t addr)
{
    uint64_t pointer = state->space->pointer_size;
    const hgr_segment *segment = hgr_clr_segment_at(state->runtime, addr);
    hgr_node node = hgr_node_at(snapshot, addr);
    if (!segment || node == HGR_NO_NODE)
        return 0;
    uint64_t end = segment->start_addr;
    if (node > 0 && hgr_node_address(snapshot, node - 1) >= segment->start_addr)
        end = hgr_node_address(snapshot, node - 1) + hgr_node_bytes(snapshot, node - 1);
    end = (end + pointer - 1) & ~(pointer - 1);
    return addr > end ? addr - end - gap_bytes(state->runtime, end, addr) : 0;
}
