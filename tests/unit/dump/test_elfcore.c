/* dump/elfcore.c, elfcore_notes.c: reading, stitching, absence, truncation, hostile headers. */
#include "dump_testing.h"

#include "dump/limits.h"

static const uint64_t heap_addr = UINT64_C(0x7f0000000000), stack_addr = UINT64_C(0x7ffc00000000);

/* heap: 3 pages in the file, 1 left out, then 2 more right behind; stack: 1 page; two threads. */
static uint8_t *make_core(enum synth_maker maker, size_t *len)
{
    static const uint64_t heap = UINT64_C(0x7f0000000000), more = UINT64_C(0x7f0000004000),
                          stack = UINT64_C(0x7ffc00000000);
    static uint64_t users[3];
    synth_core *core = synth_core_begin(NULL, maker);
    users[0] = heap, users[1] = more, users[2] = stack;
    synth_core_load_from(core, heap, SYNTH_R | SYNTH_W, fill_content, &users[0], 3 * PAGE,
                         4 * PAGE);
    synth_core_load_from(core, more, SYNTH_R | SYNTH_W, fill_content, &users[1], 2 * PAGE,
                         2 * PAGE);
    synth_core_load_from(core, stack, SYNTH_R | SYNTH_W, fill_content, &users[2], PAGE, PAGE);
    synth_core_process(core, 4711, "Scoodle.Web");
    uint64_t regs[27];
    for (uint64_t i = 0; i < 27; i++)
        regs[i] = 1000 + i;
    synth_core_thread(core, 4711, regs);
    synth_core_thread(core, 4712, NULL);
    synth_core_auxv(core, 9, 0x5555);
    synth_core_auxv(core, 3, 0x6666);
    synth_core_file(core, 0x1000, 0x2000, 0x3000, "/nowhere/libcoreclr.so");
    return synth_core_end_bytes(core, len);
}

static void reads_what_each_writer_wrote(void **state)
{
    (void)state;
    static const struct {
        enum synth_maker maker;
        const char *name;
    } cases[] = {{SYNTH_CREATEDUMP, "createdump"},
                 {SYNTH_GCORE, "gcore"},
                 {SYNTH_KERNEL, "kernel"},
                 {SYNTH_NOBODY, "unknown"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_run *run = make_run();
        size_t len;
        uint8_t *bytes = make_core(cases[i].maker, &len);
        hgr_dump *dump = open_bytes(bytes, len, NULL, run);
        const hgr_dump_info *info = hgr_dump_get_info(dump);
        assert_string_equal(info->writer, cases[i].name);
        assert_string_equal(info->format, "ELF core");
        assert_string_equal(info->cpu, "x64");
        assert_string_equal(info->compression, "none");
        assert_string_equal(info->process_name, "Scoodle.Web");
        assert_int_equal(info->process_id, 4711);
        assert_int_equal(info->file_bytes, len);
        assert_int_equal(info->image_bytes, len);
        assert_int_equal(info->missing_bytes, 0);
        assert_int_equal(info->left_out_bytes, PAGE);
        assert_int_equal(hgr_dump_threads(dump), 2);
        const hgr_thread *thread = hgr_dump_thread(dump, 0);
        assert_int_equal(thread->os_id, 4711);
        assert_int_equal(thread->nregisters, 16);
        /* user_regs order: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig rip cs
         * flags rsp */
        static const uint64_t expected[16] = {1010, 1011, 1012, 1005, 1019, 1004, 1013, 1014,
                                              1009, 1008, 1007, 1006, 1003, 1002, 1001, 1000};
        assert_memory_equal(thread->registers, expected, sizeof expected);
        assert_int_equal(thread->ip, 1016);
        assert_int_equal(thread->sp, 1019);
        assert_int_equal(thread->fp, 1004);
        assert_int_equal(hgr_dump_thread(dump, 1)->os_id, 4712);
        assert_null(hgr_dump_thread(dump, 2));
        uint64_t value = 0;
        assert_true(hgr_dump_auxv(dump, 3, &value));
        assert_int_equal(value, 0x6666);
        assert_false(hgr_dump_auxv(dump, 33, &value));
        assert_int_equal(hgr_dump_modules(dump), 1);
        assert_string_equal(hgr_dump_module(dump, 0)->path, "/nowhere/libcoreclr.so");
        assert_null(hgr_dump_warning(dump, 0));
        hgr_dump_close(dump);
        free(bytes);
        end_run(run);
    }
}

static void absent_is_never_zero(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    size_t len;
    uint8_t *bytes = make_core(SYNTH_CREATEDUMP, &len);
    hgr_dump *dump = open_bytes(bytes, len, NULL, run);
    uint8_t buffer[16];
    memset(buffer, 0xcc, sizeof buffer);
    assert_false(hgr_dump_read(dump, heap_addr + 3 * PAGE, buffer, 1));
    assert_false(
        hgr_dump_read(dump, heap_addr + 3 * PAGE - 8, buffer, 16)); /* half of it is there */
    assert_false(hgr_dump_read(dump, heap_addr + 4 * PAGE - 1, buffer, 2));
    assert_false(hgr_dump_read(dump, 0, buffer, 1));
    for (size_t i = 0; i < sizeof buffer; i++)
        assert_int_equal(buffer[i], 0xcc);
    assert_int_equal(hgr_space_present(&dump->space, heap_addr, UINT64_MAX), 3 * PAGE);
    for (uint64_t at = 0; at < 3 * PAGE; at++) {
        assert_true(hgr_dump_read(dump, heap_addr + at, buffer, 1));
        assert_int_equal(buffer[0], byte_at(heap_addr + at));
    }
    hgr_dump_close(dump);
    free(bytes);
    end_run(run);
}

static void reads_across_segments(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    static uint64_t users[3] = {0x10000, 0x11000, 0x12000};
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    /* Two side by side in the file, the third in front of them there and behind them in memory. */
    synth_core_load_from(core, 0x12000, SYNTH_R, fill_content, &users[2], PAGE, PAGE);
    synth_core_load_from(core, 0x10000, SYNTH_R, fill_content, &users[0], PAGE, PAGE);
    synth_core_load_from(core, 0x11000, SYNTH_R, fill_content, &users[1], PAGE, PAGE);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    hgr_dump *dump = open_bytes(bytes, len, NULL, run);
    assert_int_equal(hgr_dump_ranges(dump), 2);
    assert_non_null(hgr_space_view(&dump->space, 0x10ff0, 32));
    assert_null(hgr_space_view(&dump->space, 0x11ff0, 32));
    uint8_t all[3 * PAGE];
    assert_true(hgr_dump_read(dump, 0x10000, all, sizeof all));
    for (size_t i = 0; i < sizeof all; i++)
        assert_int_equal(all[i], byte_at(0x10000 + i));
    hgr_dump_close(dump);
    free(bytes);
    end_run(run);
}

/* Cut anywhere, the dump opens with true bytes and an exact count of the lost ones, or is refused.
 */
static void check_cut(const uint8_t *bytes, size_t cut, const hgr_run *run)
{
    static const size_t headers = 64 + 4 * 56;
    uint8_t *shorter = malloc(cut ? cut : 1);
    memcpy(shorter, bytes, cut);
    hgr_dump *dump = NULL;
    hgr_status status = {0};
    hgr_result result = hgr_dump_open_bytes(shorter, cut, NULL, run, &dump, &status);
    assert_int_equal(result, status.code);
    if (cut < 64 + 56) {
        assert_true(result == HGR_TRUNCATED || (cut < 4 && result == HGR_BAD_DATA));
        assert_null(dump);
    } else {
        assert_int_equal(result, HGR_OK);
        uint64_t missing = hgr_dump_get_info(dump)->missing_bytes, lost = 0;
        for (uint64_t at = 0; at < 6 * PAGE; at++) {
            uint8_t byte = 0;
            bool there = hgr_dump_read(dump, heap_addr + at, &byte, 1);
            assert_true(!there || byte == byte_at(heap_addr + at));
            lost += !there && at / PAGE != 3;
        }
        for (uint64_t at = 0; at < PAGE; at++)
            lost += hgr_space_present(&dump->space, stack_addr + at, 1) == 0;
        uint64_t notes_off, notes_len; /* the first program header is that of the notes */
        memcpy(&notes_off, bytes + 64 + 8, 8);
        memcpy(&notes_len, bytes + 64 + 32, 8);
        if (cut >= headers && cut < notes_off + notes_len)
            assert_int_equal(missing, lost + (notes_off + notes_len - cut));
        else if (cut >= headers)
            assert_int_equal(missing, lost);
    }
    hgr_dump_close(dump);
    free(shorter);
}

static void opens_as_far_as_the_file_goes(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    size_t len;
    uint8_t *bytes = make_core(SYNTH_KERNEL, &len);
    for (size_t cut = 0; cut < len; cut += cut < 2000 ? 1 : 613)
        check_cut(bytes, cut, run);
    for (size_t cut = len - 6 * PAGE - 2; cut <= len; cut += PAGE)
        check_cut(bytes, cut, run);
    free(bytes);
    end_run(run);
}

static void first_of_two_copies_counts(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint8_t ones[PAGE], twos[2 * PAGE];
    memset(ones, 1, sizeof ones);
    memset(twos, 2, sizeof twos);
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_copy(core, 0x10800, SYNTH_R, ones, sizeof ones);
    synth_core_copy(core, 0x10000, SYNTH_R, twos, sizeof twos);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len), value;
    hgr_dump *dump = open_bytes(bytes, len, NULL, run);
    assert_true(has_warning(dump, "4096 bytes of memory are in the file more than once"));
    for (uint64_t at = 0; at < 2 * PAGE; at++) {
        assert_true(hgr_dump_read(dump, 0x10000 + at, &value, 1));
        assert_int_equal(value, at >= 0x800 && at < 0x800 + PAGE ? 1 : 2);
    }
    hgr_dump_close(dump);
    free(bytes);
    end_run(run);
}

/* ---- more segments than the header can count ---- */

#define MANY 70000u

static void counts_more_segments_than_65534(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    static const uint8_t mark[16] = "sixteen bytes ok";
    synth_core *core = synth_core_begin(NULL, SYNTH_KERNEL);
    for (uint64_t i = 0; i < MANY; i++)
        synth_core_load(core, (i + 1) * 0x10000, SYNTH_R, mark, i % 10000 == 9999 ? 16 : 0, PAGE);
    synth_core_process(core, 1, "many");
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len), seen[16];
    hgr_dump *dump = open_bytes(bytes, len, NULL, run);
    assert_int_equal(hgr_dump_ranges(dump), 7);
    assert_int_equal(hgr_dump_get_info(dump)->left_out_bytes, (uint64_t)MANY * PAGE - 7 * 16);
    assert_true(hgr_dump_read(dump, UINT64_C(70000) * 0x10000, seen, 16));
    assert_memory_equal(seen, mark, 16);
    hgr_dump_close(dump);
    /* The kernel writes the count at the very end: cut off, the room in front of the notes tells
     * it. */
    memset(bytes + 40, 0xff, 6);
    dump = open_bytes(bytes, len, NULL, run);
    assert_int_equal(hgr_dump_ranges(dump), 7);
    hgr_dump_close(dump);
    free(bytes);
    end_run(run);
}

/* ---- hostile numbers: one field of a good core replaced ---- */

static void never_trusts_a_number(void **state)
{
    (void)state;
    enum { FIRST_LOAD = 64 + 56, NOTES = 64 + 4 * 56 };
    static const char MISSING[] = "(missing bytes)"; /* counted, not told */
    static const struct {
        const char *what;
        size_t off, bytes;
        uint64_t value;
        hgr_result expected;
        const char *text; /* in the error, or in a warning */
    } cases[] = {
        {"class 32", 4, 1, 1, HGR_UNSUPPORTED, "32-bit ELF core (machine 62, x64)"},
        {"class 7", 4, 1, 7, HGR_BAD_DATA, "class 7, expected 2"},
        {"big endian", 5, 1, 2, HGR_UNSUPPORTED, "big-endian"},
        {"byte order 9", 5, 1, 9, HGR_BAD_DATA, "byte order 9"},
        {"object file", 16, 2, 1, HGR_UNSUPPORTED, "ELF object file"},
        {"program", 16, 2, 2, HGR_UNSUPPORTED, "ELF program"},
        {"library", 16, 2, 3, HGR_UNSUPPORTED, "shared library"},
        {"type 77", 16, 2, 77, HGR_BAD_DATA, "type 77, expected 4"},
        {"arm64", 18, 2, 183, HGR_UNSUPPORTED, "machine 183 (ARM64)"},
        {"x86", 18, 2, 3, HGR_UNSUPPORTED, "machine 3 (x86)"},
        {"no headers", 56, 2, 0, HGR_BAD_DATA, "without program headers"},
        {"header size 57", 54, 2, 57, HGR_BAD_DATA, "of 57 bytes, expected 56"},
        {"headers far away", 32, 8, UINT64_C(1) << 63, HGR_TRUNCATED, "program headers begin at"},
        {"headers at the last byte", 32, 8, UINT64_MAX, HGR_TRUNCATED, "program headers begin at"},
        {"overflow without a count", 56, 2, 0xffff, HGR_TRUNCATED, "section header"},
        {"more headers than file", 56, 2, 0xfffe, HGR_OK, MISSING},
        {"load of 8 EiB", FIRST_LOAD + 32, 8, UINT64_C(1) << 63, HGR_OK, "more bytes in the file"},
        {"load beyond the file", FIRST_LOAD + 8, 8, UINT64_MAX - 5, HGR_OK, MISSING},
        {"load that wraps", FIRST_LOAD + 16, 8, UINT64_MAX - 5, HGR_OK, "wrap around"},
        {"load of no memory", FIRST_LOAD + 40, 8, 0, HGR_OK, NULL},
        {"load of all memory", FIRST_LOAD + 40, 8, UINT64_MAX, HGR_OK, "wrap around"},
        {"owner of 4 GiB", NOTES, 4, 0xffffffff, HGR_OK, "1 notes are damaged"},
        {"note of 4 GiB", NOTES + 4, 4, 0xfffffffe, HGR_OK, "1 notes are damaged"},
        {"process note too short", NOTES + 4, 4, 0, HGR_OK, "notes are damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_run *run = make_run();
        size_t len;
        uint8_t *bytes = make_core(SYNTH_CREATEDUMP, &len);
        memcpy(bytes + cases[i].off, &cases[i].value, cases[i].bytes);
        hgr_dump *dump = NULL;
        hgr_status status = {0};
        hgr_result result = hgr_dump_open_bytes(bytes, len, NULL, run, &dump, &status);
        if (result != cases[i].expected)
            fail_msg("%s: %s %s", cases[i].what, hgr_result_name(result), status.text);
        bool told = !cases[i].text || (dump ? has_warning(dump, cases[i].text)
                                            : strstr(status.text, cases[i].text) != NULL);
        if (cases[i].text == MISSING)
            told = dump && hgr_dump_get_info(dump)->missing_bytes > 0;
        if (!told)
            fail_msg("%s: '%s' is not in '%s'", cases[i].what, cases[i].text,
                     dump ? hgr_dump_warning(dump, 0) : status.text);
        hgr_dump_close(dump);
        free(bytes);
        end_run(run);
    }
}

static void count_over_the_limit_is_refused(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    synth_core *core = synth_core_begin(NULL, SYNTH_KERNEL);
    synth_core_force_phnum_overflow(core);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    uint32_t huge = 0xffffffff;
    memcpy(bytes + 64 + 56 + 44, &huge, 4);
    hgr_dump *dump = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_dump_open_bytes(bytes, len, NULL, run, &dump, &status), HGR_TOO_LARGE);
    assert_non_null(strstr(status.text, "4294967295 program headers, limit 16777216"));
    free(bytes);
    end_run(run);
}

/* NT_FILE notes that lie about themselves. */
static void damaged_file_list_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t count, page, line[3];
        const char *paths;
        size_t paths_len, files;
        bool damaged;
    } cases[] = {
        {"good", 1, 1, {0x1000, 0x2000, 5}, "/a.so", 6, 1, false},
        {"count of 2^60", UINT64_C(1) << 60, 4096, {1, 2, 3}, "/a.so", 6, 0, true},
        {"count beyond the note", 2, 4096, {1, 2, 3}, "/a.so", 6, 0, true},
        {"path without end", 1, 4096, {1, 2, 3}, "/a.so", 5, 0, true},
        {"range reversed", 1, 4096, {0x2000, 0x1000, 0}, "/a.so", 6, 0, true},
        {"offset overflows", 1, UINT64_C(1) << 63, {0x1000, 0x2000, 2}, "/a.so", 6, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_run *run = make_run();
        uint8_t note[64];
        memcpy(note, &cases[i].count, 8);
        memcpy(note + 8, &cases[i].page, 8);
        memcpy(note + 16, cases[i].line, 24);
        memcpy(note + 40, cases[i].paths, cases[i].paths_len);
        synth_core *core = synth_core_begin(NULL, SYNTH_NOBODY);
        synth_core_note(core, "CORE", 0x46494c45, note, 40 + cases[i].paths_len);
        size_t len;
        uint8_t *bytes = synth_core_end_bytes(core, &len);
        hgr_dump *dump = open_bytes(bytes, len, NULL, run);
        if (dump->nfiles != cases[i].files || has_warning(dump, "damaged") != cases[i].damaged)
            fail_msg("%s: %zu files", cases[i].what, dump->nfiles);
        hgr_dump_close(dump);
        free(bytes);
        end_run(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_each_writer_wrote),
        cmocka_unit_test(absent_is_never_zero),
        cmocka_unit_test(reads_across_segments),
        cmocka_unit_test(opens_as_far_as_the_file_goes),
        cmocka_unit_test(first_of_two_copies_counts),
        cmocka_unit_test(counts_more_segments_than_65534),
        cmocka_unit_test(never_trusts_a_number),
        cmocka_unit_test(count_over_the_limit_is_refused),
        cmocka_unit_test(damaged_file_list_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
