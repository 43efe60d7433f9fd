/* clr: which runtime of the process is opened.
 *
 * Input: the dump's modules, the number asked for. Output: one open runtime and the list of all. A
 * process nearly always has one. It has two when a .NET Framework program hosts .NET, a native
 * program hosts two versions, or a plug-in brings its own: then all are opened, and without a
 * number the one with the largest heap is kept, since that is what a dump is looked into for. A
 * program in a single file has none that is called so: then every module is looked into. */
#include "clr_open.h"

#include <stdio.h>

#include "../base/run.h"
#include "../base/status.h"
#include "clr_limits.h"

/* What the runtimes of one process are found to be, until one of them is chosen. */
struct choice {
    const hgr_dump *dump;
    const hgr_run *run;
    const hgr_runtime_options *options;
    const hgr_module *modules[HGR_CLR_MAX_RUNTIMES];
    hgr_status refusals[HGR_CLR_MAX_RUNTIMES];
    uint64_t used_bytes[HGR_CLR_MAX_RUNTIMES];
    hgr_clr_version versions[HGR_CLR_MAX_RUNTIMES]; /* of those that were opened */
    uint32_t count;
    uint32_t number; /* of the one that is open, from 1 */
};

static void list_modules(struct choice *choice)
{
    for (size_t i = 0; i < hgr_dump_modules(choice->dump); i++) {
        const hgr_module *module = hgr_dump_module(choice->dump, i);
        if (choice->count < HGR_CLR_MAX_RUNTIMES && hgr_clr_is_runtime_path(module->path))
            choice->modules[choice->count++] = module;
    }
}

static hgr_result open_one(struct choice *choice, uint32_t number, hgr_runtime **out,
                           hgr_status *status)
{
    const hgr_module *module = choice->count ? choice->modules[number - 1] : NULL;
    choice->number = number;
    hgr_result result =
        hgr_clr_runtime_open(choice->dump, module, choice->options, choice->run, out, status);
    if (result == HGR_OK && choice->count) {
        const hgr_runtime_info *info = &(*out)->info;
        choice->used_bytes[number - 1] = info->used_bytes;
        choice->versions[number - 1] = (hgr_clr_version){info->major, info->minor, info->patch};
    }
    return result;
}

/* Nothing that another runtime could make better. */
static bool ends_the_search(hgr_result result)
{
    return result == HGR_NO_MEMORY || result == HGR_CANCELLED || result == HGR_INTERNAL;
}

/* Open each, keep the one with the largest heap; when none can be read, the first one's reason. */
static hgr_result open_largest(struct choice *choice, hgr_runtime **out, hgr_status *status)
{
    hgr_runtime *best = NULL;
    uint32_t best_number = 0;
    for (uint32_t number = 1; number <= choice->count; number++) {
        hgr_runtime *one = NULL;
        hgr_status *refusal = &choice->refusals[number - 1];
        hgr_result result = open_one(choice, number, &one, refusal);
        if (ends_the_search(result)) {
            hgr_runtime_close(best);
            if (status)
                *status = *refusal;
            return result;
        }
        if (result == HGR_OK && (!best || one->info.used_bytes > best->info.used_bytes)) {
            hgr_runtime_close(best);
            best = one;
            best_number = number;
        } else {
            hgr_runtime_close(one);
        }
    }
    if (!best) {
        if (status)
            *status = choice->refusals[0];
        return choice->refusals[0].code;
    }
    choice->number = best_number;
    *out = best;
    return HGR_OK;
}

static const char *name_of(const hgr_module *module, const hgr_clr_version *version)
{
    size_t len = strlen(module->path);
    bool core = len >= 11 && (strcmp(module->path + len - 11, "coreclr.dll") == 0 ||
                              strcmp(module->path + len - 10, "coreclr.so") == 0);
    return !core                                        ? ".NET Framework"
           : version->major >= 5 || version->major == 0 ? ".NET"
                                                        : ".NET Core";
}

static const char *version_text(hgr_runtime *runtime, const hgr_clr_version *version,
                                hgr_status *status)
{
    char text[40] = "";
    if (version->major != 0 && version->patch != UINT32_MAX)
        snprintf(text, sizeof text, "%u.%u.%u", version->major, version->minor, version->patch);
    else if (version->major != 0)
        snprintf(text, sizeof text, "%u.%u", version->major, version->minor);
    return hgr_arena_text(&runtime->arena, text, strlen(text), status);
}

static hgr_result fill_place(const struct choice *choice, hgr_runtime *runtime, uint32_t index,
                             hgr_status *status)
{
    const hgr_module *module = choice->modules[index];
    const hgr_status *refusal = &choice->refusals[index];
    hgr_clr_version version = choice->versions[index];
    if (version.major == 0)
        version = hgr_clr_version_find(choice->dump, module);
    hgr_runtime_place *place = &runtime->places[index];
    *place = (hgr_runtime_place){.name = name_of(module, &version),
                                 .version = version_text(runtime, &version, status),
                                 .module_path = module->path,
                                 .module_addr = module->base_addr,
                                 .used_bytes = choice->used_bytes[index]};
    if (refusal->code != HGR_OK)
        place->refusal =
            hgr_arena_text(&runtime->arena, refusal->text, strlen(refusal->text), status);
    return place->version && (refusal->code == HGR_OK || place->refusal) ? HGR_OK : HGR_NO_MEMORY;
}

/* The open runtime knows itself best; of the others what their modules tell. */
static hgr_result fill_places(const struct choice *choice, hgr_runtime *runtime, hgr_status *status)
{
    const hgr_runtime_info *info = &runtime->info;
    runtime->number = choice->number;
    runtime->nplaces = choice->count ? choice->count : 1;
    runtime->places =
        hgr_arena_alloc(&runtime->arena, runtime->nplaces * sizeof *runtime->places, status);
    if (!runtime->places)
        return HGR_NO_MEMORY;
    for (uint32_t i = 0; i < choice->count; i++) {
        hgr_result result =
            i + 1 == choice->number ? HGR_OK : fill_place(choice, runtime, i, status);
        if (result != HGR_OK)
            return result;
    }
    runtime->places[choice->number - 1] = (hgr_runtime_place){.name = info->name,
                                                              .version = info->version,
                                                              .module_path = info->module_path,
                                                              .module_addr = info->module_addr,
                                                              .used_bytes = info->used_bytes};
    return HGR_OK;
}

static hgr_result choose(struct choice *choice, hgr_runtime **out, hgr_status *status)
{
    uint32_t number = choice->options->number, count = choice->count ? choice->count : 1;
    if (number > count)
        return hgr_fail(status, HGR_NOT_FOUND, "runtime %u asked for, the dump has %u", number,
                        count);
    return number == 0 && count > 1 ? open_largest(choice, out, status)
                                    : open_one(choice, number ? number : 1, out, status);
}

hgr_result hgr_runtime_open(const hgr_dump *dump, const hgr_runtime_options *options,
                            const hgr_run *run, hgr_runtime **out, hgr_status *status)
{
    static const hgr_runtime_options none = {0};
    hgr_phase_timer timer = hgr_phase_begin(run, "runtime");
    hgr_runtime *runtime = NULL;
    struct choice choice = {.dump = dump, .run = run, .options = options ? options : &none};
    list_modules(&choice);
    hgr_result result = choose(&choice, &runtime, status);
    if (result == HGR_OK)
        result = fill_places(&choice, runtime, status);
    if (result != HGR_OK) {
        hgr_runtime_close(runtime);
        return result;
    }
    hgr_phase_end(&timer, 0, 0, 0);
    *out = runtime;
    return HGR_OK;
}

size_t hgr_runtime_places(const hgr_runtime *runtime)
{
    return runtime->nplaces;
}

const hgr_runtime_place *hgr_runtime_place_at(const hgr_runtime *runtime, size_t index)
{
    return index < runtime->nplaces ? &runtime->places[index] : NULL;
}

uint32_t hgr_runtime_number(const hgr_runtime *runtime)
{
    return runtime->number;
}
