/* tools: a growing line of text, and text from a dump made safe to print. */
#ifndef TOOLS_STRBUF_H
#define TOOLS_STRBUF_H

#include <stddef.h>
#include <stdint.h>

/** {0} is empty; strbuf_fini frees. Ends the program with exit 4 when memory is out. */
typedef struct strbuf {
    char *bytes; /* terminated once anything was added */
    size_t len, capacity;
} strbuf;

void strbuf_fini(strbuf *text);
void strbuf_clear(strbuf *text);
void strbuf_add(strbuf *text, const char *bytes, size_t len);
void strbuf_add_z(strbuf *text, const char *terminated);
void strbuf_format(strbuf *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Always a terminated string, "" when empty. */
const char *strbuf_get(const strbuf *text);

/**
 * Add text that came from a dump, a path or the command line: control characters, bidirectional
 * overrides and bytes that are not UTF-8 become \xNN, so that no terminal obeys them.
 */
void strbuf_add_safe(strbuf *text, const char *untrusted);

/**
 * The next character of UTF-8 text: its code point, and in *out_len its bytes (at least 1).
 * UINT32_MAX for a byte that starts no valid character (overlong forms and surrogates are invalid).
 */
uint32_t utf8_next(const char *text, size_t left, size_t *out_len);
/** Terminal columns of a text: 0 for combining, 2 for wide characters, 1 for the others. */
size_t utf8_columns(const char *text);
/** Bytes of the longest prefix that fits into columns. */
size_t utf8_prefix(const char *text, size_t columns);

/** Add a type's name without namespaces, those of its arguments neither: "Dictionary<String,
 * Order>". */
void strbuf_add_brief(strbuf *out, const char *type_name);
/** Add text if it fits into columns, else brief, cut and ended by "…" where it must be. SIZE_MAX:
 * text. */
void strbuf_add_fitted(strbuf *out, const char *text, const char *brief, size_t columns);

/** malloc that ends the program with one line and exit 4; count * size checked; zeroed. */
void *must_alloc(size_t count, size_t size);
/** realloc likewise; new bytes are not zeroed. */
void *must_resize(void *pointer, size_t count, size_t size);

#endif
