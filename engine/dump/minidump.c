/* dump: Windows minidumps: header, stream directory, and the streams that describe the process as a whole.
 *
 * Input: the mapped image. Output: info, modules, threads, memory areas and ranges of the dump.
 * Method: the directory is reduced to the first stream of each kind we know; they are read in the
 * order of KINDS, since everything else depends on the pointer size in SystemInfo. Unknown and unused
 * streams are ignored. Whatever headers promise beyond the end of the file is counted in missing_bytes.
 * Format: MINIDUMP_* in the Windows SDK's documentation of minidumpapiset.h. */
#include "minidump.h"

#include <stdio.h>
#include "../base/status.h"
#include "limits.h"

enum {
    SIGNATURE = 0x504d444d, /* "MDMP" */
    HEADER_BYTES = 32,
    DIRECTORY_ENTRY_BYTES = 12,
    CPU_X86 = 0,
    CPU_ARM = 5,
    CPU_X64 = 9,
    CPU_ARM64 = 12,
    CPU_ARM64_BREAKPAD = 0x8003,
    PLATFORM_NT = 2, /* 0 and 1: Windows before NT; writers that leave the field empty */
    MISC_HAS_PROCESS_ID = 1,
    WITH_FULL_MEMORY = 0x2, /* MINIDUMP_TYPE, in the header */
    WITH_INDIRECT_MEMORY = 0x40,
    WITH_PRIVATE_MEMORY = 0x200,
    STREAM_WINE_ELF_MODULES = 0xfff0 /* only Wine's dbghelp writes it */
};

bool hgr_minidump_matches(const uint8_t *image, size_t len)
{
    return len >= 4 && memcmp(image, "MDMP", 4) == 0;
}

bool hgr_minidump_view(const hgr_minidump *md, uint64_t off, uint64_t len, const uint8_t **out)
{
    size_t file_len = md->dump->file_len;
    if (off > file_len || len > file_len - off)
        return false;
    *out = md->dump->file + off;
    return true;
}

void hgr_minidump_miss(const hgr_minidump *md, uint64_t bytes)
{
    uint64_t *missing = &md->dump->info.missing_bytes;
    if (!hgr_add_u64(*missing, bytes, missing))
        *missing = UINT64_MAX;
}

/* ---- lists ---- */

hgr_result hgr_minidump_count(const hgr_minidump *md, const hgr_cursor *stream,
                              const hgr_minidump_list *list, uint64_t promised, size_t *out,
                              hgr_status *status)
{
    if (promised > list->limit)
        return hgr_cursor_fail(stream, status, HGR_TOO_LARGE, "%s: %llu entries, limit %zu",
                               list->what, (unsigned long long)promised, list->limit);
    uint64_t held = hgr_cursor_left(stream) / list->record_bytes;
    if (held < promised) {
        uint64_t bytes;
        bool fits = !__builtin_mul_overflow(promised - held, list->record_bytes, &bytes);
        hgr_minidump_miss(md, fits ? bytes : UINT64_MAX);
        hgr_result result = hgr_dump_warn(md->dump, status, "%s: %llu entries, the file holds %llu",
                                          list->what, (unsigned long long)promised,
                                          (unsigned long long)held);
        if (result != HGR_OK)
            return result;
        promised = held;
    }
    *out = (size_t)promised; /* <= limit */
    return HGR_OK;
}

/* Breakpad's writers align the records to 8 bytes, Windows' do not. */
static void skip_padding(hgr_cursor *stream, size_t record_bytes, uint64_t count)
{
    uint64_t bytes = count * record_bytes; /* both 32 bits at most */
    if (hgr_cursor_left(stream) == bytes + 4)
        stream->pos += 4;
}

hgr_result hgr_minidump_begin_list(const hgr_minidump *md, hgr_cursor *stream,
                                   const hgr_minidump_list *list, size_t *out, hgr_status *status)
{
    uint32_t promised = 0;
    if (hgr_cursor_u32(stream, &promised))
        skip_padding(stream, list->record_bytes, promised);
    return hgr_minidump_count(md, stream, list, promised, out, status);
}

hgr_result hgr_minidump_begin_headed_list(const hgr_minidump *md, hgr_cursor *stream,
                                          hgr_minidump_list *list, uint32_t count_bytes,
                                          size_t *out, hgr_status *status)
{
    uint32_t header_bytes, record_bytes, narrow = 0;
    uint64_t promised = 0;
    *out = 0;
    if (!hgr_cursor_u32(stream, &header_bytes) || !hgr_cursor_u32(stream, &record_bytes) ||
        !(count_bytes == 8 ? hgr_cursor_u64(stream, &promised) : hgr_cursor_u32(stream, &narrow)) ||
        !hgr_cursor_seek(stream, header_bytes))
        return HGR_OK; /* cut off before its first record: the stream's bytes are counted as missing */
    if (record_bytes < list->record_bytes)
        return hgr_cursor_fail(stream, status, HGR_BAD_DATA,
                               "%s: entries of %u bytes, expected %zu at least", list->what,
                               record_bytes, list->record_bytes);
    list->record_bytes = record_bytes;
    return hgr_minidump_count(md, stream, list, count_bytes == 8 ? promised : narrow, out, status);
}

/* ---- streams about the whole process ---- */

static hgr_result refuse_cpu(const hgr_cursor *stream, uint32_t cpu, hgr_status *status)
{
    if (cpu == CPU_ARM64 || cpu == CPU_ARM64_BREAKPAD)
        return hgr_cursor_fail(stream, status, HGR_UNSUPPORTED,
                               "minidump of an arm64 process: only x64 and x86 can be read");
    if (cpu == CPU_ARM)
        return hgr_cursor_fail(stream, status, HGR_UNSUPPORTED,
                               "minidump of an arm process: only x64 and x86 can be read");
    return hgr_cursor_fail(stream, status, HGR_UNSUPPORTED,
                           "minidump of an unknown processor: architecture %u, expected 9 (x64) or 0 (x86)",
                           cpu);
}

static hgr_result set_os_version(hgr_minidump *md, const uint32_t version[3], hgr_status *status)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%u.%u.%u", version[0], version[1], version[2]);
    const char *kept = hgr_arena_text(&md->dump->arena, text, (size_t)len, status);
    if (!kept)
        return HGR_NO_MEMORY;
    md->dump->info.os_version = kept;
    return HGR_OK;
}

/* The pointer size is that of the dump's CPU. A 32-bit process that a 64-bit tool dumped says x64
 * here: hgr_minidump_settle sees that later. */
static hgr_result read_system_info(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    hgr_dump_info *info = &md->dump->info;
    hgr_cursor at = stream;
    uint16_t cpu;
    uint32_t version[3], platform;
    if (!hgr_cursor_u16(&at, &cpu))
        return hgr_cursor_fail(&at, status, HGR_TRUNCATED, "minidump: SystemInfo is cut off");
    if (cpu != CPU_X86 && cpu != CPU_X64)
        return refuse_cpu(&stream, cpu, status);
    info->cpu = cpu == CPU_X64 ? "x64" : "x86";
    info->pointer_size = md->dump->space.pointer_size = cpu == CPU_X64 ? 8 : 4;
    md->addr_end = cpu == CPU_X64 ? UINT64_MAX : UINT64_C(1) << 32;
    info->os = "windows";
    if (!hgr_cursor_skip(&at, 6) || !hgr_cursor_u32(&at, &version[0]) ||
        !hgr_cursor_u32(&at, &version[1]) || !hgr_cursor_u32(&at, &version[2]) ||
        !hgr_cursor_u32(&at, &platform))
        return HGR_OK; /* the version is lost, the dump is not */
    if (platform > PLATFORM_NT)
        return hgr_cursor_fail(&stream, status, HGR_UNSUPPORTED,
                               "minidump of another system than Windows: platform %#x", platform);
    return set_os_version(md, version, status);
}

static hgr_result read_misc_info(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    (void)status;
    uint32_t flags, process_id;
    if (hgr_cursor_skip(&stream, 4) && hgr_cursor_u32(&stream, &flags) &&
        hgr_cursor_u32(&stream, &process_id) && (flags & MISC_HAS_PROCESS_ID))
        md->dump->info.process_id = process_id;
    return HGR_OK;
}

static hgr_result read_exception(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    (void)status;
    uint32_t thread_id, code;
    uint64_t addr;
    /* thread, padding, then the record: code, flags, nested record, address */
    if (hgr_cursor_u32(&stream, &thread_id) && hgr_cursor_skip(&stream, 4) &&
        hgr_cursor_u32(&stream, &code) && hgr_cursor_skip(&stream, 12) &&
        hgr_cursor_u64(&stream, &addr)) {
        md->dump->info.exception_thread_id = thread_id;
        md->dump->info.exception_code = code;
        md->dump->info.exception_addr = hgr_minidump_addr(md, addr);
    }
    return HGR_OK;
}

static bool contains(const char *text, const char *word)
{
    return strstr(text, word) != NULL;
}

static hgr_result keep_comment(hgr_minidump *md, const char *comment)
{
    hgr_dump_info *info = &md->dump->info;
    if (!info->comment || !info->comment[0])
        info->comment = comment;
    if (contains(comment, "procdump")) /* it writes its command line here */
        info->writer = "procdump";
    return HGR_OK;
}

static hgr_result read_comment_a(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    size_t len = strnlen((const char *)stream.bytes, stream.len);
    if (len > HGR_MAX_MINIDUMP_TEXT_UNITS)
        len = HGR_MAX_MINIDUMP_TEXT_UNITS;
    const char *text = hgr_arena_text(&md->dump->arena, (const char *)stream.bytes, len, status);
    return text ? keep_comment(md, text) : HGR_NO_MEMORY;
}

static hgr_result read_comment_w(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const char *text;
    hgr_result result = hgr_minidump_text_of(md, stream.bytes, stream.len, &text, status);
    return result == HGR_OK ? keep_comment(md, text) : result;
}

static hgr_result note_wine(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    (void)stream;
    (void)status;
    md->dump->info.writer = "wine";
    return HGR_OK;
}

/* ---- the directory ---- */

/* In the order in which they are read: memory before threads, whose stacks may repeat it. */
static const struct stream_kind {
    uint32_t                type;
    hgr_minidump_stream_fn *read;
} KINDS[] = {
    {7, read_system_info},
    {15, read_misc_info},
    {9, hgr_minidump_memory64_list},
    {5, hgr_minidump_memory_list},
    {4, hgr_minidump_module_list},
    {3, hgr_minidump_thread_list},
    {8, hgr_minidump_thread_ex_list},
    {17, hgr_minidump_thread_info_list},
    {24, hgr_minidump_thread_names},
    {16, hgr_minidump_memory_info_list},
    {6, read_exception},
    {STREAM_WINE_ELF_MODULES, note_wine},
    {10, read_comment_a},
    {11, read_comment_w},
};

enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

struct stream_place {
    uint32_t off, bytes;
    bool     present;
};

static void note_stream(struct stream_place *places, uint32_t type, uint32_t bytes, uint32_t off)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (KINDS[i].type == type && !places[i].present)
            places[i] = (struct stream_place){off, bytes, true};
}

static hgr_result read_directory(hgr_minidump *md, struct stream_place *places, hgr_status *status)
{
    const struct hgr_dump *dump = md->dump;
    hgr_cursor at = hgr_cursor_make(dump->file, dump->file_len, 0, HGR_AT_FILE);
    uint32_t count, off, taken;
    uint64_t flags;
    if (dump->file_len < HEADER_BYTES)
        return hgr_cursor_fail(&at, status, HGR_TRUNCATED,
                               "minidump: %zu bytes, its header alone has %d", dump->file_len,
                               HEADER_BYTES);
    if (!hgr_cursor_skip(&at, 8) || !hgr_cursor_u32(&at, &count) || !hgr_cursor_u32(&at, &off) ||
        !hgr_cursor_skip(&at, 4) || !hgr_cursor_u32(&at, &taken) || !hgr_cursor_u64(&at, &flags))
        return HGR_INTERNAL; /* HEADER_BYTES are there */
    md->dump->info.taken_unix_s = taken;
    md->dump->info.content = flags & WITH_FULL_MEMORY       ? HGR_CONTENT_FULL
                             : flags & WITH_PRIVATE_MEMORY  ? HGR_CONTENT_PRIVATE
                             : flags & WITH_INDIRECT_MEMORY ? HGR_CONTENT_UNKNOWN
                                                            : HGR_CONTENT_STACKS;
    if (!hgr_cursor_seek(&at, off) || hgr_cursor_left(&at) < DIRECTORY_ENTRY_BYTES)
        return hgr_fail_file(status, HGR_TRUNCATED, off,
                             "minidump: stream directory at %u, but the file ends at %zu", off,
                             dump->file_len);
    const hgr_minidump_list list = {"stream directory", DIRECTORY_ENTRY_BYTES,
                                    HGR_MAX_MINIDUMP_STREAMS};
    size_t held;
    hgr_result result = hgr_minidump_count(md, &at, &list, count, &held, status);
    for (size_t i = 0; result == HGR_OK && i < held; i++) {
        uint32_t type = 0, bytes = 0, stream_off = 0;
        if (!hgr_cursor_u32(&at, &type) || !hgr_cursor_u32(&at, &bytes) ||
            !hgr_cursor_u32(&at, &stream_off))
            return HGR_INTERNAL; /* counted above */
        note_stream(places, type, bytes, stream_off);
    }
    return result;
}

/* A cursor over what the file holds of a stream. */
static hgr_cursor stream_cursor(const hgr_minidump *md, const struct stream_place *place)
{
    size_t file_len = md->dump->file_len;
    size_t off = place->off < file_len ? place->off : file_len;
    size_t held = place->bytes < file_len - off ? place->bytes : file_len - off;
    hgr_minidump_miss(md, place->bytes - held);
    return hgr_cursor_make(md->dump->file + off, held, off, HGR_AT_FILE);
}

static hgr_result read_streams(hgr_minidump *md, const struct stream_place *places,
                               hgr_status *status)
{
    if (!places[0].present)
        return hgr_fail(status, md->dump->info.missing_bytes ? HGR_TRUNCATED : HGR_BAD_DATA,
                        "minidump: no SystemInfo stream, so the processor is unknown");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!places[i].present)
            continue;
        hgr_result result = KINDS[i].read(md, stream_cursor(md, &places[i]), status);
        if (result != HGR_OK)
            return result;
    }
    hgr_minidump_set_access(md);
    return HGR_OK;
}

hgr_result hgr_minidump_read(struct hgr_dump *dump, const hgr_dump_options *options,
                             hgr_status *status)
{
    (void)options;
    struct stream_place places[KIND_COUNT] = {{0, 0, false}};
    hgr_minidump md = {.dump = dump, .addr_end = UINT64_MAX};
    hgr_map_init(&md.thread_at, dump->run);
    dump->info.format = "minidump";
    dump->info.writer = "unknown";
    dump->info.os_version = "";
    dump->info.comment = "";
    hgr_result result = read_directory(&md, places, status);
    if (result == HGR_OK)
        result = read_streams(&md, places, status);
    hgr_map_fini(&md.thread_at);
    return result;
}
