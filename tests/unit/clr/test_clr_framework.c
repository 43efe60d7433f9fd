/* .NET Framework 4 on synthesised processes, 32 and 64 bit, workstation and server: heap, types,
 * fields, handles, roots, the finalizer queue. No recorded dump of it could be had: these say that
 * the code does what the facts say, and the answers say that nobody verified the facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr.h"
#include "dump/dump.h"
#include "synth/framework_heap.h"

struct opened {
    hgr_run *run;
    uint8_t *bytes;
    size_t len;
    synth_framework_truth truth;
    hgr_dump *dump;
    hgr_runtime *runtime;
    hgr_snapshot *snapshot;
};

static const synth_framework_options VARIANTS[] = {
    {.wide = false, .items = 100},
    {.wide = true, .items = 100},
    {.wide = false, .items = 100, .resource = true},
    {.wide = true, .items = 100, .resource = true},
    {.wide = false, .items = 100, .resource = true, .absolute = true},
    {.wide = false, .items = 100, .relative_lists = true},
    {.wide = true, .items = 100, .relative_lists = true},
    {.wide = false, .items = 50, .server_heaps = 2},
    {.wide = true, .items = 50, .server_heaps = 4, .resource = true},
    {.wide = false, .items = 100, .without_tables = true},
};
enum { NVARIANTS = sizeof VARIANTS / sizeof VARIANTS[0] };

static void open_variant(const synth_framework_options *variant, uint32_t threads,
                         struct opened *out)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    *out = (struct opened){0};
    assert_int_equal(hgr_run_create(threads, &out->run, NULL), HGR_OK);
    out->bytes = synth_framework_dump(variant, &out->truth, &out->len);
    assert_non_null(out->bytes);
    if (hgr_dump_open_bytes(out->bytes, out->len, NULL, out->run, &out->dump, &status) != HGR_OK ||
        hgr_runtime_open(out->dump, NULL, out->run, &out->runtime, &status) != HGR_OK ||
        hgr_snapshot_create(out->runtime, &depth, out->run, &out->snapshot, &status) != HGR_OK)
        fail_msg("%s", status.text);
}

static void close_variant(struct opened *opened)
{
    hgr_snapshot_free(opened->snapshot);
    hgr_runtime_close(opened->runtime);
    hgr_dump_close(opened->dump);
    hgr_run_free(opened->run);
    free(opened->bytes);
}

static void for_each(void (*check)(const struct opened *opened,
                                   const synth_framework_options *variant))
{
    for (size_t i = 0; i < NVARIANTS; i++) {
        struct opened opened;
        open_variant(&VARIANTS[i], 2, &opened);
        check(&opened, &VARIANTS[i]);
        close_variant(&opened);
    }
}

/* ---- what it is ---- */

static void check_info(const struct opened *opened, const synth_framework_options *variant)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(opened->runtime);
    assert_string_equal(info->name, ".NET Framework");
    assert_string_equal(info->version, "4.8.4110");
    assert_non_null(strstr(info->layout, "not verified on a recorded dump"));
    assert_string_equal(info->found_by,
                        variant->resource ? "shape of the heap, resource" : "shape of the heap");
    assert_int_equal(info->server_gc, variant->server_heaps > 1);
    if (!variant->without_tables)
        assert_int_equal(info->heaps, variant->server_heaps ? variant->server_heaps : 1);
    assert_false(info->regions);
    assert_non_null(strstr(info->unknown, "names of static fields"));
    assert_int_equal(strstr(info->unknown, "finalizer queue") == NULL,
                     variant->resource && variant->server_heaps == 0);
    for (size_t i = 0; hgr_runtime_warning(opened->runtime, i); i++)
        fail_msg("%s", hgr_runtime_warning(opened->runtime, i));
}

static void it_says_what_it_is_and_what_it_cannot_know(void **state)
{
    (void)state;
    for_each(check_info);
}

/* ---- the heap ---- */

static const hgr_type_info *type_of(const struct opened *opened, uint64_t mt)
{
    for (uint32_t t = 0; t < hgr_snapshot_types(opened->snapshot); t++)
        if (hgr_snapshot_type(opened->snapshot, t)->method_table_addr == mt)
            return hgr_snapshot_type(opened->snapshot, t);
    fail_msg("no type at %#llx", (unsigned long long)mt);
    return NULL;
}

static void check_heap(const struct opened *opened, const synth_framework_options *variant)
{
    (void)variant;
    const synth_framework_truth *truth = &opened->truth;
    const hgr_totals *totals = hgr_snapshot_totals(opened->snapshot);
    assert_int_equal(totals->objects, truth->objects);
    assert_int_equal(totals->bytes, truth->bytes);
    assert_int_equal(totals->references, truth->references);
    assert_int_equal(totals->free_count, truth->free_count);
    assert_int_equal(totals->walked_bytes, totals->used_bytes);
    for (int d = 0; d < 2; d++) {
        if (truth->items[d] == 0)
            continue;
        const hgr_type_info *item = type_of(opened, truth->item_mts[d]);
        assert_int_equal(item->count, truth->items[d]);
        assert_string_equal(item->name, "Shop.Item");
        assert_string_equal(item->module, "D:\\Shop\\Shop.dll");
    }
    assert_string_equal(type_of(opened, truth->string_mt)->name, "System.String");
    assert_string_equal(type_of(opened, truth->array_mt)->name, "System.Object[]");
    assert_string_equal(type_of(opened, truth->cart_mt)->name, "Shop.Cart");
    assert_string_equal(type_of(opened, truth->string_mt)->module, "C:\\Windows\\mscorlib.ni.dll");
}

static void every_object_of_every_type(void **state)
{
    (void)state;
    for_each(check_heap);
}

static void check_generations(const struct opened *opened, const synth_framework_options *variant)
{
    const hgr_snapshot *snapshot = opened->snapshot;
    const synth_framework_truth *truth = &opened->truth;
    hgr_node old = hgr_node_at(snapshot, truth->first_item);
    hgr_node young = hgr_node_at(snapshot, truth->lost_item);
    hgr_node middle = hgr_node_at(snapshot, truth->strong_item);
    hgr_node large = hgr_node_at(snapshot, truth->static_array);
    assert_int_equal(hgr_node_generation(snapshot, old), HGR_GEN2);
    assert_int_equal(hgr_node_generation(snapshot, young), HGR_GEN0);
    assert_int_equal(hgr_node_generation(snapshot, large), HGR_LOH);
    assert_int_equal(hgr_node_generation(snapshot, middle),
                     variant->without_tables ? HGR_GEN0 : HGR_GEN1);
}

static void generations_without_a_global(void **state)
{
    (void)state;
    for_each(check_generations);
}

/* ---- names of references ---- */

static void check_names(const struct opened *opened, const synth_framework_options *variant)
{
    (void)variant;
    char name[64];
    const hgr_snapshot *snapshot = opened->snapshot;
    hgr_node item = hgr_node_at(snapshot, opened->truth.first_item);
    hgr_node cart = hgr_node_at(snapshot, opened->truth.static_slot_cart);
    hgr_node array = hgr_node_at(snapshot, opened->truth.static_array);
    hgr_reference_name(snapshot, cart, 0, name, sizeof name);
    assert_string_equal(name, "_first");
    hgr_reference_name(snapshot, item, 0, name, sizeof name);
    assert_string_equal(name, "_next");
    hgr_reference_name(snapshot, item, 1, name, sizeof name);
    assert_string_equal(name, "_title");
    hgr_reference_name(snapshot, array, 0, name, sizeof name);
    assert_string_equal(name, "[3]");
}

static void references_have_their_fields_names(void **state)
{
    (void)state;
    for_each(check_names);
}

/* ---- roots ---- */

static bool has_root(const hgr_snapshot *snapshot, hgr_root_kind kind, uint64_t object)
{
    for (size_t i = 0; i < hgr_snapshot_roots(snapshot); i++) {
        const hgr_root *root = hgr_snapshot_root(snapshot, i);
        if (root->kind == kind && root->object_addr == object)
            return true;
    }
    return false;
}

static void check_roots(const struct opened *opened, const synth_framework_options *variant)
{
    const synth_framework_truth *truth = &opened->truth;
    const hgr_snapshot *snapshot = opened->snapshot;
    assert_int_equal(hgr_snapshot_handles(snapshot), 3); /* of both domains' tables */
    assert_true(has_root(snapshot, HGR_ROOT_PINNED, truth->static_array));
    assert_true(has_root(snapshot, HGR_ROOT_STRONG, truth->strong_item));
    assert_true(has_root(snapshot, HGR_ROOT_STACK, truth->stack_item));
    assert_int_equal(has_root(snapshot, HGR_ROOT_FINALIZER, truth->ready_cart),
                     variant->resource && variant->server_heaps == 0);
}

static void roots_of_both_domains(void **state)
{
    (void)state;
    for_each(check_roots);
}

/* ---- the file that the command line's tests use ---- */

/* HGR_RECORD_FRAMEWORK=FILE writes it anew, to be packed with `zstd -19`. */
static void the_recorded_file_is_this_process(void **state)
{
    (void)state;
    struct opened opened;
    hgr_dump *recorded = NULL;
    hgr_status status = {0};
    const synth_framework_options options = {.resource = true, .items = 100};
    open_variant(&options, 1, &opened);
    const char *record = getenv("HGR_RECORD_FRAMEWORK");
    FILE *file = record ? fopen(record, "wb") : NULL;
    if (file) {
        assert_int_equal(fwrite(opened.bytes, 1, opened.len, file), opened.len);
        assert_int_equal(fclose(file), 0);
    }
    if (hgr_dump_open(HGR_FIXTURES "/synth/framework-4.8-x86.dmp.zst", NULL, opened.run, &recorded,
                      &status) != HGR_OK)
        fail_msg("%s", status.text);
    assert_int_equal(recorded->file_len, opened.len);
    assert_memory_equal(recorded->file, opened.bytes, opened.len);
    hgr_dump_close(recorded);
    close_variant(&opened);
}

/* ---- any number of threads ---- */

static void threads_do_not_matter(void **state)
{
    (void)state;
    static const uint32_t THREADS[] = {2, 7, 64};
    struct opened one, many;
    open_variant(&VARIANTS[8], 1, &one);
    for (size_t i = 0; i < sizeof THREADS / sizeof THREADS[0]; i++) {
        open_variant(&VARIANTS[8], THREADS[i], &many);
        assert_int_equal(one.runtime->nsegments, many.runtime->nsegments);
        assert_memory_equal(one.runtime->segments, many.runtime->segments,
                            one.runtime->nsegments * sizeof *one.runtime->segments);
        assert_memory_equal(hgr_snapshot_totals(one.snapshot), hgr_snapshot_totals(many.snapshot),
                            sizeof(hgr_totals));
        close_variant(&many);
    }
    close_variant(&one);
}

/* ---- damage ---- */

/* Any byte of the loader's and collector's structures may be anything: an answer or a refusal. */
static void no_flipped_bit_is_believed_or_fatal(void **state)
{
    (void)state;
    synth_framework_truth truth;
    size_t len = 0;
    uint64_t seed = 1;
    hgr_run *run;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    const synth_framework_options variant = {.resource = true, .items = 3};
    uint8_t *bytes = synth_framework_dump(&variant, &truth, &len);
    assert_non_null(bytes);
    for (int i = 0; i < 400; i++) {
        const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
        hgr_dump *dump = NULL;
        hgr_runtime *runtime = NULL;
        hgr_snapshot *snapshot = NULL;
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        size_t at = (size_t)((seed >> 20) % len);
        uint8_t bit = (uint8_t)(1u << (seed >> 60 & 7));
        bytes[at] ^= bit;
        if (hgr_dump_open_bytes(bytes, len, NULL, run, &dump, NULL) == HGR_OK &&
            hgr_runtime_open(dump, NULL, run, &runtime, NULL) == HGR_OK &&
            hgr_snapshot_create(runtime, &depth, run, &snapshot, NULL) == HGR_OK)
            assert_true(hgr_snapshot_totals(snapshot)->walked_bytes <=
                        hgr_snapshot_totals(snapshot)->used_bytes);
        hgr_snapshot_free(snapshot);
        hgr_runtime_close(runtime);
        hgr_dump_close(dump);
        bytes[at] ^= bit;
    }
    free(bytes);
    hgr_run_free(run);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    synth_framework_truth truth;
    size_t len = 0;
    hgr_run *run;
    hgr_dump *dump = NULL;
    hgr_result result = HGR_NO_MEMORY;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    const synth_framework_options variant = {.resource = true, .items = 3};
    uint8_t *bytes = synth_framework_dump(&variant, &truth, &len);
    assert_int_equal(hgr_dump_open_bytes(bytes, len, NULL, run, &dump, NULL), HGR_OK);
    uint64_t before = hgr_run_memory_bytes(run);
    for (uint64_t k = 1; result != HGR_OK; k++) {
        hgr_runtime *runtime = NULL;
        hgr_run_fail_allocation(run, k);
        result = hgr_runtime_open(dump, NULL, run, &runtime, NULL);
        hgr_run_fail_allocation(run, 0);
        assert_true(result == HGR_OK || result == HGR_NO_MEMORY);
        hgr_runtime_close(runtime);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    hgr_dump_close(dump);
    hgr_run_free(run);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_it_is_and_what_it_cannot_know),
        cmocka_unit_test(every_object_of_every_type),
        cmocka_unit_test(generations_without_a_global),
        cmocka_unit_test(references_have_their_fields_names),
        cmocka_unit_test(roots_of_both_domains),
        cmocka_unit_test(the_recorded_file_is_this_process),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(no_flipped_bit_is_believed_or_fatal),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
