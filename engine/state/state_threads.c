/* state: the runtime's threads, each with its name. */
#include "state.h"

#define NAME_MAX_CHARS 256

/* The managed Thread object's _name (m_Name before 3.0); "" when there is none. */
static hgr_result read_name(hgr_state *state, uint64_t object_addr, const char **out,
                            hgr_status *status)
{
    hgr_object object;
    uint64_t addr = 0;
    *out = "";
    hgr_result result = hgr_state_object(state, object_addr, &object, status);
    if (result != HGR_OK || (!hgr_state_value(state, &object, "_name", &addr) &&
                             !hgr_state_value(state, &object, "m_Name", &addr)))
        return result;
    result = hgr_state_text(state, addr, NAME_MAX_CHARS, out, status);
    if (!*out)
        *out = "";
    return result;
}

hgr_result hgr_state_threads(hgr_state *state, const hgr_thread_row **out, size_t *out_count,
                             hgr_status *status)
{
    const hgr_runtime *runtime = state->runtime;
    hgr_thread_row *rows = NULL;
    hgr_result result = HGR_OK;
    if (!state->threads)
        result = hgr_alloc(state->run, runtime->nthreads, sizeof *rows, "threads", &rows, status);
    for (size_t i = 0; rows && result == HGR_OK && i < runtime->nthreads; i++) {
        const hgr_clr_thread *from = &runtime->threads[i];
        rows[i] = (hgr_thread_row){.thread_addr = from->thread_addr,
                                   .managed_id = from->id,
                                   .os_id = from->os_id,
                                   .object_addr = from->exposed_object_addr};
        result = read_name(state, from->exposed_object_addr, &rows[i].name, status);
    }
    result = hgr_state_settle(state, result, status);
    if (result != HGR_OK) {
        hgr_free(rows);
        return result;
    }
    if (rows)
        state->threads = rows;
    *out = state->threads;
    *out_count = runtime->nthreads;
    return HGR_OK;
}
