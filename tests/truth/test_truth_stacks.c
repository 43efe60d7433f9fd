/* Threads, frames and the references on stacks against ClrMD's answers on the same dumps. Where the
 * dump holds what unwinding needs, every frame and every precise root of the peer must be ours and
 * none else; where it does not, what is seen must be right and the words of the stack must cover
 * the rest. Rows that differ are explained one by one below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "fixture.h"
#include "sos_name.h"

struct reading {
    const struct fixture *fixture;
    struct opened opened;
    hgr_stacks *stacks;
    hgr_snapshot *snapshot;
    bool whole; /* recorded with all that unwinding needs */
    size_t frames, roots, helper_roots, stack_byrefs, covered_roots, left_out;
};

static json_object *row_of(json_object *rows, const hgr_managed_thread *thread)
{
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        if (truth_u64(row, "managed") == thread->id && truth_u64(row, "os") == thread->os_id)
            return row;
    }
    return NULL;
}

/* ---- threads ---- */

static void check_thread(struct reading *reading, const hgr_managed_thread *thread,
                         json_object *row)
{
    json_object *exception = truth_get(row, "exception");
    const char *name = truth_text(row, "name");
    assert_int_equal(thread->thread_addr, truth_u64(row, "address"));
    assert_int_equal(thread->state, truth_u64(row, "state_bits"));
    assert_int_equal(thread->is_finalizer, json_object_get_boolean(truth_get(row, "finalizer")));
    assert_int_equal(thread->is_cooperative,
                     strcmp(truth_text(row, "gc_mode"), "Cooperative") == 0);
    assert_int_equal(!thread->is_dead && !thread->is_unstarted,
                     json_object_get_boolean(truth_get(row, "alive")));
    if (!name != !thread->name || (name && strcmp(name, thread->name) != 0))
        fail_msg("%s: thread %u is called '%s', the truth says '%s'", reading->fixture->name,
                 thread->id, thread->name ? thread->name : "", name ? name : "");
    assert_int_equal(thread->exception_addr == 0, exception == NULL);
    if (exception)
        assert_int_equal(thread->exception_addr, truth_u64(exception, "obj"));
}

static void check_threads(struct reading *reading)
{
    json_object *rows = fixture_json(reading->fixture, "threads");
    assert_int_equal(hgr_stacks_threads(reading->stacks), json_object_array_length(rows));
    for (size_t i = 0; i < hgr_stacks_threads(reading->stacks); i++) {
        const hgr_managed_thread *thread = hgr_stacks_thread(reading->stacks, i);
        json_object *row = NULL;
        for (size_t k = 0; k < json_object_array_length(rows) && !row; k++)
            if (truth_u64(json_object_array_get_idx(rows, k), "address") == thread->thread_addr)
                row = json_object_array_get_idx(rows, k);
        assert_non_null(row);
        check_thread(reading, thread, row);
    }
    json_object_put(rows);
}

/* ---- frames ---- */

static json_object *managed_frame(json_object *frames, size_t *next)
{
    while (*next < json_object_array_length(frames)) {
        json_object *frame = json_object_array_get_idx(frames, (*next)++);
        if (strcmp(truth_text(frame, "kind"), "ManagedMethod") == 0)
            return frame;
    }
    return NULL;
}

/* Ours in the same order; where the walk was lost the peer's youngest or oldest may be missing. */
static void check_frames(struct reading *reading, const hgr_managed_thread *thread,
                         json_object *frames)
{
    size_t next = 0;
    for (size_t f = 0; f < thread->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(reading->stacks, thread->first_frame + f);
        if (frame->kind != HGR_FRAME_MANAGED)
            continue;
        json_object *row = managed_frame(frames, &next);
        while (row && truth_u64(row, "sp") != frame->sp && thread->end != HGR_STACK_COMPLETE)
            row = managed_frame(frames, &next);
        if (!row || truth_u64(row, "sp") != frame->sp ||
            !sos_name_equal(truth_text(row, "method"), frame->method))
            fail_msg("%s: thread %u sp 0x%llx %s: the truth says %s", reading->fixture->name,
                     thread->id, (unsigned long long)frame->sp, frame->method,
                     row ? truth_text(row, "method") : "nothing");
        reading->frames++;
    }
    if (thread->end == HGR_STACK_COMPLETE && managed_frame(frames, &next))
        fail_msg("%s: thread %u: the truth has more frames", reading->fixture->name, thread->id);
}

/* ---- roots ---- */

static uint64_t object_of(const struct reading *reading, uint64_t value)
{
    hgr_node node = hgr_node_containing(reading->snapshot, value);
    return node == HGR_NO_NODE ? 0 : hgr_node_address(reading->snapshot, node);
}

/* Ours at the frame with that stack pointer, not yet matched; SIZE_MAX when there is none. */
static size_t find_precise(const struct reading *reading, const hgr_managed_thread *thread,
                           uint64_t sp, uint64_t object, const bool *used)
{
    for (size_t r = 0; r < thread->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(reading->stacks, thread->first_root + r);
        if (!used[r] && !root->conservative &&
            hgr_stacks_frame(reading->stacks, root->frame)->sp == sp &&
            object_of(reading, root->value) == object)
            return r;
    }
    return SIZE_MAX;
}

static bool is_covered(const struct reading *reading, const hgr_managed_thread *thread,
                       uint64_t object)
{
    for (size_t r = 0; r < thread->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(reading->stacks, thread->first_root + r);
        if (root->conservative && object_of(reading, root->value) == object)
            return true;
    }
    return false;
}

/* The peer follows a by-reference root that points into a stack, and names the object that a slot
 * there refers to: ours is the slot itself. */
static bool is_stack_byref(const struct reading *reading, const hgr_managed_thread *thread,
                           json_object *row)
{
    if (!json_object_get_boolean(truth_get(row, "interior")))
        return false;
    for (size_t r = 0; r < thread->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(reading->stacks, thread->first_root + r);
        uint64_t held;
        if (!root->conservative && root->interior && root->slot_addr == truth_u64(row, "address") &&
            root->value - root->slot_addr < 65536 &&
            hgr_dump_read(reading->opened.dump, root->value, &held, sizeof held))
            return true;
    }
    return false;
}

/* 8 and 9 protect arguments of a runtime helper in an explicit frame, in the native part of the
 * stack: the frame that the peer names is none of managed code. */
static bool is_in_helper(const struct reading *reading, const hgr_managed_thread *thread,
                         uint64_t sp)
{
    for (size_t f = 0; f < thread->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(reading->stacks, thread->first_frame + f);
        if (frame->kind == HGR_FRAME_MANAGED && frame->sp == sp)
            return false;
    }
    return hgr_runtime_get_info(reading->opened.runtime)->major < 10;
}

static void check_peer_root(struct reading *reading, const hgr_managed_thread *thread,
                            json_object *row, bool *used)
{
    uint64_t sp = truth_u64(row, "sp"), object = truth_u64(row, "obj");
    size_t found = find_precise(reading, thread, sp, object, used);
    if (found != SIZE_MAX) {
        used[found] = true;
        reading->roots++;
        return;
    }
    if (is_stack_byref(reading, thread, row)) {
        reading->stack_byrefs++;
        return;
    }
    bool helper = reading->whole && is_in_helper(reading, thread, sp);
    if (!is_covered(reading, thread, object) || (reading->whole && !helper))
        fail_msg("%s: thread %u sp 0x%llx %s: no root to 0x%llx", reading->fixture->name,
                 thread->id, (unsigned long long)sp, truth_text(row, "method"),
                 (unsigned long long)object);
    *(helper ? &reading->helper_roots : &reading->covered_roots) += 1;
}

/* A thread stopped in a loop: GC information has r8, a pointer into the array, live from byte 52 to
 * byte 64 of Spin's code, and it stands at byte 58; the peer leaves it out. */
static bool is_left_out(const struct reading *reading, const hgr_managed_thread *thread,
                        const hgr_stack_root *root)
{
    return strcmp(reading->fixture->name, "stacks-net9-x64") == 0 && thread->name &&
           strcmp(thread->name, "spins") == 0 && strcmp(root->place, "local in r8") == 0;
}

static void check_roots(struct reading *reading, const hgr_managed_thread *thread,
                        json_object *rows)
{
    bool *used = calloc(thread->nroots + 1, sizeof *used);
    assert_non_null(used);
    for (size_t r = 0; r < thread->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(reading->stacks, thread->first_root + r);
        if (is_left_out(reading, thread, root)) {
            used[r] = true;
            reading->left_out++;
        }
    }
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        check_peer_root(reading, thread, json_object_array_get_idx(rows, i), used);
    for (size_t r = 0; r < thread->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(reading->stacks, thread->first_root + r);
        if (!used[r] && !root->conservative && object_of(reading, root->value) != 0)
            fail_msg("%s: thread %u: %s in %s: the truth has no such root", reading->fixture->name,
                     thread->id, root->place,
                     hgr_stacks_frame(reading->stacks, root->frame)->method);
    }
    free(used);
}

/* ---- fixtures ---- */

static void check_stacks(struct reading *reading)
{
    json_object *rows = fixture_json(reading->fixture, "stacks");
    for (size_t i = 0; i < hgr_stacks_threads(reading->stacks); i++) {
        const hgr_managed_thread *thread = hgr_stacks_thread(reading->stacks, i);
        json_object *row = row_of(rows, thread), *roots = row ? truth_get(row, "roots") : NULL;
        if (reading->whole && thread->os_id != 0)
            assert_int_equal(thread->end, HGR_STACK_COMPLETE);
        if (row)
            check_frames(reading, thread, truth_get(row, "frames"));
        if (roots)
            check_roots(reading, thread, roots);
    }
    json_object_put(rows);
}

static void check_fixture(const struct fixture *fixture)
{
    struct reading reading = {.fixture = fixture,
                              .whole = strncmp(fixture->name, "stacks", 6) == 0};
    hgr_snapshot_options options = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    fixture_open(fixture, 1, NULL, &reading.opened);
    if (hgr_stacks_create(reading.opened.runtime, reading.opened.run, &reading.stacks, &status) !=
        HGR_OK)
        fail_msg("%s: %s", fixture->name, status.text);
    assert_int_equal(hgr_snapshot_create(reading.opened.runtime, &options, reading.opened.run,
                                         &reading.snapshot, NULL),
                     HGR_OK);
    check_threads(&reading);
    check_stacks(&reading);
    print_message("%s: %zu frames, %zu precise roots; %zu in helper frames, %zu by words, %zu "
                  "followed into a stack, %zu left out\n",
                  fixture->name, reading.frames, reading.roots, reading.helper_roots,
                  reading.covered_roots, reading.stack_byrefs, reading.left_out);
    if (reading.whole)
        assert_true(reading.frames > 80 && reading.roots > 200);
    hgr_snapshot_free(reading.snapshot);
    hgr_stacks_free(reading.stacks);
    fixture_close(&reading.opened);
}

static void threads_frames_and_roots_are_the_truths(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++)
        check_fixture(&fixtures[i]);
}

/* Each allocation fails in turn (later ones in strides): no leak, no output, or the whole answer.
 */
static void out_of_memory_leaves_nothing(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures), refused = 0;
    for (size_t i = 0; i < count; i++) {
        struct opened opened;
        if (strcmp(fixtures[i].name, "stacks-net9-x64") != 0)
            continue;
        fixture_open(&fixtures[i], 1, NULL, &opened);
        hgr_stacks *whole = NULL;
        assert_int_equal(hgr_stacks_create(opened.runtime, opened.run, &whole, NULL), HGR_OK);
        uint64_t before = hgr_run_memory_bytes(opened.run);
        for (uint64_t k = 1; k < 4000; k += 1 + k / 25) {
            hgr_stacks *stacks = NULL;
            hgr_run_fail_allocation(opened.run, k);
            hgr_result result = hgr_stacks_create(opened.runtime, opened.run, &stacks, NULL);
            hgr_run_fail_allocation(opened.run, 0);
            assert_true(result == HGR_OK || result == HGR_NO_MEMORY);
            assert_int_equal(stacks != NULL, result == HGR_OK);
            refused += result != HGR_OK;
            if (stacks)
                assert_int_equal(hgr_stacks_roots(stacks), hgr_stacks_roots(whole));
            hgr_stacks_free(stacks);
            assert_int_equal(hgr_run_memory_bytes(opened.run), before);
        }
        hgr_stacks_free(whole);
        fixture_close(&opened);
        assert_true(refused > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_frames_and_roots_are_the_truths),
                                       cmocka_unit_test(out_of_memory_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
