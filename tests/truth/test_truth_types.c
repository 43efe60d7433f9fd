/* Types, names, fields, slot names and statics of every fixture equal the independent reader's.
 *
 * Where that reader is wrong the row is in one of the tables below, with its reason; nothing else
 * may differ. Its two misprints of array names are undone by name_as_peer_prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "clr/clr.h"
#include "clr/method_table.h"
#include "fixture.h"

/* A field's type that the peer prints otherwise. */
static const struct {
    const char *peer, *ours, *why;
} FIELD_TYPES[] = {
    {"K[]", "System.String[]", "the peer prints the variable of the open type"},
    {"V[]", "System.Reflection.RuntimeFieldInfo[][]", "the same"},
    {"V[]", "System.Reflection.RuntimePropertyInfo[][]", "the same"},
    {"V[]", "System.Reflection.RuntimeMethodInfo[][]", "the same"},
    {"K[]", "System.Reflection.RuntimeMethodInfo[]", "the same"},
    {"V[]", "System.Reflection.RuntimeMethodInfo[]", "the same"},
    {"System.Func<Microsoft.AspNetCore.Routing.MatcherPolicy, "
     "Microsoft.AspNetCore.Routing.MatcherPolicy>",
     "System.Func<Microsoft.AspNetCore.Routing.MatcherPolicy, System.Int32>",
     "the peer repeats the first argument"},
    {"System.Collections.Generic.IDictionary<System.String, System.String>",
     "System.Collections.Generic.IDictionary<System.String, System.Object>", "the same"},
    {"System.Collections.Generic.IDictionary<System.String, System.String>",
     "System.Collections.Generic.IDictionary<System.String, "
     "System.Collections.Generic.IReadOnlyList<"
     "Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPolicyReference>>",
     "the same"},
    {"System.Func<System.String, System.String>",
     "System.Func<System.String, Microsoft.Extensions.Configuration.IConfigurationSection>",
     "the same"},
    {"System.Collections.Generic.Dictionary<System.String, System.String>",
     "System.Collections.Generic.Dictionary<System.String, "
     "System.Collections.Generic.List<System.String>>",
     "the same"},
    {"System.Collections.Generic.Dictionary<System.String, System.String>",
     "System.Collections.Generic.Dictionary<System.String, "
     "Microsoft.Extensions.Primitives.StringValues>",
     "the same"},
    {"System.Collections.Generic.KeyValuePair<System.String, System.String>[]",
     "System.Collections.Generic.KeyValuePair<System.String, "
     "Microsoft.Extensions.Primitives.StringValues>[]",
     "the same"},
    {"System.Func<System.Int32, System.Int32>",
     "System.Func<System.Int32, Scoodle.Business.Queries.IMateriaalDto>", "the same"},
    {"System.Collections.Generic.Dictionary<System.Int32, Scoodle.Business.Queries.Coord[]>",
     "System.String", "of a nested generic class the peer takes the inner argument for the outer"},
    {"T[]", "Scoodle.Collectible.Point[]", "the peer prints the variable of the open type"},
    {"System.Net.Sockets.SocketAsyncContext+OperationQueue<System.Net.Sockets.SocketAsyncContext+"
     "ReadOperation>",
     "System.Net.Sockets.SocketAsyncContext+OperationQueue<System.__Canon>",
     "ours: this very instance is not loaded, the one with its layout is"},
    {"System.Net.Sockets.SocketAsyncContext+OperationQueue<System.Net.Sockets.SocketAsyncContext+"
     "WriteOperation>",
     "System.Net.Sockets.SocketAsyncContext+OperationQueue<System.__Canon>", "the same"},
};

/* Everything one fixture's checks need. */
struct reader {
    struct opened opened;
    hgr_clr_types *types;
    hgr_clr_names *names;
    hgr_text text;
    const char *fixture;
};

static void reader_open(const struct fixture *fixture, struct reader *out)
{
    hgr_status status = {0};
    *out = (struct reader){.fixture = fixture->name};
    fixture_open(fixture, 1, NULL, &out->opened);
    hgr_text_init(&out->text, out->opened.run);
    if (hgr_clr_types_create(out->opened.runtime, out->opened.run, &out->types, &status) !=
            HGR_OK ||
        hgr_clr_names_create(out->opened.runtime, out->opened.run, &out->names, &status) != HGR_OK)
        fail_msg("%s: %s", fixture->name, status.text);
}

static void reader_close(struct reader *reader)
{
    hgr_text_fini(&reader->text);
    hgr_clr_names_free(reader->names);
    hgr_clr_types_free(reader->types);
    fixture_close(&reader->opened);
}

/* Run one check over every fixture that has the answers to it. */
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
        struct reader reader;
        reader_open(&fixtures[i], &reader);
        json_object *truth = fixture_json(&fixtures[i], question);
        check(&reader, truth);
        json_object_put(truth);
        reader_close(&reader);
    }
}

static const char *type_name(struct reader *reader, uint64_t mt)
{
    hgr_text_clear(&reader->text);
    if (!hgr_clr_type_name(reader->names, mt, &reader->text))
        fail_msg("%s: no name for method table 0x%llx", reader->fixture, (unsigned long long)mt);
    return hgr_text_get(&reader->text);
}

/* The peer forgets the commas of an array inside an array, and takes "[*]" for generic arguments.
 */
static void name_as_peer_prints(const char *ours, char *out, size_t size)
{
    size_t len = 0;
    for (const char *at = ours; *at && len + 4 < size; at++) {
        bool inner = *at == '[' && at[1] == ',' && strchr(at, ']') && strchr(at, ']')[1] == '[';
        if (strncmp(at, "[*]", 3) == 0) {
            memcpy(out + len, "<*>", 3);
            len += 3;
            at += 2;
        } else if (inner) {
            memcpy(out + len, "[]", 2);
            len += 2;
            at = strchr(at, ']');
        } else {
            out[len++] = *at;
        }
    }
    out[len] = '\0';
}

/* The peer finds no class for an argument or element whose type was made in a collectible assembly.
 */
static bool is_of_collectible(const char *ours)
{
    return strstr(ours, "<Scoodle.Collectible.Point>") ||
           strcmp(ours, "Scoodle.Collectible.Point[]") == 0;
}

static void check_names(struct reader *reader, json_object *truth)
{
    json_object *types = truth_get(truth, "types");
    size_t count = json_object_array_length(types);
    static char expected[HGR_TEXT_MAX];
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        json_object *type = json_object_array_get_idx(types, i);
        name_as_peer_prints(type_name(reader, truth_u64(type, "mt")), expected, sizeof expected);
        if (!is_of_collectible(expected))
            assert_string_equal(expected, truth_text(type, "name"));
    }
}

static void names_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("stat", check_names);
}

static void check_shape(struct reader *reader, json_object *type)
{
    hgr_shape shape;
    hgr_status status = {0};
    uint64_t mt = truth_u64(type, "mt");
    if (hgr_clr_describe(reader->types, mt, &shape, &status) != HGR_OK)
        fail_msg("%s: %s: %s", reader->fixture, truth_text(type, "Name"), status.text);
    assert_true(hgr_clr_is_method_table(reader->types, mt));
    /* The peer takes the terminating zero off a string's fixed part. */
    uint64_t base_size = shape.base_size - (mt == reader->opened.runtime->string_mt ? 2u : 0u);
    assert_int_equal(base_size, truth_u64(type, "static_size"));
    assert_int_equal(shape.component_size, truth_u64(type, "component_size"));
    assert_int_equal(shape.flags & HGR_SHAPE_BAD_GCDESC, 0);
    assert_int_equal(shape.slots != HGR_SLOTS_NONE,
                     json_object_get_boolean(truth_get(type, "pointers")));
    assert_int_equal((shape.flags & HGR_SHAPE_FINALIZER) != 0,
                     json_object_get_boolean(truth_get(type, "finalizable")));
    assert_int_equal(shape.implied_addr != 0,
                     json_object_get_boolean(truth_get(type, "collectible")));
}

static void check_module(struct reader *reader, json_object *type)
{
    const char *path = hgr_clr_type_module(reader->names, truth_u64(type, "mt"));
    const char *slash = strrchr(path, '/');
    json_object *module = truth_get(type, "module");
    const char *expected = module ? json_object_get_string(module) : "";
    assert_string_equal(slash ? slash + 1 : path, expected);
}

static void check_types(struct reader *reader, json_object *truth)
{
    size_t count = json_object_array_length(truth);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        check_shape(reader, json_object_array_get_idx(truth, i));
        check_module(reader, json_object_array_get_idx(truth, i));
    }
}

static void shapes_and_modules_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("types", check_types);
}

/* ELEMENT_TYPE as a FieldDesc has it: all references are one kind. */
static uint8_t element_of(const char *peer)
{
    static const struct {
        const char *name;
        uint8_t element;
    } ELEMENTS[] = {
        {"Boolean", 2},     {"Char", 3},
        {"Int8", 4},        {"UInt8", 5},
        {"Int16", 6},       {"UInt16", 7},
        {"Int32", 8},       {"UInt32", 9},
        {"Int64", 10},      {"UInt64", 11},
        {"Float", 12},      {"Double", 13},
        {"Pointer", 15},    {"Struct", 17},
        {"Class", 18},      {"Object", 18},
        {"String", 18},     {"SZArray", 18},
        {"Array", 18},      {"NativeInt", 24},
        {"NativeUInt", 25}, {"FunctionPointer", 27},
    };
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof ELEMENTS[0]; i++)
        if (strcmp(ELEMENTS[i].name, peer) == 0)
            return ELEMENTS[i].element;
    fail_msg("unknown element %s", peer);
    return 0;
}

/* The peer cannot find the class and prints a structure of type System.Void. The runtime's
 * FieldDesc says that it is a reference, and the field is 8 bytes wide. */
static bool is_class_the_peer_lost(json_object *field)
{
    return strcmp(truth_text(field, "element"), "Struct") == 0 &&
           strcmp(truth_text(field, "type"), "System.Void") == 0;
}

/* The instance field of the type or a base that has this name and lies at this offset. */
static const hgr_clr_field *find_field(struct reader *reader, uint64_t mt, const char *name,
                                       uint64_t offset, uint64_t *out_class)
{
    for (uint32_t level = 0; mt != 0 && level < 100; level++) {
        const hgr_clr_field *fields;
        size_t count;
        hgr_method_table table;
        assert_int_equal(hgr_clr_type_fields(reader->names, mt, &fields, &count, NULL), HGR_OK);
        for (size_t i = 0; i < count; i++)
            if (!fields[i].is_static && fields[i].offset == offset &&
                strcmp(fields[i].name, name) == 0) {
                *out_class = mt;
                return &fields[i];
            }
        assert_true(hgr_method_table_read(reader->opened.runtime, mt, &table));
        mt = table.parent_addr;
    }
    return NULL;
}

/* Does the peer's name leave arguments open: T1, List`1, System.__Canon? "Object", without its
 * namespace, is what it prints for a class that it could not find. */
static bool is_open_name(const char *name)
{
    if (strcmp(name, "Object") == 0 || strchr(name, '`') || strstr(name, "System.__Canon"))
        return true;
    for (const char *at = name; *at; at++)
        if (*at == 'T' && at[1] >= '0' && at[1] <= '9' &&
            (at == name || at[-1] == '<' || at[-1] == ' '))
            return true;
    return false;
}

static void check_field_type(struct reader *reader, const hgr_clr_field *field, const char *peer)
{
    if (field->type_mt == 0) {
        /* Only references and pointers may be of a type that is not loaded. */
        assert_int_not_equal(field->element_type, HGR_ELEMENT_VALUE_TYPE);
        return;
    }
    const char *ours = type_name(reader, field->type_mt);
    if (strcmp(ours, peer) == 0 || is_open_name(peer))
        return;
    for (size_t i = 0; i < sizeof FIELD_TYPES / sizeof FIELD_TYPES[0]; i++)
        if (strcmp(FIELD_TYPES[i].peer, peer) == 0 && strcmp(FIELD_TYPES[i].ours, ours) == 0)
            return;
    fail_msg("%s: field %s: type %s, expected %s", reader->fixture, field->name, ours, peer);
}

static void check_field(struct reader *reader, uint64_t mt, json_object *row)
{
    uint64_t class_mt = 0,
             offset = truth_u64(row, "Offset") + 8; /* the peer counts from the first field */
    const char *name = truth_text(row, "Name");
    const hgr_clr_field *field = find_field(reader, mt, name, offset, &class_mt);
    if (!field)
        fail_msg("%s: no field %s at %llu in %s", reader->fixture, name, (unsigned long long)offset,
                 truth_text(row, "declared_in"));
    if (!is_of_collectible(type_name(reader, class_mt)))
        assert_string_equal(type_name(reader, class_mt), truth_text(row, "declared_in"));
    if (is_class_the_peer_lost(row)) {
        assert_int_equal(field->element_type, HGR_ELEMENT_CLASS);
        return;
    }
    assert_int_equal(field->element_type, element_of(truth_text(row, "element")));
    check_field_type(reader, field, truth_text(row, "type"));
}

static size_t count_fields(struct reader *reader, uint64_t mt)
{
    size_t count = 0;
    for (uint32_t level = 0; mt != 0 && level < 100; level++) {
        const hgr_clr_field *fields;
        size_t own;
        hgr_method_table table;
        assert_int_equal(hgr_clr_type_fields(reader->names, mt, &fields, &own, NULL), HGR_OK);
        for (size_t i = 0; i < own; i++)
            count += !fields[i].is_static;
        assert_true(hgr_method_table_read(reader->opened.runtime, mt, &table));
        mt = table.parent_addr;
    }
    return count;
}

static void check_fields(struct reader *reader, json_object *truth)
{
    size_t ntypes = json_object_array_length(truth), compared = 0;
    for (size_t i = 0; i < ntypes; i++) {
        json_object *type = json_object_array_get_idx(truth, i);
        json_object *fields = truth_get(type, "fields");
        size_t count = json_object_array_length(fields);
        uint64_t mt = truth_u64(type, "mt");
        assert_int_equal(count_fields(reader, mt), count);
        for (size_t j = 0; j < count; j++)
            check_field(reader, mt, json_object_array_get_idx(fields, j));
        compared += count;
    }
    assert_true(compared > ntypes);
}

static void fields_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("types", check_fields);
}

/* The peer names the outermost field of a slot; ours begins with it. */
static void check_slot_name(struct reader *reader, uint64_t mt, uint64_t object, json_object *ref)
{
    json_object *field = truth_get(ref, "field");
    if (truth_u64(ref, "obj") == 0)
        return; /* the peer lists dependent handles without a secondary as a reference to nothing */
    if (!field && truth_u64(ref, "Offset") == 0)
        return; /* ... and their secondary as one without a place; elements lie behind the length */
    uint64_t offset = truth_u64(ref, "Offset") + 8;
    hgr_text_clear(&reader->text);
    if (!hgr_clr_slot_name(reader->names, mt, object, offset, &reader->text))
        fail_msg("%s: object 0x%llx: slot %llu has no name", reader->fixture,
                 (unsigned long long)object, (unsigned long long)offset);
    const char *ours = hgr_text_get(&reader->text);
    if (!field) { /* the peer has none for array elements */
        assert_int_equal(ours[0], '[');
        return;
    }
    const char *peer = json_object_get_string(field);
    size_t len = strlen(peer);
    assert_memory_equal(ours, peer, len);
    assert_true(ours[len] == '\0' || ours[len] == '.' || ours[len] == '[');
}

static void check_slots(struct reader *reader, json_object *truth)
{
    size_t count = json_object_array_length(truth), compared = 0;
    for (size_t i = 0; i < count; i++) {
        json_object *object = json_object_array_get_idx(truth, i),
                    *refs = truth_get(object, "refs");
        uint64_t addr = truth_u64(object, "obj"), mt;
        assert_true(hgr_space_u64(reader->opened.runtime->space, addr, &mt));
        for (size_t j = 0; j < json_object_array_length(refs); j++, compared++)
            check_slot_name(reader, mt & ~UINT64_C(7), addr, json_object_array_get_idx(refs, j));
    }
    assert_true(compared > count);
}

static void slot_names_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("objects", check_slots);
}

static const hgr_clr_static *find_static(const hgr_clr_static *statics, size_t count, uint64_t slot)
{
    for (size_t i = 0; i < count; i++)
        if (statics[i].slot_addr == slot)
            return &statics[i];
    return NULL;
}

static void check_static(struct reader *reader, json_object *row, const hgr_clr_static *statics,
                         size_t count)
{
    char name[1024];
    json_object *value = truth_get(row, "value");
    uint8_t element = element_of(truth_text(row, "element"));
    if ((element != HGR_ELEMENT_CLASS && element != HGR_ELEMENT_VALUE_TYPE) || !value ||
        truth_value_u64(value) == 0)
        return;
    const hgr_clr_static *found = find_static(statics, count, truth_u64(row, "address"));
    if (!found)
        fail_msg("%s: no static %s", reader->fixture, truth_text(row, "field"));
    snprintf(name, sizeof name, "%s.%s", truth_text(row, "type"), truth_text(row, "field"));
    assert_string_equal(found->name, name);
    if (element == HGR_ELEMENT_CLASS) /* of a structure the peer gives the slot, not the box */
        assert_int_equal(found->object_addr, truth_value_u64(value));
    assert_false(found->is_thread_static);
}

static void check_statics(struct reader *reader, json_object *truth)
{
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    hgr_status status = {0};
    if (hgr_clr_statics_read(reader->opened.runtime, reader->names, reader->opened.run, &statics,
                             &count, &status) != HGR_OK)
        fail_msg("%s: %s", reader->fixture, status.text);
    for (size_t i = 0; i < json_object_array_length(truth); i++)
        check_static(reader, json_object_array_get_idx(truth, i), statics, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t mt;
        if (i > 0)
            assert_true(statics[i - 1].slot_addr < statics[i].slot_addr);
        assert_true(hgr_space_u64(reader->opened.runtime->space, statics[i].object_addr, &mt));
        assert_true(hgr_clr_is_method_table(reader->types, mt & ~UINT64_C(7)));
    }
    hgr_free(statics);
}

static void statics_equal_the_peers(void **state)
{
    (void)state;
    over_fixtures("statics", check_statics);
}

/* Objects that the runtime itself keeps beside statics: the managed faces of its modules and
 * assemblies. */
static bool is_runtimes_own(struct reader *reader, uint64_t object)
{
    static const char *const OWN[] = {
        "System.Reflection.RuntimeModule",
        "System.Reflection.RuntimeAssembly",
        "System.Reflection.LoaderAllocator",
        "System.Reflection.Emit.RuntimeModuleBuilder",
        "System.Reflection.Emit.InternalModuleBuilder",
        "System.Reflection.Emit.InternalAssemblyBuilder",
        "System.Runtime.Loader.AssemblyLoadContext",
        "System.Runtime.Loader.DefaultAssemblyLoadContext",
    };
    uint64_t mt;
    assert_true(hgr_space_u64(reader->opened.runtime->space, object, &mt));
    const char *name = type_name(reader, mt & ~UINT64_C(7));
    for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++)
        if (strcmp(OWN[i], name) == 0)
            return true;
    return false;
}

struct slots {
    const hgr_clr_static *statics;
    size_t count, arrays;
};

/* An array that holds at least one static: does every other slot of it have a name too? */
static void check_array(struct reader *reader, uint64_t array, struct slots *slots)
{
    const hgr_space *space = reader->opened.runtime->space;
    uint32_t length;
    size_t named = 0;
    uint64_t object;
    assert_true(hgr_space_u32(space, array + 8, &length));
    for (size_t i = 0; i < slots->count; i++)
        named += slots->statics[i].slot_addr > array &&
                 slots->statics[i].slot_addr < array + 16 + 8 * (uint64_t)length &&
                 !slots->statics[i].is_thread_static;
    slots->arrays += named > 0;
    for (uint32_t i = 0; i < length && named > 0; i++) {
        uint64_t slot = array + 16 + 8 * (uint64_t)i;
        assert_true(hgr_space_u64(space, slot, &object));
        if (object != 0 && !find_static(slots->statics, slots->count, slot) &&
            !is_runtimes_own(reader, object))
            fail_msg("%s: slot 0x%llx of a static array has no name", reader->fixture,
                     (unsigned long long)slot);
    }
}

/* Through our own handles: the peer misses those beyond the first heap's. */
static void check_arrays(struct reader *reader, json_object *truth)
{
    hgr_clr_static *statics = NULL;
    hgr_clr_handles handles = {0};
    struct slots slots = {0};
    (void)truth;
    assert_int_equal(hgr_clr_statics_read(reader->opened.runtime, reader->names, reader->opened.run,
                                          &statics, &slots.count, NULL),
                     HGR_OK);
    assert_int_equal(
        hgr_clr_handles_read(reader->opened.runtime, reader->opened.run, &handles, NULL), HGR_OK);
    slots.statics = statics;
    for (size_t i = 0; i < handles.count; i++) {
        uint64_t object = handles.handles[i].object_addr, mt;
        uint32_t kind = handles.handles[i].kind;
        if ((kind == 2 || kind == 3) && object != 0 && /* strong or pinned */
            hgr_space_u64(reader->opened.runtime->space, object, &mt) &&
            strcmp(type_name(reader, mt & ~UINT64_C(7)), "System.Object[]") == 0)
            check_array(reader, object, &slots);
    }
    assert_true(slots.arrays > 0);
    hgr_clr_handles_fini(&handles);
    hgr_free(statics);
}

static void every_slot_of_a_static_array_has_a_name(void **state)
{
    (void)state;
    over_fixtures("statics", check_arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_equal_the_peers),
        cmocka_unit_test(shapes_and_modules_equal_the_peers),
        cmocka_unit_test(fields_equal_the_peers),
        cmocka_unit_test(slot_names_equal_the_peers),
        cmocka_unit_test(statics_equal_the_peers),
        cmocka_unit_test(every_slot_of_a_static_array_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
