/* synth: ELF64 cores, written from the format's description with literal numbers only. */
#include "core_writer.h"

#include <stdlib.h>
#include <string.h>

struct load {
    uint64_t addr, filesz, memsz;
    uint32_t flags;
    const uint8_t *bytes; /* or NULL: fill */
    uint8_t *copy;
    synth_fill_fn *fill;
    void *user;
};

struct buffer {
    uint8_t *bytes;
    size_t len, room;
};

struct file_line {
    uint64_t start, end, off;
    const char *path;
};

struct synth_core {
    FILE *file;
    char *memory; /* open_memstream's, when file was NULL */
    size_t memory_len;
    bool in_memory, failed, force_overflow;
    enum synth_maker maker;
    struct load *loads;
    size_t nloads, room_loads;
    struct file_line *files;
    size_t nfiles, room_files;
    struct buffer process, auxv, threads, others;
    size_t first_thread_len; /* of threads: the kernel writes the process behind it */
};

static void add(synth_core *core, struct buffer *to, const void *bytes, size_t len)
{
    if (len > to->room - to->len) {
        size_t room = to->room * 2 + len + 256;
        uint8_t *more = realloc(to->bytes, room);
        if (!more) {
            core->failed = true;
            return;
        }
        to->bytes = more;
        to->room = room;
    }
    if (len)
        memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

static void add_number(synth_core *core, struct buffer *to, uint64_t value, int bytes)
{
    uint8_t raw[8];
    for (int i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(value >> (8 * i));
    add(core, to, raw, (size_t)bytes);
}

static void add_zeros(synth_core *core, struct buffer *to, size_t count)
{
    static const uint8_t zeros[64];
    for (; count > sizeof zeros; count -= sizeof zeros)
        add(core, to, zeros, sizeof zeros);
    add(core, to, zeros, count);
}

static void add_note(synth_core *core, struct buffer *to, const char *owner, uint32_t type,
                     const void *desc, size_t len)
{
    size_t name = strlen(owner) + 1;
    add_number(core, to, name, 4);
    add_number(core, to, len, 4);
    add_number(core, to, type, 4);
    add(core, to, owner, name);
    add_zeros(core, to, (4 - name % 4) % 4);
    add(core, to, desc, len);
    add_zeros(core, to, (4 - len % 4) % 4);
}

synth_core *synth_core_begin(FILE *file, enum synth_maker maker)
{
    synth_core *core = calloc(1, sizeof *core);
    if (!core)
        abort();
    core->maker = maker;
    core->in_memory = !file;
    core->file = file ? file : open_memstream(&core->memory, &core->memory_len);
    core->failed = !core->file;
    return core;
}

static void add_load(synth_core *core, struct load load)
{
    if (core->nloads == core->room_loads) {
        size_t room = core->room_loads * 2 + 64;
        struct load *more = realloc(core->loads, room * sizeof *more);
        if (!more) {
            core->failed = true;
            free(load.copy);
            return;
        }
        core->loads = more;
        core->room_loads = room;
    }
    core->loads[core->nloads++] = load;
}

void synth_core_load(synth_core *core, uint64_t addr, uint32_t flags, const void *bytes,
                     uint64_t filesz, uint64_t memsz)
{
    add_load(core, (struct load){addr, filesz, memsz, flags, bytes, NULL, NULL, NULL});
}

void synth_core_load_from(synth_core *core, uint64_t addr, uint32_t flags, synth_fill_fn *fill,
                          void *user, uint64_t filesz, uint64_t memsz)
{
    add_load(core, (struct load){addr, filesz, memsz, flags, NULL, NULL, fill, user});
}

void synth_core_copy(synth_core *core, uint64_t addr, uint32_t flags, const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy) {
        core->failed = true;
        return;
    }
    memcpy(copy, bytes, len);
    add_load(core, (struct load){addr, len, len, flags, copy, copy, NULL, NULL});
}

void synth_core_note(synth_core *core, const char *owner, uint32_t type, const void *desc,
                     size_t len)
{
    add_note(core, &core->others, owner, type, desc, len);
}

void synth_core_thread(synth_core *core, uint32_t os_id, const uint64_t *regs)
{
    struct buffer body = {0};
    add_zeros(core, &body, 32);
    add_number(core, &body, os_id, 4);
    add_zeros(core, &body, 76);
    for (uint64_t i = 0; i < 27; i++)
        add_number(core, &body, regs ? regs[i] : ((uint64_t)os_id << 32) + i, 8);
    add_zeros(core, &body, 8);
    add_note(core, &core->threads, "CORE", 1, body.bytes, body.len);
    free(body.bytes);
    if (core->first_thread_len == 0)
        core->first_thread_len = core->threads.len;
}

void synth_core_file(synth_core *core, uint64_t start, uint64_t end, uint64_t off, const char *path)
{
    if (core->nfiles == core->room_files) {
        size_t room = core->room_files * 2 + 64;
        struct file_line *more = realloc(core->files, room * sizeof *more);
        if (!more) {
            core->failed = true;
            return;
        }
        core->files = more;
        core->room_files = room;
    }
    core->files[core->nfiles++] = (struct file_line){start, end, off, path};
}

void synth_core_process(synth_core *core, uint32_t pid, const char *name)
{
    struct buffer body = {0};
    char fixed[16] = {0}, command[80] = {0};
    snprintf(fixed, sizeof fixed, "%s", name);
    snprintf(command, sizeof command, "%s", name);
    add_zeros(core, &body, 24);
    add_number(core, &body, pid, 4);
    add_zeros(core, &body, 12);
    add(core, &body, fixed, sizeof fixed);
    add(core, &body, command, sizeof command);
    add_note(core, &core->process, "CORE", 3, body.bytes, body.len);
    free(body.bytes);
}

void synth_core_auxv(synth_core *core, uint64_t type, uint64_t value)
{
    add_number(core, &core->auxv, type, 8);
    add_number(core, &core->auxv, value, 8);
}

void synth_core_force_phnum_overflow(synth_core *core)
{
    core->force_overflow = true;
}

static void add_file_note(synth_core *core, struct buffer *to)
{
    struct buffer body = {0};
    add_number(core, &body, core->nfiles, 8);
    add_number(core, &body, 4096, 8);
    for (size_t i = 0; i < core->nfiles; i++) {
        add_number(core, &body, core->files[i].start, 8);
        add_number(core, &body, core->files[i].end, 8);
        add_number(core, &body, core->files[i].off / 4096, 8);
    }
    for (size_t i = 0; i < core->nfiles; i++)
        add(core, &body, core->files[i].path, strlen(core->files[i].path) + 1);
    if (core->nfiles)
        add_note(core, to, "CORE", 0x46494c45, body.bytes, body.len);
    free(body.bytes);
}

static void add_auxv_note(synth_core *core, struct buffer *to)
{
    if (!core->auxv.len)
        return;
    add_zeros(core, &core->auxv, 16);
    add_note(core, to, "CORE", 6, core->auxv.bytes, core->auxv.len);
}

/* createdump: process, auxv, files, threads. gcore: process, threads, auxv, files, its own note.
 * Kernel: first thread, process, auxv, files, other threads. Nobody: auxv, threads, files, process.
 */
static void collect_notes(synth_core *core, struct buffer *notes)
{
    const struct buffer *threads = &core->threads;
    size_t first = core->first_thread_len;
    switch (core->maker) {
    case SYNTH_CREATEDUMP:
        add(core, notes, core->process.bytes, core->process.len);
        add_auxv_note(core, notes);
        add_file_note(core, notes);
        add(core, notes, threads->bytes, threads->len);
        break;
    case SYNTH_GCORE:
        add(core, notes, core->process.bytes, core->process.len);
        add(core, notes, threads->bytes, threads->len);
        add_auxv_note(core, notes);
        add_file_note(core, notes);
        add_note(core, notes, "GDB", 0xff000000, "<target/>", 10);
        break;
    case SYNTH_KERNEL:
        add(core, notes, threads->bytes, first);
        add(core, notes, core->process.bytes, core->process.len);
        add_auxv_note(core, notes);
        add_file_note(core, notes);
        if (first)
            add(core, notes, threads->bytes + first, threads->len - first);
        break;
    case SYNTH_NOBODY:
        add_auxv_note(core, notes);
        add(core, notes, threads->bytes, threads->len);
        add_file_note(core, notes);
        add(core, notes, core->process.bytes, core->process.len);
        break;
    }
    add(core, notes, core->others.bytes, core->others.len);
}

static void collect_header(synth_core *core, struct buffer *head, size_t nheaders, bool overflow)
{
    const uint8_t ident[16] = {0x7f, 'E', 'L', 'F',
                               2,    1,   1,   core->maker == SYNTH_CREATEDUMP ? 3 : 0};
    add(core, head, ident, 16);
    add_number(core, head, 4, 2);  /* core */
    add_number(core, head, 62, 2); /* x86-64 */
    add_number(core, head, 1, 4);
    add_number(core, head, 0, 8);
    add_number(core, head, 64, 8); /* program headers follow */
    add_number(core, head, overflow ? 64 + 56 * nheaders : 0, 8);
    add_number(core, head, 0, 4);
    add_number(core, head, 64, 2);
    add_number(core, head, 56, 2);
    add_number(core, head, overflow ? 0xffff : nheaders, 2);
    add_number(core, head, overflow ? 64 : 0, 2);
    add_number(core, head, overflow ? 1 : 0, 2);
    add_number(core, head, 0, 2);
}

static void add_program_header(synth_core *core, struct buffer *head, uint32_t type, uint32_t flags,
                               uint64_t off, const struct load *load, uint64_t align)
{
    add_number(core, head, type, 4);
    add_number(core, head, flags, 4);
    add_number(core, head, off, 8);
    add_number(core, head, load->addr, 8);
    add_number(core, head, 0, 8);
    add_number(core, head, load->filesz, 8);
    add_number(core, head, load->memsz, 8);
    add_number(core, head, align, 8);
}

static uint64_t page_up(uint64_t value)
{
    return (value + 4095) & ~(uint64_t)4095;
}

static bool write_all(synth_core *core, const void *bytes, size_t len)
{
    return len == 0 || fwrite(bytes, 1, len, core->file) == len;
}

static bool write_load(synth_core *core, const struct load *load, uint8_t *buffer, size_t room)
{
    if (load->bytes)
        return write_all(core, load->bytes, load->filesz);
    for (uint64_t done = 0; done < load->filesz;) {
        size_t len = load->filesz - done < room ? (size_t)(load->filesz - done) : room;
        memset(buffer, 0, len);
        if (load->fill)
            load->fill(load->user, done, buffer, len);
        if (!write_all(core, buffer, len))
            return false;
        done += len;
    }
    return true;
}

static bool write_loads(synth_core *core, uint64_t at)
{
    size_t room = 1 << 20;
    uint8_t *buffer = malloc(room);
    bool good = buffer != NULL;
    for (size_t i = 0; good && i < core->nloads; i++) {
        static const uint8_t zeros[4096];
        good = write_all(core, zeros, (size_t)(page_up(at) - at)) &&
               write_load(core, &core->loads[i], buffer, room);
        at = page_up(at) + core->loads[i].filesz;
    }
    free(buffer);
    return good;
}

static bool write_core(synth_core *core)
{
    struct buffer head = {0}, notes = {0};
    collect_notes(core, &notes);
    size_t nheaders = core->nloads + 1;
    bool overflow = core->force_overflow || nheaders >= 0xffff;
    collect_header(core, &head, nheaders, overflow);
    uint64_t at = 64 + 56 * (uint64_t)nheaders + (overflow ? 64 : 0);
    struct load note_part = {.filesz = notes.len};
    uint64_t align = core->maker == SYNTH_GCORE ? 1 : core->maker == SYNTH_KERNEL ? 4 : 0;
    add_program_header(core, &head, 4, core->maker == SYNTH_GCORE ? 4 : 0, at, &note_part, align);
    uint64_t after_notes = at += notes.len;
    for (size_t i = 0; i < core->nloads; i++) {
        at = page_up(at);
        add_program_header(core, &head, 1, core->loads[i].flags, at, &core->loads[i], 4096);
        at += core->loads[i].filesz;
    }
    if (overflow) { /* the one section header; its info field holds the true count */
        add_zeros(core, &head, 44);
        add_number(core, &head, nheaders, 4);
        add_zeros(core, &head, 16);
    }
    bool good = !core->failed && write_all(core, head.bytes, head.len) &&
                write_all(core, notes.bytes, notes.len) && write_loads(core, after_notes);
    free(head.bytes);
    free(notes.bytes);
    return good;
}

static void free_core(synth_core *core)
{
    for (size_t i = 0; i < core->nloads; i++)
        free(core->loads[i].copy);
    free(core->loads);
    free(core->files);
    free(core->process.bytes);
    free(core->auxv.bytes);
    free(core->threads.bytes);
    free(core->others.bytes);
    free(core);
}

bool synth_core_end(synth_core *core)
{
    bool good = write_core(core) && fflush(core->file) == 0;
    if (core->in_memory) {
        fclose(core->file);
        free(core->memory);
    }
    free_core(core);
    return good;
}

uint8_t *synth_core_end_bytes(synth_core *core, size_t *out_len)
{
    bool good = core->in_memory && write_core(core);
    good = fclose(core->file) == 0 && good;
    uint8_t *bytes = NULL;
    /* An exact copy, so that the address sanitizer sees the first byte behind the end. */
    if (good && (bytes = malloc(core->memory_len)) != NULL) {
        memcpy(bytes, core->memory, core->memory_len);
        *out_len = core->memory_len;
    }
    free(core->memory);
    free_core(core);
    return bytes;
}
