/* clr: code lookup.
 *
 * Input: an instruction pointer. Output: kind, method, unwind and GC information of the code around
 * it. 8 and later keep a radix tree of five levels of 256 over the address's bits 17 to 56; its
 * leaves are lists of {next, begin, end, RangeSection}. A RangeSection is a precompiled image (its
 * R2RModule) or a code heap of the JIT; 7 and before keep the RangeSections in a list. The heap's
 * nibble map leads to the start of the method around an address and so to the code header in front
 * of it. Everything but RUNTIME_FUNCTIONs counts in the target's pointers; x86 has none of those.
 */
#include "clr_code.h"

#include "../base/status.h"
#include "clr_limits.h"
#include "clr_native_code.h"
#include "clr_ready.h"

enum {
    MAP_SHIFT = 17, /* address bits below one leaf */
    MAP_LEVELS = 5,
    FUNCTION_BYTES = 12,  /* RUNTIME_FUNCTION: begin, end, unwind */
    NIBBLE_BLOCK = 256,   /* code bytes one word of the nibble map covers */
    STUB_KINDS = 0xf,     /* code header words up to this are kinds of stubs, no pointers */
    LISTED_CODE_HEAP = 2, /* flags of a listed RangeSection */
    LISTED_READY = 4
};

/* RangeSection, as far as it is used; the same in 8, 9 and 10. */
struct section {
    uint64_t start_addr, end_addr;
    uint64_t module_addr; /* of a precompiled image, else 0 */
    uint64_t heap_addr;   /* CodeHeapListNode of the JIT, else 0 */
    bool is_native;       /* the image is a native one (2.x) */
};

struct hgr_clr_codes {
    const hgr_runtime *runtime;
    hgr_clr_ready ready;
};

hgr_result hgr_clr_codes_create(const hgr_runtime *runtime, const hgr_run *run, hgr_clr_codes **out,
                                hgr_status *status)
{
    hgr_clr_codes *codes = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *codes, "code lookup", &codes, status);
    if (result != HGR_OK)
        return result;
    codes->runtime = runtime;
    hgr_clr_ready_init(&codes->ready, runtime, run);
    *out = codes;
    return HGR_OK;
}

void hgr_clr_codes_free(hgr_clr_codes *codes)
{
    if (!codes)
        return;
    hgr_clr_ready_fini(&codes->ready);
    hgr_free(codes);
}

static bool read_section(const hgr_space *space, uint64_t addr, struct section *out)
{
    return hgr_space_u64(space, addr, &out->start_addr) &&
           hgr_space_u64(space, addr + 8, &out->end_addr) &&
           hgr_space_u64(space, addr + 32, &out->module_addr) &&
           hgr_space_u64(space, addr + 40, &out->heap_addr) && out->start_addr < out->end_addr;
}

/* Bit 0 of each pointer of the map is a flag. */
static bool map_pointer(const hgr_space *space, uint64_t addr, uint64_t *out)
{
    if (!hgr_space_u64(space, addr, out))
        return false;
    *out &= ~UINT64_C(1);
    return *out != 0;
}

/* {begin, end, manager, next, last used, u32 flags, Module or CodeHeapListNode} */
static bool read_listed(const hgr_space *space, uint64_t addr, struct section *out, uint64_t *next)
{
    uint64_t p = space->pointer_size, owner;
    uint32_t flags;
    if (!hgr_space_ptr(space, addr, &out->start_addr) ||
        !hgr_space_ptr(space, addr + p, &out->end_addr) ||
        !hgr_space_ptr(space, addr + 3 * p, next) || !hgr_space_u32(space, addr + 5 * p, &flags) ||
        !hgr_space_ptr(space, addr + 6 * p, &owner))
        return false;
    out->heap_addr = flags & LISTED_CODE_HEAP ? owner : 0;
    out->module_addr = flags & LISTED_CODE_HEAP ? 0 : owner;
    out->is_native = out->module_addr != 0 && !(flags & LISTED_READY);
    return out->start_addr < out->end_addr;
}

static bool find_listed(const hgr_runtime *runtime, uint64_t ip, struct section *out)
{
    const hgr_space *space = runtime->space;
    uint64_t at;
    if (!hgr_space_ptr(space, runtime->code_map_addr, &at))
        return false;
    for (uint32_t left = HGR_CLR_MAX_RANGE_FRAGMENTS; left > 0 && at != 0; left--) {
        if (!read_listed(space, at, out, &at))
            return false;
        if (ip >= out->start_addr && ip < out->end_addr)
            return true;
    }
    return false;
}

static bool find_section(const hgr_runtime *runtime, uint64_t ip, struct section *out)
{
    const hgr_space *space = runtime->space;
    uint64_t at = runtime->code_map_addr;
    if (runtime->layout.code_map == HGR_CODE_MAP_LIST)
        return find_listed(runtime, ip, out);
    for (uint32_t level = MAP_LEVELS; level > 0; level--) {
        uint64_t index = ip >> (MAP_SHIFT + 8 * (level - 1)) & 255;
        if (!map_pointer(space, at + 8 * index, &at))
            return false;
    }
    for (uint32_t left = HGR_CLR_MAX_RANGE_FRAGMENTS; left > 0 && at != 0; left--) {
        uint64_t start, end, section;
        if (!hgr_space_u64(space, at + 8, &start) || !hgr_space_u64(space, at + 16, &end))
            return false;
        if (ip >= start && ip < end)
            return map_pointer(space, at + 24, &section) && read_section(space, section, out);
        if (!map_pointer(space, at, &at))
            return false;
    }
    return false;
}

/* ---- code of the JIT ---- */

struct code_heap {
    uint64_t map_base_addr, nibbles_addr;
};

static bool nibble_word(const hgr_clr_codes *codes, const struct code_heap *heap, uint64_t index,
                        uint32_t *out)
{
    return hgr_space_u32(codes->runtime->space, heap->nibbles_addr + 4 * index, out);
}

/* 10: a word whose last nibble is above 8 covers the middle of a method and points at its start. */
static bool is_nibble_pointer(const hgr_clr_codes *codes, uint32_t word)
{
    return codes->runtime->layout.nibble_pointers && (word & 15) > 8;
}

static uint64_t pointed_start(const struct code_heap *heap, uint32_t word)
{
    return heap->map_base_addr + (word & ~UINT32_C(15)) + 4 * (uint64_t)((word & 15) - 9);
}

/* The last method start among nibbles [0, count) of the word; the first nibble is the highest. */
static bool last_start(const struct code_heap *heap, uint64_t index, uint32_t word, uint32_t count,
                       uint64_t *out)
{
    for (uint32_t n = count; n-- > 0;) {
        uint32_t nibble = word >> (28 - 4 * n) & 15;
        if (nibble == 0)
            continue;
        *out = heap->map_base_addr + index * NIBBLE_BLOCK + 32 * (uint64_t)n + 4 * (nibble - 1);
        return true;
    }
    return false;
}

/* Start of the method around ip. A nibble v > 0 says: code starts 4 (v - 1) bytes into its 32. */
static bool find_start(const hgr_clr_codes *codes, const struct code_heap *heap, uint64_t ip,
                       uint64_t *out)
{
    uint64_t delta = ip - heap->map_base_addr, index = delta / NIBBLE_BLOCK;
    uint32_t nth = (uint32_t)(delta / 32 % 8), word;
    if (ip < heap->map_base_addr || !nibble_word(codes, heap, index, &word))
        return false;
    if (is_nibble_pointer(codes, word)) {
        *out = pointed_start(heap, word);
        return *out <= ip;
    }
    if (last_start(heap, index, word, nth + 1, out) && *out <= ip)
        return true;
    if (last_start(heap, index, word, nth, out))
        return true;
    for (uint32_t left = HGR_CLR_MAX_NIBBLE_WORDS; left > 0 && index > 0; left--) {
        if (!nibble_word(codes, heap, --index, &word))
            return false;
        if (is_nibble_pointer(codes, word)) {
            *out = pointed_start(heap, word);
            return *out <= ip;
        }
        if (last_start(heap, index, word, 8, out))
            return true;
        if (codes->runtime->layout.nibble_pointers)
            return false; /* the word before tells all */
    }
    return false;
}

/* The code header's RUNTIME_FUNCTIONs: the main body first, then funclets. */
static bool find_function(const hgr_space *space, uint64_t functions, uint32_t count, uint64_t ip,
                          hgr_clr_code *out)
{
    for (uint32_t i = 0; i < count && i < HGR_CLR_MAX_FUNCLETS; i++) {
        uint32_t begin, end, unwind;
        uint64_t at = functions + (uint64_t)i * FUNCTION_BYTES;
        if (!hgr_space_u32(space, at, &begin) || !hgr_space_u32(space, at + 4, &end) ||
            !hgr_space_u32(space, at + 8, &unwind))
            return false;
        if (i == 0)
            out->main_unwind_addr = out->base_addr + unwind;
        if (ip - out->base_addr < begin || ip - out->base_addr >= end)
            continue;
        out->start_addr = out->base_addr + begin;
        out->end_addr = out->base_addr + end;
        out->unwind_addr = out->base_addr + unwind;
        out->is_funclet = i > 0;
        return true;
    }
    return false;
}

static void find_jitted(const hgr_clr_codes *codes, const struct section *section, uint64_t ip,
                        hgr_clr_code *out)
{
    const hgr_space *space = codes->runtime->space;
    struct code_heap heap;
    hgr_clr_code code = {.base_addr = section->start_addr};
    uint64_t header, p = space->pointer_size;
    uint32_t count;
    if (!hgr_space_ptr(space, section->heap_addr + 4 * p, &heap.map_base_addr) ||
        !hgr_space_ptr(space, section->heap_addr + 5 * p, &heap.nibbles_addr) ||
        !find_start(codes, &heap, ip, &code.method_start_addr) ||
        !hgr_space_ptr(space, code.method_start_addr - p, &header))
        return;
    if (header <= STUB_KINDS) {
        out->kind = HGR_CODE_STUB;
        return;
    }
    if (p != 8) { /* the header itself: {debug, clauses, GC information, MethodDesc} */
        header = code.method_start_addr - 4 * p;
        code.start_addr = code.method_start_addr;
        code.end_addr = section->end_addr; /* no table says where it ends */
    }
    if (!hgr_space_ptr(space, header + p, &code.clauses_addr) ||
        !hgr_space_ptr(space, header + 2 * p, &code.gc_info_addr) ||
        !hgr_space_ptr(space, header + 3 * p, &code.method_addr))
        return;
    if (p == 8 && (!hgr_space_u32(space, header + 32, &count) ||
                   !find_function(space, header + 36, count, ip, &code)))
        return;
    if (p != 8)
        code.gc_info_addr = 0; /* of another form, which is not read */
    code.kind = HGR_CODE_JIT;
    *out = code;
}

hgr_result hgr_clr_code_find(hgr_clr_codes *codes, uint64_t ip, hgr_clr_code *out,
                             hgr_status *status)
{
    const hgr_runtime *runtime = codes->runtime;
    struct section section = {0};
    *out = (hgr_clr_code){0};
    if (runtime->code_map_addr == 0 || runtime->layout.code_map == HGR_CODE_MAP_NONE ||
        !find_section(runtime, ip, &section))
        return HGR_OK;
    if (section.is_native) {
        hgr_clr_native_find(runtime, section.module_addr, section.start_addr, ip, out);
        return HGR_OK;
    }
    if (section.module_addr != 0)
        return hgr_clr_ready_find(&codes->ready, section.module_addr, section.start_addr, ip, out,
                                  status);
    if (section.heap_addr != 0)
        find_jitted(codes, &section, ip, out);
    else
        out->kind = HGR_CODE_STUB;
    return HGR_OK;
}
