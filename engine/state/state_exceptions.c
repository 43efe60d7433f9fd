/* state: the exception objects of the heap.
 *
 * Input: a snapshot, whose types tell which nodes are exceptions. Output: a row for each, with what
 * its fields say. */
#include "state.h"

#include "../base/status.h"

#define MAX_EXCEPTIONS    (1u << 26)
#define MAX_PARENTS       64
#define MAX_MESSAGE_CHARS 1024

bool hgr_state_is_exception(hgr_state *state, const hgr_type *type)
{
    for (int parents = 0; type && parents < MAX_PARENTS; parents++) {
        if (type->method_table_addr == state->runtime->exception_mt)
            return true;
        type = hgr_state_parent(state, type);
    }
    return false;
}

static bool count_frame(void *user, const hgr_fact *fact)
{
    uint32_t *frames = user;
    *frames += strcmp(fact->name, "at") == 0;
    return true;
}

static hgr_result read_exception(hgr_state *state, uint64_t addr, hgr_exception *out,
                                 hgr_status *status)
{
    uint64_t value = 0;
    *out = (hgr_exception){0};
    hgr_result result = hgr_state_object(state, addr, &out->object, status);
    if (result != HGR_OK || !out->object.type)
        return result;
    if (hgr_state_value(state, &out->object, "_HResult", &value))
        out->hresult = (uint32_t)value;
    if (hgr_state_value(state, &out->object, "_innerException", &value))
        out->inner_addr = value;
    if (hgr_state_value(state, &out->object, "_message", &value) && value != 0)
        result = hgr_state_text(state, value, MAX_MESSAGE_CHARS, &out->message, status);
    return result == HGR_OK
               ? hgr_object_facts(state->inspector, &out->object, count_frame, &out->frames, status)
               : result;
}

/* Which types of the snapshot are exceptions. */
static hgr_result mark_types(hgr_state *state, const hgr_snapshot *snapshot, bool **out,
                             hgr_status *status)
{
    uint32_t n = hgr_snapshot_types(snapshot);
    bool *marks = NULL;
    hgr_result result = hgr_alloc(state->run, n, sizeof *marks, "types", &marks, status);
    for (uint32_t t = 0; t < n && result == HGR_OK; t++) {
        const hgr_type *type = NULL;
        result = hgr_inspect_type(state->inspector,
                                  hgr_snapshot_type(snapshot, t)->method_table_addr, &type, status);
        if (result == HGR_OK)
            marks[t] = hgr_state_is_exception(state, type);
        else if (result == HGR_NOT_FOUND)
            result = HGR_OK;
    }
    if (result == HGR_OK)
        *out = marks;
    else
        hgr_free(marks);
    return result;
}

hgr_result hgr_state_exceptions(hgr_state *state, const hgr_snapshot *snapshot,
                                const hgr_exception **out, size_t *out_count, hgr_status *status)
{
    bool *marks = NULL;
    hgr_result result = mark_types(state, snapshot, &marks, status);
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(snapshot));
    state->nexceptions = 0;
    for (hgr_node u = 0; u < n && result == HGR_OK; u++) {
        if (u % 65536 == 0)
            result = hgr_run_check_cancel(state->run, status);
        if (result != HGR_OK || !marks[hgr_node_type(snapshot, u)])
            continue;
        result = hgr_grow(state->run, &state->exceptions, &state->exceptions_capacity,
                          state->nexceptions + 1, MAX_EXCEPTIONS, sizeof *state->exceptions,
                          "exceptions", status);
        if (result == HGR_OK)
            result = read_exception(state, hgr_node_address(snapshot, u),
                                    &state->exceptions[state->nexceptions], status);
        if (result == HGR_OK)
            state->nexceptions++;
    }
    hgr_free(marks);
    result = hgr_state_settle(state, result, status);
    if (result == HGR_OK) {
        *out = state->exceptions;
        *out_count = state->nexceptions;
    }
    return result;
}
