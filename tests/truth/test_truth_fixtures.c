/* Every fixture has its answers, and they can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

static void every_fixture_says_what_it_is(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        json_object *info = fixture_json(&fixtures[i], "info");
        assert_string_equal(truth_text(info, "flavor"), "Core");
        assert_true(truth_u64(info, "segments") > 0);
        json_object_put(info);
    }
}

static void a_packed_answer_reads_like_a_plain_one(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        json_object *stat = fixture_json(&fixtures[i], "stat");
        assert_true(json_object_object_length(stat) > 0);
        json_object_put(stat);
        assert_false(fixture_has(&fixtures[i], "no-such-answer.json"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture_says_what_it_is),
        cmocka_unit_test(a_packed_answer_reads_like_a_plain_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
