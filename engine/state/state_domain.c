/* state: modules of the application domain, and the AssemblyLoadContext of each.
 *
 * Module -> PEAssembly -> (the assembly as its binder knows it ->) binder -> handle of the managed
 * load context. Assemblies made by Reflection.Emit have a fallback binder in its place. What the
 * last step leads to must be an AssemblyLoadContext, else the context is unknown: so a wrong offset
 * is never a wrong answer. */
#include "state.h"

#include "../base/status.h"
#include "../clr/clr_modules.h"

struct hgr_state_domain {
    hgr_domain found; /* borrows from below */
    hgr_load_context *contexts;
    size_t ncontexts, contexts_capacity;
    hgr_module_row *modules;
    hgr_map by_object; /* load context -> index */
    hgr_clr_modules cache;
};

/* Offsets on 64 bit, the same in 8, 9 and 10; before, the binder is another thing. */
enum {
    FIRST_MAJOR = 8,
    HOST_ASSEMBLY = 0x38, /* PEAssembly, until 9 */
    HOST_BINDER = 0x20,
    OWN_BINDER = 0x40, /* PEAssembly: of 10, and of dynamic assemblies before */
    BINDER_CONTEXT = 0xe0
};

/* 9's descriptor does not name PEAssembly in Module. */
static uint64_t pe_assembly_offset(const hgr_runtime *runtime)
{
    const hgr_clr_layout *layout = &runtime->layout;
    if (layout->module_pe_assembly != HGR_NO_OFFSET)
        return layout->module_pe_assembly;
    return layout->module_base - 8;
}

static bool follow(const hgr_space *space, uint64_t addr, uint64_t *out)
{
    return hgr_space_ptr(space, addr, out) && *out != 0;
}

static bool is_load_context(hgr_state *state, const hgr_object *object)
{
    const hgr_type *type = object->type;
    for (int parents = 0; type && parents < 16; parents++) {
        if (strcmp(type->name, "System.Runtime.Loader.AssemblyLoadContext") == 0)
            return true;
        type = hgr_state_parent(state, type);
    }
    return false;
}

/* The load context behind a binder; out->type is NULL when there is none. */
static hgr_result context_of_binder(hgr_state *state, uint64_t binder, hgr_object *out,
                                    hgr_status *status)
{
    uint64_t handle, object;
    *out = (hgr_object){0};
    if (!follow(state->space, binder + BINDER_CONTEXT, &handle) ||
        handle % state->space->pointer_size || !follow(state->space, handle, &object))
        return HGR_OK;
    hgr_result result = hgr_state_object(state, object, out, status);
    if (result == HGR_OK && !is_load_context(state, out))
        *out = (hgr_object){0};
    return result;
}

static hgr_result find_context(hgr_state *state, uint64_t module, hgr_object *out,
                               hgr_status *status)
{
    const hgr_space *space = state->space;
    uint64_t assembly, host, binder;
    *out = (hgr_object){0};
    if (state->runtime->layout.major < FIRST_MAJOR || space->pointer_size != 8 ||
        !follow(space, module + pe_assembly_offset(state->runtime), &assembly))
        return HGR_OK;
    hgr_result result = HGR_OK;
    if (state->runtime->layout.major < 10 && follow(space, assembly + HOST_ASSEMBLY, &host) &&
        follow(space, host + HOST_BINDER, &binder))
        result = context_of_binder(state, binder, out, status);
    if (result == HGR_OK && !out->type && follow(space, assembly + OWN_BINDER, &binder))
        result = context_of_binder(state, binder, out, status);
    return result;
}

static hgr_result add_context(hgr_state *state, struct hgr_state_domain *domain,
                              const hgr_object *object, hgr_status *status)
{
    hgr_load_context context = {.object = *object, .name = ""};
    uint64_t value = 0;
    const char *name = NULL;
    hgr_result result = HGR_OK;
    if (hgr_state_value(state, object, "_isCollectible", &value))
        context.collectible = value != 0;
    if (hgr_state_value(state, object, "_name", &value))
        result = hgr_state_text(state, value, 256, &name, status);
    if (name)
        context.name = name;
    if (result == HGR_OK)
        result = hgr_grow(state->run, &domain->contexts, &domain->contexts_capacity,
                          domain->ncontexts + 1, HGR_CLR_MAX_MODULES, sizeof context,
                          "load contexts", status);
    if (result == HGR_OK)
        result = hgr_map_put(&domain->by_object, object->addr, (uint32_t)domain->ncontexts, status);
    if (result == HGR_OK)
        domain->contexts[domain->ncontexts++] = context;
    return result;
}

static hgr_result place_module(hgr_state *state, struct hgr_state_domain *domain,
                               hgr_module_row *row, hgr_status *status)
{
    hgr_object object;
    hgr_result result = find_context(state, row->module_addr, &object, status);
    if (result != HGR_OK || !object.type)
        return result;
    if (hgr_map_get(&domain->by_object, object.addr) == HGR_MAP_NONE)
        result = add_context(state, domain, &object, status);
    if (result != HGR_OK)
        return result;
    row->context = hgr_map_get(&domain->by_object, object.addr);
    domain->contexts[row->context].modules++;
    return HGR_OK;
}

/* ---- the module itself ---- */

static void read_identity(const hgr_metadata *metadata, hgr_module_row *row)
{
    const char *name;
    size_t len;
    if (hgr_metadata_string(metadata, HGR_TABLE_ASSEMBLY, 1, HGR_ASSEMBLY_NAME, &name, &len))
        row->assembly = name; /* as long-lived as the cache */
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t part;
        if (hgr_metadata_cell(metadata, HGR_TABLE_ASSEMBLY, 1, HGR_ASSEMBLY_VERSION + i, &part))
            row->version[i] = (uint16_t)part;
    }
    (void)hgr_metadata_guid(metadata, HGR_TABLE_MODULE, 1, HGR_MODULE_MVID, row->mvid);
}

static uint64_t image_bytes(const hgr_dump *dump, uint64_t base_addr)
{
    for (size_t i = 0; i < dump->nmodules; i++)
        if (dump->modules[i].base_addr == base_addr)
            return dump->modules[i].size_bytes;
    return 0;
}

static hgr_result read_module(hgr_state *state, struct hgr_state_domain *domain, uint64_t addr,
                              hgr_module_row *row, hgr_status *status)
{
    hgr_clr_module *module = NULL;
    *row = (hgr_module_row){
        .module_addr = addr, .assembly = "", .path = "", .context = HGR_NO_CONTEXT};
    hgr_result result = hgr_clr_modules_get(&domain->cache, addr, &module, status);
    if (result != HGR_OK || !module)
        return result;
    row->image_addr = module->base_addr;
    row->path = module->path;
    row->dynamic = module->base_addr == 0;
    row->collectible = hgr_clr_loader_allocator(state->runtime, addr) != 0;
    row->image_bytes = image_bytes(state->runtime->dump, module->base_addr);
    if (module->has_metadata)
        read_identity(&module->metadata, row);
    return place_module(state, domain, row, status);
}

static hgr_result read_all(hgr_state *state, struct hgr_state_domain *domain, hgr_status *status)
{
    uint64_t *addrs = NULL;
    size_t count = 0;
    hgr_result result = hgr_clr_modules_list(state->runtime, state->run, &addrs, &count, status);
    if (result == HGR_OK)
        result = hgr_alloc(state->run, count, sizeof *domain->modules, "modules", &domain->modules,
                           status);
    for (size_t i = 0; i < count && result == HGR_OK; i++)
        result = read_module(state, domain, addrs[i], &domain->modules[i], status);
    hgr_free(addrs);
    domain->found = (hgr_domain){.domain_addr = state->runtime->app_domain_addr,
                                 .contexts = domain->contexts,
                                 .ncontexts = domain->ncontexts,
                                 .modules = domain->modules,
                                 .nmodules = count};
    return result;
}

hgr_result hgr_state_domain(hgr_state *state, const hgr_domain **out, hgr_status *status)
{
    struct hgr_state_domain *domain = state->domain;
    if (!domain) {
        hgr_result result = hgr_alloc(state->run, 1, sizeof *domain, "domain", &domain, status);
        if (result != HGR_OK)
            return result;
        hgr_map_init(&domain->by_object, state->run);
        hgr_clr_modules_init(&domain->cache, state->runtime, state->run, &state->arena);
        result = hgr_state_settle(state, read_all(state, domain, status), status);
        if (result != HGR_OK) {
            hgr_state_domain_free(domain);
            return result;
        }
        state->domain = domain;
    }
    *out = &domain->found;
    return HGR_OK;
}

void hgr_state_domain_free(struct hgr_state_domain *domain)
{
    if (!domain)
        return;
    hgr_clr_modules_fini(&domain->cache);
    hgr_map_fini(&domain->by_object);
    hgr_free(domain->modules);
    hgr_free(domain->contexts);
    hgr_free(domain);
}
