/* dump: ELF64 little-endian cores of x64 Linux: header and program headers → ranges; notes
 * elsewhere.
 *
 * Writers known: the kernel, gdb's gcore, .NET's createdump. All lay out header, program headers,
 * notes, memory, in that order, so a truncated file loses memory first. Bytes of a PT_LOAD beyond
 * p_filesz were left out by the writer, bytes beyond the end of the file are lost: both are absent.
 * Source: System V ABI, chapters 4 and 5; core(5); linux/fs/binfmt_elf.c for PN_XNUM. */
#include "elfcore.h"

#include "../base/cursor.h"
#include "limits.h"

enum {
    HEADER_BYTES = 64,
    PROGRAM_HEADER_BYTES = 56,
    SECTION_HEADER_BYTES = 64,
    ET_CORE = 4,
    PN_XNUM = 0xffff,
    PT_LOAD = 1,
    PT_NOTE = 4,
    PF_X = 1,
    PF_W = 2,
    PF_R = 4
};

struct header {
    uint64_t phoff, shoff;
    uint16_t phentsize, phnum;
};

struct segment {
    uint32_t type, flags;
    uint64_t off, vaddr, filesz, memsz;
};

/* What is odd about the program headers, counted and told once each. */
struct oddities {
    uint64_t wrapping, longer_in_file;
};

bool hgr_elfcore_matches(const uint8_t *image, size_t len)
{
    return len >= 4 && memcmp(image,
                              "\x7f"
                              "ELF",
                              4) == 0;
}

/* ---- header ---- */

static const char *machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{3, "x86"},  {20, "PowerPC"}, {21, "PowerPC 64"}, {22, "s390x"},     {40, "ARM"},
                 {62, "x64"}, {183, "ARM64"},  {243, "RISC-V"},    {258, "LoongArch"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "unknown";
}

static hgr_result check_ident(const uint8_t *ident, hgr_status *status)
{
    if (ident[5] == 2)
        return hgr_fail_file(status, HGR_UNSUPPORTED, 5,
                             "big-endian ELF file; only little-endian cores are read");
    if (ident[5] != 1)
        return hgr_fail_file(status, HGR_BAD_DATA, 5, "ELF header: byte order %u, expected 1",
                             ident[5]);
    if (ident[4] != 1 && ident[4] != 2)
        return hgr_fail_file(status, HGR_BAD_DATA, 4, "ELF header: class %u, expected 2 (64-bit)",
                             ident[4]);
    return HGR_OK;
}

static hgr_result check_kind(uint8_t elf_class, uint16_t type, uint16_t machine, hgr_status *status)
{
    static const char *const kinds[] = {"ELF file without a type", "ELF object file", "ELF program",
                                        "ELF program or shared library"};
    if (type < ET_CORE)
        return hgr_fail_file(status, HGR_UNSUPPORTED, 16, "%s, not a memory dump (ELF core)",
                             kinds[type]);
    if (type != ET_CORE)
        return hgr_fail_file(status, HGR_BAD_DATA, 16, "ELF header: type %u, expected 4 (core)",
                             type);
    if (elf_class == 1)
        return hgr_fail_file(status, HGR_UNSUPPORTED, 4,
                             "32-bit ELF core (machine %u, %s); only 64-bit x64 cores are read",
                             machine, machine_name(machine));
    if (machine != 62)
        return hgr_fail_file(status, HGR_UNSUPPORTED, 18,
                             "ELF core of machine %u (%s); only 62 (x64) is read", machine,
                             machine_name(machine));
    return HGR_OK;
}

static hgr_result read_header(hgr_cursor *c, struct header *out, hgr_status *status)
{
    uint16_t type, machine;
    const uint8_t *ident;
    if (!hgr_cursor_take(c, 16, &ident) || !hgr_cursor_u16(c, &type) ||
        !hgr_cursor_u16(c, &machine))
        return hgr_cursor_fail(c, status, HGR_TRUNCATED,
                               "ELF header: file has %zu bytes, expected %d", c->len, HEADER_BYTES);
    hgr_result result = check_ident(ident, status);
    if (result == HGR_OK)
        result = check_kind(ident[4], type, machine, status);
    if (result != HGR_OK)
        return result;
    if (c->len < HEADER_BYTES || !hgr_cursor_seek(c, 32) || !hgr_cursor_u64(c, &out->phoff) ||
        !hgr_cursor_u64(c, &out->shoff) || !hgr_cursor_seek(c, 54) ||
        !hgr_cursor_u16(c, &out->phentsize) || !hgr_cursor_u16(c, &out->phnum))
        return hgr_cursor_fail(c, status, HGR_TRUNCATED,
                               "ELF header: file has %zu bytes, expected %d", c->len, HEADER_BYTES);
    if (out->phnum == 0)
        return hgr_fail_file(status, HGR_BAD_DATA, 56,
                             "ELF core without program headers; still being written?");
    if (out->phentsize != PROGRAM_HEADER_BYTES)
        return hgr_fail_file(status, HGR_BAD_DATA, 54,
                             "ELF header: program headers of %u bytes, expected %d", out->phentsize,
                             PROGRAM_HEADER_BYTES);
    return HGR_OK;
}

/* ---- program headers ---- */

static bool read_segment(hgr_cursor *c, struct segment *out)
{
    uint64_t paddr, align;
    return hgr_cursor_u32(c, &out->type) && hgr_cursor_u32(c, &out->flags) &&
           hgr_cursor_u64(c, &out->off) && hgr_cursor_u64(c, &out->vaddr) &&
           hgr_cursor_u64(c, &paddr) && hgr_cursor_u64(c, &out->filesz) &&
           hgr_cursor_u64(c, &out->memsz) && hgr_cursor_u64(c, &align);
}

/* 65,535 and more program headers: the count lies in the first section header. The kernel writes
 * that at the very end, where truncation takes it; then what the first segment's offset leaves room
 * for. */
static bool read_long_count(hgr_cursor c, const struct header *header, uint64_t *out)
{
    uint32_t count;
    if (header->shoff && hgr_cursor_seek(&c, header->shoff) && hgr_cursor_skip(&c, 44) &&
        hgr_cursor_u32(&c, &count) && hgr_cursor_left(&c) >= SECTION_HEADER_BYTES - 48) {
        *out = count;
        return true;
    }
    struct segment first;
    if (!hgr_cursor_seek(&c, header->phoff) || !read_segment(&c, &first) ||
        first.off <= header->phoff)
        return false;
    *out = (first.off - header->phoff) / PROGRAM_HEADER_BYTES;
    return *out >= PN_XNUM;
}

static hgr_result count_segments(hgr_cursor *c, const struct header *header, uint64_t *out,
                                 hgr_status *status)
{
    *out = header->phnum;
    if (header->phnum == PN_XNUM && !read_long_count(*c, header, out))
        return hgr_fail_file(status, HGR_TRUNCATED, header->shoff,
                             "ELF header: the section header with the number of segments is not in "
                             "the file (%zu bytes)",
                             c->len);
    if (*out > HGR_MAX_PROGRAM_HEADERS)
        return hgr_fail_file(status, HGR_TOO_LARGE, header->shoff,
                             "ELF core: %llu program headers, limit %u", (unsigned long long)*out,
                             HGR_MAX_PROGRAM_HEADERS);
    if (!hgr_cursor_seek(c, header->phoff) || hgr_cursor_left(c) < PROGRAM_HEADER_BYTES)
        return hgr_fail_file(status, HGR_TRUNCATED, header->phoff,
                             "program headers begin at %llu, the file ends at %zu",
                             (unsigned long long)header->phoff, c->len);
    return HGR_OK;
}

static uint32_t access_of(uint32_t flags)
{
    return (flags & PF_R ? HGR_ACCESS_READ : 0u) | (flags & PF_W ? HGR_ACCESS_WRITE : 0u) |
           (flags & PF_X ? HGR_ACCESS_EXECUTE : 0u);
}

static void add_saturating(uint64_t *sum, uint64_t value)
{
    if (!hgr_add_u64(*sum, value, sum))
        *sum = UINT64_MAX;
}

/* Of len bytes at off: how many the file has. The rest is counted as missing. */
static uint64_t bytes_in_file(hgr_dump *dump, uint64_t off, uint64_t len)
{
    uint64_t have = off < dump->file_len ? dump->file_len - off : 0;
    have = have < len ? have : len;
    add_saturating(&dump->info.missing_bytes, len - have);
    return have;
}

static hgr_result keep_lost(hgr_dump *dump, uint64_t start, uint64_t end, hgr_status *status)
{
    hgr_result result =
        hgr_grow(dump->run, &dump->lost, &dump->lost_capacity, dump->nlost + 1,
                 HGR_MAX_PROGRAM_HEADERS, sizeof *dump->lost, "lost memory", status);
    if (result == HGR_OK)
        dump->lost[dump->nlost++] = (hgr_piece){start, end};
    return result;
}

/* What was mapped, whether or not its bytes were written. */
static hgr_result add_area(hgr_dump *dump, const struct segment *segment, uint64_t end,
                           hgr_status *status)
{
    hgr_result result =
        hgr_grow(dump->run, &dump->areas, &dump->areas_capacity, dump->nareas + 1,
                 HGR_MAX_PROGRAM_HEADERS, sizeof *dump->areas, "memory areas", status);
    if (result == HGR_OK)
        dump->areas[dump->nareas++] = (hgr_memory_area){.start_addr = segment->vaddr,
                                                        .end_addr = end,
                                                        .access = access_of(segment->flags),
                                                        .state = HGR_AREA_COMMITTED,
                                                        .kind = HGR_AREA_UNKNOWN};
    return result;
}

static hgr_result add_load(hgr_dump *dump, const struct segment *segment, struct oddities *odd,
                           hgr_status *status)
{
    uint64_t end, filesz = segment->filesz;
    if (segment->memsz == 0)
        return HGR_OK;
    if (!hgr_add_u64(segment->vaddr, segment->memsz, &end)) {
        odd->wrapping++;
        return HGR_OK;
    }
    if (filesz > segment->memsz) {
        odd->longer_in_file++;
        filesz = segment->memsz;
    }
    add_saturating(&dump->info.left_out_bytes, segment->memsz - filesz);
    uint64_t have = bytes_in_file(dump, segment->off, filesz);
    hgr_result result = add_area(dump, segment, end, status);
    if (result == HGR_OK && have) {
        hgr_range range = {.start_addr = segment->vaddr,
                           .end_addr = segment->vaddr + have,
                           .bytes = dump->file + segment->off,
                           .access = access_of(segment->flags),
                           .origin = HGR_ORIGIN_DUMP};
        result = hgr_space_add(&dump->space, &range, status);
    }
    if (result == HGR_OK && have < filesz)
        result = keep_lost(dump, segment->vaddr + have, segment->vaddr + filesz, status);
    return result;
}

static hgr_result add_notes(hgr_dump *dump, const struct segment *segment, hgr_status *status)
{
    uint64_t have = bytes_in_file(dump, segment->off, segment->filesz);
    if (have == 0)
        return HGR_OK;
    hgr_result result =
        hgr_grow(dump->run, &dump->notes, &dump->notes_capacity, dump->nnotes + 1,
                 HGR_MAX_PROGRAM_HEADERS, sizeof *dump->notes, "note segments", status);
    if (result == HGR_OK)
        dump->notes[dump->nnotes++] = (hgr_piece){segment->off, segment->off + have};
    return result;
}

/* Kinds of segment seen, so that a file of zeros behind a good header is told from a dump. */
struct seen {
    uint64_t loads, notes;
};

static hgr_result read_segments(hgr_dump *dump, hgr_cursor *c, uint64_t count, struct seen *seen,
                                struct oddities *odd, hgr_status *status)
{
    struct segment segment;
    hgr_result result = HGR_OK;
    uint64_t i = 0;
    for (; result == HGR_OK && i < count && read_segment(c, &segment); i++) {
        if (segment.type == PT_LOAD) {
            seen->loads++;
            result = add_load(dump, &segment, odd, status);
        } else if (segment.type == PT_NOTE) {
            seen->notes++;
            result = add_notes(dump, &segment, status);
        }
    }
    if (result == HGR_OK && i < count)
        add_saturating(&dump->info.missing_bytes,
                       (count - i) * PROGRAM_HEADER_BYTES - hgr_cursor_left(c));
    return result;
}

static hgr_result tell_oddities(hgr_dump *dump, const struct oddities *odd, hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (odd->wrapping)
        result = hgr_dump_warn(dump, status,
                               "%llu segments wrap around the end of the address space; left out",
                               (unsigned long long)odd->wrapping);
    if (result == HGR_OK && odd->longer_in_file)
        result = hgr_dump_warn(dump, status,
                               "%llu segments have more bytes in the file than in memory; cut",
                               (unsigned long long)odd->longer_in_file);
    return result;
}

hgr_result hgr_elfcore_read(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    (void)options;
    dump->info.format = "ELF core";
    dump->info.os = "linux";
    dump->info.cpu = "x64";
    dump->info.pointer_size = dump->space.pointer_size = 8;
    hgr_cursor c = hgr_cursor_make(dump->file, dump->file_len, 0, HGR_AT_FILE);
    struct header header = {0};
    struct oddities odd = {0};
    struct seen seen = {0};
    uint64_t count = 0;
    hgr_result result = read_header(&c, &header, status);
    if (result == HGR_OK)
        result = count_segments(&c, &header, &count, status);
    if (result == HGR_OK)
        result = read_segments(dump, &c, count, &seen, &odd, status);
    if (result == HGR_OK && !seen.loads && !seen.notes)
        return hgr_fail_file(
            status, HGR_BAD_DATA, header.phoff,
            "ELF core: none of its %llu program headers is memory or a note; still "
            "being written?",
            (unsigned long long)count);
    hgr_dump_settle_areas(dump);
    if (result == HGR_OK)
        result = tell_oddities(dump, &odd, status);
    if (result == HGR_OK)
        result = hgr_elfcore_read_notes(dump, status);
    return result;
}
