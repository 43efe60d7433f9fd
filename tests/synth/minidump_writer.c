/* synth: minidumps, written from the format's description with literal numbers only. */
#include "minidump_writer.h"

#include <stdlib.h>
#include <string.h>

struct part {
    uint8_t *bytes;
    size_t   len, room;
};

/* A list under construction: its records, and in them where a name or blob still needs its offset. */
struct list {
    struct part records;
    uint32_t    count;
};

struct patch {
    struct part *where;   /* whose records hold a 32-bit offset */
    size_t       at;      /* its position in there */
    size_t       blob_at; /* position in blobs that it must name */
};

struct stream {
    uint32_t    type;
    struct part body;
};

struct synth_minidump {
    uint16_t          architecture;
    enum synth_memory memory;
    bool              failed, no_system, threads_ex, padded, memory_elsewhere;
    uint64_t          memory_off;
    struct list       threads, modules, ranges, areas, thread_infos, thread_names;
    struct part       blobs;  /* contexts, names, CodeView records */
    struct part       memory_bytes;
    struct patch     *patches;
    size_t            npatches, room_patches;
    struct stream     streams[64];
    size_t            nstreams;
};

static void put(synth_minidump *dump, struct part *to, const void *bytes, size_t len)
{
    if (len > to->room - to->len) {
        size_t room = to->room * 2 + len + 256;
        uint8_t *more = realloc(to->bytes, room);
        if (!more) {
            dump->failed = true;
            return;
        }
        to->bytes = more;
        to->room = room;
    }
    if (len)
        memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

static void put_number(synth_minidump *dump, struct part *to, uint64_t value, int bytes)
{
    uint8_t raw[8];
    for (int i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(value >> (8 * i));
    put(dump, to, raw, (size_t)bytes);
}

static void put_zeros(synth_minidump *dump, struct part *to, size_t count)
{
    static const uint8_t zeros[64];
    for (; count > sizeof zeros; count -= sizeof zeros)
        put(dump, to, zeros, sizeof zeros);
    put(dump, to, zeros, count);
}

static void poke(uint8_t *bytes, size_t at, uint64_t value, int width)
{
    for (int i = 0; i < width; i++)
        bytes[at + (size_t)i] = (uint8_t)(value >> (8 * i));
}

/* The last 4 bytes put into `where` become the file offset of what stands at blob_at. */
static void patch_last(synth_minidump *dump, struct part *where, size_t blob_at)
{
    if (dump->npatches == dump->room_patches) {
        size_t room = dump->room_patches * 2 + 64;
        struct patch *more = realloc(dump->patches, room * sizeof *more);
        if (!more) {
            dump->failed = true;
            return;
        }
        dump->patches = more;
        dump->room_patches = room;
    }
    if (!dump->failed)
        dump->patches[dump->npatches++] = (struct patch){where, where->len - 4, blob_at};
}

static size_t put_text(synth_minidump *dump, const uint16_t *units, size_t count)
{
    put_zeros(dump, &dump->blobs, (4 - dump->blobs.len % 4) % 4);
    size_t at = dump->blobs.len;
    put_number(dump, &dump->blobs, 2 * count, 4);
    for (size_t i = 0; i < count; i++)
        put_number(dump, &dump->blobs, units[i], 2);
    put_number(dump, &dump->blobs, 0, 2);
    return at;
}

static size_t put_ascii(synth_minidump *dump, const char *text)
{
    uint16_t units[512];
    size_t count = 0;
    for (; text[count] && count < 512; count++)
        units[count] = (uint8_t)text[count];
    return put_text(dump, units, count);
}

synth_minidump *synth_minidump_begin(uint16_t architecture, enum synth_memory memory)
{
    synth_minidump *dump = calloc(1, sizeof *dump);
    if (!dump)
        abort();
    dump->architecture = architecture;
    dump->memory = memory;
    return dump;
}

/* Where CONTEXT keeps the registers, in the processor's numbering; the instruction pointer last. */
static const uint16_t X64_PLACES[17] = {120, 128, 136, 144, 152, 160, 168, 176, 184,
                                        192, 200, 208, 216, 224, 232, 240, 248};
static const uint16_t X86_PLACES[9] = {176, 172, 168, 164, 196, 180, 160, 156, 184};

static void put_context(synth_minidump *dump, const synth_windows_thread *thread, uint32_t bytes)
{
    uint8_t context[4096] = {0};
    bool wide = dump->architecture == 9;
    uint32_t flags = thread->context_flags ? thread->context_flags : wide ? 0x10001fu : 0x10007u;
    poke(context, wide ? 48 : 0, flags, 4);
    for (size_t i = 0; i < (wide ? 16 : 8); i++)
        poke(context, wide ? X64_PLACES[i] : X86_PLACES[i], thread->registers[i], wide ? 8 : 4);
    poke(context, wide ? X64_PLACES[16] : X86_PLACES[8], thread->ip, wide ? 8 : 4);
    put(dump, &dump->blobs, context, bytes < sizeof context ? bytes : sizeof context);
}

void synth_minidump_thread(synth_minidump *dump, const synth_windows_thread *thread)
{
    struct part *to = &dump->threads.records;
    uint32_t bytes = thread->context_bytes ? thread->context_bytes
                                           : dump->architecture == 9 ? 1232 : 716;
    size_t context_at = dump->blobs.len, stack_at;
    put_context(dump, thread, bytes);
    stack_at = dump->blobs.len;
    if (thread->stack)
        put(dump, &dump->blobs, thread->stack, thread->stack_bytes);
    put_number(dump, to, thread->id, 4);
    put_zeros(dump, to, 12);
    put_number(dump, to, thread->teb, 8);
    put_number(dump, to, thread->stack_addr, 8);
    put_number(dump, to, thread->stack_bytes, 4);
    put_number(dump, to, 0, 4); /* mostly the stack's bytes are in the memory list alone */
    if (thread->stack)
        patch_last(dump, to, stack_at);
    put_number(dump, to, bytes, 4);
    put_number(dump, to, 0, 4);
    patch_last(dump, to, context_at);
    if (dump->threads_ex)
        put_zeros(dump, to, 16);
    dump->threads.count++;
}

static void put_module(synth_minidump *dump, uint64_t base, uint32_t size, uint32_t timestamp,
                       size_t name_at, const uint8_t *guid_and_age)
{
    struct part *to = &dump->modules.records;
    size_t record_at = dump->blobs.len;
    if (guid_and_age) {
        put(dump, &dump->blobs, "RSDS", 4);
        put(dump, &dump->blobs, guid_and_age, 20);
        put(dump, &dump->blobs, "a.pdb", 6);
    }
    put_number(dump, to, base, 8);
    put_number(dump, to, size, 4);
    put_number(dump, to, 0, 4);
    put_number(dump, to, timestamp, 4);
    put_number(dump, to, 0, 4);
    patch_last(dump, to, name_at);
    put_zeros(dump, to, 52);
    put_number(dump, to, guid_and_age ? 30 : 0, 4);
    put_number(dump, to, 0, 4);
    if (guid_and_age)
        patch_last(dump, to, record_at);
    put_zeros(dump, to, 24);
    dump->modules.count++;
}

void synth_minidump_module(synth_minidump *dump, uint64_t base, uint32_t size, uint32_t timestamp,
                           const char *name, const uint8_t *guid_and_age)
{
    put_module(dump, base, size, timestamp, put_ascii(dump, name), guid_and_age);
}

void synth_minidump_module_wide(synth_minidump *dump, uint64_t base, uint32_t size,
                                uint32_t timestamp, const uint16_t *units, size_t count,
                                const uint8_t *guid_and_age)
{
    put_module(dump, base, size, timestamp, put_text(dump, units, count), guid_and_age);
}

static void put_range(synth_minidump *dump, uint64_t addr, uint64_t len)
{
    struct part *to = &dump->ranges.records;
    put_number(dump, to, addr, 8);
    if (dump->memory == SYNTH_MEMORY64) {
        put_number(dump, to, len, 8);
    } else {
        put_number(dump, to, len, 4);
        put_number(dump, to, dump->memory_bytes.len, 4); /* end adds where memory begins */
    }
    dump->ranges.count++;
}

void synth_minidump_memory(synth_minidump *dump, uint64_t addr, const void *bytes, size_t len)
{
    put_range(dump, addr, len);
    put(dump, &dump->memory_bytes, bytes, len);
}

void synth_minidump_promise(synth_minidump *dump, uint64_t addr, uint64_t len)
{
    put_range(dump, addr, len);
}

void synth_minidump_memory_at(synth_minidump *dump, uint64_t off)
{
    dump->memory_elsewhere = true;
    dump->memory_off = off;
}

void synth_minidump_area(synth_minidump *dump, uint64_t addr, uint64_t allocation, uint64_t len,
                         uint32_t state, uint32_t protect, uint32_t type)
{
    struct part *to = &dump->areas.records;
    put_number(dump, to, addr, 8);
    put_number(dump, to, allocation, 8);
    put_number(dump, to, protect, 4);
    put_number(dump, to, 0, 4);
    put_number(dump, to, len, 8);
    put_number(dump, to, state, 4);
    put_number(dump, to, protect, 4);
    put_number(dump, to, type, 4);
    put_number(dump, to, 0, 4);
    dump->areas.count++;
}

void synth_minidump_thread_info(synth_minidump *dump, uint32_t id, uint32_t flags, uint64_t kernel,
                                uint64_t user)
{
    struct part *to = &dump->thread_infos.records;
    put_number(dump, to, id, 4);
    put_number(dump, to, flags, 4);
    put_number(dump, to, 0, 4);
    put_number(dump, to, 259, 4); /* still active */
    put_zeros(dump, to, 16);
    put_number(dump, to, kernel, 8);
    put_number(dump, to, user, 8);
    put_number(dump, to, 0, 8);
    put_number(dump, to, 1, 8);
    dump->thread_infos.count++;
}

void synth_minidump_thread_name(synth_minidump *dump, uint32_t id, const char *name)
{
    struct part *to = &dump->thread_names.records;
    size_t at = put_ascii(dump, name);
    put_number(dump, to, id, 4);
    put_number(dump, to, 0, 4);
    patch_last(dump, to, at);
    put_number(dump, to, 0, 4);
    dump->thread_names.count++;
}

void synth_minidump_stream(synth_minidump *dump, uint32_t type, const void *bytes, size_t len)
{
    if (dump->nstreams == sizeof dump->streams / sizeof dump->streams[0]) {
        dump->failed = true;
        return;
    }
    struct stream *stream = &dump->streams[dump->nstreams++];
    stream->type = type;
    put(dump, &stream->body, bytes, len);
}

static void end_stream(synth_minidump *dump, uint32_t type, struct part *body)
{
    synth_minidump_stream(dump, type, body->bytes, body->len);
    free(body->bytes);
}

void synth_minidump_process(synth_minidump *dump, uint32_t process_id)
{
    struct part body = {0};
    put_number(dump, &body, 24, 4);
    put_number(dump, &body, 1, 4);
    put_number(dump, &body, process_id, 4);
    put_zeros(dump, &body, 12);
    end_stream(dump, 15, &body);
}

void synth_minidump_comment(synth_minidump *dump, const char *text)
{
    struct part body = {0};
    for (; *text; text++)
        put_number(dump, &body, (uint8_t)*text, 2);
    put_number(dump, &body, 0, 2);
    end_stream(dump, 11, &body);
}

void synth_minidump_exception(synth_minidump *dump, uint32_t thread_id, uint32_t code,
                              uint64_t addr)
{
    struct part body = {0};
    put_number(dump, &body, thread_id, 4);
    put_number(dump, &body, 0, 4);
    put_number(dump, &body, code, 4);
    put_number(dump, &body, 0, 4);
    put_number(dump, &body, 0, 8);
    put_number(dump, &body, addr, 8);
    put_zeros(dump, &body, 136);
    end_stream(dump, 6, &body);
}

void synth_minidump_omit_system(synth_minidump *dump)
{
    dump->no_system = true;
}

void synth_minidump_threads_ex(synth_minidump *dump)
{
    dump->threads_ex = true;
}

void synth_minidump_pad_lists(synth_minidump *dump)
{
    dump->padded = true;
}

/* ---- the file ---- */

static void put_directory_entry(synth_minidump *dump, struct part *file, size_t index,
                                uint32_t type, size_t off, size_t bytes)
{
    if (dump->failed)
        return;
    poke(file->bytes, 32 + 12 * index, type, 4);
    poke(file->bytes, 36 + 12 * index, bytes, 4);
    poke(file->bytes, 40 + 12 * index, off, 4);
}

static void put_system(synth_minidump *dump, struct part *to)
{
    put_number(dump, to, dump->architecture, 2);
    put_zeros(dump, to, 6);
    put_number(dump, to, 10, 4);
    put_number(dump, to, 0, 4);
    put_number(dump, to, 19045, 4);
    put_number(dump, to, 2, 4);
    put_zeros(dump, to, 32);
}

/* Copy a list's records to the file; what was noted about them moves along. */
static void put_records(synth_minidump *dump, struct part *file, struct list *list)
{
    size_t at = file->len;
    for (size_t i = 0; i < dump->npatches; i++)
        if (dump->patches[i].where == &list->records) {
            dump->patches[i].where = file;
            dump->patches[i].at += at;
        }
    put(dump, file, list->records.bytes, list->records.len);
}

static void put_list(synth_minidump *dump, struct part *file, struct list *list)
{
    put_number(dump, file, list->count, 4);
    if (dump->padded)
        put_number(dump, file, 0, 4);
    put_records(dump, file, list);
}

static void put_headed_list(synth_minidump *dump, struct part *file, struct list *list,
                            uint32_t entry_bytes, int count_width)
{
    put_number(dump, file, 8 + (uint32_t)count_width, 4);
    put_number(dump, file, entry_bytes, 4);
    put_number(dump, file, list->count, count_width);
    put_records(dump, file, list);
}

static size_t put_standard(synth_minidump *dump, struct part *file, uint32_t type)
{
    switch (type) {
    case 7:
        put_system(dump, file);
        return dump->no_system ? 0 : 1;
    case 3:
        put_list(dump, file, &dump->threads);
        return dump->threads.count;
    case 4:
        put_list(dump, file, &dump->modules);
        return dump->modules.count;
    case 16:
        put_headed_list(dump, file, &dump->areas, 48, 8);
        return dump->areas.count;
    case 17:
        put_headed_list(dump, file, &dump->thread_infos, 64, 4);
        return dump->thread_infos.count;
    case 24:
        put_number(dump, file, dump->thread_names.count, 4);
        put_records(dump, file, &dump->thread_names);
        return dump->thread_names.count;
    default:
        return 0;
    }
}

/* Returns the position in the file of the first range record. */
static size_t put_ranges(synth_minidump *dump, struct part *file)
{
    put_number(dump, file, dump->ranges.count, dump->memory == SYNTH_MEMORY64 ? 8 : 4);
    if (dump->memory == SYNTH_MEMORY64)
        put_number(dump, file, 0, 8); /* where memory begins: end_memory */
    else if (dump->padded)
        put_number(dump, file, 0, 4);
    size_t at = file->len;
    put(dump, file, dump->ranges.records.bytes, dump->ranges.records.len);
    return at;
}

static void end_memory(synth_minidump *dump, struct part *file, size_t records_at)
{
    uint64_t off = dump->memory_elsewhere ? dump->memory_off : file->len;
    if (dump->failed)
        return;
    if (dump->memory == SYNTH_MEMORY64)
        poke(file->bytes, records_at - 8, off, 8);
    for (size_t i = 0; dump->memory == SYNTH_MEMORY_LIST && i < dump->ranges.count; i++) {
        uint32_t relative;
        memcpy(&relative, file->bytes + records_at + 16 * i + 12, 4);
        poke(file->bytes, records_at + 16 * i + 12, off + relative, 4);
    }
    if (!dump->memory_elsewhere)
        put(dump, file, dump->memory_bytes.bytes, dump->memory_bytes.len);
}

static void put_blobs(synth_minidump *dump, struct part *file)
{
    put_zeros(dump, file, (16 - file->len % 16) % 16);
    size_t blobs_at = file->len;
    put(dump, file, dump->blobs.bytes, dump->blobs.len);
    for (size_t i = 0; !dump->failed && i < dump->npatches; i++)
        if (dump->patches[i].where == file) /* the others are of lists that were left out */
            poke(file->bytes, dump->patches[i].at, blobs_at + dump->patches[i].blob_at, 4);
}

static void write_file(synth_minidump *dump, struct part *file)
{
    static const uint32_t standard[] = {7, 3, 4, 16, 17, 24};
    size_t slots = 7 + dump->nstreams, used = 0, records_at = 0;
    put(dump, file, "MDMP", 4);
    put_number(dump, file, 0xa793, 4);
    put_number(dump, file, slots, 4);
    put_number(dump, file, 32, 4);
    put_number(dump, file, 0, 4);
    put_number(dump, file, 1600000000, 4);
    put_number(dump, file, dump->memory == SYNTH_MEMORY64 ? 2 : 0, 8);
    put_zeros(dump, file, 12 * slots);
    for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++) {
        size_t at = file->len;
        if (put_standard(dump, file, standard[i]))
            put_directory_entry(dump, file, used++,
                                standard[i] == 3 && dump->threads_ex ? 8 : standard[i], at,
                                file->len - at);
    }
    for (size_t i = 0; i < dump->nstreams; i++) {
        size_t at = file->len;
        put(dump, file, dump->streams[i].body.bytes, dump->streams[i].body.len);
        put_directory_entry(dump, file, used++, dump->streams[i].type, at, file->len - at);
    }
    if (dump->memory != SYNTH_MEMORY_NONE) {
        size_t at = file->len;
        records_at = put_ranges(dump, file);
        put_directory_entry(dump, file, used++, dump->memory == SYNTH_MEMORY64 ? 9 : 5, at,
                            file->len - at);
    }
    put_blobs(dump, file);
    if (dump->memory != SYNTH_MEMORY_NONE)
        end_memory(dump, file, records_at);
}

static void free_dump(synth_minidump *dump)
{
    struct list *lists[] = {&dump->threads, &dump->modules, &dump->ranges,
                            &dump->areas, &dump->thread_infos, &dump->thread_names};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free(lists[i]->records.bytes);
    for (size_t i = 0; i < dump->nstreams; i++)
        free(dump->streams[i].body.bytes);
    free(dump->blobs.bytes);
    free(dump->memory_bytes.bytes);
    free(dump->patches);
    free(dump);
}

uint8_t *synth_minidump_end(synth_minidump *dump, size_t *out_len)
{
    struct part file = {0};
    write_file(dump, &file);
    /* An exact copy, so that the address sanitizer sees the first byte behind the end. */
    uint8_t *bytes = dump->failed ? NULL : malloc(file.len);
    if (bytes) {
        memcpy(bytes, file.bytes, file.len);
        *out_len = file.len;
    }
    free(file.bytes);
    free_dump(dump);
    return bytes;
}
