/* clr: an offset inside an object -> the path of the slot there: "_items", "_entry.next",
 * "[17].Key".
 *
 * Input: a method table, an offset. Method: among the instance fields of the type and its bases,
 * the last one that begins at or before the offset and can hold a reference; inside a structure,
 * the same again. An array's element first gives its index, per dimension. An inline array (a
 * structure with one field, bigger than the field) gives an index too. */
#include "clr_names.h"

#define MAX_LEVELS  16u  /* structures inside structures */
#define MAX_PARENTS 256u /* as in clr_types.c */
#define MAX_RANK    32u

/* A field that covers a place, how far in that place lies, and whether it is its structure's only
 * field. */
typedef struct covering {
    const hgr_clr_field *field;
    uint64_t rest;
    bool is_only;
} covering;

/* offset counts from the object's start, as hgr_clr_field.offset does. */
static bool find_covering(hgr_clr_names *names, uint64_t mt_addr, uint64_t offset, covering *out)
{
    hgr_method_table mt;
    size_t instance_fields = 0;
    *out = (covering){0};
    for (uint32_t level = 0; level < MAX_PARENTS && mt_addr != 0; level++) {
        const hgr_clr_field *fields;
        size_t count;
        if (!hgr_method_table_read(names->runtime, mt_addr, &mt) ||
            hgr_clr_type_fields(names, mt_addr, &fields, &count, NULL) != HGR_OK)
            return false;
        for (size_t i = 0; i < count; i++) {
            const hgr_clr_field *field = &fields[i];
            if (field->is_static)
                continue;
            instance_fields++;
            bool holds_references = field->element_type == HGR_ELEMENT_CLASS ||
                                    field->element_type == HGR_ELEMENT_VALUE_TYPE;
            if (holds_references && field->offset <= offset &&
                (!out->field || field->offset > out->field->offset))
                out->field = field;
        }
        mt_addr = mt.parent_addr;
    }
    if (!out->field)
        return false;
    out->rest = offset - out->field->offset;
    out->is_only = instance_fields == 1;
    return true;
}

/* Bytes of a structure of this type without a box; 0 when unknown. */
static uint64_t structure_bytes(const hgr_runtime *runtime, uint64_t mt_addr)
{
    hgr_method_table mt;
    if (mt_addr == 0 || !hgr_method_table_read(runtime, mt_addr, &mt) ||
        !hgr_method_table_is_value_type(&mt))
        return 0;
    return hgr_method_table_value_bytes(runtime, &mt);
}

/* Step into the field; false: the slot lies right here (or nothing more is known). */
static bool descend(hgr_clr_names *names, const covering *at, uint64_t *mt_addr, uint64_t *offset,
                    hgr_text *out)
{
    uint32_t word = names->runtime->space->pointer_size;
    bool is_structure = at->field->element_type == HGR_ELEMENT_VALUE_TYPE;
    uint64_t bytes = is_structure ? structure_bytes(names->runtime, at->field->type_mt) : word;
    uint64_t rest = at->rest;
    if (bytes == 0)
        return false;
    if (at->is_only && rest >= bytes) { /* an inline array repeats its only field */
        hgr_text_format(out, "[%llu]", (unsigned long long)(rest / bytes));
        rest %= bytes;
    }
    *mt_addr = at->field->type_mt;
    *offset = rest + word; /* as if it were boxed */
    return is_structure;
}

static bool append_fields(hgr_clr_names *names, uint64_t mt_addr, uint64_t offset, bool dotted,
                          hgr_text *out)
{
    for (uint32_t level = 0; level < MAX_LEVELS; level++) {
        covering at;
        if (!find_covering(names, mt_addr, offset, &at))
            return level > 0;
        if (dotted)
            hgr_text_add(out, ".", 1);
        hgr_text_add_z(out, at.field->name);
        dotted = true;
        if (!descend(names, &at, &mt_addr, &offset, out))
            break;
    }
    return true;
}

/* [i,j,k] from the position in row order; lengths and lower bounds lie in the object. */
static bool append_indices(const hgr_runtime *runtime, uint64_t object_addr, uint32_t rank,
                           uint64_t position, hgr_text *out)
{
    const hgr_space *space = runtime->space;
    uint32_t lengths[MAX_RANK];
    int32_t bounds[MAX_RANK];
    uint64_t at = object_addr + 2 * space->pointer_size, index[MAX_RANK];
    if (rank > MAX_RANK || !hgr_space_read(space, at, lengths, rank * sizeof lengths[0]) ||
        !hgr_space_read(space, at + rank * sizeof lengths[0], bounds, rank * sizeof bounds[0]))
        return false;
    for (uint32_t i = rank; i-- > 0;) {
        if (lengths[i] == 0)
            return false;
        index[i] = position % lengths[i];
        position /= lengths[i];
    }
    if (position != 0)
        return false;
    for (uint32_t i = 0; i < rank; i++)
        hgr_text_format(out, "%s%lld", i ? "," : "[", (long long)index[i] + bounds[i]);
    hgr_text_add(out, "]", 1);
    return true;
}

static bool append_element(hgr_clr_names *names, const hgr_method_table *mt, uint64_t object_addr,
                           uint64_t offset, hgr_text *out)
{
    const hgr_runtime *runtime = names->runtime;
    uint32_t word = runtime->space->pointer_size;
    uint32_t rank = hgr_method_table_rank(runtime, mt);
    uint64_t first = mt->base_size - word; /* elements begin where an empty array ends */
    if (mt->base_size < 3 * word || mt->component_size == 0 || rank == 0 || offset < first)
        return false;
    uint64_t position = (offset - first) / mt->component_size;
    uint64_t rest = (offset - first) % mt->component_size;
    if (mt->flags & HGR_MT_VECTOR)
        hgr_text_format(out, "[%llu]", (unsigned long long)position);
    else if (!append_indices(runtime, object_addr, rank, position, out))
        return false;
    hgr_method_table element;
    if ((mt->per_inst_info & 3) == 0 &&
        hgr_method_table_read(runtime, mt->per_inst_info, &element) &&
        hgr_method_table_is_value_type(&element))
        append_fields(names, element.addr, rest + word, true, out);
    return true;
}

bool hgr_clr_slot_name(hgr_clr_names *names, uint64_t method_table_addr, uint64_t object_addr,
                       uint64_t offset, hgr_text *out)
{
    hgr_method_table mt;
    size_t before = out->len;
    if (!hgr_method_table_read(names->runtime, method_table_addr, &mt))
        return false;
    bool named = hgr_method_table_is_array(&mt)
                     ? append_element(names, &mt, object_addr, offset, out)
                     : append_fields(names, method_table_addr, offset, false, out);
    return named && out->len > before && !out->failed;
}
