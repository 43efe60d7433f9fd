/* Runtime, segments, allocation contexts, threads, handles, finalization queue and stack words
 * against ClrMD's answers on the same dumps, found once by exports and descriptor and once by shape
 * alone. Where ClrMD is known to be wrong the test says what it misses and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr.h"
#include "fixture.h"

/* ---- info ---- */

static void check_info(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "info");
    const hgr_runtime_info *info = hgr_runtime_get_info(opened->runtime);
    assert_int_equal(info->server_gc, json_object_get_boolean(truth_get(truth, "gc_server")));
    assert_int_equal(info->regions, json_object_get_boolean(truth_get(truth, "regions")));
    /* From 8 on segments come only with the standalone libclrgc.so. */
    assert_int_equal(info->standalone_gc, !info->regions);
    assert_int_equal(info->heaps, truth_u64(truth, "subheaps"));
    assert_int_equal(info->committed_bytes, truth_u64(truth, "committed"));
    assert_int_equal(info->used_bytes, truth_u64(truth, "used"));
    assert_int_equal(info->absent_bytes, 0);
    /* The module's folder in the fixtures names the version: .../net10.0/libcoreclr.so or
     * .../10.0.12/. */
    char version[16];
    snprintf(version, sizeof version, "%u.", info->major);
    assert_non_null(strstr(fixture->name, "-net"));
    assert_int_equal(info->major, strtoul(strstr(fixture->name, "-net") + 4, NULL, 10));
    assert_int_equal(strncmp(info->version, version, strlen(version)), 0);
    assert_int_equal(strncmp(info->layout, "verified", 8), 0);
    for (size_t i = 0; hgr_runtime_warning(opened->runtime, i); i++)
        fail_msg("%s: self check: %s", fixture->name, hgr_runtime_warning(opened->runtime, i));
    json_object_put(truth);
}

/* ---- segments ---- */

static const hgr_segment *find_piece(const struct opened *opened, uint64_t segment,
                                     hgr_generation generation)
{
    for (size_t i = 0; i < hgr_runtime_segments(opened->runtime); i++) {
        const hgr_segment *piece = hgr_runtime_segment(opened->runtime, i);
        if (piece->segment_addr == segment && piece->generation == generation)
            return piece;
    }
    return NULL;
}

static uint64_t bound(json_object *range, size_t index)
{
    return truth_value_u64(json_object_array_get_idx(range, index));
}

/* A segment with several generations is one row of the truth and several pieces of ours. */
static size_t check_ephemeral(const struct opened *opened, json_object *row)
{
    static const char *const generations[] = {"gen0", "gen1", "gen2"};
    size_t pieces = 0;
    for (int g = 0; g < 3; g++) {
        json_object *range = truth_get(row, generations[g]);
        const hgr_segment *piece = find_piece(opened, truth_u64(row, "address"), (hgr_generation)g);
        if (bound(range, 0) == bound(range, 1) && !piece)
            continue;
        assert_non_null(piece);
        assert_int_equal(piece->start_addr, bound(range, 0));
        assert_int_equal(piece->end_addr, bound(range, 1));
        pieces++;
    }
    return pieces;
}

static size_t check_segment(const struct opened *opened, json_object *row)
{
    static const struct {
        const char *kind;
        hgr_generation generation;
    } kinds[] = {{"Generation0", HGR_GEN0}, {"Generation1", HGR_GEN1}, {"Generation2", HGR_GEN2},
                 {"Large", HGR_LOH},        {"Pinned", HGR_POH},       {"Frozen", HGR_FROZEN}};
    const char *kind = truth_text(row, "kind");
    if (strcmp(kind, "Ephemeral") == 0)
        return check_ephemeral(opened, row);
    const hgr_segment *piece = NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        if (strcmp(kind, kinds[k].kind) == 0)
            piece = find_piece(opened, truth_u64(row, "address"), kinds[k].generation);
    assert_non_null(piece);
    assert_int_equal(piece->start_addr, bound(truth_get(row, "objects"), 0));
    assert_int_equal(piece->end_addr, bound(truth_get(row, "objects"), 1));
    assert_int_equal(piece->committed_addr, bound(truth_get(row, "committed"), 1));
    assert_int_equal(piece->reserved_addr, bound(truth_get(row, "reserved"), 1));
    assert_int_equal(piece->heap, truth_u64(row, "heap"));
    return 1;
}

static void check_segments(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "segments");
    json_object *rows = truth_get(truth, "segments");
    size_t pieces = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        pieces += check_segment(opened, json_object_array_get_idx(rows, i));
    assert_int_equal(hgr_runtime_segments(opened->runtime), pieces);
    for (size_t i = 1; i < pieces; i++)
        assert_true(hgr_runtime_segment(opened->runtime, i - 1)->end_addr <=
                    hgr_runtime_segment(opened->runtime, i)->start_addr);
    json_object_put(truth);
}

/* ---- allocation contexts ---- */

static const hgr_gap *find_gap(const hgr_runtime *runtime, uint64_t start)
{
    for (size_t i = 0; i < runtime->ngaps; i++)
        if (runtime->gaps[i].start_addr == start)
            return &runtime->gaps[i];
    return NULL;
}

static void check_contexts(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "contexts");
    json_object *rows = truth_get(truth, "enumerated");
    size_t count = json_object_array_length(rows);
    assert_int_equal(opened->runtime->ngaps, count);
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        const hgr_gap *gap = find_gap(opened->runtime, bound(row, 0));
        assert_non_null(gap);
        /* ClrMD gives the context; the room for the smallest object follows it. */
        assert_int_equal(gap->end_addr, bound(row, 1) + 24);
    }
    json_object_put(truth);
}

/* ---- threads ---- */

static void check_threads(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "threads");
    const hgr_runtime *runtime = opened->runtime;
    size_t count = json_object_array_length(truth);
    assert_int_equal(runtime->nthreads, count);
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(truth, i);
        const hgr_clr_thread *thread = NULL;
        for (size_t t = 0; t < count; t++)
            if (runtime->threads[t].thread_addr == truth_u64(row, "address"))
                thread = &runtime->threads[t];
        assert_non_null(thread);
        assert_int_equal(thread->id, truth_u64(row, "managed"));
        assert_int_equal(thread->state, truth_u64(row, "state"));
        if (!json_object_get_boolean(truth_get(row, "alive")))
            continue;
        assert_int_equal(thread->os_id, truth_u64(row, "os"));
        assert_non_null(thread->os_thread);
        assert_true(thread->stack_limit_addr < thread->os_thread->sp &&
                    thread->os_thread->sp < thread->stack_base_addr);
    }
    json_object_put(truth);
}

/* ---- handles ---- */

static const char *our_kind(const char *clrmd)
{
    static const char *const kinds[][2] = {
        {"WeakShort", "weak-short"},
        {"WeakLong", "weak-long"},
        {"Strong", "strong"},
        {"Pinned", "pinned"},
        {"RefCounted", "ref-counted"},
        {"Dependent", "dependent"},
        {"AsyncPinned", "async-pinned"},
        {"SizedRef", "sized-ref"},
        {"WeakWinRT", "weak-native-com"},
        {"10", "weak-interior"},
        {"11", "cross-reference"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i][0], clrmd) == 0)
            return kinds[i][1];
    return clrmd;
}

static int by_slot(const void *key, const void *element)
{
    uint64_t slot = *(const uint64_t *)key;
    const hgr_handle *handle = element;
    return slot < handle->slot_addr ? -1 : slot > handle->slot_addr;
}

static uint64_t optional(json_object *row, const char *key)
{
    json_object *value = truth_get(row, key);
    return value ? truth_value_u64(value) : 0;
}

/* Handles that ClrMD does not list: with a dynamic heap count it stops at n_heaps tables although
 * there is one per processor, so what it misses must be whole tables, hence whole segments of 64
 * KiB. */
static void check_missing(const hgr_clr_handles *handles, const bool *listed, bool fewer_heaps)
{
    for (size_t i = 0; i < handles->count; i++) {
        if (listed[i])
            continue;
        assert_true(fewer_heaps);
        for (size_t j = 0; j < handles->count; j++)
            if (handles->handles[j].slot_addr >> 16 == handles->handles[i].slot_addr >> 16)
                assert_false(listed[j]);
    }
}

static void check_handles(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "handles");
    json_object *rows = truth_get(truth, "handles");
    size_t count = json_object_array_length(rows);
    hgr_clr_handles handles;
    assert_int_equal(hgr_clr_handles_read(opened->runtime, opened->run, &handles, NULL), HGR_OK);
    assert_int_equal(handles.bad, 0);
    assert_true(handles.count >= count);
    bool *listed = calloc(handles.count + 1, sizeof *listed);
    assert_non_null(listed);
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        uint64_t slot = truth_u64(row, "address");
        const hgr_handle *handle =
            bsearch(&slot, handles.handles, handles.count, sizeof *handle, by_slot);
        assert_non_null(handle);
        listed[handle - handles.handles] = true;
        assert_int_equal(handle->object_addr, truth_u64(row, "obj"));
        assert_string_equal(handle->kind_name, our_kind(truth_text(row, "kind")));
        assert_int_equal(handle->dependent_addr, optional(row, "dependent"));
        pairs += handle->dependent_addr != 0;
    }
    assert_true(handles.nimplied >= pairs);
    for (size_t i = 1; i < handles.nimplied; i++)
        assert_true(handles.implied[i - 1].from_addr <= handles.implied[i].from_addr);
    check_missing(&handles, listed, opened->runtime->gc.server);
    free(listed);
    hgr_clr_handles_fini(&handles);
    json_object_put(truth);
}

/* ---- finalization queue ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void compare_objects(const uint64_t *ours, size_t nours, json_object *rows)
{
    size_t count = json_object_array_length(rows);
    assert_int_equal(nours, count);
    uint64_t *x = calloc(count + 1, sizeof *x), *y = calloc(count + 1, sizeof *y);
    assert_true(x && y);
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        x[i] = ours[i];
        y[i] = json_object_is_type(row, json_type_object) ? truth_u64(row, "obj")
                                                          : truth_value_u64(row);
    }
    qsort(x, count, sizeof *x, by_value);
    qsort(y, count, sizeof *y, by_value);
    assert_memory_equal(x, y, count * sizeof *x + (count == 0));
    free(x);
    free(y);
}

static void check_finalizer(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "finalizer");
    hgr_clr_handles handles;
    assert_int_equal(hgr_clr_handles_read(opened->runtime, opened->run, &handles, NULL), HGR_OK);
    /* ClrMD lists what is ready among the finalizable, too. */
    assert_int_equal(handles.nfinalizable, truth_u64(truth, "finalizable"));
    assert_int_equal(handles.nfinalizable - handles.nregistered, truth_u64(truth, "ready"));
    compare_objects(handles.finalizable, handles.nfinalizable, truth_get(truth, "objects"));
    compare_objects(handles.finalizable + handles.nregistered,
                    handles.nfinalizable - handles.nregistered, truth_get(truth, "ready_roots"));
    hgr_clr_handles_fini(&handles);
    json_object_put(truth);
}

/* ---- stack words ---- */

/* Bytes of the object at addr, as its method table and length say. */
static uint64_t object_bytes(const hgr_dump *dump, uint64_t addr)
{
    uint64_t type;
    uint32_t flags, base, length;
    assert_true(hgr_dump_read(dump, addr, &type, sizeof type));
    assert_true(hgr_dump_read(dump, type, &flags, sizeof flags));
    assert_true(hgr_dump_read(dump, type + 4, &base, sizeof base));
    assert_true(hgr_dump_read(dump, addr + 8, &length, sizeof length));
    return base + (flags >> 31 ? (uint64_t)(flags & 0xffff) * length : 0);
}

static bool has_word(const hgr_clr_stack_word *words, size_t count, uint64_t slot, uint64_t object,
                     uint64_t bytes)
{
    for (size_t i = 0; i < count; i++)
        if ((slot == 0 || words[i].slot_addr == slot) && words[i].value - object < bytes)
            return true;
    return false;
}

/* ClrMD follows a by-reference root that points into a stack, and names the object whose word lies
 * there. */
static bool points_to_word(const struct opened *opened, const hgr_clr_stack_word *words,
                           size_t count, uint64_t slot, uint64_t object)
{
    uint64_t target;
    return hgr_dump_read(opened->dump, slot, &target, sizeof target) &&
           has_word(words, count, target, object, 1);
}

/* Scanning every word is a superset of the precise roots: each slot or register of theirs is among
 * ours. */
static void check_stacks(const struct fixture *fixture, const struct opened *opened)
{
    json_object *truth = fixture_json(fixture, "roots");
    json_object *rows = truth_get(truth, "roots");
    hgr_clr_stack_word *words;
    size_t count, stack_roots = 0;
    assert_int_equal(hgr_clr_stack_words(opened->runtime, opened->run, &words, &count, NULL),
                     HGR_OK);
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        if (strcmp(truth_text(row, "kind"), "Stack") != 0)
            continue;
        stack_roots++;
        uint64_t object = truth_u64(row, "obj");
        uint64_t slot = truth_u64(row, "address");
        bool interior = json_object_get_boolean(truth_get(row, "interior"));
        uint64_t bytes = interior ? object_bytes(opened->dump, object) : 1;
        if (!has_word(words, count, slot, object, bytes) &&
            !(interior && points_to_word(opened, words, count, slot, object)))
            fail_msg("%s: stack root at 0x%llx to 0x%llx is not among our words", fixture->name,
                     (unsigned long long)slot, (unsigned long long)object);
    }
    assert_true(stack_roots > 0 && stack_roots <= count);
    hgr_free(words);
    json_object_put(truth);
}

/* ---- all of it, on every fixture; a dump is unpacked once ---- */

static const struct check {
    const char *name;
    void (*run)(const struct fixture *fixture, const struct opened *opened);
} CHECKS[] = {
    {"info", check_info},          {"segments", check_segments},
    {"contexts", check_contexts},  {"threads", check_threads},
    {"handles", check_handles},    {"finalization queue", check_finalizer},
    {"stack words", check_stacks},
};

static void check_runtime(const struct fixture *fixture, const struct opened *opened)
{
    print_message("%s: %s:", fixture->name, hgr_runtime_get_info(opened->runtime)->found_by);
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        print_message(" %s", CHECKS[i].name);
        CHECKS[i].run(fixture, opened);
    }
    print_message("\n");
}

static void every_runtime_is_what_clrmd_says(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        struct opened opened;
        const hgr_runtime_options by_shape = {.shape_search = true};
        fixture_open(&fixtures[i], 2, NULL, &opened);
        check_runtime(&fixtures[i], &opened);
        hgr_runtime_close(opened.runtime);
        opened.runtime = NULL;
        assert_int_equal(
            hgr_runtime_open(opened.dump, &by_shape, opened.run, &opened.runtime, NULL), HGR_OK);
        assert_string_equal(hgr_runtime_get_info(opened.runtime)->found_by, "writable-page search");
        check_runtime(&fixtures[i], &opened);
        fixture_close(&opened);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_runtime_is_what_clrmd_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
