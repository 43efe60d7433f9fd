/* inspect: the reader of objects, made and freed. */
#include "inspector.h"

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
    hgr_map_init(&inspector->type_index, run);
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
    hgr_free(inspector->types);
    hgr_map_fini(&inspector->type_index);
    hgr_clr_names_free(inspector->names);
    hgr_clr_types_free(inspector->shapes);
    hgr_text_fini(&inspector->text);
    hgr_arena_fini(&inspector->arena);
    hgr_free(inspector);
}
