/* clr: metadata: where it lies in an image, what its tables say, and what lies say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clr/metadata.h"
#include "synth/metadata_writer.h"

#define ADDR UINT64_C(0x7000)

/* Outer (row 2) with Inner (row 3) inside, one field, a reference to another assembly. */
static uint8_t *write_small(const char *tables_name, uint8_t heap_sizes, size_t *len)
{
    synth_metadata *md = synth_metadata_begin();
    const uint8_t signature[] = {0x06, 0x1d, 0x0e};
    int wide_strings = heap_sizes & 1, wide_blobs = heap_sizes & 4;
    uint32_t outer = synth_metadata_string(md, "Outer`1"),
             inner = synth_metadata_string(md, "Inner");
    uint32_t space = synth_metadata_string(md, "Some.Where"),
             field = synth_metadata_string(md, "_items");
    uint32_t other = synth_metadata_string(md, "Other.Assembly");
    uint32_t blob = synth_metadata_blob(md, signature, sizeof signature);
    synth_metadata_heap_sizes(md, heap_sizes);
    synth_metadata_tables_name(md, tables_name);
    const char *typedef_row = wide_strings ? "444222" : "422222";
    synth_metadata_row(md, 0x01, wide_strings ? "244" : "222", 1u << 2 | 2u, outer,
                       space);                                            /* scope: AssemblyRef 1 */
    synth_metadata_row(md, 0x02, typedef_row, 0u, inner, 0u, 0u, 1u, 1u); /* <Module>, say */
    synth_metadata_row(md, 0x02, typedef_row, 1u, outer, space, 1u << 2 | 1u, 1u,
                       1u); /* extends TypeRef 1 */
    synth_metadata_row(md, 0x02, typedef_row, 2u, inner, 0u, 2u << 2, 2u,
                       1u); /* extends TypeDef 2 */
    const char *field_row = wide_strings ? wide_blobs ? "244" : "242" : wide_blobs ? "224" : "222";
    synth_metadata_row(md, 0x04, field_row, 1u, field, blob);
    const char *assembly_row = wide_strings ? "222242442" : "222242222";
    if (wide_blobs)
        assembly_row = wide_strings ? "222244444" : "222244224";
    synth_metadata_row(md, 0x23, assembly_row, 1u, 0u, 0u, 0u, 0u, 0u, other, 0u, 0u);
    synth_metadata_row(md, 0x29, "22", 3u, 2u);
    return synth_metadata_end(md, len);
}

static void assert_text(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                        const char *expected)
{
    const char *text;
    size_t len;
    assert_true(hgr_metadata_string(metadata, table, row, column, &text, &len));
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
}

static void check_small(const hgr_metadata *metadata)
{
    uint32_t table, row, value;
    hgr_cursor blob;
    assert_int_equal(metadata->rows[HGR_TABLE_TYPE_DEF], 3);
    assert_text(metadata, HGR_TABLE_TYPE_DEF, 2, HGR_TYPE_DEF_NAME, "Outer`1");
    assert_text(metadata, HGR_TABLE_TYPE_DEF, 2, HGR_TYPE_DEF_NAMESPACE, "Some.Where");
    assert_text(metadata, HGR_TABLE_TYPE_DEF, 3, HGR_TYPE_DEF_NAMESPACE, "");
    assert_true(
        hgr_metadata_coded(metadata, HGR_TABLE_TYPE_DEF, 2, HGR_TYPE_DEF_EXTENDS, &table, &row));
    assert_int_equal(table, HGR_TABLE_TYPE_REF);
    assert_int_equal(row, 1);
    assert_true(
        hgr_metadata_coded(metadata, HGR_TABLE_TYPE_REF, 1, HGR_TYPE_REF_SCOPE, &table, &row));
    assert_int_equal(table, HGR_TABLE_ASSEMBLY_REF);
    assert_text(metadata, table, row, HGR_ASSEMBLY_REF_NAME, "Other.Assembly");
    assert_text(metadata, HGR_TABLE_FIELD, 1, HGR_FIELD_NAME, "_items");
    assert_true(hgr_metadata_blob(metadata, HGR_TABLE_FIELD, 1, HGR_FIELD_SIGNATURE, &blob));
    assert_int_equal(blob.len, 3);
    assert_memory_equal(blob.bytes, "\x06\x1d\x0e", 3);
    assert_true(
        hgr_metadata_cell(metadata, HGR_TABLE_NESTED_CLASS, 1, HGR_NESTED_CLASS_ENCLOSING, &value));
    assert_int_equal(value, 2);
}

static void tables_read_in_every_width(void **state)
{
    (void)state;
    const uint8_t sizes[] = {0, 1, 2, 4, 5, 7, 0x40, 0x47};
    for (size_t i = 0; i < sizeof sizes; i++)
        for (int unsorted = 0; unsorted < 2; unsorted++) {
            size_t len;
            hgr_metadata metadata;
            hgr_status status = {0};
            uint8_t *bytes = write_small(unsorted ? "#-" : "#~", sizes[i], &len);
            assert_non_null(bytes);
            if (hgr_metadata_parse(bytes, len, ADDR, &metadata, &status) != HGR_OK)
                fail_msg("heap sizes %u: %s", sizes[i], status.text);
            check_small(&metadata);
            free(bytes);
        }
}

static void what_is_not_there_is_not_read(void **state)
{
    (void)state;
    size_t len, text_len;
    uint8_t *bytes = write_small("#~", 0, &len);
    hgr_metadata metadata;
    uint32_t value, table, row;
    const char *text;
    hgr_cursor blob;
    assert_int_equal(hgr_metadata_parse(bytes, len, ADDR, &metadata, NULL), HGR_OK);
    assert_false(hgr_metadata_cell(&metadata, HGR_TABLE_TYPE_DEF, 0, 0, &value));
    assert_false(hgr_metadata_cell(&metadata, HGR_TABLE_TYPE_DEF, 4, 0, &value));
    assert_false(hgr_metadata_cell(&metadata, HGR_TABLE_TYPE_DEF, 1, 6, &value)); /* six columns */
    assert_false(hgr_metadata_cell(&metadata, HGR_TABLE_METHOD, 1, 0, &value));   /* no rows */
    assert_false(hgr_metadata_cell(&metadata, 0x2d, 1, 0, &value));
    assert_false(hgr_metadata_cell(&metadata, UINT32_MAX, 1, 0, &value));
    assert_false(hgr_metadata_cell(&metadata, HGR_TABLE_TYPE_DEF, 1, UINT32_MAX, &value));
    assert_false(
        hgr_metadata_string(&metadata, HGR_TABLE_TYPE_DEF, 1, 0, &text, &text_len)); /* a number */
    assert_false(hgr_metadata_blob(&metadata, HGR_TABLE_TYPE_DEF, 1, 1, &blob));     /* a text */
    assert_false(hgr_metadata_coded(&metadata, HGR_TABLE_TYPE_DEF, 1, 1, &table, &row));
    free(bytes);
}

/* Read everything there is: nothing may crash, whatever the bytes say. */
static void read_all(const hgr_metadata *metadata)
{
    for (uint32_t table = 0; table < HGR_METADATA_TABLES; table++)
        for (uint32_t row = 1; row <= metadata->rows[table] && row < 100; row++)
            for (uint32_t column = 0; column < HGR_METADATA_COLUMNS; column++) {
                uint32_t value, to;
                const char *text;
                size_t len;
                hgr_cursor blob;
                (void)hgr_metadata_cell(metadata, table, row, column, &value);
                (void)hgr_metadata_coded(metadata, table, row, column, &value, &to);
                if (hgr_metadata_string(metadata, table, row, column, &text, &len))
                    assert_int_equal(strlen(text), len);
                if (hgr_metadata_blob(metadata, table, row, column, &blob))
                    assert_true(blob.bytes + blob.len <= metadata->bytes + metadata->len);
            }
}

static void every_beginning_is_harmless(void **state)
{
    (void)state;
    size_t len, parsed = 0;
    uint8_t *bytes = write_small("#~", 0, &len);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + 1); /* the sanitizer sees the first byte behind */
        hgr_metadata metadata;
        hgr_status status = {0};
        memcpy(exact, bytes, cut);
        hgr_result result = hgr_metadata_parse(exact, cut, ADDR, &metadata, &status);
        if (result == HGR_OK)
            read_all(&metadata);
        else
            assert_true(status.at >= ADDR && status.at <= ADDR + cut);
        parsed += result == HGR_OK;
        free(exact);
    }
    assert_true(parsed > 0 && parsed < len);
    free(bytes);
}

static void every_flipped_byte_is_harmless(void **state)
{
    (void)state;
    size_t len;
    uint8_t *bytes = write_small("#~", 0, &len);
    for (size_t at = 0; at < len; at++)
        for (int bit = 0; bit < 8; bit++) {
            hgr_metadata metadata;
            bytes[at] ^= (uint8_t)(1 << bit);
            if (hgr_metadata_parse(bytes, len, ADDR, &metadata, NULL) == HGR_OK)
                read_all(&metadata);
            bytes[at] ^= (uint8_t)(1 << bit);
        }
    free(bytes);
}

static void lies_about_rows_are_cut_or_refused(void **state)
{
    (void)state;
    const uint32_t lies[] = {1000, 0xffffff, 0x1000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        synth_metadata *md = synth_metadata_begin();
        size_t len;
        hgr_metadata metadata;
        hgr_status status = {0};
        synth_metadata_row(md, 0x02, "422222", 0u, 0u, 0u, 0u, 1u, 1u);
        synth_metadata_lie(md, 0x02, lies[i]);
        uint8_t *bytes = synth_metadata_end(md, &len);
        hgr_result result = hgr_metadata_parse(bytes, len, ADDR, &metadata, &status);
        assert_int_equal(result, lies[i] > HGR_METADATA_MAX_ROWS ? HGR_BAD_DATA : HGR_OK);
        if (result == HGR_OK)
            assert_true(metadata.rows[HGR_TABLE_TYPE_DEF] <
                        4); /* what can be there, heaps included */
        else
            assert_non_null(strstr(status.text, "limit 16777215"));
        free(bytes);
    }
}

static void texts_end_inside_their_heap(void **state)
{
    (void)state;
    synth_metadata *md = synth_metadata_begin();
    static char long_name[HGR_METADATA_MAX_NAME + 10];
    const char *text;
    size_t len, text_len;
    hgr_metadata metadata;
    memset(long_name, 'n', sizeof long_name - 1);
    synth_metadata_row(md, 0x1a, "2", synth_metadata_string(md, long_name)); /* too long */
    synth_metadata_row(md, 0x1a, "2", 0xfff0u);                              /* beyond */
    synth_metadata_row(md, 0x1a, "2", synth_metadata_string(md, "fine"));
    uint8_t *bytes = synth_metadata_end(md, &len);
    assert_int_equal(hgr_metadata_parse(bytes, len, ADDR, &metadata, NULL), HGR_OK);
    assert_false(hgr_metadata_string(&metadata, HGR_TABLE_MODULE_REF, 1, 0, &text, &text_len));
    assert_false(hgr_metadata_string(&metadata, HGR_TABLE_MODULE_REF, 2, 0, &text, &text_len));
    assert_true(hgr_metadata_string(&metadata, HGR_TABLE_MODULE_REF, 3, 0, &text, &text_len));
    free(bytes);
}

static void compressed_numbers(void **state)
{
    (void)state;
    /* The examples of II.23.2. */
    static const struct {
        uint8_t bytes[4];
        size_t len;
        uint32_t value;
    } GOOD[] = {
        {{0x03}, 1, 0x03},
        {{0x7f}, 1, 0x7f},
        {{0x80, 0x80}, 2, 0x80},
        {{0xae, 0x57}, 2, 0x2e57},
        {{0xbf, 0xff}, 2, 0x3fff},
        {{0xc0, 0x00, 0x40, 0x00}, 4, 0x4000},
        {{0xdf, 0xff, 0xff, 0xff}, 4, 0x1fffffff},
    };
    uint32_t value;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        hgr_cursor c = hgr_cursor_make(GOOD[i].bytes, GOOD[i].len, 0, HGR_AT_ADDR);
        assert_true(hgr_metadata_compressed(&c, &value));
        assert_int_equal(value, GOOD[i].value);
        assert_int_equal(c.pos, GOOD[i].len);
        c = hgr_cursor_make(GOOD[i].bytes, GOOD[i].len - 1, 0, HGR_AT_ADDR);
        assert_false(hgr_metadata_compressed(&c, &value));
        assert_int_equal(c.pos, 0);
    }
    hgr_cursor c = hgr_cursor_make("\xe0\0\0\0", 4, 0, HGR_AT_ADDR);
    assert_false(hgr_metadata_compressed(&c, &value));
}

static void images_are_found_in_both_layouts(void **state)
{
    (void)state;
    size_t len, image_len;
    uint8_t *bytes = write_small("#~", 0, &len);
    for (int kind = 0; kind < 4; kind++) {
        bool wide = kind & 1, flat = kind & 2;
        uint8_t *image = synth_pe_image(bytes, len, wide, flat, &image_len);
        hgr_run *run = NULL;
        hgr_space space;
        hgr_metadata_place place;
        assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
        hgr_space_init(&space, run, 8);
        hgr_range range = {.start_addr = 0x10000, .end_addr = 0x10000 + image_len, .bytes = image};
        assert_int_equal(hgr_space_add(&space, &range, NULL), HGR_OK);
        assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
        assert_int_equal(hgr_metadata_locate(&space, 0x10000, &place, NULL), HGR_OK);
        assert_int_equal(place.flat, flat);
        assert_int_equal(place.bytes, len);
        assert_memory_equal(hgr_space_view(&space, place.addr, place.bytes), bytes, len);
        assert_int_equal(hgr_metadata_locate(&space, 0x10008, &place, NULL), HGR_NOT_FOUND);
        assert_int_equal(hgr_metadata_locate(&space, 0x20000, &place, NULL), HGR_NOT_FOUND);
        assert_int_equal(hgr_metadata_locate(&space, UINT64_MAX - 7, &place, NULL), HGR_NOT_FOUND);
        hgr_space_fini(&space);
        hgr_run_free(run);
        free(image);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_read_in_every_width),
        cmocka_unit_test(what_is_not_there_is_not_read),
        cmocka_unit_test(every_beginning_is_harmless),
        cmocka_unit_test(every_flipped_byte_is_harmless),
        cmocka_unit_test(lies_about_rows_are_cut_or_refused),
        cmocka_unit_test(texts_end_inside_their_heap),
        cmocka_unit_test(compressed_numbers),
        cmocka_unit_test(images_are_found_in_both_layouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
