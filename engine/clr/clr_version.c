/* clr: which version of the runtime this is.
 *
 * Input: the runtime's module and the dump's module list. Output: major, minor, patch as far as
 * known. Ways, in this order: the text "@(#)Version 10.0.1226.42308 @Commit: ..." in the image's
 * data (the third number is patch x 100 + year); the version folder of the shared framework in a
 * module's path; the version resource, which is all that .NET Framework has. */
#define _GNU_SOURCE
#include "clr_open.h"

#include <stdio.h>

#include "pe_image.h"

#define VERSION_MARK  "@(#)Version "
#define VERSION_BYTES 64 /* mark and number; the commit behind it is not needed */
#define MAX_NUMBER    1000000u

/* Before 5 the file version was that of the old framework: 4.6.25817.2 is .NET
 * Core 2.0, 4.700.20.6602 is 3.1. */
static const struct early {
    uint32_t minor, major;
} EARLY[] = {{6, 2}, {700, 3}};

static const char *parse_number(const char *at, const char *end, uint32_t *out)
{
    uint32_t value = 0;
    if (at == end || *at < '0' || *at > '9')
        return NULL;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint32_t)(*at - '0');
        if (value > MAX_NUMBER)
            return NULL;
    }
    *out = value;
    return at;
}

/* The third number is patch x 100 + year. */
static hgr_clr_version from_file_version(const uint32_t numbers[3])
{
    for (size_t i = 0; i < sizeof EARLY / sizeof EARLY[0]; i++)
        if (numbers[0] == 4 && numbers[1] == EARLY[i].minor)
            return (hgr_clr_version){EARLY[i].major, 0, UINT32_MAX};
    return (hgr_clr_version){numbers[0], numbers[1], numbers[2] / 100};
}

/* "a.b.c" with whatever behind it. */
static bool parse_triple(const char *at, const char *end, uint32_t out[3])
{
    for (int i = 0; i < 3; i++) {
        if (i > 0 && (at == end || *at++ != '.'))
            return false;
        at = parse_number(at, end, &out[i]);
        if (!at)
            return false;
    }
    return true;
}

bool hgr_clr_version_parse(const char *text, size_t len, hgr_clr_version *out)
{
    const size_t mark = sizeof VERSION_MARK - 1;
    uint32_t numbers[3];
    if (len < mark || memcmp(text, VERSION_MARK, mark) != 0 ||
        !parse_triple(text + mark, text + len, numbers) || numbers[0] == 0)
        return false;
    *out = from_file_version(numbers);
    return true;
}

bool hgr_clr_version_from_path(const char *path, hgr_clr_version *out)
{
    static const char folder[] = "Microsoft.NETCore.App";
    const char *at = strstr(path, folder);
    uint32_t numbers[3];
    if (!at)
        return false;
    at += sizeof folder - 1;
    if ((*at != '/' && *at != '\\') || !parse_triple(at + 1, path + strlen(path), numbers) ||
        numbers[0] == 0)
        return false;
    *out = (hgr_clr_version){numbers[0], numbers[1], numbers[2]};
    return true;
}

static bool search_image(const hgr_space *space, const hgr_module *module, hgr_clr_version *out)
{
    uint64_t end;
    if (!hgr_add_u64(module->base_addr, module->size_bytes, &end))
        return false;
    for (const hgr_range *range = hgr_space_next(space, module->base_addr);
         range && range->start_addr < end; range = hgr_space_next(space, range->end_addr)) {
        uint64_t from =
            range->start_addr < module->base_addr ? module->base_addr : range->start_addr;
        uint64_t to = range->end_addr < end ? range->end_addr : end;
        const uint8_t *bytes = range->bytes + (from - range->start_addr);
        const uint8_t *hit =
            memmem(bytes, (size_t)(to - from), VERSION_MARK, sizeof VERSION_MARK - 1);
        if (!hit)
            continue;
        uint64_t left = to - from - (uint64_t)(hit - bytes);
        size_t len = left < VERSION_BYTES ? (size_t)left : VERSION_BYTES;
        if (hgr_clr_version_parse((const char *)hit, len, out))
            return true;
    }
    return false;
}

/* As the image's version resource says; .NET Framework has its build there as it is. */
static hgr_clr_version from_resource(const hgr_dump *dump, const hgr_module *module,
                                     bool is_framework)
{
    hgr_pe_image image;
    uint16_t parts[4];
    if (!hgr_pe_open(&dump->space, module->base_addr, &image) ||
        !hgr_pe_file_version(&image, parts) || parts[0] == 0)
        return (hgr_clr_version){is_framework ? 4 : 0, 0, UINT32_MAX};
    const uint32_t numbers[3] = {parts[0], parts[1], parts[2]};
    return is_framework ? (hgr_clr_version){4, parts[1], parts[2]} : from_file_version(numbers);
}

hgr_clr_version hgr_clr_version_find(const hgr_dump *dump, const hgr_module *module)
{
    hgr_clr_version version = {0, 0, UINT32_MAX};
    if (hgr_clr_is_framework(module))
        return from_resource(dump, module, true);
    if (search_image(&dump->space, module, &version) && version.patch != UINT32_MAX)
        return version;
    if (hgr_clr_version_from_path(module->path, &version))
        return version;
    for (size_t i = 0; i < hgr_dump_modules(dump); i++)
        if (hgr_clr_version_from_path(hgr_dump_module(dump, i)->path, &version))
            return version;
    return from_resource(dump, module, false);
}

/* An attribute's value (ECMA-335 II.23.3) of one string: 01 00, length, text, 00 00. */
static bool parse_attribute(const uint8_t *blobs, size_t len, size_t text, hgr_clr_version *out)
{
    if (text < 3 || blobs[text - 3] != 1 || blobs[text - 2] != 0)
        return false;
    size_t text_len = blobs[text - 1]; /* 0x80 and above is a longer form, which no version needs */
    const char *at = (const char *)blobs + text;
    uint32_t numbers[3];
    if (text_len >= 0x80 || text_len + 2 > len - text || at[text_len] != 0 ||
        !memchr(at, '+', text_len) || !parse_triple(at, at + text_len, numbers))
        return false;
    *out = (hgr_clr_version){numbers[0], numbers[1], numbers[2]};
    return true;
}

bool hgr_clr_version_from_blobs(const uint8_t *blobs, size_t len, uint32_t major,
                                hgr_clr_version *out)
{
    char prefix[16];
    size_t prefix_len = (size_t)snprintf(prefix, sizeof prefix, "%u.", major);
    for (size_t at = 0; at < len;) {
        const uint8_t *hit = memmem(blobs + at, len - at, prefix, prefix_len);
        if (!hit)
            return false;
        if (parse_attribute(blobs, len, (size_t)(hit - blobs), out))
            return true;
        at = (size_t)(hit - blobs) + 1;
    }
    return false;
}
