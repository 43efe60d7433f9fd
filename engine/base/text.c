/* base: a growing text. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hgr_text_init(hgr_text *text, const hgr_run *run)
{
    *text = (hgr_text){.run = run};
}

void hgr_text_fini(hgr_text *text)
{
    hgr_free(text->bytes);
    text->bytes = NULL;
    text->len = text->capacity = 0;
}

void hgr_text_clear(hgr_text *text)
{
    text->len = 0;
    text->failed = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void hgr_text_cut(hgr_text *text, size_t len)
{
    if (len >= text->len)
        return;
    text->len = len;
    text->bytes[len] = '\0'; /* len < text->len: there are bytes */
}

void hgr_text_add(hgr_text *text, const char *bytes, size_t len)
{
    if (text->failed || len == 0)
        return;
    if (len > HGR_TEXT_MAX - text->len ||
        hgr_grow(text->run, &text->bytes, &text->capacity, text->len + len + 1, HGR_TEXT_MAX + 1, 1,
                 "text", NULL) != HGR_OK) {
        text->failed = true;
        return;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

void hgr_text_add_z(hgr_text *text, const char *terminated)
{
    hgr_text_add(text, terminated, strlen(terminated));
}

void hgr_text_format(hgr_text *text, const char *format, ...)
{
    char buffer[256]; /* numbers and short words; long parts go through hgr_text_add */
    va_list args;
    va_start(args, format);
    int len = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof buffer)
        text->failed = true;
    else
        hgr_text_add(text, buffer, (size_t)len);
}

const char *hgr_text_get(const hgr_text *text)
{
    return text->len ? text->bytes : "";
}
