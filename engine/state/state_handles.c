/* state: the handle table and the finalization queue, each row with its object.
 *
 * Input: what clr/clr_handles.c read. Output: rows in the same order. */
#include "state.h"

#include "../base/status.h"

#define FINALIZER_RUN 0x40000000u /* in the object's header */

static hgr_result read_tables(hgr_state *state, hgr_status *status)
{
    if (state->handles_read)
        return HGR_OK;
    hgr_result result = hgr_clr_handles_read(state->runtime, state->run, &state->handles, status);
    state->handles_read = result == HGR_OK;
    return result;
}

hgr_result hgr_state_handles(hgr_state *state, const hgr_handle_row **out, size_t *out_count,
                             uint64_t *out_bad, hgr_status *status)
{
    hgr_handle_row *rows = NULL;
    hgr_result result = read_tables(state, status);
    if (result == HGR_OK && !state->handle_rows)
        result =
            hgr_alloc(state->run, state->handles.count, sizeof *rows, "handles", &rows, status);
    for (size_t i = 0; rows && result == HGR_OK && i < state->handles.count; i++) {
        rows[i].handle = state->handles.handles[i];
        result = hgr_state_object(state, rows[i].handle.object_addr, &rows[i].object, status);
        if (result == HGR_OK && rows[i].handle.dependent_addr)
            result =
                hgr_state_object(state, rows[i].handle.dependent_addr, &rows[i].dependent, status);
    }
    if (result != HGR_OK) {
        hgr_free(rows);
        return result;
    }
    if (rows)
        state->handle_rows = rows;
    *out = state->handle_rows;
    *out_count = state->handles.count;
    *out_bad = state->handles.bad;
    return HGR_OK;
}

hgr_result hgr_state_finalizable(hgr_state *state, const hgr_finalizable **out, size_t *out_count,
                                 hgr_status *status)
{
    hgr_finalizable *rows = NULL;
    hgr_result result = read_tables(state, status);
    const hgr_clr_handles *queue = &state->handles;
    if (result == HGR_OK && !state->finalizable)
        result = hgr_alloc(state->run, queue->nfinalizable, sizeof *rows, "finalization queue",
                           &rows, status);
    for (size_t i = 0; rows && result == HGR_OK && i < queue->nfinalizable; i++) {
        uint32_t header;
        result = hgr_state_object(state, queue->finalizable[i], &rows[i].object, status);
        rows[i].ready = i >= queue->nregistered;
        rows[i].suppressed = rows[i].object.type &&
                             hgr_state_header(state, rows[i].object.addr, &header) &&
                             (header & FINALIZER_RUN) != 0;
    }
    if (result != HGR_OK) {
        hgr_free(rows);
        return result;
    }
    if (rows)
        state->finalizable = rows;
    *out = state->finalizable;
    *out_count = queue->nfinalizable;
    return HGR_OK;
}
