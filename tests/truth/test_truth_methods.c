/* Method names by instruction pointer, against ClrMD's frames and exceptions' stack traces on the
 * same dumps. A dump that lacks the tables behind an address gives no method; what it gives must be
 * right, and where the tables were kept it must give all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr_code.h"
#include "clr/clr_methods.h"
#include "fixture.h"
#include "sos_name.h"

struct sums {
    size_t asked, named;
};

struct readers {
    hgr_clr_codes *codes;
    hgr_clr_names *names;
    hgr_text text;
};

static void check_ip(const struct fixture *fixture, struct readers *readers, uint64_t ip,
                     const char *method, struct sums *sums)
{
    hgr_clr_code code;
    sums->asked++;
    assert_int_equal(hgr_clr_code_find(readers->codes, ip, &code, NULL), HGR_OK);
    if (code.method_addr == 0)
        return;
    hgr_text_clear(&readers->text);
    bool complete = hgr_clr_method_name(readers->names, code.method_addr, &readers->text);
    if (!complete || !sos_name_equal(method, hgr_text_get(&readers->text)))
        fail_msg("%s: ip 0x%llx: '%s', the truth says '%s'", fixture->name, (unsigned long long)ip,
                 hgr_text_get(&readers->text), method);
    assert_true(ip >= code.start_addr && ip < code.end_addr);
    assert_true(code.method_start_addr <= code.start_addr);
    sums->named++;
}

static void check_frames(const struct fixture *fixture, struct readers *readers, json_object *owner,
                         struct sums *sums)
{
    json_object *frames = truth_get(owner, "frames");
    for (size_t f = 0; f < json_object_array_length(frames); f++) {
        json_object *frame = json_object_array_get_idx(frames, f), *kind;
        if (json_object_object_get_ex(frame, "kind", &kind) &&
            strcmp(json_object_get_string(kind), "ManagedMethod") != 0)
            continue;
        check_ip(fixture, readers, truth_u64(frame, "ip"), truth_text(frame, "method"), sums);
    }
}

static void check_fixture(const struct fixture *fixture)
{
    struct opened opened;
    struct readers readers = {0};
    struct sums sums = {0};
    fixture_open(fixture, 1, NULL, &opened);
    assert_int_equal(hgr_clr_codes_create(opened.runtime, opened.run, &readers.codes, NULL),
                     HGR_OK);
    assert_int_equal(hgr_clr_names_create(opened.runtime, opened.run, &readers.names, NULL),
                     HGR_OK);
    hgr_text_init(&readers.text, opened.run);
    json_object *stacks = fixture_json(fixture, "stacks");
    for (size_t i = 0; i < json_object_array_length(stacks); i++)
        check_frames(fixture, &readers, json_object_array_get_idx(stacks, i), &sums);
    json_object_put(stacks);
    json_object *document = fixture_json(fixture, "exceptions");
    json_object *exceptions = truth_get(document, "exceptions");
    for (size_t i = 0; i < json_object_array_length(exceptions); i++)
        check_frames(fixture, &readers, json_object_array_get_idx(exceptions, i), &sums);
    json_object_put(document);
    print_message("%s: %zu of %zu frames named\n", fixture->name, sums.named, sums.asked);
    hgr_text_fini(&readers.text);
    hgr_clr_names_free(readers.names);
    hgr_clr_codes_free(readers.codes);
    fixture_close(&opened);
}

static void methods_are_the_truths(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++)
        check_fixture(&fixtures[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(methods_are_the_truths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
