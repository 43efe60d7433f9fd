/* tools: the set expression of --set and --to: text -> a small tree. What it means: `heapgraph help
 * sets`.
 *
 *   expr    = term { "or" term }            term = factor { "and" factor }
 *   factor  = "not" factor | "(" expr ")" | atom
 *   atom    = all | reachable | unreachable | gen0 | gen1 | gen2 | loh | poh | frozen | free |
 * pinned | 0xADDRESS | type=GLOB | min=BYTES | held-by=operand | holds=operand operand = "(" expr
 * ")" | atom; of two dumps (diff) also new | gone | survived | grown | unknown
 *
 * A GLOB ends at a space or a parenthesis; within < > [ ] it may hold both, and quotes ("..." or
 * '...') hold everything. */
#ifndef TOOLS_SET_EXPR_H
#define TOOLS_SET_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum set_op {
    SET_ALL,
    SET_REACHABLE,
    SET_UNREACHABLE,
    SET_GENERATION,
    SET_FREE,
    SET_PINNED,
    SET_FATE,
    SET_ADDRESS,
    SET_TYPE,
    SET_MIN,
    SET_HELD_BY,
    SET_HOLDS,
    SET_NOT,
    SET_AND,
    SET_OR
} set_op;

/** Sets of diff: what became of an object. */
typedef enum set_fate { FATE_NEW, FATE_GONE, FATE_SURVIVED, FATE_GROWN, FATE_UNKNOWN } set_fate;

typedef struct set_term {
    set_op op;
    uint32_t left, right; /* terms: left of NOT, HELD_BY, HOLDS; both of AND, OR */
    uint64_t number;      /* generation, address, bytes, set_fate */
    uint32_t text;        /* SET_TYPE: offset of its terminated glob in set_expr.texts */
} set_term;

#define SET_EXPR_LENGTH_MAX 4096 /* bytes of text: longer than any command line a person types */
#define SET_EXPR_TERMS_MAX  512
#define SET_EXPR_DEPTH_MAX  64 /* nested parentheses, nots and operands */

typedef struct set_expr {
    set_term terms[SET_EXPR_TERMS_MAX]; /* operands stand before the term that uses them */
    uint32_t count;                     /* the last term is the whole */
    char texts[SET_EXPR_LENGTH_MAX + SET_EXPR_TERMS_MAX];
    uint32_t texts_len;
} set_expr;

typedef struct set_error {
    size_t column; /* from 1, in characters */
    char text[320];
} set_error;

/** false with *error filled; *out is then unspecified. */
bool set_expr_parse(const char *text, set_expr *out, set_error *error);

/** Does name match the glob? '*' any text, '?' one character; the case counts. At most |glob| x
 * |name| steps, no recursion. */
bool set_glob_matches(const char *glob, const char *name);

#endif
