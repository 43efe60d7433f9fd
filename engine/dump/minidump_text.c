/* dump: text of minidumps: UTF-16, perhaps damaged → UTF-8 in the dump's arena.
 *
 * Half a surrogate pair becomes U+FFFD; text ends at the first zero. Texts may share their bytes in the
 * file, so what they take together has a limit of its own: beyond it they are empty. */
#include "minidump.h"

#include "limits.h"

/* Append one code point to out (room for 4), returns the bytes written. */
static size_t put_utf8(char *out, uint32_t point)
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

static uint32_t unit_at(const uint8_t *units, size_t index)
{
    return (uint32_t)units[2 * index] | (uint32_t)units[2 * index + 1] << 8;
}

/* The code point at *index, which moves behind it; half a surrogate pair becomes U+FFFD. */
static uint32_t next_point(const uint8_t *units, size_t count, size_t *index)
{
    uint32_t high = unit_at(units, (*index)++);
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || *index >= count)
        return 0xfffd;
    uint32_t low = unit_at(units, *index);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    (*index)++;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

hgr_result hgr_minidump_text_of(hgr_minidump *md, const uint8_t *units, size_t len,
                                const char **out, hgr_status *status)
{
    size_t count = len / 2;
    if (count > HGR_MAX_MINIDUMP_TEXT_UNITS)
        count = HGR_MAX_MINIDUMP_TEXT_UNITS;
    if (count > HGR_MAX_MINIDUMP_TEXT - md->text_bytes) /* text_bytes never passes the limit */
        count = 0;
    md->text_bytes += count;
    char *text = hgr_arena_alloc(&md->dump->arena, 3 * count + 1, status); /* 3: the most one unit makes */
    if (!text)
        return HGR_NO_MEMORY;
    size_t used = 0;
    for (size_t i = 0; i < count;) {
        uint32_t point = next_point(units, count, &i);
        if (point == 0)
            break;
        used += put_utf8(text + used, point);
    }
    *out = text; /* the arena zeroes, so it is terminated */
    return HGR_OK;
}

hgr_result hgr_minidump_text(hgr_minidump *md, uint64_t off, const char **out, hgr_status *status)
{
    const uint8_t *head, *units;
    uint32_t len = 0;
    if (hgr_minidump_view(md, off, 4, &head))
        memcpy(&len, head, 4);
    if (len == 0 || !hgr_minidump_view(md, off + 4, len, &units)) {
        *out = "";
        return HGR_OK;
    }
    return hgr_minidump_text_of(md, units, len, out, status);
}
