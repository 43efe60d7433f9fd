/* dump: DWARF call frame information: finding a function's entry, and one step out of its frame.
 *
 * Input: the image's .eh_frame_hdr, a frame's registers. Output: the caller's. Source: DWARF 5
 * section 6.4, the System V ABI's x64 supplement, the Linux Standard Base on .eh_frame. Every
 * number comes from the dump: lengths are capped, the table is searched, not walked. */
#include "cfi.h"

#include "cfi_leb.h"
#include "limits.h"

enum {
    DW_EH_PE_OMIT = 0xff,
    DW_EH_PE_PCREL = 0x10,
    DW_EH_PE_INDIRECT = 0x80,
    PT_LOAD = 1,
    PT_GNU_EH_FRAME = 0x6474e550,
    TABLE_AT = 12 /* of .eh_frame_hdr: behind 4 encodings, a pointer and a count */
};

/* DWARF number -> the processor's. */
static const uint8_t PROCESSOR_NUMBER[16] = {HGR_RAX, HGR_RDX, HGR_RCX, HGR_RBX, HGR_RSI, HGR_RDI,
                                             HGR_RBP, HGR_RSP, 8,       9,       10,      11,
                                             12,      13,      14,      15};

uint64_t hgr_cfi_header(const hgr_space *space, uint64_t base_addr)
{
    uint64_t headers, type_and_flags, addr, bias = 0;
    uint32_t magic;
    uint16_t count;
    bool biased = false;
    if (!hgr_space_u32(space, base_addr, &magic) || magic != 0x464c457f ||
        !hgr_space_u64(space, base_addr + 32, &headers) ||
        !hgr_space_u16(space, base_addr + 56, &count))
        return 0;
    for (uint32_t i = 0; i < count && i < HGR_MAX_IMAGE_PARTS; i++) {
        uint64_t at = base_addr + headers + (uint64_t)i * 56;
        if (!hgr_space_u64(space, at, &type_and_flags) || !hgr_space_u64(space, at + 16, &addr))
            return 0;
        uint32_t type = (uint32_t)type_and_flags; /* the low half */
        if (type == PT_LOAD && !biased) {
            bias = base_addr - (addr & ~UINT64_C(0xfff));
            biased = true;
        }
        if (type == PT_GNU_EH_FRAME)
            return biased ? bias + addr : 0;
    }
    return 0;
}

/* ---- finding an entry ---- */

/* An encoded pointer; *out counts from `at` when it says so. */
static bool read_encoded(hgr_cursor *c, uint8_t encoding, uint64_t *out)
{
    uint64_t at = c->base + c->pos;
    uint8_t size = encoding & 0x0f;
    uint16_t half;
    uint32_t word;
    if (encoding & DW_EH_PE_INDIRECT)
        return false;
    if (size == 0x00 || size == 0x04 || size == 0x0c) {
        if (!hgr_cursor_u64(c, out))
            return false;
    } else if (size == 0x03 || size == 0x0b) {
        if (!hgr_cursor_u32(c, &word))
            return false;
        *out = size == 0x0b ? (uint64_t)(int64_t)(int32_t)word : word;
    } else if (size == 0x02 || size == 0x0a) {
        if (!hgr_cursor_u16(c, &half))
            return false;
        *out = size == 0x0a ? (uint64_t)(int64_t)(int16_t)half : half;
    } else {
        return false;
    }
    if ((encoding & 0x70) == DW_EH_PE_PCREL)
        *out += at;
    return (encoding & 0x70) == 0 || (encoding & 0x70) == DW_EH_PE_PCREL;
}

bool hgr_cfi_uleb(hgr_cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!hgr_cursor_u8(c, &byte))
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool hgr_cfi_sleb(hgr_cursor *c, int64_t *out)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64;) {
        uint8_t byte;
        if (!hgr_cursor_u8(c, &byte))
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80)
            continue;
        if ((byte & 0x40) && shift < 64)
            value |= UINT64_MAX << shift;
        *out = (int64_t)value; /* two's complement: the same bits */
        return true;
    }
    return false;
}

/* The 32-bit length in front of an entry at addr, its contents copied. */
static bool copy_entry(const hgr_space *space, uint64_t addr, uint8_t *bytes, hgr_cursor *out)
{
    uint32_t len;
    if (!hgr_space_u32(space, addr, &len) || len < 4 || len > HGR_CFI_MAX_BYTES ||
        !hgr_space_read(space, addr + 4, bytes, len))
        return false;
    *out = hgr_cursor_make(bytes, len, addr + 4, HGR_AT_ADDR);
    return true;
}

/* The augmentation text of a CIE and what it announces: encodings, signal frames. */
static bool read_augmentation(hgr_cursor *c, const char *text, hgr_cfi_entry *entry,
                              uint8_t *encoding)
{
    uint64_t len, ignored;
    uint8_t byte;
    *encoding = 0;
    if (text[0] != 'z')
        return text[0] == 0;
    if (!hgr_cfi_uleb(c, &len) || len > hgr_cursor_left(c))
        return false;
    size_t end = c->pos + (size_t)len; /* <= len of c */
    for (const char *at = text + 1; *at; at++) {
        switch (*at) {
        case 'R':
            if (!hgr_cursor_u8(c, encoding))
                return false;
            break;
        case 'P':
            if (!hgr_cursor_u8(c, &byte) ||
                !read_encoded(c, byte & (uint8_t)~DW_EH_PE_INDIRECT, &ignored))
                return false;
            break;
        case 'L':
            if (!hgr_cursor_u8(c, &byte))
                return false;
            break;
        case 'S':
            entry->is_signal = true;
            break;
        case 'B':
            break;
        default:
            return false;
        }
    }
    return hgr_cursor_seek(c, end);
}

static bool read_cie(const hgr_space *space, uint64_t addr, hgr_cfi_entry *entry,
                     uint8_t *out_encoding, bool *out_augmented)
{
    hgr_cursor c;
    uint32_t id;
    uint8_t version, byte;
    char text[16];
    size_t len = 0;
    uint64_t return_register;
    if (!copy_entry(space, addr, entry->bytes[0], &c) || !hgr_cursor_u32(&c, &id) || id != 0 ||
        !hgr_cursor_u8(&c, &version) || (version != 1 && version != 3))
        return false;
    do {
        if (len == sizeof text || !hgr_cursor_u8(&c, &byte))
            return false;
        text[len++] = (char)byte;
    } while (byte != 0);
    if (!hgr_cfi_uleb(&c, &entry->code_align) || !hgr_cfi_sleb(&c, &entry->data_align))
        return false;
    if (version == 1) {
        if (!hgr_cursor_u8(&c, &byte))
            return false;
        return_register = byte;
    } else if (!hgr_cfi_uleb(&c, &return_register)) {
        return false;
    }
    *out_augmented = text[0] == 'z';
    if (return_register != HGR_CFI_RETURN || !read_augmentation(&c, text, entry, out_encoding))
        return false;
    entry->initial =
        hgr_cursor_make(c.bytes + c.pos, hgr_cursor_left(&c), c.base + c.pos, c.at_kind);
    return true;
}

static bool read_fde(const hgr_space *space, uint64_t addr, hgr_cfi_entry *entry)
{
    hgr_cursor c;
    uint32_t back;
    uint8_t encoding;
    uint64_t bytes, len;
    bool augmented;
    if (!copy_entry(space, addr, entry->bytes[1], &c) || !hgr_cursor_u32(&c, &back) || back == 0 ||
        back > addr + 4 || !read_cie(space, addr + 4 - back, entry, &encoding, &augmented) ||
        !read_encoded(&c, encoding, &entry->start_addr) ||
        !read_encoded(&c, encoding & 0x0f, &bytes) ||
        !hgr_add_u64(entry->start_addr, bytes, &entry->end_addr))
        return false;
    if (augmented && (!hgr_cfi_uleb(&c, &len) || !hgr_cursor_skip(&c, len)))
        return false;
    entry->program =
        hgr_cursor_make(c.bytes + c.pos, hgr_cursor_left(&c), c.base + c.pos, c.at_kind);
    return true;
}

/* The table: {i32 function, i32 entry} relative to the header, ascending by function. */
static bool search_table(const hgr_space *space, uint64_t header_addr, uint64_t ip, uint64_t *out)
{
    uint8_t encodings[4];
    uint32_t count, offset;
    if (!hgr_space_read(space, header_addr, encodings, sizeof encodings) || encodings[0] != 1 ||
        encodings[1] != 0x1b || encodings[2] != 0x03 || encodings[3] != 0x3b ||
        !hgr_space_u32(space, header_addr + 8, &count) || count == 0)
        return false;
    uint32_t low = 0, high = count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (!hgr_space_u32(space, header_addr + TABLE_AT + 8 * (uint64_t)middle, &offset))
            return false;
        if ((int64_t)(int32_t)offset <= (int64_t)(ip - header_addr))
            low = middle;
        else
            high = middle;
    }
    if (!hgr_space_u32(space, header_addr + TABLE_AT + 8 * (uint64_t)low + 4, &offset))
        return false;
    *out = header_addr + (uint64_t)(int64_t)(int32_t)offset;
    return true;
}

bool hgr_cfi_find(const hgr_space *space, uint64_t header_addr, uint64_t ip, hgr_cfi_entry *out)
{
    uint64_t fde;
    out->is_signal = false;
    return search_table(space, header_addr, ip, &fde) && read_fde(space, fde, out) &&
           ip >= out->start_addr && ip < out->end_addr;
}

/* ---- one step ---- */

static bool get_register(const hgr_registers *registers, uint32_t dwarf, uint64_t *out)
{
    if (dwarf >= 16 || !hgr_register_known(registers, PROCESSOR_NUMBER[dwarf]))
        return false;
    *out = registers->value[PROCESSOR_NUMBER[dwarf]];
    return true;
}

bool hgr_cfi_register(const hgr_registers *registers, uint64_t dwarf, uint64_t *out)
{
    return dwarf < 16 && get_register(registers, (uint32_t)dwarf, out);
}

/* *out_addr: where the value lies, 0 = nowhere. */
static bool apply_rule(const hgr_space *space, const hgr_cfi_rule *rule,
                       const hgr_registers *registers, uint64_t cfa, uint64_t *out,
                       uint64_t *out_addr)
{
    uint64_t value = cfa + (uint64_t)rule->offset;
    *out_addr = 0;
    switch (rule->kind) {
    case HGR_CFI_AT_EXPRESSION:
        if (!hgr_cfi_evaluate(space, rule->expression, registers, &cfa, &value))
            return false;
        /* fall through */
    case HGR_CFI_AT_OFFSET:
        *out_addr = value;
        return hgr_space_u64(space, value, out);
    case HGR_CFI_IS_EXPRESSION:
        return hgr_cfi_evaluate(space, rule->expression, registers, &cfa, out);
    case HGR_CFI_IS_OFFSET:
        *out = value;
        return true;
    case HGR_CFI_REGISTER:
        return hgr_cfi_register(registers, (uint64_t)rule->offset, out);
    default:
        return false;
    }
}

static bool find_cfa(const hgr_space *space, const hgr_cfi_row *row, const hgr_registers *registers,
                     uint64_t *out)
{
    if (row->cfa_is_expression)
        return hgr_cfi_evaluate(space, row->cfa_expression, registers, NULL, out);
    if (!hgr_cfi_register(registers, row->cfa_register, out))
        return false;
    *out += (uint64_t)row->cfa_offset;
    return true;
}

static bool apply_row(const hgr_space *space, const hgr_cfi_row *row, bool is_signal,
                      hgr_registers *registers)
{
    hgr_registers caller = *registers;
    uint64_t cfa, value, addr;
    if (!find_cfa(space, row, registers, &cfa))
        return false;
    /* A register that no rule names keeps its value where every function keeps it. */
    caller.known &= is_signal ? UINT16_MAX : HGR_CALLEE_SAVED_LINUX;
    hgr_register_set(&caller, HGR_RSP, cfa, 0);
    for (uint32_t r = 0; r < 16; r++) {
        const hgr_cfi_rule *rule = &row->rules[r];
        uint32_t number = PROCESSOR_NUMBER[r];
        if (rule->kind == HGR_CFI_SAME)
            continue;
        if (apply_rule(space, rule, registers, cfa, &value, &addr))
            hgr_register_set(&caller, number, value, addr);
        else
            caller.known = (uint16_t)(caller.known & ~(1u << number));
    }
    if (row->rules[HGR_CFI_RETURN].kind == HGR_CFI_UNDEFINED)
        caller.ip = 0; /* the first frame of its thread */
    else if (!apply_rule(space, &row->rules[HGR_CFI_RETURN], registers, cfa, &caller.ip, &addr))
        return false;
    if (!hgr_register_known(&caller, HGR_RSP) ||
        caller.value[HGR_RSP] <= registers->value[HGR_RSP])
        return false;
    *registers = caller;
    return true;
}

bool hgr_cfi_step(const hgr_space *space, uint64_t header_addr, bool exact_ip,
                  hgr_registers *registers, bool *out_exact_ip)
{
    hgr_cfi_entry entry;
    hgr_cfi_row row;
    uint64_t at = exact_ip ? registers->ip : registers->ip - 1;
    if (!hgr_register_known(registers, HGR_RSP) || !hgr_cfi_find(space, header_addr, at, &entry) ||
        !hgr_cfi_row_at(&entry, at, &row) || !apply_row(space, &row, entry.is_signal, registers))
        return false;
    *out_exact_ip = entry.is_signal;
    return true;
}
