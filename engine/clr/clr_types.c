/* clr: method table -> shape, the answer to the scanner's only question about a runtime.
 *
 * An address is a method table when it is aligned and readable, its base size can be an object's,
 * its EEClass names it (or its canonical method table) back, and its parent chain ends at
 * System.Object with every link passing the same test; the Free object's table stands for itself.
 * Verdicts are kept per address, so a chain is walked once. Called under the scanner's lock,
 * microseconds a call. */
#include "clr.h"

#include "../base/status.h"
#include "gcdesc.h"
#include "method_table.h"

struct hgr_clr_types {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_arena arena;  /* runs of the shapes */
    hgr_map verdicts; /* address -> NO or YES */
};

/* ECMA-335 II.23.1.15, the same bit in EEClass. */
#define ABSTRACT 0x80u

enum verdict { NO = 0, YES = 1 };

/* Inheritance is written by people and compilers; the deepest known chains have a few dozen links.
 */
#define MAX_PARENTS 256
/* An object smaller than a segment may be big, but no class has 256 MiB of fields (the runtime's
 * limit is 2^27). */
#define MAX_BASE_SIZE (1u << 28)

hgr_result hgr_clr_types_create(const hgr_runtime *runtime, const hgr_run *run, hgr_clr_types **out,
                                hgr_status *status)
{
    hgr_clr_types *types = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *types, "types", &types, status);
    if (result != HGR_OK)
        return result;
    types->runtime = runtime;
    types->run = run;
    hgr_arena_init(&types->arena, run);
    hgr_map_init(&types->verdicts, run);
    *out = types;
    return HGR_OK;
}

void hgr_clr_types_free(hgr_clr_types *types)
{
    if (!types)
        return;
    hgr_map_fini(&types->verdicts);
    hgr_arena_fini(&types->arena);
    hgr_free(types);
}

/* Does the EEClass name the (canonical) method table back? */
static bool class_names_back(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    uint64_t canonical = hgr_method_table_canonical(runtime, mt), back;
    uint64_t class_addr = hgr_method_table_class(runtime, mt);
    return canonical != 0 && class_addr != 0 &&
           hgr_clr_link(runtime, class_addr + runtime->layout.class_method_table, &back) &&
           back == canonical;
}

/* One link of the chain, its parent apart. */
static bool looks_right(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    uint32_t size = runtime->space->pointer_size;
    bool has_array_size = (mt->flags & HGR_MT_HAS_COMPONENT_SIZE) != 0;
    if (mt->base_size < 2 * size || mt->base_size > MAX_BASE_SIZE)
        return false;
    if (mt->base_size < 3 * size &&
        !has_array_size) /* a string's base size counts its first bytes only */
        return false;
    if (!has_array_size && (mt->base_size % size || hgr_method_table_is_array(mt)))
        return false;
    return class_names_back(runtime, mt);
}

/* Follow the parents to a known verdict; chain[0 .. *count) are the tables passed on the way. */
static enum verdict judge_chain(hgr_clr_types *types, uint64_t addr, uint64_t *chain, size_t *count)
{
    const hgr_runtime *runtime = types->runtime;
    for (*count = 0; *count < MAX_PARENTS;) {
        uint32_t known = hgr_map_get(&types->verdicts, addr);
        if (known != HGR_MAP_NONE)
            return (enum verdict)known;
        hgr_method_table mt;
        if (!hgr_method_table_read(runtime, addr, &mt) || !looks_right(runtime, &mt))
            return NO;
        chain[(*count)++] = addr;
        if (addr == runtime->object_mt)
            return mt.parent_addr == 0 ? YES : NO;
        addr = mt.parent_addr;
    }
    return NO;
}

static hgr_result judge(hgr_clr_types *types, uint64_t addr, bool *out, hgr_status *status)
{
    *out = false;
    if (addr == 0)
        return HGR_OK;
    if (addr == types->runtime->free_mt) {
        *out = true;
        return HGR_OK;
    }
    uint64_t chain[MAX_PARENTS];
    size_t count;
    enum verdict verdict = judge_chain(types, addr, chain, &count);
    *out = verdict == YES;
    /* A bad address itself is remembered too: a damaged heap repeats its garbage. */
    hgr_result result = hgr_map_put(&types->verdicts, addr, verdict, status);
    for (size_t i = 0; i < count && result == HGR_OK && verdict == YES; i++)
        result = hgr_map_put(&types->verdicts, chain[i], verdict, status);
    return result;
}

hgr_result hgr_clr_judge_method_table(hgr_clr_types *types, uint64_t addr, bool *out,
                                      hgr_status *status)
{
    return judge(types, addr, out, status);
}

bool hgr_clr_is_method_table(hgr_clr_types *types, uint64_t addr)
{
    bool is_one;
    return judge(types, addr, &is_one, NULL) == HGR_OK && is_one;
}

/* The native one of a module, through its Assembly where the module has none. */
static bool module_allocator(const hgr_runtime *runtime, uint64_t module, uint64_t *out)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint64_t assembly;
    if (layout->module_loader_allocator != HGR_NO_OFFSET)
        return hgr_space_ptr(runtime->space, module + layout->module_loader_allocator, out);
    return layout->assembly_loader_allocator != HGR_NO_OFFSET &&
           hgr_space_ptr(runtime->space, module + layout->module_assembly, &assembly) &&
           assembly != 0 &&
           hgr_space_ptr(runtime->space, assembly + layout->assembly_loader_allocator, out);
}

uint64_t hgr_clr_loader_allocator(const hgr_runtime *runtime, uint64_t module_addr)
{
    const hgr_space *space = runtime->space;
    uint64_t allocator, handle, object;
    if (module_addr == 0 || !module_allocator(runtime, module_addr, &allocator) || allocator == 0 ||
        !hgr_space_ptr(space, allocator + runtime->layout.loader_allocator_handle, &handle) ||
        handle == 0 || handle % space->pointer_size || !hgr_space_ptr(space, handle, &object))
        return 0;
    return object;
}

/* Types that no object can be of: a word in a damaged heap may well point at one. */
static bool has_instances(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    uint32_t attributes;
    if (hgr_method_table_generics(mt) == HGR_MT_GENERIC_OPEN)
        return false;
    uint64_t class_addr = hgr_method_table_class(runtime, mt);
    return runtime->layout.class_attributes == HGR_NO_OFFSET ||
           !hgr_space_u32(runtime->space, class_addr + runtime->layout.class_attributes,
                          &attributes) ||
           !(attributes & ABSTRACT);
}

hgr_result hgr_clr_describe(void *self, uint64_t addr, hgr_shape *out, hgr_status *status)
{
    hgr_clr_types *types = self;
    const hgr_runtime *runtime = types->runtime;
    bool is_one;
    hgr_result result = judge(types, addr, &is_one, status);
    if (result != HGR_OK)
        return result;
    hgr_method_table mt;
    if (!is_one || !hgr_method_table_read(runtime, addr, &mt) ||
        (addr != runtime->free_mt && !has_instances(runtime, &mt)))
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no method table");
    hgr_shape shape = {
        .method_table_addr = addr,
        .base_size = mt.base_size,
        .component_size = mt.component_size,
        .flags = mt.flags & HGR_MT_HAS_FINALIZER ? HGR_SHAPE_FINALIZER : 0,
        .slots = HGR_SLOTS_NONE,
    };
    if (addr == runtime->free_mt) {
        shape.flags = HGR_SHAPE_FREE;
    } else {
        if (mt.flags & HGR_MT_CONTAINS_POINTERS)
            result = hgr_gcdesc_read(runtime->space, &types->arena, &shape, status);
        if (mt.flags & runtime->layout.mt_collectible_flag)
            shape.implied_addr =
                hgr_clr_loader_allocator(runtime, hgr_method_table_loader_module(runtime, &mt));
    }
    if (result == HGR_OK)
        *out = shape;
    return result;
}
