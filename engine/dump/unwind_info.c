/* dump: UNWIND_INFO: {u8 version and flags, u8 prolog bytes, u8 codes, u8 frame register and
 * offset; u16 codes[]}, codes from the end of the prolog to its begin.
 *
 * Undoing the codes whose prolog offset is at or below ip gives the caller's stack pointer and
 * registers. Source: "x64 exception handling", Microsoft's documentation of the ABI; the codes that
 * .NET adds for Unix. */
#include "unwind_info.h"

#define MAX_CHAIN     32u  /* pieces of one function that point at each other */
#define MAX_CODES     255u /* their number is a byte */
#define MAX_FUNCTIONS (1u << 24)

enum {
    OP_PUSH = 0,
    OP_ALLOC_LARGE = 1,
    OP_ALLOC_SMALL = 2,
    OP_SET_FRAME = 3,
    OP_SAVE = 4,
    OP_SAVE_FAR = 5,
    OP_EPILOG = 6,
    OP_SPARE = 7,
    OP_SAVE_XMM = 8,
    OP_SAVE_XMM_FAR = 9,
    OP_MACHINE_FRAME = 10,
    OP_SET_FRAME_LARGE = 11, /* Unix only: rsp = register - u32 x 16 */
    FLAG_CHAINED = 4
};

struct piece {
    uint8_t flags, frame_register, frame_offset; /* offset in units of 16 bytes */
    uint32_t count;
    uint16_t codes[MAX_CODES + 3]; /* three more, zero: operands of a last code */
};

struct frame {
    const hgr_space *space;
    hgr_registers registers;
    uint64_t base; /* of saved registers: the stack pointer behind the prolog */
    bool has_ip;   /* a machine frame gave it */
};

static bool read_piece(const hgr_space *space, uint64_t addr, struct piece *out)
{
    uint8_t head[4];
    *out = (struct piece){0};
    if (!hgr_space_read(space, addr, head, sizeof head))
        return false;
    out->flags = head[0] >> 3;
    out->count = head[2];
    out->frame_register = head[3] & 15;
    out->frame_offset = head[3] >> 4;
    return out->count == 0 || hgr_space_read(space, addr + 4, out->codes, out->count * 2u);
}

/* How many words the code takes; 0 = no such code. */
static uint32_t code_words(uint16_t code)
{
    static const uint8_t words[12] = {1, 2, 1, 1, 2, 3, 1, 2, 2, 3, 1, 3};
    uint32_t op = code >> 8 & 15, info = code >> 12;
    if (op >= sizeof words)
        return 0;
    return op == OP_ALLOC_LARGE && info == 1 ? 3 : words[op];
}

static uint32_t wide(const uint16_t *code)
{
    return code[1] | (uint32_t)code[2] << 16;
}

static bool set_frame(struct frame *f, uint32_t r, uint64_t offset)
{
    if (!hgr_register_known(&f->registers, r))
        return false;
    hgr_register_set(&f->registers, HGR_RSP, f->registers.value[r] - offset, 0);
    return true;
}

static bool load_register(struct frame *f, uint32_t r, uint64_t addr)
{
    uint64_t value;
    if (!hgr_space_u64(f->space, addr, &value))
        return false;
    hgr_register_set(&f->registers, r, value, addr);
    return true;
}

/* Hardware pushed ss, rsp, flags, cs, ip, and perhaps an error code. */
static bool machine_frame(struct frame *f, uint32_t info)
{
    uint64_t at = f->registers.value[HGR_RSP] + 8 * (uint64_t)(info & 1);
    f->has_ip = true;
    return hgr_space_u64(f->space, at, &f->registers.ip) && load_register(f, HGR_RSP, at + 24);
}

static bool undo(struct frame *f, const struct piece *piece, const uint16_t *code)
{
    uint32_t info = *code >> 12;
    uint64_t *sp = &f->registers.value[HGR_RSP];
    switch (*code >> 8 & 15) {
    case OP_PUSH:
        if (!load_register(f, info, *sp))
            return false;
        *sp += info == HGR_RSP ? 0 : 8;
        return true;
    case OP_ALLOC_LARGE:
        *sp += info == 0 ? (uint64_t)code[1] * 8 : wide(code);
        return true;
    case OP_ALLOC_SMALL:
        *sp += (uint64_t)info * 8 + 8;
        return true;
    case OP_SET_FRAME:
        return set_frame(f, piece->frame_register, (uint64_t)piece->frame_offset * 16);
    case OP_SET_FRAME_LARGE:
        return set_frame(f, piece->frame_register, (uint64_t)wide(code) * 16);
    case OP_SAVE:
        return load_register(f, info, f->base + (uint64_t)code[1] * 8);
    case OP_SAVE_FAR:
        return load_register(f, info, f->base + wide(code));
    case OP_MACHINE_FRAME:
        return machine_frame(f, info);
    default:
        return true; /* vector registers, epilogs: nothing that a general register needs */
    }
}

/* Saved registers count from the frame register when it is set, else from the stack pointer. */
static bool find_base(struct frame *f, const struct piece *piece, uint32_t ip_offset)
{
    f->base = f->registers.value[HGR_RSP];
    for (uint32_t i = 0; i < piece->count; i += code_words(piece->codes[i])) {
        const uint16_t *code = &piece->codes[i];
        uint32_t op = *code >> 8 & 15;
        if (code_words(*code) == 0)
            return false;
        if ((op != OP_SET_FRAME && op != OP_SET_FRAME_LARGE) || ip_offset < (*code & 0xffu))
            continue;
        uint64_t units = op == OP_SET_FRAME ? piece->frame_offset : wide(code);
        if (!hgr_register_known(&f->registers, piece->frame_register))
            return false;
        f->base = f->registers.value[piece->frame_register] - units * 16;
    }
    return true;
}

static bool undo_piece(struct frame *f, const struct piece *piece, uint32_t ip_offset)
{
    if (!find_base(f, piece, ip_offset))
        return false;
    for (uint32_t i = 0; i < piece->count; i += code_words(piece->codes[i]))
        if ((piece->codes[i] & 0xffu) <= ip_offset && !undo(f, piece, &piece->codes[i]))
            return false;
    return true;
}

bool hgr_unwind_info_step(const hgr_space *space, const hgr_unwind_function *function,
                          uint16_t callee_saved, hgr_registers *registers)
{
    struct frame f = {.space = space, .registers = *registers};
    uint64_t unwind = function->unwind_addr, ip_offset = registers->ip - function->start_addr;
    struct piece piece;
    uint32_t next, left = MAX_CHAIN;
    if (!hgr_register_known(registers, HGR_RSP))
        return false;
    f.registers.known &= callee_saved | 1u << HGR_RSP;
    do {
        if (left-- == 0 || !read_piece(space, unwind, &piece) ||
            !undo_piece(&f, &piece, ip_offset > 255 ? 255 : (uint32_t)ip_offset))
            return false;
        if (piece.flags & FLAG_CHAINED) {
            uint64_t at = unwind + 4 + 2 * (uint64_t)((piece.count + 1) & ~1u);
            if (!hgr_space_u32(space, at + 8, &next))
                return false;
            unwind = function->base_addr + next;
            ip_offset = 255; /* past every prolog further up the chain */
        }
    } while (piece.flags & FLAG_CHAINED);
    if (!f.has_ip) {
        if (!hgr_space_u64(space, f.registers.value[HGR_RSP], &f.registers.ip))
            return false;
        f.registers.value[HGR_RSP] += 8;
    }
    if (f.registers.value[HGR_RSP] <= registers->value[HGR_RSP])
        return false;
    f.registers.saved_addr[HGR_RSP] = 0;
    *registers = f.registers;
    return true;
}

/* ---- PE images ---- */

static bool exception_directory(const hgr_space *space, uint64_t base, uint64_t *out_addr,
                                uint32_t *out_count)
{
    uint16_t mz, magic;
    uint32_t header, signature, rva, bytes;
    if (!hgr_space_u16(space, base, &mz) || mz != 0x5a4d ||
        !hgr_space_u32(space, base + 0x3c, &header) ||
        !hgr_space_u32(space, base + header, &signature) || signature != 0x4550 ||
        !hgr_space_u16(space, base + header + 24, &magic) || magic != 0x20b ||
        !hgr_space_u32(space, base + header + 24 + 112 + 24, &rva) ||
        !hgr_space_u32(space, base + header + 24 + 112 + 28, &bytes))
        return false;
    *out_addr = base + rva;
    *out_count = bytes / 12 < MAX_FUNCTIONS ? bytes / 12 : MAX_FUNCTIONS;
    return rva != 0;
}

bool hgr_unwind_pe_function(const hgr_space *space, uint64_t base_addr, uint64_t ip,
                            hgr_unwind_function *out, bool *out_leaf)
{
    uint64_t table;
    uint32_t count, low = 0, words[3];
    *out_leaf = false;
    if (ip < base_addr || !exception_directory(space, base_addr, &table, &count))
        return false;
    for (uint32_t high = count; high - low > 1;) {
        uint32_t middle = low + (high - low) / 2, begin;
        if (!hgr_space_u32(space, table + (uint64_t)middle * 12, &begin))
            return false;
        if (begin <= ip - base_addr)
            low = middle;
        else
            high = middle;
    }
    if (count == 0 || !hgr_space_read(space, table + (uint64_t)low * 12, words, sizeof words))
        return false;
    if (ip - base_addr < words[0] || ip - base_addr >= words[1]) {
        *out_leaf = true;
        return false;
    }
    *out = (hgr_unwind_function){base_addr, base_addr + words[0], base_addr + words[2]};
    return true;
}
