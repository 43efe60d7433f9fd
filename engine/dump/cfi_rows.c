/* dump: the virtual machine of DWARF call frame instructions: which rules hold at one instruction.
 *
 * Each instruction costs at least one byte of a capped program, so the work is bounded. */
#include "cfi.h"
#include "cfi_leb.h"

#define SAVED_ROWS 8u /* DW_CFA_remember_state inside each other; compilers write one */

enum {
    CFA_ADVANCE = 0x40, /* in the two highest bits */
    CFA_OFFSET = 0x80,
    CFA_RESTORE = 0xc0,
    CFA_NOP = 0x00,
    CFA_SET_LOC = 0x01,
    CFA_ADVANCE_1 = 0x02,
    CFA_ADVANCE_2 = 0x03,
    CFA_ADVANCE_4 = 0x04,
    CFA_OFFSET_EXTENDED = 0x05,
    CFA_RESTORE_EXTENDED = 0x06,
    CFA_UNDEFINED = 0x07,
    CFA_SAME = 0x08,
    CFA_REGISTER = 0x09,
    CFA_REMEMBER = 0x0a,
    CFA_RECALL = 0x0b,
    CFA_DEF = 0x0c,
    CFA_DEF_REGISTER = 0x0d,
    CFA_DEF_OFFSET = 0x0e,
    CFA_DEF_EXPRESSION = 0x0f,
    CFA_EXPRESSION = 0x10,
    CFA_OFFSET_SIGNED = 0x11,
    CFA_DEF_SIGNED = 0x12,
    CFA_DEF_OFFSET_SIGNED = 0x13,
    CFA_VAL_OFFSET = 0x14,
    CFA_VAL_OFFSET_SIGNED = 0x15,
    CFA_VAL_EXPRESSION = 0x16,
    CFA_ARGS_SIZE = 0x2e
};

struct machine {
    const hgr_cfi_entry *entry;
    hgr_cursor c;
    uint64_t wanted, at; /* instruction addresses */
    hgr_cfi_row row;
    hgr_cfi_row initial; /* as the CIE leaves it: what "restore" means */
    hgr_cfi_row saved[SAVED_ROWS];
    uint32_t nsaved;
    bool done; /* the next row begins behind the wanted instruction */
};

static bool advance(struct machine *m, uint64_t units)
{
    m->at += units * m->entry->code_align;
    m->done = m->at > m->wanted;
    return true;
}

/* Rules of registers beyond x64's general ones (vectors) are read and dropped. */
static void set_rule(struct machine *m, uint64_t r, hgr_cfi_kind kind, int64_t offset)
{
    if (r < HGR_CFI_REGISTERS)
        m->row.rules[r] = (hgr_cfi_rule){.kind = (uint8_t)kind, .offset = offset};
}

static int64_t scaled(const struct machine *m, int64_t factor)
{
    return (int64_t)((uint64_t)factor * (uint64_t)m->entry->data_align);
}

static bool offset_rule(struct machine *m, uint64_t r, hgr_cfi_kind kind, bool is_signed)
{
    uint64_t value = 0;
    int64_t signed_value = 0;
    if (is_signed ? !hgr_cfi_sleb(&m->c, &signed_value) : !hgr_cfi_uleb(&m->c, &value))
        return false;
    set_rule(m, r, kind, scaled(m, is_signed ? signed_value : (int64_t)value));
    return true;
}

static bool take_block(struct machine *m, hgr_cursor *out)
{
    uint64_t len;
    const uint8_t *bytes;
    if (!hgr_cfi_uleb(&m->c, &len) || !hgr_cursor_take(&m->c, len, &bytes))
        return false;
    *out = hgr_cursor_make(bytes, (size_t)len, 0, HGR_AT_ADDR);
    return true;
}

static bool expression_rule(struct machine *m, hgr_cfi_kind kind)
{
    uint64_t r;
    hgr_cursor block;
    if (!hgr_cfi_uleb(&m->c, &r) || !take_block(m, &block))
        return false;
    set_rule(m, r, kind, 0);
    if (r < HGR_CFI_REGISTERS)
        m->row.rules[r].expression = block;
    return true;
}

static void restore_rule(struct machine *m, uint64_t r)
{
    if (r < HGR_CFI_REGISTERS)
        m->row.rules[r] = m->initial.rules[r];
}

static bool define_cfa(struct machine *m, bool has_register, bool has_offset, bool is_signed)
{
    uint64_t r = m->row.cfa_register, offset = 0;
    int64_t signed_offset = 0;
    if (has_register && (!hgr_cfi_uleb(&m->c, &r) || r >= HGR_CFI_REGISTERS))
        return false;
    if (has_offset &&
        (is_signed ? !hgr_cfi_sleb(&m->c, &signed_offset) : !hgr_cfi_uleb(&m->c, &offset)))
        return false;
    m->row.cfa_is_expression = false;
    m->row.cfa_register = (uint32_t)r; /* < HGR_CFI_REGISTERS */
    if (has_offset)
        m->row.cfa_offset = is_signed ? scaled(m, signed_offset) : (int64_t)offset;
    return true;
}

static bool recall(struct machine *m)
{
    if (m->nsaved == 0)
        return false;
    m->row = m->saved[--m->nsaved];
    return true;
}

static bool remember(struct machine *m)
{
    if (m->nsaved == SAVED_ROWS)
        return false;
    m->saved[m->nsaved++] = m->row;
    return true;
}

static bool move_location(struct machine *m, uint8_t op)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (op) {
    case CFA_ADVANCE_1:
        return hgr_cursor_u8(&m->c, &one) && advance(m, one);
    case CFA_ADVANCE_2:
        return hgr_cursor_u16(&m->c, &two) && advance(m, two);
    case CFA_ADVANCE_4:
        return hgr_cursor_u32(&m->c, &four) && advance(m, four);
    default:
        if (!hgr_cursor_u64(&m->c, &eight))
            return false;
        m->at = eight;
        m->done = m->at > m->wanted;
        return true;
    }
}

/* Instructions with a register as their first operand. */
static bool register_instruction(struct machine *m, uint8_t op)
{
    uint64_t r, other;
    if (!hgr_cfi_uleb(&m->c, &r))
        return false;
    switch (op) {
    case CFA_OFFSET_EXTENDED:
    case CFA_OFFSET_SIGNED:
        return offset_rule(m, r, HGR_CFI_AT_OFFSET, op == CFA_OFFSET_SIGNED);
    case CFA_VAL_OFFSET:
    case CFA_VAL_OFFSET_SIGNED:
        return offset_rule(m, r, HGR_CFI_IS_OFFSET, op == CFA_VAL_OFFSET_SIGNED);
    case CFA_REGISTER:
        if (!hgr_cfi_uleb(&m->c, &other) || other >= HGR_CFI_REGISTERS)
            return false;
        set_rule(m, r, HGR_CFI_REGISTER, (int64_t)other);
        return true;
    case CFA_RESTORE_EXTENDED:
        restore_rule(m, r);
        return true;
    default:
        set_rule(m, r, op == CFA_SAME ? HGR_CFI_SAME : HGR_CFI_UNDEFINED, 0);
        return true;
    }
}

static bool plain_instruction(struct machine *m, uint8_t op)
{
    uint64_t ignored;
    switch (op) {
    case CFA_NOP:
        return true;
    case CFA_SET_LOC:
    case CFA_ADVANCE_1:
    case CFA_ADVANCE_2:
    case CFA_ADVANCE_4:
        return move_location(m, op);
    case CFA_REMEMBER:
        return remember(m);
    case CFA_RECALL:
        return recall(m);
    case CFA_DEF:
    case CFA_DEF_SIGNED:
        return define_cfa(m, true, true, op == CFA_DEF_SIGNED);
    case CFA_DEF_REGISTER:
        return define_cfa(m, true, false, false);
    case CFA_DEF_OFFSET:
    case CFA_DEF_OFFSET_SIGNED:
        return define_cfa(m, false, true, op == CFA_DEF_OFFSET_SIGNED);
    case CFA_DEF_EXPRESSION:
        m->row.cfa_is_expression = true;
        return take_block(m, &m->row.cfa_expression);
    case CFA_EXPRESSION:
        return expression_rule(m, HGR_CFI_AT_EXPRESSION);
    case CFA_VAL_EXPRESSION:
        return expression_rule(m, HGR_CFI_IS_EXPRESSION);
    case CFA_ARGS_SIZE:
        return hgr_cfi_uleb(&m->c, &ignored);
    case CFA_OFFSET_EXTENDED:
    case CFA_RESTORE_EXTENDED:
    case CFA_UNDEFINED:
    case CFA_SAME:
    case CFA_REGISTER:
    case CFA_OFFSET_SIGNED:
    case CFA_VAL_OFFSET:
    case CFA_VAL_OFFSET_SIGNED:
        return register_instruction(m, op);
    default:
        return false;
    }
}

static bool run(struct machine *m, hgr_cursor program)
{
    uint8_t op;
    m->c = program;
    while (!m->done && hgr_cursor_u8(&m->c, &op)) {
        uint8_t low = op & 0x3f;
        bool good = true;
        switch (op & 0xc0) {
        case CFA_ADVANCE:
            good = advance(m, low);
            break;
        case CFA_OFFSET:
            good = offset_rule(m, low, HGR_CFI_AT_OFFSET, false);
            break;
        case CFA_RESTORE:
            restore_rule(m, low);
            break;
        default:
            good = plain_instruction(m, op);
        }
        if (!good)
            return false;
    }
    return true;
}

bool hgr_cfi_row_at(const hgr_cfi_entry *entry, uint64_t ip, hgr_cfi_row *out)
{
    struct machine m = {.entry = entry, .wanted = ip, .at = entry->start_addr};
    if (!run(&m, entry->initial))
        return false;
    m.initial = m.row;
    if (!run(&m, entry->program))
        return false;
    *out = m.row;
    return true;
}
