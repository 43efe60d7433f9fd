/* clr: what is loaded: modules of the assembly list, types of the modules' maps.
 *
 * Input: the application domain. Output: addresses, in the order in which the runtime's own
 * structures keep them. Three shapes, the same in 8, 9 and 10, in words of the target: assembly
 * list  {u32 count; block}, block = {next, u32 size, items[size]}; LookupMap      {next, table, u32
 * count, flag mask}: TypeDef row -> method table; hash of constructed types: {.., .., buckets},
 * buckets = {number, next array, heads..}, entry = {type handle, next}; 0 or an odd pointer ends a
 * chain. */
#include "clr_modules.h"
#include "method_table.h"

#include "../base/status.h"

/* A list of addresses that grows. Every slot looked at costs one of `left`, so lying counts cost
 * bounded time. */
typedef struct list {
    const hgr_run *run;
    uint64_t *items;
    size_t count, capacity;
    size_t left; /* slots that may still be looked at */
    const char *what;
} list;

static bool list_spend(list *l)
{
    return l->left > 0 && l->left--;
}

static hgr_result list_add(list *l, uint64_t value, hgr_status *status)
{
    hgr_result result = hgr_grow(l->run, &l->items, &l->capacity, l->count + 1, HGR_CLR_MAX_TYPES,
                                 sizeof *l->items, l->what, status);
    if (result == HGR_OK)
        l->items[l->count++] = value;
    return result;
}

/* The Module of one item of the assembly list, 0 when unreadable or unloaded. */
static uint64_t item_module(const hgr_runtime *runtime, uint64_t item)
{
    const hgr_clr_layout *layout = &runtime->layout;
    if (item != 0 && layout->assembly_item_indirect && !hgr_space_ptr(runtime->space, item, &item))
        return 0;
    uint64_t module;
    if (item == 0 || !hgr_space_ptr(runtime->space, item + layout->assembly_item_module, &module))
        return 0;
    return module;
}

hgr_result hgr_clr_modules_list(const hgr_runtime *runtime, const hgr_run *run, uint64_t **out,
                                size_t *out_count, hgr_status *status)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size, left;
    list modules = {.run = run, .left = HGR_CLR_MAX_MODULES, .what = "module list"};
    uint64_t at = runtime->app_domain_addr + runtime->layout.app_domain_assemblies;
    hgr_result result = HGR_OK;
    if (runtime->app_domain_addr == 0 || !hgr_space_u32(space, at, &left))
        left = 0;
    uint64_t block = at + word;
    for (uint32_t step = 0; left > 0 && block != 0 && step < HGR_CLR_MAX_CHAIN; step++) {
        uint64_t next, item;
        uint32_t size;
        if (!hgr_space_ptr(space, block, &next) || !hgr_space_u32(space, block + word, &size))
            break;
        for (uint32_t i = 0; i < size && left > 0; i++, left--) {
            if (!list_spend(&modules) ||
                !hgr_space_ptr(space, block + (2u + (uint64_t)i) * word, &item))
                goto done;
            uint64_t module = item_module(runtime, item);
            if (module != 0 && (result = list_add(&modules, module, status)) != HGR_OK)
                goto done;
        }
        block = next;
    }
done:
    if (result != HGR_OK) {
        hgr_free(modules.items);
        return result;
    }
    *out = modules.items;
    *out_count = modules.count;
    return HGR_OK;
}

/* One piece of a LookupMap. */
typedef struct map_piece {
    uint64_t next, table, mask;
    uint32_t count;
} map_piece;

static bool read_piece(const hgr_runtime *runtime, uint64_t addr, map_piece *out)
{
    uint32_t word = runtime->space->pointer_size;
    return addr != 0 && hgr_space_ptr(runtime->space, addr, &out->next) &&
           hgr_space_ptr(runtime->space, addr + word, &out->table) &&
           hgr_space_u32(runtime->space, addr + 2 * word, &out->count) &&
           hgr_space_ptr(runtime->space, addr + 3 * word, &out->mask);
}

uint64_t hgr_clr_typedef_method_table(const hgr_runtime *runtime, uint64_t module_addr,
                                      uint32_t row)
{
    uint64_t addr = module_addr + runtime->layout.module_typedef_map, value;
    map_piece piece;
    if (runtime->layout.module_typedef_map == HGR_NO_OFFSET)
        return 0;
    for (uint32_t step = 0; step < HGR_CLR_MAX_CHAIN && read_piece(runtime, addr, &piece); step++) {
        if (row < piece.count) {
            uint64_t slot = piece.table + (uint64_t)row * runtime->space->pointer_size;
            return hgr_space_ptr(runtime->space, slot, &value)
                       ? hgr_clr_list_link_value(runtime, slot, value & ~piece.mask)
                       : 0;
        }
        row -= piece.count;
        addr = piece.next;
    }
    return 0;
}

static hgr_result add_typedefs(const hgr_runtime *runtime, uint64_t module, list *types,
                               hgr_status *status)
{
    uint64_t addr = module + runtime->layout.module_typedef_map, value;
    uint32_t word = runtime->space->pointer_size;
    hgr_result result = HGR_OK;
    map_piece piece;
    for (uint32_t step = 0; step < HGR_CLR_MAX_CHAIN && read_piece(runtime, addr, &piece); step++) {
        uint64_t present = piece.table ? hgr_space_present(runtime->space, piece.table,
                                                           (uint64_t)piece.count * word)
                                       : 0;
        for (uint64_t off = 0; off + word <= present && result == HGR_OK && list_spend(types);
             off += word)
            if (hgr_space_ptr(runtime->space, piece.table + off, &value) && (value & ~piece.mask))
                result = list_add(types,
                                  hgr_clr_list_link_value(runtime, piece.table + off,
                                                     value & ~piece.mask),
                                  status);
        if (result != HGR_OK)
            return result;
        addr = piece.next;
    }
    return HGR_OK;
}

static hgr_result add_chain(const hgr_runtime *runtime, uint64_t entry, list *types,
                            hgr_status *status)
{
    uint32_t word = runtime->space->pointer_size;
    while (entry != 0 && !(entry & 1) && list_spend(types)) {
        uint64_t handle, next;
        if (!hgr_space_ptr(runtime->space, entry, &handle) ||
            !hgr_space_ptr(runtime->space, entry + word, &next))
            break;
        handle = hgr_clr_link_value(runtime, entry, handle) & ~UINT64_C(1);
        if (handle != 0 && !(handle & 2)) { /* bit 1: a TypeDesc, which has no method table */
            hgr_result result = list_add(types, handle, status);
            if (result != HGR_OK)
                return result;
        }
        entry = next;
    }
    return HGR_OK;
}

static hgr_result add_chains(const hgr_runtime *runtime, uint64_t heads, uint64_t count,
                             list *types, hgr_status *status)
{
    uint32_t word = runtime->space->pointer_size;
    uint64_t head;
    hgr_result result = HGR_OK;
    for (uint64_t i = 0; i < count && result == HGR_OK && list_spend(types); i++) {
        if (!hgr_space_ptr(runtime->space, heads + i * word, &head))
            break;
        result = add_chain(runtime, head, types, status);
    }
    return result;
}

/* 7 and before: the number of buckets stands beside the pointer, the array is nothing but heads. */
static hgr_result add_counted(const hgr_runtime *runtime, uint64_t table, uint64_t buckets,
                              list *types, hgr_status *status)
{
    uint32_t number;
    if (!hgr_space_u32(runtime->space, table + 3 * (uint64_t)runtime->space->pointer_size, &number))
        return HGR_OK;
    return add_chains(runtime, buckets, number, types, status);
}

static hgr_result add_constructed(const hgr_runtime *runtime, uint64_t module, list *types,
                                  hgr_status *status)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size;
    uint64_t table, buckets;
    if (runtime->layout.module_type_params == HGR_NO_OFFSET ||
        !hgr_space_ptr(space, module + runtime->layout.module_type_params, &table) || table == 0 ||
        !hgr_clr_link(runtime, table + 2 * word, &buckets))
        return HGR_OK;
    if (runtime->layout.type_params_counted)
        return add_counted(runtime, table, buckets, types, status);
    for (uint32_t step = 0; step < HGR_CLR_MAX_CHAIN && buckets != 0; step++) {
        uint64_t number, older;
        if (!hgr_space_ptr(space, buckets, &number) ||
            !hgr_space_ptr(space, buckets + word, &older))
            break;
        hgr_result result = add_chains(runtime, buckets + 3 * word, number, types, status);
        if (result != HGR_OK)
            return result;
        buckets = older;
    }
    return HGR_OK;
}

hgr_result hgr_clr_loaded_types(const hgr_runtime *runtime, const hgr_run *run, uint64_t **out,
                                size_t *out_count, hgr_status *status)
{
    list types = {.run = run, .left = HGR_CLR_MAX_TYPES, .what = "loaded types"};
    uint64_t *modules = NULL;
    size_t nmodules = 0;
    hgr_result result = hgr_clr_modules_list(runtime, run, &modules, &nmodules, status);
    for (size_t i = 0; i < nmodules && result == HGR_OK; i++)
        result = add_typedefs(runtime, modules[i], &types, status);
    for (size_t i = 0; i < nmodules && result == HGR_OK; i++)
        result = add_constructed(runtime, modules[i], &types, status);
    hgr_free(modules);
    if (result != HGR_OK) {
        hgr_free(types.items);
        return result;
    }
    *out = types.items;
    *out_count = types.count;
    return HGR_OK;
}
