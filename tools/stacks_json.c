/* tools: the members of threads, frames and their references. */
#include "stacks_json.h"

static void write_thread(tool_json *json, const hgr_stacks *stacks,
                         const hgr_managed_thread *thread)
{
    const hgr_stack_frame *own = stack_own_frame(stacks, thread);
    out_u64(json, "id", thread->id);
    out_u64(json, "os_id", thread->os_id);
    if (thread->name)
        out_text(json, "name", thread->name);
    out_address(json, "thread_address", thread->thread_addr);
    out_address(json, "object", thread->object_addr);
    out_u64(json, "state_bits", thread->state);
    out_bool(json, "dead", thread->is_dead);
    out_bool(json, "unstarted", thread->is_unstarted);
    out_bool(json, "background", thread->is_background);
    out_bool(json, "pool_worker", thread->is_pool_worker);
    out_bool(json, "finalizer", thread->is_finalizer);
    out_text(json, "gc_mode", thread->is_cooperative ? "cooperative" : "preemptive");
    if (thread->exception_addr) {
        out_object(json, "last_exception");
        out_address(json, "object", thread->exception_addr);
        out_text(json, "type", thread->exception_type);
        out_end_object(json);
    }
    if (thread->wait != HGR_WAIT_NONE) {
        out_object(json, "wait");
        out_text(json, "kind", hgr_wait_kind_name(thread->wait));
        out_address(json, "object", thread->wait_addr);
        out_text(json, "type", thread->wait_type);
        out_i64(json, "timeout_ms", thread->wait_timeout_ms);
        out_end_object(json);
    }
    out_text(json, "stack", hgr_stack_end_name(thread->end));
    if (own)
        out_text(json, "stands_in", own->method);
}

void threads_json_write(tool_session *session, const uint64_t *retained)
{
    tool_json *json = &session->json;
    uint64_t top = session_top(session, true);
    out_array(json, "threads");
    for (size_t i = 0; i < hgr_stacks_threads(session->stacks) && i < top; i++) {
        out_object(json, NULL);
        write_thread(json, session->stacks, hgr_stacks_thread(session->stacks, i));
        if (retained)
            out_u64(json, "retained_bytes", retained[i]);
        out_end_object(json);
    }
    out_end_array(json);
}

/* ---- stacks ---- */

static void write_roots(tool_session *session, hgr_inspector *inspector,
                        const hgr_stack_frame *frame)
{
    tool_json *json = &session->json;
    out_array(json, "references");
    for (size_t r = 0; r < frame->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(session->stacks, frame->first_root + r);
        hgr_object object;
        out_object(json, NULL);
        out_address(json, "value", root->value);
        out_text(json, "place", root->place);
        if (root->slot_addr)
            out_address(json, "slot", root->slot_addr);
        out_bool(json, "interior", root->interior);
        out_bool(json, "pinned", root->pinned);
        if (hgr_inspect_object(inspector, root->value, &object, NULL) == HGR_OK)
            out_text(json, "type", object.type->name);
        out_end_object(json);
    }
    out_end_array(json);
}

static void write_frame(tool_session *session, hgr_inspector *inspector,
                        const hgr_stack_frame *frame, bool single)
{
    tool_json *json = &session->json;
    out_object(json, NULL);
    out_text(json, "kind", hgr_frame_kind_name(frame->kind));
    if (frame->method)
        out_text(json, "method", frame->method);
    out_text(json, "module", frame->module);
    if (frame->kind != HGR_FRAME_MANAGED)
        out_u64(json, "module_offset", frame->module_offset);
    if (single) {
        out_address(json, "sp", frame->sp);
        out_address(json, "ip", frame->ip);
        out_bool(json, "funclet", frame->is_funclet);
        out_text(json, "reached_by", hgr_frame_reached_name(frame->reached));
        out_text(json, "roots", hgr_frame_roots_name(frame->roots));
    }
    if (inspector)
        write_roots(session, inspector, frame);
    out_end_object(json);
}

static void write_group(tool_session *session, hgr_inspector *inspector, const stack_group *group,
                        const stack_filter *filter)
{
    tool_json *json = &session->json;
    const hgr_managed_thread *first = hgr_stacks_thread(session->stacks, group->threads[0]);
    out_object(json, NULL);
    out_array(json, "threads");
    for (size_t i = 0; i < group->count; i++) {
        const hgr_managed_thread *thread = hgr_stacks_thread(session->stacks, group->threads[i]);
        out_object(json, NULL);
        out_u64(json, "id", thread->id);
        out_u64(json, "os_id", thread->os_id);
        if (thread->name)
            out_text(json, "name", thread->name);
        out_text(json, "stack", hgr_stack_end_name(thread->end));
        out_end_object(json);
    }
    out_end_array(json);
    out_array(json, "frames");
    for (size_t f = 0; f < first->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(session->stacks, first->first_frame + f);
        if (stack_frame_shown(filter, frame))
            write_frame(session, inspector, frame, group->count == 1);
    }
    out_end_array(json);
    out_end_object(json);
}

void stacks_json_write(tool_session *session, const stack_groups *groups,
                       const stack_filter *filter, bool objects)
{
    hgr_inspector *inspector = NULL;
    uint64_t top = session_top(session, true);
    if (objects && hgr_inspector_create(session->runtime, session->run, &inspector, NULL) != HGR_OK)
        inspector = NULL; /* out of memory: without types */
    out_array(&session->json, "stacks");
    for (size_t g = 0; g < groups->count && g < top; g++)
        write_group(session, inspector, &groups->rows[g], filter);
    out_end_array(&session->json);
    hgr_inspector_free(inspector);
}
