/* synth: metadata and images. */
#include "metadata_writer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
    uint8_t *bytes;
    size_t len, capacity;
    int failed;
};

struct synth_metadata {
    struct buffer strings, blobs, tables[64];
    uint32_t rows[64];
    uint8_t heap_sizes;
    const char *tables_name;
};

static void add(struct buffer *b, const void *bytes, size_t len)
{
    if (b->len + len > b->capacity) {
        size_t wider = (b->len + len) * 2 + 64;
        uint8_t *grown = realloc(b->bytes, wider);
        if (!grown) {
            b->failed = 1;
            return;
        }
        b->bytes = grown;
        b->capacity = wider;
    }
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
}

static void add_number(struct buffer *b, uint64_t value, size_t len)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    add(b, bytes, len);
}

static void pad(struct buffer *b, size_t to)
{
    while (b->len % to && !b->failed)
        add_number(b, 0, 1);
}

synth_metadata *synth_metadata_begin(void)
{
    synth_metadata *md = calloc(1, sizeof *md);
    if (!md)
        return NULL;
    md->tables_name = "#~";
    add_number(&md->strings, 0, 1);
    add_number(&md->blobs, 0, 1);
    return md;
}

void synth_metadata_heap_sizes(synth_metadata *md, uint8_t flags)
{
    md->heap_sizes = flags;
}

void synth_metadata_tables_name(synth_metadata *md, const char *name)
{
    md->tables_name = name;
}

uint32_t synth_metadata_string(synth_metadata *md, const char *text)
{
    if (!*text)
        return 0;
    uint32_t at = (uint32_t)md->strings.len;
    add(&md->strings, text, strlen(text) + 1);
    return at;
}

uint32_t synth_metadata_blob(synth_metadata *md, const void *bytes, size_t len)
{
    uint32_t at = (uint32_t)md->blobs.len;
    if (len < 0x80) {
        add_number(&md->blobs, len, 1);
    } else {
        add_number(&md->blobs, 0x80 | len >> 8, 1);
        add_number(&md->blobs, len & 0xff, 1);
    }
    add(&md->blobs, bytes, len);
    return at;
}

void synth_metadata_row(synth_metadata *md, unsigned table, const char *widths, ...)
{
    va_list values;
    va_start(values, widths);
    for (const char *width = widths; *width; width++)
        add_number(&md->tables[table], va_arg(values, uint32_t), (size_t)(*width - '0'));
    va_end(values);
    md->rows[table]++;
}

void synth_metadata_lie(synth_metadata *md, unsigned table, uint32_t rows)
{
    md->rows[table] = rows;
}

static void add_tables(struct buffer *out, const synth_metadata *md)
{
    uint64_t valid = 0;
    for (unsigned table = 0; table < 64; table++)
        valid |= (uint64_t)(md->rows[table] != 0) << table;
    add_number(out, 0, 4);
    add_number(out, 2, 2); /* major 2, minor 0 */
    add_number(out, md->heap_sizes, 1);
    add_number(out, 1, 1);
    add_number(out, valid, 8);
    add_number(out, 0, 8);
    for (unsigned table = 0; table < 64; table++)
        if (md->rows[table])
            add_number(out, md->rows[table], 4);
    if (md->heap_sizes & 0x40)
        add_number(out, 0x12345678, 4);
    for (unsigned table = 0; table < 64; table++)
        if (md->tables[table].len)
            add(out, md->tables[table].bytes, md->tables[table].len);
    pad(out, 4);
}

static void add_stream(struct buffer *out, size_t off, size_t len, const char *name)
{
    add_number(out, off, 4);
    add_number(out, len, 4);
    add(out, name, strlen(name) + 1);
    pad(out, 4);
}

uint8_t *synth_metadata_end(synth_metadata *md, size_t *out_len)
{
    struct buffer out = {0}, tables = {0};
    pad(&md->strings, 4);
    pad(&md->blobs, 4);
    add_tables(&tables, md);
    size_t headers =
        16 + 12 + 4 + 12 + 20 + 16; /* root with version, counts, three stream headers */
    add(&out, "BSJB", 4);
    add_number(&out, 1, 2);
    add_number(&out, 1, 2);
    add_number(&out, 0, 4);
    add_number(&out, 12, 4);
    add(&out, "v4.0.30319\0\0", 12);
    add_number(&out, 0, 2);
    add_number(&out, 3, 2);
    add_stream(&out, headers, tables.len, md->tables_name);
    add_stream(&out, headers + tables.len, md->strings.len, "#Strings");
    add_stream(&out, headers + tables.len + md->strings.len, md->blobs.len, "#Blob");
    int failed = out.failed || out.len != headers;
    add(&out, tables.bytes, tables.len);
    add(&out, md->strings.bytes, md->strings.len);
    add(&out, md->blobs.bytes, md->blobs.len);
    failed |= out.failed | tables.failed | md->strings.failed | md->blobs.failed;
    for (unsigned table = 0; table < 64; table++) {
        failed |= md->tables[table].failed;
        free(md->tables[table].bytes);
    }
    free(tables.bytes);
    free(md->strings.bytes);
    free(md->blobs.bytes);
    free(md);
    if (failed) {
        free(out.bytes);
        return NULL;
    }
    *out_len = out.len;
    return out.bytes;
}

enum { SECTION_RVA = 0x2000, SECTION_OFF = 0x400 };

static void add_headers(struct buffer *out, size_t section_len, int wide)
{
    add(out, "MZ", 2);
    while (out->len < 0x3c)
        add_number(out, 0, 1);
    add_number(out, 0x80, 4);
    while (out->len < 0x80)
        add_number(out, 0, 1);
    add(out, "PE\0\0", 4);
    add_number(out, wide ? 0x8664 : 0x14c, 2);
    add_number(out, 1, 2);       /* sections */
    for (int i = 0; i < 12; i++) /* time, symbols */
        add_number(out, 0, 1);
    add_number(out, (wide ? 112 : 96) + 16 * 8, 2); /* optional header */
    add_number(out, 0x2022, 2);
    size_t optional = out->len;
    add_number(out, wide ? 0x20b : 0x10b, 2);
    while (out->len < optional + (wide ? 108 : 92))
        add_number(out, 0, 1);
    add_number(out, 16, 4);
    for (int i = 0; i < 16; i++) {
        add_number(out, i == 14 ? SECTION_RVA : 0, 4);
        add_number(out, i == 14 ? 72 : 0, 4);
    }
    add(out, ".text\0\0\0", 8);
    add_number(out, section_len, 4);
    add_number(out, SECTION_RVA, 4);
    add_number(out, section_len, 4);
    add_number(out, SECTION_OFF, 4);
    for (int i = 0; i < 16; i++)
        add_number(out, 0, 1);
}

uint8_t *synth_pe_image(const void *metadata, size_t len, int wide, int flat, size_t *out_len)
{
    struct buffer out = {0};
    add_headers(&out, 72 + len, wide);
    size_t section = flat ? SECTION_OFF : SECTION_RVA;
    while (out.len < section && !out.failed)
        add_number(&out, 0, 1);
    add_number(&out, 72, 4);
    add_number(&out, 0x50002, 4);
    add_number(&out, SECTION_RVA + 72, 4);
    add_number(&out, len, 4);
    while (out.len < section + 72 && !out.failed)
        add_number(&out, 0, 1);
    add(&out, metadata, len);
    if (out.failed) {
        free(out.bytes);
        return NULL;
    }
    *out_len = out.len;
    return out.bytes;
}
