/* tools: parse a set expression by recursive descent, with its depth, length and terms limited. */
#include "set_expr.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "strbuf.h"
#include "units.h"

static const char *const words[] = {
    "all",  "reachable", "unreachable", "gen0", "gen1",     "gen2",   "loh", "poh", "frozen",
    "free", "pinned",    "type=",       "min=", "held-by=", "holds=", "and", "or",  "not",
    "new",  "gone",      "survived",    "grown", "unknown",
};
#define WORDS (sizeof words / sizeof words[0])

/* Words that stand alone; generation is hgr_generation. */
static const struct plain_word {
    const char *word;
    set_op op;
    uint64_t number;
} plain_words[] = {
    {"all", SET_ALL, 0},
    {"reachable", SET_REACHABLE, 0},
    {"unreachable", SET_UNREACHABLE, 0},
    {"gen0", SET_GENERATION, 0},
    {"gen1", SET_GENERATION, 1},
    {"gen2", SET_GENERATION, 2},
    {"loh", SET_GENERATION, 3},
    {"poh", SET_GENERATION, 4},
    {"frozen", SET_GENERATION, 5},
    {"free", SET_FREE, 0},
    {"pinned", SET_PINNED, 0},
    {"new", SET_FATE, FATE_NEW},
    {"gone", SET_FATE, FATE_GONE},
    {"survived", SET_FATE, FATE_SURVIVED},
    {"grown", SET_FATE, FATE_GROWN},
    {"unknown", SET_FATE, FATE_UNKNOWN},
};

typedef struct set_parser {
    const char *text;
    size_t at;
    size_t depth;
    set_expr *out;
    set_error *error;
} set_parser;

static bool fail_at(set_parser *parser, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_at(set_parser *parser, size_t at, const char *format, ...)
{
    size_t column = 1;
    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)parser->text[i] & 0xc0) != 0x80;
    va_list args;
    va_start(args, format);
    vsnprintf(parser->error->text, sizeof parser->error->text, format, args);
    va_end(args);
    parser->error->column = column;
    return false;
}

static bool add_term(set_parser *parser, set_term term, uint32_t *out)
{
    if (parser->out->count == SET_EXPR_TERMS_MAX)
        return fail_at(parser, parser->at, "more than %d terms", SET_EXPR_TERMS_MAX);
    parser->out->terms[parser->out->count] = term;
    *out = parser->out->count++;
    return true;
}

static void skip_space(set_parser *parser)
{
    while (isspace((unsigned char)parser->text[parser->at]))
        parser->at++;
}

/* A word ends at space, parenthesis, or behind its '='. */
static size_t word_length(const set_parser *parser)
{
    const char *from = parser->text + parser->at;
    size_t len = 0;
    while (from[len] && !isspace((unsigned char)from[len]) && from[len] != '(' && from[len] != ')')
        if (from[len++] == '=')
            break;
    return len;
}

static bool take_word(set_parser *parser, const char *word)
{
    skip_space(parser);
    size_t len = strlen(word);
    if (word_length(parser) != len || strncmp(parser->text + parser->at, word, len) != 0)
        return false;
    parser->at += len;
    return true;
}

/* Length of an unquoted value. Spaces and parentheses belong to it between balanced < > or [ ];
 * when those do not balance it ends at the first of them. */
static size_t value_length(const char *from)
{
    size_t first = 0;
    int depth = 0;
    while (from[first] && !isspace((unsigned char)from[first]) && from[first] != '(' &&
           from[first] != ')')
        first++;
    for (size_t len = 0; from[len]; len++) {
        depth += (from[len] == '<' || from[len] == '[') - (from[len] == '>' || from[len] == ']');
        bool ends = isspace((unsigned char)from[len]) || from[len] == '(' || from[len] == ')';
        if (ends && depth <= 0)
            return depth < 0 ? first : len;
    }
    return depth == 0 ? strlen(from) : first;
}

/* Copy the value behind '=' into texts. */
static bool take_value(set_parser *parser, const char *word, uint32_t *out_text)
{
    const char *from = parser->text + parser->at;
    size_t start = parser->at, len = 0;
    if (*from == '"' || *from == '\'') {
        const char *end = strchr(from + 1, *from);
        if (!end)
            return fail_at(parser, start, "the quote opened here is not closed");
        from++;
        len = (size_t)(end - from);
        parser->at += len + 2;
    } else {
        len = value_length(from);
        parser->at += len;
    }
    if (len == 0)
        return fail_at(parser, start, "%s needs a value", word);
    char *texts = parser->out->texts + parser->out->texts_len; /* the text is long enough for all */
    memcpy(texts, from, len);
    texts[len] = '\0';
    *out_text = parser->out->texts_len;
    parser->out->texts_len += (uint32_t)len + 1;
    return true;
}

static bool parse_expr(set_parser *parser, uint32_t *out);

static bool fail_word(set_parser *parser)
{
    char seen[80];
    size_t len = word_length(parser);
    strbuf safe = {0};
    snprintf(seen, sizeof seen, "%.*s", (int)(len ? len : 1), parser->text + parser->at);
    strbuf_add_safe(&safe, seen);
    const char *nearest = opt_nearest(seen, words, WORDS);
    if (!parser->text[parser->at])
        fail_at(parser, parser->at, "something is missing here; see heapgraph help sets");
    else
        fail_at(parser, parser->at, "'%.100s' is no set%s%s; see heapgraph help sets",
                strbuf_get(&safe), nearest ? "; did you mean " : "", nearest ? nearest : "");
    strbuf_fini(&safe);
    return false;
}

static bool parse_type(set_parser *parser, uint32_t *out)
{
    set_term term = {.op = SET_TYPE};
    return take_value(parser, "type=", &term.text) && add_term(parser, term, out);
}

static bool parse_min(set_parser *parser, uint32_t *out)
{
    set_term term = {.op = SET_MIN};
    size_t at = parser->at;
    if (!take_value(parser, "min=", &term.text))
        return false;
    if (!units_parse_bytes(parser->out->texts + term.text, &term.number))
        return fail_at(parser, at, "min= needs bytes such as 512, 64K, 1.5M");
    return add_term(parser, term, out);
}

static bool parse_address(set_parser *parser, uint32_t *out)
{
    char word[64];
    set_term term = {.op = SET_ADDRESS};
    size_t len = word_length(parser);
    snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1),
             parser->text + parser->at);
    if (len >= sizeof word || !units_parse_address(word, &term.number))
        return fail_at(parser, parser->at, "an address is 0x and up to 16 hexadecimal digits");
    parser->at += len;
    return add_term(parser, term, out);
}

static bool parse_atom(set_parser *parser, uint32_t *out);

static bool parse_parenthesis(set_parser *parser, uint32_t *out)
{
    size_t open = parser->at++;
    if (!parse_expr(parser, out))
        return false;
    skip_space(parser);
    if (parser->text[parser->at] != ')') {
        if (parser->text[parser->at])
            return fail_at(parser, parser->at, "expected and, or, or ')' here");
        return fail_at(parser, open, "the parenthesis opened here is not closed");
    }
    parser->at++;
    return true;
}

/* Behind held-by= and holds=. */
static bool parse_operand(set_parser *parser, set_op op, uint32_t *out)
{
    set_term term = {.op = op};
    if (++parser->depth > SET_EXPR_DEPTH_MAX)
        return fail_at(parser, parser->at, "nested deeper than %d", SET_EXPR_DEPTH_MAX);
    bool parenthesis = parser->text[parser->at] == '(';
    if (!(parenthesis ? parse_parenthesis(parser, &term.left) : parse_atom(parser, &term.left)))
        return false;
    parser->depth--;
    return add_term(parser, term, out);
}

static bool parse_atom(set_parser *parser, uint32_t *out)
{
    for (size_t i = 0; i < sizeof plain_words / sizeof plain_words[0]; i++)
        if (take_word(parser, plain_words[i].word))
            return add_term(
                parser, (set_term){.op = plain_words[i].op, .number = plain_words[i].number}, out);
    if (take_word(parser, "type="))
        return parse_type(parser, out);
    if (take_word(parser, "min="))
        return parse_min(parser, out);
    if (take_word(parser, "held-by="))
        return parse_operand(parser, SET_HELD_BY, out);
    if (take_word(parser, "holds="))
        return parse_operand(parser, SET_HOLDS, out);
    const char *here = parser->text + parser->at;
    if (here[0] == '0' && (here[1] == 'x' || here[1] == 'X'))
        return parse_address(parser, out);
    return fail_word(parser);
}

static bool parse_factor(set_parser *parser, uint32_t *out)
{
    bool parsed = false;
    if (++parser->depth > SET_EXPR_DEPTH_MAX)
        return fail_at(parser, parser->at, "nested deeper than %d", SET_EXPR_DEPTH_MAX);
    skip_space(parser);
    if (take_word(parser, "not")) {
        set_term term = {.op = SET_NOT};
        parsed = parse_factor(parser, &term.left) && add_term(parser, term, out);
    } else if (parser->text[parser->at] == '(') {
        parsed = parse_parenthesis(parser, out);
    } else {
        parsed = parse_atom(parser, out);
    }
    parser->depth--;
    return parsed;
}

static bool parse_term(set_parser *parser, uint32_t *out)
{
    if (!parse_factor(parser, out))
        return false;
    while (take_word(parser, "and")) {
        set_term term = {.op = SET_AND, .left = *out};
        if (!parse_factor(parser, &term.right) || !add_term(parser, term, out))
            return false;
    }
    return true;
}

static bool parse_expr(set_parser *parser, uint32_t *out)
{
    if (!parse_term(parser, out))
        return false;
    while (take_word(parser, "or")) {
        set_term term = {.op = SET_OR, .left = *out};
        if (!parse_term(parser, &term.right) || !add_term(parser, term, out))
            return false;
    }
    return true;
}

bool set_expr_parse(const char *text, set_expr *out, set_error *error)
{
    uint32_t whole = 0;
    set_parser parser = {.text = text, .out = out, .error = error};
    out->count = 0;
    out->texts_len = 0;
    if (strlen(text) > SET_EXPR_LENGTH_MAX)
        return fail_at(&parser, 0, "longer than %d bytes", SET_EXPR_LENGTH_MAX);
    if (!parse_expr(&parser, &whole))
        return false;
    skip_space(&parser);
    if (text[parser.at] == ')')
        return fail_at(&parser, parser.at, "this parenthesis was never opened");
    if (text[parser.at])
        return fail_at(&parser, parser.at, "expected and, or, or the end here");
    return true;
}

/* On a mismatch behind the last '*', let that star take one character more: at most |glob| *
 * |name|. */
bool set_glob_matches(const char *glob, const char *name)
{
    const char *star = NULL, *retry = NULL;
    while (*name) {
        size_t len = 0;
        if (*glob == '*') {
            star = glob++;
            retry = name;
        } else if (*glob == '?') {
            (void)utf8_next(name, strlen(name), &len);
            name += len;
            glob++;
        } else if (*glob == *name) {
            glob++;
            name++;
        } else if (star) {
            glob = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}
