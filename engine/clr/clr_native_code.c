/* clr: code of native images, the core library of 2.x: {start, size} of the hot, other and cold
 * code, their tables of functions {begin, unwind}, the numbers of functions, then for the first two
 * a list of MethodDescs, one a function, as offsets into the image. Cold parts of a method have
 * another table, which is not read: an address in one is precompiled code without a name. */
#include "clr_native_code.h"

#include "clr_functions.h"
#include "clr_limits.h"

enum { SECTIONS = 3, NAMED_SECTIONS = 2 };

/* Bit 0 of a MethodDesc's offset: the method handles exceptions. */
#define HAS_CLAUSES UINT32_C(1)

struct section {
    uint64_t start_addr, bytes;
    uint64_t methods_addr;
    hgr_clr_functions functions;
};

static bool read_section(const hgr_space *space, uint64_t table, uint32_t index,
                         struct section *out)
{
    uint64_t p = space->pointer_size, functions = table + 2 * SECTIONS * p;
    uint64_t counts = functions + SECTIONS * p, methods = counts + 4 * SECTIONS;
    return hgr_space_ptr(space, table + 2 * index * p, &out->start_addr) &&
           hgr_space_ptr(space, table + (2 * index + 1) * p, &out->bytes) &&
           hgr_space_ptr(space, functions + index * p, &out->functions.addr) &&
           hgr_space_u32(space, counts + 4 * (uint64_t)index, &out->functions.count) &&
           hgr_space_ptr(space, methods + index * p, &out->methods_addr) &&
           out->functions.count <= HGR_CLR_MAX_FUNCTIONS;
}

static bool find_in(const hgr_space *space, const struct section *section, uint64_t base_addr,
                    uint64_t ip, hgr_clr_code *out)
{
    uint32_t index, begin, end, method;
    if (!hgr_clr_function_find(space, &section->functions, ip - base_addr, &index) ||
        !hgr_clr_function_word(space, &section->functions, index, HGR_FUNCTION_BEGIN, &begin) ||
        !hgr_clr_function_word(space, &section->functions, index, HGR_FUNCTION_END, &end) ||
        begin > ip - base_addr ||
        !hgr_space_u32(space, section->methods_addr + 4 * (uint64_t)index, &method) || method == 0)
        return false;
    out->start_addr = out->method_start_addr = base_addr + begin;
    out->end_addr = end != UINT32_MAX ? base_addr + end : section->start_addr + section->bytes;
    out->method_addr = base_addr + (method & ~HAS_CLAUSES);
    return true;
}

void hgr_clr_native_find(const hgr_runtime *runtime, uint64_t module_addr, uint64_t base_addr,
                         uint64_t ip, hgr_clr_code *out)
{
    const hgr_space *space = runtime->space;
    uint64_t table;
    if (runtime->layout.module_native_layout == 0 || space->pointer_size != 4 || ip < base_addr ||
        !hgr_space_ptr(space, module_addr + runtime->layout.module_native_layout, &table) ||
        table == 0)
        return;
    for (uint32_t i = 0; i < NAMED_SECTIONS; i++) {
        struct section section;
        hgr_clr_code code = {.kind = HGR_CODE_READY, .base_addr = base_addr};
        if (read_section(space, table, i, &section) && ip >= section.start_addr &&
            ip - section.start_addr < section.bytes &&
            find_in(space, &section, base_addr, ip, &code))
            *out = code;
    }
}
