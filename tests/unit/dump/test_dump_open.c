/* dump/dump_open.c, formats.c: what is no dump is named; files, pipes, directories; memory runs
 * out. */
#include "dump_testing.h"

#include <errno.h>
#include <sys/stat.h>

static void names_what_is_no_dump(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        hgr_result code;
        const char *text;
    } cases[] = {
#define CASE(bytes, code, text) {bytes, sizeof bytes - 1, code, text}
        CASE("", HGR_BAD_DATA, "empty file (0 bytes)"),
        CASE("\0", HGR_BAD_DATA, "begins with 1 zero bytes"),
        CASE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", HGR_BAD_DATA, "still being written?"),
        CASE("\x7f", HGR_BAD_DATA, "1 bytes, expected a memory dump"),
        CASE("\x7f"
             "EL",
             HGR_BAD_DATA, "3 bytes, expected a memory dump"),
        CASE("\x7f"
             "ELF",
             HGR_TRUNCATED, "file has 4 bytes, expected 64"),
        CASE("\x7f"
             "ELG....",
             HGR_BAD_DATA, "begins with 7f 45 4c 47"),
        CASE("PAGEDU64", HGR_UNSUPPORTED, "Windows kernel dump"),
        CASE("\xcf\xfa\xed\xfe....", HGR_UNSUPPORTED, "Mach-O"),
        CASE("\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x04\0\0\0....", HGR_UNSUPPORTED,
             "Mach-O core of an arm64 process"),
        CASE("\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x04\0\0\0....", HGR_UNSUPPORTED,
             "Mach-O core of an x64 process"),
        CASE("PK\x03\x04....", HGR_TRUNCATED, "zip archive cut off"),
        CASE("MDMP....", HGR_TRUNCATED, "minidump"),
        CASE("(\xb5", HGR_BAD_DATA, "2 bytes, expected a memory dump"), /* zstd's first two */
        CASE("\xfd"
             "7zXZ\0..",
             HGR_UNSUPPORTED, "xz compressed"),
        CASE("BZh91AY", HGR_UNSUPPORTED, "bzip2 compressed"),
        CASE("\x04\x22\x4d\x18..", HGR_UNSUPPORTED, "lz4 compressed"),
        CASE("JAVA PROFILE 1.0.2", HGR_UNSUPPORTED, "hprof"),
        CASE("Nettrace....", HGR_UNSUPPORTED, "event trace"),
        CASE("\x14\0\0\0!FastSerialization.1", HGR_UNSUPPORTED, "gcdump"),
        CASE("MZ\x90\0....", HGR_UNSUPPORTED, "Windows program"),
        CASE("Dear reader,\nthis is no dump.\n", HGR_BAD_DATA, "a text file"),
        CASE("\x01\x02\x03\x04\x05", HGR_BAD_DATA, "begins with 01 02 03 04, expected an ELF core"),
        CASE("\x1f\x8b\x08", HGR_TRUNCATED, "holds no data"),
        CASE("\x28\xb5\x2f\xfd", HGR_TRUNCATED, "holds no data"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_run *run = make_run();
        hgr_dump *dump = NULL;
        hgr_status status = {0};
        hgr_result result = hgr_dump_open_bytes((const uint8_t *)cases[i].bytes, cases[i].len, NULL,
                                                run, &dump, &status);
        if (result != cases[i].code || !strstr(status.text, cases[i].text))
            fail_msg("case %zu: %s, %s", i, hgr_result_name(result), status.text);
        assert_int_equal(status.code, result);
        assert_null(dump);
        assert_int_equal(hgr_dump_open_bytes((const uint8_t *)cases[i].bytes, cases[i].len, NULL,
                                             run, &dump, NULL),
                         result);
        end_run(run);
    }
}

static void names_the_path_and_the_reason(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    char *directory = make_directory(), path[256], text[512];
    hgr_dump *dump = NULL;
    hgr_status status = {0};

    snprintf(path, sizeof path, "%s/absent", directory);
    assert_int_equal(hgr_dump_open(path, NULL, run, &dump, &status), HGR_IO);
    assert_int_equal(status.os_error, ENOENT);
    snprintf(text, sizeof text, "%s: cannot open: No such file or directory", path);
    assert_string_equal(status.text, text);

    assert_int_equal(hgr_dump_open(directory, NULL, run, &dump, &status), HGR_IO);
    assert_int_equal(status.os_error, EISDIR);

    snprintf(path, sizeof path, "%s/pipe", directory);
    assert_int_equal(mkfifo(path, 0600), 0); /* with nobody at its other end: must not wait */
    assert_int_equal(hgr_dump_open(path, NULL, run, &dump, &status), HGR_UNSUPPORTED);
    assert_non_null(strstr(status.text, "not a regular file"));

    snprintf(path, sizeof path, "%s/empty", directory);
    write_file(path, "", 0);
    assert_int_equal(hgr_dump_open(path, NULL, run, &dump, &status), HGR_BAD_DATA);
    snprintf(text, sizeof text, "%s: empty file (0 bytes)", path);
    assert_ptr_equal(strstr(status.text, text), status.text);

    snprintf(path, sizeof path, "%s/unreadable", directory);
    write_file(path, "x", 1);
    assert_int_equal(chmod(path, 0), 0);
    hgr_result result = hgr_dump_open(path, NULL, run, &dump, &status);
    if (geteuid() != 0) { /* root may read everything */
        assert_int_equal(result, HGR_IO);
        assert_int_equal(status.os_error, EACCES);
    }
    assert_null(dump);
    remove_directory(directory);
    end_run(run);
}

static void a_long_path_leaves_room_for_the_reason(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    char path[900];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = 0;
    hgr_dump *dump = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_dump_open(path, NULL, run, &dump, &status), HGR_IO);
    assert_ptr_equal(strstr(status.text, "...xxx"), status.text);
    assert_non_null(strstr(status.text, "x: cannot open: "));
    end_run(run);
}

/* A core with all the trimmings: threads, files, an overlap, a left-out page. */
static uint8_t *make_core(size_t *len)
{
    static const uint8_t page[PAGE] = {1, 2, 3};
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load(core, 0x10000, SYNTH_R, page, PAGE, 2 * PAGE);
    synth_core_load(core, 0x10800, SYNTH_R, page, PAGE, PAGE);
    synth_core_load(core, 0x40000, SYNTH_R | SYNTH_W, page, PAGE, PAGE);
    synth_core_process(core, 7, "app");
    for (uint32_t i = 0; i < 20; i++)
        synth_core_thread(core, 100 + i, NULL);
    synth_core_auxv(core, 9, 1);
    synth_core_file(core, 0x300000, 0x301000, 0, "/nowhere/b.so");
    synth_core_file(core, 0x200000, 0x201000, 0, "/nowhere/a.so");
    synth_core_file(core, 0x201000, 0x202000, 0x1000, "/nowhere/a.so");
    return synth_core_end_bytes(core, len);
}

static void identity_is_that_of_the_content(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    char *directory = make_directory(), path[256];
    size_t len;
    uint8_t *bytes = make_core(&len);
    hgr_dump *memory = open_bytes(bytes, len, NULL, run), *file = NULL;
    snprintf(path, sizeof path, "%s/core", directory);
    write_file(path, bytes, len);
    assert_int_equal(hgr_dump_open(path, NULL, run, &file, NULL), HGR_OK);
    assert_string_equal(hgr_dump_get_info(file)->path, path);
    assert_int_equal(hgr_dump_fingerprint(file), hgr_dump_fingerprint(memory));
    bytes[len - 1] ^= 1;
    hgr_dump *other = open_bytes(bytes, len, NULL, run);
    assert_int_not_equal(hgr_dump_fingerprint(other), hgr_dump_fingerprint(memory));
    hgr_dump_close(other);
    hgr_dump_close(file);
    hgr_dump_close(memory);
    hgr_dump_close(NULL);
    remove_directory(directory);
    free(bytes);
    end_run(run);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    size_t len;
    uint8_t *bytes = make_core(&len);
    hgr_dump *dump = NULL;
    uint64_t k = 1;
    for (;; k++) {
        hgr_status status = {0};
        hgr_run_fail_allocation(run, k);
        hgr_result result = hgr_dump_open_bytes(bytes, len, NULL, run, &dump, &status);
        if (result == HGR_OK)
            break;
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_int_equal(status.code, HGR_NO_MEMORY);
        assert_null(dump);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
    }
    hgr_run_fail_allocation(run, 0);
    assert_true(k > 20); /* the walk saw the readers, not just the first steps */
    assert_int_equal(hgr_dump_threads(dump), 20);
    assert_int_equal(hgr_dump_modules(dump), 2);
    assert_int_equal(hgr_dump_module(dump, 0)->base_addr, 0x200000);
    assert_int_equal(hgr_dump_module(dump, 0)->size_bytes, 0x2000);
    assert_null(hgr_dump_module(dump, 2));
    assert_null(hgr_dump_range(dump, hgr_dump_ranges(dump)));
    hgr_dump_close(dump);
    free(bytes);
    end_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_no_dump),
        cmocka_unit_test(names_the_path_and_the_reason),
        cmocka_unit_test(a_long_path_leaves_room_for_the_reason),
        cmocka_unit_test(identity_is_that_of_the_content),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
