/* tools: set expressions: what they parse into, where they fail, and globs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "set_expr.h"
#include "strbuf.h"

/* Prefix form, to compare trees as texts. */
static void write_term(const set_expr *expr, uint32_t index, strbuf *out)
{
    static const char *const names[] = {"all",    "reachable", "unreachable", "gen", "free",
                                        "pinned", "fate",      "at",          "type", "min",
                                        "held-by", "holds",    "not",         "and",  "or"};
    const set_term *term = &expr->terms[index];
    strbuf_format(out, "%s", names[term->op]);
    if (term->op == SET_TYPE)
        strbuf_format(out, "{%s}", expr->texts + term->text);
    if (term->op == SET_GENERATION || term->op == SET_FATE || term->op == SET_MIN || term->op == SET_ADDRESS)
        strbuf_format(out, "%s%llu", "", (unsigned long long)term->number);
    if (term->op < SET_HELD_BY)
        return;
    strbuf_add_z(out, "(");
    write_term(expr, term->left, out);
    if (term->op >= SET_AND) {
        strbuf_add_z(out, " ");
        write_term(expr, term->right, out);
    }
    strbuf_add_z(out, ")");
}

static void expressions_become_trees(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"all", "all"},
        {" gen2 ", "gen2"},
        {"frozen", "gen5"},
        {"gen0 or gen1 and loh", "or(gen0 and(gen1 gen3))"},
        {"(gen0 or gen1) and loh", "and(or(gen0 gen1) gen3)"},
        {"not gen0 and not poh", "and(not(gen0) not(gen4))"},
        {"gen0 and gen1 and gen2", "and(and(gen0 gen1) gen2)"},
        {"0x7f12", "at32530"},
        {"new and not gone", "and(fate0 not(fate1))"},
        {"survived or grown or unknown", "or(or(fate2 fate3) fate4)"},
        {"min=1.5K", "min1536"},
        {"type=Shop.Order", "type{Shop.Order}"},
        {"type=List<Shop.Order, System.Int32> and gen2",
         "and(type{List<Shop.Order, System.Int32>} gen2)"},
        {"type=System.Int32[,] or loh", "or(type{System.Int32[,]} gen3)"},
        {"type=List<* and gen2", "and(type{List<*} gen2)"},
        {"(type=A<B>)", "type{A<B>}"},
        {"type=\"A (B) C\" and loh", "and(type{A (B) C} gen3)"},
        {"type='and'", "type{and}"},
        {"held-by=0x10", "held-by(at16)"},
        {"held-by=type=Foo and gen2", "and(held-by(type{Foo}) gen2)"},
        {"holds=(type=Foo or pinned)", "holds(or(type{Foo} pinned))"},
        {"held-by=holds=0x1", "held-by(holds(at1))"},
        {"not(reachable)", "not(reachable)"},
        {"not not unreachable", "not(not(unreachable))"},
    };
    set_expr *expr = malloc(sizeof *expr);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_error error = {0};
        strbuf tree = {0};
        if (!set_expr_parse(rows[i].text, expr, &error))
            fail_msg("'%s', column %zu: %s", rows[i].text, error.column, error.text);
        write_term(expr, expr->count - 1, &tree);
        assert_string_equal(strbuf_get(&tree), rows[i].tree);
        strbuf_fini(&tree);
    }
    free(expr);
}

static void errors_point_at_their_column(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t column;
        const char *error;
    } rows[] = {
        {"", 1, "something is missing"},
        {"gen5", 1, "'gen5' is no set; did you mean gen0"},
        {"gen2 and", 9, "something is missing"},
        {"gen2 and tpye=Foo", 10, "did you mean type="},
        {"gen2 loh", 6, "expected and, or, or the end"},
        {"(gen2", 1, "not closed"},
        {"(gen2 loh)", 7, "expected and, or, or ')'"},
        {"gen2)", 5, "never opened"},
        {"type=", 6, "type= needs a value"},
        {"type=\"A", 6, "quote opened here"},
        {"min=lots", 5, "min= needs bytes"},
        {"0x", 1, "an address is"},
        {"0x12345678901234567", 1, "an address is"},
        {"held-by=", 9, "something is missing"},
        {"Größe", 1, "is no set"},
        {"type=Größe und", 12, "expected and"},
        {"not", 4, "something is missing"},
    };
    set_expr *expr = malloc(sizeof *expr);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_error error = {0};
        assert_false(set_expr_parse(rows[i].text, expr, &error));
        if (error.column != rows[i].column || !strstr(error.text, rows[i].error))
            fail_msg("'%s': column %zu: %s", rows[i].text, error.column, error.text);
    }
    free(expr);
}

/* prefix repeated, then last; true when it parses. */
static bool parse_repeated(const char *prefix, size_t times, const char *last, set_error *error)
{
    strbuf text = {0};
    set_expr *expr = malloc(sizeof *expr);
    for (size_t i = 0; i < times; i++)
        strbuf_add_z(&text, prefix);
    strbuf_add_z(&text, last);
    bool parsed = set_expr_parse(strbuf_get(&text), expr, error);
    strbuf_fini(&text);
    free(expr);
    return parsed;
}

static void depth_length_and_terms_are_limited(void **state)
{
    (void)state;
    set_error error = {0};
    assert_true(parse_repeated("not ", SET_EXPR_DEPTH_MAX - 1, "loh", &error));
    assert_false(parse_repeated("not ", SET_EXPR_DEPTH_MAX, "loh", &error));
    assert_non_null(strstr(error.text, "nested deeper than 64"));
    assert_false(parse_repeated("(", 1000, "loh", &error));
    assert_false(parse_repeated("holds=", 600, "loh", &error));
    assert_false(parse_repeated("loh or ", 500, "loh", &error));
    assert_non_null(strstr(error.text, "more than 512 terms"));
    assert_false(parse_repeated("loh or ", 2000, "loh", &error));
    assert_non_null(strstr(error.text, "longer than 4096 bytes"));
}

static void globs_match_whole_names(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *name;
        bool matches;
    } rows[] = {
        {"System.String", "System.String", true},
        {"system.string", "System.String", false},
        {"String", "System.String", false},
        {"*String", "System.String", true},
        {"System.*", "System.String", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "ö", true},
        {"??", "ö", false},
        {"S?stem.*g", "System.String", true},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*a*b*c*", "xxaxxcxxbxx", false},
        {"a**b", "ab", true},
        {"List<*>", "List<System.Int32>", true},
        {"*[]", "System.Int32[]", true},
        {"*aaab", "aaaaaaaaab", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (set_glob_matches(rows[i].glob, rows[i].name) != rows[i].matches)
            fail_msg("'%s' and '%s'", rows[i].glob, rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_become_trees),
        cmocka_unit_test(errors_point_at_their_column),
        cmocka_unit_test(depth_length_and_terms_are_limited),
        cmocka_unit_test(globs_match_whole_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
