/* dump: notes of an ELF core → process, threads, mapped files, auxiliary vector, who wrote the
 * file.
 *
 * The three writers are told apart by the fixed order of their notes: the kernel begins with the
 * first thread; createdump with process, auxv, files (and marks the header's OS as Linux); gcore
 * with process, thread, and later versions end with a note of GDB's own. Anything else is
 * "unknown". A damaged note ends the reading of its segment and is told, not an error: the memory
 * is still good. */
#include "elfcore.h"

#include "../base/cursor.h"
#include "limits.h"

enum { NT_PRSTATUS = 1, NT_PRPSINFO = 3, NT_AUXV = 6, NT_FILE = 0x46494c45, ELFOSABI_LINUX = 3 };

#define FIRST_KINDS 3

struct reading {
    hgr_dump *dump;
    uint32_t
        first[FIRST_KINDS]; /* types of the first notes of owner CORE that decide who wrote it */
    uint32_t nfirst;
    bool has_gdb_note, has_name;
    uint64_t nnotes, ndamaged;
};

struct note {
    const uint8_t *owner, *desc;
    uint32_t owner_len, len, type;
    uint64_t off; /* of desc in the file */
};

static hgr_cursor cursor_of(const struct note *note)
{
    return hgr_cursor_make(note->desc, note->len, note->off, HGR_AT_FILE);
}

static bool is_owner(const struct note *note, const char *owner)
{
    size_t len = strlen(owner);
    return note->owner_len >= len && memcmp(note->owner, owner, len) == 0 &&
           (note->owner_len == len || note->owner[len] == 0);
}

/* ---- one note each ---- */

/* The kernel's user_regs_struct: where each of rax rcx rdx rbx rsp rbp rsi rdi r8..r15 stands. */
static const uint8_t register_places[16] = {10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0};
enum { PLACE_RBP = 4, PLACE_RIP = 16, PLACE_RSP = 19, REGISTERS = 27 };

static hgr_result read_thread(struct reading *reading, const struct note *note, hgr_status *status)
{
    hgr_dump *dump = reading->dump;
    hgr_cursor c = cursor_of(note);
    hgr_thread thread = {.nregisters = 16};
    uint64_t regs[REGISTERS];
    if (!hgr_cursor_seek(&c, 32) || !hgr_cursor_u32(&c, &thread.os_id) ||
        !hgr_cursor_seek(&c, 112)) {
        reading->ndamaged++;
        return HGR_OK;
    }
    for (size_t i = 0; i < REGISTERS; i++)
        if (!hgr_cursor_u64(&c, &regs[i])) {
            reading->ndamaged++;
            return HGR_OK;
        }
    for (size_t i = 0; i < 16; i++)
        thread.registers[i] = regs[register_places[i]];
    thread.ip = regs[PLACE_RIP];
    thread.sp = regs[PLACE_RSP];
    thread.fp = regs[PLACE_RBP];
    hgr_result result =
        hgr_grow(dump->run, &dump->threads, &dump->threads_capacity, dump->nthreads + 1,
                 HGR_MAX_THREADS, sizeof thread, "threads", status);
    if (result == HGR_OK)
        dump->threads[dump->nthreads++] = thread;
    return result;
}

static hgr_result read_process(struct reading *reading, const struct note *note, hgr_status *status)
{
    hgr_cursor c = cursor_of(note);
    const uint8_t *name;
    uint32_t pid;
    if (!hgr_cursor_seek(&c, 24) || !hgr_cursor_u32(&c, &pid) || !hgr_cursor_seek(&c, 40) ||
        !hgr_cursor_take(&c, 16, &name)) {
        reading->ndamaged++;
        return HGR_OK;
    }
    if (reading->has_name)
        return HGR_OK;
    const char *copy = hgr_arena_text(&reading->dump->arena, (const char *)name,
                                      strnlen((const char *)name, 16), status);
    if (!copy)
        return HGR_NO_MEMORY;
    reading->dump->info.process_id = pid;
    reading->dump->info.process_name = copy;
    reading->has_name = true;
    return HGR_OK;
}

static hgr_result read_auxv(struct reading *reading, const struct note *note, hgr_status *status)
{
    hgr_dump *dump = reading->dump;
    hgr_cursor c = cursor_of(note);
    hgr_auxv pair;
    while (dump->nauxv < HGR_MAX_AUXV && hgr_cursor_u64(&c, &pair.type) &&
           hgr_cursor_u64(&c, &pair.value) && pair.type != 0) {
        hgr_result result = hgr_grow(dump->run, &dump->auxv, &dump->auxv_capacity, dump->nauxv + 1,
                                     HGR_MAX_AUXV, sizeof pair, "auxiliary vector", status);
        if (result != HGR_OK)
            return result;
        dump->auxv[dump->nauxv++] = pair;
    }
    return HGR_OK;
}

/* One line of NT_FILE and its path. False: the note ends within it. */
static bool read_file(hgr_cursor *lines, hgr_cursor *paths, uint64_t page_bytes,
                      hgr_file_range *out, bool *out_sane)
{
    uint64_t page;
    if (!hgr_cursor_u64(lines, &out->start_addr) || !hgr_cursor_u64(lines, &out->end_addr) ||
        !hgr_cursor_u64(lines, &page))
        return false;
    const char *path = (const char *)paths->bytes + paths->pos;
    size_t left = hgr_cursor_left(paths);
    size_t room = left < HGR_MAX_PATH_BYTES ? left : HGR_MAX_PATH_BYTES;
    size_t len = strnlen(path, room);
    if (len == room || !hgr_cursor_skip(paths, len + 1))
        return false;
    out->path = path;
    *out_sane = out->start_addr < out->end_addr &&
                !__builtin_mul_overflow(page, page_bytes, &out->file_off);
    return true;
}

static hgr_result read_files(struct reading *reading, const struct note *note, hgr_status *status)
{
    hgr_dump *dump = reading->dump;
    hgr_cursor c = cursor_of(note), paths = c;
    uint64_t count, page_bytes, lines_bytes;
    if (!hgr_cursor_u64(&c, &count) || !hgr_cursor_u64(&c, &page_bytes) ||
        __builtin_mul_overflow(count, 24, &lines_bytes) || !hgr_cursor_seek(&paths, 16) ||
        !hgr_cursor_skip(&paths, lines_bytes)) {
        reading->ndamaged++;
        return HGR_OK;
    }
    for (uint64_t i = 0; i < count; i++) {
        hgr_file_range file = {0};
        bool sane = false;
        if (!read_file(&c, &paths, page_bytes, &file, &sane)) {
            reading->ndamaged++;
            return HGR_OK;
        }
        if (!sane) {
            reading->ndamaged++;
            continue;
        }
        hgr_result result =
            hgr_grow(dump->run, &dump->files, &dump->files_capacity, dump->nfiles + 1,
                     HGR_MAX_FILE_RANGES, sizeof file, "mapped files", status);
        if (result != HGR_OK)
            return result;
        dump->files[dump->nfiles++] = file;
    }
    return HGR_OK;
}

/* ---- all notes ---- */

static hgr_result read_note(struct reading *reading, const struct note *note, hgr_status *status)
{
    if (is_owner(note, "GDB"))
        reading->has_gdb_note = true;
    if (!is_owner(note, "CORE"))
        return HGR_OK;
    if (reading->nfirst < FIRST_KINDS)
        reading->first[reading->nfirst++] = note->type;
    switch (note->type) {
    case NT_PRSTATUS:
        return read_thread(reading, note, status);
    case NT_PRPSINFO:
        return read_process(reading, note, status);
    case NT_AUXV:
        return read_auxv(reading, note, status);
    case NT_FILE:
        return read_files(reading, note, status);
    default:
        return HGR_OK;
    }
}

static bool take_note(hgr_cursor *c, struct note *out)
{
    if (!hgr_cursor_u32(c, &out->owner_len) || !hgr_cursor_u32(c, &out->len) ||
        !hgr_cursor_u32(c, &out->type) || !hgr_cursor_take(c, out->owner_len, &out->owner))
        return false;
    /* Padding behind the last note may be missing; anything else that is short is damage. */
    out->desc = out->owner;
    if (!hgr_cursor_skip(c, (4 - out->owner_len % 4) % 4)) {
        c->pos = c->len;
        return out->len == 0;
    }
    out->off = c->base + c->pos;
    if (!hgr_cursor_take(c, out->len, &out->desc))
        return false;
    if (!hgr_cursor_skip(c, (4 - out->len % 4) % 4))
        c->pos = c->len;
    return true;
}

static hgr_result read_note_segment(struct reading *reading, hgr_piece piece, hgr_status *status)
{
    hgr_cursor c = hgr_cursor_make(reading->dump->file + piece.start,
                                   (size_t)(piece.end - piece.start), piece.start, HGR_AT_FILE);
    hgr_result result = HGR_OK;
    while (result == HGR_OK && hgr_cursor_left(&c)) {
        struct note note = {0};
        if (++reading->nnotes > HGR_MAX_NOTES)
            return hgr_cursor_fail(&c, status, HGR_TOO_LARGE, "ELF core: more than %u notes",
                                   HGR_MAX_NOTES);
        if (!take_note(&c, &note)) {
            reading->ndamaged++;
            break;
        }
        result = read_note(reading, &note, status);
    }
    return result;
}

static const char *writer_of(const struct reading *reading)
{
    const uint32_t *first = reading->first;
    if (reading->has_gdb_note)
        return "gcore";
    if (reading->nfirst < 2)
        return "unknown";
    if (first[0] == NT_PRSTATUS && first[1] == NT_PRPSINFO)
        return "kernel";
    if (first[0] == NT_PRPSINFO && first[1] == NT_PRSTATUS)
        return "gcore";
    if (reading->nfirst == FIRST_KINDS && first[0] == NT_PRPSINFO && first[1] == NT_AUXV &&
        first[2] == NT_FILE && reading->dump->file[7] == ELFOSABI_LINUX)
        return "createdump";
    return "unknown";
}

hgr_result hgr_elfcore_read_notes(hgr_dump *dump, hgr_status *status)
{
    struct reading reading = {.dump = dump};
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < dump->nnotes; i++)
        result = read_note_segment(&reading, dump->notes[i], status);
    dump->info.writer = writer_of(&reading);
    if (result == HGR_OK && reading.ndamaged)
        result = hgr_dump_warn(dump, status, "%llu notes are damaged or cut; left out",
                               (unsigned long long)reading.ndamaged);
    return result;
}
