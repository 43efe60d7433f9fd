/* inspect: collections whose items lie side by side in an array. */
#include "../clr/method_table.h"
#include "collections.h"

#define MAX_CHUNKS                                                                                 \
    4096u /* of a StringBuilder that is read in order; each has 8,000 characters at most */

bool hgr_walk_array(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    (void)kind;
    if (hgr_inspect_object(walk->inspector, self->bits, &array, NULL) != HGR_OK)
        return false;
    walk->seen = walk->skip < array.length ? walk->skip : array.length;
    for (uint64_t i = walk->seen; i < array.length; i++) {
        hgr_value item = hgr_array_element(walk->inspector, &array, i);
        if (!hgr_give_item(walk, NULL, &item))
            break;
    }
    return true;
}

/* The only instance field of a structure, NULL when it has none or several. */
static const hgr_field *only_field(hgr_inspector *inspector, const hgr_type *type)
{
    const hgr_field *fields, *only = NULL;
    size_t count;
    if (hgr_type_fields(inspector, type, &fields, &count, NULL) != HGR_OK)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_static)
            continue;
        if (only)
            return NULL;
        only = &fields[i];
    }
    return only;
}

/* The compiler of C# calls the field of a fixed buffer FixedElementField; an inline array has an
 * attribute. Other structures with one field may be padded. */
static bool repeats(hgr_inspector *inspector, const hgr_type *type, const hgr_field *field)
{
    hgr_method_table mt;
    hgr_clr_module *module = NULL;
    if (strcmp(field->name, "FixedElementField") == 0)
        return true;
    return hgr_method_table_read(inspector->runtime, type->method_table_addr, &mt) &&
           hgr_clr_modules_get(&inspector->names->modules,
                               hgr_method_table_module(inspector->runtime, &mt), &module,
                               NULL) == HGR_OK &&
           module && module->has_metadata &&
           hgr_has_attribute(&module->metadata, mt.rid, "InlineArrayAttribute");
}

uint64_t hgr_inline_count(hgr_inspector *inspector, const hgr_type *type)
{
    const hgr_field *field = type ? only_field(inspector, type) : NULL;
    if (!field || field->bytes == 0 || field->bytes >= type->value_bytes ||
        !repeats(inspector, type, field))
        return 0;
    return type->value_bytes / field->bytes;
}

bool hgr_walk_inline(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    const hgr_type *type = hgr_value_type(walk->inspector, self);
    const hgr_field *field = type ? only_field(walk->inspector, type) : NULL;
    uint64_t count = hgr_inline_count(walk->inspector, type);
    (void)kind;
    if (!field)
        return false;
    hgr_value first = hgr_value_field(walk->inspector, self, field);
    for (uint64_t i = 0; i < count; i++) {
        hgr_value item = hgr_value_read(walk->inspector, first.addr + i * field->bytes,
                                        field->element, field->type_mt, field->type_name);
        if (!hgr_give_item(walk, NULL, &item))
            break;
    }
    return true;
}

/* fields: array, key and value of an element that is a pair, first index. */
bool hgr_walk_list(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    hgr_value behind;
    uint64_t first = 0, count = hgr_collection_count(walk->inspector, kind, self);
    hgr_picked key = {.names = kind->fields[1]}, value = {.names = kind->fields[2]};
    if (!hgr_pick_once(walk->inspector, kind->fields[0], self, &behind))
        return false;
    if (behind.bits == 0) /* none yet */
        return count == 0 || count == UINT64_MAX;
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array) ||
        (kind->fields[3] && !hgr_pick_count(walk->inspector, kind->fields[3], self, &first)))
        return false;
    bool whole = first <= array.length && count <= array.length - first;
    uint64_t end = whole ? first + count : array.length;
    walk->seen = walk->skip < end - first ? walk->skip : end - first; /* first <= end when whole */
    if (!whole)
        walk->seen = 0;
    for (uint64_t i = first + walk->seen; i < end; i++) {
        hgr_value item = hgr_array_element(walk->inspector, &array, i), left, right;
        bool is_pair = key.names && hgr_pick(walk->inspector, &key, &item, &left) &&
                       hgr_pick(walk->inspector, &value, &item, &right);
        if (!(is_pair ? hgr_give_item(walk, &left, &right) : hgr_give_item(walk, NULL, &item)))
            break;
    }
    return whole || count == UINT64_MAX;
}

/* fields: array. The last one in comes first. */
bool hgr_walk_stack(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    uint64_t count = hgr_collection_count(walk->inspector, kind, self);
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array) || count > array.length)
        return false;
    for (uint64_t i = count; i-- > 0;) {
        hgr_value item = hgr_array_element(walk->inspector, &array, i);
        if (!hgr_give_item(walk, NULL, &item))
            break;
    }
    return true;
}

/* fields: array, index of the first item; the ring goes on at the array's start. */
bool hgr_walk_ring(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    uint64_t head, count = hgr_collection_count(walk->inspector, kind, self);
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array) ||
        !hgr_pick_count(walk->inspector, kind->fields[1], self, &head) || count > array.length ||
        (head >= array.length && count > 0))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t left = array.length - head; /* head < array.length */
        hgr_value item = hgr_array_element(walk->inspector, &array, i < left ? head + i : i - left);
        if (!hgr_give_item(walk, NULL, &item))
            break;
    }
    return true;
}

/* fields: keys (or a hash table whose codes are the keys: then their name), values. */
bool hgr_walk_parallel(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_object keys, values = {0};
    hgr_value table;
    bool good = kind->fields[2] ? hgr_pick_once(inspector, kind->fields[0], self, &table) &&
                                      hgr_pick_array(inspector, kind->fields[2], &table, &keys)
                                : hgr_pick_array(inspector, kind->fields[0], self, &keys);
    if (!good || (kind->fields[1] && !hgr_pick_array(inspector, kind->fields[1], self, &values)))
        return false;
    uint64_t count = hgr_collection_count(inspector, kind, self);
    bool whole = count <= keys.length && (!kind->fields[1] || count <= values.length);
    uint64_t end = count == UINT64_MAX || !whole ? keys.length : count;
    for (uint64_t i = 0; i < end; i++) {
        hgr_value key = hgr_array_element(inspector, &keys, i);
        hgr_value value = kind->fields[1] ? hgr_array_element(inspector, &values, i) : key;
        if (!hgr_give_item(walk, kind->fields[1] ? &key : NULL, &value))
            break;
    }
    return whole || count == UINT64_MAX;
}

/* fields: array of int or byte, the lowest bit first. */
bool hgr_walk_bits(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    uint64_t count = hgr_collection_count(walk->inspector, kind, self);
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array) ||
        (array.type->component != HGR_IS_INT32 && array.type->component != HGR_IS_UINT8))
        return false;
    uint32_t width = 8 * array.type->component_size;
    if (count > array.length * width)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        hgr_value bit = hgr_array_element(walk->inspector, &array, i / width);
        bit.element = HGR_IS_BOOLEAN;
        bit.bits = bit.bits >> (i % width) & 1;
        bit.type_name = "System.Boolean";
        bit.type_mt = 0;
        if (!hgr_give_item(walk, NULL, &bit))
            break;
    }
    return true;
}

/* fields: characters, the chunk before, how many are used, how many stand before. Chunks are linked
 * from the last to the first. */
bool hgr_walk_text(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_value *chunks = NULL, at = *self;
    size_t count = 0, capacity = 0;
    bool good = true;
    for (; good && at.bits != 0; count++) {
        good = count < MAX_CHUNKS && hgr_step(walk) &&
               hgr_grow(inspector->run, &chunks, &capacity, count + 1, MAX_CHUNKS, sizeof *chunks,
                        "chunks", NULL) == HGR_OK;
        if (!good)
            break;
        chunks[count] = at;
        good = hgr_pick_once(inspector, kind->fields[1], &chunks[count], &at);
    }
    for (size_t i = count; i-- > 0 && good && !walk->ended;) {
        hgr_object array;
        uint64_t used;
        good = hgr_pick_array(inspector, kind->fields[0], &chunks[i], &array) &&
               hgr_pick_count(inspector, kind->fields[2], &chunks[i], &used) &&
               used <= array.length;
        for (uint64_t k = 0; good && k < used; k++) {
            hgr_value letter = hgr_array_element(inspector, &array, k);
            if (!hgr_give_item(walk, NULL, &letter))
                break;
        }
    }
    hgr_free(chunks);
    return good;
}

/* fields: the collection inside; where there are two, the first that is there. */
bool hgr_walk_wrapped(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_value inner;
    for (size_t i = 0; i < 2 && kind->fields[i]; i++) {
        if (!hgr_pick_once(walk->inspector, kind->fields[i], self, &inner))
            return false;
        if (inner.bits != 0)
            return hgr_walk_inner(walk, &inner);
    }
    return true; /* empty: nothing was made yet */
}
