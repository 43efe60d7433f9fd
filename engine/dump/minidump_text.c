/* dump: text of minidumps: UTF-16, perhaps damaged → UTF-8 in the dump's arena.
 *
 * Half a surrogate pair becomes U+FFFD; text ends at the first zero. Texts may share their bytes in the
 * file, so what they take together has a limit of its own: beyond it they are empty. */
#include "minidump.h"

#include "../base/utf16.h"
#include "limits.h"

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
        uint32_t point = hgr_utf16_next(units, count, &i);
        if (point == 0)
            break;
        used += hgr_utf8_put(text + used, point);
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
