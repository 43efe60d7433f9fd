/* dump: mapped files (NT_FILE) → modules.
 *
 * Lines of one path, in address order, are cut into images: an image begins at the first line not
 * yet taken and takes those below the end its header gives. Without a readable header it takes what
 * follows without a big gap. So a file mapped flat and again as an image gives two modules, and a
 * single-file program gives one for itself and one for each assembly it carries. */
#include "modules.h"

#include <strings.h>
#include <sys/mman.h>
#include <xxhash.h>

#include "../base/map.h"
#include "id_queue.h"
#include "image.h"
#include "limits.h"

/* Tries at a place in the map for a path whose hash is that of another path; then it stands alone.
 */
#define MAX_COLLISIONS 4u

struct grouping {
    uint32_t *next; /* per line: the next one of the same path, or HGR_NO_MODULE */
    uint32_t *last; /* per first line of a path: its last line so far */
    bool *first;    /* per line: first of its path */
    hgr_map lines;  /* hash of a path → its first line */
};

static bool file_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_file_range *files = user;
    if (files[a].start_addr != files[b].start_addr)
        return files[a].start_addr < files[b].start_addr;
    return a < b;
}

static bool module_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_module *modules = user;
    if (modules[a].base_addr != modules[b].base_addr)
        return modules[a].base_addr < modules[b].base_addr;
    return a < b;
}

/* Ids 0 .. count - 1 in order. */
static hgr_result make_order(const hgr_run *run, size_t count, hgr_before_fn *before,
                             const void *user, uint32_t **out, hgr_status *status)
{
    uint32_t *ids;
    hgr_result result = hgr_alloc(run, count, sizeof *ids, "order", &ids, status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < count; i++)
        ids[i] = (uint32_t)i; /* counts are below 2^32 by their limits */
    hgr_ids_sort(ids, count, before, user);
    *out = ids;
    return HGR_OK;
}

static hgr_result sort_files(hgr_dump *dump, hgr_status *status)
{
    uint32_t *order = NULL;
    hgr_file_range *sorted = NULL;
    hgr_result result =
        make_order(dump->run, dump->nfiles, file_before, dump->files, &order, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(dump->run, dump->nfiles, sizeof *sorted, "mapped files", &sorted, status);
    if (result == HGR_OK) {
        for (size_t i = 0; i < dump->nfiles; i++)
            sorted[i] = dump->files[order[i]];
        hgr_free(dump->files);
        dump->files = sorted;
        dump->files_capacity = dump->nfiles;
    }
    hgr_free(order);
    return result;
}

/* ---- lines of one path ---- */

static hgr_result link_line(const hgr_dump *dump, struct grouping *grouping, uint32_t line,
                            hgr_status *status)
{
    const char *path = dump->files[line].path;
    uint64_t hash = XXH3_64bits(path, strlen(path));
    for (uint32_t i = 0; i < MAX_COLLISIONS; i++, hash++) {
        uint64_t key = hash ? hash : 1;
        uint32_t first = hgr_map_get(&grouping->lines, key);
        if (first == HGR_MAP_NONE) {
            grouping->first[line] = true;
            grouping->last[line] = line;
            return hgr_map_put(&grouping->lines, key, line, status);
        }
        if (strcmp(dump->files[first].path, path) == 0) {
            grouping->next[grouping->last[first]] = line;
            grouping->last[first] = line;
            return HGR_OK;
        }
    }
    grouping->first[line] = true;
    return HGR_OK;
}

static hgr_result link_lines(const hgr_dump *dump, struct grouping *grouping, hgr_status *status)
{
    hgr_result result;
    if ((result = hgr_alloc(dump->run, dump->nfiles, sizeof *grouping->next, "mapped files",
                            &grouping->next, status)) != HGR_OK ||
        (result = hgr_alloc(dump->run, dump->nfiles, sizeof *grouping->last, "mapped files",
                            &grouping->last, status)) != HGR_OK ||
        (result = hgr_alloc(dump->run, dump->nfiles, sizeof *grouping->first, "mapped files",
                            &grouping->first, status)) != HGR_OK)
        return result;
    for (size_t i = 0; i < dump->nfiles; i++)
        grouping->next[i] = HGR_NO_MODULE;
    for (size_t i = 0; result == HGR_OK && i < dump->nfiles; i++)
        result = link_line(dump, grouping, (uint32_t)i, status);
    return result;
}

/* ---- images of one path ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcasecmp(text + len - end_len, end) == 0;
}

static bool begins_with(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

/* Mapped, but not a file that holds code. */
static bool is_never_module(const char *path)
{
    return path[0] != '/' || begins_with(path, "/dev/") || begins_with(path, "/memfd:") ||
           begins_with(path, "/SYSV") || begins_with(path, "/anon_hugepage");
}

/* Without its first page an image can only be told by its name. */
static bool has_image_name(const char *path)
{
    const char *base = strrchr(path, '/');
    return ends_with(path, ".dll") || ends_with(path, ".exe") ||
           strstr(base ? base : path, ".so") != NULL;
}

/* Lines from `line` on that belong to the image that begins there; returns the first one that does
 * not. */
static uint32_t take_lines(const hgr_dump *dump, const struct grouping *grouping, uint32_t line,
                           const hgr_image *image, uint64_t *out_end)
{
    const hgr_file_range *files = dump->files;
    uint64_t base = files[line].start_addr, end = files[line].end_addr;
    bool sized = image->size_bytes && image->size_bytes <= HGR_MAX_IMAGE_BYTES;
    for (line = grouping->next[line]; line != HGR_NO_MODULE; line = grouping->next[line]) {
        uint64_t start = files[line].start_addr;
        bool belongs = sized ? start - base < image->size_bytes
                             : start <= end || start - end <= HGR_MAX_IMAGE_GAP_BYTES;
        if (!belongs)
            break;
        end = files[line].end_addr > end ? files[line].end_addr : end;
    }
    *out_end = end;
    return line;
}

static hgr_result add_module(hgr_dump *dump, const char *path, uint64_t base, uint64_t end,
                             const hgr_image *image, hgr_status *status)
{
    hgr_module module = {.path = path,
                         .base_addr = base,
                         .size_bytes = end - base,
                         .timestamp = image->timestamp,
                         .build_id_len = image->build_id_len};
    if (image->build_id_len) {
        uint8_t *copy = hgr_arena_alloc(&dump->arena, image->build_id_len, status);
        if (!copy)
            return HGR_NO_MEMORY;
        memcpy(copy, image->build_id, image->build_id_len);
        module.build_id = copy;
    }
    hgr_result result =
        hgr_grow(dump->run, &dump->modules, &dump->modules_capacity, dump->nmodules + 1,
                 HGR_MAX_FILE_RANGES, sizeof module, "modules", status);
    if (result == HGR_OK)
        dump->modules[dump->nmodules++] = module;
    return result;
}

static hgr_result group_path(hgr_dump *dump, const struct grouping *grouping, uint32_t line,
                             hgr_status *status)
{
    const char *path = dump->files[line].path;
    if (is_never_module(path))
        return HGR_OK;
    hgr_result result = HGR_OK;
    while (result == HGR_OK && line != HGR_NO_MODULE) {
        uint64_t base = dump->files[line].start_addr, end;
        hgr_image image;
        hgr_image_read(&(hgr_image_source){.space = &dump->space, .base = base}, &image);
        uint32_t stop = take_lines(dump, grouping, line, &image, &end);
        bool is_module = image.kind != HGR_IMAGE_NONE ||
                         (!hgr_space_find(&dump->space, base) && has_image_name(path));
        if (is_module)
            result = add_module(dump, path, base, end, &image, status);
        for (; line != stop; line = grouping->next[line])
            if (is_module)
                dump->files[line].module = (uint32_t)dump->nmodules - 1;
    }
    return result;
}

/* ---- all ---- */

/* Ask for the first page of every image at once: on a cold file the disk then answers in parallel,
 * where touching them one after the other would wait for each. */
static void ask_for_headers(const hgr_dump *dump)
{
    const uintptr_t page = 4096;
    for (size_t i = 0; i < dump->nfiles; i++) {
        const hgr_range *range = hgr_space_find(&dump->space, dump->files[i].start_addr);
        if (dump->files[i].file_off != 0 || !range)
            continue;
        uintptr_t at = (uintptr_t)(range->bytes + (dump->files[i].start_addr - range->start_addr));
        madvise((void *)(at & ~(page - 1)), page, MADV_WILLNEED); /* only a hint: may fail */
    }
}

static hgr_result sort_modules(hgr_dump *dump, hgr_status *status)
{
    uint32_t *order = NULL, *place = NULL;
    hgr_module *sorted = NULL;
    hgr_result result =
        make_order(dump->run, dump->nmodules, module_before, dump->modules, &order, status);
    if (result == HGR_OK)
        result = hgr_alloc(dump->run, dump->nmodules, sizeof *place, "modules", &place, status);
    if (result == HGR_OK)
        result = hgr_alloc(dump->run, dump->nmodules, sizeof *sorted, "modules", &sorted, status);
    if (result == HGR_OK) {
        for (size_t i = 0; i < dump->nmodules; i++) {
            sorted[i] = dump->modules[order[i]];
            place[order[i]] = (uint32_t)i;
        }
        for (size_t i = 0; i < dump->nfiles; i++)
            if (dump->files[i].module != HGR_NO_MODULE)
                dump->files[i].module = place[dump->files[i].module];
        hgr_free(dump->modules);
        dump->modules = sorted;
        dump->modules_capacity = dump->nmodules;
    }
    hgr_free(place);
    hgr_free(order);
    return result;
}

hgr_result hgr_modules_group(hgr_dump *dump, hgr_status *status)
{
    struct grouping grouping = {0};
    if (dump->nfiles == 0)
        return HGR_OK;
    hgr_map_init(&grouping.lines, dump->run);
    for (size_t i = 0; i < dump->nfiles; i++)
        dump->files[i].module = HGR_NO_MODULE;
    if (dump->file_is_mapped)
        ask_for_headers(dump);
    hgr_result result = sort_files(dump, status);
    if (result == HGR_OK)
        result = link_lines(dump, &grouping, status);
    for (size_t i = 0; result == HGR_OK && i < dump->nfiles; i++)
        if (grouping.first[i])
            result = group_path(dump, &grouping, (uint32_t)i, status);
    if (result == HGR_OK)
        result = sort_modules(dump, status);
    hgr_map_fini(&grouping.lines);
    hgr_free(grouping.first);
    hgr_free(grouping.last);
    hgr_free(grouping.next);
    return result;
}
