/* Both names are rewritten to one form: their generic arguments where ours stand, our nested types
 * of the signature without the types around them, no spaces. */
#include "sos_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 8192
#define ARGUMENTS_MAX  32

struct text {
    char bytes[NAME_MAX_BYTES];
    size_t len;
};

static void add(struct text *out, const char *from, size_t len)
{
    for (size_t i = 0; i < len && out->len + 1 < sizeof out->bytes; i++)
        if (from[i] != ' ')
            out->bytes[out->len++] = from[i];
    out->bytes[out->len] = 0;
}

static const char *convert_arguments(const char *at, struct text *arguments, size_t *count);

/* name[0 .. len) with `k replaced by the next k arguments; the rest of them behind it. */
static void place_arguments(const char *name, size_t len, const struct text *arguments,
                            size_t count, struct text *out)
{
    size_t next = 0;
    for (size_t i = 0; i < len; i++) {
        if (name[i] != '`') {
            add(out, name + i, 1);
            continue;
        }
        char *end;
        unsigned long arity = strtoul(name + i + 1, &end, 10);
        i = (size_t)(end - name) - 1;
        for (unsigned long a = 0; a < arity && next < count; a++, next++) {
            add(out, a ? "," : "<", 1);
            add(out, arguments[next].bytes, arguments[next].len);
        }
        add(out, ">", arity && next ? 1 : 0);
    }
    for (size_t first = next; next < count; next++) {
        add(out, next > first ? "," : "<", 1);
        add(out, arguments[next].bytes, arguments[next].len);
        add(out, ">", next + 1 == count);
    }
}

/* One type up to `stop` (in an argument, the comma before the module's name) or '('. */
static const char *convert_type(const char *at, bool is_argument, struct text *out)
{
    const char *start = at;
    while (*at && *at != '(' && !(is_argument && (*at == ',' || *at == ']'))) {
        if (at[0] != '[' || at[1] != '[') {
            if (is_argument && at[0] == '[' && (at[1] == ']' || at[1] == ','))
                while (*at != ']') /* an array's rank */
                    at++;
            at++;
            continue;
        }
        struct text *arguments = calloc(ARGUMENTS_MAX, sizeof *arguments);
        size_t count = 0, len = (size_t)(at - start);
        at = convert_arguments(at, arguments, &count);
        place_arguments(start, len, arguments, count, out);
        free(arguments);
        start = at;
    }
    place_arguments(start, (size_t)(at - start), NULL, 0, out);
    return at;
}

/* [[A, Module],[B, Module]] */
static const char *convert_arguments(const char *at, struct text *arguments, size_t *count)
{
    at++;
    while (*at == '[' && *count < ARGUMENTS_MAX) {
        at = convert_type(at + 1, true, &arguments[(*count)++]);
        while (*at && *at != ']')
            at++;
        at += *at == ']';
        at += *at == ',';
    }
    return at + (*at == ']');
}

static void convert_theirs(const char *theirs, struct text *out)
{
    const char *at = convert_type(theirs, false, out);
    for (; *at; at++) { /* the signature: Name`1<A> */
        if (*at == '`' && isdigit((unsigned char)at[1]))
            while (isdigit((unsigned char)at[1]))
                at++;
        else
            add(out, at, 1);
    }
}

/* Drop "Space.Outer+" before each inner type of the signature. */
static void convert_ours(const char *ours, struct text *out)
{
    const char *open = strchr(ours, '(');
    size_t head = open ? (size_t)(open - ours) + 1 : strlen(ours), from = 0;
    add(out, ours, head);
    from = out->len;
    for (const char *at = ours + head; *at; at++) {
        if (*at == '+') {
            out->len = from;
            continue;
        }
        add(out, at, 1);
        /* '<' inside a compiler's name (<Invoke>d__8) begins it as well as an argument */
        if (*at == ',' || *at == '(' || (*at == '<' && at[-1] != '+'))
            from = out->len;
    }
    out->bytes[out->len] = 0;
}

bool sos_name_equal(const char *theirs, const char *ours)
{
    static struct text a, b;
    a.len = b.len = 0;
    a.bytes[0] = b.bytes[0] = 0;
    convert_theirs(theirs, &a);
    convert_ours(ours, &b);
    return strcmp(a.bytes, b.bytes) == 0;
}
