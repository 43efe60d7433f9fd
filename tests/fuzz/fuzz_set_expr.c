/* fuzz: a set expression; behind a zero byte a type name for its globs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "set_expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What an evaluator relies on: operands stand before their term, globs are terminated texts. */
static void check_tree(const set_expr *expr, const char *name)
{
    if (expr->count == 0 || expr->count > SET_EXPR_TERMS_MAX ||
        expr->texts_len > sizeof expr->texts)
        abort();
    for (uint32_t i = 0; i < expr->count; i++) {
        const set_term *term = &expr->terms[i];
        bool unary = term->op == SET_NOT || term->op == SET_HELD_BY || term->op == SET_HOLDS;
        bool binary = term->op == SET_AND || term->op == SET_OR;
        if (((unary || binary) && term->left >= i) || (binary && term->right >= i))
            abort();
        if (term->op != SET_TYPE)
            continue;
        if (term->text >= expr->texts_len ||
            !memchr(expr->texts + term->text, '\0', expr->texts_len - term->text))
            abort();
        (void)set_glob_matches(expr->texts + term->text, name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 2);
    set_expr *expr = malloc(sizeof *expr);
    set_error error = {0};
    if (text && expr) {
        memcpy(text, bytes, len);
        text[len] = text[len + 1] = '\0';
        if (set_expr_parse(text, expr, &error))
            check_tree(expr, text + strlen(text) + (strlen(text) < len));
        else if (error.column == 0 || error.text[0] == '\0')
            abort();
    }
    free(expr);
    free(text);
    return 0;
}
