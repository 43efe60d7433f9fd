/* base: the one status type: fill, format, wrap with context. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *hgr_result_name(hgr_result result)
{
    static const char *const names[] = {
        "HGR_OK",        "HGR_NO_MEMORY", "HGR_IO",           "HGR_BAD_DATA",
        "HGR_UNSUPPORTED", "HGR_TRUNCATED", "HGR_TOO_LARGE",  "HGR_NOT_FOUND",
        "HGR_BAD_ARGUMENT", "HGR_CANCELLED", "HGR_INTERNAL",
    };
    size_t index = (size_t)result;
    return index < sizeof names / sizeof names[0] ? names[index] : "HGR_?";
}

/* Text is ours or a path: keep it one printable line whatever the path holds. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void fill(hgr_status *status, hgr_result code, int os_error, uint32_t at_kind, uint64_t at,
                 const char *format, va_list args)
{
    if (!status)
        return;
    status->code = code;
    status->os_error = os_error;
    status->at_kind = at_kind;
    status->at = at;
    vsnprintf(status->text, sizeof status->text, format, args);
    make_one_line(status->text);
}

hgr_result hgr_fail(hgr_status *status, hgr_result code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(status, code, 0, HGR_AT_NOWHERE, 0, format, args);
    va_end(args);
    return code;
}

hgr_result hgr_fail_file(hgr_status *status, hgr_result code, uint64_t off, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(status, code, 0, HGR_AT_FILE, off, format, args);
    va_end(args);
    return code;
}

hgr_result hgr_fail_addr(hgr_status *status, hgr_result code, uint64_t addr, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(status, code, 0, HGR_AT_ADDR, addr, format, args);
    va_end(args);
    return code;
}

hgr_result hgr_fail_errno(hgr_status *status, int os_error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(status, HGR_IO, os_error, HGR_AT_NOWHERE, 0, format, args);
    va_end(args);
    if (status) {
        size_t used = strlen(status->text);
        snprintf(status->text + used, sizeof status->text - used, ": %s", strerror(os_error));
    }
    return HGR_IO;
}

hgr_result hgr_wrap(hgr_status *status, hgr_result code, const char *format, ...)
{
    if (!status)
        return code;
    char inner[sizeof status->text];
    memcpy(inner, status->text, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(status->text, sizeof status->text, format, args);
    va_end(args);
    make_one_line(status->text);
    size_t used = strlen(status->text);
    snprintf(status->text + used, sizeof status->text - used, ": %s", inner);
    return code;
}
