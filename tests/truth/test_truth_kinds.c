/* One small program by every writer of dumps: createdump's four kinds, gdb's gcore, the kernel.
 *
 * All that hold the heap give the counts, bytes and references that ClrMD counted in the full one.
 * gcore and the kernel leave out the pages of files, so names come from the program's own files,
 * when they are proven to be those that were mapped, and from no others. The small kinds are
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"

#define KINDS HGR_FIXTURES "/kinds"

static const char *const MODULES[] = {"Kinds.dll", "System.Console.dll",
                                      "System.Private.CoreLib.dll"};
enum { MODULE_COUNT = 3 };

/* ---- the program's files ---- */

static void write_file(const char *folder, const char *name, const char *bytes, size_t len)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* The files in a folder of their own, each under the name of another when told so. */
static void unpack_modules(char *folder, const char *const names[MODULE_COUNT])
{
    struct fixture modules = {.name = "modules", .truth_dir = KINDS "/modules"};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < MODULE_COUNT; i++) {
        size_t len;
        char *bytes = fixture_text(&modules, MODULES[i], &len);
        write_file(folder, names[i], bytes, len);
        free(bytes);
    }
}

static void remove_modules(const char *folder)
{
    for (size_t i = 0; i < MODULE_COUNT; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", folder, MODULES[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* ---- opening ---- */

struct scanned {
    struct opened opened;
    hgr_snapshot *snapshot;
};

static hgr_result open_kind(const char *file, const char *modules, struct scanned *out,
                            hgr_status *status)
{
    char path[300];
    const hgr_dump_options options = {.module_dir = modules, .no_module_files = !modules};
    *out = (struct scanned){0};
    snprintf(path, sizeof path, KINDS "/%s.zst", file);
    assert_int_equal(hgr_run_create(2, &out->opened.run, NULL), HGR_OK);
    hgr_run_set_check_level(out->opened.run, 2);
    assert_int_equal(hgr_dump_open(path, &options, out->opened.run, &out->opened.dump, status),
                     HGR_OK);
    return hgr_runtime_open(out->opened.dump, NULL, out->opened.run, &out->opened.runtime, status);
}

static void scan_kind(const char *file, const char *modules, struct scanned *out)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    if (open_kind(file, modules, out, &status) != HGR_OK)
        fail_msg("%s: %s", file, status.text);
    if (hgr_snapshot_create(out->opened.runtime, &depth, out->opened.run, &out->snapshot,
                            &status) != HGR_OK)
        fail_msg("%s: %s", file, status.text);
    for (int k = 0; k < HGR_FINDING_KINDS; k++)
        if (k != HGR_FOUND_NO_NAME)
            assert_int_equal(hgr_snapshot_finding_count(out->snapshot, (hgr_finding_kind)k, NULL),
                             0);
}

static void close_kind(struct scanned *scanned)
{
    hgr_snapshot_free(scanned->snapshot);
    fixture_close(&scanned->opened);
}

/* ---- against ClrMD ---- */

static json_object *truth_of_full(const char *question)
{
    struct fixture full = {.name = "full", .truth_dir = KINDS "/full.truth"};
    return fixture_json(&full, question);
}

static void check_totals(const struct scanned *scanned)
{
    json_object *stat = truth_of_full("stat"), *edges = truth_of_full("edges");
    const hgr_totals *totals = hgr_snapshot_totals(scanned->snapshot);
    assert_int_equal(totals->objects, truth_u64(stat, "objects"));
    assert_int_equal(totals->bytes, truth_u64(stat, "bytes"));
    assert_int_equal(totals->free_count, truth_u64(stat, "free_objects"));
    assert_int_equal(totals->free_bytes, truth_u64(stat, "free_bytes"));
    assert_int_equal(totals->references, truth_u64(edges, "edges"));
    assert_int_equal(totals->walked_bytes, totals->used_bytes);
    json_object_put(stat);
    json_object_put(edges);
}

/* Counts and bytes of every name; two method tables may share one. */
static void check_types(const struct scanned *scanned)
{
    json_object *stat = truth_of_full("stat"), *types = truth_get(stat, "types");
    for (size_t i = 0; i < json_object_array_length(types); i++) {
        const char *name = truth_text(json_object_array_get_idx(types, i), "name");
        uint64_t count = 0, bytes = 0, expected_count = 0, expected_bytes = 0;
        if (strcmp(name, "Free") == 0) /* no object: in the totals */
            continue;
        for (size_t k = 0; k < json_object_array_length(types); k++) {
            json_object *row = json_object_array_get_idx(types, k);
            if (strcmp(truth_text(row, "name"), name) != 0)
                continue;
            expected_count += truth_u64(row, "count");
            expected_bytes += truth_u64(row, "bytes");
        }
        for (uint32_t t = 0; t < hgr_snapshot_types(scanned->snapshot); t++) {
            const hgr_type_info *type = hgr_snapshot_type(scanned->snapshot, t);
            if (strcmp(type->name, name) != 0)
                continue;
            count += type->count;
            bytes += type->bytes;
        }
        if (count != expected_count || bytes != expected_bytes)
            fail_msg("%s: %llu objects of %llu bytes, expected %llu of %llu", name,
                     (unsigned long long)count, (unsigned long long)bytes,
                     (unsigned long long)expected_count, (unsigned long long)expected_bytes);
    }
    json_object_put(stat);
}

static uint64_t count_of(const struct scanned *scanned, const char *name)
{
    for (uint32_t t = 0; t < hgr_snapshot_types(scanned->snapshot); t++)
        if (strcmp(hgr_snapshot_type(scanned->snapshot, t)->name, name) == 0)
            return hgr_snapshot_type(scanned->snapshot, t)->count;
    return 0;
}

static bool has_root(const struct scanned *scanned, const char *name)
{
    for (size_t i = 0; i < hgr_snapshot_roots(scanned->snapshot); i++)
        if (strcmp(hgr_snapshot_root(scanned->snapshot, i)->name, name) == 0)
            return true;
    return false;
}

static void dumps_with_the_heap_give_the_same_answers(void **state)
{
    (void)state;
    static const struct {
        const char *file, *writer;
        bool needs_files;
    } rows[] = {{"full.dmp", "createdump", false},
                {"withheap.dmp", "createdump", false},
                {"gcore.core", "gcore", true},
                {"kernel.core", "kernel", true}};
    char folder[] = "/tmp/hgr_kinds_XXXXXX";
    unpack_modules(folder, MODULES);
    for (size_t i = 0; i < 4; i++) {
        struct scanned scanned;
        scan_kind(rows[i].file, rows[i].needs_files ? folder : NULL, &scanned);
        assert_string_equal(hgr_dump_get_info(scanned.opened.dump)->writer, rows[i].writer);
        assert_false(hgr_runtime_get_info(scanned.opened.runtime)->no_core_metadata);
        assert_int_equal(hgr_runtime_get_info(scanned.opened.runtime)->absent_bytes, 0);
        check_totals(&scanned);
        check_types(&scanned);
        assert_int_equal(count_of(&scanned, "Kinds.Order"), 1000);
        assert_true(has_root(&scanned, "static Kinds.Store.Orders"));
        close_kind(&scanned);
    }
    remove_modules(folder);
}

static void without_files_only_names_are_lost(void **state)
{
    (void)state;
    static const char *const files[] = {"gcore.core", "kernel.core"};
    for (size_t i = 0; i < 2; i++) {
        struct scanned scanned;
        scan_kind(files[i], NULL, &scanned);
        assert_true(hgr_runtime_get_info(scanned.opened.runtime)->no_core_metadata);
        check_totals(&scanned);
        assert_int_equal(hgr_snapshot_finding_count(scanned.snapshot, HGR_FOUND_NO_NAME, NULL),
                         hgr_snapshot_types(scanned.snapshot));
        assert_int_equal(count_of(&scanned, "Kinds.Order"), 0);
        close_kind(&scanned);
    }
}

/* Of three right names one stands for another file: its types have no names, all others do. */
static void a_wrong_file_of_the_right_name_is_refused(void **state)
{
    (void)state;
    static const char *const swapped[] = {"System.Console.dll", "Kinds.dll",
                                          "System.Private.CoreLib.dll"};
    char folder[] = "/tmp/hgr_kinds_XXXXXX";
    struct scanned scanned;
    unpack_modules(folder, swapped);
    scan_kind("gcore.core", folder, &scanned);
    check_totals(&scanned);
    assert_false(hgr_runtime_get_info(scanned.opened.runtime)->no_core_metadata);
    assert_int_equal(count_of(&scanned, "Kinds.Order"), 0);
    assert_true(count_of(&scanned, "System.String") > 0);
    uint64_t lost = hgr_snapshot_finding_count(scanned.snapshot, HGR_FOUND_NO_NAME, NULL);
    assert_true(lost > 0 && lost < hgr_snapshot_types(scanned.snapshot));
    close_kind(&scanned);
    remove_modules(folder);
}

static void kinds_without_the_heap_are_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"normal.dmp", "triage.dmp"};
    for (size_t i = 0; i < 2; i++) {
        struct scanned scanned;
        hgr_status status = {0};
        assert_int_equal(open_kind(files[i], NULL, &scanned, &status), HGR_TRUNCATED);
        if (!strstr(status.text, "no heap memory in the dump"))
            fail_msg("%s: %s", files[i], status.text);
        close_kind(&scanned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dumps_with_the_heap_give_the_same_answers),
        cmocka_unit_test(without_files_only_names_are_lost),
        cmocka_unit_test(a_wrong_file_of_the_right_name_is_refused),
        cmocka_unit_test(kinds_without_the_heap_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
