/* inspect: structures and classes of the base library in one line of text. Each reads its fields by
 * name. */
#include "value_text.h"

#include <math.h>

#include "../base/utf16.h"
#include "../clr/method_table.h"
#include "collections.h"

#define TICKS_PER_SECOND UINT64_C(10000000)
#define SECONDS_PER_DAY  UINT64_C(86400)
#define TICKS_PER_DAY    (TICKS_PER_SECOND * SECONDS_PER_DAY)
#define MAX_TICKS        UINT64_C(3155378975999999999) /* the end of the year 9999 */
#define MAX_DAYS         3652058u

/* ---- dates ---- */

/* Proleptic Gregorian calendar; day 0 is 0001-01-01. Method: years from March on, so that the leap
 * day comes last; 400 years have 146097 days. */
static void add_date(hgr_text *out, uint64_t days)
{
    uint64_t shifted = days + 306; /* from 0000-03-01 */
    uint64_t era = shifted / 146097, of_era = shifted % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    uint64_t day = of_year - (153 * month + 2) / 5 + 1;
    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    hgr_text_format(out, "%04llu-%02llu-%02llu", (unsigned long long)year,
                    (unsigned long long)month, (unsigned long long)day);
}

/* ".678" without zeros at the end; nothing when it is zero. */
static void add_fraction(hgr_text *out, uint64_t ticks)
{
    uint64_t part = ticks % TICKS_PER_SECOND;
    int digits = 7;
    if (part == 0)
        return;
    for (; part % 10 == 0; part /= 10)
        digits--;
    hgr_text_format(out, ".%0*llu", digits, (unsigned long long)part);
}

static void add_time(hgr_text *out, uint64_t ticks)
{
    uint64_t seconds = ticks / TICKS_PER_SECOND % SECONDS_PER_DAY;
    hgr_text_format(out, "%02llu:%02llu:%02llu", (unsigned long long)(seconds / 3600),
                    (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60));
    add_fraction(out, ticks);
}

static bool add_moment(hgr_text *out, uint64_t ticks)
{
    if (ticks > MAX_TICKS)
        return false;
    add_date(out, ticks / TICKS_PER_DAY);
    hgr_text_add(out, "T", 1);
    add_time(out, ticks % TICKS_PER_DAY);
    return true;
}

#define TICKS_MASK ((UINT64_C(1) << 62) - 1) /* the two bits above say which kind */

static bool write_date_time(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                            uint32_t depth)
{
    uint64_t data;
    static const char *const KINDS[] = {"", "Z", " local", " local"};
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_dateData|dateData", &data) ||
        !add_moment(out, data & TICKS_MASK))
        return false;
    hgr_text_add_z(out, KINDS[data >> 62]);
    return true;
}

static bool write_date_time_offset(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                                   uint32_t depth)
{
    hgr_value moment;
    uint64_t data, bits;
    (void)depth;
    if (!hgr_pick_once(inspector, "_dateTime|m_dateTime", value, &moment) ||
        !hgr_field_bits(inspector, &moment, "_dateData|dateData", &data) ||
        !hgr_field_bits(inspector, value, "_offsetMinutes|m_offsetMinutes", &bits))
        return false;
    int64_t minutes = (int64_t)bits;
    uint64_t apart = (uint64_t)(minutes < 0 ? -minutes : minutes), ticks = data & TICKS_MASK;
    uint64_t shift = apart * 60 * TICKS_PER_SECOND;
    if (apart > 14 * 60 || (minutes < 0 && shift > ticks) ||
        !add_moment(out, minutes < 0 ? ticks - shift : ticks + shift))
        return false;
    hgr_text_format(out, "%c%02llu:%02llu", minutes < 0 ? '-' : '+',
                    (unsigned long long)(apart / 60), (unsigned long long)(apart % 60));
    return true;
}

static bool write_time_span(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                            uint32_t depth)
{
    uint64_t bits;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_ticks", &bits))
        return false;
    uint64_t ticks = bits >> 63 ? ~bits + 1 : bits;
    if (bits >> 63)
        hgr_text_add(out, "-", 1);
    if (ticks >= TICKS_PER_DAY)
        hgr_text_format(out, "%llu.", (unsigned long long)(ticks / TICKS_PER_DAY));
    add_time(out, ticks);
    return true;
}

static bool write_date_only(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                            uint32_t depth)
{
    uint64_t days;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_dayNumber", &days) || days > MAX_DAYS)
        return false;
    add_date(out, days);
    return true;
}

static bool write_time_only(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                            uint32_t depth)
{
    uint64_t ticks;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_ticks", &ticks) || ticks >= TICKS_PER_DAY)
        return false;
    add_time(out, ticks);
    return true;
}

/* ---- numbers ---- */

static bool write_guid(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                       uint32_t depth)
{
    uint64_t a, b, c, bytes[8];
    static const char *const NAMES[8] = {"_d", "_e", "_f", "_g", "_h", "_i", "_j", "_k"};
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_a", &a) ||
        !hgr_field_bits(inspector, value, "_b", &b) || !hgr_field_bits(inspector, value, "_c", &c))
        return false;
    for (size_t i = 0; i < 8; i++)
        if (!hgr_field_bits(inspector, value, NAMES[i], &bytes[i]))
            return false;
    hgr_text_format(out, "%08x-%04x-%04x-", (uint32_t)a, (uint32_t)b & 0xffff,
                    (uint32_t)c & 0xffff);
    for (size_t i = 0; i < 8; i++)
        hgr_text_format(out, i == 2 ? "-%02x" : "%02x", (uint32_t)bytes[i] & 0xff);
    return true;
}

/* Decimal digits of a number of `count` 32-bit words, the lowest first; words are used up. */
static size_t to_digits(uint32_t *words, size_t count, char *digits, size_t size)
{
    size_t len = 0;
    while (count > 0 && len < size) {
        uint64_t rest = 0;
        for (size_t i = count; i-- > 0;) {
            uint64_t part = rest << 32 | words[i];
            words[i] = (uint32_t)(part / 10);
            rest = part % 10;
        }
        digits[len++] = (char)('0' + rest);
        while (count > 0 && words[count - 1] == 0)
            count--;
    }
    return len; /* the last digit first */
}

/* Digits (the last first) with a point before the last `scale` of them. */
static void add_digits(hgr_text *out, const char *digits, size_t len, uint32_t scale)
{
    size_t total = len > scale ? len : scale + 1u;
    for (size_t i = total; i-- > 0;) {
        hgr_text_add(out, i < len ? &digits[i] : "0", 1);
        if (i == scale && scale > 0)
            hgr_text_add(out, ".", 1);
    }
}

static bool write_decimal(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                          uint32_t depth)
{
    uint64_t flags, high, low, middle;
    char digits[32];
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_flags|flags", &flags) ||
        !hgr_field_bits(inspector, value, "_hi32|hi", &high))
        return false;
    if (!hgr_field_bits(inspector, value, "_lo64", &low)) {
        if (!hgr_field_bits(inspector, value, "lo", &low) ||
            !hgr_field_bits(inspector, value, "mid", &middle))
            return false;
        low = (low & UINT32_MAX) | middle << 32;
    }
    uint32_t words[3] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high};
    uint32_t scale = flags >> 16 & 0xff;
    if (scale > 28)
        return false;
    size_t len = to_digits(words, 3, digits, sizeof digits);
    if (flags >> 31 & 1)
        hgr_text_add(out, "-", 1);
    add_digits(out, digits, len, scale);
    return true;
}

static bool write_int128(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                         uint32_t depth)
{
    uint64_t low, high;
    char digits[48];
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_lower", &low) ||
        !hgr_field_bits(inspector, value, "_upper", &high))
        return false;
    if (strcmp(value->type_name, "System.Int128") == 0 && high >> 63) {
        hgr_text_add(out, "-", 1);
        low = ~low + 1;
        high = ~high + (low == 0);
    }
    uint32_t words[4] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high,
                         (uint32_t)(high >> 32)};
    add_digits(out, digits, to_digits(words, 4, digits, sizeof digits), 0);
    return true;
}

#define BIG_WORDS 64u /* a longer number is no text to read */

static bool write_big_integer(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                              uint32_t depth)
{
    uint64_t sign;
    hgr_value bits;
    hgr_object array;
    uint32_t words[BIG_WORDS];
    char digits[BIG_WORDS * 10];
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_sign", &sign) ||
        !hgr_pick_once(inspector, "_bits", value, &bits))
        return false;
    if (bits.bits == 0) {
        hgr_text_format(out, "%lld", (long long)sign);
        return true;
    }
    if (!hgr_pick_array(inspector, "_bits", value, &array) || array.length > BIG_WORDS)
        return false;
    for (uint64_t i = 0; i < array.length; i++) {
        hgr_value word = hgr_array_element(inspector, &array, i);
        if (!word.present)
            return false;
        words[i] = (uint32_t)word.bits;
    }
    if ((int64_t)sign < 0)
        hgr_text_add(out, "-", 1);
    add_digits(out, digits, to_digits(words, (size_t)array.length, digits, sizeof digits), 0);
    return true;
}

static bool write_half(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                       uint32_t depth)
{
    uint64_t bits;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_value|m_value", &bits))
        return false;
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), number;
    if (exponent == 31)
        number = fraction != 0 ? (double)NAN : (double)INFINITY;
    else
        number = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
    hgr_add_double(out, bits >> 15 & 1 ? -number : number, true);
    return true;
}

static bool write_complex(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                          uint32_t depth)
{
    hgr_value real, imaginary;
    (void)depth;
    if (!hgr_pick_once(inspector, "m_real|_real", value, &real) ||
        !hgr_pick_once(inspector, "m_imaginary|_imaginary", value, &imaginary))
        return false;
    hgr_text_add(out, "<", 1);
    hgr_add_double(out, hgr_value_double(&real), false);
    hgr_text_add(out, "; ", 2);
    hgr_add_double(out, hgr_value_double(&imaginary), false);
    hgr_text_add(out, ">", 1);
    return true;
}

static bool write_rune(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                       uint32_t depth)
{
    uint64_t point;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "_value", &point) || point > 0x10ffff)
        return false;
    hgr_text_add(out, "'", 1);
    hgr_add_escaped(out, (uint32_t)point, '\'');
    hgr_text_add(out, "'", 1);
    return true;
}

/* ---- values in values ---- */

static bool write_nullable(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                           uint32_t depth)
{
    uint64_t has_value;
    hgr_value inner;
    if (!hgr_field_bits(inspector, value, "hasValue", &has_value))
        return false;
    if ((has_value & 0xff) == 0) {
        hgr_text_add_z(out, "null");
        return true;
    }
    return hgr_pick_once(inspector, "value", value, &inner) &&
           hgr_add_value(inspector, &inner, out, depth + 1);
}

/* A part of a pair or tuple; objects without a text of their own by their address. */
static bool add_part(hgr_inspector *inspector, const hgr_value *part, hgr_text *out, uint32_t depth)
{
    if (hgr_add_value(inspector, part, out, depth + 1))
        return true;
    if (!part->present || part->element != HGR_IS_REFERENCE)
        return false;
    hgr_text_format(out, "0x%llx", (unsigned long long)part->bits);
    return true;
}

static bool write_pair(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                       uint32_t depth)
{
    hgr_value key, item;
    if (!hgr_pick_once(inspector, "key|_key", value, &key) ||
        !hgr_pick_once(inspector, "value|_value", value, &item))
        return false;
    hgr_text_add(out, "[", 1);
    if (!add_part(inspector, &key, out, depth))
        return false;
    hgr_text_add(out, ", ", 2);
    bool good = add_part(inspector, &item, out, depth);
    hgr_text_add(out, "]", 1);
    return good;
}

static bool write_tuple(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                        uint32_t depth)
{
    char name[] = "Item1|m_Item1"; /* the digits are counted up */
    hgr_value item;
    uint32_t count = 0;
    hgr_text_add(out, "(", 1);
    for (; count < 7 && hgr_pick_once(inspector, name, value, &item); count++) {
        if (count > 0)
            hgr_text_add(out, ", ", 2);
        if (!add_part(inspector, &item, out, depth))
            return false;
        name[4]++;
        name[sizeof name - 2]++;
    }
    hgr_text_add(out, ")", 1);
    return count > 0;
}

/* ---- classes ---- */

static bool write_version(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                          uint32_t depth)
{
    static const char *const PARTS[] = {"_Major", "_Minor", "_Build", "_Revision"};
    (void)depth;
    for (size_t i = 0; i < 4; i++) {
        uint64_t part;
        if (!hgr_field_bits(inspector, value, PARTS[i], &part))
            return false;
        if ((int64_t)part < 0)
            break;
        hgr_text_format(out, i ? ".%llu" : "%llu", (unsigned long long)part);
    }
    return true;
}

static bool write_uri(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                      uint32_t depth)
{
    hgr_value text;
    return hgr_pick_once(inspector, "_string|m_String", value, &text) && text.bits != 0 &&
           hgr_add_value(inspector, &text, out, depth + 1);
}

/* System.RuntimeType: the type it stands for. */
static bool write_type(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                       uint32_t depth)
{
    uint64_t handle;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "m_handle", &handle))
        return false;
    hgr_text_add_z(out, "typeof(");
    bool good = hgr_clr_handle_name(inspector->names, handle, out);
    hgr_text_add(out, ")", 1);
    return good;
}

struct text_end {
    hgr_text *out;
    uint64_t left;
    uint8_t units[4]; /* the first half of a pair, then its second */
    bool has_half;
};

/* Pairs may lie in two chunks. */
static bool add_letter(void *user, const hgr_item *item)
{
    struct text_end *end = user;
    uint32_t unit = (uint32_t)(item->value.bits & 0xffff);
    bool is_high = unit >= 0xd800 && unit <= 0xdbff;
    size_t at = end->has_half ? 2 : 0, index = 0;
    if (end->left == 0)
        return false;
    end->left--;
    end->units[at] = (uint8_t)unit;
    end->units[at + 1] = (uint8_t)(unit >> 8);
    if (is_high && !end->has_half) {
        end->has_half = true;
        return true;
    }
    while (index < at / 2 + 1)
        hgr_add_escaped(end->out, hgr_utf16_next(end->units, at / 2 + 1, &index), '"');
    end->has_half = false;
    return true;
}

static bool write_builder(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                          uint32_t depth)
{
    struct text_end end = {.out = out, .left = inspector->max_chars};
    uint64_t before, length;
    (void)depth;
    if (!hgr_field_bits(inspector, value, "m_ChunkOffset", &before) ||
        !hgr_field_bits(inspector, value, "m_ChunkLength", &length))
        return false;
    hgr_text_add(out, "\"", 1);
    bool good = hgr_collection_visit(inspector, value, add_letter, &end, NULL) == HGR_OK;
    hgr_text_add_z(out, before + length > inspector->max_chars ? "\"…" : "\"");
    return good;
}

hgr_value_writer hgr_value_writer_of(const char *type_name)
{
    static const struct {
        const char *name;
        hgr_value_writer write;
    } WRITERS[] = {
        {"System.Guid", write_guid},
        {"System.DateTime", write_date_time},
        {"System.DateTimeOffset", write_date_time_offset},
        {"System.TimeSpan", write_time_span},
        {"System.DateOnly", write_date_only},
        {"System.TimeOnly", write_time_only},
        {"System.Decimal", write_decimal},
        {"System.Nullable", write_nullable},
        {"System.Collections.Generic.KeyValuePair", write_pair},
        {"System.Collections.DictionaryEntry", write_pair},
        {"System.ValueTuple", write_tuple},
        {"System.Tuple", write_tuple},
        {"System.Half", write_half},
        {"System.Int128", write_int128},
        {"System.UInt128", write_int128},
        {"System.Numerics.BigInteger", write_big_integer},
        {"System.Numerics.Complex", write_complex},
        {"System.Text.Rune", write_rune},
        {"System.Version", write_version},
        {"System.Uri", write_uri},
        {"System.RuntimeType", write_type},
        {"System.Text.StringBuilder", write_builder},
    };
    size_t len = strcspn(type_name, "<");
    for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++)
        if (strlen(WRITERS[i].name) == len && strncmp(WRITERS[i].name, type_name, len) == 0 &&
            !strchr(type_name, '+'))
            return WRITERS[i].write;
    return NULL;
}
