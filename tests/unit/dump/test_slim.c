/* dump/slim.c: what is kept reads back the same, what is dropped is absent; notes stay; the trace.
 */
#include "dump_testing.h"

#include <heapgraph/slim.h>

static const uint64_t heap_addr = 0x10000, stack_addr = 0x800000;

static uint8_t *make_core(size_t *len)
{
    static uint64_t users[2] = {0x10000, 0x800800};
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load_from(core, heap_addr, SYNTH_R | SYNTH_W, fill_content, &users[0], 64 * PAGE,
                         64 * PAGE);
    synth_core_load_from(core, stack_addr + 0x800, SYNTH_R, fill_content, &users[1], 3 * PAGE,
                         3 * PAGE); /* begins within a page */
    synth_core_process(core, 42, "app");
    synth_core_thread(core, 42, NULL);
    synth_core_thread(core, 43, NULL);
    synth_core_auxv(core, 9, 1);
    synth_core_file(core, 0x1000, 0x2000, 0, "/nowhere/lib.so");
    return synth_core_end_bytes(core, len);
}

struct setting {
    hgr_run *run;
    char *directory;
    char path[256];
    uint8_t *bytes;
    hgr_dump *dump;
};

static void begin(struct setting *setting)
{
    size_t len;
    setting->run = make_run();
    setting->directory = make_directory();
    snprintf(setting->path, sizeof setting->path, "%s/slim.dmp", setting->directory);
    setting->bytes = make_core(&len);
    setting->dump = open_bytes(setting->bytes, len, NULL, setting->run);
}

static void finish(struct setting *setting)
{
    hgr_dump_close(setting->dump);
    free(setting->bytes);
    remove_directory(setting->directory);
    end_run(setting->run);
}

static hgr_dump *write_and_open(struct setting *setting, const hgr_addr_range *ranges, size_t count,
                                hgr_slim_totals *totals)
{
    hgr_status status = {0};
    hgr_dump *slim = NULL;
    if (hgr_slim_write(setting->dump, ranges, count, setting->path, setting->run, totals,
                       &status) != HGR_OK ||
        hgr_dump_open(setting->path, NULL, setting->run, &slim, &status) != HGR_OK)
        fail_msg("%s", status.text);
    assert_int_equal(count_names(setting->directory), 1); /* nothing left beside it */
    return slim;
}

/* Pages of the heap, then of the stack, as text: K kept, . dropped. Every byte is looked at. */
static void check_pages(const hgr_dump *slim, uint64_t addr, uint64_t end, const char *pages)
{
    uint64_t first = addr / PAGE;
    for (; addr < end; addr++) {
        uint8_t byte = 0;
        bool there = hgr_dump_read(slim, addr, &byte, 1);
        if (there != (pages[addr / PAGE - first] == 'K') || (there && byte != byte_at(addr)))
            fail_msg("address %#llx", (unsigned long long)addr);
    }
}

static void keeps_pages_and_notes(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    const hgr_addr_range ranges[] = {
        {stack_addr + 0x1900, stack_addr + 0x1901},           /* one byte: its page */
        {heap_addr + 5 * PAGE - 1, heap_addr + 5 * PAGE + 1}, /* two pages */
        {heap_addr + 6 * PAGE, heap_addr + 7 * PAGE},         /* the next: merged */
        {heap_addr + 5 * PAGE, heap_addr + 6 * PAGE},         /* again */
        {heap_addr + 63 * PAGE, stack_addr + 0x900},          /* across what nobody has */
        {7, 7},                                               /* empty */
        {0, 9},                                               /* nothing there */
    };
    hgr_slim_totals totals;
    hgr_dump *slim = write_and_open(&setting, ranges, sizeof ranges / sizeof ranges[0], &totals);
    check_pages(slim, heap_addr, heap_addr + 64 * PAGE,
                "....KKK........................................................K");
    check_pages(slim, stack_addr + 0x800, stack_addr + 0x800 + 3 * PAGE, "KK..");
    assert_int_equal(totals.kept_bytes, 4 * PAGE + PAGE - 0x800 + PAGE);
    assert_int_equal(totals.dropped_bytes, 67 * PAGE - totals.kept_bytes);
    const hgr_dump_info *info = hgr_dump_get_info(slim);
    assert_int_equal(totals.file_bytes, info->file_bytes);
    assert_int_equal(info->missing_bytes, 0);
    assert_int_equal(info->left_out_bytes, totals.dropped_bytes);
    assert_string_equal(info->writer, "createdump");
    assert_string_equal(info->process_name, "app");
    assert_int_equal(hgr_dump_threads(slim), 2);
    assert_memory_equal(hgr_dump_thread(slim, 1), hgr_dump_thread(setting.dump, 1),
                        sizeof(hgr_thread));
    assert_int_equal(hgr_dump_modules(slim), 1);
    assert_null(hgr_dump_warning(slim, 0));
    hgr_dump_close(slim);
    finish(&setting);
}

static void keeps_all_or_nothing(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    const hgr_addr_range all = {0, UINT64_MAX};
    hgr_dump *slim = write_and_open(&setting, &all, 1, NULL);
    assert_int_equal(hgr_dump_ranges(slim), hgr_dump_ranges(setting.dump));
    assert_int_equal(hgr_dump_get_info(slim)->left_out_bytes, 0);
    assert_int_equal(hgr_dump_range(slim, 0)->access, HGR_ACCESS_READ | HGR_ACCESS_WRITE);
    assert_int_equal(hgr_dump_range(slim, 1)->access, HGR_ACCESS_READ);
    hgr_dump_close(slim);
    slim = write_and_open(&setting, NULL, 0, NULL);
    assert_int_equal(hgr_dump_ranges(slim), 0);
    assert_int_equal(hgr_dump_get_info(slim)->left_out_bytes, 67 * PAGE);
    hgr_dump_close(slim);
    finish(&setting);
}

static void keeps_what_readers_asked_for(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    hgr_addr_range *ranges = NULL;
    size_t count = 0;
    uint64_t value;
    assert_int_equal(hgr_dump_trace_ranges(setting.dump, &ranges, &count, NULL), HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_dump_trace_begin(setting.dump, NULL), HGR_OK);
    assert_true(hgr_space_u64(&setting.dump->space, heap_addr + 2 * PAGE - 4, &value));
    assert_non_null(hgr_space_view(&setting.dump->space, heap_addr + 10 * PAGE, 2 * PAGE));
    assert_true(hgr_dump_read(setting.dump, stack_addr + 0x800, &value, 1));
    assert_int_equal(hgr_dump_trace_ranges(setting.dump, &ranges, &count, NULL), HGR_OK);
    const hgr_addr_range expected[] = {{heap_addr + PAGE, heap_addr + 3 * PAGE},
                                       {heap_addr + 10 * PAGE, heap_addr + 12 * PAGE},
                                       {stack_addr + 0x800, stack_addr + PAGE}};
    assert_int_equal(count, 3);
    assert_memory_equal(ranges, expected, sizeof expected);
    hgr_dump_trace_end(setting.dump);
    hgr_dump *slim = write_and_open(&setting, ranges, count, NULL);
    check_pages(slim, heap_addr, heap_addr + 64 * PAGE,
                ".KK.......KK....................................................");
    check_pages(slim, stack_addr + 0x800, stack_addr + 0x800 + 3 * PAGE, "K...");
    hgr_addr_ranges_free(ranges);
    hgr_dump_close(slim);
    finish(&setting);
}

static void replaces_only_when_whole(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    const hgr_addr_range all = {0, UINT64_MAX};
    hgr_status status = {0};
    write_file(setting.path, "precious", 8);
    hgr_run_cancel(setting.run);
    assert_int_equal(
        hgr_slim_write(setting.dump, &all, 1, setting.path, setting.run, NULL, &status),
        HGR_CANCELLED);
    assert_int_equal(count_names(setting.directory), 1);
    char seen[9] = "";
    FILE *file = fopen(setting.path, "rb");
    assert_int_equal(fread(seen, 1, 8, file), 8);
    fclose(file);
    assert_string_equal(seen, "precious");
    assert_int_equal(
        hgr_slim_write(setting.dump, &all, 1, "/nowhere/at/all", setting.run, NULL, &status),
        HGR_IO);
    assert_ptr_equal(strstr(status.text, "/nowhere/at/all: "), status.text);
    hgr_run *other = make_run();
    for (uint64_t k = 1;; k++) {
        hgr_run_fail_allocation(other, k);
        hgr_result result =
            hgr_slim_write(setting.dump, &all, 1, setting.path, other, NULL, &status);
        assert_int_equal(hgr_run_memory_bytes(other), 0);
        if (result == HGR_OK)
            break;
        assert_int_equal(result, HGR_NO_MEMORY);
    }
    end_run(other);
    finish(&setting);
}

/* A module stays what it is, although nobody asked for its memory. */
static void keeps_what_identifies_modules(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    hgr_dump_close(setting.dump);
    free(setting.bytes);
    uint8_t image[2 * PAGE] = "\x7f"
                              "ELF\2\1\1";
    image[54] = 56;
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_copy(core, 0x400000, SYNTH_R, image, sizeof image);
    synth_core_file(core, 0x400000, 0x402000, 0, "/app/without-a-telling-name");
    size_t len;
    setting.bytes = synth_core_end_bytes(core, &len);
    setting.dump = open_bytes(setting.bytes, len, NULL, setting.run);
    assert_int_equal(hgr_dump_modules(setting.dump), 1);
    hgr_slim_totals totals;
    hgr_dump *slim = write_and_open(&setting, NULL, 0, &totals);
    assert_int_equal(totals.kept_bytes, PAGE);
    assert_int_equal(hgr_dump_modules(slim), 1);
    assert_string_equal(hgr_dump_module(slim, 0)->path, "/app/without-a-telling-name");
    hgr_dump_close(slim);
    finish(&setting);
}

/* The dump itself may be the target: it stays mapped while its place is taken. */
static void may_replace_its_own_source(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    hgr_dump *file = NULL, *slim = NULL;
    write_file(setting.path, setting.bytes, setting.dump->file_len);
    assert_int_equal(hgr_dump_open(setting.path, NULL, setting.run, &file, NULL), HGR_OK);
    const hgr_addr_range first = {heap_addr, heap_addr + 1};
    assert_int_equal(hgr_slim_write(file, &first, 1, setting.path, setting.run, NULL, NULL),
                     HGR_OK);
    uint8_t byte = 0;
    assert_true(hgr_dump_read(file, heap_addr + 50 * PAGE, &byte, 1));
    assert_int_equal(byte, byte_at(heap_addr + 50 * PAGE));
    assert_int_equal(hgr_dump_open(setting.path, NULL, setting.run, &slim, NULL), HGR_OK);
    assert_false(hgr_dump_read(slim, heap_addr + 50 * PAGE, &byte, 1));
    hgr_dump_close(slim);
    hgr_dump_close(file);
    finish(&setting);
}

/* Every other page of one long range: more program headers than the ELF header can count. */
static void more_pieces_than_65534(void **state)
{
    (void)state;
    enum { COUNT = 66000 };
    hgr_run *run = make_run();
    char *directory = make_directory(), path[256];
    snprintf(path, sizeof path, "%s/slim.dmp", directory);
    uint8_t *bytes = calloc(COUNT, 16);
    hgr_addr_range *ranges = calloc(COUNT, sizeof *ranges);
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_process(core, 1, "many");
    size_t len;
    uint8_t *image = synth_core_end_bytes(core, &len);
    hgr_dump *dump = open_bytes(image, len, NULL, run), *slim = NULL;
    for (uint64_t i = 0; i < COUNT; i++) { /* as if its memory had come from elsewhere */
        memcpy(bytes + 16 * i, &i, sizeof i);
        hgr_range range = {.start_addr = i * 0x10000 + 8,
                           .end_addr = i * 0x10000 + 16,
                           .bytes = bytes + 16 * i,
                           .access = HGR_ACCESS_READ};
        assert_int_equal(hgr_space_add(&dump->space, &range, NULL), HGR_OK);
        ranges[i] = (hgr_addr_range){i * 0x10000, i * 0x10000 + (i % 5000 == 0)};
    }
    assert_int_equal(hgr_space_seal(&dump->space, NULL), HGR_OK);
    hgr_slim_totals totals;
    assert_int_equal(hgr_slim_write(dump, ranges, COUNT, path, run, &totals, NULL), HGR_OK);
    assert_int_equal(hgr_dump_open(path, NULL, run, &slim, NULL), HGR_OK);
    assert_int_equal(hgr_dump_ranges(slim), 14);
    assert_int_equal(totals.kept_bytes, 14 * 8);
    assert_int_equal(hgr_dump_get_info(slim)->left_out_bytes, (COUNT - 14) * 8);
    uint64_t value = 0;
    assert_true(hgr_dump_read(slim, UINT64_C(65000) * 0x10000 + 8, &value, 8));
    assert_int_equal(value, 65000);
    hgr_dump_close(slim);
    hgr_dump_close(dump);
    free(image);
    free(ranges);
    free(bytes);
    remove_directory(directory);
    end_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_pages_and_notes),
        cmocka_unit_test(keeps_all_or_nothing),
        cmocka_unit_test(keeps_what_readers_asked_for),
        cmocka_unit_test(replaces_only_when_whole),
        cmocka_unit_test(keeps_what_identifies_modules),
        cmocka_unit_test(may_replace_its_own_source),
        cmocka_unit_test(more_pieces_than_65534),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
