/* dump: what identifies an image (ELF or PE).
 *
 * The headers of both formats lie at the start of the file and at the base in memory, so one reader
 * serves both; only the notes of an ELF image are found by address in memory and by offset in a
 * file. Sources: System V ABI, chapter 5; Microsoft PE and COFF specification. */
#include "image.h"

#include "../base/cursor.h"
#include "limits.h"

#define PAGE UINT64_C(4096)

_Static_assert(sizeof((hgr_image *)0)->build_id == HGR_MAX_BUILD_ID_BYTES, "limit and room agree");
_Static_assert(sizeof((hgr_image *)0)->writable / sizeof(hgr_image_part) == HGR_MAX_IMAGE_PARTS,
               "limit and room agree");

static bool read_at(const hgr_image_source *source, uint64_t off, void *buffer, size_t len)
{
    uint64_t addr;
    if (source->space)
        return hgr_add_u64(source->base, off, &addr) &&
               hgr_space_read(source->space, addr, buffer, len);
    if (off > source->file_len || len > source->file_len - off)
        return false;
    memcpy(buffer, source->file + off, len);
    return true;
}

static uint64_t page_down(uint64_t value)
{
    return value & ~(PAGE - 1);
}

/* Keep [start, end) in whole pages; a range that makes no sense makes the whole image unbelieved.
 */
static void add_writable(hgr_image *image, uint64_t start, uint64_t len)
{
    uint64_t end;
    if (!hgr_add_u64(start, len, &end) || end > HGR_MAX_IMAGE_BYTES ||
        image->nwritable == HGR_MAX_IMAGE_PARTS) {
        image->size_bytes = 0;
        image->build_id_len = 0;
        image->timestamp = 0;
        return;
    }
    image->writable[image->nwritable++] =
        (hgr_image_part){page_down(start), page_down(end + PAGE - 1)};
}

/* ---- ELF ---- */

enum { PT_LOAD = 1, PT_NOTE = 4, PF_W = 2, NT_GNU_BUILD_ID = 3 };

struct elf_part {
    uint32_t type, flags;
    uint64_t off, vaddr, filesz, memsz;
};

static bool read_elf_part(const hgr_image_source *source, uint64_t off, struct elf_part *out)
{
    uint8_t raw[56];
    if (!read_at(source, off, raw, sizeof raw))
        return false;
    hgr_cursor c = hgr_cursor_make(raw, sizeof raw, 0, HGR_AT_FILE);
    uint64_t paddr;
    return hgr_cursor_u32(&c, &out->type) && hgr_cursor_u32(&c, &out->flags) &&
           hgr_cursor_u64(&c, &out->off) && hgr_cursor_u64(&c, &out->vaddr) &&
           hgr_cursor_u64(&c, &paddr) && hgr_cursor_u64(&c, &out->filesz) &&
           hgr_cursor_u64(&c, &out->memsz);
}

static void find_build_id(hgr_cursor notes, hgr_image *out)
{
    uint32_t name_len, len, type;
    const uint8_t *name, *desc;
    while (hgr_cursor_u32(&notes, &name_len) && hgr_cursor_u32(&notes, &len) &&
           hgr_cursor_u32(&notes, &type) &&
           hgr_cursor_take(&notes, ((uint64_t)name_len + 3) & ~UINT64_C(3), &name) &&
           hgr_cursor_take(&notes, len, &desc)) {
        if (type == NT_GNU_BUILD_ID && name_len == 4 && memcmp(name, "GNU", 4) == 0 && len > 0 &&
            len <= HGR_MAX_BUILD_ID_BYTES) {
            memcpy(out->build_id, desc, len);
            out->build_id_len = len;
            return;
        }
        if (!hgr_cursor_skip(&notes, (4 - len % 4) % 4))
            return;
    }
}

static void read_elf_notes(const hgr_image_source *source, uint64_t lowest,
                           const struct elf_part *part, hgr_image *out)
{
    uint8_t raw[HGR_MAX_IMAGE_NOTE_BYTES];
    size_t len = part->filesz < sizeof raw ? (size_t)part->filesz : sizeof raw;
    uint64_t at = source->space ? part->vaddr - lowest : part->off;
    if (part->vaddr >= lowest && read_at(source, at, raw, len))
        find_build_id(hgr_cursor_make(raw, len, at, HGR_AT_FILE), out);
}

static void read_elf(const hgr_image_source *source, const uint8_t *head, size_t len,
                     hgr_image *out)
{
    hgr_cursor c = hgr_cursor_make(head, len, 0, HGR_AT_FILE);
    uint64_t table;
    uint16_t part_len, nparts;
    if (!hgr_cursor_seek(&c, 32) || !hgr_cursor_u64(&c, &table) || !hgr_cursor_seek(&c, 54) ||
        !hgr_cursor_u16(&c, &part_len) || !hgr_cursor_u16(&c, &nparts) || head[4] != 2 ||
        head[5] != 1 || part_len != 56 || nparts > HGR_MAX_IMAGE_PARTS ||
        table > HGR_MAX_IMAGE_BYTES)
        return;
    out->kind = HGR_IMAGE_ELF;
    uint64_t lowest = UINT64_MAX, highest = 0;
    struct elf_part part;
    for (uint16_t i = 0; i < nparts; i++) {
        uint64_t end;
        if (!read_elf_part(source, table + 56u * i, &part))
            return;
        if (part.type != PT_LOAD || !hgr_add_u64(part.vaddr, part.memsz, &end))
            continue;
        lowest = page_down(part.vaddr) < lowest ? page_down(part.vaddr) : lowest;
        highest = end > highest ? end : highest;
    }
    if (highest <= lowest || highest - lowest > HGR_MAX_IMAGE_BYTES)
        return;
    out->size_bytes = highest - lowest;
    for (uint16_t i = 0; i < nparts && read_elf_part(source, table + 56u * i, &part); i++) {
        if (part.type == PT_NOTE && !out->build_id_len)
            read_elf_notes(source, lowest, &part, out);
        else if (part.type == PT_LOAD && (part.flags & PF_W))
            add_writable(out, part.vaddr - lowest, part.memsz);
    }
}

/* ---- PE ---- */

#define PE_SECTION_WRITE UINT32_C(0x80000000)

static void read_pe_sections(const hgr_image_source *source, uint64_t off, uint16_t count,
                             hgr_image *out)
{
    for (uint16_t i = 0; i < count; i++) {
        uint8_t raw[40];
        if (!read_at(source, off + 40u * i, raw, sizeof raw)) {
            out->timestamp = 0; /* not all of the writable parts are known: take nothing */
            return;
        }
        uint32_t size, start, raw_size, flags;
        memcpy(&size, raw + 8, 4);
        memcpy(&start, raw + 12, 4);
        memcpy(&raw_size, raw + 16, 4);
        memcpy(&flags, raw + 36, 4);
        if (flags & PE_SECTION_WRITE)
            add_writable(out, start, size > raw_size ? size : raw_size);
    }
}

static void read_pe(const hgr_image_source *source, uint32_t pe_off, hgr_image *out)
{
    uint8_t raw[24 + 68]; /* signature, file header, optional header up to the checksum */
    if (!read_at(source, pe_off, raw, sizeof raw) || memcmp(raw, "PE\0\0", 4) != 0)
        return;
    hgr_cursor c = hgr_cursor_make(raw, sizeof raw, pe_off, HGR_AT_FILE);
    uint16_t count, optional_len;
    uint32_t size;
    if (!hgr_cursor_seek(&c, 4) || !hgr_cursor_u16(&c, &out->machine) ||
        !hgr_cursor_u16(&c, &count) || !hgr_cursor_u32(&c, &out->timestamp) ||
        !hgr_cursor_seek(&c, 20) || !hgr_cursor_u16(&c, &optional_len) ||
        !hgr_cursor_seek(&c, 24 + 56) || !hgr_cursor_u32(&c, &size) ||
        !hgr_cursor_seek(&c, 24 + 64) || !hgr_cursor_u32(&c, &out->checksum) ||
        count > HGR_MAX_IMAGE_PARTS || optional_len < 68)
        return;
    out->kind = HGR_IMAGE_PE;
    out->size_bytes = size;
    read_pe_sections(source, (uint64_t)pe_off + 24 + optional_len, count, out);
}

void hgr_image_read(const hgr_image_source *source, hgr_image *out)
{
    *out = (hgr_image){.kind = HGR_IMAGE_NONE};
    uint8_t head[64];
    if (!read_at(source, 0, head, sizeof head))
        return;
    uint32_t pe_off;
    memcpy(&pe_off, head + 60, 4);
    if (memcmp(head,
               "\x7f"
               "ELF",
               4) == 0)
        read_elf(source, head, sizeof head, out);
    else if (memcmp(head, "MZ", 2) == 0)
        read_pe(source, pe_off, out);
}

bool hgr_image_same(const hgr_image *a, const hgr_image *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == HGR_IMAGE_ELF)
        return a->build_id_len && a->build_id_len == b->build_id_len &&
               memcmp(a->build_id, b->build_id, a->build_id_len) == 0;
    return a->kind == HGR_IMAGE_PE && a->timestamp && a->timestamp == b->timestamp &&
           a->size_bytes == b->size_bytes && a->checksum == b->checksum;
}
