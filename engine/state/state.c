/* state: create and free; objects, values and texts by way of the inspector. */
#include "state.h"

#include <string.h>

#include "../base/status.h"
#include "../clr/clr_open.h"

hgr_result hgr_state_create(const hgr_runtime *runtime, const hgr_run *run, hgr_state **out,
                            hgr_status *status)
{
    hgr_state *state = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *state, "state", &state, status);
    if (result != HGR_OK)
        return result;
    state->run = run;
    state->runtime = runtime;
    state->space = runtime->space;
    hgr_arena_init(&state->arena, run);
    result = hgr_inspector_create(runtime, run, &state->inspector, status);
    if (result == HGR_OK)
        *out = state;
    else
        hgr_state_free(state);
    return result;
}

void hgr_state_free(hgr_state *state)
{
    if (!state)
        return;
    hgr_free(state->thrown);
    hgr_free(state->exceptions);
    hgr_free(state->memory);
    hgr_state_pool_free(state->pool);
    hgr_state_domain_free(state->domain);
    hgr_state_locks_free(state->locks);
    hgr_free(state->threads);
    hgr_free(state->finalizable);
    hgr_free(state->handle_rows);
    hgr_clr_handles_fini(&state->handles);
    hgr_inspector_free(state->inspector);
    hgr_arena_fini(&state->arena);
    hgr_free(state);
}

hgr_inspector *hgr_state_inspector(const hgr_state *state)
{
    return state->inspector;
}

hgr_result hgr_state_object(hgr_state *state, uint64_t addr, hgr_object *out, hgr_status *status)
{
    const hgr_segment *segment = hgr_clr_segment_at(state->runtime, addr);
    hgr_result result = hgr_inspect_object(state->inspector, addr, out, status);
    if (result != HGR_NOT_FOUND)
        return result;
    *out =
        (hgr_object){.addr = addr,
                     .generation = segment ? (hgr_generation)segment->generation : HGR_GENERATIONS};
    return HGR_OK;
}

bool hgr_state_has_object(hgr_state *state, uint64_t addr, hgr_object *out)
{
    hgr_result result = hgr_inspect_object(state->inspector, addr, out, NULL);
    state->no_memory |= result == HGR_NO_MEMORY;
    return result == HGR_OK;
}

const hgr_type *hgr_state_parent(hgr_state *state, const hgr_type *type)
{
    const hgr_type *parent = NULL;
    if (type->parent_addr == 0)
        return NULL;
    hgr_result result = hgr_inspect_type(state->inspector, type->parent_addr, &parent, NULL);
    state->no_memory |= result == HGR_NO_MEMORY;
    return result == HGR_OK ? parent : NULL;
}

bool hgr_state_header(const hgr_state *state, uint64_t object_addr, uint32_t *out)
{
    return object_addr > 4 && hgr_space_u32(state->space, object_addr - 4, out);
}

bool hgr_state_value(hgr_state *state, const hgr_object *object, const char *field, uint64_t *out)
{
    const hgr_field *fields, *found;
    size_t count;
    if (!object->type)
        return false;
    if (hgr_type_fields(state->inspector, object->type, &fields, &count, NULL) != HGR_OK) {
        state->no_memory = true;
        return false;
    }
    found = hgr_type_field(state->inspector, object->type, field);
    if (!found || found->element == HGR_IS_STRUCT)
        return false;
    hgr_value value = hgr_value_read(state->inspector, object->addr + found->offset, found->element,
                                     found->type_mt, found->type_name);
    if (value.present)
        *out = value.bits;
    return value.present;
}

hgr_result hgr_state_settle(hgr_state *state, hgr_result result, hgr_status *status)
{
    bool failed = state->no_memory;
    state->no_memory = false;
    return result == HGR_OK && failed
               ? hgr_fail(status, HGR_NO_MEMORY, "fields of a type: out of memory")
               : result;
}

hgr_result hgr_state_text(hgr_state *state, uint64_t string_addr, uint32_t max, const char **out,
                          hgr_status *status)
{
    char *buffer;
    hgr_object string;
    *out = NULL;
    hgr_result result = hgr_state_object(state, string_addr, &string, status);
    if (result != HGR_OK || !string.type || string.type->kind != HGR_TYPE_STRING)
        return result;
    uint64_t chars = string.length < max ? string.length : max;
    result = hgr_alloc(state->run, (size_t)chars * 3 + 1, 1, "text", &buffer, status);
    if (result != HGR_OK)
        return result;
    if (hgr_string_text(state->inspector, &string, 0, max, buffer, (size_t)chars * 3 + 1) !=
        SIZE_MAX) {
        *out = hgr_arena_text(&state->arena, buffer, strlen(buffer), status);
        result = *out ? HGR_OK : HGR_NO_MEMORY;
    }
    hgr_free(buffer);
    return result;
}
