/* clr: PE images in memory: headers → exports by name, RT_RCDATA resources by name, the version.
 *
 * Input: the address where an image is mapped. Every number in it is hostile: counts have limits, each
 * read can be absent, names are compared as long as what is looked for. Export names are sorted, so a
 * search takes log(names) reads. Format: Microsoft's PE/COFF specification, sections 3, 6.3 and 6.9. */
#include "pe_image.h"

#include "clr_limits.h"

enum {
    MAGIC_MZ = 0x5a4d,
    MAGIC_PE = 0x4550,
    MAGIC_PE32 = 0x10b,
    MAGIC_PE32_PLUS = 0x20b,
    OPTIONAL_HEADER = 24, /* behind the PE signature */
    DIRECTORY_EXPORT = 0,
    DIRECTORY_RESOURCE = 2,
    RT_RCDATA = 10,
    RT_VERSION = 16,
    MAX_NAME = 128
};

#define SUBDIRECTORY 0x80000000u /* also: the name is a string */

static bool read_part(const hgr_space *space, uint64_t directories, uint32_t count, uint32_t index,
                      hgr_pe_part *out)
{
    *out = (hgr_pe_part){0, 0};
    return index >= count || hgr_space_read(space, directories + 8 * (uint64_t)index, out, 8);
}

bool hgr_pe_open(const hgr_space *space, uint64_t base_addr, hgr_pe_image *out)
{
    uint16_t mz, magic;
    uint32_t pe_off, signature, count;
    hgr_pe_image image = {.space = space, .base_addr = base_addr};
    if (!hgr_space_u16(space, base_addr, &mz) || mz != MAGIC_MZ ||
        !hgr_space_u32(space, base_addr + 0x3c, &pe_off) || pe_off > HGR_CLR_MAX_PE_HEADER)
        return false;
    uint64_t pe = base_addr + pe_off, optional = pe + OPTIONAL_HEADER;
    if (!hgr_space_u32(space, pe, &signature) || signature != MAGIC_PE ||
        !hgr_space_u16(space, pe + 4, &image.machine) ||
        !hgr_space_u32(space, pe + 8, &image.timestamp) || !hgr_space_u16(space, optional, &magic) ||
        !hgr_space_u32(space, optional + 56, &image.size_bytes) ||
        (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS))
        return false;
    uint64_t counts = optional + (magic == MAGIC_PE32 ? 92 : 108);
    if (!hgr_space_u32(space, counts, &count) ||
        !read_part(space, counts + 4, count, DIRECTORY_EXPORT, &image.exports) ||
        !read_part(space, counts + 4, count, DIRECTORY_RESOURCE, &image.resources))
        return false;
    *out = image;
    return true;
}

/* ---- exports ---- */

/* As strcmp, of the image's text against name; false when its bytes are absent. */
static bool compare_name(const hgr_pe_image *image, uint32_t rva, const char *name, int *out)
{
    for (size_t i = 0; i < MAX_NAME; i++) {
        uint8_t byte;
        if (!hgr_space_u8(image->space, image->base_addr + rva + i, &byte))
            return false;
        *out = (int)byte - (int)(unsigned char)name[i];
        if (*out != 0 || byte == 0)
            return true;
    }
    return false;
}

/* Number of the name in the sorted table of names. */
static bool find_name(const hgr_pe_image *image, uint64_t names, uint32_t count, const char *name,
                      uint32_t *out)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, rva;
        int order;
        if (!hgr_space_u32(image->space, names + 4 * (uint64_t)middle, &rva) ||
            !compare_name(image, rva, name, &order))
            return false;
        if (order == 0) {
            *out = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool hgr_pe_export(const hgr_pe_image *image, const char *name, uint64_t *out_addr)
{
    enum { FUNCTIONS, NAMES, FUNCTION_TABLE, NAME_TABLE, ORDINAL_TABLE, WORDS };
    const hgr_space *space = image->space;
    uint32_t words[WORDS], index, rva;
    uint16_t ordinal;
    if (image->exports.size == 0 ||
        !hgr_space_read(space, image->base_addr + image->exports.rva + 20, words, sizeof words) ||
        words[NAMES] > HGR_CLR_MAX_EXPORTS ||
        !find_name(image, image->base_addr + words[NAME_TABLE], words[NAMES], name, &index) ||
        !hgr_space_u16(space, image->base_addr + words[ORDINAL_TABLE] + 2 * (uint64_t)index,
                       &ordinal) ||
        ordinal >= words[FUNCTIONS] ||
        !hgr_space_u32(space, image->base_addr + words[FUNCTION_TABLE] + 4 * (uint64_t)ordinal,
                       &rva) ||
        rva >= image->size_bytes)
        return false;
    *out_addr = image->base_addr + rva;
    return true;
}

/* ---- resources ---- */

static uint64_t resource_addr(const hgr_pe_image *image, uint32_t off)
{
    return image->base_addr + image->resources.rva + off;
}

/* Is the UTF-16 text at off this ASCII name? */
static bool is_name(const hgr_pe_image *image, uint32_t off, const char *name)
{
    uint16_t len, unit;
    size_t want = strlen(name);
    if (!hgr_space_u16(image->space, resource_addr(image, off), &len) || len != want)
        return false;
    for (size_t i = 0; i < want; i++)
        if (!hgr_space_u16(image->space, resource_addr(image, off) + 2 + 2 * i, &unit) ||
            unit != (unsigned char)name[i])
            return false;
    return true;
}

/* The entry of a directory by name, else by id, else (both unset) the first; *out_off without its flag. */
static bool find_entry(const hgr_pe_image *image, uint32_t directory, const char *name, uint32_t id,
                       uint32_t *out_off, bool *out_is_directory)
{
    uint16_t counts[2]; /* named, numbered */
    if (!hgr_space_read(image->space, resource_addr(image, directory) + 12, counts, sizeof counts))
        return false;
    uint32_t count = (uint32_t)counts[0] + counts[1];
    for (uint32_t i = 0; i < count && i < HGR_CLR_MAX_RESOURCES; i++) {
        uint32_t entry[2]; /* name or id, offset */
        if (!hgr_space_read(image->space, resource_addr(image, directory) + 16 + 8 * (uint64_t)i,
                            entry, sizeof entry))
            return false;
        bool is_text = (entry[0] & SUBDIRECTORY) != 0;
        bool matches = name ? is_text && is_name(image, entry[0] & ~SUBDIRECTORY, name)
                            : id == 0 || entry[0] == id;
        if (!matches)
            continue;
        *out_off = entry[1] & ~SUBDIRECTORY;
        *out_is_directory = (entry[1] & SUBDIRECTORY) != 0;
        return true;
    }
    return false;
}

/* By type, then by name (NULL: the first), in its first language. */
static bool find_resource(const hgr_pe_image *image, uint32_t type, const char *name,
                          uint64_t *out_addr, uint32_t *out_bytes)
{
    uint32_t off = 0, place[2]; /* rva, bytes */
    bool is_directory;
    if (image->resources.size == 0 ||
        !find_entry(image, 0, NULL, type, &off, &is_directory) || !is_directory ||
        !find_entry(image, off, name, 0, &off, &is_directory) || !is_directory ||
        !find_entry(image, off, NULL, 0, &off, &is_directory) || is_directory ||
        !hgr_space_read(image->space, resource_addr(image, off), place, sizeof place) ||
        place[0] >= image->size_bytes || place[1] > image->size_bytes - place[0])
        return false;
    *out_addr = image->base_addr + place[0];
    *out_bytes = place[1];
    return true;
}

bool hgr_pe_resource(const hgr_pe_image *image, const char *name, uint64_t *out_addr,
                     uint32_t *out_bytes)
{
    return find_resource(image, RT_RCDATA, name, out_addr, out_bytes);
}

/* VS_VERSION_INFO: three u16 and its own name, then on a multiple of 4 the fixed part, which begins
 * with a signature and its own version. */
bool hgr_pe_file_version(const hgr_pe_image *image, uint16_t out[4])
{
    enum { SIGNATURE, STRUCTURE, HIGH, LOW, WORDS };
    const uint32_t fixed_off = 40, signature = 0xfeef04bd;
    uint64_t addr;
    uint32_t bytes, words[WORDS];
    if (!find_resource(image, RT_VERSION, NULL, &addr, &bytes) ||
        bytes < fixed_off + sizeof words ||
        !hgr_space_read(image->space, addr + fixed_off, words, sizeof words) ||
        words[SIGNATURE] != signature)
        return false;
    out[0] = (uint16_t)(words[HIGH] >> 16);
    out[1] = (uint16_t)words[HIGH];
    out[2] = (uint16_t)(words[LOW] >> 16);
    out[3] = (uint16_t)words[LOW];
    return true;
}
