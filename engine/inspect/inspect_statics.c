/* inspect: static fields, where they lie and what they hold. */
#include "inspector.h"

#include "../base/status.h"
#include "../clr/clr_modules.h"
#include "../clr/method_table.h"

/* One type's statics being visited. */
typedef struct walk {
    hgr_inspector *inspector;
    const hgr_type *type;
    hgr_clr_static_bases bases;
    hgr_static_fn visit;
    void *user;
    bool ended;
} walk;

/* The value in the slot; a structure lies in a box, to which the slot refers. */
static hgr_value value_in(hgr_inspector *inspector, const hgr_field *field, uint64_t slot_addr)
{
    uint64_t at = slot_addr, box;
    if (at != 0 && field->element == HGR_IS_STRUCT && !field->is_rva)
        at = hgr_space_ptr(inspector->runtime->space, at, &box) && box != 0
                 ? box + hgr_inspector_word(inspector)
                 : 0;
    return hgr_value_read(inspector, at, field->element, field->type_mt, field->type_name);
}

static void give(walk *w, const hgr_field *field, uint64_t slot_addr, uint32_t thread_os_id)
{
    hgr_static found = {
        .type = w->type,
        .field = field,
        .value = value_in(w->inspector, field, slot_addr),
        .slot_addr = slot_addr,
        .thread_os_id = thread_os_id,
        .is_initialised = w->bases.is_initialised,
    };
    if (!w->visit(w->user, &found))
        w->ended = true;
}

/* The name, offset and kinds that clr asks about a field. */
static hgr_clr_field as_clr(const hgr_field *field)
{
    return (hgr_clr_field){
        .name = field->name,
        .class_mt = field->class_mt,
        .offset = field->offset,
        .element_type = (uint8_t)field->element, /* was one */
        .is_static = true,
        .is_thread_static = field->is_thread_static,
        .is_rva = field->is_rva,
    };
}

static void give_in_threads(walk *w, const hgr_field *field)
{
    const hgr_runtime *runtime = w->inspector->runtime;
    hgr_clr_field clr = as_clr(field);
    for (size_t i = 0; i < runtime->nthreads && !w->ended; i++) {
        const hgr_clr_thread *thread = &runtime->threads[i];
        uint64_t addr = hgr_clr_thread_static_addr(runtime, field->class_mt, &clr, thread);
        if (addr != 0)
            give(w, field, addr, thread->os_id);
    }
}

static void give_once(walk *w, const hgr_field *field)
{
    bool references = field->element == HGR_IS_REFERENCE || field->element == HGR_IS_STRUCT;
    uint64_t addr;
    if (field->is_rva) {
        hgr_clr_field clr = as_clr(field);
        addr = hgr_clr_rva_static_addr(w->inspector->names, field->class_mt, &clr);
    } else {
        uint64_t base = references ? w->bases.gc_addr : w->bases.plain_addr;
        addr = base ? base + field->offset : 0;
    }
    give(w, field, addr, 0);
}

static hgr_result visit_type(walk *w, const hgr_type *type, hgr_status *status)
{
    const hgr_field *fields;
    size_t count;
    hgr_result result = hgr_type_fields(w->inspector, type, &fields, &count, status);
    if (result != HGR_OK)
        return result;
    w->type = type;
    w->bases = hgr_clr_static_bases_of(w->inspector->runtime, type->method_table_addr);
    for (size_t i = 0; i < count && !w->ended; i++) {
        if (fields[i].is_thread_static)
            give_in_threads(w, &fields[i]);
        else if (fields[i].is_static)
            give_once(w, &fields[i]);
    }
    return HGR_OK;
}

hgr_result hgr_type_statics(hgr_inspector *inspector, const hgr_type *type, hgr_static_fn visit,
                            void *user, hgr_status *status)
{
    walk w = {.inspector = inspector, .visit = visit, .user = user};
    return visit_type(&w, type, status);
}

/* Most types have no statics, and their class says so: cheaper than reading their fields. */
static bool has_statics(const hgr_runtime *runtime, uint64_t addr)
{
    hgr_method_table mt;
    hgr_class_counts counts;
    return hgr_method_table_read(runtime, addr, &mt) && !hgr_method_table_is_array(&mt) &&
           hgr_method_table_generics(&mt) != HGR_MT_GENERIC_OPEN &&
           hgr_class_counts_read(runtime, hgr_method_table_class(runtime, &mt), &counts) &&
           counts.static_fields > 0;
}

hgr_result hgr_inspect_statics(hgr_inspector *inspector, hgr_static_fn visit, void *user,
                               hgr_status *status)
{
    walk w = {.inspector = inspector, .visit = visit, .user = user};
    uint64_t *types = NULL;
    size_t ntypes = 0;
    hgr_result result =
        hgr_clr_loaded_types(inspector->runtime, inspector->run, &types, &ntypes, status);
    for (size_t i = 0; i < ntypes && result == HGR_OK && !w.ended; i++) {
        const hgr_type *type = NULL;
        if (!has_statics(inspector->runtime, types[i]))
            continue;
        result = hgr_inspect_type(inspector, types[i], &type, status);
        if (result == HGR_OK)
            result = visit_type(&w, type, status);
        else if (result == HGR_NOT_FOUND)
            result = HGR_OK;
    }
    hgr_free(types);
    return result;
}
