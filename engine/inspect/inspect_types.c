/* inspect: method table -> what a type is: kind, element, sizes, name. Each found once. */
#include "inspector.h"

#include "../base/status.h"
#include "../clr/method_table.h"

static const struct primitive {
    const char *name;
    hgr_element element;
    uint32_t bytes; /* 0: a pointer */
} PRIMITIVES[] = {
    {"System.Boolean", HGR_IS_BOOLEAN, 1}, {"System.Char", HGR_IS_CHAR, 2},
    {"System.SByte", HGR_IS_INT8, 1},      {"System.Byte", HGR_IS_UINT8, 1},
    {"System.Int16", HGR_IS_INT16, 2},     {"System.UInt16", HGR_IS_UINT16, 2},
    {"System.Int32", HGR_IS_INT32, 4},     {"System.UInt32", HGR_IS_UINT32, 4},
    {"System.Int64", HGR_IS_INT64, 8},     {"System.UInt64", HGR_IS_UINT64, 8},
    {"System.Single", HGR_IS_FLOAT32, 4},  {"System.Double", HGR_IS_FLOAT64, 8},
    {"System.IntPtr", HGR_IS_INTPTR, 0},   {"System.UIntPtr", HGR_IS_UINTPTR, 0},
};

hgr_element hgr_primitive_of(const char *type_name)
{
    for (size_t i = 0; i < sizeof PRIMITIVES / sizeof PRIMITIVES[0]; i++)
        if (strcmp(PRIMITIVES[i].name, type_name) == 0)
            return PRIMITIVES[i].element;
    return HGR_IS_UNKNOWN;
}

uint32_t hgr_element_bytes(const hgr_inspector *inspector, hgr_element element)
{
    if (element == HGR_IS_UNKNOWN || element == HGR_IS_STRUCT)
        return 0;
    for (size_t i = 0; i < sizeof PRIMITIVES / sizeof PRIMITIVES[0]; i++)
        if (PRIMITIVES[i].element == element && PRIMITIVES[i].bytes != 0)
            return PRIMITIVES[i].bytes;
    return hgr_inspector_word(inspector);
}

/* What a type handle that is no method table stands for: a pointer, or before 3.0 an array. */
static hgr_element element_of_desc(const hgr_inspector *inspector, uint64_t desc)
{
    uint32_t kind;
    if (!hgr_space_u32(inspector->runtime->space, desc, &kind))
        return HGR_IS_UNKNOWN;
    switch (kind & 0xff) {
    case HGR_ELEMENT_POINTER:
    case HGR_ELEMENT_FUNCTION:
        return HGR_IS_POINTER;
    case HGR_ELEMENT_ARRAY:
    case HGR_ELEMENT_VECTOR:
        return HGR_IS_REFERENCE;
    default:
        return HGR_IS_UNKNOWN;
    }
}

static hgr_result describe_array(hgr_inspector *inspector, const hgr_method_table *mt,
                                 hgr_type *out, hgr_status *status)
{
    uint64_t handle = mt->per_inst_info;
    const hgr_type *component = NULL;
    out->kind = HGR_TYPE_ARRAY;
    out->element = HGR_IS_REFERENCE;
    out->rank = hgr_method_table_rank(inspector->runtime, mt);
    if (handle & 3) {
        out->component = element_of_desc(inspector, handle & ~UINT64_C(3));
        return HGR_OK;
    }
    hgr_result result = hgr_inspect_type(inspector, handle, &component, status);
    if (result == HGR_NOT_FOUND)
        return HGR_OK;
    if (result == HGR_OK) {
        out->component_addr = handle;
        out->component = component->element;
    }
    return result;
}

/* The base class says what a value type is: System.Enum's are enums, stored as their one field. */
static hgr_result describe_value_type(hgr_inspector *inspector, const hgr_method_table *mt,
                                      hgr_type *out, hgr_status *status)
{
    const hgr_type *parent = NULL;
    out->kind = HGR_TYPE_STRUCT;
    out->element = hgr_primitive_of(out->name);
    if (out->element == HGR_IS_UNKNOWN)
        out->element = HGR_IS_STRUCT;
    out->value_bytes = hgr_method_table_value_bytes(inspector->runtime, mt);
    hgr_result result = hgr_inspect_type(inspector, mt->parent_addr, &parent, status);
    if (result == HGR_OK && strcmp(parent->name, "System.Enum") == 0) {
        const hgr_clr_field *fields;
        size_t count;
        out->kind = HGR_TYPE_ENUM;
        result = hgr_clr_type_fields(inspector->names, mt->addr, &fields, &count, status);
        if (result == HGR_OK && count > 0 && !fields[0].is_static)
            out->element = (hgr_element)fields[0].element_type;
    }
    uint32_t bytes = hgr_element_bytes(inspector, out->element);
    if (bytes != 0)
        out->value_bytes = bytes;
    return result == HGR_NOT_FOUND ? HGR_OK : result;
}

static hgr_result describe(hgr_inspector *inspector, const hgr_method_table *mt, hgr_type *out,
                           hgr_status *status)
{
    out->kind = HGR_TYPE_CLASS;
    out->element = HGR_IS_REFERENCE;
    out->value_bytes = hgr_inspector_word(inspector);
    if (hgr_method_table_is_array(mt))
        return describe_array(inspector, mt, out, status);
    if (hgr_method_table_is_value_type(mt))
        return describe_value_type(inspector, mt, out, status);
    if (mt->addr == inspector->runtime->string_mt) {
        out->kind = HGR_TYPE_STRING;
        out->component = HGR_IS_CHAR;
    }
    return HGR_OK;
}

static hgr_result name_type(hgr_inspector *inspector, hgr_type *out, hgr_status *status)
{
    hgr_text *text = &inspector->text;
    hgr_text_clear(text);
    hgr_clr_type_name(inspector->names, out->method_table_addr, text);
    if (text->failed)
        return hgr_fail(status, HGR_NO_MEMORY, "type name: out of memory");
    out->name = hgr_arena_text(&inspector->arena, hgr_text_get(text), text->len, status);
    out->module = hgr_clr_type_module(inspector->names, out->method_table_addr);
    return out->name ? HGR_OK : HGR_NO_MEMORY;
}

/* An interface has no instances, hence no base size; elements and fields are declared to be of one.
 */
static bool is_interface(const hgr_inspector *inspector, const hgr_method_table *mt)
{
    uint64_t class_addr = hgr_method_table_class(inspector->runtime, mt), back;
    return (mt->flags & HGR_MT_CATEGORY) == HGR_MT_INTERFACE &&
           !(mt->flags & HGR_MT_HAS_COMPONENT_SIZE) && class_addr != 0 &&
           hgr_clr_link(inspector->runtime,
                        class_addr + inspector->runtime->layout.class_method_table, &back) &&
           back == hgr_method_table_canonical(inspector->runtime, mt);
}

static hgr_result make_type(hgr_inspector *inspector, uint64_t addr, hgr_known_type **out,
                            hgr_status *status)
{
    hgr_method_table mt;
    hgr_shape shape;
    bool is_one;
    hgr_result result = hgr_clr_judge_method_table(inspector->shapes, addr, &is_one, status);
    if (result != HGR_OK)
        return result;
    if (!hgr_method_table_read(inspector->runtime, addr, &mt) ||
        !(is_one || is_interface(inspector, &mt)))
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no method table");
    hgr_known_type *known = hgr_arena_alloc(&inspector->arena, sizeof *known, status);
    if (!known)
        return HGR_NO_MEMORY;
    known->type = (hgr_type){
        .method_table_addr = addr,
        .parent_addr = mt.parent_addr,
        .base_size = mt.base_size,
        .component_size = mt.component_size,
    };
    result = hgr_clr_describe(inspector->shapes, addr, &shape, status);
    known->has_instances = result == HGR_OK && !(shape.flags & HGR_SHAPE_FREE);
    if (result == HGR_OK || result == HGR_NOT_FOUND)
        result = name_type(inspector, &known->type, status);
    if (result == HGR_OK)
        result = describe(inspector, &mt, &known->type, status);
    *out = known;
    return result;
}

hgr_result hgr_inspect_type(hgr_inspector *inspector, uint64_t method_table_addr,
                            const hgr_type **out, hgr_status *status)
{
    uint32_t index = hgr_map_get(&inspector->type_index, method_table_addr);
    if (index != HGR_MAP_NONE) {
        *out = &inspector->types[index]->type;
        return HGR_OK;
    }
    hgr_known_type *known = NULL;
    hgr_result result = make_type(inspector, method_table_addr, &known, status);
    if (result == HGR_OK)
        result = hgr_grow(inspector->run, &inspector->types, &inspector->types_capacity,
                          inspector->ntypes + 1, HGR_CLR_MAX_TYPES, sizeof *inspector->types,
                          "types", status);
    if (result == HGR_OK)
        result = hgr_map_put(&inspector->type_index, method_table_addr, (uint32_t)inspector->ntypes,
                             status);
    if (result != HGR_OK)
        return result;
    inspector->types[inspector->ntypes++] = known;
    *out = &known->type;
    return HGR_OK;
}
