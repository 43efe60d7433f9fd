/* Recorded Windows minidumps, x86 and x64, and a core of an early runtime, against two independent
 * answers: ClrMD with Microsoft's own DAC (dac.json), and what the dumped program wrote down about
 * itself (app.json).
 *
 * Where ClrMD is wrong the test says what it does and why; nothing else may differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "clr/clr.h"
#include "fixture.h"

static const struct kept {
    const char *folder, *name, *end;
} KEPT[] = {
    {"windows", "net-10.0.14-x64-wks", ".dmp.zst"},
    {"windows", "net-9.0.22-x64-wks", ".dmp.zst"},
    {"windows", "net-6.0.13-x64-wks", ".dmp.zst"},
    {"windows", "netcore-2.1.8-x86-wks", ".dmp.zst"},
    {"windows", "netcore-2.1.8-x86-big", ".dmp.zst"},
    {"early", "netcore-3.1.3-linux-x64", ".core.zst"},
    {"early", "netcore-2.0.0-linux-x64", ".core.zst"},
};

struct recording {
    bool windows;
    struct fixture fixture;
    struct opened opened;
    hgr_snapshot *snapshot;
    json_object *dac, *app;
    uint32_t pointer_size;
};

static void open_recording(const struct kept *kept, struct recording *out)
{
    const char *name = kept->name;
    hgr_status status = {0};
    const hgr_runtime_options options = {0};
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    struct fixture *fixture = &out->fixture;
    snprintf(fixture->name, sizeof fixture->name, "%s", name);
    snprintf(fixture->dump_path, sizeof fixture->dump_path, "%s/%s/%s%s", HGR_FIXTURES,
             kept->folder, name, kept->end);
    snprintf(fixture->truth_dir, sizeof fixture->truth_dir, "%s/%s/%s.truth", HGR_FIXTURES,
             kept->folder, name);
    out->windows = strcmp(kept->folder, "windows") == 0;
    fixture_open(fixture, 2, &options, &out->opened);
    if (hgr_snapshot_create(out->opened.runtime, &depth, out->opened.run, &out->snapshot,
                            &status) != HGR_OK)
        fail_msg("%s: %s", name, status.text);
    out->dac = fixture_json(fixture, "dac");
    out->app = fixture_json(fixture, "app");
    out->pointer_size = hgr_dump_get_info(out->opened.dump)->pointer_size;
}

static void close_recording(struct recording *recording)
{
    json_object_put(recording->app);
    json_object_put(recording->dac);
    hgr_snapshot_free(recording->snapshot);
    fixture_close(&recording->opened);
}

static void for_each(void (*check)(const struct recording *recording))
{
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        struct recording recording = {0};
        open_recording(&KEPT[i], &recording);
        check(&recording);
        close_recording(&recording);
    }
}

static size_t length_of(json_object *object, const char *key)
{
    return json_object_array_length(truth_get(object, key));
}

static json_object *row_of(json_object *object, const char *key, size_t index)
{
    return json_object_array_get_idx(truth_get(object, key), index);
}

static uint64_t pointer_at(const struct recording *recording, uint64_t addr)
{
    uint64_t value = 0;
    if (!hgr_dump_read(recording->opened.dump, addr, &value, recording->pointer_size))
        fail_msg("%s: nothing at %#llx", recording->fixture.name, (unsigned long long)addr);
    return value;
}

/* ---- what the dump is ---- */

static void check_info(const struct recording *recording)
{
    const hgr_dump_info *dump = hgr_dump_get_info(recording->opened.dump);
    const hgr_runtime_info *runtime = hgr_runtime_get_info(recording->opened.runtime);
    assert_string_equal(dump->format, recording->windows ? "minidump" : "ELF core");
    assert_string_equal(dump->os, recording->windows ? "windows" : "linux");
    assert_string_equal(dump->process_name, recording->windows ? "dotnet.exe" : "dotnet");
    assert_int_equal(dump->missing_bytes, 0);
    assert_int_equal(dump->pointer_size, truth_u64(recording->app, "pointer_size"));
    assert_int_equal(dump->process_id, truth_u64(recording->app, "pid"));
    if (recording->windows) /* the program looked it up only there */
        assert_int_equal(runtime->module_addr, truth_u64(recording->app, "coreclr_base"));
    assert_int_equal(runtime->server_gc,
                     json_object_get_boolean(truth_get(recording->app, "server_gc")));
    assert_non_null(strstr(recording->fixture.name, runtime->version));
    assert_int_equal(strncmp(runtime->layout, "verified", 8), 0);
    for (size_t i = 0; hgr_runtime_warning(recording->opened.runtime, i); i++)
        fail_msg("%s: %s", recording->fixture.name,
                 hgr_runtime_warning(recording->opened.runtime, i));
}

static void modules_of(const struct recording *recording)
{
    if (!recording->windows)
        return; /* the program's own list has other bounds than the mappings */
    size_t count = length_of(recording->app, "modules"), found = 0;
    for (size_t i = 0; i < count; i++) {
        json_object *row = row_of(recording->app, "modules", i);
        for (size_t m = 0; m < hgr_dump_modules(recording->opened.dump); m++) {
            const hgr_module *module = hgr_dump_module(recording->opened.dump, m);
            found += module->base_addr == truth_u64(row, "base") &&
                     module->size_bytes == truth_u64(row, "size");
        }
    }
    assert_int_equal(found, count);
}

static void what_the_dump_is(void **state)
{
    (void)state;
    for_each(check_info);
    for_each(modules_of);
}

/* ---- the heap ---- */

/* The peer has no name for a type made by Reflection.Emit, nor where the metadata is not in the
 * dump. */
static bool peer_has_name(json_object *row)
{
    const char *name = truth_text(row, "name");
    return name && strcmp(name, "<Unloaded Type>") != 0;
}

/* A core that the kernel's rules left without the clean pages of files lacks most metadata. */
static bool is_nameless(const hgr_type_info *type)
{
    return strstr(type->name, "<method table 0x") != NULL;
}

/* The peer takes 2 bytes off each Free object above the minimum in 2.x, which no byte of the dump
 * says. */
static uint64_t free_bytes_as_peer_counts(const struct recording *recording)
{
    const hgr_totals *totals = hgr_snapshot_totals(recording->snapshot);
    uint64_t minimum = 3 * recording->pointer_size;
    if (hgr_runtime_get_info(recording->opened.runtime)->major != 2)
        return totals->free_bytes;
    uint64_t peer = 0, larger;
    for (size_t i = 0; i < length_of(recording->dac, "histogram"); i++) {
        json_object *row = row_of(recording->dac, "histogram", i);
        if (peer_has_name(row) && strcmp(truth_text(row, "name"), "Free") == 0)
            peer = truth_u64(row, "bytes");
    }
    /* How many that are: at most all of them, and all the difference must come from them. */
    larger = (totals->free_bytes - peer) / 2;
    assert_int_equal((totals->free_bytes - peer) % 2, 0);
    assert_true(larger <= totals->free_count &&
                larger <= (totals->free_bytes - minimum * totals->free_count) / 4);
    return peer;
}

static const hgr_type_info *type_of(const struct recording *recording, uint64_t method_table)
{
    for (uint32_t t = 0; t < hgr_snapshot_types(recording->snapshot); t++)
        if (hgr_snapshot_type(recording->snapshot, t)->method_table_addr == method_table)
            return hgr_snapshot_type(recording->snapshot, t);
    return NULL;
}

static void check_histogram(const struct recording *recording)
{
    const hgr_totals *totals = hgr_snapshot_totals(recording->snapshot);
    size_t rows = length_of(recording->dac, "histogram"), unnamed = 0;
    uint64_t collectible = 0;
    assert_int_equal(hgr_snapshot_types(recording->snapshot) + 1, rows); /* and Free */
    for (size_t i = 0; i < rows; i++) {
        json_object *row = row_of(recording->dac, "histogram", i);
        const hgr_type_info *type = type_of(recording, truth_u64(row, "mt"));
        if (!type) {
            assert_string_equal(truth_text(row, "name"), "Free");
            assert_int_equal(truth_u64(row, "count"), totals->free_count);
            assert_int_equal(truth_u64(row, "bytes"), free_bytes_as_peer_counts(recording));
            continue;
        }
        assert_int_equal(type->count, truth_u64(row, "count"));
        assert_int_equal(type->bytes, truth_u64(row, "bytes"));
        collectible += type->is_collectible ? type->count : 0;
        if (peer_has_name(row) &&
            is_nameless(type)) /* an argument without a name: the peer takes the variable's */
            assert_non_null(strstr(truth_text(row, "name"), "<T1"));
        else if (peer_has_name(row))
            assert_string_equal(type->name, truth_text(row, "name"));
        else
            unnamed += !is_nameless(type);
    }
    assert_true(unnamed <= 1);
    assert_int_equal(totals->objects + totals->free_count, truth_u64(recording->dac, "objects"));
    /* From 3.1 on the peer counts the implied reference of a collectible type's objects as one of
     * theirs. */
    bool counted = hgr_runtime_get_info(recording->opened.runtime)->major > 2;
    assert_int_equal(totals->references + (counted ? collectible : 0),
                     truth_u64(recording->dac, "references"));
    assert_int_equal(totals->walked_bytes, totals->used_bytes);
}

static void every_object_of_every_type(void **state)
{
    (void)state;
    for_each(check_histogram);
}

static void check_own_objects(const struct recording *recording)
{
    for (size_t i = 0; i < length_of(recording->app, "objects"); i++) {
        json_object *row = row_of(recording->app, "objects", i);
        hgr_node node = hgr_node_at(recording->snapshot, truth_u64(row, "addr"));
        assert_int_not_equal(node, HGR_NO_NODE);
        uint32_t type = hgr_node_type(recording->snapshot, node);
        assert_int_equal(hgr_snapshot_type(recording->snapshot, type)->method_table_addr,
                         truth_u64(row, "mt"));
    }
}

static void objects_the_program_knows(void **state)
{
    (void)state;
    for_each(check_own_objects);
}

/* ---- handles, statics, threads ---- */

static const hgr_handle *handle_at(const struct recording *recording, uint64_t slot)
{
    for (size_t i = 0; i < hgr_snapshot_handles(recording->snapshot); i++)
        if (hgr_snapshot_handle(recording->snapshot, i)->slot_addr == slot)
            return hgr_snapshot_handle(recording->snapshot, i);
    return NULL;
}

static void check_handles(const struct recording *recording)
{
    static const char *const kinds[] = {"WeakShort", "WeakLong",   "Strong",   "Pinned",
                                        NULL,        "RefCounted", "Dependent"};
    size_t rows = length_of(recording->dac, "handles");
    assert_int_equal(hgr_snapshot_handles(recording->snapshot), rows);
    for (size_t i = 0; i < rows; i++) {
        json_object *row = row_of(recording->dac, "handles", i);
        const hgr_handle *handle = handle_at(recording, truth_u64(row, "address"));
        assert_non_null(handle);
        assert_int_equal(handle->object_addr, truth_u64(row, "object"));
        assert_int_equal(handle->dependent_addr, truth_u64(row, "dependent"));
        if (handle->kind < sizeof kinds / sizeof kinds[0])
            assert_string_equal(kinds[handle->kind], truth_text(row, "kind"));
    }
    for (size_t i = 0; i < length_of(recording->app, "gchandles"); i++) {
        json_object *row = row_of(recording->app, "gchandles", i);
        const hgr_handle *handle = handle_at(recording, truth_u64(row, "handle"));
        assert_non_null(handle);
        assert_int_equal(handle->object_addr, truth_u64(row, "target"));
    }
}

static void handles(void **state)
{
    (void)state;
    for_each(check_handles);
}

static const hgr_clr_static *static_at(const hgr_clr_static *statics, size_t count, uint64_t slot)
{
    for (size_t i = 0; i < count; i++)
        if (statics[i].slot_addr == slot)
            return &statics[i];
    return NULL;
}

/* An open generic type has no statics; the peer reads the slot at offset 0 of its module's block.
 */
static bool is_open(const char *type)
{
    return strstr(type, "<T1") != NULL;
}

static void check_peer_statics(const struct recording *recording, const hgr_clr_static *statics,
                               size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < length_of(recording->dac, "statics"); i++) {
        json_object *row = row_of(recording->dac, "statics", i), *object;
        char name[512];
        if (!json_object_object_get_ex(row, "object", &object) || !object ||
            truth_value_u64(object) == 0 || is_open(truth_text(row, "type")))
            continue;
        const hgr_clr_static *found = static_at(statics, count, truth_u64(row, "address"));
        assert_non_null(found);
        snprintf(name, sizeof name, "%s.%s", truth_text(row, "type"), truth_text(row, "field"));
        assert_int_equal(found->object_addr, truth_value_u64(object));
        assert_string_equal(found->name, name);
        seen++;
    }
    assert_true(seen > 30);
}

/* Slots whose value lies in the heap: the others are numbers and structures. */
static void check_own_statics(const struct recording *recording, const hgr_clr_static *statics,
                              size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < length_of(recording->app, "statics"); i++) {
        json_object *row = row_of(recording->app, "statics", i);
        uint64_t slot = truth_u64(row, "slot"), value = truth_u64(row, "value");
        if (hgr_node_at(recording->snapshot, value) == HGR_NO_NODE)
            continue;
        const hgr_clr_static *found = static_at(statics, count, slot);
        if (!found)
            fail_msg("%s: no static at %s", recording->fixture.name, truth_text(row, "name"));
        assert_int_equal(found->object_addr, value);
        assert_int_equal(pointer_at(recording, slot), value);
        seen++;
    }
    assert_true(seen >= 6);
}

static void check_statics(const struct recording *recording)
{
    hgr_status status = {0};
    hgr_clr_names *names = NULL;
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    const hgr_run *run = recording->opened.run;
    assert_int_equal(hgr_clr_names_create(recording->opened.runtime, run, &names, &status), HGR_OK);
    assert_int_equal(
        hgr_clr_statics_read(recording->opened.runtime, names, run, &statics, &count, &status),
        HGR_OK);
    check_peer_statics(recording, statics, count);
    check_own_statics(recording, statics, count);
    hgr_free(statics);
    hgr_clr_names_free(names);
}

static void statics(void **state)
{
    (void)state;
    for_each(check_statics);
}

static void check_threads(const struct recording *recording)
{
    const hgr_runtime *runtime = recording->opened.runtime;
    size_t rows = length_of(recording->dac, "threads");
    assert_int_equal(runtime->nthreads, rows);
    for (size_t i = 0; i < rows; i++) {
        json_object *row = row_of(recording->dac, "threads", i);
        size_t t = 0;
        while (t < rows && runtime->threads[t].thread_addr != truth_u64(row, "address"))
            t++;
        assert_true(t < rows);
        assert_int_equal(runtime->threads[t].id, truth_u64(row, "managed"));
        assert_int_equal(runtime->threads[t].os_id, truth_u64(row, "os"));
        assert_non_null(runtime->threads[t].os_thread);
        const hgr_thread *os = runtime->threads[t].os_thread;
        if (!recording->windows)
            continue; /* a core does not say where stacks end */
        assert_int_equal(os->stack_end_addr, runtime->threads[t].stack_base_addr);
        assert_true(os->sp >= os->stack_start_addr && os->sp < os->stack_end_addr);
    }
    assert_true(length_of(recording->app, "threads") <= rows);
}

static void threads(void **state)
{
    (void)state;
    for_each(check_threads);
}

/* ---- less than everything ---- */

static void a_dump_without_heap_says_so(void **state)
{
    (void)state;
    hgr_run *run;
    hgr_dump *dump;
    hgr_runtime *runtime = NULL;
    hgr_status status = {0};
    const hgr_runtime_options options = {0};
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    assert_int_equal(hgr_dump_open(HGR_FIXTURES "/bad/netcore-2.1.8-x86-normal.dmp.zst", NULL, run,
                                   &dump, &status),
                     HGR_OK);
    assert_int_equal(hgr_runtime_open(dump, &options, run, &runtime, &status), HGR_TRUNCATED);
    assert_null(runtime);
    if (!strstr(status.text, "not in the dump"))
        fail_msg("'%s'", status.text);
    hgr_dump_close(dump);
    hgr_run_free(run);
}

/* ---- fields and statics by the reader of objects ---- */

struct collected {
    hgr_static *rows;
    size_t count, capacity;
};

static bool collect_static(void *user, const hgr_static *field)
{
    struct collected *all = user;
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 1024;
        all->rows = realloc(all->rows, all->capacity * sizeof *all->rows);
        assert_non_null(all->rows);
    }
    all->rows[all->count++] = *field;
    return true;
}

/* The static that lies at addr, or whose structure does (in its box). */
static const hgr_static *inspected_at(const struct collected *all, uint64_t addr)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].slot_addr == addr || all->rows[i].value.addr == addr)
            return &all->rows[i];
    return NULL;
}

static void check_inspected_statics(const struct recording *recording, hgr_inspector *inspector)
{
    struct collected all = {0};
    size_t seen = 0;
    assert_int_equal(hgr_inspect_statics(inspector, collect_static, &all, NULL), HGR_OK);
    for (size_t i = 0; i < length_of(recording->dac, "statics"); i++) {
        json_object *row = row_of(recording->dac, "statics", i), *object;
        if (is_open(truth_text(row, "type")) || truth_u64(row, "address") == 0)
            continue;
        const hgr_static *found = inspected_at(&all, truth_u64(row, "address"));
        if (!found)
            fail_msg("%s: %s.%s: not found", recording->fixture.name, truth_text(row, "type"),
                     truth_text(row, "field"));
        if (json_object_object_get_ex(row, "object", &object) && object)
            assert_int_equal(found->value.bits, truth_value_u64(object));
    }
    for (size_t i = 0; i < length_of(recording->app, "statics"); i++) {
        json_object *row = row_of(recording->app, "statics", i);
        const hgr_static *found = inspected_at(&all, truth_u64(row, "slot"));
        if (!found)
            fail_msg("%s: %s: not found", recording->fixture.name, truth_text(row, "name"));
        /* Numbers lie outside the heap; the recordings were made small before anything asked for
         * them, so that some are absent, and never zero. */
        seen += found->value.present;
        if (!found->value.present)
            assert_int_not_equal(found->value.element, HGR_IS_REFERENCE);
        else if (found->value.element != HGR_IS_STRUCT)
            assert_int_equal(found->value.bits, truth_u64(row, "value"));
    }
    assert_true(seen >= 7);
    free(all.rows);
}

static void check_inspected_layouts(const struct recording *recording, hgr_inspector *inspector)
{
    size_t seen = 0;
    for (size_t i = 0; i < length_of(recording->dac, "layouts"); i++) {
        json_object *row = row_of(recording->dac, "layouts", i), *truths = truth_get(row, "fields");
        const hgr_type *type = NULL;
        const hgr_field *fields = NULL;
        size_t count = 0, instance = 0;
        assert_int_equal(hgr_inspect_type(inspector, truth_u64(row, "mt"), &type, NULL), HGR_OK);
        assert_string_equal(type->name, truth_text(row, "type"));
        assert_int_equal(hgr_type_fields(inspector, type, &fields, &count, NULL), HGR_OK);
        for (size_t k = 0; k < count; k++)
            instance += !fields[k].is_static;
        assert_int_equal(instance, json_object_array_length(truths));
        for (size_t k = 0; k < instance; k++) {
            json_object *truth = json_object_array_get_idx(truths, k);
            bool found = false;
            for (size_t f = 0; f < count; f++)
                found |= !fields[f].is_static &&
                         strcmp(fields[f].name, truth_text(truth, "name")) == 0 &&
                         fields[f].offset == truth_u64(truth, "offset") + recording->pointer_size;
            if (!found)
                fail_msg("%s: %s has no %s there", recording->fixture.name, type->name,
                         truth_text(truth, "name"));
            seen++;
        }
    }
    assert_true(seen > 20);
}

/* What the program keeps in its list can be walked to, item by item. */
static void check_inspected_path(hgr_inspector *inspector)
{
    hgr_value count, last;
    hgr_status status = {0};
    char path[128];
    if (hgr_path_evaluate(inspector, "HeapLab.Store.Materials.Count", &count, &status) != HGR_OK)
        fail_msg("%s", status.text);
    assert_true(count.bits >= 4000);
    snprintf(path, sizeof path, "HeapLab.Store.Materials[%llu]",
             (unsigned long long)count.bits - 1);
    if (hgr_path_evaluate(inspector, path, &last, &status) != HGR_OK)
        fail_msg("%s", status.text);
    assert_non_null(hgr_value_type(inspector, &last));
}

static void check_inspected(const struct recording *recording)
{
    hgr_inspector *inspector = NULL;
    assert_int_equal(
        hgr_inspector_create(recording->opened.runtime, recording->opened.run, &inspector, NULL),
        HGR_OK);
    check_inspected_layouts(recording, inspector);
    check_inspected_statics(recording, inspector);
    check_inspected_path(inspector);
    hgr_inspector_free(inspector);
}

static void inspected_fields_and_statics(void **state)
{
    (void)state;
    for_each(check_inspected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_dump_is),
        cmocka_unit_test(every_object_of_every_type),
        cmocka_unit_test(objects_the_program_knows),
        cmocka_unit_test(handles),
        cmocka_unit_test(statics),
        cmocka_unit_test(inspected_fields_and_statics),
        cmocka_unit_test(threads),
        cmocka_unit_test(a_dump_without_heap_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
