/* clr: which module is the runtime, and where it keeps its globals.
 *
 * Input: the dump's modules and memory. Output: g_dacTable and GcDacVars. Ways, in this order: the
 * exports g_dacTable and DotNetRuntimeContractDescriptor (of libcoreclr.so, or of any module:
 * single-file programs carry the runtime inside); else the longest run of pointers into the image
 * in its writable pages, one of whose first entries leads to GcDacVars: the run begins at
 * g_dacTable in every build of 8, 9 and 10 that was tried. A table is only accepted when it leads
 * to GcDacVars. */
#define _GNU_SOURCE
#include "clr_open.h"

#include "../base/status.h"
#include "clr_limits.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *back = strrchr(path, '\\');
    if (back > slash)
        slash = back;
    return slash ? slash + 1 : path;
}

bool hgr_clr_is_runtime_path(const char *path)
{
    static const char *const names[] = {"libcoreclr.so", "coreclr.dll", "clr.dll"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(file_name(path), names[i]) == 0)
            return true;
    return false;
}

static bool find_gc_entry(const hgr_space *space, const hgr_clr_table *table,
                          bool (*matches)(const hgr_space *space, uint64_t addr),
                          uint32_t *out_entry, uint64_t *out_gc_addr)
{
    for (uint32_t i = 0; i < HGR_CLR_DAC_GC_ENTRIES; i++) {
        uint64_t variable, value;
        if (hgr_clr_table_entry(space, table, i, &variable) &&
            hgr_space_ptr(space, variable, &value) && matches(space, value)) {
            *out_entry = i;
            *out_gc_addr = value;
            return true;
        }
    }
    return false;
}

bool hgr_clr_table_has_gc(const hgr_space *space, const hgr_clr_table *table, uint32_t *out_entry,
                          uint64_t *out_gc_addr)
{
    return find_gc_entry(space, table, hgr_clr_gc_matches, out_entry, out_gc_addr) ||
           find_gc_entry(space, table, hgr_clr_gc_matches_early, out_entry, out_gc_addr);
}

/* ---- by shape ---- */

struct run_search {
    const hgr_space *space;
    uint64_t low, high; /* a pointer into the image */
    uint64_t best_entries;
    hgr_clr_found *found;
};

static uint64_t pointer_at(const uint8_t *bytes, uint32_t size)
{
    uint64_t wide;
    uint32_t narrow;
    if (size == 8) {
        memcpy(&wide, bytes, sizeof wide);
        return wide;
    }
    memcpy(&narrow, bytes, sizeof narrow);
    return narrow;
}

static void consider_run(struct run_search *search, uint64_t addr, uint64_t entries)
{
    uint32_t entry;
    uint64_t gc_addr;
    const hgr_clr_table table = {addr, 0};
    if (entries < HGR_CLR_DAC_MIN_RUN || entries <= search->best_entries ||
        !find_gc_entry(search->space, &table, hgr_clr_gc_matches, &entry, &gc_addr) ||
        entry >= entries)
        return;
    search->best_entries = entries;
    search->found->table = table;
    search->found->gc_entry = entry;
    search->found->gc_addr = gc_addr;
}

static void search_range(struct run_search *search, uint64_t start, const uint8_t *bytes,
                         uint64_t len)
{
    uint32_t size = search->space->pointer_size;
    uint64_t skip = (size - start % size) % size, entries = 0, at = skip;
    for (; at < len && size <= len - at; at += size) {
        uint64_t value = pointer_at(bytes + at, size);
        if (value >= search->low && value < search->high) {
            entries++;
            continue;
        }
        consider_run(search, start + at - entries * size, entries);
        entries = 0;
    }
    consider_run(search, start + at - entries * size, entries);
}

/* Before 5.0 on Linux the table holds 32-bit offsets into the image, in memory that no file has. */
static void consider_offsets(struct run_search *search, uint64_t addr, uint64_t entries)
{
    uint32_t entry;
    uint64_t gc_addr;
    const hgr_clr_table table = {addr, search->low};
    if (entries < HGR_CLR_DAC_MIN_OFFSETS || entries <= search->best_entries ||
        !find_gc_entry(search->space, &table, hgr_clr_gc_matches_early, &entry, &gc_addr))
        return;
    search->best_entries = entries;
    search->found->table = table;
    search->found->gc_entry = entry;
    search->found->gc_addr = gc_addr;
}

static void search_offsets(struct run_search *search, uint64_t start, const uint8_t *bytes,
                           uint64_t len)
{
    uint64_t entries = 0, at = (4 - start % 4) % 4, bytes_mapped = search->high - search->low;
    for (; at < len && 4 <= len - at; at += 4) {
        uint64_t value = pointer_at(bytes + at, 4);
        if (value >= HGR_CLR_MIN_VARIABLE_OFFSET && value < bytes_mapped) {
            entries++;
            continue;
        }
        consider_offsets(search, start + at - 4 * entries, entries);
        entries = 0;
    }
    consider_offsets(search, start + at - 4 * entries, entries);
}

/* access: only ranges that have all these bits; 0 tries the read-only ones too (dumps that do not
 * record access). */
typedef void search_fn(struct run_search *search, uint64_t start, const uint8_t *bytes,
                       uint64_t len);

static bool search_table(const hgr_space *space, const hgr_module *module, uint32_t access,
                         search_fn *search_bytes, hgr_clr_found *found)
{
    uint64_t end;
    if (!hgr_add_u64(module->base_addr, module->size_bytes, &end) ||
        !hgr_add_u64(end, HGR_CLR_BSS_BYTES, &end))
        return false;
    struct run_search search = {space, module->base_addr, end, 0, found};
    uint64_t at = module->base_addr;
    for (const hgr_range *range = hgr_space_next(space, at); range && range->start_addr < end;
         range = hgr_space_next(space, range->end_addr)) {
        uint64_t from = range->start_addr < at ? at : range->start_addr;
        uint64_t to = range->end_addr < end ? range->end_addr : end;
        if ((range->access & access) == access)
            search_bytes(&search, from, range->bytes + (from - range->start_addr), to - from);
        if (range->end_addr == UINT64_MAX)
            break;
    }
    return search.best_entries > 0;
}

/* ---- by export ---- */

static bool find_by_export(const hgr_space *space, const hgr_module *module, hgr_clr_found *found)
{
    hgr_clr_table table = {0, 0};
    if (!hgr_clr_symbol(space, module->base_addr, "g_dacTable", &table.addr) ||
        !hgr_clr_table_has_gc(space, &table, &found->gc_entry, &found->gc_addr))
        return false;
    found->table = table;
    return true;
}

static bool find_by_resource(const hgr_space *space, const hgr_module *module,
                             hgr_clr_found *found)
{
    hgr_clr_table table;
    if (!hgr_clr_resource_table(space, module, &table) ||
        !hgr_clr_table_has_gc(space, &table, &found->gc_entry, &found->gc_addr))
        return false;
    found->table = table;
    return true;
}

/* The descriptor's structure is in a relocated, hence dumped, page even where the symbols' pages
 * are absent. */
static uint64_t search_descriptor(const hgr_space *space, const hgr_module *module)
{
    static const char magic[8] = "DNCCDAC"; /* with its terminator */
    uint64_t end;
    if (!hgr_add_u64(module->base_addr, module->size_bytes, &end))
        return 0;
    for (const hgr_range *range = hgr_space_next(space, module->base_addr);
         range && range->start_addr < end; range = hgr_space_next(space, range->end_addr)) {
        uint64_t from =
            range->start_addr < module->base_addr ? module->base_addr : range->start_addr;
        uint64_t to = range->end_addr < end ? range->end_addr : end;
        const uint8_t *bytes = range->bytes + (from - range->start_addr);
        if (range->access & HGR_ACCESS_EXECUTE)
            continue;
        const uint8_t *hit = memmem(bytes, (size_t)(to - from), magic, sizeof magic);
        if (hit && (from + (uint64_t)(hit - bytes)) % 8 == 0)
            return from + (uint64_t)(hit - bytes);
    }
    return 0;
}

/* Mapped data files can be larger than all images together: they are not searched. */
static bool may_be_image(const hgr_space *space, const hgr_module *module)
{
    char magic[4];
    if (!hgr_space_read(space, module->base_addr, magic, sizeof magic))
        return true;
    return memcmp(magic, "\177ELF", 4) == 0 || memcmp(magic, "MZ", 2) == 0;
}

static bool find_in_module(const hgr_space *space, const hgr_module *module, bool shape_only,
                           hgr_clr_found *found)
{
    *found = (hgr_clr_found){.module = module};
    bool named = hgr_clr_is_runtime_path(module->path);
    if (!shape_only && find_by_export(space, module, found))
        found->found_by = "export";
    else if (!shape_only && named && find_by_resource(space, module, found))
        found->found_by = "resource";
    else if ((named || may_be_image(space, module)) &&
             (search_table(space, module, HGR_ACCESS_WRITE, search_range, found) ||
              (named && (search_table(space, module, 0, search_range, found) ||
                         search_table(space, module, HGR_ACCESS_WRITE, search_offsets, found)))))
        found->found_by = "writable-page search";
    else
        return false;
    if (!shape_only && !hgr_clr_symbol(space, module->base_addr, "DotNetRuntimeContractDescriptor",
                                       &found->descriptor_addr))
        found->descriptor_addr = search_descriptor(space, module);
    return true;
}

/* ---- over all modules ---- */

/* Other runtimes of managed code, by the file that is theirs. */
static const char *other_runtime(const char *path)
{
    static const struct {
        const char *file, *what;
    } others[] = {{"libmono", "Mono"},
                  {"mono-2.0-", "Mono"},
                  {"GameAssembly.dll", "Unity's IL2CPP"},
                  {"mscorwks.dll", ".NET Framework before 4"}};
    const char *name = file_name(path);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(name, others[i].file, strlen(others[i].file)) == 0)
            return others[i].what;
    return NULL;
}

static hgr_result fail_no_runtime(const hgr_dump *dump, hgr_status *status)
{
    size_t count = hgr_dump_modules(dump);
    for (size_t i = 0; i < count; i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        const char *other = other_runtime(module->path);
        uint64_t addr;
        if (other)
            return hgr_fail(status, HGR_UNSUPPORTED, "%s: %s, which is not read",
                            file_name(module->path), other);
        if (hgr_clr_symbol(&dump->space, module->base_addr, "DotNetRuntimeDebugHeader", &addr))
            return hgr_fail(status, HGR_UNSUPPORTED,
                            "%s: compiled ahead of time (NativeAOT), which is not read",
                            file_name(module->path));
    }
    return hgr_fail(status, HGR_NOT_FOUND,
                    "no .NET runtime among %zu modules (looked for libcoreclr.so, then for its "
                    "globals in every module)",
                    count);
}

/* The module is there, its globals are not: an old runtime, or a dump without its pages. */
static hgr_result fail_unread(const hgr_dump *dump, const hgr_module *module, hgr_status *status)
{
    hgr_clr_version version = hgr_clr_version_find(dump, module);
    if (version.major != 0 &&
        !hgr_clr_layout_find(version.major, dump->info.os, dump->info.pointer_size))
        return hgr_fail(status, HGR_UNSUPPORTED,
                        "%s: .NET %u.%u on %s %s is not read yet: no table of its structures",
                        file_name(module->path), version.major, version.minor, dump->info.os,
                        dump->info.cpu);
    return hgr_fail_addr(status, HGR_TRUNCATED, module->base_addr,
                         "%s is loaded, but its table of globals is not in the dump%s",
                         file_name(module->path),
                         dump->info.missing_bytes > 0 ? ", which is cut off" : "");
}

hgr_result hgr_clr_find_module(const hgr_dump *dump, const hgr_module *module, hgr_clr_found *out,
                               hgr_status *status)
{
    if (!module)
        return fail_no_runtime(dump, status);
    *out = (hgr_clr_found){.module = module, .found_by = "shape of the heap"};
    return HGR_OK;
}

hgr_result hgr_clr_find(const hgr_dump *dump, const hgr_module *module,
                        const hgr_runtime_options *options, hgr_clr_found *out, hgr_status *status)
{
    if (module)
        return find_in_module(&dump->space, module, options->shape_search, out)
                   ? HGR_OK
                   : fail_unread(dump, module, status);
    for (size_t i = 0; i < hgr_dump_modules(dump); i++)
        if (find_in_module(&dump->space, hgr_dump_module(dump, i), options->shape_search, out))
            return HGR_OK;
    return fail_no_runtime(dump, status);
}
