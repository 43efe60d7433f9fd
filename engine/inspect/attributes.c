/* inspect: does a type have a custom attribute? ECMA-335 II.22.10. */
#include "inspector.h"

/* Is the constructor of an attribute (a CustomAttribute's type) that of the attribute of this name?
 */
static bool is_constructor_of(const hgr_metadata *metadata, uint32_t table, uint32_t row,
                              const char *attribute)
{
    const char *name;
    size_t len;
    uint32_t owner_table = HGR_TABLE_TYPE_DEF, owner = 0, first;
    if (table == HGR_TABLE_MEMBER_REF) {
        if (!hgr_metadata_coded(metadata, table, row, HGR_MEMBER_REF_CLASS, &owner_table, &owner) ||
            owner_table != HGR_TABLE_TYPE_REF)
            return false;
    } else { /* in the core library itself: the last TypeDef whose methods begin at or before it */
        for (uint32_t at = 1; table == HGR_TABLE_METHOD && at <= metadata->rows[owner_table]; at++)
            if (hgr_metadata_cell(metadata, owner_table, at, HGR_TYPE_DEF_METHODS, &first) &&
                first <= row)
                owner = at;
    }
    return hgr_metadata_string(metadata, owner_table, owner, HGR_TYPE_REF_NAME, &name, &len) &&
           strcmp(name, attribute) == 0;
}

/* CustomAttribute is sorted by parent. */
bool hgr_has_attribute(const hgr_metadata *metadata, uint32_t typedef_row, const char *attribute)
{
    uint32_t wanted = typedef_row << 5 | 3; /* II.24.2.6: tag 3 is TypeDef; rows have 24 bits */
    uint32_t low = 1, high = metadata->rows[HGR_TABLE_CUSTOM_ATTRIBUTE] + 1, parent;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (hgr_metadata_cell(metadata, HGR_TABLE_CUSTOM_ATTRIBUTE, middle,
                              HGR_CUSTOM_ATTRIBUTE_PARENT, &parent) &&
            parent < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    for (; hgr_metadata_cell(metadata, HGR_TABLE_CUSTOM_ATTRIBUTE, low, HGR_CUSTOM_ATTRIBUTE_PARENT,
                             &parent) &&
           parent == wanted;
         low++) {
        uint32_t table, row;
        if (hgr_metadata_coded(metadata, HGR_TABLE_CUSTOM_ATTRIBUTE, low, HGR_CUSTOM_ATTRIBUTE_TYPE,
                               &table, &row) &&
            is_constructor_of(metadata, table, row, attribute))
            return true;
    }
    return false;
}
