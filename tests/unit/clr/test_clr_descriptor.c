/* clr: descriptor JSON, versions and layout tables: tables of cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr_limits.h"
#include "clr/clr_open.h"

static const uint64_t POINTERS[] = {0, 0x1000, 0x2000, 0x3000};

static hgr_result parse(const char *json, hgr_clr_layout *layout, hgr_clr_globals *globals,
                        hgr_clr_contract *contract)
{
    *layout = *hgr_clr_layout_find(10, "linux", 8);
    *globals = (hgr_clr_globals){0};
    *contract = (hgr_clr_contract){0};
    return hgr_clr_descriptor_parse(json, strlen(json), POINTERS, 4, layout, globals, contract,
                                    NULL);
}

static void offsets_come_in_every_spelling(void **state)
{
    (void)state;
    hgr_clr_layout layout;
    hgr_clr_globals globals;
    hgr_clr_contract contract;
    const char *json =
        "{\"version\":0,\"types\":{"
        "\"Thread\":{\"Id\":20,\"OSId\":[300,\"uint32\"],\"State\":\"0x1c\",\"LinkNext\":112},"
        "\"Unknown\":{\"Field\":1},\"Module\":{\"!\":900,\"Base\":8}},"
        "\"globals\":{\"ThreadStore\":[[1],\"pointer\"],\"AppDomain\":[2],"
        "\"ObjectMethodTable\":[[3],\"pointer\"],\"Other\":[\"0x4\",\"uint32\"]},"
        "\"contracts\":{\"Thread\":1,\"Loader\":1}}";
    assert_int_equal(parse(json, &layout, &globals, &contract), HGR_OK);
    assert_int_equal(layout.thread_id, 20);
    assert_int_equal(layout.thread_os_id, 300);
    assert_int_equal(layout.thread_state, 28);
    assert_int_equal(layout.module_base, 8);
    assert_int_equal(layout.mt_parent, 16); /* not named: as in the table */
    assert_int_equal(globals.thread_store, 0x1000);
    assert_int_equal(globals.app_domain, 0x2000);
    assert_int_equal(globals.object_class, 0x3000);
    assert_int_equal(globals.string_class, 0);
    assert_int_equal(contract.contracts, 2);
    assert_int_equal(contract.changed, 4); /* LinkNext says what the table says */
    assert_int_equal(contract.ignored, 0);
}

static void nested_allocation_contexts_add_up(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        uint32_t expected;
    } cases[] = {
        {"{\"types\":{\"RuntimeThreadLocals\":{\"AllocContext\":16},\"GCAllocContext\":{"
         "\"Pointer\":0},"
         "\"EEAllocContext\":{\"GCAllocationContext\":24}}}",
         40},
        {"{\"types\":{\"RuntimeThreadLocals\":{\"AllocContext\":[16,\"AllocContext\"]},"
         "\"GCAllocContext\":{\"Pointer\":4}}}",
         20},
        /* Incomplete: the table's value stays. */
        {"{\"types\":{\"RuntimeThreadLocals\":{\"AllocContext\":16},\"EEAllocContext\":{},"
         "\"GCAllocContext\":{\"Pointer\":0}}}",
         8},
        {"{\"types\":{\"GCAllocContext\":{\"Pointer\":0}}}", 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_layout layout;
        hgr_clr_globals globals;
        hgr_clr_contract contract;
        assert_int_equal(parse(cases[i].json, &layout, &globals, &contract), HGR_OK);
        assert_int_equal(layout.thread_alloc_context, cases[i].expected);
    }
}

static void impossible_members_are_ignored(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"types\":{\"Thread\":{\"Id\":-4}}}",
        "{\"types\":{\"Thread\":{\"Id\":65536}}}",
        "{\"types\":{\"Thread\":{\"Id\":99999999999999999999999}}}",
        "{\"types\":{\"Thread\":{\"Id\":\"12 bytes\"}}}",
        "{\"types\":{\"Thread\":{\"Id\":\"\"}}}",
        "{\"types\":{\"Thread\":{\"Id\":[]}}}",
        "{\"types\":{\"Thread\":{\"Id\":[[1]]}}}",
        "{\"types\":{\"Thread\":{\"Id\":{}}}}",
        "{\"types\":{\"Thread\":{\"Id\":1.5}}}",
        "{\"types\":{},\"globals\":{\"ThreadStore\":[[4],\"pointer\"]}}",
        "{\"types\":{},\"globals\":{\"ThreadStore\":[[-1],\"pointer\"]}}",
        "{\"types\":{},\"globals\":{\"ThreadStore\":[[0],\"pointer\"]}}", /* that pointer is 0 */
        "{\"types\":{},\"globals\":{\"ThreadStore\":5}}",
        "{\"types\":{},\"globals\":{\"ThreadStore\":[]}}",
        "{\"types\":{},\"globals\":{\"ThreadStore\":[[]]}}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_layout layout;
        hgr_clr_globals globals;
        hgr_clr_contract contract;
        assert_int_equal(parse(cases[i], &layout, &globals, &contract), HGR_OK);
        if (contract.ignored != 1 || contract.changed != 0)
            fail_msg("%s: %u ignored, %u changed", cases[i], contract.ignored, contract.changed);
        assert_int_equal(layout.thread_id, 16);
        assert_int_equal(globals.thread_store, 0);
    }
}

static void broken_json_is_bad_data(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "{",
        "{\"types\":{}",
        "[]",
        "7",
        "null",
        "{\"types\":[]}",
        "{\"types\":null}",
        "{}",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
        "{\"types\":{\"a\":{\"b\":[[[[[[[[[1]]]]]]]]]}}}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_layout layout;
        hgr_clr_globals globals;
        hgr_clr_contract contract;
        if (parse(cases[i], &layout, &globals, &contract) != HGR_BAD_DATA)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(layout.thread_id, 16);
    }
}

static void huge_json_is_refused(void **state)
{
    (void)state;
    size_t len = HGR_CLR_MAX_JSON_BYTES + 1;
    char *json = malloc(len + 1);
    assert_non_null(json);
    memset(json, '[', len);
    hgr_clr_layout layout = *hgr_clr_layout_find(10, "linux", 8);
    hgr_clr_globals globals = {0};
    hgr_clr_contract contract = {0};
    assert_int_equal(
        hgr_clr_descriptor_parse(json, len, POINTERS, 4, &layout, &globals, &contract, NULL),
        HGR_TOO_LARGE);
    free(json);
}

static void version_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t major, minor, patch; /* major 0: refused */
    } cases[] = {
        {"@(#)Version 10.0.1226.42308 @Commit: 0", 10, 0, 12},
        {"@(#)Version 8.0.3126.42015", 8, 0, 31},
        {"@(#)Version 9.0.24.52809", 9, 0, 0},
        {"@(#)Version 6.0.1322.58009", 6, 0, 13},
        {"@(#)Version 4.6.25817.2 @BuiltBy: x", 2, 0, UINT32_MAX},
        {"@(#)Version 4.700.20.6602", 3, 0, UINT32_MAX},
        {"@(#)Version 10.0", 0, 0, 0},
        {"@(#)Version .0.1", 0, 0, 0},
        {"@(#)Version 0.0.1", 0, 0, 0},
        {"@(#)Version 99999999999.0.1", 0, 0, 0},
        {"@(#)Version ", 0, 0, 0},
        {"Version 10.0.1226", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_version version = {0, 0, 0};
        bool known = hgr_clr_version_parse(cases[i].text, strlen(cases[i].text), &version);
        assert_int_equal(known, cases[i].major != 0);
        assert_int_equal(version.major, cases[i].major);
        assert_int_equal(version.minor, cases[i].minor);
        assert_int_equal(version.patch, cases[i].patch);
    }
}

static void version_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t major, patch;
    } cases[] = {
        {"/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.31/libcoreclr.so", 8, 31},
        {"C:\\dotnet\\shared\\Microsoft.NETCore.App\\9.0.22\\coreclr.dll", 9, 22},
        {"/x/Microsoft.NETCore.App/10.0.0-rc.1.25451.107/libcoreclr.so", 10, 0},
        {"/x/Microsoft.NETCore.App.Ref/8.0.31/a.dll", 0, 0},
        {"/x/Microsoft.NETCore.App/current/a.dll", 0, 0},
        {"/x/Microsoft.NETCore.App/8.0", 0, 0},
        {"/app/libcoreclr.so", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_version version = {0, 0, 0};
        bool known = hgr_clr_version_from_path(cases[i].path, &version);
        assert_int_equal(known, cases[i].major != 0);
        assert_int_equal(version.major, cases[i].major);
        assert_int_equal(version.patch, cases[i].patch);
    }
}

static void version_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *blobs;
        size_t len;
        uint32_t patch; /* UINT32_MAX: refused */
    } cases[] = {
        {"\0\21\1\0\15"
         "10.0.12+abcde\0\0",
         20, 12},
        {"\0\11\1\0\6"
         "10.0.1\0\0\1\0\15"
         "10.0.12+abcde\0\0",
         31, 12}, /* the first is another attribute */
        {"\1\0\15"
         "10.0.12+abcde\0",
         17, UINT32_MAX}, /* cut off */
        {"\1\0\16"
         "10.0.12+abcde\0\0",
         18, UINT32_MAX}, /* a length that does not fit */
        {"\1\0\377"
         "10.0.12+abcde\0\0",
         18, UINT32_MAX},
        {"\0\0\15"
         "10.0.12+abcde\0\0",
         18, UINT32_MAX},
        {"10.0.12+abcde\0\0", 15, UINT32_MAX},
        {"\1\0\15"
         "10.0.x2+abcde\0\0",
         18, UINT32_MAX},
        {"", 0, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_clr_version version = {0, 0, UINT32_MAX};
        bool known =
            hgr_clr_version_from_blobs((const uint8_t *)cases[i].blobs, cases[i].len, 10, &version);
        if (known != (cases[i].patch != UINT32_MAX) || version.patch != cases[i].patch)
            fail_msg("case %zu: %d, patch %u", i, known, version.patch);
    }
}

static void layout_rows_are_found_by_all_three_keys(void **state)
{
    (void)state;
    assert_int_equal(hgr_clr_layout_newest("linux", 8), 10);
    assert_int_equal(hgr_clr_layout_newest("plan9", 8), 0);
    assert_null(hgr_clr_layout_find(10, "linux", 16));
    assert_null(hgr_clr_layout_find(99, "linux", 8));
    for (uint32_t major = 8; major <= 10; major++) {
        const hgr_clr_layout *layout = hgr_clr_layout_find(major, "linux", 8);
        assert_non_null(layout);
        assert_int_equal(layout->major, major);
        /* Each row's own arithmetic: the links of a handle segment follow its per-type arrays. */
        assert_int_equal(layout->handle_segment_next, 0x780 + 6 * layout->handle_types);
        assert_int_equal(layout->handle_segment_table, layout->handle_segment_next + 8);
        assert_true(layout->thread_stack_limit == layout->thread_stack_base + 8);
        assert_true(layout->store_count > layout->store_first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_come_in_every_spelling),
        cmocka_unit_test(nested_allocation_contexts_add_up),
        cmocka_unit_test(impossible_members_are_ignored),
        cmocka_unit_test(broken_json_is_bad_data),
        cmocka_unit_test(huge_json_is_refused),
        cmocka_unit_test(version_texts),
        cmocka_unit_test(version_paths),
        cmocka_unit_test(version_attributes),
        cmocka_unit_test(layout_rows_are_found_by_all_three_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
