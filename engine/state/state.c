/* state: create and free; objects as the runtime's tables name them.
 *
 * Input: an address out of some table. Output: type, bytes, generation. An object is believed when
 * its first word (marks cleared) is a method table and it lies in a segment: nothing is walked. */
#include "state.h"

#include <string.h>

#include "../base/status.h"
#include "../clr/clr_open.h"
#include "../clr/method_table.h"

#define MAX_BASES 64 /* of one class that is asked for a field */

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
    hgr_map_init(&state->type_index, run);
    result = hgr_clr_types_create(runtime, run, &state->types, status);
    if (result == HGR_OK)
        result = hgr_clr_names_create(runtime, run, &state->names, status);
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
    hgr_free(state->finalizable);
    hgr_free(state->handle_rows);
    hgr_clr_handles_fini(&state->handles);
    hgr_free(state->type_names);
    hgr_map_fini(&state->type_index);
    hgr_clr_names_free(state->names);
    hgr_clr_types_free(state->types);
    hgr_arena_fini(&state->arena);
    hgr_free(state);
}

static hgr_result add_type_name(hgr_state *state, uint64_t mt, const char **out, hgr_status *status)
{
    hgr_text text;
    hgr_text_init(&text, state->run);
    (void)hgr_clr_type_name(state->names, mt, &text); /* without metadata its address is its name */
    hgr_result result = HGR_OK;
    if (text.failed)
        result = hgr_fail(status, HGR_NO_MEMORY, "type name: out of memory");
    if (result == HGR_OK)
        result = hgr_grow(state->run, &state->type_names, &state->types_capacity, state->ntypes + 1,
                          UINT32_MAX - 1, sizeof *state->type_names, "type names", status);
    if (result == HGR_OK)
        result = hgr_map_put(&state->type_index, mt, (uint32_t)state->ntypes, status);
    if (result == HGR_OK) {
        *out = hgr_arena_text(&state->arena, hgr_text_get(&text), text.len, status);
        state->type_names[state->ntypes++] = *out ? *out : "";
        result = *out ? HGR_OK : HGR_NO_MEMORY;
    }
    hgr_text_fini(&text);
    return result;
}

hgr_result hgr_state_type_name(hgr_state *state, uint64_t method_table_addr, const char **out,
                               hgr_status *status)
{
    uint32_t known = hgr_map_get(&state->type_index, method_table_addr);
    if (known == HGR_MAP_NONE)
        return add_type_name(state, method_table_addr, out, status);
    *out = state->type_names[known];
    return HGR_OK;
}

/* Bytes of an object of this type; false when its length is not in the dump. */
static bool object_bytes(const hgr_state *state, uint64_t addr, const hgr_method_table *mt,
                         uint64_t *out)
{
    uint32_t p = state->space->pointer_size, length = 0;
    if (mt->component_size && !hgr_space_u32(state->space, addr + p, &length))
        return false;
    uint64_t bytes = mt->base_size + (uint64_t)mt->component_size * length; /* < 2^49 */
    *out = bytes < 3 * p ? 3 * p : bytes;
    return true;
}

hgr_result hgr_state_object(hgr_state *state, uint64_t addr, hgr_object_row *out,
                            hgr_status *status)
{
    uint32_t p = state->space->pointer_size;
    uint64_t word;
    hgr_method_table mt;
    const hgr_segment *segment = hgr_clr_segment_at(state->runtime, addr);
    *out = (hgr_object_row){.addr = addr, .generation = HGR_GENERATIONS};
    if (!segment || addr % p != 0 || !hgr_space_ptr(state->space, addr, &word))
        return HGR_OK;
    out->generation = (hgr_generation)segment->generation;
    word &= ~(uint64_t)(p - 1);
    if (!hgr_clr_is_method_table(state->types, word) || word == state->runtime->free_mt ||
        !hgr_method_table_read(state->runtime, word, &mt) ||
        !object_bytes(state, addr, &mt, &out->bytes) || out->bytes > segment->end_addr - addr)
        return HGR_OK;
    out->method_table_addr = word;
    return hgr_state_type_name(state, word, &out->type, status);
}

bool hgr_state_header(const hgr_state *state, uint64_t object_addr, uint32_t *out)
{
    return object_addr > 4 && hgr_space_u32(state->space, object_addr - 4, out);
}

bool hgr_state_field(hgr_state *state, uint64_t method_table_addr, const char *name,
                     hgr_clr_field *out)
{
    hgr_method_table mt;
    uint64_t addr = method_table_addr;
    for (int base = 0; base < MAX_BASES && hgr_method_table_read(state->runtime, addr, &mt);
         base++, addr = mt.parent_addr) {
        const hgr_clr_field *fields;
        size_t count;
        if (hgr_clr_type_fields(state->names, addr, &fields, &count, NULL) != HGR_OK)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (fields[i].is_static || strcmp(fields[i].name, name) != 0)
                continue;
            *out = fields[i];
            return true;
        }
    }
    return false;
}

/* Bytes of a field by ELEMENT_TYPE; 0 = no plain number. */
static uint32_t field_bytes(uint8_t element, uint32_t pointer_size)
{
    static const uint8_t bytes[14] = {0, 0, 1, 2, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    if (element < sizeof bytes)
        return bytes[element];
    return element == HGR_ELEMENT_VALUE_TYPE ? 0 : pointer_size;
}

bool hgr_state_value(hgr_state *state, const hgr_object_row *object, const char *field,
                     uint64_t *out)
{
    hgr_clr_field found;
    uint64_t value = 0;
    if (!object->type || !hgr_state_field(state, object->method_table_addr, field, &found))
        return false;
    uint32_t bytes = field_bytes(found.element_type, state->space->pointer_size);
    if (bytes == 0 || !hgr_space_read(state->space, object->addr + found.offset, &value, bytes))
        return false;
    *out = value;
    return true;
}
