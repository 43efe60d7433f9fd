/* inspect: names of enum values.
 *
 * Input: an enum. Output: its literal fields with the values of their Constant rows (ECMA-335
 * II.22.9); a value as text: its name, or for flags the names that add up to it. */
#include "inspector.h"

#include <stdio.h>

#include "../base/status.h"
#include "../clr/method_table.h"

#define LITERAL 0x40u /* II.23.1.5 */

/* The value of a Constant row, sign-extended where its type is signed; false when it is no integer.
 */
static bool read_constant(const hgr_metadata *metadata, uint32_t row, uint64_t *out)
{
    hgr_cursor blob;
    uint32_t type;
    uint8_t bytes[8] = {0};
    const uint8_t *taken;
    static const uint8_t SIZE[14] = {[2] = 1, 2, 1, 1, 2, 2, 4, 4, 8, 8};
    if (!hgr_metadata_cell(metadata, HGR_TABLE_CONSTANT, row, HGR_CONSTANT_TYPE, &type) ||
        !hgr_metadata_blob(metadata, HGR_TABLE_CONSTANT, row, HGR_CONSTANT_VALUE, &blob))
        return false;
    type &= 0xff; /* the high byte is padding */
    if (type >= sizeof SIZE || SIZE[type] == 0 || !hgr_cursor_take(&blob, SIZE[type], &taken))
        return false;
    memcpy(bytes, taken, SIZE[type]);
    bool is_signed = type == HGR_IS_INT8 || type == HGR_IS_INT16 || type == HGR_IS_INT32;
    if (is_signed && (bytes[SIZE[type] - 1] & 0x80))
        memset(bytes + SIZE[type], 0xff, sizeof bytes - SIZE[type]);
    memcpy(out, bytes, sizeof *out);
    return true;
}

/* Field rows of a TypeDef: [*first, *end). */
static bool field_rows(const hgr_metadata *metadata, uint32_t typedef_row, uint32_t *first,
                       uint32_t *end)
{
    uint32_t fields = metadata->rows[HGR_TABLE_FIELD];
    if (!hgr_metadata_cell(metadata, HGR_TABLE_TYPE_DEF, typedef_row, HGR_TYPE_DEF_FIELDS, first))
        return false;
    if (!hgr_metadata_cell(metadata, HGR_TABLE_TYPE_DEF, typedef_row + 1, HGR_TYPE_DEF_FIELDS, end))
        *end = fields + 1; /* the last type */
    return *first > 0 && *first <= *end && *end <= fields + 1;
}

/* The first row of Constant, which is sorted by parent, whose Field is at least `field`. */
static uint32_t first_constant(const hgr_metadata *metadata, uint32_t field)
{
    uint32_t low = 1, high = metadata->rows[HGR_TABLE_CONSTANT] + 1;
    uint64_t wanted = (uint64_t)field << 2; /* II.24.2.6: tag 0 of HasConstant is Field */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, parent;
        if (hgr_metadata_cell(metadata, HGR_TABLE_CONSTANT, middle, HGR_CONSTANT_PARENT, &parent) &&
            parent < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static hgr_result read_members(hgr_inspector *inspector, const hgr_metadata *metadata,
                               uint32_t first, uint32_t end, hgr_known_type *known,
                               hgr_status *status)
{
    known->members =
        hgr_arena_alloc(&inspector->arena, (end - first) * sizeof *known->members, status);
    if (!known->members)
        return HGR_NO_MEMORY;
    for (uint32_t row = first_constant(metadata, first); known->nmembers < end - first; row++) {
        uint32_t table, field, flags;
        size_t len;
        hgr_enum_member member;
        if (!hgr_metadata_coded(metadata, HGR_TABLE_CONSTANT, row, HGR_CONSTANT_PARENT, &table,
                                &field) ||
            (table == HGR_TABLE_FIELD && field >= end))
            break;
        if (table == HGR_TABLE_FIELD && field >= first &&
            hgr_metadata_cell(metadata, HGR_TABLE_FIELD, field, HGR_FIELD_FLAGS, &flags) &&
            (flags & LITERAL) &&
            hgr_metadata_string(metadata, HGR_TABLE_FIELD, field, HGR_FIELD_NAME, &member.name,
                                &len) &&
            read_constant(metadata, row, &member.bits))
            known->members[known->nmembers++] = member;
    }
    return HGR_OK;
}

hgr_result hgr_enum_members(hgr_inspector *inspector, const hgr_type *type,
                            const hgr_enum_member **out, size_t *out_count, hgr_status *status)
{
    hgr_known_type *known = hgr_known(type);
    hgr_method_table mt;
    hgr_clr_module *module = NULL;
    uint32_t first, end;
    hgr_result result = HGR_OK;
    if (!known->knows_members && type->kind == HGR_TYPE_ENUM &&
        hgr_method_table_read(inspector->runtime, type->method_table_addr, &mt)) {
        result =
            hgr_clr_modules_get(&inspector->names->modules,
                                hgr_method_table_module(inspector->runtime, &mt), &module, status);
        if (result == HGR_OK && module && module->has_metadata &&
            field_rows(&module->metadata, mt.rid, &first, &end) && end > first)
            result = read_members(inspector, &module->metadata, first, end, known, status);
        if (result == HGR_OK && known->nmembers > 0)
            known->has_flags = hgr_has_attribute(&module->metadata, mt.rid, "FlagsAttribute");
        if (result != HGR_OK)
            return result;
    }
    known->knows_members = true;
    *out = known->members;
    *out_count = known->nmembers;
    return HGR_OK;
}

static bool is_signed(hgr_element element)
{
    return element == HGR_IS_INT8 || element == HGR_IS_INT16 || element == HGR_IS_INT32 ||
           element == HGR_IS_INT64;
}

/* Flags: the largest members that fit, one after the other, as System.Enum does; written from the
 * smallest up. false when something is left. */
static bool add_flags(const hgr_enum_member *members, size_t count, uint64_t bits, hgr_text *out)
{
    const hgr_enum_member *taken[64];
    size_t ntaken = 0;
    uint64_t left = bits;
    while (left != 0 && ntaken < 64) { /* each takes a bit at least */
        const hgr_enum_member *best = NULL;
        for (size_t i = 0; i < count; i++)
            if (members[i].bits != 0 && (members[i].bits & left) == members[i].bits &&
                (!best || members[i].bits > best->bits))
                best = &members[i];
        if (!best)
            return false;
        taken[ntaken++] = best;
        left &= ~best->bits;
    }
    for (size_t i = ntaken; i-- > 0;) {
        hgr_text_add_z(out, taken[i]->name);
        if (i > 0)
            hgr_text_add(out, ", ", 2);
    }
    return true;
}

static void add_value(const hgr_enum_member *members, size_t count, const hgr_type *type,
                      uint64_t bits, hgr_text *out)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].bits == bits) {
            hgr_text_add_z(out, members[i].name);
            return;
        }
    if (bits != 0 && hgr_known(type)->has_flags && add_flags(members, count, bits, out))
        return;
    if (is_signed(type->element))
        hgr_text_format(out, "%lld", (long long)bits);
    else
        hgr_text_format(out, "%llu", (unsigned long long)bits);
}

size_t hgr_enum_text(hgr_inspector *inspector, const hgr_type *type, uint64_t bits, char *buffer,
                     size_t size)
{
    const hgr_enum_member *members = NULL;
    size_t count = 0;
    if (hgr_enum_members(inspector, type, &members, &count, NULL) != HGR_OK)
        count = 0;
    hgr_text_clear(&inspector->text);
    add_value(members, count, type, bits, &inspector->text);
    int needed = snprintf(buffer, size, "%s", hgr_text_get(&inspector->text));
    return needed < 0 ? 0 : (size_t)needed;
}
