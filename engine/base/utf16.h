/* base: UTF-16 as dumps hold it (little-endian, perhaps damaged) -> UTF-8. */
#ifndef HGR_BASE_UTF16_H
#define HGR_BASE_UTF16_H

#include <stddef.h>
#include <stdint.h>

#define HGR_UTF8_MAX 4u /* bytes of one code point */

/** Write one code point to out (room for HGR_UTF8_MAX); returns the bytes written. */
static inline size_t hgr_utf8_put(char *out, uint32_t point)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (len == 1) {
        out[0] = (char)point;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[len] | point);
    return len;
}

static inline uint32_t hgr_utf16_unit(const uint8_t *units, size_t index)
{
    return (uint32_t)units[2 * index] | (uint32_t)units[2 * index + 1] << 8;
}

/** The code point at *index < count, which moves behind it; half a surrogate pair becomes U+FFFD.
 */
static inline uint32_t hgr_utf16_next(const uint8_t *units, size_t count, size_t *index)
{
    uint32_t high = hgr_utf16_unit(units, (*index)++);
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || *index >= count)
        return 0xfffd;
    uint32_t low = hgr_utf16_unit(units, *index);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    (*index)++;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

#endif
