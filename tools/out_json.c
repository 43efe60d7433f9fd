/* tools: a small JSON writer on stdio: millions of rows without a tree in memory. */
#include "out_json.h"

#include <string.h>

#include "strbuf.h"

static void put_text(FILE *out, const char *text)
{
    size_t left = strlen(text);
    putc('"', out);
    while (left) {
        size_t len = 0;
        uint32_t point = utf8_next(text, left, &len);
        if (point == UINT32_MAX)
            fputs("\\ufffd", out);
        else if (point < 0x20 || point == 0x7f || (point >= 0x80 && point < 0xa0))
            fprintf(out, "\\u%04x", (unsigned)point);
        else if (point == '"' || point == '\\')
            fprintf(out, "\\%c", (char)point);
        else
            fwrite(text, 1, len, out);
        text += len;
        left -= len;
    }
    putc('"', out);
}

/* Comma and line break as due, then the key. Depth 1 is the document, 2 its arrays' elements. */
static void begin_value(tool_json *json, const char *key)
{
    if (json->depth) {
        bool *filled = &json->filled[json->depth - 1];
        bool own_line = json->depth <= 2 && (json->depth == 1 || !key);
        if (*filled)
            putc(',', json->out);
        if (own_line)
            fprintf(json->out, "\n%*s", (int)json->depth, "");
        else if (*filled)
            putc(' ', json->out);
        *filled = true;
    }
    if (key) {
        put_text(json->out, key);
        fputs(": ", json->out);
    }
}

static void open_level(tool_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    putc(bracket, json->out);
    if (json->depth < JSON_DEPTH_MAX)
        json->filled[json->depth] = false;
    json->depth++;
}

static void close_level(tool_json *json, char bracket, bool array)
{
    json->depth--;
    bool broken = json->depth == 0 || (json->depth == 1 && array && json->filled[json->depth]);
    if (broken)
        fprintf(json->out, "\n%*s", (int)json->depth, "");
    putc(bracket, json->out);
    if (json->depth == 0)
        putc('\n', json->out);
}

void out_object(tool_json *json, const char *key)
{
    open_level(json, key, '{');
}

void out_array(tool_json *json, const char *key)
{
    open_level(json, key, '[');
}

void out_end_object(tool_json *json)
{
    close_level(json, '}', false);
}

void out_end_array(tool_json *json)
{
    close_level(json, ']', true);
}

void out_text(tool_json *json, const char *key, const char *text)
{
    if (!text) {
        out_null(json, key);
        return;
    }
    begin_value(json, key);
    put_text(json->out, text);
}

void out_u64(tool_json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    fprintf(json->out, "%llu", (unsigned long long)value);
}

void out_i64(tool_json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    fprintf(json->out, "%lld", (long long)value);
}

void out_address(tool_json *json, const char *key, uint64_t addr)
{
    begin_value(json, key);
    fprintf(json->out, "\"0x%llx\"", (unsigned long long)addr);
}

void out_hash(tool_json *json, const char *key, uint64_t hash)
{
    begin_value(json, key);
    fprintf(json->out, "\"0x%016llx\"", (unsigned long long)hash);
}

void out_bool(tool_json *json, const char *key, bool value)
{
    begin_value(json, key);
    fputs(value ? "true" : "false", json->out);
}

void out_null(tool_json *json, const char *key)
{
    begin_value(json, key);
    fputs("null", json->out);
}

void out_number(tool_json *json, const char *key, double value)
{
    char text[64];
    begin_value(json, key);
    int len = snprintf(text, sizeof text, "%.6f", value);
    while (len > 1 && text[len - 1] == '0')
        text[--len] = '\0';
    if (len > 1 && text[len - 1] == '.')
        text[--len] = '\0';
    fputs(text, json->out);
}
