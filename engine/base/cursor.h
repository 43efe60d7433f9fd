/* base: bounds-checked little-endian reader. The one door for bytes from a file.
 *
 * A failed read returns false, moves nothing and writes nothing. base_off says where bytes[0] lies in
 * the file or the target, for error text. */
#ifndef HGR_BASE_CURSOR_H
#define HGR_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "status.h"

typedef struct hgr_cursor {
    const uint8_t *bytes;
    size_t         len;
    size_t         pos;  /* <= len */
    uint64_t       base; /* file offset or address of bytes[0] */
    uint32_t       at_kind; /* HGR_AT_FILE or HGR_AT_ADDR */
} hgr_cursor;

static inline hgr_cursor hgr_cursor_make(const void *bytes, size_t len, uint64_t base,
                                         uint32_t at_kind)
{
    return (hgr_cursor){bytes, len, 0, base, at_kind};
}

static inline size_t hgr_cursor_left(const hgr_cursor *c)
{
    return c->len - c->pos;
}

static inline bool hgr_cursor_seek(hgr_cursor *c, uint64_t pos)
{
    if (pos > c->len)
        return false;
    c->pos = (size_t)pos; /* <= len, which is a size_t */
    return true;
}

static inline bool hgr_cursor_skip(hgr_cursor *c, uint64_t count)
{
    if (count > c->len - c->pos)
        return false;
    c->pos += (size_t)count; /* <= len - pos */
    return true;
}

/** Borrow the next count bytes. */
static inline bool hgr_cursor_take(hgr_cursor *c, uint64_t count, const uint8_t **out)
{
    if (count > c->len - c->pos)
        return false;
    *out = c->bytes + c->pos;
    c->pos += (size_t)count;
    return true;
}

#define HGR_CURSOR_READ(name, type)                                                                \
    static inline bool name(hgr_cursor *c, type *out)                                              \
    {                                                                                              \
        if (sizeof *out > c->len - c->pos)                                                         \
            return false;                                                                          \
        memcpy(out, c->bytes + c->pos, sizeof *out);                                               \
        c->pos += sizeof *out;                                                                     \
        return true;                                                                               \
    }

HGR_CURSOR_READ(hgr_cursor_u8, uint8_t)
HGR_CURSOR_READ(hgr_cursor_u16, uint16_t)
HGR_CURSOR_READ(hgr_cursor_u32, uint32_t)
HGR_CURSOR_READ(hgr_cursor_u64, uint64_t)

/** Fail at the cursor's position with text; returns code. */
#define hgr_cursor_fail(c, status, code, ...)                                                      \
    ((c)->at_kind == HGR_AT_FILE                                                                   \
         ? hgr_fail_file((status), (code), (c)->base + (c)->pos, __VA_ARGS__)                      \
         : hgr_fail_addr((status), (code), (c)->base + (c)->pos, __VA_ARGS__))

#endif
