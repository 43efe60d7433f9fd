/* clr: FieldDesc lists.
 *
 * A FieldDesc is {method table; u32 row and kind bits; u32 offset and element}. The list holds what
 * the type adds to its parent: instance fields first, then statics. Instances of generic types
 * share the list of their canonical class. */
#include "field_desc.h"

enum {
    STATIC_BIT = 1 << 24,
    THREAD_STATIC_BIT = 1 << 25,
    RVA_BIT = 1 << 26,
    FULL_ROW_BIT = 1 << 30
};

/* The Field row. Until 2.2 native images keep a hash of the name above its low 17 bits, unless it
 * needs them all. */
static uint32_t row_of(const hgr_runtime *runtime, uint32_t word)
{
    bool hashed = runtime->layout.major <= 2 && !(word & FULL_ROW_BIT);
    return word & (hashed ? 0x1ffff : 0xffffff);
}

static uint32_t desc_bytes(const hgr_runtime *runtime)
{
    return runtime->space->pointer_size + 8;
}

/* Instance fields of the parent, which the class counts as its own too. */
static bool inherited_fields(const hgr_runtime *runtime, const hgr_method_table *mt, uint32_t *out)
{
    hgr_method_table parent;
    hgr_class_counts counts;
    *out = 0;
    if (mt->parent_addr == 0)
        return true;
    if (!hgr_method_table_read(runtime, mt->parent_addr, &parent) ||
        !hgr_class_counts_read(runtime, hgr_method_table_class(runtime, &parent), &counts))
        return false;
    *out = counts.instance_fields;
    return true;
}

bool hgr_field_list_read(const hgr_runtime *runtime, const hgr_method_table *mt,
                         hgr_field_list *out)
{
    *out = (hgr_field_list){0};
    uint64_t class_addr = hgr_method_table_class(runtime, mt);
    uint32_t inherited;
    hgr_field_list list = {0};
    if (hgr_method_table_is_array(mt) || class_addr == 0 ||
        !hgr_class_counts_read(runtime, class_addr, &list.counts) ||
        !inherited_fields(runtime, mt, &inherited) || inherited > list.counts.instance_fields)
        return false;
    list.count = list.counts.instance_fields - inherited + list.counts.static_fields;
    if (list.count > 0 &&
        !hgr_clr_list_link(runtime, class_addr + runtime->layout.class_fields, &list.addr))
        return false;
    *out = list;
    return true;
}

bool hgr_field_desc_read(const hgr_runtime *runtime, const hgr_field_list *list, uint32_t index,
                         hgr_field_desc *out)
{
    uint64_t addr = list->addr + (uint64_t)index * desc_bytes(runtime);
    uint32_t words[2];
    uint64_t class_mt;
    if (!hgr_clr_list_link(runtime, addr, &class_mt) ||
        !hgr_space_read(runtime->space, addr + runtime->space->pointer_size, words, sizeof words))
        return false;
    *out = (hgr_field_desc){
        .class_mt = class_mt,
        .rid = row_of(runtime, words[0]),
        .offset = words[1] & 0x7ffffff,
        .element = (uint8_t)(words[1] >> 27),
        .is_static = (words[0] & STATIC_BIT) != 0,
        .is_thread_static = (words[0] & THREAD_STATIC_BIT) != 0,
        .is_rva = (words[0] & RVA_BIT) != 0,
    };
    return true;
}
