/* inspect: the reader of objects, made and freed. */
#include "inspector.h"

#include "../clr/clr_code.h"

hgr_result hgr_inspector_create(const hgr_runtime *runtime, const hgr_run *run, hgr_inspector **out,
                                hgr_status *status)
{
    hgr_inspector *inspector = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *inspector, "inspector", &inspector, status);
    if (result != HGR_OK)
        return result;
    inspector->runtime = runtime;
    inspector->run = run;
    hgr_arena_init(&inspector->arena, run);
    hgr_text_init(&inspector->text, run);
    hgr_text_init(&inspector->value_text, run);
    hgr_map_init(&inspector->type_index, run);
    hgr_map_init(&inspector->field_index, run);
    result = hgr_clr_types_create(runtime, run, &inspector->shapes, status);
    if (result == HGR_OK)
        result = hgr_clr_names_create(runtime, run, &inspector->names, status);
    if (result == HGR_OK)
        *out = inspector;
    else
        hgr_inspector_free(inspector);
    return result;
}

void hgr_inspector_free(hgr_inspector *inspector)
{
    if (!inspector)
        return;
    hgr_type_names_free(inspector->type_names);
    hgr_clr_codes_free(inspector->codes);
    hgr_clr_handles_fini(&inspector->handles);
    hgr_free(inspector->types);
    hgr_map_fini(&inspector->field_index);
    hgr_map_fini(&inspector->type_index);
    hgr_clr_names_free(inspector->names);
    hgr_clr_types_free(inspector->shapes);
    hgr_text_fini(&inspector->value_text);
    hgr_text_fini(&inspector->text);
    hgr_arena_fini(&inspector->arena);
    hgr_free(inspector);
}

const hgr_handle *hgr_inspector_handle(hgr_inspector *inspector, uint64_t slot_addr)
{
    hgr_clr_handles *handles = &inspector->handles;
    size_t low = 0, high;
    if (!inspector->has_handles &&
        hgr_clr_handles_read(inspector->runtime, inspector->run, handles, NULL) != HGR_OK)
        return NULL;
    inspector->has_handles = true;
    for (high = handles->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (handles->handles[middle].slot_addr < slot_addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < handles->count && handles->handles[low].slot_addr == slot_addr
               ? &handles->handles[low]
               : NULL;
}
