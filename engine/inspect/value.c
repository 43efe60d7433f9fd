/* inspect: values: of fields, elements, statics, objects.
 *
 * A value says where it lies and whether its bytes are there; nothing absent reads as zero. */
#include "inspector.h"

#include "../base/status.h"

static int64_t sign_extend(uint64_t bits, uint32_t bytes)
{
    uint32_t shift = 64 - 8 * bytes;
    return (int64_t)(bits << shift) >> shift;
}

/* bytes: 1, 2, 4 or 8. */
static bool read_bits(const hgr_inspector *inspector, uint64_t addr, hgr_element element,
                      uint32_t bytes, uint64_t *out)
{
    uint64_t bits = 0; /* the dump is little-endian, and so is this machine */
    if (!hgr_space_read(inspector->runtime->space, addr, &bits, bytes))
        return false;
    bool is_signed = element == HGR_IS_INT8 || element == HGR_IS_INT16 || element == HGR_IS_INT32 ||
                     element == HGR_IS_INTPTR;
    *out = is_signed && bytes < 8 ? (uint64_t)sign_extend(bits, bytes) : bits;
    return true;
}

hgr_value hgr_value_read(hgr_inspector *inspector, uint64_t addr, hgr_element element,
                         uint64_t type_mt, const char *type_name)
{
    hgr_value value = {
        .element = element,
        .addr = addr,
        .type_mt = type_mt,
        .type_name = type_name ? type_name : "?",
    };
    uint32_t bytes = hgr_element_bytes(inspector, element);
    if (addr == 0 || element == HGR_IS_UNKNOWN)
        return value;
    if (element == HGR_IS_STRUCT) /* its fields say for themselves */
        value.present = hgr_space_present(inspector->runtime->space, addr, 1) == 1;
    else
        value.present = read_bits(inspector, addr, element, bytes, &value.bits);
    return value;
}

hgr_value hgr_value_of_object(const hgr_object *object)
{
    return (hgr_value){
        .element = HGR_IS_REFERENCE,
        .present = true,
        .bits = object->addr,
        .type_mt = object->type->method_table_addr,
        .type_name = object->type->name,
    };
}

hgr_value hgr_value_at(hgr_inspector *inspector, uint64_t addr, const hgr_type *type)
{
    return hgr_value_read(inspector, addr, type->element, type->method_table_addr, type->name);
}

hgr_value hgr_value_field(hgr_inspector *inspector, const hgr_value *owner, const hgr_field *field)
{
    uint64_t base = 0;
    if (owner->present && owner->element == HGR_IS_REFERENCE)
        base = owner->bits;
    else if (owner->present && owner->addr > hgr_inspector_word(inspector))
        base = owner->addr - hgr_inspector_word(inspector); /* as if it were boxed */
    return hgr_value_read(inspector, base ? base + field->offset : 0, field->element,
                          field->type_mt, field->type_name);
}

const hgr_type *hgr_value_type(hgr_inspector *inspector, const hgr_value *value)
{
    const hgr_type *type = NULL;
    hgr_object object;
    if (!value->present)
        return NULL;
    if (value->element == HGR_IS_REFERENCE)
        return value->bits != 0 &&
                       hgr_inspect_object(inspector, value->bits, &object, NULL) == HGR_OK
                   ? object.type
                   : NULL;
    return value->type_mt != 0 && hgr_inspect_type(inspector, value->type_mt, &type, NULL) == HGR_OK
               ? type
               : NULL;
}

/* A field behind a property goes by the property's name. */
static void offer_field(hgr_inspector *inspector, hgr_nearest *nearest, const char *name)
{
    const char *end = name[0] == '<' ? strstr(name, ">k__BackingField") : NULL;
    const char *property =
        end ? hgr_arena_text(&inspector->arena, name + 1, (size_t)(end - name - 1), NULL) : NULL;
    hgr_nearest_offer(nearest, property ? property : name);
}

hgr_result hgr_no_such_field(hgr_inspector *inspector, const hgr_type *type, const char *name,
                             bool is_static, hgr_status *status)
{
    const hgr_field *fields = NULL;
    size_t count = 0;
    hgr_nearest nearest;
    if (!status) /* nobody reads it */
        return HGR_NOT_FOUND;
    hgr_result result = hgr_type_fields(inspector, type, &fields, &count, status);
    if (result != HGR_OK)
        return result;
    hgr_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++)
        if (fields[i].is_static == is_static)
            offer_field(inspector, &nearest, fields[i].name);
    return hgr_fail(status, HGR_NOT_FOUND, "%.100s has no %sfield '%.50s'%s%.50s%s", type->name,
                    is_static ? "static " : "", name, nearest.found ? "; nearest: '" : "",
                    nearest.found ? nearest.found : "", nearest.found ? "'" : "");
}

hgr_result hgr_value_member(hgr_inspector *inspector, const hgr_value *owner, const char *name,
                            hgr_value *out, hgr_status *status)
{
    hgr_object object;
    const hgr_type *type = NULL;
    hgr_result result;
    if (!owner->present)
        return hgr_fail_addr(status, HGR_NOT_FOUND, owner->addr, "its bytes are not in the dump");
    if (owner->element == HGR_IS_REFERENCE) {
        if (owner->bits == 0)
            return hgr_fail(status, HGR_NOT_FOUND, "it is null");
        result = hgr_inspect_object(inspector, owner->bits, &object, status);
        type = object.type;
    } else {
        result = owner->type_mt ? hgr_inspect_type(inspector, owner->type_mt, &type, status)
                                : hgr_fail(status, HGR_NOT_FOUND,
                                           "the fields of %.100s are not known", owner->type_name);
    }
    if (result != HGR_OK)
        return result;
    const hgr_field *field = hgr_type_field(inspector, type, name);
    if (!field)
        return hgr_no_such_field(inspector, type, name, false, status);
    *out = hgr_value_field(inspector, owner, field);
    return HGR_OK;
}

hgr_value hgr_array_element(hgr_inspector *inspector, const hgr_object *array, uint64_t index)
{
    const hgr_type *type = array->type, *component = NULL;
    uint32_t word = hgr_inspector_word(inspector);
    const char *name = "?";
    uint64_t addr = 0;
    if (type->component_addr != 0 &&
        hgr_inspect_type(inspector, type->component_addr, &component, NULL) == HGR_OK)
        name = component->name;
    if (index < array->length && type->component_size != 0 && type->base_size >= 3 * word &&
        type->kind == HGR_TYPE_ARRAY) /* elements begin where an empty array ends */
        addr = array->addr + type->base_size - word + index * type->component_size;
    return hgr_value_read(inspector, addr, type->component, type->component_addr, name);
}

double hgr_value_double(const hgr_value *value)
{
    if (value->element == HGR_IS_FLOAT32) {
        uint32_t bits = (uint32_t)value->bits; /* was read from 4 bytes */
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        return (double)narrow;
    }
    double wide;
    memcpy(&wide, &value->bits, sizeof wide);
    return wide;
}
