/* Every kind of collection holds what the recorded program said it held: items in the order in
 * which the program enumerated them, in its own words (items.json); values of every kind read as
 * written in tests/targets/collections/Values.cs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "fixture.h"

static const char *const RECORDED[] = {"collections-net8-x64", "collections-net10-x64"};

struct reader {
    struct fixture fixture;
    struct opened opened;
    hgr_inspector *inspector;
};

static void open_recorded(const char *name, struct reader *out)
{
    hgr_status status = {0};
    *out = (struct reader){0};
    snprintf(out->fixture.name, sizeof out->fixture.name, "%s", name);
    snprintf(out->fixture.dump_path, sizeof out->fixture.dump_path, "%s/collections/%s.dmp.zst",
             HGR_FIXTURES, name);
    snprintf(out->fixture.truth_dir, sizeof out->fixture.truth_dir, "%s/collections/%s.truth",
             HGR_FIXTURES, name);
    fixture_open(&out->fixture, 1, NULL, &out->opened);
    if (hgr_inspector_create(out->opened.runtime, out->opened.run, &out->inspector, &status) !=
        HGR_OK)
        fail_msg("%s: %s", name, status.text);
}

static void close_recorded(struct reader *reader)
{
    hgr_inspector_free(reader->inspector);
    fixture_close(&reader->opened);
}

static hgr_value evaluate(struct reader *reader, const char *path)
{
    hgr_value value = {0};
    hgr_status status = {0};
    if (hgr_path_evaluate(reader->inspector, path, &value, &status) != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture.name, path, status.text);
    return value;
}

/* ---- a value in the program's words: ToString ---- */

#define WORD 512

static void write_word(struct reader *reader, const hgr_value *value, char out[WORD]);

static bool add_part(void *user, const hgr_item *item)
{
    void **pair = user;
    char *out = pair[1], part[WORD];
    size_t len = strlen(out);
    write_word(pair[0], &item->value, part);
    snprintf(out + len, WORD - len, "%s%s", item->index ? "," : "", part);
    return true;
}

static bool write_object(struct reader *reader, const hgr_value *value, const hgr_type *type,
                         char out[WORD])
{
    hgr_value member, other;
    char x[WORD], y[WORD];
    if (strcmp(type->name, "Lab.Person") == 0) {
        assert_int_equal(hgr_value_member(reader->inspector, value, "Name", &member, NULL), HGR_OK);
        write_word(reader, &member, out);
    } else if (strcmp(type->name, "Lab.Point") == 0) {
        assert_int_equal(hgr_value_member(reader->inspector, value, "X", &member, NULL), HGR_OK);
        assert_int_equal(hgr_value_member(reader->inspector, value, "Y", &other, NULL), HGR_OK);
        write_word(reader, &member, x);
        write_word(reader, &other, y);
        snprintf(out, WORD, "(%.200s, %.200s)", x, y);
    } else if (type->kind == HGR_TYPE_ARRAY) {
        snprintf(out, WORD, "%s", type->name);
    } else if (strcmp(type->name, "System.Collections.ArrayList") == 0) {
        void *pair[2] = {reader, out}; /* a NameValueCollection joins values of one name */
        out[0] = '\0';
        assert_int_equal(hgr_collection_visit(reader->inspector, value, add_part, pair, NULL),
                         HGR_OK);
    } else {
        return false;
    }
    return true;
}

static void write_word(struct reader *reader, const hgr_value *value, char out[WORD])
{
    hgr_object object;
    const hgr_type *type = hgr_value_type(reader->inspector, value);
    if (type && type->kind == HGR_TYPE_STRING) {
        assert_int_equal(hgr_inspect_object(reader->inspector, value->bits, &object, NULL), HGR_OK);
        hgr_string_text(reader->inspector, &object, 0, WORD, out, WORD);
        return;
    }
    if (type && write_object(reader, value, type, out))
        return;
    if (hgr_value_text(reader->inspector, value, WORD, out, WORD) == 0)
        fail_msg("%s: no text for a %s", reader->fixture.name, value->type_name);
    size_t len = strlen(out);
    if (out[0] == '\'' && len > 2) { /* a character, without its quotes */
        memmove(out, out + 1, len);
        out[len - 2] = '\0';
    }
}

/* ---- items ---- */

struct expected {
    struct reader *reader;
    const char *name;
    json_object *items;
    size_t seen;
};

static bool check_item(void *user, const hgr_item *item)
{
    struct expected *expected = user;
    char key[WORD] = "", value[WORD];
    if (expected->seen >= json_object_array_length(expected->items))
        fail_msg("%s: %s: over %zu items", expected->reader->fixture.name, expected->name,
                 expected->seen);
    json_object *row = json_object_array_get_idx(expected->items, expected->seen++);
    write_word(expected->reader, &item->value, value);
    if (json_object_is_type(row, json_type_array)) {
        assert_int_not_equal(item->key.element, HGR_IS_UNKNOWN);
        write_word(expected->reader, &item->key, key);
        assert_string_equal(key, json_object_get_string(json_object_array_get_idx(row, 0)));
        row = json_object_array_get_idx(row, 1);
    } else {
        assert_int_equal(item->key.element, HGR_IS_UNKNOWN);
    }
    if (strcmp(value, json_object_get_string(row)) != 0)
        fail_msg("%s: %s[%s%llu]: %s, expected %s", expected->reader->fixture.name, expected->name,
                 key, (unsigned long long)item->index, value, json_object_get_string(row));
    return true;
}

static void check_collection(struct reader *reader, const char *name, json_object *items)
{
    char path[256];
    hgr_status status = {0};
    hgr_collection collection;
    struct expected expected = {reader, name, items, 0};
    snprintf(path, sizeof path, "Lab.Store.%s", name);
    hgr_value value = evaluate(reader, path);
    if (hgr_collection_of(reader->inspector, &value, &collection, &status) != HGR_OK ||
        hgr_collection_visit(reader->inspector, &value, check_item, &expected, &status) != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture.name, name, status.text);
    assert_int_equal(expected.seen, json_object_array_length(items));
    if (collection.count != UINT64_MAX)
        assert_int_equal(collection.count, expected.seen);
}

static void items_are_the_programs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RECORDED / sizeof RECORDED[0]; i++) {
        struct reader reader;
        char path[1024];
        size_t kinds = 0;
        open_recorded(RECORDED[i], &reader);
        snprintf(path, sizeof path, "%s/collections/%s.items.json", HGR_FIXTURES, RECORDED[i]);
        json_object *truth = json_object_from_file(path);
        assert_non_null(truth);
        json_object_object_foreach(truth, name, items)
        {
            check_collection(&reader, name, items);
            kinds++;
        }
        assert_true(kinds > 55);
        json_object_put(truth);
        close_recorded(&reader);
    }
}

/* ---- paths and values, against the source of the program ---- */

static const struct {
    const char *path, *text;
} VALUES[] = {
    {"Lab.Program.AnInt", "42"},
    {"Lab.Program.ADouble", "2.75"},
    {"Lab.Program.AGuid", "00000000-0000-0000-0000-00000000002a"},
    {"Lab.Program.AShade", "Green"},
    {"Lab.Program.Started", "2021-01-01T00:00:00Z"},
    {"Lab.Program.PerThread", "7"},
    {"Lab.Program.PerThreadText", "\"of main\""},
    {"Lab.Program.Values.Number", "2"},
    {"Lab.Program.Values.Yes", "true"},
    {"Lab.Program.Values.Letter", "'é'"},
    {"Lab.Program.Values.Control", "'\\n'"},
    {"Lab.Program.Values.Tiny", "-7"},
    {"Lab.Program.Values.Small", "200"},
    {"Lab.Program.Values.Short", "-300"},
    {"Lab.Program.Values.UShort", "60000"},
    {"Lab.Program.Values.UInt", "4000000000"},
    {"Lab.Program.Values.Long", "-5000000000"},
    {"Lab.Program.Values.ULong", "18446744073709551615"},
    {"Lab.Program.Values.Float", "1.5"},
    {"Lab.Program.Values.Tenth", "0.1"},
    {"Lab.Program.Values.Double", "0.1"},
    {"Lab.Program.Values.NotANumber", "NaN"},
    {"Lab.Program.Values.Endless", "-Infinity"},
    {"Lab.Program.Values.Large", "1e+300"},
    {"Lab.Program.Values.Native", "-9"},
    {"Lab.Program.Values.UNative", "9"},
    {"Lab.Program.Values.Pointer", "0x1234"},
    {"Lab.Program.Values.Function", "null"},
    {"Lab.Program.Values.Price", "12.50"},
    {"Lab.Program.Values.Huge", "-79228162514264337593543950335"},
    {"Lab.Program.Values.Nil", "0.000"},
    {"Lab.Program.Values.Id", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"},
    {"Lab.Program.Values.Utc", "2024-02-29T13:14:15.678Z"},
    {"Lab.Program.Values.Plain", "1999-12-31T00:00:00"},
    {"Lab.Program.Values.Offset", "2020-01-02T03:04:05-05:30"},
    {"Lab.Program.Values.Span", "1.02:03:04.005"},
    {"Lab.Program.Values.Minus", "-00:01:30"},
    {"Lab.Program.Values.Day", "2023-05-06"},
    {"Lab.Program.Values.Time", "07:08:09.01"},
    {"Lab.Program.Values.Some", "5"},
    {"Lab.Program.Values.None", "null"},
    {"Lab.Program.Values.When", "2000-01-01T00:00:00Z"},
    {"Lab.Program.Values.MaybeShade", "Green"},
    {"Lab.Program.Values.Rights", "Read, Execute"},
    {"Lab.Program.Values.Both", "ReadWrite"},
    {"Lab.Program.Values.Unknown", "64"},
    {"Lab.Program.Values.Deep", "Low"},
    {"Lab.Program.Values.High", "High"},
    {"Lab.Program.Values.Color", "Green"},
    {"Lab.Program.Values.NoColor", "3"},
    {"Lab.Program.Values.Nested.Place.Y", "12"},
    {"Lab.Program.Values.Nested.Label", "\"inside\""},
    {"Lab.Program.Values.Nested.Shade", "Red"},
    {"Lab.Program.Values.Triple.First", "1"},
    {"Lab.Program.Values.Triple[2]", "333"},
    {"Lab.Program.Values.Pair", "[\"left\", 1]"},
    {"Lab.Program.Values.Tuple", "(4, \"four\")"},
    {"Lab.Program.Values.Wide", "170141183460469231731687303715884105727"},
    {"Lab.Program.Values.UWide", "7"},
    {"Lab.Program.Values.Half", "0.5"},
    {"Lab.Program.Values.Big", "1267650600228229401496703205376"},
    {"Lab.Program.Values.Rune", "'😀'"},
    {"Lab.Program.Values.Version", "1.2.3.4"},
    {"Lab.Program.Values.Uri", "\"http://example.org/a?b=c\""},
    {"Lab.Program.Values.Complex", "<1; -2>"},
    {"Lab.Program.Values.Boxed", "42"},
    {"Lab.Program.Values.BoxedPoint.X", "5"},
    {"Lab.Program.Values.BoxedShade", "Green"},
    {"Lab.Program.Values.Nothing", "null"},
    {"Lab.Program.Values.Empty", "\"\""},
    {"Lab.Program.Values.Escapes",
     "\"tab\\there \\\"quoted\\\" back\\\\slash \\u001b[31mred\\u202e\""},
    {"Lab.Program.Values.Smile", "\"smile 😀 ok\""},
    {"Lab.Program.Values.Broken", "\"half \xef\xbf\xbd pair\""},
    {"Lab.Program.Values.Auto", "\"property\""},
    {"Lab.Program.Values.Kind",
     "typeof(System.Collections.Generic.Dictionary<System.String, System.Int32>)"},
    {"Lab.Program.Values.Hidden", "\"base\""},
    {"Lab.Program.Values.Self.Self.Number", "2"},
    {"Lab.Store.Text", "\"piece 0, piece 1, piece 2, piece 3, piece 4, piece 5, \""},
    {"Lab.Store.PersonList[1].Boss.Name", "\"Ann\""},
    {"Lab.Store.Shared[\"b\"].Age", "17"},
    {"Lab.Store.Table[\"k\"]", "\"v\""},
    {"Lab.Store.Words[-2]", "\"minus two\""},
    {"Lab.Store.ByGuid[00112233-4455-6677-8899-aabbccddeeff].Name", "\"Ann\""},
    {"Lab.Store.Grid[1,2]", "\"f\""},
    {"Lab.Store.Cube[1,0,1]", "6"},
    {"Lab.Store.Shifted[7]", "\"seven\""},
    {"Lab.Store.Jagged[1][1]", "3"},
    {"Lab.Store.Points[1].X", "-3"},
    {"Lab.Store.Query[\"id\"]", "\"17\""},
    {"Lab.Store.Query[\"tag\"][1]", "\"b\""},
    {"Lab.Store.Derived.Label", "\"top\""},
    {"Lab.Store.Stream._position", "2"},
    {"Lab.Store.Stream[3]", "250"},
    {"Lab.Store.Numbers.Length", "5"},
    {"Lab.Store.Ann.Name.Length", "3"},
    {"Lab.Store.Ages.Count", "2"},
    {"Lab.Store.Shared.Count", "2"},
    {"Lab.Store.Tasks[\"high\"]", "1"},
};

static void values_are_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RECORDED / sizeof RECORDED[0]; i++) {
        struct reader reader;
        char text[WORD];
        open_recorded(RECORDED[i], &reader);
        for (size_t k = 0; k < sizeof VALUES / sizeof VALUES[0]; k++) {
            hgr_value value = evaluate(&reader, VALUES[k].path);
            hgr_value_text(reader.inspector, &value, 300, text, sizeof text);
            if (strcmp(text, VALUES[k].text) != 0)
                fail_msg("%s: %s: %s, expected %s", RECORDED[i], VALUES[k].path, text,
                         VALUES[k].text);
        }
        close_recorded(&reader);
    }
}

static const struct {
    const char *path, *text; /* of the error: what it must hold */
} WRONG[] = {
    {"Lab.Program.Values.Nmber", "after 'Lab.Program.Values', at 'Nmber': Lab.Values has no field"},
    {"Lab.Program.Values.Nmber", "nearest: 'Number'"},
    {"Lab.Store.PersonList[2].Name", "at '[2].Name'"},
    {"Lab.Store.Ann.Boss.Name", "it is null"},
    {"Lab.Store.Shared[\"z\"]", "no such key"},
    {"Lab.Store.Grid[2,0]", "index 2 is not within 0..1"},
    {"Lab.Store.Grid[0]", "2 dimensions"},
    {"Lab.Store.Gird", "nearest: 'Grid'"},
    {"Lab.Stroe.Grid", "nearest: 'Lab.Store'"},
    {"Store.Grid", "nearest: 'Lab.Store'"},
    {"Lab.Store.Ann[0]", "neither array nor known collection"},
    {"Lab.Store.Grid[", "']' is missing"},
    {"Lab.Store.Grid[]", "nothing in brackets"},
    {"Lab.Store.Ann..Name", "a name is missing"},
    {"0x10.Name", "outside the heap"},
    {"0xzz", "no address"},
    {"nothing", "neither an address"},
};

static void errors_name_the_step(void **state)
{
    struct reader reader;
    (void)state;
    open_recorded(RECORDED[1], &reader);
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        hgr_value value;
        hgr_status status = {0};
        assert_int_not_equal(hgr_path_evaluate(reader.inspector, WRONG[i].path, &value, &status),
                             HGR_OK);
        if (!strstr(status.text, WRONG[i].text))
            fail_msg("%s: '%s', expected '%s' in it", WRONG[i].path, status.text, WRONG[i].text);
    }
    close_recorded(&reader);
}

/* ---- facts ---- */

struct facts {
    char text[4096];
    struct reader *reader;
};

static bool add_fact(void *user, const hgr_fact *fact)
{
    struct facts *facts = user;
    size_t len = strlen(facts->text);
    hgr_object object;
    const char *type = "";
    if (fact->object_addr != 0 &&
        hgr_inspect_object(facts->reader->inspector, fact->object_addr, &object, NULL) == HGR_OK)
        type = object.type->name;
    snprintf(facts->text + len, sizeof facts->text - len, "%s: %s%s%s\n", fact->name,
             fact->text ? fact->text : "", fact->text && *type ? " " : "", type);
    return true;
}

static const struct {
    const char *path, *facts;
} FACTS[] = {
    {"Lab.Program.Values.Instance", "target: Lab.Values\nmethod: Lab.Values.Method()\n"},
    {"Lab.Program.Values.Static", "method: Lab.Values.Twice(Int32)\n"},
    {"Lab.Program.Values.Many",
     "calls: 2 delegates System.Object[]\ncalls: System.Action\ncalls: System.Action\n"},
    {"Lab.Program.Values.Lambda", "target: Lab.Values+<>c__DisplayClass"},
    {"Lab.Program.Values.Alive", "target: alive Lab.Person\n"},
    {"Lab.Program.Values.AliveToo", "target: alive Lab.Person\n"},
    {"Lab.Program.Values.Dead", "target: dead\n"},
    {"Lab.Program.Values.Failure",
     "message: \"outer trouble\" System.String\ninner: System.ArgumentException\n"},
    {"Lab.Program.Values.Failure",
     "at: Lab.Values.Fill(System.Threading.Tasks.TaskCompletionSource)\n"},
    {"Lab.Program.Values.Failure._innerException",
     "at: Lab.Values.Fail(Int32)\nat: Lab.Values.Fail(Int32)\nat: Lab.Values.Fail(Int32)\nat: "
     "Lab.Values.Fill("},
    {"Lab.Program.Values.Done", "status: RanToCompletion\n"},
    {"Lab.Program.Values.Result", "status: RanToCompletion\nresult: 99\n"},
    {"Lab.Program.Values.Failed", "status: Faulted\n"},
    {"Lab.Program.Values.Waiting", "status: WaitingForActivation\n"},
    {"Lab.Program.Values.Thread", "name: \"worker\" System.String\nmanaged id: "},
    {"Lab.Program.Values.Kind",
     "type: typeof(System.Collections.Generic.Dictionary<System.String, System.Int32>)\n"},
};

static void facts_are_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RECORDED / sizeof RECORDED[0]; i++) {
        struct reader reader;
        open_recorded(RECORDED[i], &reader);
        for (size_t k = 0; k < sizeof FACTS / sizeof FACTS[0]; k++) {
            struct facts facts = {.reader = &reader};
            hgr_object object;
            hgr_value value = evaluate(&reader, FACTS[k].path);
            assert_int_equal(hgr_inspect_object(reader.inspector, value.bits, &object, NULL),
                             HGR_OK);
            assert_int_equal(hgr_object_facts(reader.inspector, &object, add_fact, &facts, NULL),
                             HGR_OK);
            if (!strstr(facts.text, FACTS[k].facts))
                fail_msg("%s: %s: \"%s\", expected \"%s\"", RECORDED[i], FACTS[k].path, facts.text,
                         FACTS[k].facts);
        }
        close_recorded(&reader);
    }
}

/* ---- short of memory: the k-th allocation fails; nothing leaks, nothing is wrong ---- */

static bool count_item(void *user, const hgr_item *item)
{
    (void)item;
    ++*(size_t *)user;
    return true;
}

static hgr_result ask(const struct reader *reader)
{
    hgr_inspector *inspector = NULL;
    hgr_value value = {0};
    hgr_object object;
    size_t items = 0;
    struct facts facts = {.reader = &(struct reader){.fixture = reader->fixture}};
    hgr_result result =
        hgr_inspector_create(reader->opened.runtime, reader->opened.run, &inspector, NULL);
    if (result == HGR_OK)
        result = hgr_path_evaluate(inspector, "Lab.Store.Shared[\"b\"].Boss.Name", &value, NULL);
    if (result == HGR_OK)
        result = hgr_path_evaluate(inspector, "Lab.Store.ImMap", &value, NULL);
    if (result == HGR_OK)
        result = hgr_collection_visit(inspector, &value, count_item, &items, NULL);
    if (result == HGR_OK)
        assert_int_equal(items, 2);
    if (result == HGR_OK)
        result = hgr_path_evaluate(inspector, "Lab.Program.Values.Failure", &value, NULL);
    if (result == HGR_OK)
        result = hgr_inspect_object(inspector, value.bits, &object, NULL);
    facts.reader->inspector = inspector;
    if (result == HGR_OK)
        result = hgr_object_facts(inspector, &object, add_fact, &facts, NULL);
    hgr_inspector_free(inspector);
    return result;
}

static void every_allocation_may_fail(void **state)
{
    struct reader reader;
    (void)state;
    open_recorded(RECORDED[1], &reader);
    assert_int_equal(ask(&reader), HGR_OK);
    uint64_t before = hgr_run_memory_bytes(reader.opened.run);
    size_t failures = 0;
    for (uint64_t k = 1; k <= 200; k++) {
        hgr_run_fail_allocation(reader.opened.run, k);
        failures += ask(&reader) != HGR_OK;
        hgr_run_fail_allocation(reader.opened.run, 0);
        assert_int_equal(hgr_run_memory_bytes(reader.opened.run), before);
    }
    assert_true(failures > 20);
    assert_int_equal(ask(&reader), HGR_OK);
    close_recorded(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_the_programs),    cmocka_unit_test(values_are_as_written),
        cmocka_unit_test(errors_name_the_step),      cmocka_unit_test(facts_are_as_written),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
