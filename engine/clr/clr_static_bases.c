/* clr: where the static fields of a type lie.
 *
 * Input: a method table. Output: the addresses from which the offsets of its static fields count. A
 * type has two blocks, one with references only. 9, 10: both in DynamicStaticsInfo {references,
 * others, method table}, right before the method table's auxiliary data (bit 0: not initialised).
 * 8 and before: through the DomainLocalModule of the module: one block for all plain types, an
 * entry of the dynamic class table for each generic instance, which has static FieldDescs of its
 * own. */
#include "clr_statics.h"

/* 9, 10: references before the auxiliary data: {GC base, non-GC base, method table}. */
static hgr_clr_static_bases auxiliary_bases(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    uint64_t gc, plain;
    uint32_t word = runtime->space->pointer_size;
    if (!(mt->flags2 & HGR_MT_DYNAMIC_STATICS) || mt->auxiliary_addr < 3u * word ||
        !hgr_space_ptr(runtime->space, mt->auxiliary_addr - 3u * word, &gc) ||
        !hgr_space_ptr(runtime->space, mt->auxiliary_addr - 2u * word, &plain))
        return (hgr_clr_static_bases){0};
    return (hgr_clr_static_bases){gc & ~UINT64_C(1), plain & ~UINT64_C(1), ((gc | plain) & 1) == 0};
}

/* 8: DomainLocalModule {.., dynamic table, u32 its size, .., GC block} of a module. */
static uint64_t local_module(const hgr_runtime *runtime, uint64_t module)
{
    uint64_t local;
    if (module == 0 || runtime->layout.module_local_module == HGR_NO_OFFSET ||
        !hgr_space_ptr(runtime->space, module + runtime->layout.module_local_module, &local))
        return 0;
    return local;
}

/* 8: entry `id` of a module's dynamic class table: {references, other fields..}. */
static hgr_clr_static_bases dynamic_bases(const hgr_runtime *runtime, uint64_t module, uint32_t id)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size, size;
    uint64_t local = local_module(runtime, module), table, entry, base;
    if (local == 0 || !hgr_space_ptr(space, local + word, &table) ||
        !hgr_space_u32(space, local + 2 * word, &size) || table == 0 || id >= size ||
        !hgr_space_ptr(space, table + 2 * (uint64_t)word * id, &entry) || entry == 0 ||
        !hgr_space_ptr(space, entry, &base))
        return (hgr_clr_static_bases){0};
    return (hgr_clr_static_bases){base, entry, true};
}

bool hgr_clr_own_static_list(const hgr_runtime *runtime, const hgr_method_table *mt,
                             hgr_field_list *list)
{
    uint64_t info = hgr_method_table_generic_statics(runtime, mt);
    if (info == 0 || !hgr_clr_link(runtime, info, &list->addr))
        return false;
    list->count = list->counts.static_fields;
    return true;
}

/* 8: statics of a generic instance; *list becomes its own static FieldDescs. */
static hgr_clr_static_bases generic_bases(const hgr_runtime *runtime, const hgr_method_table *mt,
                                          hgr_field_list *list)
{
    uint64_t info = hgr_method_table_generic_statics(runtime, mt);
    uint32_t id;
    if (!hgr_clr_own_static_list(runtime, mt, list) ||
        !hgr_space_u32(runtime->space, info + runtime->space->pointer_size, &id))
        return (hgr_clr_static_bases){0};
    return dynamic_bases(runtime, hgr_method_table_loader_module(runtime, mt), id);
}

/* 8: statics of a type made by Reflection.Emit. Those of a collectible one hang on its
 * LoaderAllocator. */
static hgr_clr_static_bases emitted_bases(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint64_t class_addr = hgr_method_table_class(runtime, mt), optional;
    uint32_t id;
    if (class_addr == 0 || (mt->flags & layout->mt_collectible_flag) ||
        !hgr_space_ptr(runtime->space, class_addr + layout->class_optional, &optional) ||
        optional == 0 ||
        !hgr_space_u32(runtime->space, optional + layout->optional_dynamic_id, &id))
        return (hgr_clr_static_bases){0};
    return dynamic_bases(runtime, hgr_method_table_module(runtime, mt), id);
}

static hgr_clr_static_bases local_bases(const hgr_runtime *runtime, const hgr_method_table *mt,
                                        hgr_field_list *list)
{
    if (hgr_method_table_generics(mt))
        return generic_bases(runtime, mt, list);
    if (hgr_method_table_is_dynamic_class(mt))
        return emitted_bases(runtime, mt);
    uint64_t local = local_module(runtime, hgr_method_table_module(runtime, mt)), base;
    if (local == 0 ||
        !hgr_space_ptr(runtime->space, local + 4 * runtime->space->pointer_size, &base))
        return (hgr_clr_static_bases){0};
    return (hgr_clr_static_bases){base, local, true};
}

bool hgr_clr_may_have_statics(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    return !hgr_method_table_is_array(mt) && hgr_method_table_generics(mt) != HGR_MT_GENERIC_OPEN &&
           (runtime->layout.statics != HGR_STATICS_AUXILIARY ||
            (mt->flags2 & HGR_MT_DYNAMIC_STATICS));
}

hgr_clr_static_bases hgr_clr_static_bases_read(const hgr_runtime *runtime,
                                               const hgr_method_table *mt, hgr_field_list *list)
{
    return runtime->layout.statics == HGR_STATICS_AUXILIARY ? auxiliary_bases(runtime, mt)
                                                            : local_bases(runtime, mt, list);
}

hgr_clr_static_bases hgr_clr_static_bases_of(const hgr_runtime *runtime, uint64_t method_table_addr)
{
    hgr_method_table mt;
    hgr_field_list list = {0};
    if (!hgr_method_table_read(runtime, method_table_addr, &mt) ||
        !hgr_clr_may_have_statics(runtime, &mt))
        return (hgr_clr_static_bases){0};
    return hgr_clr_static_bases_read(runtime, &mt, &list);
}

uint64_t hgr_clr_rva_static_addr(hgr_clr_names *names, uint64_t method_table_addr,
                                 const hgr_clr_field *field)
{
    hgr_method_table mt;
    hgr_clr_module *module = NULL;
    uint64_t addr;
    if (!field->is_rva || !hgr_method_table_read(names->runtime, method_table_addr, &mt) ||
        hgr_clr_modules_get(&names->modules, hgr_method_table_module(names->runtime, &mt), &module,
                            NULL) != HGR_OK ||
        !module || module->base_addr == 0 ||
        !hgr_metadata_rva(names->runtime->space, module->base_addr, field->offset, &addr))
        return 0;
    return addr;
}
