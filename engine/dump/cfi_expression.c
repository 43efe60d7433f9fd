/* dump: DWARF expressions, as call frame information uses them (DWARF 5 section 2.5): a stack
 * machine without loops beyond a fixed number of steps. */
#include "cfi.h"
#include "cfi_leb.h"

#define STACK_MAX 64u
#define STEPS_MAX 1024u

enum {
    OP_ADDR = 0x03,
    OP_DEREF = 0x06,
    OP_CONST1U = 0x08, /* 1U 1S 2U 2S 4U 4S 8U 8S */
    OP_CONST8S = 0x0f,
    OP_CONSTU = 0x10,
    OP_CONSTS = 0x11,
    OP_DUP = 0x12,
    OP_DROP = 0x13,
    OP_OVER = 0x14,
    OP_PICK = 0x15,
    OP_SWAP = 0x16,
    OP_ROT = 0x17,
    OP_ABS = 0x19,
    OP_AND = 0x1a,
    OP_DIV = 0x1b,
    OP_MINUS = 0x1c,
    OP_MOD = 0x1d,
    OP_MUL = 0x1e,
    OP_NEG = 0x1f,
    OP_NOT = 0x20,
    OP_OR = 0x21,
    OP_PLUS = 0x22,
    OP_PLUS_CONST = 0x23,
    OP_SHL = 0x24,
    OP_SHR = 0x25,
    OP_SHRA = 0x26,
    OP_XOR = 0x27,
    OP_BRA = 0x28,
    OP_EQ = 0x29,
    OP_GE = 0x2a,
    OP_GT = 0x2b,
    OP_LE = 0x2c,
    OP_LT = 0x2d,
    OP_NE = 0x2e,
    OP_SKIP = 0x2f,
    OP_LIT0 = 0x30,
    OP_LIT31 = 0x4f,
    OP_BREG0 = 0x70,
    OP_BREG31 = 0x8f,
    OP_BREGX = 0x92,
    OP_DEREF_SIZE = 0x94,
    OP_NOP = 0x96
};

struct stack {
    const hgr_space *space;
    const hgr_registers *registers;
    hgr_cursor c;
    uint64_t values[STACK_MAX];
    uint32_t depth;
};

static bool push(struct stack *s, uint64_t value)
{
    if (s->depth == STACK_MAX)
        return false;
    s->values[s->depth++] = value;
    return true;
}

static bool pop(struct stack *s, uint64_t *out)
{
    if (s->depth == 0)
        return false;
    *out = s->values[--s->depth];
    return true;
}

static bool push_constant(struct stack *s, uint8_t op)
{
    uint32_t bytes = 1u << ((op - OP_CONST1U) / 2);
    const uint8_t *from;
    uint64_t value = 0;
    if (!hgr_cursor_take(&s->c, bytes, &from))
        return false;
    memcpy(&value, from, bytes);
    if ((op & 1) && bytes < 8 && (value >> (8 * bytes - 1) & 1))
        value |= UINT64_MAX << (8 * bytes);
    return push(s, value);
}

static bool push_register(struct stack *s, uint64_t r)
{
    int64_t offset;
    uint64_t value;
    return hgr_cfi_sleb(&s->c, &offset) && hgr_cfi_register(s->registers, r, &value) &&
           push(s, value + (uint64_t)offset);
}

static bool load(struct stack *s, uint32_t bytes)
{
    uint64_t addr, value = 0;
    return bytes >= 1 && bytes <= 8 && pop(s, &addr) &&
           hgr_space_read(s->space, addr, &value, bytes) && push(s, value);
}

static bool is_binary(uint8_t op)
{
    return (op >= OP_AND && op <= OP_MUL) || op == OP_OR || op == OP_PLUS ||
           (op >= OP_SHL && op <= OP_XOR) || (op >= OP_EQ && op <= OP_NE);
}

static bool binary(struct stack *s, uint8_t op)
{
    uint64_t b, a;
    if (!pop(s, &b) || !pop(s, &a))
        return false;
    int64_t sa = (int64_t)a, sb = (int64_t)b; /* DWARF compares and divides signed */
    switch (op) {
    case OP_AND:
        return push(s, a & b);
    case OP_DIV:
        return b != 0 && !(sa == INT64_MIN && sb == -1) && push(s, (uint64_t)(sa / sb));
    case OP_MINUS:
        return push(s, a - b);
    case OP_MOD:
        return b != 0 && push(s, a % b);
    case OP_MUL:
        return push(s, a * b);
    case OP_OR:
        return push(s, a | b);
    case OP_PLUS:
        return push(s, a + b);
    case OP_SHL:
        return push(s, b < 64 ? a << b : 0);
    case OP_SHR:
        return push(s, b < 64 ? a >> b : 0);
    case OP_SHRA:
        return push(s, (uint64_t)(sa >> (b < 64 ? b : 63)));
    case OP_XOR:
        return push(s, a ^ b);
    case OP_EQ:
        return push(s, sa == sb);
    case OP_GE:
        return push(s, sa >= sb);
    case OP_GT:
        return push(s, sa > sb);
    case OP_LE:
        return push(s, sa <= sb);
    case OP_LT:
        return push(s, sa < sb);
    default:
        return push(s, sa != sb);
    }
}

static bool unary(struct stack *s, uint8_t op)
{
    uint64_t a, operand;
    if (op == OP_PLUS_CONST)
        return hgr_cfi_uleb(&s->c, &operand) && pop(s, &a) && push(s, a + operand);
    if (!pop(s, &a))
        return false;
    if (op == OP_NOT)
        return push(s, ~a);
    return push(s, op == OP_NEG || (int64_t)a < 0 ? 0 - a : a);
}

static bool shuffle(struct stack *s, uint8_t op)
{
    uint64_t a, b, c;
    uint8_t index = op == OP_OVER ? 1 : 0;
    switch (op) {
    case OP_DROP:
        return pop(s, &a);
    case OP_SWAP:
        return pop(s, &a) && pop(s, &b) && push(s, a) && push(s, b);
    case OP_ROT:
        return pop(s, &a) && pop(s, &b) && pop(s, &c) && push(s, a) && push(s, c) && push(s, b);
    case OP_PICK:
        if (!hgr_cursor_u8(&s->c, &index))
            return false;
        break;
    default:
        break;
    }
    return index < s->depth && push(s, s->values[s->depth - 1 - index]);
}

static bool jump(struct stack *s, uint8_t op)
{
    uint16_t raw;
    uint64_t condition = 1;
    if (!hgr_cursor_u16(&s->c, &raw) || (op == OP_BRA && !pop(s, &condition)))
        return false;
    if (condition == 0)
        return true;
    int64_t target = (int64_t)s->c.pos + (int16_t)raw;
    return target >= 0 && hgr_cursor_seek(&s->c, (uint64_t)target);
}

static bool step(struct stack *s, uint8_t op)
{
    uint64_t value;
    int64_t signed_value;
    uint8_t bytes;
    if (op >= OP_LIT0 && op <= OP_LIT31)
        return push(s, op - OP_LIT0);
    if (op >= OP_BREG0 && op <= OP_BREG31)
        return push_register(s, op - OP_BREG0);
    if (op >= OP_CONST1U && op <= OP_CONST8S)
        return push_constant(s, op);
    if (is_binary(op))
        return binary(s, op);
    switch (op) {
    case OP_ADDR:
        return hgr_cursor_u64(&s->c, &value) && push(s, value);
    case OP_CONSTU:
        return hgr_cfi_uleb(&s->c, &value) && push(s, value);
    case OP_CONSTS:
        return hgr_cfi_sleb(&s->c, &signed_value) && push(s, (uint64_t)signed_value);
    case OP_DEREF:
        return load(s, 8);
    case OP_DEREF_SIZE:
        return hgr_cursor_u8(&s->c, &bytes) && load(s, bytes);
    case OP_BREGX:
        return hgr_cfi_uleb(&s->c, &value) && push_register(s, value);
    case OP_ABS:
    case OP_NEG:
    case OP_NOT:
    case OP_PLUS_CONST:
        return unary(s, op);
    case OP_DUP:
    case OP_DROP:
    case OP_OVER:
    case OP_PICK:
    case OP_SWAP:
    case OP_ROT:
        return shuffle(s, op);
    case OP_BRA:
    case OP_SKIP:
        return jump(s, op);
    case OP_NOP:
        return true;
    default:
        return false;
    }
}

bool hgr_cfi_evaluate(const hgr_space *space, hgr_cursor expression, const hgr_registers *registers,
                      const uint64_t *cfa, uint64_t *out)
{
    struct stack s = {.space = space, .registers = registers, .c = expression};
    uint8_t op;
    if (cfa && !push(&s, *cfa))
        return false;
    for (uint32_t steps = 0; hgr_cursor_u8(&s.c, &op); steps++)
        if (steps == STEPS_MAX || !step(&s, op))
            return false;
    return pop(&s, out);
}
