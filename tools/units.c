/* tools: numbers with units. Reading is strict: anything left over is an error, not a guess. */
#include "units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool units_parse_count(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (!isdigit((unsigned char)text[0]))
        return false;
    for (; *text; text++) {
        if (*text == ',' && isdigit((unsigned char)text[1]))
            continue;
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

/* Digits with at most six decimals, as millionths; *end is left behind them. */
static bool parse_decimal(const char *text, uint64_t *out_millionths, const char **end)
{
    uint64_t whole = 0, part = 0, scale = 1000000;
    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(whole, 10u, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
            return false;
    if (*text == '.') {
        if (!isdigit((unsigned char)*++text))
            return false;
        for (; isdigit((unsigned char)*text); text++) {
            scale /= 10;
            part += scale * (uint64_t)(*text - '0');
        }
    }
    *end = text;
    return !__builtin_mul_overflow(whole, 1000000u, &whole) &&
           !__builtin_add_overflow(whole, part, out_millionths);
}

bool units_parse_bytes(const char *text, uint64_t *out)
{
    static const char letters[] = "kmgt";
    if (strspn(text, "0123456789") == strlen(text)) /* plain bytes: the whole range */
        return units_parse_count(text, out);
    uint64_t millionths = 0;
    const char *end = NULL;
    if (!parse_decimal(text, &millionths, &end))
        return false;
    unsigned shift = 0;
    const char *letter = *end ? strchr(letters, tolower((unsigned char)*end)) : NULL;
    if (letter) {
        shift = 10 * (unsigned)(letter - letters + 1);
        end++;
        end += (*end == 'i' && (end[1] == 'B' || end[1] == 'b'));
    }
    end += (*end == 'B' || *end == 'b');
    if (*end || (!shift && millionths % 1000000))
        return false;
    uint64_t whole = millionths / 1000000, part = millionths % 1000000;
    if (whole > UINT64_MAX >> shift || (shift && whole == UINT64_MAX >> shift))
        return false;
    *out = (whole << shift) + (part << shift) / 1000000; /* part < 2^20, shift <= 40 */
    return true;
}

bool units_parse_address(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (; *text; text++) {
        if (*text == '`' && digits && text[1])
            continue;
        if (!isxdigit((unsigned char)*text) || value >> 60)
            return false;
        int low = tolower((unsigned char)*text);
        value = value << 4 | (uint64_t)(low <= '9' ? low - '0' : low - 'a' + 10);
        digits++;
    }
    if (digits == 0)
        return false;
    *out = value;
    return true;
}

bool units_parse_share(const char *text, uint64_t *out_ppm)
{
    uint64_t millionths = 0;
    const char *end = NULL;
    if (!parse_decimal(text, &millionths, &end) || strcmp(end, "%") != 0 ||
        millionths > UINT64_C(100000000))
        return false;
    *out_ppm = millionths / 100;
    return true;
}

const char *units_count(char buffer[UNITS_TEXT], uint64_t value)
{
    char digits[UNITS_TEXT]; /* from the right; printf would be half of the time of a long table */
    size_t len = 0, count = 0;
    do {
        if (count && count % 3 == 0)
            digits[len++] = ',';
        digits[len++] = (char)('0' + value % 10);
        value /= 10;
        count++;
    } while (value);
    for (size_t i = 0; i < len; i++)
        buffer[i] = digits[len - 1 - i];
    buffer[len] = '\0';
    return buffer;
}

const char *units_bytes(char buffer[UNITS_TEXT], uint64_t value, bool human)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (!human)
        return units_count(buffer, value);
    if (value < 1024) {
        snprintf(buffer, UNITS_TEXT, "%u B", (unsigned)value);
        return buffer;
    }
    size_t unit = 0;
    double shown = (double)value / 1024;
    while (shown >= 1023.95 && unit + 1 < sizeof names / sizeof names[0]) {
        shown /= 1024;
        unit++;
    }
    snprintf(buffer, UNITS_TEXT, "%.1f %s", shown, names[unit]);
    return buffer;
}

const char *units_things(char buffer[UNITS_TEXT], uint64_t count, const char *noun)
{
    units_count(buffer, count);
    size_t len = strlen(buffer);
    snprintf(buffer + len, UNITS_TEXT - len, " %s%s", noun, count == 1 ? "" : "s");
    return buffer;
}

const char *units_amount(char buffer[UNITS_TEXT], uint64_t bytes, bool human)
{
    return human ? units_bytes(buffer, bytes, true) : units_things(buffer, bytes, "byte");
}

const char *units_address(char buffer[UNITS_TEXT], uint64_t addr, uint32_t pointer_size)
{
    size_t digits = pointer_size == 4 && addr <= UINT32_MAX ? 8 : 16;
    buffer[0] = '0';
    buffer[1] = 'x';
    for (size_t i = 0; i < digits; i++)
        buffer[2 + i] = "0123456789abcdef"[addr >> 4 * (digits - 1 - i) & 15];
    buffer[2 + digits] = '\0';
    return buffer;
}

double units_percent(uint64_t part, uint64_t whole)
{
    if (part >= whole)
        return 100;
    double percent = (double)part / (double)whole * 100;
    percent = (double)(uint64_t)(percent * 10000) / 10000;
    return percent > 99.9999 ? 99.9999 : percent;
}

const char *units_share(char buffer[UNITS_TEXT], uint64_t part, uint64_t whole)
{
    uint64_t tenths = part >= whole ? 1000 : (uint64_t)(units_percent(part, whole) * 10);
    units_count(buffer, tenths / 10);
    size_t len = strlen(buffer);
    memcpy(buffer + len, ".0 %", sizeof ".0 %");
    buffer[len + 1] = (char)('0' + tenths % 10);
    return buffer;
}
