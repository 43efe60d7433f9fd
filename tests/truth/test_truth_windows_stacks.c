/* Frames and references of the recorded Windows dumps, and of 3.1 on Linux, against what
 * Microsoft's own debugger interface said about them (dac.json). Images of Wine's system are not in
 * the Windows dumps: walks go over them by the runtime's list of frames, on x86 by the chain of
 * frame pointers. Every frame of the peer must be ours and none else; every reference of the peer
 * must be ours. Of 2.0 on Linux, a core without the runtime's own pages, no frame is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "sos_name.h"

struct sums {
    size_t peers, seen, roots;
};

#define INTERIOR_BYTES 64u /* the farthest that an interior reference of these dumps points */

/* Is there a managed frame with that stack pointer, and is it the method? */
static void look_for(json_object *threads, uint32_t os_id, const hgr_stack_frame *frame)
{
    for (size_t i = 0; i < json_object_array_length(threads); i++) {
        json_object *row = json_object_array_get_idx(threads, i);
        json_object *frames = truth_get(row, "frames");
        for (size_t f = 0; truth_u64(row, "os") == os_id && f < json_object_array_length(frames);
             f++) {
            json_object *peer = json_object_array_get_idx(frames, f);
            const char *method = truth_text(peer, "m");
            if (truth_u64(peer, "sp") == frame->sp && method &&
                sos_name_equal(method, frame->method))
                return;
        }
    }
    /* 9 dispatches exceptions in managed code, which the peer hides. */
    if (strncmp(frame->method, "System.Runtime.EH.", 18) != 0)
        fail_msg("thread 0x%x sp 0x%llx: the truth has no %s", os_id, (unsigned long long)frame->sp,
                 frame->method);
}

static size_t count_peers(json_object *threads)
{
    size_t count = 0;
    for (size_t i = 0; i < json_object_array_length(threads); i++) {
        json_object *frames = truth_get(json_object_array_get_idx(threads, i), "frames");
        for (size_t f = 0; f < json_object_array_length(frames); f++) {
            const char *method = truth_text(json_object_array_get_idx(frames, f), "m");
            count += method && *method != '[';
        }
    }
    return count;
}

static bool has_root(const hgr_stacks *stacks, uint64_t object)
{
    for (size_t i = 0; i < hgr_stacks_roots(stacks); i++) {
        const hgr_stack_root *root = hgr_stacks_root(stacks, i);
        if (root->value == object ||
            (root->interior && root->value > object && root->value - object < INTERIOR_BYTES))
            return true;
    }
    return false;
}

static size_t check_roots(const struct fixture *fixture, const hgr_stacks *stacks, json_object *dac)
{
    json_object *roots = truth_get(dac, "root_list");
    size_t count = 0;
    for (size_t i = 0; i < json_object_array_length(roots); i++) {
        json_object *row = json_object_array_get_idx(roots, i);
        if (strcmp(truth_text(row, "kind"), "Stack") != 0)
            continue;
        if (!has_root(stacks, truth_u64(row, "object")))
            fail_msg("%s: stack slot 0x%llx holds 0x%llx, which is not found", fixture->name,
                     (unsigned long long)truth_u64(row, "address"),
                     (unsigned long long)truth_u64(row, "object"));
        count++;
    }
    return count;
}

static struct sums check_fixture(const struct fixture *fixture)
{
    struct opened opened;
    hgr_stacks *stacks = NULL;
    json_object *dac = fixture_json(fixture, "dac"), *threads = truth_get(dac, "threads");
    struct sums sums = {.peers = count_peers(threads)};
    fixture_open(fixture, 1, NULL, &opened);
    assert_int_equal(hgr_stacks_create(opened.runtime, opened.run, &stacks, NULL), HGR_OK);
    for (size_t i = 0; i < hgr_stacks_threads(stacks); i++) {
        const hgr_managed_thread *thread = hgr_stacks_thread(stacks, i);
        for (size_t f = 0; f < thread->nframes; f++) {
            const hgr_stack_frame *frame = hgr_stacks_frame(stacks, thread->first_frame + f);
            if (frame->kind != HGR_FRAME_MANAGED)
                continue;
            look_for(threads, thread->os_id, frame);
            sums.seen++;
        }
    }
    sums.roots = check_roots(fixture, stacks, dac);
    print_message("%s: %zu frames of the peer's %zu, all of its %zu references\n", fixture->name,
                  sums.seen, sums.peers, sums.roots);
    hgr_stacks_free(stacks);
    fixture_close(&opened);
    json_object_put(dac);
    return sums;
}

static void frames_are_the_truths(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures), seen = 0, references = 0;
    for (size_t i = 0; i < count; i++) {
        struct sums sums = check_fixture(&fixtures[i]);
        seen += sums.seen;
        references += sums.roots;
        if (strncmp(fixtures[i].name, "netcore-2.0", 11) != 0)
            assert_int_equal(sums.seen, sums.peers);
    }
    assert_true(seen >= 25);
    assert_true(references >= 54);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_the_truths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
