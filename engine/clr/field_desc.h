/* clr: the FieldDesc list of one class: what a type itself declares, instance and static. */
#ifndef HGR_CLR_FIELD_DESC_H
#define HGR_CLR_FIELD_DESC_H

#include "method_table.h"

typedef struct hgr_field_desc {
    uint64_t class_mt; /* enclosing method table, always a canonical one */
    uint32_t rid;      /* row of Field in the module of the type's definition */
    uint32_t offset;   /* instance: from the first field; static: within its base */
    uint8_t element;   /* ELEMENT_TYPE: every reference is CLASS, every structure VALUE_TYPE */
    bool is_static, is_thread_static, is_rva;
} hgr_field_desc;

typedef struct hgr_field_list {
    uint64_t addr;
    uint32_t count;          /* own instance fields, then statics */
    hgr_class_counts counts; /* of the class: static_fields = 0 is the quick way out */
} hgr_field_list;

/** The own fields of a type that is no array; false when unreadable or its counts contradict its
 * parent's. */
bool hgr_field_list_read(const hgr_runtime *runtime, const hgr_method_table *mt,
                         hgr_field_list *out);
/** The index-th of a list (not checked against its count). */
bool hgr_field_desc_read(const hgr_runtime *runtime, const hgr_field_list *list, uint32_t index,
                         hgr_field_desc *out);

#endif
