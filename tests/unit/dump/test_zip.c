/* A dump inside a zip archive: archives put together here byte by byte, and what may be wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/run.h"
#include "dump/dump.h"
#include "synth/minidump_writer.h"

/* ---- an archive under construction ---- */

struct bytes {
    uint8_t at[1 << 16];
    size_t  len;
};

struct archive {
    struct bytes file, directory;
    unsigned     count;
    int          wide; /* zip64 fields everywhere */
};

static void put(struct bytes *to, const void *bytes, size_t len)
{
    assert_true(len <= sizeof to->at - to->len);
    if (len)
        memcpy(to->at + to->len, bytes, len);
    to->len += len;
}

static void number(struct bytes *to, uint64_t value, int width)
{
    uint8_t raw[8];
    for (int i = 0; i < width; i++)
        raw[i] = (uint8_t)(value >> (8 * i));
    put(to, raw, (size_t)width);
}

static size_t deflate_all(const uint8_t *bytes, size_t len, uint8_t *out, size_t room)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    stream.next_in = copy;
    stream.avail_in = (unsigned)len;
    stream.next_out = out;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    free(copy);
    return room - stream.avail_out;
}

struct member {
    const char    *name;
    const uint8_t *bytes;
    size_t         len;
    unsigned       method, flags;
    uint32_t       crc_error;  /* added to the true one */
    uint64_t       size_error;
};

static void add(struct archive *a, const struct member *m)
{
    static uint8_t packed[1 << 16];
    size_t packed_len = m->len, name_len = strlen(m->name), at = a->file.len;
    if (m->method == 8)
        packed_len = deflate_all(m->bytes, m->len, packed, sizeof packed);
    else if (m->len)
        memcpy(packed, m->bytes, m->len);
    uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), m->bytes, (unsigned)m->len) + m->crc_error;
    uint64_t size = m->len + m->size_error;
    number(&a->file, 0x04034b50, 4);
    number(&a->file, 20, 2);
    number(&a->file, m->flags, 2);
    number(&a->file, m->method, 2);
    number(&a->file, 0, 4);
    number(&a->file, crc, 4);
    number(&a->file, packed_len, 4);
    number(&a->file, size, 4);
    number(&a->file, name_len, 2);
    number(&a->file, 5, 2); /* an extra field that the directory does not repeat */
    put(&a->file, m->name, name_len);
    put(&a->file, "\xfe\xca\1\0x", 5);
    put(&a->file, packed, packed_len);
    number(&a->directory, 0x02014b50, 4);
    number(&a->directory, 20, 2);
    number(&a->directory, 20, 2);
    number(&a->directory, m->flags, 2);
    number(&a->directory, m->method, 2);
    number(&a->directory, 0, 4);
    number(&a->directory, crc, 4);
    number(&a->directory, a->wide ? 0xffffffff : packed_len, 4);
    number(&a->directory, a->wide ? 0xffffffff : size, 4);
    number(&a->directory, name_len, 2);
    number(&a->directory, a->wide ? 33 : 0, 2);
    number(&a->directory, 3, 2);
    number(&a->directory, 0, 8);
    number(&a->directory, a->wide ? 0xffffffff : at, 4);
    put(&a->directory, m->name, name_len);
    if (a->wide) {
        put(&a->directory, "\xfe\xca\1\0x", 5);
        number(&a->directory, 1, 2);
        number(&a->directory, 24, 2);
        number(&a->directory, size, 8);
        number(&a->directory, packed_len, 8);
        number(&a->directory, at, 8);
    }
    put(&a->directory, "rem", 3);
    a->count++;
}

static void finish(struct archive *a, const char *comment)
{
    size_t at = a->file.len;
    put(&a->file, a->directory.at, a->directory.len);
    size_t end64_at = a->file.len;
    if (a->wide) {
        number(&a->file, 0x06064b50, 4);
        number(&a->file, 44, 8);
        number(&a->file, 45, 2);
        number(&a->file, 45, 2);
        number(&a->file, 0, 8);
        number(&a->file, a->count, 8);
        number(&a->file, a->count, 8);
        number(&a->file, a->directory.len, 8);
        number(&a->file, at, 8);
        number(&a->file, 0x07064b50, 4);
        number(&a->file, 0, 4);
        number(&a->file, end64_at, 8);
        number(&a->file, 1, 4);
    }
    number(&a->file, 0x06054b50, 4);
    number(&a->file, 0, 4);
    number(&a->file, a->wide ? 0xffff : a->count, 2);
    number(&a->file, a->wide ? 0xffff : a->count, 2);
    number(&a->file, a->wide ? 0xffffffff : a->directory.len, 4);
    number(&a->file, a->wide ? 0xffffffff : at, 4);
    number(&a->file, strlen(comment), 2);
    put(&a->file, comment, strlen(comment));
}

/* ---- opening it ---- */

static uint8_t *make_dump(size_t *len)
{
    uint8_t text[3000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * i >> 3);
    synth_minidump *synth = synth_minidump_begin(9, SYNTH_MEMORY64);
    synth_minidump_memory(synth, 0x7000, text, sizeof text);
    uint8_t *bytes = synth_minidump_end(synth, len);
    assert_non_null(bytes);
    return bytes;
}

static const struct member README = {.name = "readme.txt", .bytes = (const uint8_t *)"hello", .len = 5};
static const struct member FOLDER = {.name = "dumps/", .bytes = (const uint8_t *)"", .len = 0};

static hgr_result open_and_check(const struct archive *a, size_t len, hgr_status *status)
{
    hgr_run *run;
    hgr_dump *dump = NULL;
    uint8_t *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, a->file.at, len);
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    hgr_result result = hgr_dump_open_bytes(exact, len, NULL, run, &dump, status);
    if (result == HGR_OK) {
        uint8_t byte = 0;
        assert_string_equal(hgr_dump_get_info(dump)->compression, "zip");
        assert_string_equal(hgr_dump_get_info(dump)->format, "minidump");
        assert_int_equal(hgr_dump_get_info(dump)->file_bytes, len);
        bool whole = hgr_dump_get_info(dump)->missing_bytes == 0;
        assert_int_equal(hgr_dump_read(dump, 0x7000 + 2999, &byte, 1), whole);
        if (whole)
            assert_int_equal(byte, (uint8_t)(2999 * 2999 >> 3));
        hgr_dump_close(dump);
    }
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
    free(exact);
    return result;
}

static hgr_result open_archive(struct archive *a, hgr_status *status)
{
    finish(a, "");
    return open_and_check(a, a->file.len, status);
}

static void stored_deflated_and_zip64(void **state)
{
    (void)state;
    static struct archive a;
    for (unsigned method = 0; method <= 8; method += 8)
        for (int wide = 0; wide < 2; wide++) {
            size_t len = 0;
            uint8_t *bytes = make_dump(&len);
            a = (struct archive){.wide = wide};
            add(&a, &FOLDER);
            add(&a, &README);
            add(&a, &(struct member){"dumps/w3wp.txt", bytes, len, method, 0, 0, 0});
            finish(&a, "PK\5\6 in the comment must not be taken for the end");
            assert_int_equal(open_and_check(&a, a.file.len, NULL), HGR_OK);
            free(bytes);
        }
}

static void expect(struct archive *a, hgr_result code, const char *word)
{
    hgr_status status = {0};
    assert_int_equal(open_archive(a, &status), code);
    if (!strstr(status.text, word))
        fail_msg("'%s' does not say '%s'", status.text, word);
}

static void archives_that_are_refused(void **state)
{
    (void)state;
    static struct archive a;
    size_t len = 0;
    uint8_t *bytes = make_dump(&len);
    a = (struct archive){0};
    add(&a, &README);
    expect(&a, HGR_BAD_DATA, "1 files: none");
    a = (struct archive){0};
    expect(&a, HGR_BAD_DATA, "0 files");
    a = (struct archive){0};
    add(&a, &(struct member){"a.dmp", bytes, len, 8, 0, 0, 0});
    add(&a, &(struct member){"b.dmp", bytes, len, 0, 0, 0, 0});
    expect(&a, HGR_UNSUPPORTED, "2 dumps: a.dmp (");
    a = (struct archive){0};
    add(&a, &(struct member){"a.dmp", bytes, len, 9, 0, 0, 0});
    expect(&a, HGR_UNSUPPORTED, "Deflate64");
    a = (struct archive){0};
    add(&a, &README);
    add(&a, &(struct member){"a.dmp", bytes, len, 8, 1, 0, 0});
    expect(&a, HGR_UNSUPPORTED, "encrypted");
    a = (struct archive){0};
    add(&a, &(struct member){"a.dmp", bytes, len, 8, 0, 0, (uint64_t)-7});
    expect(&a, HGR_TOO_LARGE, "limit");
    a = (struct archive){0};
    add(&a, &README);
    a.count = 2;
    expect(&a, HGR_BAD_DATA, "line 1 of 2");
    free(bytes);
}

/* What comes out is used all the same, and told to be doubtful. */
static void a_directory_that_disagrees_is_told(void **state)
{
    (void)state;
    static struct archive a;
    static const struct {
        uint32_t crc_error;
        uint64_t size_error;
        const char *word;
    } rows[] = {{1, 0, "checksum"}, {0, 7, "its directory says"}};
    size_t len = 0;
    uint8_t *bytes = make_dump(&len);
    for (size_t i = 0; i < 2; i++) {
        hgr_run *run;
        hgr_dump *dump = NULL;
        a = (struct archive){0};
        add(&a, &(struct member){"a.dmp", bytes, len, 8, 0, rows[i].crc_error, rows[i].size_error});
        finish(&a, "");
        assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
        assert_int_equal(hgr_dump_open_bytes(a.file.at, a.file.len, NULL, run, &dump, NULL),
                         HGR_OK);
        assert_true(hgr_dump_get_info(dump)->packing_damaged);
        assert_non_null(strstr(hgr_dump_warning(dump, 0), rows[i].word));
        hgr_dump_close(dump);
        hgr_run_free(run);
    }
    free(bytes);
}

/* Of several dumps the user names one, like a path into the archive. */
static void one_of_several_is_named(void **state)
{
    (void)state;
    static struct archive a;
    static const struct {
        const char *member;
        hgr_result code;
        const char *word; /* in the error, or in the process's name */
    } rows[] = {
        {"/one/a.dmp", HGR_OK, "first.exe"},    {"/two/a.dmp", HGR_OK, "second.exe"},
        {"/b.dmp", HGR_OK, "third.exe"},        {"/two/b.dmp", HGR_OK, "third.exe"},
        {"/c.dmp", HGR_NOT_FOUND, "'c.dmp'"},   {"/two", HGR_NOT_FOUND, "'two'"},
        {"/a.dmp", HGR_UNSUPPORTED, "2 dumps"}, {"", HGR_UNSUPPORTED, "3 dumps: one/a.dmp ("},
        {"/", HGR_IO, "cannot open"},           {"/readme.txt", HGR_BAD_DATA, "a text file"},
    };
    static const char *const programs[] = {"first.exe", "second.exe", "third.exe"};
    static const char *const names[] = {"one/a.dmp", "two/a.dmp", "two/b.dmp"};
    a = (struct archive){0};
    add(&a, &README);
    for (unsigned i = 0; i < 3; i++) {
        size_t len = 0;
        synth_minidump *synth = synth_minidump_begin(9, SYNTH_MEMORY64);
        synth_minidump_module(synth, 0x400000, 0x1000, 1, programs[i], NULL);
        uint8_t *bytes = synth_minidump_end(synth, &len);
        assert_non_null(bytes);
        add(&a, &(struct member){names[i], bytes, len, i % 2 ? 0 : 8, 0, 0, 0});
        free(bytes);
    }
    finish(&a, "");
    char folder[] = "/tmp/hgr_test_zip_XXXXXX", path[64], operand[100];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crashes.zip", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(a.file.at, 1, a.file.len, file), a.file.len);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hgr_run *run;
        hgr_dump *dump = NULL;
        hgr_status status = {0};
        snprintf(operand, sizeof operand, "%s%s", path, rows[i].member);
        assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
        assert_int_equal(hgr_dump_open(operand, NULL, run, &dump, &status), rows[i].code);
        const char *text = dump ? hgr_dump_get_info(dump)->process_name : status.text;
        if (!strstr(text, rows[i].word))
            fail_msg("%s: '%s' does not say '%s'", rows[i].member, text, rows[i].word);
        hgr_dump_close(dump);
        hgr_run_free(run);
    }
    unlink(path);
    rmdir(folder);
}

static void every_cut_archive(void **state)
{
    (void)state;
    static struct archive a;
    for (unsigned method = 0; method <= 8; method += 8) {
        size_t len = 0, opened = 0;
        uint8_t *bytes = make_dump(&len);
        a = (struct archive){0};
        add(&a, &(struct member){"a.dmp", bytes, len, method, 0, 0, 0});
        size_t data_end = a.file.len;
        finish(&a, "");
        for (size_t cut = 4; cut < a.file.len; cut++) {
            hgr_status status = {0};
            hgr_result result = open_and_check(&a, cut, &status);
            opened += result == HGR_OK;
            if (result != HGR_OK && result != HGR_TRUNCATED && result != HGR_BAD_DATA)
                fail_msg("cut at %zu: %s", cut, status.text);
            if (cut >= data_end)
                assert_int_equal(result, HGR_OK); /* only the directory is lost */
        }
        assert_true(opened > len / 3);
        free(bytes);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static struct archive a;
    size_t len = 0;
    uint8_t *bytes = make_dump(&len);
    a = (struct archive){0};
    add(&a, &(struct member){"a.dmp", bytes, len, 8, 0, 0, 0});
    finish(&a, "");
    for (uint64_t k = 1;; k++) {
        hgr_run *run;
        hgr_dump *dump = NULL;
        assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
        hgr_run_fail_allocation(run, k);
        hgr_result result = hgr_dump_open_bytes(a.file.at, a.file.len, NULL, run, &dump, NULL);
        hgr_dump_close(dump);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
        hgr_run_free(run);
        if (result == HGR_OK) {
            assert_true(k > 5);
            break;
        }
        assert_int_equal(result, HGR_NO_MEMORY);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_deflated_and_zip64),
        cmocka_unit_test(archives_that_are_refused),
        cmocka_unit_test(a_directory_that_disagrees_is_told),
        cmocka_unit_test(one_of_several_is_named),
        cmocka_unit_test(every_cut_archive),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
