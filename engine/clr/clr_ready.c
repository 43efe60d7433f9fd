/* clr: code of precompiled images.
 *
 * Input: the Module of an image and an address in it. Output: the method around it. The image's
 * table of functions {begin, end, unwind} (x86: without end) is ascending; a function whose start
 * is a known entry point is a method's main body, those that follow it are its funclets. Entry
 * points are in a hash table of the runtime's: buckets of 4 keys and 4 values, the first bucket
 * holds their number. They are only read for images that somebody asks about, each once. */
#include "clr_ready.h"

#include "../base/status.h"
#include "clr_limits.h"

enum { BUCKET_SLOTS = 4 };

void hgr_clr_ready_init(hgr_clr_ready *ready, const hgr_runtime *runtime, const hgr_run *run)
{
    *ready = (hgr_clr_ready){.runtime = runtime, .run = run};
    hgr_map_init(&ready->image_index, run);
    hgr_map_init(&ready->entries, run);
}

void hgr_clr_ready_fini(hgr_clr_ready *ready)
{
    hgr_map_fini(&ready->image_index);
    hgr_map_fini(&ready->entries);
    hgr_free(ready->images);
    hgr_free(ready->methods);
}

static hgr_result add_entry(hgr_clr_ready *ready, uint64_t entry, uint64_t method,
                            hgr_status *status)
{
    if (hgr_map_get(&ready->entries, entry) != HGR_MAP_NONE)
        return HGR_OK;
    hgr_result result =
        hgr_grow(ready->run, &ready->methods, &ready->methods_capacity, ready->nmethods + 1,
                 HGR_CLR_MAX_ENTRY_POINTS, sizeof *ready->methods, "entry points", status);
    if (result == HGR_OK)
        result = hgr_map_put(&ready->entries, entry, (uint32_t)ready->nmethods, status);
    if (result == HGR_OK)
        ready->methods[ready->nmethods++] = method;
    return result;
}

/* Values are stored shifted right by one, their highest bit is the runtime's own. */
static hgr_result read_bucket(hgr_clr_ready *ready, uint64_t addr, hgr_status *status)
{
    const hgr_space *space = ready->runtime->space;
    uint64_t words[2 * BUCKET_SLOTS], mask = space->pointer_size == 8 ? UINT64_MAX : UINT32_MAX;
    hgr_result result = HGR_OK;
    for (uint32_t i = 0; i < 2 * BUCKET_SLOTS; i++)
        if (!hgr_space_ptr(space, addr + (uint64_t)i * space->pointer_size, &words[i]))
            return HGR_OK;
    for (uint32_t i = 0; i < BUCKET_SLOTS && result == HGR_OK; i++)
        if (words[i] > 1) /* 0 empty, 1 deleted */
            result = add_entry(ready, words[i], words[BUCKET_SLOTS + i] << 1 & mask, status);
    return result;
}

static hgr_result read_entries(hgr_clr_ready *ready, uint64_t info_addr, hgr_status *status)
{
    const hgr_space *space = ready->runtime->space;
    uint64_t buckets, p = space->pointer_size;
    uint32_t count;
    hgr_result result = HGR_OK;
    if (!hgr_space_ptr(space, info_addr + ready->runtime->layout.ready_entry_points + 2 * p,
                       &buckets) ||
        !hgr_space_u32(space, buckets, &count) || count > HGR_CLR_MAX_ENTRY_POINTS)
        return HGR_OK;
    for (uint32_t i = 1; i <= count && result == HGR_OK; i++)
        result = read_bucket(ready, buckets + i * 2 * BUCKET_SLOTS * p, status);
    return result;
}

static hgr_result get_image(hgr_clr_ready *ready, uint64_t info_addr, hgr_clr_functions *out,
                            hgr_status *status)
{
    const hgr_space *space = ready->runtime->space;
    uint32_t known = hgr_map_get(&ready->image_index, info_addr);
    if (known != HGR_MAP_NONE) {
        *out = ready->images[known];
        return HGR_OK;
    }
    hgr_clr_functions image = {0};
    uint64_t functions = info_addr + ready->runtime->layout.ready_functions;
    if (!hgr_space_ptr(space, functions, &image.addr) ||
        !hgr_space_u32(space, functions + space->pointer_size, &image.count) ||
        image.count > HGR_CLR_MAX_FUNCTIONS)
        image.count = 0;
    hgr_result result =
        hgr_grow(ready->run, &ready->images, &ready->images_capacity, ready->nimages + 1,
                 HGR_CLR_MAX_RANGE_FRAGMENTS, sizeof *ready->images, "images", status);
    if (result == HGR_OK && image.count > 0)
        result = read_entries(ready, info_addr, status);
    if (result == HGR_OK)
        result = hgr_map_put(&ready->image_index, info_addr, (uint32_t)ready->nimages, status);
    if (result != HGR_OK)
        return result;
    ready->images[ready->nimages++] = image;
    *out = image;
    return HGR_OK;
}

/* GC information stands behind the main body's UNWIND_INFO: codes padded to an even number, then
 * the offset of the personality routine. */
static uint64_t gc_info_behind(const hgr_space *space, uint64_t unwind_addr)
{
    uint8_t codes;
    if (space->pointer_size != 8 || !hgr_space_u8(space, unwind_addr + 2, &codes))
        return 0;
    return unwind_addr + 4 + 2 * (uint64_t)((codes + 1u) & ~1u) + 4;
}

/* Walk back from a funclet to the method it belongs to. */
static bool find_main(const hgr_clr_ready *ready, const hgr_clr_functions *image, uint32_t index,
                      hgr_clr_code *code)
{
    const hgr_space *space = ready->runtime->space;
    for (uint32_t left = HGR_CLR_MAX_FUNCLETS, main = index; left > 0; left--, main--) {
        uint32_t begin, unwind, method;
        if (!hgr_clr_function_word(space, image, main, HGR_FUNCTION_BEGIN, &begin))
            return false;
        method = hgr_map_get(&ready->entries, code->base_addr + begin);
        if (method != HGR_MAP_NONE) {
            if (!hgr_clr_function_word(space, image, main, HGR_FUNCTION_UNWIND, &unwind))
                return false;
            code->method_addr = ready->methods[method];
            code->method_start_addr = code->base_addr + begin;
            code->main_unwind_addr = code->base_addr + unwind;
            code->is_funclet = main != index;
            return true;
        }
        if (main == 0)
            return false;
    }
    return false;
}

hgr_result hgr_clr_ready_find(hgr_clr_ready *ready, uint64_t module_addr, uint64_t base_addr,
                              uint64_t ip, hgr_clr_code *out, hgr_status *status)
{
    const hgr_space *space = ready->runtime->space;
    const hgr_clr_layout *layout = &ready->runtime->layout;
    hgr_clr_functions image;
    uint64_t info_addr;
    uint32_t index, begin, end, unwind;
    if (layout->module_ready_to_run == HGR_NO_OFFSET ||
        layout->ready_entry_points == HGR_NO_OFFSET || layout->ready_functions == 0 ||
        ip < base_addr ||
        !hgr_space_ptr(space, module_addr + layout->module_ready_to_run, &info_addr) ||
        info_addr == 0)
        return HGR_OK;
    hgr_result result = get_image(ready, info_addr, &image, status);
    if (result != HGR_OK || !hgr_clr_function_find(space, &image, ip - base_addr, &index) ||
        !hgr_clr_function_word(space, &image, index, HGR_FUNCTION_BEGIN, &begin) ||
        !hgr_clr_function_word(space, &image, index, HGR_FUNCTION_END, &end) ||
        !hgr_clr_function_word(space, &image, index, HGR_FUNCTION_UNWIND, &unwind) ||
        ip - base_addr < begin || ip - base_addr >= end)
        return result;
    hgr_clr_code code = {.kind = HGR_CODE_READY,
                         .base_addr = base_addr,
                         .start_addr = base_addr + begin,
                         .end_addr = base_addr + end,
                         .unwind_addr = space->pointer_size == 8 ? base_addr + unwind : 0,
                         .ready_info_addr = info_addr};
    if (find_main(ready, &image, index, &code))
        code.gc_info_addr = gc_info_behind(space, code.main_unwind_addr);
    *out = code;
    return HGR_OK;
}
