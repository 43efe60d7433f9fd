/* Minidumps written byte by byte by synth: what the reader must make of each stream, of lies, and of less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <heapgraph/slim.h>

#include "base/run.h"
#include "dump/dump.h"
#include "synth/minidump_writer.h"

enum { X86 = 0, ARM64 = 12, X64 = 9 };

static const uint8_t PDB_ID[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 3, 0, 0, 0};

struct opened {
    hgr_run    *run;
    hgr_dump   *dump;
    uint8_t    *bytes;
    size_t      len;
    hgr_result  result;
    hgr_status  status;
};

static struct opened open_bytes(uint8_t *bytes, size_t len)
{
    struct opened o = {.bytes = bytes, .len = len};
    assert_non_null(bytes);
    assert_int_equal(hgr_run_create(1, &o.run, NULL), HGR_OK);
    o.result = hgr_dump_open_bytes(bytes, len, NULL, o.run, &o.dump, &o.status);
    return o;
}

static struct opened open_synth(synth_minidump *synth)
{
    size_t len = 0;
    uint8_t *bytes = synth_minidump_end(synth, &len);
    return open_bytes(bytes, len);
}

static void close_opened(struct opened *o)
{
    hgr_dump_close(o->dump);
    assert_int_equal(hgr_run_memory_bytes(o->run), 0);
    hgr_run_free(o->run);
    free(o->bytes);
}

static synth_minidump *begin_with_words(uint16_t cpu, enum synth_memory memory)
{
    static const uint32_t words[4] = {11, 22, 33, 44};
    synth_minidump *synth = synth_minidump_begin(cpu, memory);
    synth_minidump_memory(synth, 0x10000, words, sizeof words);
    return synth;
}

static uint32_t word_at(const hgr_dump *dump, uint64_t addr)
{
    uint32_t word = 0;
    return hgr_dump_read(dump, addr, &word, sizeof word) ? word : UINT32_MAX;
}

/* ---- the process as a whole ---- */

static void facts_of_the_process(void **state)
{
    (void)state;
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_process(synth, 4711);
    synth_minidump_comment(synth, "*** procdump64 -ma w3wp");
    synth_minidump_exception(synth, 99, 0xe0434352, 0x7ff812345678);
    synth_minidump_module(synth, 0x400000, 0x1000, 7, "C:\\inetpub\\Shop.exe", NULL);
    synth_minidump_stream(synth, 0x12345, "unknown to everybody", 20);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    const hgr_dump_info *info = hgr_dump_get_info(o.dump);
    assert_string_equal(info->format, "minidump");
    assert_string_equal(info->os, "windows");
    assert_string_equal(info->os_version, "10.0.19045");
    assert_string_equal(info->cpu, "x64");
    assert_string_equal(info->writer, "procdump");
    assert_string_equal(info->comment, "*** procdump64 -ma w3wp");
    assert_string_equal(info->process_name, "Shop.exe");
    assert_int_equal(info->pointer_size, 8);
    assert_int_equal(info->process_id, 4711);
    assert_int_equal(info->taken_unix_s, 1600000000);
    assert_int_equal(info->exception_thread_id, 99);
    assert_int_equal(info->exception_code, 0xe0434352);
    assert_int_equal(info->exception_addr, 0x7ff812345678);
    assert_int_equal(info->missing_bytes, 0);
    assert_null(hgr_dump_warning(o.dump, 0));
    close_opened(&o);
}

/* CommentStreamA ends at its zero; where both kinds are, the narrow one is kept. */
static void comments_of_both_widths(void **state)
{
    (void)state;
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_stream(synth, 10, "narrow\0behind", 13);
    synth_minidump_comment(synth, "wide");
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_string_equal(hgr_dump_get_info(o.dump)->comment, "narrow");
    close_opened(&o);
    synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_stream(synth, 10, "without an end", 14);
    o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_string_equal(hgr_dump_get_info(o.dump)->comment, "without an end");
    close_opened(&o);
}

static void nothing_said_is_nothing_known(void **state)
{
    (void)state;
    struct opened o = open_synth(begin_with_words(X86, SYNTH_MEMORY64));
    assert_int_equal(o.result, HGR_OK);
    const hgr_dump_info *info = hgr_dump_get_info(o.dump);
    assert_string_equal(info->writer, "unknown");
    assert_string_equal(info->comment, "");
    assert_string_equal(info->cpu, "x86");
    assert_int_equal(info->pointer_size, 4);
    assert_int_equal(info->process_id, 0);
    assert_int_equal(info->exception_code, 0);
    assert_int_equal(hgr_dump_modules(o.dump), 0);
    assert_int_equal(hgr_dump_threads(o.dump), 0);
    assert_int_equal(hgr_dump_memory_areas(o.dump), 0);
    close_opened(&o);
}

/* ---- memory ---- */

static void both_kinds_of_memory_list(void **state)
{
    (void)state;
    const enum synth_memory kinds[] = {SYNTH_MEMORY64, SYNTH_MEMORY_LIST};
    for (size_t i = 0; i < 2; i++)
        for (int padded = 0; padded < 2; padded++) {
            synth_minidump *synth = begin_with_words(X64, kinds[i]);
            synth_minidump_memory(synth, 0x10010, "beside", 6);
            synth_minidump_memory(synth, 0x5000, "before", 6);
            if (padded)
                synth_minidump_pad_lists(synth);
            struct opened o = open_synth(synth);
            assert_int_equal(o.result, HGR_OK);
            assert_int_equal(word_at(o.dump, 0x10000), 11);
            assert_int_equal(word_at(o.dump, 0x1000c), 44);
            char text[10];
            assert_true(hgr_dump_read(o.dump, 0x1000c, text, 10)); /* across two ranges */
            assert_memory_equal(text + 4, "beside", 6);
            assert_true(hgr_dump_read(o.dump, 0x5000, text, 6));
            assert_memory_equal(text, "before", 6);
            assert_false(hgr_dump_read(o.dump, 0x5000, text, 7));
            for (size_t r = 1; r < hgr_dump_ranges(o.dump); r++)
                assert_true(hgr_dump_range(o.dump, r)->start_addr >=
                            hgr_dump_range(o.dump, r - 1)->end_addr);
            close_opened(&o);
        }
}

static void overlapping_ranges_keep_the_first(void **state)
{
    (void)state;
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_memory(synth, 0xfffc, "AAAABBBBCCCC", 12);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_int_equal(word_at(o.dump, 0xfffc), 0x41414141);
    assert_int_equal(word_at(o.dump, 0x10000), 11);
    assert_int_equal(word_at(o.dump, 0x10004), 22);
    close_opened(&o);
}

static void sign_extended_addresses_are_masked(void **state)
{
    (void)state;
    synth_minidump *synth = synth_minidump_begin(X86, SYNTH_MEMORY64);
    synth_minidump_memory(synth, 0xffffffff80001000, "high", 4);
    synth_minidump_memory(synth, 0xfffffffffffffffe, "edge", 4); /* two bytes are beyond 4 GiB */
    synth_minidump_module(synth, 0xffffffff90000000, 0x2000, 1, "a.dll", NULL);
    synth_minidump_area(synth, 0xffffffff80000000, 0, 0x10000, 0x1000, 4, 0x20000);
    synth_minidump_thread(synth, &(synth_windows_thread){.id = 5,
                                                         .teb = 0xffffffff7ffde000,
                                                         .stack_addr = 0xfffffffff0000000,
                                                         .stack_bytes = 0x1000,
                                                         .registers = {[4] = 0x9000f000}});
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    char text[4];
    assert_true(hgr_dump_read(o.dump, 0x80001000, text, 4));
    assert_memory_equal(text, "high", 4);
    assert_true(hgr_dump_read(o.dump, 0xfffffffe, text, 2));
    assert_memory_equal(text, "ed", 2);
    assert_int_equal(hgr_dump_module(o.dump, 0)->base_addr, 0x90000000);
    assert_int_equal(hgr_dump_memory_area(o.dump, 0)->start_addr, 0x80000000);
    const hgr_thread *thread = hgr_dump_thread(o.dump, 0);
    assert_int_equal(thread->teb_addr, 0x7ffde000);
    assert_int_equal(thread->stack_start_addr, 0xf0000000);
    assert_int_equal(thread->stack_end_addr, 0xf0001000);
    assert_int_equal(thread->sp, 0x9000f000);
    close_opened(&o);
}

static void memory_beyond_four_gigabytes_of_file(void **state)
{
    (void)state;
    const uint64_t at = UINT64_C(5) << 30;
    char path[] = "/tmp/hgr_test_minidump_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_promise(synth, 0x700000000000, 0x100000000);
    synth_minidump_memory_at(synth, at);
    size_t len = 0;
    uint8_t *bytes = synth_minidump_end(synth, &len);
    assert_non_null(bytes);
    const uint32_t word = 0xfeedbeef;
    assert_int_equal(pwrite(file, bytes, len, 0), len);
    assert_int_equal(pwrite(file, &word, 4, (off_t)(at + 16 + 0xfffffffc)), 4); /* sparse */
    free(bytes);
    hgr_run *run;
    hgr_dump *dump;
    hgr_status status;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    assert_int_equal(hgr_dump_open(path, NULL, run, &dump, &status), HGR_OK);
    assert_int_equal(word_at(dump, 0x7000fffffffc), word);
    assert_int_equal(hgr_dump_get_info(dump)->missing_bytes, 0);
    hgr_dump_close(dump);
    hgr_run_free(run);
    close(file);
    unlink(path);
}

static void ranges_outside_the_file_are_missing(void **state)
{
    (void)state;
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_promise(synth, 0x20000, 1000);
    synth_minidump_promise(synth, 0x30000, UINT64_C(1) << 40);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_int_equal(word_at(o.dump, 0x10000), 11);
    assert_int_equal(word_at(o.dump, 0x20000), UINT32_MAX);
    assert_int_equal(hgr_dump_get_info(o.dump)->missing_bytes, 1000 + (UINT64_C(1) << 40));
    assert_int_equal(o.dump->nlost, 2);
    close_opened(&o);
}

static void normal_minidump_opens(void **state)
{
    (void)state;
    synth_minidump *synth = synth_minidump_begin(X86, SYNTH_MEMORY_NONE);
    synth_minidump_module(synth, 0x400000, 0x1000, 7, "coreclr.dll", NULL);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_int_equal(hgr_dump_ranges(o.dump), 0);
    assert_int_equal(hgr_dump_modules(o.dump), 1);
    close_opened(&o);
}

static void areas_are_settled_and_give_access(void **state)
{
    (void)state;
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_memory(synth, 0x40000, "code", 4);
    synth_minidump_area(synth, 0x40000, 0x40000, 0x1000, 0x1000, 0x20, 0x1000000);
    synth_minidump_area(synth, 0x10000, 0x10000, 0x2000, 0x1000, 0x04, 0x20000);
    synth_minidump_area(synth, 0x11000, 0x10000, 0x2000, 0x2000, 0, 0x20000); /* overlaps by half */
    synth_minidump_area(synth, 0x10800, 0x10000, 0x100, 0x10000, 0, 0);       /* lies inside */
    synth_minidump_area(synth, 0x50000, 0, UINT64_MAX, 0x10000, 1, 0);        /* wraps */
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    const hgr_memory_area expected[] = {
        {0x10000, 0x12000, 0x10000, HGR_ACCESS_READ | HGR_ACCESS_WRITE, HGR_AREA_COMMITTED,
         HGR_AREA_PRIVATE},
        {0x12000, 0x13000, 0x10000, 0, HGR_AREA_RESERVED, HGR_AREA_PRIVATE},
        {0x40000, 0x41000, 0x40000, HGR_ACCESS_READ | HGR_ACCESS_EXECUTE, HGR_AREA_COMMITTED,
         HGR_AREA_IMAGE},
        {0x50000, UINT64_MAX, 0, 0, HGR_AREA_FREE, HGR_AREA_UNKNOWN},
    };
    assert_int_equal(hgr_dump_memory_areas(o.dump), 4);
    for (size_t i = 0; i < 4; i++) {
        const hgr_memory_area *area = hgr_dump_memory_area(o.dump, i);
        assert_int_equal(area->start_addr, expected[i].start_addr);
        assert_int_equal(area->end_addr, expected[i].end_addr);
        assert_int_equal(area->allocation_addr, expected[i].allocation_addr);
        assert_int_equal(area->access, expected[i].access);
        assert_int_equal(area->state, expected[i].state);
        assert_int_equal(area->kind, expected[i].kind);
    }
    assert_int_equal(hgr_dump_range(o.dump, 0)->access, HGR_ACCESS_READ | HGR_ACCESS_WRITE);
    assert_int_equal(hgr_dump_range(o.dump, 1)->access, HGR_ACCESS_READ | HGR_ACCESS_EXECUTE);
    close_opened(&o);
}

/* ---- modules ---- */

static void modules_ascend_with_names_and_ids(void **state)
{
    (void)state;
    const uint16_t wide[] = {'Z', 0xe9, 0x20ac, 0xd83d, 0xde00, 0xd800, 'x', 0xdc00, 0, 'n', 'o'};
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_module(synth, 0x7ff900000000, 0x5000, 0x5c40c18e, "C:\\x\\coreclr.dll", PDB_ID);
    synth_minidump_module_wide(synth, 0x1000000, 0x1000, 2, wide, 11, NULL);
    synth_minidump_module(synth, 0xffffffffffff0000, 0x80000000, 3, "", NULL);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    assert_int_equal(hgr_dump_modules(o.dump), 3);
    const hgr_module *first = hgr_dump_module(o.dump, 0), *second = hgr_dump_module(o.dump, 1),
                     *last = hgr_dump_module(o.dump, 2);
    /* e acute, euro, an emoji; a lone high and a lone low half become U+FFFD; the zero ends it */
    assert_string_equal(first->path, "Z\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd");
    assert_null(first->build_id);
    assert_string_equal(second->path, "C:\\x\\coreclr.dll");
    assert_int_equal(second->base_addr, 0x7ff900000000);
    assert_int_equal(second->size_bytes, 0x5000);
    assert_int_equal(second->timestamp, 0x5c40c18e);
    assert_int_equal(second->build_id_len, 20);
    assert_memory_equal(second->build_id, PDB_ID, 20);
    assert_string_equal(last->path, "");
    assert_true(last->size_bytes <= UINT64_MAX - last->base_addr); /* base + size does not wrap */
    close_opened(&o);
}

/* ---- threads ---- */

static synth_windows_thread make_thread(uint32_t id)
{
    synth_windows_thread thread = {.id = id,
                                   .teb = 0x7ff000 + id,
                                   .stack_addr = 0x100000 + 0x1000 * (uint64_t)id,
                                   .stack_bytes = 0x800,
                                   .ip = 0x77000000 + id};
    for (uint32_t i = 0; i < 16; i++)
        thread.registers[i] = 0x5a000000 + 0x100 * (uint64_t)id + i;
    return thread;
}

static void threads_of_both_processors(void **state)
{
    (void)state;
    const uint16_t cpus[] = {X64, X86};
    for (size_t c = 0; c < 2; c++)
        for (int ex = 0; ex < 2; ex++) {
            synth_minidump *synth = begin_with_words(cpus[c], SYNTH_MEMORY64);
            if (ex)
                synth_minidump_threads_ex(synth);
            for (uint32_t id = 30; id > 0; id -= 10) {
                synth_windows_thread thread = make_thread(id);
                synth_minidump_thread(synth, &thread);
            }
            synth_minidump_thread_info(synth, 10, 0, 1000, 234);
            synth_minidump_thread_info(synth, 12345, 0, 1, 1); /* no such thread */
            synth_minidump_thread_info(synth, 20, 0x10 | 0x20, UINT64_MAX, 1);
            synth_minidump_thread_name(synth, 30, ".NET Finalizer");
            synth_minidump_thread_name(synth, 31, "nobody");
            struct opened o = open_synth(synth);
            assert_int_equal(o.result, HGR_OK);
            assert_int_equal(hgr_dump_threads(o.dump), 3);
            const hgr_thread *thread = hgr_dump_thread(o.dump, 0);
            uint32_t expected = cpus[c] == X64 ? 16 : 8;
            assert_int_equal(thread->os_id, 30);
            assert_int_equal(thread->nregisters, expected);
            for (uint32_t i = 0; i < expected; i++)
                assert_int_equal(thread->registers[i], 0x5a000000 + 0x100 * 30 + i);
            assert_int_equal(thread->ip, 0x77000000 + 30);
            assert_int_equal(thread->sp, thread->registers[4]);
            assert_int_equal(thread->fp, thread->registers[5]);
            assert_int_equal(thread->teb_addr, 0x7ff000 + 30);
            assert_int_equal(thread->stack_start_addr, 0x100000 + 0x1000 * 30);
            assert_int_equal(thread->stack_end_addr, 0x100000 + 0x1000 * 30 + 0x800);
            assert_string_equal(thread->name, ".NET Finalizer");
            assert_int_equal(hgr_dump_thread(o.dump, 1)->nregisters, 0); /* said to be invalid */
            assert_int_equal(hgr_dump_thread(o.dump, 1)->teb_addr, 0);
            assert_int_equal(hgr_dump_thread(o.dump, 1)->cpu_time_ns, 0); /* the sum wraps */
            assert_int_equal(hgr_dump_thread(o.dump, 2)->cpu_time_ns, 123400);
            assert_null(hgr_dump_thread(o.dump, 2)->name);
            close_opened(&o);
        }
}

static void stacks_are_memory_where_no_list_has_them(void **state)
{
    (void)state;
    const enum synth_memory kinds[] = {SYNTH_MEMORY_NONE, SYNTH_MEMORY64};
    for (size_t i = 0; i < 2; i++) {
        static const uint32_t stack[2] = {77, 88};
        synth_minidump *synth = synth_minidump_begin(X86, kinds[i]);
        if (kinds[i] == SYNTH_MEMORY64)
            synth_minidump_memory(synth, 0x10000, "list", 4);
        synth_windows_thread thread = make_thread(1);
        thread.stack = stack;
        thread.stack_bytes = sizeof stack;
        synth_minidump_thread(synth, &thread);
        struct opened o = open_synth(synth);
        assert_int_equal(o.result, HGR_OK);
        assert_int_equal(word_at(o.dump, thread.stack_addr + 4), i == 0 ? 88 : UINT32_MAX);
        close_opened(&o);
    }
}

static void odd_contexts(void **state)
{
    (void)state;
    const struct {
        uint16_t cpu;
        uint32_t flags, bytes, registers;
        bool     has_ip;
    } rows[] = {
        {X64, 0x10001f, 1232, 16, true}, {X64, 0x10001f, 3000, 16, true}, /* with extended state */
        {X64, 0x10001f, 255, 0, false},  {X64, 0x10007, 1232, 0, false},  /* flags of x86 */
        {X64, 0x100001, 1232, 0, true},  {X64, 0x100002, 1232, 0, false},
        {X86, 0x10007, 716, 8, true},    {X86, 0x10003, 204, 8, true},
        {X86, 0x10007, 203, 0, false},   {X86, 0x10001f0, 716, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        synth_minidump *synth = begin_with_words(rows[i].cpu, SYNTH_MEMORY64);
        synth_windows_thread thread = make_thread(1);
        thread.context_flags = rows[i].flags;
        thread.context_bytes = rows[i].bytes;
        synth_minidump_thread(synth, &thread);
        struct opened o = open_synth(synth);
        assert_int_equal(o.result, HGR_OK);
        assert_int_equal(hgr_dump_thread(o.dump, 0)->nregisters, rows[i].registers);
        assert_int_equal(hgr_dump_thread(o.dump, 0)->ip != 0, rows[i].has_ip);
        close_opened(&o);
    }
}

/* ---- a 32-bit process in a 64-bit file ---- */

enum { WIDE_TEB = 0x7ff000, NARROW_TEB = 0x801000, CPU_AREA = 0x802000 };

/* The first page of an image for a machine. */
static void put_image(synth_minidump *synth, uint64_t base, uint16_t machine)
{
    uint8_t head[0x200] = {'M', 'Z'};
    head[60] = 0x80;
    memcpy(head + 0x80, "PE", 2);
    memcpy(head + 0x84, &machine, 2);
    head[0x94] = 0xe0; /* bytes of the optional header */
    synth_minidump_memory(synth, base, head, sizeof head);
}

/* What the thread's 32-bit half left in memory: TEBs, the pointer to its registers, the registers.
 */
static void put_narrow_half(synth_minidump *synth, uint16_t machine)
{
    uint8_t wide[0x1490] = {0}, narrow[0x20] = {0}, area[4 + 204] = {0};
    const uint64_t teb = NARROW_TEB, at = CPU_AREA;
    const uint32_t stack_base = 0x910000, self = NARROW_TEB;
    memcpy(wide, &teb, 8);
    memcpy(wide + 0x1488, &at, 8);
    memcpy(narrow + 4, &stack_base, 4);
    memcpy(narrow + 0x18, &self, 4);
    memcpy(area + 2, &machine, 2);
    for (uint32_t word = 0; word < 51; word++) {
        uint32_t value = 0x900000 + word; /* by its place in the CONTEXT */
        memcpy(area + 4 + 4 * word, &value, 4);
    }
    synth_minidump_memory(synth, WIDE_TEB, wide, sizeof wide);
    synth_minidump_memory(synth, NARROW_TEB, narrow, sizeof narrow);
    synth_minidump_memory(synth, CPU_AREA, area, sizeof area);
}

static void the_runtime_or_wow64_tells_the_width(void **state)
{
    (void)state;
    enum { NO_HEADER = 0, I386 = 0x14c, AMD64 = 0x8664 };
    static const struct {
        const char *runtime;
        uint16_t machine;
        bool wow64_dll;
        uint32_t pointer_size;
    } rows[] = {
        {"C:\\x\\coreclr.dll", I386, true, 4},      {"C:\\x\\coreclr.dll", I386, false, 4},
        {"C:\\x\\CLR.DLL", I386, true, 4},          {"C:\\x\\coreclr.dll", AMD64, true, 8},
        {"C:\\x\\coreclr.dll", NO_HEADER, true, 4}, {"C:\\x\\coreclr.dll", NO_HEADER, false, 8},
        {"C:\\x\\Managed.dll", I386, false, 8}, /* pure IL says i386 in either process */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
        if (rows[i].wow64_dll)
            synth_minidump_module(synth, 0x7ff800000000, 0x1000, 1, "C:\\Windows\\wow64.dll", NULL);
        synth_minidump_module(synth, 0x400000, 0x1000, 1, rows[i].runtime, NULL);
        if (rows[i].machine != NO_HEADER)
            put_image(synth, 0x400000, rows[i].machine);
        struct opened o = open_synth(synth);
        assert_int_equal(o.result, HGR_OK);
        if (hgr_dump_get_info(o.dump)->pointer_size != rows[i].pointer_size)
            fail_msg("row %zu", i);
        assert_int_equal(hgr_dump_get_info(o.dump)->wow64, rows[i].pointer_size == 4);
        assert_string_equal(hgr_dump_get_info(o.dump)->cpu,
                            rows[i].pointer_size == 4 ? "x86" : "x64");
        assert_int_equal(o.dump->space.pointer_size, rows[i].pointer_size);
        assert_int_equal(hgr_dump_module(o.dump, 0)->base_addr, 0x400000);
        close_opened(&o);
    }
}

/* The AMD64 registers are those of wow64's own code; the program's lie in memory. */
static void wow64_threads_have_their_x86_registers(void **state)
{
    (void)state;
    static const uint16_t machines[] = {0x14c, 0, 0x8664};
    for (size_t i = 0; i < 4; i++) {
        synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
        synth_minidump_module(synth, 0x7ff800000000, 0x1000, 1, "wow64.dll", NULL);
        synth_windows_thread thread = make_thread(7);
        thread.teb = WIDE_TEB;
        synth_minidump_thread(synth, &thread);
        if (i < 3)
            put_narrow_half(synth, machines[i]);
        struct opened o = open_synth(synth);
        assert_int_equal(o.result, HGR_OK);
        const hgr_thread *seen = hgr_dump_thread(o.dump, 0);
        bool known = i < 2; /* another machine's registers, or none in the dump, are not taken */
        assert_int_equal(seen->os_id, 7);
        assert_int_equal(seen->teb_addr, i < 3 ? NARROW_TEB : 0);
        assert_int_equal(seen->nregisters, known ? 8 : 0);
        assert_int_equal(seen->ip, known ? 0x900000 + 0xb8 / 4 : 0);
        assert_int_equal(seen->sp, known ? 0x900000 + 0xc4 / 4 : 0);
        assert_int_equal(seen->registers[0], known ? 0x900000 + 0xb0 / 4 : 0);
        assert_int_equal(seen->registers[15], 0);
        assert_int_equal(seen->stack_start_addr, seen->sp);
        assert_int_equal(seen->stack_end_addr, known ? 0x910000 : 0);
        close_opened(&o);
    }
}

/* ---- refusals ---- */

static void refused_with_its_name(uint8_t *bytes, size_t len, hgr_result code, const char *word)
{
    struct opened o = open_bytes(bytes, len);
    assert_int_equal(o.result, code);
    assert_null(o.dump);
    if (!strstr(o.status.text, word))
        fail_msg("'%s' does not say '%s'", o.status.text, word);
    close_opened(&o);
}

static void refusals(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = synth_minidump_end(begin_with_words(ARM64, SYNTH_MEMORY64), &len);
    refused_with_its_name(bytes, len, HGR_UNSUPPORTED, "arm64");
    bytes = synth_minidump_end(begin_with_words(77, SYNTH_MEMORY64), &len);
    refused_with_its_name(bytes, len, HGR_UNSUPPORTED, "77");
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_omit_system(synth);
    bytes = synth_minidump_end(synth, &len);
    refused_with_its_name(bytes, len, HGR_BAD_DATA, "SystemInfo");
    synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_stream(synth, 17, "\x0c\0\0\0\x08\0\0\0\1\0\0\0........", 20);
    bytes = synth_minidump_end(synth, &len);
    refused_with_its_name(bytes, len, HGR_BAD_DATA, "ThreadInfoList");
}

static void counts_that_lie(void **state)
{
    (void)state;
    /* A count of 100 in a stream of one record's bytes: what is there is taken, the rest is missing. */
    static const uint32_t types[] = {3, 4, 5, 24};
    static const size_t sizes[] = {48, 108, 16, 12};
    for (size_t i = 0; i < 4; i++) {
        uint8_t body[4 + 108] = {100};
        synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
        synth_minidump_stream(synth, types[i], body, 4 + sizes[i]);
        struct opened o = open_synth(synth);
        assert_int_equal(o.result, HGR_OK);
        assert_int_equal(hgr_dump_get_info(o.dump)->missing_bytes, 99 * sizes[i]);
        assert_non_null(hgr_dump_warning(o.dump, 0));
        assert_non_null(strstr(hgr_dump_warning(o.dump, 0), "100 entries"));
        close_opened(&o);
    }
    uint8_t many[4 + 108] = {0xff, 0xff, 0xff, 0xff};
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_minidump_stream(synth, 4, many, sizeof many);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_TOO_LARGE);
    close_opened(&o);
}

/* ---- less than everything ---- */

static synth_minidump *make_rich(void)
{
    synth_minidump *synth = begin_with_words(X64, SYNTH_MEMORY64);
    synth_windows_thread one = make_thread(1), two = make_thread(2);
    synth_minidump_thread(synth, &one);
    synth_minidump_thread(synth, &two);
    synth_minidump_module(synth, 0x400000, 0x1000, 7, "C:\\Shop.exe", NULL);
    synth_minidump_module(synth, 0x500000, 0x1000, 8, "C:\\coreclr.dll", PDB_ID);
    synth_minidump_area(synth, 0x10000, 0x10000, 0x2000, 0x1000, 0x04, 0x20000);
    synth_minidump_thread_info(synth, 1, 0, 5, 6);
    synth_minidump_thread_name(synth, 2, "worker");
    synth_minidump_process(synth, 12);
    synth_minidump_comment(synth, "comment");
    synth_minidump_exception(synth, 1, 5, 6);
    synth_minidump_memory(synth, 0xfff0, "overlaps the words", 18); /* the slow way through seal */
    return synth;
}

static void every_shorter_file(void **state)
{
    (void)state;
    size_t len = 0, opened = 0;
    uint8_t *whole = synth_minidump_end(make_rich(), &len);
    assert_non_null(whole);
    for (size_t cut = 4; cut < len; cut++) {
        uint8_t *bytes = malloc(cut);
        assert_non_null(bytes);
        memcpy(bytes, whole, cut);
        struct opened o = open_bytes(bytes, cut);
        if (o.result == HGR_OK) {
            opened++;
            assert_true(hgr_dump_get_info(o.dump)->missing_bytes > 0);
            assert_int_equal(hgr_dump_get_info(o.dump)->pointer_size, 8);
        } else {
            assert_int_equal(o.result, HGR_TRUNCATED);
            assert_true(o.status.text[0] != 0);
        }
        close_opened(&o);
    }
    /* Everything behind SystemInfo can be lost: header, directory and it are less than a tenth. */
    assert_true(opened > len * 9 / 10);
    free(whole);
}

/* Pages 0 and 2 of three are kept; everything that is not memory stays as it was. */
static void slim_keeps_streams_and_chosen_pages(void **state)
{
    (void)state;
    static uint8_t memory[3 * 4096];
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (uint8_t)(i / 7);
    synth_minidump *synth = make_rich();
    synth_minidump_memory(synth, 0x800000, memory, sizeof memory);
    struct opened o = open_synth(synth);
    assert_int_equal(o.result, HGR_OK);
    char path[] = "/tmp/hgr_test_slim_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    const hgr_addr_range keep[] = {{0x802000, 0x802001}, {0x800010, 0x800020}};
    hgr_slim_totals totals;
    hgr_status status;
    if (hgr_slim_write(o.dump, keep, 2, path, o.run, &totals, &status) != HGR_OK)
        fail_msg("%s", status.text);
    hgr_dump *slim;
    assert_int_equal(hgr_dump_open(path, NULL, o.run, &slim, &status), HGR_OK);
    uint8_t page[4096];
    assert_true(hgr_dump_read(slim, 0x800000, page, 4096));
    assert_memory_equal(page, memory, 4096);
    assert_false(hgr_dump_read(slim, 0x801000, page, 1));
    assert_true(hgr_dump_read(slim, 0x802000, page, 4096));
    assert_memory_equal(page, memory + 8192, 4096);
    assert_int_equal(word_at(slim, 0x10000), UINT32_MAX); /* dropped */
    assert_int_equal(totals.kept_bytes, 8192);
    assert_int_equal(hgr_dump_get_info(slim)->missing_bytes, 0);
    assert_int_equal(hgr_dump_get_info(slim)->process_id, 12);
    assert_string_equal(hgr_dump_get_info(slim)->comment, "comment");
    assert_int_equal(hgr_dump_modules(slim), 2);
    assert_string_equal(hgr_dump_module(slim, 1)->path, "C:\\coreclr.dll");
    assert_memory_equal(hgr_dump_module(slim, 1)->build_id, PDB_ID, 20);
    assert_int_equal(hgr_dump_threads(slim), 2);
    assert_int_equal(hgr_dump_thread(slim, 1)->registers[15], 0x5a000000 + 0x100 * 2 + 15);
    assert_string_equal(hgr_dump_thread(slim, 1)->name, "worker");
    assert_int_equal(hgr_dump_memory_areas(slim), 1);
    hgr_dump_close(slim);
    unlink(path);
    close_opened(&o);
}

static void slim_refuses_what_it_cannot_keep(void **state)
{
    (void)state;
    struct opened o = open_synth(begin_with_words(X64, SYNTH_MEMORY_LIST));
    hgr_status status = {0};
    assert_int_equal(o.result, HGR_OK);
    assert_int_equal(hgr_slim_write(o.dump, NULL, 0, "/tmp/hgr_test_slim_never", o.run, NULL, &status),
                     HGR_UNSUPPORTED);
    assert_non_null(strstr(status.text, "Memory64List"));
    assert_int_equal(access("/tmp/hgr_test_slim_never", F_OK), -1);
    close_opened(&o);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = synth_minidump_end(make_rich(), &len);
    assert_non_null(bytes);
    for (uint64_t k = 1;; k++) {
        hgr_run *run;
        hgr_dump *dump = NULL;
        assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
        hgr_run_fail_allocation(run, k);
        hgr_result result = hgr_dump_open_bytes(bytes, len, NULL, run, &dump, NULL);
        if (result == HGR_OK) {
            assert_true(k > 5);
            hgr_dump_close(dump);
            hgr_run_free(run);
            break;
        }
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_null(dump);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
        hgr_run_free(run);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_the_process),
        cmocka_unit_test(comments_of_both_widths),
        cmocka_unit_test(nothing_said_is_nothing_known),
        cmocka_unit_test(both_kinds_of_memory_list),
        cmocka_unit_test(overlapping_ranges_keep_the_first),
        cmocka_unit_test(sign_extended_addresses_are_masked),
        cmocka_unit_test(memory_beyond_four_gigabytes_of_file),
        cmocka_unit_test(ranges_outside_the_file_are_missing),
        cmocka_unit_test(normal_minidump_opens),
        cmocka_unit_test(areas_are_settled_and_give_access),
        cmocka_unit_test(modules_ascend_with_names_and_ids),
        cmocka_unit_test(threads_of_both_processors),
        cmocka_unit_test(stacks_are_memory_where_no_list_has_them),
        cmocka_unit_test(odd_contexts),
        cmocka_unit_test(the_runtime_or_wow64_tells_the_width),
        cmocka_unit_test(wow64_threads_have_their_x86_registers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(counts_that_lie),
        cmocka_unit_test(every_shorter_file),
        cmocka_unit_test(slim_keeps_streams_and_chosen_pages),
        cmocka_unit_test(slim_refuses_what_it_cannot_keep),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
