/* clr: own fields of a type, with names and types.
 *
 * Input: a method table. Output: hgr_clr_field per FieldDesc, in the order of the list, kept with
 * names. Names and signatures come from the Field rows of the defining module; type variables of a
 * generic instance stand for its own arguments. */
#include <stdio.h>

#include "../base/status.h"
#include "clr_names.h"
#include "clr_resolve.h"
#include "clr_statics.h"

static const char *field_name(hgr_clr_names *names, const hgr_clr_module *module, uint32_t rid,
                              hgr_status *status)
{
    const char *name;
    size_t len;
    char number[32];
    if (module && module->has_metadata &&
        hgr_metadata_string(&module->metadata, HGR_TABLE_FIELD, rid, HGR_FIELD_NAME, &name, &len))
        return name; /* terminated, and as long-lived as the module */
    int written = snprintf(number, sizeof number, "<field 0x%x>", rid);
    return hgr_arena_text(&names->arena, number, (size_t)written, status);
}

/* The field's own type; 0 for primitives that need none and for what is not loaded. */
static hgr_result field_type(hgr_clr_names *names, const hgr_clr_context *context, uint32_t rid,
                             uint64_t *out, hgr_status *status)
{
    hgr_cursor blob;
    hgr_signature signature;
    *out = 0;
    if (!context->module || !context->module->has_metadata ||
        !hgr_metadata_blob(&context->module->metadata, HGR_TABLE_FIELD, rid, HGR_FIELD_SIGNATURE,
                           &blob) ||
        hgr_signature_field(&blob, &signature, NULL) != HGR_OK)
        return HGR_OK;
    return hgr_clr_resolve(names, context, &signature, out, status);
}

static hgr_result read_field(hgr_clr_names *names, const hgr_clr_context *context,
                             const hgr_field_desc *desc, hgr_clr_field *out, hgr_status *status)
{
    *out = (hgr_clr_field){
        .name = field_name(names, context->module, desc->rid, status),
        .class_mt = desc->class_mt,
        .offset = desc->offset + (desc->is_static ? 0 : names->runtime->space->pointer_size),
        .rid = desc->rid,
        .element_type = desc->element,
        .is_static = desc->is_static,
        .is_thread_static = desc->is_thread_static,
        .is_rva = desc->is_rva,
    };
    return out->name ? field_type(names, context, desc->rid, &out->type_mt, status) : HGR_NO_MEMORY;
}

/* The index-th FieldDesc; the statics of a generic instance may have offsets of their own. */
static bool read_desc(const hgr_runtime *runtime, const hgr_method_table *mt,
                      const hgr_field_list *list, uint32_t index, hgr_field_desc *out)
{
    uint32_t instance = list->count - list->counts.static_fields;
    hgr_field_list own = *list;
    if (index < instance || !hgr_clr_own_static_list(runtime, mt, &own))
        return hgr_field_desc_read(runtime, list, index, out);
    return hgr_field_desc_read(runtime, &own, index - instance, out);
}

static hgr_result read_fields(hgr_clr_names *names, uint64_t method_table_addr,
                              hgr_clr_own_fields *out, hgr_status *status)
{
    const hgr_runtime *runtime = names->runtime;
    hgr_method_table mt;
    hgr_field_list list;
    *out = (hgr_clr_own_fields){0};
    if (!hgr_method_table_read(runtime, method_table_addr, &mt) ||
        !hgr_field_list_read(runtime, &mt, &list) || list.count == 0)
        return HGR_OK;
    hgr_clr_context context = {0};
    hgr_result result = hgr_clr_modules_get(&names->modules, hgr_method_table_module(runtime, &mt),
                                            &context.module, status);
    if (result != HGR_OK)
        return result;
    context.arguments_addr = hgr_method_table_arguments(runtime, &mt, &context.narguments);
    hgr_clr_field *fields = hgr_arena_alloc(&names->arena, list.count * sizeof *fields, status);
    if (!fields)
        return HGR_NO_MEMORY;
    uint32_t kept = 0;
    hgr_field_desc desc;
    for (; kept < list.count && read_desc(runtime, &mt, &list, kept, &desc); kept++) {
        result = read_field(names, &context, &desc, &fields[kept], status);
        if (result != HGR_OK)
            return result;
    }
    *out = (hgr_clr_own_fields){fields, kept};
    return HGR_OK;
}

hgr_result hgr_clr_type_fields(hgr_clr_names *names, uint64_t method_table_addr,
                               const hgr_clr_field **out, size_t *out_count, hgr_status *status)
{
    uint32_t known = hgr_map_get(&names->field_index, method_table_addr);
    if (known == HGR_MAP_NONE && method_table_addr != 0) {
        hgr_clr_own_fields own;
        hgr_result result = read_fields(names, method_table_addr, &own, status);
        if (result == HGR_OK)
            result = hgr_grow(names->run, &names->fields, &names->fields_capacity,
                              names->nfields + 1, HGR_CLR_MAX_TYPES, sizeof own, "fields", status);
        if (result == HGR_OK)
            result = hgr_map_put(&names->field_index, method_table_addr, (uint32_t)names->nfields,
                                 status);
        if (result != HGR_OK)
            return result;
        known = (uint32_t)names->nfields; /* < HGR_CLR_MAX_TYPES */
        names->fields[names->nfields++] = own;
    }
    bool none = known == HGR_MAP_NONE;
    *out = none ? NULL : names->fields[known].fields;
    *out_count = none ? 0 : names->fields[known].count;
    return HGR_OK;
}
