/* clr: where a managed PE image in memory keeps its metadata.
 *
 * Input: the address an image is mapped at. Output: address and size of its metadata. Method: DOS
 * and PE headers, data directory 14 (the COR20 header), and from there the metadata directory. The
 * same process has images laid out by sections ("mapped": RVA = offset) and images mapped as the
 * file is
 * ("flat": RVA through the section table); both are tried, the header's size and the metadata's
 * signature decide. */
#include "metadata.h"

#define MAX_SECTIONS 96u /* the Windows loader's limit */
#define COR20_BYTES  72u
#define COR20_INDEX  14u
#define MAX_PE_OFF   (1u << 20) /* where the PE header may lie; linkers put it below 1 KiB */

typedef struct section {
    uint32_t rva, virtual_bytes, file_off, file_bytes;
} section;

typedef struct pe_image {
    const hgr_space *space;
    uint64_t base;
    uint32_t cor20_rva;
    uint32_t nsections;
    section sections[MAX_SECTIONS];
} pe_image;

static bool read_u32(const pe_image *image, uint64_t off, uint32_t *out)
{
    uint64_t addr;
    return hgr_add_u64(image->base, off, &addr) && hgr_space_u32(image->space, addr, out);
}

static bool read_u16(const pe_image *image, uint64_t off, uint16_t *out)
{
    uint64_t addr;
    return hgr_add_u64(image->base, off, &addr) && hgr_space_u16(image->space, addr, out);
}

static bool read_sections(pe_image *image, uint64_t off, uint32_t count)
{
    image->nsections = count < MAX_SECTIONS ? count : MAX_SECTIONS;
    for (uint32_t i = 0; i < image->nsections; i++) {
        section *each = &image->sections[i];
        uint64_t at = off + 40u * (uint64_t)i;
        if (!read_u32(image, at + 8, &each->virtual_bytes) ||
            !read_u32(image, at + 12, &each->rva) || !read_u32(image, at + 16, &each->file_bytes) ||
            !read_u32(image, at + 20, &each->file_off))
            return false;
    }
    return true;
}

static bool read_headers(pe_image *image)
{
    uint16_t mz, sections, optional_bytes, magic;
    uint32_t pe, signature, directories;
    if (!read_u16(image, 0, &mz) || mz != 0x5a4d || !read_u32(image, 0x3c, &pe) ||
        pe > MAX_PE_OFF || !read_u32(image, pe, &signature) || signature != 0x4550 ||
        !read_u16(image, pe + 6u, &sections) || !read_u16(image, pe + 20u, &optional_bytes) ||
        !read_u16(image, pe + 24u, &magic))
        return false;
    uint32_t before =
        magic == 0x20b ? 112 : 96; /* bytes of the optional header before its directories */
    if (!read_u32(image, pe + 24u + before - 4u, &directories) || directories <= COR20_INDEX ||
        !read_u32(image, pe + 24u + before + 8u * COR20_INDEX, &image->cor20_rva) ||
        image->cor20_rva == 0)
        return false;
    return read_sections(image, pe + 24u + (uint64_t)optional_bytes, sections);
}

/* Offset from the base of an RVA in either layout. */
static uint64_t offset_of(const pe_image *image, uint32_t rva, bool flat)
{
    for (uint32_t i = 0; flat && i < image->nsections; i++) {
        const section *each = &image->sections[i];
        uint32_t bytes =
            each->virtual_bytes > each->file_bytes ? each->virtual_bytes : each->file_bytes;
        if (rva >= each->rva && rva - each->rva < bytes)
            return (uint64_t)each->file_off + (rva - each->rva);
    }
    return rva;
}

static bool try_layout(const pe_image *image, bool flat, hgr_metadata_place *out)
{
    uint64_t cor20 = offset_of(image, image->cor20_rva, flat);
    uint32_t header_bytes, rva, bytes, signature;
    if (!read_u32(image, cor20, &header_bytes) || header_bytes != COR20_BYTES ||
        !read_u32(image, cor20 + 8, &rva) || !read_u32(image, cor20 + 12, &bytes))
        return false;
    uint64_t off = offset_of(image, rva, flat);
    if (!read_u32(image, off, &signature) || signature != 0x424a5342u ||
        bytes > HGR_METADATA_MAX_BYTES)
        return false;
    *out = (hgr_metadata_place){image->base + off, bytes,
                                flat}; /* the sum was read from: no overflow */
    return true;
}

hgr_result hgr_metadata_locate(const hgr_space *space, uint64_t base_addr, hgr_metadata_place *out,
                               hgr_status *status)
{
    pe_image image = {.space = space, .base = base_addr};
    if (!read_headers(&image))
        return hgr_fail_addr(status, HGR_NOT_FOUND, base_addr, "no managed image");
    if (try_layout(&image, false, out) || try_layout(&image, true, out))
        return HGR_OK;
    return hgr_fail_addr(status, HGR_NOT_FOUND, base_addr, "image without readable metadata");
}

bool hgr_metadata_rva(const hgr_space *space, uint64_t base_addr, uint32_t rva, uint64_t *out_addr)
{
    pe_image image = {.space = space, .base = base_addr};
    hgr_metadata_place place;
    if (!read_headers(&image))
        return false;
    bool flat = !try_layout(&image, false, &place);
    return hgr_add_u64(base_addr, offset_of(&image, rva, flat), out_addr);
}
