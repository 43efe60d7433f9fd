/* Exception objects, their stack traces and the threads that have them against ClrMD's answers on
 * the same dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

struct asked {
    const struct fixture *fixture;
    struct opened opened;
    hgr_snapshot *heap;
    hgr_state *state;
    const hgr_exception *rows;
    size_t count;
};

static void for_each(void (*check)(const struct asked *asked))
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        struct asked asked = {.fixture = &fixtures[i]};
        fixture_open(&fixtures[i], 1, NULL, &asked.opened);
        const struct opened *opened = &asked.opened;
        assert_int_equal(hgr_snapshot_create(opened->runtime, NULL, opened->run, &asked.heap, NULL),
                         HGR_OK);
        assert_int_equal(hgr_state_create(opened->runtime, opened->run, &asked.state, NULL),
                         HGR_OK);
        assert_int_equal(
            hgr_state_exceptions(asked.state, asked.heap, &asked.rows, &asked.count, NULL), HGR_OK);
        check(&asked);
        hgr_state_free(asked.state);
        hgr_snapshot_free(asked.heap);
        fixture_close(&asked.opened);
    }
}

static const hgr_exception *exception_at(const struct asked *asked, uint64_t addr)
{
    for (size_t i = 0; i < asked->count; i++)
        if (asked->rows[i].object.addr == addr)
            return &asked->rows[i];
    return NULL;
}

/* ---- frames ---- */

struct frames {
    json_object *peer;
    size_t seen;
};

/* Names with generic arguments are spelled otherwise by the peer. */
static bool spelled_alike(const char *name)
{
    return !strchr(name, '[') && !strchr(name, '`') && !strstr(name, "System.__Canon");
}

static bool check_frame(void *user, const hgr_fact *fact)
{
    struct frames *frames = user;
    if (strcmp(fact->name, "at") != 0)
        return true;
    json_object *row = json_object_array_get_idx(frames->peer, frames->seen++);
    assert_non_null(row);
    const char *method = truth_text(row, "method");
    if (method && spelled_alike(method))
        assert_string_equal(fact->text, method);
    return true;
}

static void check_frames(const struct asked *asked, const hgr_exception *ours, json_object *row)
{
    struct frames frames = {.peer = truth_get(row, "frames")};
    size_t expected = json_object_is_type(frames.peer, json_type_array)
                          ? json_object_array_length(frames.peer)
                          : truth_u64(row, "frames");
    assert_int_equal(ours->frames, expected);
    if (expected)
        assert_int_equal(hgr_object_facts(hgr_state_inspector(asked->state), &ours->object,
                                          check_frame, &frames, NULL),
                         HGR_OK);
    assert_int_equal(frames.seen, expected);
}

/* ---- exceptions ---- */

static void check_exceptions(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "exceptions");
    json_object *rows = truth_get(truth, "exceptions");
    size_t count = json_object_array_length(rows);
    assert_int_equal(asked->count, count);
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(rows, i), *inner = truth_get(row, "inner");
        const hgr_exception *ours = exception_at(asked, truth_u64(row, "obj"));
        const char *message = truth_text(row, "message");
        assert_non_null(ours);
        assert_string_equal(ours->object.type->name, truth_text(row, "type"));
        assert_int_equal(ours->hresult, truth_u64(row, "hresult"));
        assert_int_equal(ours->inner_addr, inner ? truth_value_u64(inner) : 0);
        if (message)
            assert_string_equal(ours->message, message);
        else
            assert_null(ours->message);
        check_frames(asked, ours, row);
    }
    json_object_put(truth);
}

static void exceptions(void **unused)
{
    (void)unused;
    for_each(check_exceptions);
}

/* ---- threads ---- */

/* What the peer calls a thread's current exception is handled, or was thrown last. */
static void check_threads(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "threads");
    const hgr_thread_row *threads;
    const hgr_thrown *thrown;
    size_t nthreads, nthrown, expected = 0;
    assert_int_equal(hgr_state_threads(asked->state, &threads, &nthreads, NULL), HGR_OK);
    assert_int_equal(hgr_state_thrown(asked->state, &thrown, &nthrown, NULL), HGR_OK);
    for (size_t i = 0; i < json_object_array_length(truth); i++) {
        json_object *row = json_object_array_get_idx(truth, i), *peer = truth_get(row, "exception");
        bool found = false;
        if (!peer)
            continue;
        uint64_t object = json_object_is_type(peer, json_type_object) ? truth_u64(peer, "obj")
                                                                      : truth_value_u64(peer);
        for (size_t k = 0; k < nthrown; k++)
            found |= thrown[k].object_addr == object &&
                     threads[thrown[k].thread].thread_addr == truth_u64(row, "address");
        assert_true(found);
        expected++;
    }
    assert_true(expected > 0);
    for (size_t k = 0; k < nthrown; k++)
        assert_non_null(exception_at(asked, thrown[k].object_addr));
    json_object_put(truth);
}

static void threads_with_exceptions(void **unused)
{
    (void)unused;
    for_each(check_threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exceptions),
                                       cmocka_unit_test(threads_with_exceptions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
