/* Objects, their fields with types and values, and static fields of every fixture equal the
 * independent reader's. Where that reader is wrong the row is in a table below, with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

/* Everything one fixture's checks need. */
struct reader {
    struct opened opened;
    hgr_inspector *inspector;
    const char *fixture;
    size_t compared;
};

static void over_fixtures(const char *question, void (*check)(struct reader *, json_object *))
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    char plain[64], packed[64];
    snprintf(plain, sizeof plain, "%s.json", question);
    snprintf(packed, sizeof packed, "%s.json.zst", question);
    for (size_t i = 0; i < count; i++) {
        if (!fixture_has(&fixtures[i], plain) && !fixture_has(&fixtures[i], packed))
            continue;
        struct reader reader = {.fixture = fixtures[i].name};
        hgr_status status = {0};
        fixture_open(&fixtures[i], 1, NULL, &reader.opened);
        if (hgr_inspector_create(reader.opened.runtime, reader.opened.run, &reader.inspector,
                                 &status) != HGR_OK)
            fail_msg("%s: %s", reader.fixture, status.text);
        json_object *truth = fixture_json(&fixtures[i], question);
        size_t rows = json_object_array_length(truth);
        for (size_t k = 0; k < rows; k++)
            check(&reader, json_object_array_get_idx(truth, k));
        assert_true(reader.compared > rows / 2);
        json_object_put(truth);
        hgr_inspector_free(reader.inspector);
        fixture_close(&reader.opened);
    }
}

/* The peer's words for ELEMENT_TYPE; all references are one kind here. */
static hgr_element element_of(const char *peer)
{
    static const struct {
        const char *name;
        hgr_element element;
    } ELEMENTS[] = {
        {"Boolean", HGR_IS_BOOLEAN},    {"Char", HGR_IS_CHAR},
        {"Int8", HGR_IS_INT8},          {"UInt8", HGR_IS_UINT8},
        {"Int16", HGR_IS_INT16},        {"UInt16", HGR_IS_UINT16},
        {"Int32", HGR_IS_INT32},        {"UInt32", HGR_IS_UINT32},
        {"Int64", HGR_IS_INT64},        {"UInt64", HGR_IS_UINT64},
        {"Float", HGR_IS_FLOAT32},      {"Double", HGR_IS_FLOAT64},
        {"Pointer", HGR_IS_POINTER},    {"Struct", HGR_IS_STRUCT},
        {"Class", HGR_IS_REFERENCE},    {"Object", HGR_IS_REFERENCE},
        {"String", HGR_IS_REFERENCE},   {"SZArray", HGR_IS_REFERENCE},
        {"Array", HGR_IS_REFERENCE},    {"NativeInt", HGR_IS_INTPTR},
        {"NativeUInt", HGR_IS_UINTPTR}, {"FunctionPointer", HGR_IS_FUNCTION},
    };
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof ELEMENTS[0]; i++)
        if (strcmp(ELEMENTS[i].name, peer) == 0)
            return ELEMENTS[i].element;
    fail_msg("unknown element %s", peer);
    return HGR_IS_UNKNOWN;
}

/* ---- objects.json: one object of each type ---- */

static const hgr_field *field_at(const hgr_field *fields, size_t count, const char *name,
                                 uint64_t offset)
{
    for (size_t i = 0; i < count; i++)
        if (!fields[i].is_static && fields[i].offset == offset && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static void check_value(const struct reader *reader, const char *where, const hgr_value *value,
                        json_object *truth)
{
    if (!truth)
        return; /* a structure: the peer gives no value */
    if (!value->present)
        fail_msg("%s: %s: absent, expected %s", reader->fixture, where,
                 json_object_get_string(truth));
    bool equal;
    double peer;
    switch (value->element) {
    case HGR_IS_BOOLEAN:
        equal = (value->bits != 0) == json_object_get_boolean(truth);
        break;
    case HGR_IS_FLOAT32:
    case HGR_IS_FLOAT64:
        peer = strtod(json_object_get_string(truth), NULL);
        equal = value->element == HGR_IS_FLOAT32 ? (float)peer == (float)hgr_value_double(value)
                                                 : peer == hgr_value_double(value);
        break;
    case HGR_IS_INT8:
    case HGR_IS_INT16:
    case HGR_IS_INT32:
    case HGR_IS_INT64:
        equal = (int64_t)value->bits == json_object_get_int64(truth);
        break;
    default:
        equal = value->bits == truth_value_u64(truth);
    }
    if (!equal)
        fail_msg("%s: %s: 0x%llx, expected %s", reader->fixture, where,
                 (unsigned long long)value->bits, json_object_get_string(truth));
}

static void check_string(const struct reader *reader, const hgr_object *object, const char *truth)
{
    static char text[1 << 16];
    size_t len = hgr_string_text(reader->inspector, object, 0, UINT64_MAX, text, sizeof text);
    assert_true(len < sizeof text);
    /* The peer stops after some characters. */
    if (strncmp(text, truth, strlen(truth)) != 0)
        fail_msg("%s: string \"%s\", expected \"%s\"", reader->fixture, text, truth);
}

static const char *generation_of(const char *peer)
{
    static const char *const NAMES[][2] = {{"Generation0", "gen0"}, {"Generation1", "gen1"},
                                           {"Generation2", "gen2"}, {"Large", "loh"},
                                           {"Pinned", "poh"},       {"Frozen", "frozen"}};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (strcmp(NAMES[i][0], peer) == 0)
            return NAMES[i][1];
    fail_msg("unknown generation %s", peer);
    return "";
}

static void check_object(struct reader *reader, json_object *row)
{
    hgr_object object;
    hgr_status status = {0};
    const hgr_field *fields;
    size_t count;
    if (hgr_inspect_object(reader->inspector, truth_u64(row, "obj"), &object, &status) != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture, truth_text(row, "type"), status.text);
    assert_int_equal(object.bytes, truth_u64(row, "size"));
    assert_string_equal(hgr_generation_name(object.generation),
                        generation_of(truth_text(row, "gen")));
    if (truth_get(row, "length"))
        assert_int_equal(object.length, truth_u64(row, "length"));
    if (truth_get(row, "str"))
        check_string(reader, &object, truth_text(row, "str"));
    assert_int_equal(hgr_type_fields(reader->inspector, object.type, &fields, &count, NULL),
                     HGR_OK);
    json_object *truths = truth_get(row, "fields");
    hgr_value owner = hgr_value_of_object(&object);
    for (size_t i = 0; i < json_object_array_length(truths); i++) {
        json_object *truth = json_object_array_get_idx(truths, i);
        const char *name = truth_text(truth, "Name");
        char where[512];
        const hgr_field *field = field_at(fields, count, name, truth_u64(truth, "Offset") + 8);
        snprintf(where, sizeof where, "0x%llx %s.%s", (unsigned long long)object.addr,
                 object.type->name, name);
        if (!field)
            fail_msg("%s: %s: no such field", reader->fixture, where);
        hgr_value value = hgr_value_field(reader->inspector, &owner, field);
        check_value(reader, where, &value, truth_get(truth, "value"));
    }
    reader->compared++;
}

static void objects_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("objects", check_object);
}

/* ---- types.json: every type with its fields ---- */

/* A field's type that the peer prints otherwise. */
static const struct {
    const char *peer, *ours, *why;
} FIELD_TYPES[] = {
    {"System.Collections.Generic.Dictionary<System.Int32, Scoodle.Business.Queries.Coord[]>",
     "System.String", "of a nested generic class the peer takes the inner argument for the outer"},
};

/* Does the peer's name leave parts open: T1, K[], List`1, __Canon? Where it finds no class it
 * prints "Object" without a namespace, or a structure called System.Void; a pointer is a UIntPtr to
 * it. */
static bool is_open_name(const char *name, hgr_element element)
{
    static const char *const PARTS[] = {"`", "__Canon", "<T1", " T2", " T3", "System.ValueType[]"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        if (strstr(name, PARTS[i]))
            return true;
    if (strncmp(name, "Object", 6) == 0 || strcmp(name, "System.Void") == 0)
        return true;
    if (element == HGR_IS_POINTER || element == HGR_IS_FUNCTION)
        return true;
    return (name[0] == 'T' || name[0] == 'K' || name[0] == 'V') && !strchr(name, '.');
}

/* "A<X, X>" for "A<X, Y>": of two arguments the peer prints the first twice. */
static bool repeats_first_argument(const char *peer, const char *ours)
{
    const char *open = strchr(peer, '<');
    if (!open || strncmp(peer, ours, (size_t)(open - peer) + 1) != 0)
        return false;
    const char *middle = strstr(open, ", ");
    size_t len = middle ? (size_t)(middle - open - 1) : 0;
    return middle && strncmp(open + 1, ours + (open + 1 - peer), len) == 0 &&
           strncmp(middle + 2, open + 1, len) == 0;
}

static void check_type_name(const struct reader *reader, const hgr_type *type,
                            const hgr_field *field, const char *peer)
{
    if (strcmp(field->type_name, peer) == 0 || is_open_name(peer, field->element) ||
        repeats_first_argument(peer, field->type_name))
        return;
    for (size_t i = 0; i < sizeof FIELD_TYPES / sizeof FIELD_TYPES[0]; i++)
        if (strcmp(FIELD_TYPES[i].peer, peer) == 0 &&
            strcmp(FIELD_TYPES[i].ours, field->type_name) == 0)
            return;
    fail_msg("%s: %s.%s: type %s, expected %s", reader->fixture, type->name, field->name,
             field->type_name, peer);
}

/* The peer's size of a structure ends with its last field; 1 for an empty one is the runtime's. */
static void check_field(const struct reader *reader, const hgr_type *type, const hgr_field *field,
                        json_object *truth)
{
    uint64_t size = truth_u64(truth, "Size");
    /* A class that the peer cannot find is a structure of type System.Void to it. */
    bool lost = strcmp(truth_text(truth, "element"), "Struct") == 0 &&
                strcmp(truth_text(truth, "type"), "System.Void") == 0;
    hgr_element element = lost ? HGR_IS_REFERENCE : element_of(truth_text(truth, "element"));
    if (field->element != element)
        fail_msg("%s: %s.%s: element %d, expected %d", reader->fixture, type->name, field->name,
                 field->element, element);
    /* ... and of Nullable<JsonIgnoreCondition> it takes the enum of 4 bytes for one of 8. */
    bool mistaken = strstr(field->type_name, "Nullable<") && field->bytes == 8 && size == 9;
    if (element == HGR_IS_STRUCT ? field->bytes < size && !mistaken : field->bytes != size && !lost)
        fail_msg("%s: %s.%s: %u bytes, expected %llu", reader->fixture, type->name, field->name,
                 field->bytes, (unsigned long long)size);
}

/* The bytes of a structure are those that an array of it has for each element. */
static void check_component(const struct reader *reader, const hgr_type *type)
{
    const hgr_type *component = NULL;
    if (type->kind != HGR_TYPE_ARRAY)
        return;
    if (type->component == HGR_IS_UNKNOWN)
        fail_msg("%s: %s: elements of unknown kind", reader->fixture, type->name);
    if (type->component_addr == 0)
        return;
    assert_int_equal(hgr_inspect_type(reader->inspector, type->component_addr, &component, NULL),
                     HGR_OK);
    if (component->value_bytes != type->component_size)
        fail_msg("%s: %s: %u bytes, in an array %u", reader->fixture, component->name,
                 component->value_bytes, type->component_size);
}

static void check_type(struct reader *reader, json_object *row)
{
    const hgr_type *type = NULL;
    const hgr_field *fields;
    size_t count, instance = 0;
    hgr_status status = {0};
    json_object *truths = truth_get(row, "fields");
    if (hgr_inspect_type(reader->inspector, truth_u64(row, "mt"), &type, &status) != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture, truth_text(row, "Name"), status.text);
    assert_int_equal(hgr_type_fields(reader->inspector, type, &fields, &count, NULL), HGR_OK);
    for (size_t i = 0; i < count; i++)
        instance += !fields[i].is_static;
    assert_int_equal(instance, json_object_array_length(truths));
    for (size_t i = 0; i < json_object_array_length(truths); i++) {
        json_object *truth = json_object_array_get_idx(truths, i);
        const hgr_field *field =
            field_at(fields, count, truth_text(truth, "Name"), truth_u64(truth, "Offset") + 8);
        if (!field)
            fail_msg("%s: %s has no field %s", reader->fixture, type->name,
                     truth_text(truth, "Name"));
        check_field(reader, type, field, truth);
        check_type_name(reader, type, field, truth_text(truth, "type"));
    }
    check_component(reader, type);
    reader->compared++;
}

static void types_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("types", check_type);
}

/* ---- statics.json ---- */

struct wanted {
    const char *name;
    hgr_static found;
    bool is_found;
};

static bool match_static(void *user, const hgr_static *field)
{
    struct wanted *wanted = user;
    if (strcmp(field->field->name, wanted->name) != 0)
        return true;
    wanted->found = *field;
    wanted->is_found = true;
    return false;
}

static void check_static(struct reader *reader, json_object *row)
{
    const hgr_type *type = NULL;
    hgr_status status = {0};
    char where[512];
    struct wanted wanted = {.name = truth_text(row, "field")};
    hgr_result result = hgr_inspect_type(reader->inspector, truth_u64(row, "mt"), &type, &status);
    if (result != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture, truth_text(row, "type"), status.text);
    result = hgr_type_statics(reader->inspector, type, match_static, &wanted, &status);
    assert_int_equal(result, HGR_OK);
    assert_true(wanted.is_found);
    snprintf(where, sizeof where, "static %s.%s", type->name, wanted.name);
    if (wanted.found.slot_addr != truth_u64(row, "address"))
        fail_msg("%s: %s: at 0x%llx", reader->fixture, where,
                 (unsigned long long)wanted.found.slot_addr);
    /* Of a structure the peer's value is the slot's address. */
    if (wanted.found.value.element != HGR_IS_STRUCT)
        check_value(reader, where, &wanted.found.value, truth_get(row, "value"));
    reader->compared++;
}

static void statics_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("statics", check_static);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_equal_the_peers),
        cmocka_unit_test(types_equal_the_peers),
        cmocka_unit_test(statics_equal_the_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
