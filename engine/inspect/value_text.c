/* inspect: a value in one line of text: primitives, strings, enums, boxes; structures and classes
 * of the base library through value_structs.c. */
#include "value_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/utf16.h"
#include "collections.h"

#define MAX_DEPTH 4u /* a Nullable in a pair in a box */

/* The letter behind the backslash, 0 = none. */
static char short_escape(uint32_t point)
{
    switch (point) {
    case '\0':
        return '0';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\\':
        return '\\';
    default:
        return 0;
    }
}

/* Characters that a terminal obeys instead of showing them, and halves of pairs. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e ||
           point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || (point >= 0xd800 && point <= 0xdfff) ||
           point == 0xfeff;
}

void hgr_add_escaped(hgr_text *out, uint32_t point, char quote)
{
    char bytes[HGR_UTF8_MAX], letter = short_escape(point);
    if (letter)
        hgr_text_format(out, "\\%c", letter);
    else if (point == (unsigned char)quote)
        hgr_text_format(out, "\\%c", quote);
    else if (is_unsafe(point))
        hgr_text_format(out, "\\u%04x", point);
    else
        hgr_text_add(out, bytes, hgr_utf8_put(bytes, point));
}

/* The shortest digits that read back as the same number. */
void hgr_add_double(hgr_text *out, double value, bool is_single)
{
    char digits[40];
    if (isnan(value) || isinf(value)) {
        hgr_text_add_z(out, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (is_single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value)
            break;
    }
    hgr_text_add_z(out, digits);
}

static bool add_string(hgr_inspector *inspector, const hgr_object *string, uint64_t max_chars,
                       hgr_text *out)
{
    uint64_t end = string->length < max_chars ? string->length : max_chars;
    uint64_t at = string->addr + hgr_inspector_word(inspector) + 4;
    const uint8_t *units = NULL;
    if (end > 0 && !(units = hgr_space_view(inspector->runtime->space, at, 2 * end)))
        return false;
    hgr_text_add(out, "\"", 1);
    for (size_t i = 0; i < end;)
        hgr_add_escaped(out, hgr_utf16_next(units, (size_t)end, &i), '"');
    hgr_text_add_z(out, end < string->length ? "\"…" : "\"");
    return true;
}

static bool add_object(hgr_inspector *inspector, uint64_t addr, hgr_text *out, uint32_t depth)
{
    hgr_object object;
    if (addr == 0) {
        hgr_text_add_z(out, "null");
        return true;
    }
    if (hgr_inspect_object(inspector, addr, &object, NULL) != HGR_OK)
        return false;
    if (object.type->kind == HGR_TYPE_STRING)
        return add_string(inspector, &object, inspector->max_chars, out);
    if (object.type->kind == HGR_TYPE_STRUCT || object.type->kind == HGR_TYPE_ENUM) {
        hgr_value payload =
            hgr_value_at(inspector, addr + hgr_inspector_word(inspector), object.type);
        return hgr_add_value(inspector, &payload, out, depth + 1);
    }
    hgr_value value = hgr_value_of_object(&object);
    hgr_value_writer writer = hgr_value_writer_of(object.type->name);
    return writer && writer(inspector, &value, out, depth + 1);
}

static bool add_enum(hgr_inspector *inspector, const hgr_value *value, hgr_text *out)
{
    const hgr_type *type = NULL;
    char name[1024];
    if (value->type_mt == 0 || hgr_inspect_type(inspector, value->type_mt, &type, NULL) != HGR_OK ||
        type->kind != HGR_TYPE_ENUM)
        return false;
    hgr_enum_text(inspector, type, value->bits, name, sizeof name);
    hgr_text_add_z(out, name);
    return true;
}

static void add_native(hgr_text *out, const hgr_value *value)
{
    int64_t number = (int64_t)value->bits;
    if (number > -65536 && number < 65536)
        hgr_text_format(out, "%lld", (long long)number);
    else
        hgr_text_format(out, "0x%llx", (unsigned long long)value->bits);
}

static bool add_primitive(const hgr_value *value, hgr_text *out)
{
    switch (value->element) {
    case HGR_IS_BOOLEAN:
        hgr_text_add_z(out, value->bits ? "true" : "false");
        return true;
    case HGR_IS_CHAR:
        hgr_text_add(out, "'", 1);
        hgr_add_escaped(out, (uint32_t)(value->bits & 0xffff), '\'');
        hgr_text_add(out, "'", 1);
        return true;
    case HGR_IS_INT8:
    case HGR_IS_INT16:
    case HGR_IS_INT32:
    case HGR_IS_INT64:
        hgr_text_format(out, "%lld", (long long)value->bits);
        return true;
    case HGR_IS_UINT8:
    case HGR_IS_UINT16:
    case HGR_IS_UINT32:
    case HGR_IS_UINT64:
        hgr_text_format(out, "%llu", (unsigned long long)value->bits);
        return true;
    case HGR_IS_FLOAT32:
    case HGR_IS_FLOAT64:
        hgr_add_double(out, hgr_value_double(value), value->element == HGR_IS_FLOAT32);
        return true;
    case HGR_IS_INTPTR:
    case HGR_IS_UINTPTR:
        add_native(out, value);
        return true;
    case HGR_IS_POINTER:
    case HGR_IS_FUNCTION:
    case HGR_IS_BYREF:
        hgr_text_format(out, value->bits ? "0x%llx" : "null", (unsigned long long)value->bits);
        return true;
    default:
        return false;
    }
}

bool hgr_add_value(hgr_inspector *inspector, const hgr_value *value, hgr_text *out, uint32_t depth)
{
    size_t before = out->len;
    bool good;
    if (!value->present || depth > MAX_DEPTH)
        return false;
    if (value->element == HGR_IS_REFERENCE) {
        good = add_object(inspector, value->bits, out, depth);
    } else if (value->element == HGR_IS_STRUCT) {
        hgr_value_writer writer = hgr_value_writer_of(value->type_name);
        good = writer && writer(inspector, value, out, depth);
    } else {
        good = add_enum(inspector, value, out) || add_primitive(value, out);
    }
    if (!good)
        hgr_text_cut(out, before);
    return good;
}

size_t hgr_value_text(hgr_inspector *inspector, const hgr_value *value, uint64_t max_chars,
                      char *buffer, size_t size)
{
    hgr_text *out = &inspector->value_text;
    hgr_text_clear(out);
    inspector->max_chars = max_chars;
    int needed = 0;
    if (hgr_add_value(inspector, value, out, 0) && !out->failed)
        needed = snprintf(buffer, size, "%s", hgr_text_get(out));
    else if (size > 0)
        buffer[0] = '\0';
    return needed < 0 ? 0 : (size_t)needed;
}
