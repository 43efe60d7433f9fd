/* clr: modules and their metadata.
 *
 * Input: Module addresses, from type tables or the application domain's assembly list. Output:
 * their image, path and parsed metadata, each found once. Metadata is read in place; where its
 * pages lie in several ranges they are copied together, as far as they are present from its start
 * on. */
#include "clr_modules.h"

#include "../base/status.h"
#include "clr_module_files.h"

void hgr_clr_modules_init(hgr_clr_modules *modules, const hgr_runtime *runtime, const hgr_run *run,
                          hgr_arena *arena)
{
    *modules = (hgr_clr_modules){.runtime = runtime, .run = run, .arena = arena};
    hgr_map_init(&modules->index, run);
}

void hgr_clr_modules_fini(hgr_clr_modules *modules)
{
    hgr_map_fini(&modules->index);
    hgr_free(modules->items);
    modules->items = NULL;
    modules->count = modules->capacity = 0;
}

bool hgr_clr_image_around(const hgr_runtime *runtime, uint64_t addr, uint64_t *out)
{
    const hgr_dump *dump = runtime->dump;
    size_t low = 0, high = dump->nmodules; /* ascending by base: the last one that begins below */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dump->modules[middle].base_addr <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || addr - dump->modules[low - 1].base_addr >= dump->modules[low - 1].size_bytes)
        return false;
    *out = dump->modules[low - 1].base_addr;
    return true;
}

bool hgr_clr_module_base(const hgr_runtime *runtime, uint64_t module, uint64_t *out)
{
    const hgr_clr_layout *layout = &runtime->layout;
    const hgr_space *space = runtime->space;
    uint64_t value = module;
    if (layout->module_base != HGR_NO_OFFSET)
        return hgr_space_ptr(space, module + layout->module_base, out);
    if (layout->module_simple_name != 0)
        return hgr_space_ptr(space, module + layout->module_simple_name, &value) &&
               hgr_clr_image_around(runtime, value, out);
    const uint32_t steps[] = {layout->module_pe_assembly, layout->pe_assembly_image,
                              layout->pe_image_layout, layout->layout_base};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] == HGR_NO_OFFSET || !hgr_space_ptr(space, value + steps[i], &value) ||
            value == 0)
            return false;
    *out = value;
    return true;
}

static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    return name;
}

/* "mscorlib.ni.dll", made from mscorlib.dll. */
static bool is_native_image(const char *path)
{
    size_t len = strlen(path);
    return len > 7 && strcmp(path + len - 7, ".ni.dll") == 0;
}

/* Path of the file behind an image, borrowed from the dump's module list; else the name its
 * metadata gives, else "". A file may be mapped twice, far apart, so that spans of modules overlap:
 * the name in the metadata decides. */
static const char *find_path(const hgr_dump *dump, const hgr_clr_module *module)
{
    const char *name = "", *spanning = NULL;
    size_t len = 0;
    if (module->base_addr == 0)
        return ""; /* made by Reflection.Emit: no file */
    if (module->has_metadata &&
        !hgr_metadata_string(&module->metadata, HGR_TABLE_MODULE, 1, HGR_MODULE_NAME, &name, &len))
        name = "";
    for (size_t i = 0; i < dump->nmodules; i++) {
        const hgr_module *file = &dump->modules[i];
        if (module->base_addr < file->base_addr ||
            module->base_addr - file->base_addr >= file->size_bytes)
            continue;
        if (strcmp(file_name(file->path), name) == 0)
            return file->path;
        spanning = file->path; /* the last one begins nearest below */
        if (file->base_addr == module->base_addr && is_native_image(file->path))
            return file->path; /* its metadata has the name of the file it was made from */
    }
    return *name || !spanning ? name : spanning;
}

/* Reflection.Emit: a snapshot {u32 bytes, content}, or a buffer {u32 bytes, u32, u32, pointer to
 * content}. */
static bool find_dynamic(const hgr_runtime *runtime, uint64_t module, hgr_metadata_place *out)
{
    const hgr_space *space = runtime->space;
    uint64_t addr, content;
    uint32_t bytes, signature;
    if (runtime->layout.module_dynamic_metadata == HGR_NO_OFFSET ||
        !hgr_space_ptr(space, module + runtime->layout.module_dynamic_metadata, &addr) ||
        addr == 0 || !hgr_space_u32(space, addr, &bytes) || bytes > HGR_METADATA_MAX_BYTES)
        return false;
    content = addr + 4;
    if (!hgr_space_u32(space, content, &signature) || signature != 0x424a5342u) {
        uint64_t pointer =
            space->pointer_size == 8 ? addr + 16 : addr + 12; /* aligned behind three u32 */
        if (!hgr_space_ptr(space, pointer, &content) ||
            !hgr_space_u32(space, content, &signature) || signature != 0x424a5342u)
            return false;
    }
    *out = (hgr_metadata_place){content, bytes, true};
    return true;
}

/* Bytes of the metadata: a view, or a copy of what is there from the start on. NULL: nothing (or no
 * memory: *result). */
static const uint8_t *borrow_or_copy(hgr_clr_modules *modules, const hgr_metadata_place *place,
                                     size_t *out_len, hgr_result *result, hgr_status *status)
{
    const hgr_space *space = modules->runtime->space;
    const uint8_t *view = hgr_space_view(space, place->addr, place->bytes);
    *out_len = place->bytes;
    if (view)
        return view;
    size_t len = (size_t)hgr_space_present(space, place->addr, place->bytes); /* <= 512 MiB */
    if (len == 0 || len > HGR_CLR_MAX_COPY - modules->copied_bytes)
        return NULL;
    uint8_t *copy = hgr_arena_alloc(modules->arena, len, status);
    if (!copy)
        *result = HGR_NO_MEMORY;
    else if (!hgr_space_read(space, place->addr, copy, len))
        copy = NULL;
    modules->copied_bytes += len;
    *out_len = len;
    return copy;
}

/* NestedClass need not be sorted (dynamic modules): turn it into an array once. */
static hgr_result index_enclosing(hgr_clr_modules *modules, hgr_clr_module *module,
                                  hgr_status *status)
{
    const hgr_metadata *metadata = &module->metadata;
    uint32_t rows = metadata->rows[HGR_TABLE_TYPE_DEF];
    if (metadata->rows[HGR_TABLE_NESTED_CLASS] == 0)
        return HGR_OK;
    module->enclosing =
        hgr_arena_alloc(modules->arena, ((size_t)rows + 1) * sizeof *module->enclosing, status);
    if (!module->enclosing)
        return HGR_NO_MEMORY;
    for (uint32_t i = 1; i <= metadata->rows[HGR_TABLE_NESTED_CLASS]; i++) {
        uint32_t nested, around;
        if (hgr_metadata_cell(metadata, HGR_TABLE_NESTED_CLASS, i, HGR_NESTED_CLASS_NESTED,
                              &nested) &&
            hgr_metadata_cell(metadata, HGR_TABLE_NESTED_CLASS, i, HGR_NESTED_CLASS_ENCLOSING,
                              &around) &&
            nested <= rows && around <= rows)
            module->enclosing[nested] = around;
    }
    return HGR_OK;
}

static hgr_result load_metadata(hgr_clr_modules *modules, hgr_clr_module *module,
                                hgr_status *status)
{
    hgr_metadata_place place;
    hgr_result result = HGR_OK;
    bool found =
        module->base_addr != 0 &&
        (hgr_metadata_locate(modules->runtime->space, module->base_addr, &place, NULL) == HGR_OK ||
         hgr_clr_metadata_search(modules->runtime, module->base_addr, &place));
    size_t len = 0;
    const uint8_t *bytes = NULL;
    if (found || find_dynamic(modules->runtime, module->addr, &place)) {
        bytes = borrow_or_copy(modules, &place, &len, &result, status);
    } else {
        place = (hgr_metadata_place){module->base_addr, 0, true};
        result = hgr_clr_metadata_from_file(modules->runtime, module->addr, module->base_addr,
                                            &bytes, &len, status);
    }
    if (!bytes)
        return result;
    if (hgr_metadata_parse(bytes, len, place.addr, &module->metadata, NULL) != HGR_OK)
        return HGR_OK; /* unreadable metadata: types get their addresses as names */
    module->has_metadata = true;
    return index_enclosing(modules, module, status);
}

static hgr_result add(hgr_clr_modules *modules, uint64_t addr, hgr_clr_module **out,
                      hgr_status *status)
{
    hgr_clr_module *module = hgr_arena_alloc(modules->arena, sizeof *module, status);
    if (!module)
        return HGR_NO_MEMORY;
    module->addr = addr;
    if (!hgr_clr_module_base(modules->runtime, addr, &module->base_addr))
        module->base_addr = 0;
    hgr_result result = load_metadata(modules, module, status);
    module->path = find_path(modules->runtime->dump, module);
    if (result == HGR_OK)
        result = hgr_grow(modules->run, &modules->items, &modules->capacity, modules->count + 1,
                          HGR_CLR_MAX_MODULES, sizeof *modules->items, "modules", status);
    if (result == HGR_OK)
        result = hgr_map_put(&modules->index, addr, (uint32_t)modules->count, status);
    if (result != HGR_OK)
        return result;
    modules->items[modules->count++] = module;
    *out = module;
    return HGR_OK;
}

hgr_result hgr_clr_modules_get(hgr_clr_modules *modules, uint64_t addr, hgr_clr_module **out,
                               hgr_status *status)
{
    uint32_t known = hgr_map_get(&modules->index, addr);
    if (known != HGR_MAP_NONE) {
        *out = modules->items[known];
        return HGR_OK;
    }
    *out = NULL;
    if (addr == 0 || addr % modules->runtime->space->pointer_size ||
        hgr_space_present(modules->runtime->space, addr, 1) == 0)
        return HGR_OK;
    return add(modules, addr, out, status);
}
