/* inspect: the text of a string object, as UTF-8. */
#include "inspector.h"

#include "../base/utf16.h"

#define UNITS_AT_ONCE 512u

size_t hgr_string_text(hgr_inspector *inspector, const hgr_object *string, uint64_t first,
                       uint64_t max_chars, char *buffer, size_t size)
{
    uint8_t units[2 * UNITS_AT_ONCE];
    uint64_t end = string->type->kind == HGR_TYPE_STRING ? string->length : 0;
    uint64_t at = string->addr + hgr_inspector_word(inspector) + 4;
    size_t len = 0;
    if (first > end)
        first = end;
    if (max_chars < end - first)
        end = first + max_chars;
    while (first < end) {
        size_t count = end - first < UNITS_AT_ONCE ? (size_t)(end - first) : UNITS_AT_ONCE;
        if (!hgr_space_read(inspector->runtime->space, at + 2 * first, units, 2 * count))
            return SIZE_MAX;
        bool more = first + count < end;
        size_t taken = 0;
        /* The last unit of a piece may be half of a pair: it begins the next piece. */
        while (taken < count && !(more && taken + 1 == count)) {
            char bytes[HGR_UTF8_MAX];
            size_t made = hgr_utf8_put(bytes, hgr_utf16_next(units, count, &taken));
            for (size_t k = 0; k < made; k++, len++)
                if (len + 1 < size)
                    buffer[len] = bytes[k];
        }
        first += taken;
    }
    if (size > 0)
        buffer[len < size ? len : size - 1] = '\0';
    return len;
}
