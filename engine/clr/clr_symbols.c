/* clr: exported symbols of an ELF image as it lies in memory.
 *
 * Input: the address at which a module is mapped. Output: the address of one symbol. Way: program
 * headers → PT_DYNAMIC → symbol, string and hash table; the hash table gives the symbol without a
 * scan. Any table that is not in the dump, or says something impossible, means "not found": the
 * caller has a search that needs no symbols. 64-bit images only.
 * Source: System V ABI, "Dynamic Linking"; the GNU hash section as documented with binutils. */
#include "clr_open.h"
#include "pe_image.h"

#include "clr_limits.h"

enum { PT_LOAD_ = 1, PT_DYNAMIC_ = 2 };
enum { DT_HASH_ = 4, DT_STRTAB_ = 5, DT_SYMTAB_ = 6 };
#define DT_GNU_HASH_ UINT64_C(0x6ffffef5)

#define HEADER_BYTES  64
#define PROGRAM_BYTES 56
#define SYMBOL_BYTES  24

struct program_header {
    uint32_t type, flags;
    uint64_t file_off, vaddr, paddr, file_bytes, mem_bytes, align;
};

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

struct image {
    const hgr_space *space;
    uint64_t base, bias;
    uint64_t dynamic_addr, dynamic_bytes;
    uint64_t symbols_addr, strings_addr, gnu_hash_addr, hash_addr;
};

static bool read_headers(struct image *image)
{
    uint8_t header[HEADER_BYTES];
    uint64_t table_off;
    uint16_t entry_bytes, count;
    if (!hgr_space_read(image->space, image->base, header, sizeof header) ||
        memcmp(header, "\177ELF\2\1", 6) != 0)
        return false;
    memcpy(&table_off, header + 32, sizeof table_off);
    memcpy(&entry_bytes, header + 54, sizeof entry_bytes);
    memcpy(&count, header + 56, sizeof count);
    if (entry_bytes != PROGRAM_BYTES || count > HGR_CLR_MAX_PROGRAM_HEADERS)
        return false;
    bool have_load = false;
    for (uint32_t i = 0; i < count; i++) {
        struct program_header ph;
        uint64_t at = image->base + table_off + (uint64_t)i * PROGRAM_BYTES;
        if (!hgr_space_read(image->space, at, &ph, sizeof ph))
            return false;
        if (ph.type == PT_LOAD_ && !have_load) {
            image->bias = image->base - (ph.vaddr & ~UINT64_C(0xfff));
            have_load = true;
        } else if (ph.type == PT_DYNAMIC_) {
            image->dynamic_addr = ph.vaddr;
            image->dynamic_bytes = ph.mem_bytes;
        }
    }
    image->dynamic_addr += image->bias;
    return have_load && image->dynamic_bytes > 0;
}

/* glibc relocates these pointers in place, musl leaves them relative to the image. */
static uint64_t relocated(const struct image *image, uint64_t value)
{
    return value < image->base ? value + image->bias : value;
}

static bool read_dynamic(struct image *image)
{
    uint64_t count = image->dynamic_bytes / 16;
    if (count > HGR_CLR_MAX_DYNAMIC)
        count = HGR_CLR_MAX_DYNAMIC;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry[2];
        if (!hgr_space_read(image->space, image->dynamic_addr + 16 * i, entry, sizeof entry))
            return false;
        if (entry[0] == 0)
            break;
        if (entry[0] == DT_SYMTAB_)
            image->symbols_addr = relocated(image, entry[1]);
        else if (entry[0] == DT_STRTAB_)
            image->strings_addr = relocated(image, entry[1]);
        else if (entry[0] == DT_GNU_HASH_)
            image->gnu_hash_addr = relocated(image, entry[1]);
        else if (entry[0] == DT_HASH_)
            image->hash_addr = relocated(image, entry[1]);
    }
    return image->symbols_addr && image->strings_addr;
}

/* The symbol's value when entry `index` is defined and has this name. */
static bool symbol_matches(const struct image *image, uint32_t index, const char *name,
                           uint64_t *out_addr)
{
    struct symbol symbol;
    char seen[64];
    size_t len = strlen(name) + 1;
    uint64_t at = image->symbols_addr + (uint64_t)index * SYMBOL_BYTES;
    if (len > sizeof seen || !hgr_space_read(image->space, at, &symbol, sizeof symbol) ||
        !hgr_space_read(image->space, image->strings_addr + symbol.name, seen, len))
        return false;
    if (memcmp(seen, name, len) != 0 || symbol.section == 0 || symbol.value == 0)
        return false;
    *out_addr = image->bias + symbol.value;
    return true;
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

static bool find_by_gnu_hash(const struct image *image, const char *name, uint64_t *out_addr)
{
    uint32_t header[4]; /* buckets, first hashed symbol, bloom words, bloom shift */
    uint32_t hash = gnu_hash(name), index;
    if (!hgr_space_read(image->space, image->gnu_hash_addr, header, sizeof header) ||
        header[0] == 0)
        return false;
    uint64_t buckets = image->gnu_hash_addr + sizeof header + 8 * (uint64_t)header[2];
    uint64_t chains = buckets + 4 * (uint64_t)header[0];
    if (!hgr_space_u32(image->space, buckets + 4 * (uint64_t)(hash % header[0]), &index) ||
        index < header[1])
        return false;
    for (uint32_t step = 0; step < HGR_CLR_MAX_HASH_CHAIN; step++, index++) {
        uint32_t seen;
        if (!hgr_space_u32(image->space, chains + 4 * (uint64_t)(index - header[1]), &seen))
            return false;
        if ((seen | 1) == (hash | 1) && symbol_matches(image, index, name, out_addr))
            return true;
        if ((seen & 1) || index == UINT32_MAX)
            return false;
    }
    return false;
}

static uint32_t sysv_hash(const char *name)
{
    uint32_t hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + (uint8_t)*name;
        uint32_t high = hash & 0xf0000000u;
        hash = (hash ^ (high >> 24)) & ~high;
    }
    return hash;
}

static bool find_by_sysv_hash(const struct image *image, const char *name, uint64_t *out_addr)
{
    uint32_t header[2], index; /* buckets, chain entries */
    if (!hgr_space_read(image->space, image->hash_addr, header, sizeof header) || header[0] == 0)
        return false;
    uint64_t buckets = image->hash_addr + sizeof header;
    uint64_t chains = buckets + 4 * (uint64_t)header[0];
    if (!hgr_space_u32(image->space, buckets + 4 * (uint64_t)(sysv_hash(name) % header[0]), &index))
        return false;
    for (uint32_t step = 0; step < HGR_CLR_MAX_HASH_CHAIN && index != 0; step++) {
        if (index >= header[1])
            return false;
        if (symbol_matches(image, index, name, out_addr))
            return true;
        if (!hgr_space_u32(image->space, chains + 4 * (uint64_t)index, &index))
            return false;
    }
    return false;
}

bool hgr_clr_symbol(const hgr_space *space, uint64_t base, const char *name, uint64_t *out_addr)
{
    hgr_pe_image pe;
    if (hgr_pe_open(space, base, &pe))
        return hgr_pe_export(&pe, name, out_addr);
    struct image image = {.space = space, .base = base};
    if (!read_headers(&image) || !read_dynamic(&image))
        return false;
    if (image.gnu_hash_addr)
        return find_by_gnu_hash(&image, name, out_addr);
    return image.hash_addr && find_by_sysv_hash(&image, name, out_addr);
}
