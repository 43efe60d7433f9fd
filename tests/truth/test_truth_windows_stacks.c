/* Frames of the recorded Windows dumps against what Microsoft's own debugger interface said about
 * them inside Wine (dac.json). Images of Wine's system are not in these dumps: walks go over them
 * by the runtime's list of frames, and what is seen must be right. Of 10.0 every frame is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "sos_name.h"

struct sums {
    size_t peers, seen;
};

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
    print_message("%s: %zu frames of the peer's %zu\n", fixture->name, sums.seen, sums.peers);
    hgr_stacks_free(stacks);
    fixture_close(&opened);
    json_object_put(dac);
    return sums;
}

static void frames_are_the_truths(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures), seen = 0;
    for (size_t i = 0; i < count; i++) {
        struct sums sums = check_fixture(&fixtures[i]);
        seen += sums.seen;
        if (strncmp(fixtures[i].name, "net-10", 6) == 0)
            assert_int_equal(sums.seen, sums.peers);
    }
    assert_true(seen >= 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_the_truths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
