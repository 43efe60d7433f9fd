/* clr: stack walk on x86.
 *
 * Input: a frame. Output: the one that called it. x86 has no unwind tables. A method either saves
 * ebp first (push ebp; mov ebp, esp) and then its frame is a link of the chain, or its prologue
 * pushes a known number of bytes and the return address lies above them. Native code is walked by
 * the chain alone. Where the chain breaks (ebp used for something else), the next word of the stack
 * that is a return address in a method goes on. A return address only counts when it follows a call
 * instruction, so what a guess can do is to name a stale frame, never to leave the stack. */
#include "clr_chain.h"

enum {
    WORD = 4,
    PROLOGUE_BYTES = 32,
    CALL_BYTES = 7, /* the longest call instruction that is looked for */
    EPILOGUE_SEARCH = 4096,
    MAX_POPPED = 256,
    MAX_SCAN_WORDS = 1 << 18 /* 1 MiB of stack */
};

enum { POP_EAX = 0x58, POP_EBP = 0x5d, POP_EDI = 0x5f };

/* ---- instructions ---- */

/* Is there a call instruction in front of the address? Near relative, or through memory or a
 * register in each of its lengths. */
static bool follows_call(const hgr_space *space, uint64_t addr)
{
    uint8_t bytes[CALL_BYTES];
    if (addr < CALL_BYTES || !hgr_space_read(space, addr - CALL_BYTES, bytes, sizeof bytes))
        return false;
    if (bytes[CALL_BYTES - 5] == 0xe8)
        return true;
    for (uint32_t len = 2; len <= CALL_BYTES; len++) {
        const uint8_t *at = bytes + CALL_BYTES - len;
        uint32_t mode = at[1] >> 6, rm = at[1] & 7;
        if (at[0] != 0xff || (at[1] >> 3 & 7) != 2)
            continue;
        uint32_t index = mode != 3 && rm == 4; /* a byte more says which register */
        uint32_t displacement = mode == 1 ? 1 : mode == 2 || (mode == 0 && rm == 5) ? 4 : 0;
        if (len == 2 + index + displacement)
            return true;
    }
    return false;
}

/* How a method begins: with its own ebp, or with this many bytes below the return address. */
static bool read_prologue(const hgr_space *space, uint64_t start, bool *has_frame, uint32_t *depth)
{
    static const uint8_t frame[] = {0x55, 0x8b, 0xec};
    uint8_t code[PROLOGUE_BYTES];
    uint32_t at = 0;
    if (!hgr_space_read(space, start, code, sizeof code))
        return false;
    *has_frame = memcmp(code, frame, sizeof frame) == 0;
    *depth = 0;
    while (at + 6 <= sizeof code) {
        uint32_t bytes;
        if (code[at] >= 0x50 && code[at] <= 0x57) { /* push register */
            *depth += WORD;
            at++;
        } else if (code[at] == 0x83 && code[at + 1] == 0xec) { /* sub esp, byte */
            *depth += code[at + 2] & 0x7f;
            at += 3;
        } else if (code[at] == 0x81 && code[at + 1] == 0xec) { /* sub esp, word */
            memcpy(&bytes, code + at + 2, sizeof bytes);
            *depth += bytes & 0xffffff;
            at += 6;
        } else if (code[at] == 0x90) {
            at++;
        } else {
            break;
        }
    }
    return true;
}

/* Bytes of arguments that the method takes off the stack when it returns: its next return
 * instruction behind a pop (at once, where nothing was pushed) says so. */
static uint32_t popped_bytes(const hgr_space *space, const hgr_clr_frame *frame, bool has_frame,
                             uint32_t depth)
{
    bool at_once = !has_frame && depth == 0;
    uint8_t code[64], first = has_frame ? POP_EBP : POP_EAX, last = has_frame ? POP_EBP : POP_EDI;
    uint64_t at = frame->registers.ip, end = at + EPILOGUE_SEARCH;
    if (frame->code.end_addr < end)
        end = frame->code.end_addr;
    for (; at < end; at += sizeof code - 4) {
        if (!hgr_space_read(space, at, code, sizeof code))
            return 0;
        for (uint32_t i = 0; i + 4 < sizeof code; i++) {
            const uint8_t *ret = at_once ? code + i : code + i + 1;
            uint32_t bytes = ret[1] | (uint32_t)ret[2] << 8;
            if (!at_once && (code[i] < first || code[i] > last))
                continue;
            if (ret[0] == 0xc3)
                return 0;
            if (ret[0] == 0xc2 && bytes < MAX_POPPED && bytes % WORD == 0)
                return bytes;
        }
    }
    return 0;
}

/* ---- return addresses ---- */

static bool in_stack(const hgr_clr_chain *chain, uint64_t addr)
{
    return addr % WORD == 0 && addr + 2 * WORD <= chain->thread->stack_base_addr;
}

/* A failed lookup is kept for the caller, who ends the walk. */
static bool is_managed_return(hgr_clr_chain *chain, uint64_t ip)
{
    hgr_clr_code code;
    if (chain->result != HGR_OK || ip < UINT16_MAX || !follows_call(chain->runtime->space, ip))
        return false;
    chain->result = hgr_clr_code_find(chain->codes, ip - 1, &code, chain->status);
    return chain->result == HGR_OK && hgr_clr_code_is_method(&code);
}

static bool is_return(hgr_clr_chain *chain, uint64_t ip)
{
    return hgr_dump_module_at(chain->runtime->dump, ip) || is_managed_return(chain, ip);
}

/* {saved ebp, return address} */
static bool read_link(hgr_clr_chain *chain, uint64_t ebp, uint64_t *saved, uint64_t *ip)
{
    const hgr_space *space = chain->runtime->space;
    return in_stack(chain, ebp) && hgr_space_ptr(space, ebp, saved) &&
           hgr_space_ptr(space, ebp + WORD, ip) &&
           (*ip == 0 || ((*saved == 0 || *saved > ebp) && is_return(chain, *ip)));
}

/* ---- steps ---- */

static void set_next(hgr_registers *next, uint64_t ip, uint64_t esp, uint64_t ebp)
{
    *next = (hgr_registers){.ip = ip};
    hgr_register_set(next, HGR_RSP, esp, 0);
    if (ebp != 0)
        hgr_register_set(next, HGR_RBP, ebp, 0);
}

static bool step_link(hgr_clr_chain *chain, const hgr_registers *from, uint32_t popped,
                      hgr_registers *next)
{
    uint64_t ebp = from->value[HGR_RBP], saved, ip;
    if (!hgr_register_known(from, HGR_RBP) || ebp < from->value[HGR_RSP] ||
        !read_link(chain, ebp, &saved, &ip))
        return false;
    set_next(next, ip, ebp + 2 * WORD + popped, saved);
    return true;
}

/* The nearest link above, for a frame whose ebp is not known. */
static uint64_t find_link(hgr_clr_chain *chain, uint64_t esp)
{
    uint32_t left = MAX_SCAN_WORDS;
    for (uint64_t at = esp; left > 0 && in_stack(chain, at); at += WORD, left--) {
        uint64_t saved, ip, next_saved, next_ip;
        if (read_link(chain, at, &saved, &ip) && ip != 0 && saved != 0 &&
            read_link(chain, saved, &next_saved, &next_ip))
            return at;
    }
    return 0;
}

static bool step_search(hgr_clr_chain *chain, const hgr_registers *from, hgr_registers *next)
{
    uint64_t at = from->value[HGR_RSP], ip;
    uint32_t left = MAX_SCAN_WORDS;
    for (; left > 0 && in_stack(chain, at); at += WORD, left--)
        if (hgr_space_ptr(chain->runtime->space, at, &ip) && is_managed_return(chain, ip)) {
            set_next(next, ip, at + WORD, find_link(chain, at + WORD));
            return true;
        }
    return false;
}

static bool step_managed(hgr_clr_chain *chain, const hgr_clr_frame *frame, hgr_registers *next)
{
    const hgr_space *space = chain->runtime->space;
    const hgr_registers *from = &frame->registers;
    uint64_t at, ip;
    uint32_t depth;
    bool has_frame;
    if (!read_prologue(space, frame->code.method_start_addr, &has_frame, &depth))
        return false;
    uint32_t popped = popped_bytes(space, frame, has_frame, depth);
    if (has_frame)
        return step_link(chain, from, popped, next);
    at = from->value[HGR_RSP] + depth;
    if (!in_stack(chain, at) || !hgr_space_ptr(space, at, &ip) || !is_return(chain, ip))
        return false;
    set_next(next, ip, at + WORD + popped, from->value[HGR_RBP]);
    return true;
}

hgr_result hgr_clr_chain_step(hgr_clr_chain *chain, const hgr_clr_frame *frame, bool *out_found,
                              hgr_clr_frame *out)
{
    chain->result = HGR_OK;
    *out = (hgr_clr_frame){.reached = HGR_REACHED_CHAIN};
    *out_found = frame->kind == HGR_FRAME_MANAGED
                     ? step_managed(chain, frame, &out->registers)
                     : step_link(chain, &frame->registers, 0, &out->registers);
    if (*out_found || chain->result != HGR_OK)
        return chain->result;
    *out = (hgr_clr_frame){.reached = HGR_REACHED_SEARCH};
    *out_found = step_search(chain, &frame->registers, &out->registers);
    return chain->result;
}
