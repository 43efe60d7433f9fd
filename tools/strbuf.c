/* tools: growing text and safe text.
 *
 * A dump is written by somebody else: a type name may hold an escape sequence, a path a newline.
 * All of it passes strbuf_add_safe before it reaches a terminal, and the JSON writer before it
 * reaches a script. */
#include "strbuf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static void *stop_out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "heapgraph: out of memory: %zu x %zu bytes refused; use a machine with more\n",
            count, size);
    exit(EXIT_MACHINE);
}

void *must_alloc(size_t count, size_t size)
{
    void *pointer = calloc(count ? count : 1, size ? size : 1);
    return pointer ? pointer : stop_out_of_memory(count, size);
}

void *must_resize(void *pointer, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count ? count : 1, size ? size : 1, &bytes))
        return stop_out_of_memory(count, size);
    void *moved = realloc(pointer, bytes);
    return moved ? moved : stop_out_of_memory(count, size);
}

void strbuf_fini(strbuf *text)
{
    free(text->bytes);
    *text = (strbuf){0};
}

void strbuf_clear(strbuf *text)
{
    text->len = 0;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void strbuf_add(strbuf *text, const char *bytes, size_t len)
{
    if (len >= text->capacity - text->len) {
        size_t capacity = text->capacity ? text->capacity : 64;
        while (capacity - text->len <= len)
            capacity *= 2; /* memory ends long before this wraps */
        text->bytes = must_resize(text->bytes, capacity, 1);
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

void strbuf_add_z(strbuf *text, const char *terminated)
{
    strbuf_add(text, terminated, strlen(terminated));
}

void strbuf_format(strbuf *text, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof small) {
        strbuf_add(text, small, (size_t)len);
    } else if (len >= 0) {
        char *big = must_alloc((size_t)len + 1, 1);
        vsnprintf(big, (size_t)len + 1, format, again);
        strbuf_add(text, big, (size_t)len);
        free(big);
    }
    va_end(again);
}

const char *strbuf_get(const strbuf *text)
{
    return text->len ? text->bytes : "";
}

uint32_t utf8_next(const char *text, size_t left, size_t *out_len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    size_t len = bytes[0] < 0x80   ? 1
                 : bytes[0] < 0xc2 ? 0
                 : bytes[0] < 0xe0 ? 2
                 : bytes[0] < 0xf0 ? 3
                 : bytes[0] < 0xf5 ? 4
                                   : 0;
    *out_len = 1;
    if (len == 1)
        return bytes[0];
    if (len == 0 || len > left)
        return UINT32_MAX;
    uint32_t point = bytes[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return UINT32_MAX;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    if (point < smallest[len] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return UINT32_MAX;
    *out_len = len;
    return point;
}

/* Controls of both tables, line separators, and the marks that reorder or hide what follows. */
static bool is_dangerous(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || point == UINT32_MAX;
}

void strbuf_add_safe(strbuf *text, const char *untrusted)
{
    size_t left = strlen(untrusted), plain = 0;
    while (untrusted[plain] >= 0x20 && untrusted[plain] < 0x7f)
        plain++; /* nearly always all of it */
    strbuf_add(text, untrusted, plain);
    untrusted += plain;
    left -= plain;
    while (left) {
        size_t len = 0;
        if (!is_dangerous(utf8_next(untrusted, left, &len)))
            strbuf_add(text, untrusted, len);
        else
            for (size_t i = 0; i < len; i++)
                strbuf_format(text, "\\x%02x", (unsigned char)untrusted[i]);
        untrusted += len;
        left -= len;
    }
}

static size_t columns_of(uint32_t point)
{
    if ((point >= 0x300 && point < 0x370) || (point >= 0xfe00 && point < 0xfe10))
        return 0;
    bool wide = (point >= 0x1100 && point < 0x1160) || (point >= 0x2e80 && point < 0xa4d0) ||
                (point >= 0xac00 && point < 0xd7a4) || (point >= 0xf900 && point < 0xfb00) ||
                (point >= 0xfe30 && point < 0xfe70) || (point >= 0xff00 && point < 0xff61) ||
                (point >= 0x1f300 && point < 0x1fb00) || (point >= 0x20000 && point < 0x3fffe);
    return wide ? 2 : 1;
}

size_t utf8_prefix(const char *text, size_t columns)
{
    size_t left = strlen(text), used = 0, at = 0;
    while (left) {
        size_t len = 0;
        used += columns_of(utf8_next(text + at, left, &len));
        if (used > columns)
            break;
        at += len;
        left -= len;
    }
    return at;
}

size_t utf8_columns(const char *text)
{
    size_t left = strlen(text), used = 0;
    for (; left && (unsigned char)*text < 0x80; text++, left--)
        used++; /* ASCII, nearly always all of it */
    while (left) {
        size_t len = 0;
        used += columns_of(utf8_next(text, left, &len));
        text += len;
        left -= len;
    }
    return used;
}

static bool is_name(char byte)
{
    return isalnum((unsigned char)byte) || (unsigned char)byte >= 0x80 || byte == '_' ||
           byte == '`' || byte == '.';
}

/* The words behind "static " stay whole: there the namespace tells which of many Instance fields it
 * is. */
void strbuf_add_brief(strbuf *out, const char *type_name)
{
    const char *from = type_name, *text = type_name;
    while (*text) {
        size_t len = 0, start = 0;
        while (is_name(text[len]))
            len++;
        bool is_static = text - from >= 7 && memcmp(text - 7, "static ", 7) == 0;
        for (size_t i = 0; i + 1 < len && !is_static && text[0] != '.'; i++)
            if (text[i] == '.')
                start = i + 1;
        if (len == 0)
            len = 1;
        strbuf_add(out, text + start, len - start);
        text += len;
    }
}

void strbuf_add_fitted(strbuf *out, const char *text, const char *brief, size_t columns)
{
    if (columns == SIZE_MAX || utf8_columns(text) <= columns) {
        strbuf_add_z(out, text);
    } else if (utf8_columns(brief) <= columns) {
        strbuf_add_z(out, brief);
    } else {
        strbuf_add(out, brief, utf8_prefix(brief, columns ? columns - 1 : 0));
        strbuf_add_z(out, "…");
    }
}
