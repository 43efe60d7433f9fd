/* clr: is this funclet an exception filter?
 *
 * Input: a funclet. Output: yes or no, from the method's exception clauses: {flags, try begin, try
 * end, handler begin, handler end, filter begin}, u32 each and offsets in the method. The JIT keeps
 * them behind an 8-byte header with their number in front of it, aligned to 32 bytes; an image has
 * them in one section, found through a table {method, clauses} that ends with method ~0. */
#include "clr_code.h"
#include "clr_limits.h"

enum {
    CLAUSE_FILTER = 1, /* in flags */
    JIT_CLAUSE_BYTES = 32,
    JIT_CLAUSE_FILTER = 24,
    READY_CLAUSE_BYTES = 24,
    READY_CLAUSE_FILTER = 20,
    READY_SIGNATURE = 0x00525452, /* "RTR" */
    READY_EXCEPTIONS = 104,       /* a kind of section */
    MAX_SECTIONS = 256
};

static bool is_filter_of(const hgr_space *space, uint64_t clause, uint32_t filter_at,
                         uint64_t offset)
{
    uint32_t flags, filter;
    return hgr_space_u32(space, clause, &flags) && (flags & CLAUSE_FILTER) &&
           hgr_space_u32(space, clause + filter_at, &filter) && filter == offset;
}

static bool is_jit_filter(const hgr_space *space, const hgr_clr_code *code)
{
    uint64_t count, offset = code->start_addr - code->method_start_addr;
    if (code->clauses_addr == 0 || !hgr_space_u64(space, code->clauses_addr - 8, &count))
        return false;
    for (uint64_t i = 0; i < count && i < HGR_CLR_MAX_FUNCLETS; i++)
        if (is_filter_of(space, code->clauses_addr + 8 + i * JIT_CLAUSE_BYTES, JIT_CLAUSE_FILTER,
                         offset))
            return true;
    return false;
}

/* The section of exception clauses: {signature, version, flags, u32 sections, {kind, offset,
 * bytes}[]}. */
static bool find_section(const hgr_space *space, const hgr_clr_code *code, uint64_t *out_addr,
                         uint32_t *out_rows)
{
    uint64_t header;
    uint32_t signature, count, section[3];
    if (!hgr_space_u64(space, code->ready_info_addr + 16, &header) ||
        !hgr_space_u32(space, header, &signature) || signature != READY_SIGNATURE ||
        !hgr_space_u32(space, header + 12, &count))
        return false;
    for (uint32_t i = 0; i < count && i < MAX_SECTIONS; i++) {
        if (!hgr_space_read(space, header + 16 + 12 * (uint64_t)i, section, sizeof section))
            return false;
        if (section[0] != READY_EXCEPTIONS)
            continue;
        *out_addr = code->base_addr + section[1];
        *out_rows = section[2] / 8;
        return true;
    }
    return false;
}

static bool is_ready_filter(const hgr_space *space, const hgr_clr_code *code)
{
    uint64_t table, method = code->method_start_addr - code->base_addr;
    uint32_t low = 0, high, row[4];
    if (!find_section(space, code, &table, &high))
        return false;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2, begin;
        if (!hgr_space_u32(space, table + 8 * (uint64_t)middle, &begin))
            return false;
        if (begin <= method)
            low = middle;
        else
            high = middle;
    }
    /* this row and the next one, where the clauses end */
    if (!hgr_space_read(space, table + 8 * (uint64_t)low, row, sizeof row) || row[0] != method)
        return false;
    for (uint32_t at = row[1], left = HGR_CLR_MAX_FUNCLETS; at < row[3] && left > 0; left--) {
        if (is_filter_of(space, code->base_addr + at, READY_CLAUSE_FILTER,
                         code->start_addr - code->method_start_addr))
            return true;
        at += READY_CLAUSE_BYTES;
    }
    return false;
}

bool hgr_clr_code_is_filter(const hgr_runtime *runtime, const hgr_clr_code *code)
{
    if (!code->is_funclet)
        return false;
    return code->kind == HGR_CODE_JIT ? is_jit_filter(runtime->space, code)
                                      : is_ready_filter(runtime->space, code);
}
