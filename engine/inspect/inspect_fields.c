/* inspect: all fields of a type, with those of its base classes, and a field by its name.
 *
 * Input: a type. Output: hgr_field per FieldDesc of the chain of parents, the root's first. Types
 * of fields are named from their signatures: they need not be loaded. */
#include "inspector.h"

#include <stdio.h>
#include <xxhash.h>

#include "../base/status.h"
#include "../clr/method_table.h"

#define MAX_PARENTS    256u       /* as in clr_types.c */
#define MAX_REMEMBERED (1u << 20) /* (type, name) pairs */
#define NOT_THERE      (UINT32_MAX - 1)
#define NAME_BYTES     1024u /* of a property's name; ECMA-335 allows 1023 */

static const char *name_field_type(hgr_inspector *inspector, uint64_t class_mt,
                                   const hgr_clr_field *from, hgr_status *status)
{
    hgr_text *text = &inspector->text;
    hgr_text_clear(text);
    if (!hgr_clr_field_type_name(inspector->names, class_mt, from, text) && !text->failed) {
        if (from->type_mt)
            hgr_clr_type_name(inspector->names, from->type_mt, text);
        else
            hgr_text_add_z(text, "?");
    }
    if (text->failed) {
        hgr_fail(status, HGR_NO_MEMORY, "type name of a field: out of memory");
        return NULL;
    }
    return hgr_arena_text(&inspector->arena, hgr_text_get(text), text->len, status);
}

/* Bytes of a structure, from its method table; 0 when that is not known. */
static uint32_t structure_bytes(const hgr_inspector *inspector, uint64_t type_mt)
{
    hgr_method_table mt;
    return type_mt != 0 && hgr_method_table_read(inspector->runtime, type_mt, &mt)
               ? hgr_method_table_value_bytes(inspector->runtime, &mt)
               : 0;
}

static hgr_result convert(hgr_inspector *inspector, uint64_t class_mt, const hgr_clr_field *from,
                          hgr_field *out, hgr_status *status)
{
    hgr_element element = (hgr_element)from->element_type;
    *out = (hgr_field){
        .name = from->name,
        .type_name = name_field_type(inspector, class_mt, from, status),
        .class_mt = class_mt,
        .type_mt = from->type_mt,
        .offset = from->offset,
        .bytes = element == HGR_IS_STRUCT ? structure_bytes(inspector, from->type_mt)
                                          : hgr_element_bytes(inspector, element),
        .attributes = hgr_clr_field_attributes(inspector->names, class_mt, from),
        .element = element,
        .is_static = from->is_static,
        .is_thread_static = from->is_thread_static,
        .is_rva = from->is_rva,
    };
    return out->type_name ? HGR_OK : HGR_NO_MEMORY;
}

/* Method tables from the type up to its root; 0 when the chain is broken or too long. */
static size_t chain_of(const hgr_inspector *inspector, uint64_t addr, uint64_t chain[MAX_PARENTS])
{
    size_t count = 0;
    hgr_method_table mt;
    while (addr != 0 && count < MAX_PARENTS) {
        if (!hgr_method_table_read(inspector->runtime, addr, &mt))
            return 0;
        chain[count++] = addr;
        addr = mt.parent_addr;
    }
    return addr == 0 ? count : 0;
}

/* A growing list of one type's fields. */
struct list {
    hgr_field *fields;
    size_t count, capacity;
};

static hgr_result add_own(hgr_inspector *inspector, uint64_t class_mt, bool statics,
                          struct list *list, hgr_status *status)
{
    const hgr_clr_field *own;
    size_t count;
    hgr_result result = hgr_clr_type_fields(inspector->names, class_mt, &own, &count, status);
    for (size_t i = 0; i < count && result == HGR_OK; i++) {
        if (own[i].is_static != statics)
            continue;
        result = hgr_grow(inspector->run, &list->fields, &list->capacity, list->count + 1,
                          2u * HGR_CLASS_MAX_FIELDS, sizeof *list->fields, "fields", status);
        if (result == HGR_OK)
            result = convert(inspector, class_mt, &own[i], &list->fields[list->count], status);
        if (result == HGR_OK)
            list->count++;
    }
    return result;
}

static hgr_result read_fields(hgr_inspector *inspector, hgr_known_type *known, hgr_status *status)
{
    uint64_t chain[MAX_PARENTS];
    struct list list = {0};
    hgr_result result = HGR_OK;
    size_t count = chain_of(inspector, known->type.method_table_addr, chain);
    for (size_t i = count; i-- > 0 && result == HGR_OK;)
        result = add_own(inspector, chain[i], false, &list, status);
    if (result == HGR_OK && count > 0)
        result = add_own(inspector, chain[0], true, &list, status);
    if (result == HGR_OK && list.count > 0) {
        known->fields =
            hgr_arena_alloc(&inspector->arena, list.count * sizeof *list.fields, status);
        if (known->fields)
            memcpy(known->fields, list.fields, list.count * sizeof *list.fields);
        else
            result = HGR_NO_MEMORY;
    }
    if (result == HGR_OK) {
        known->nfields = list.count;
        known->knows_fields = true;
    }
    hgr_free(list.fields);
    return result;
}

hgr_result hgr_type_fields(hgr_inspector *inspector, const hgr_type *type, const hgr_field **out,
                           size_t *out_count, hgr_status *status)
{
    hgr_known_type *known = hgr_known(type);
    if (!known->knows_fields) {
        hgr_result result = read_fields(inspector, known, status);
        if (result != HGR_OK)
            return result;
    }
    *out = known->fields;
    *out_count = known->nfields;
    return HGR_OK;
}

/* The last field of that very name: the most derived one. */
static const hgr_field *find_exact(const hgr_field *fields, size_t count, const char *name,
                                   bool statics)
{
    for (size_t i = count; i-- > 0;)
        if (fields[i].is_static == statics && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

/* A name, or a property's name: what the compiler or people call the field behind it. */
static const hgr_field *find_field(const hgr_field *fields, size_t count, const char *name,
                                   bool statics)
{
    static const char *const BEHIND[] = {"<%s>k__BackingField", "_%s", "m_%s", "%s", "s_%s",
                                         "<%s>i__Field"};
    char spelled[NAME_BYTES + 32], lowered[NAME_BYTES];
    const hgr_field *found = find_exact(fields, count, name, statics);
    size_t len = strnlen(name, NAME_BYTES);
    if (found || len == 0 || len >= NAME_BYTES)
        return found;
    memcpy(lowered, name, len + 1);
    if (lowered[0] >= 'A' && lowered[0] <= 'Z')
        lowered[0] = (char)(lowered[0] + ('a' - 'A'));
    for (size_t i = 0; !found && i < sizeof BEHIND / sizeof BEHIND[0]; i++) {
        const char *each[2] = {name, lowered};
        for (size_t k = 0; !found && k < 2; k++) {
            size_t before = (size_t)(strstr(BEHIND[i], "%s") - BEHIND[i]);
            snprintf(spelled, sizeof spelled, "%.*s%s%s", (int)before, BEHIND[i], each[k],
                     BEHIND[i] + before + 2);
            found = find_exact(fields, count, spelled, statics);
        }
    }
    return found;
}

/* A name is looked up once in each type; that it is not there is remembered too. */
const hgr_field *hgr_type_field(hgr_inspector *inspector, const hgr_type *type, const char *name)
{
    const hgr_field *fields, *found;
    size_t count;
    uint64_t key = XXH3_64bits_withSeed(name, strlen(name), type->method_table_addr) | 1;
    if (hgr_type_fields(inspector, type, &fields, &count, NULL) != HGR_OK)
        return NULL;
    uint32_t known = hgr_map_get(&inspector->field_index, key);
    if (known != HGR_MAP_NONE)
        return known < count ? &fields[known] : NULL;
    found = find_field(fields, count, name, false);
    if (inspector->field_index.count < MAX_REMEMBERED) /* out of memory: not remembered */
        (void)!hgr_map_put(&inspector->field_index, key,
                           found ? (uint32_t)(found - fields) : NOT_THERE, NULL);
    return found;
}

const hgr_field *hgr_type_static_field(hgr_inspector *inspector, const hgr_type *type,
                                       const char *name)
{
    for (uint32_t level = 0; type && level < MAX_PARENTS; level++) {
        const hgr_field *fields, *found;
        size_t count;
        if (hgr_type_fields(inspector, type, &fields, &count, NULL) != HGR_OK)
            return NULL;
        found = find_field(fields, count, name, true);
        if (found)
            return found;
        if (type->parent_addr == 0 ||
            hgr_inspect_type(inspector, type->parent_addr, &type, NULL) != HGR_OK)
            return NULL;
    }
    return NULL;
}
