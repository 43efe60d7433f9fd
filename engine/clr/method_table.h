/* clr: one MethodTable and its EEClass, read out of the dump. Words only; what they mean per
 * version comes from hgr_clr_layout.
 *
 * Everything here is a plain value; nothing is cached, nothing is checked beyond "the bytes are
 * there". Whether an address is a method table at all is decided in clr_types.c. */
#ifndef HGR_CLR_METHOD_TABLE_H
#define HGR_CLR_METHOD_TABLE_H

#include "clr.h"

/* MethodTable.flags, the same in every runtime read here. */
#define HGR_MT_HAS_COMPONENT_SIZE 0x80000000u /* then the low 16 bits are the component size */
#define HGR_MT_CONTAINS_POINTERS  0x01000000u
#define HGR_MT_HAS_FINALIZER      0x00100000u
#define HGR_MT_CATEGORY           0x000f0000u
#define HGR_MT_ARRAY_MASK         0x000c0000u
#define HGR_MT_ARRAY              0x00080000u
#define HGR_MT_VECTOR             0x00020000u /* with HGR_MT_ARRAY: one dimension, from index 0 */
#define HGR_MT_INTERFACE          0x000c0000u /* under HGR_MT_CATEGORY */
#define HGR_MT_VALUE_TYPE         0x00040000u /* under HGR_MT_ARRAY_MASK */
#define HGR_MT_GENERICS           0x00000030u /* void when HGR_MT_HAS_COMPONENT_SIZE */
#define HGR_MT_GENERIC_OPEN       0x00000030u
#define HGR_MT_GENERIC_STATICS                                                                     \
    0x00000004u /* 8 and before: statics live in the dynamic class table */
#define HGR_MT_STATICS_MASK    0x00000006u /* 8 and before */
#define HGR_MT_DYNAMIC_CLASS   0x00000002u /* under it: a plain type of the dynamic class table */
#define HGR_MT_DYNAMIC_STATICS 0x2u        /* flags2, 9 and later: DynamicStaticsInfo is there */
#define HGR_MT_MODULE_OVERRIDE 0x10u       /* flags2, 8 and before */
#define HGR_MT_SLOT_BITS       0x1fu /* flags2, 8 and before: which optional slots there are */

/* ELEMENT_TYPE values (ECMA-335 II.23.1.16) that this stage tells apart. */
enum {
    HGR_ELEMENT_VOID = 0x01,
    HGR_ELEMENT_STRING = 0x0e,
    HGR_ELEMENT_POINTER = 0x0f,
    HGR_ELEMENT_BYREF = 0x10,
    HGR_ELEMENT_VALUE_TYPE = 0x11,
    HGR_ELEMENT_CLASS = 0x12,
    HGR_ELEMENT_VAR = 0x13,
    HGR_ELEMENT_ARRAY = 0x14,
    HGR_ELEMENT_GENERIC_INSTANCE = 0x15,
    HGR_ELEMENT_TYPED_BYREF = 0x16,
    HGR_ELEMENT_INT_PTR = 0x18,
    HGR_ELEMENT_UINT_PTR = 0x19,
    HGR_ELEMENT_FUNCTION = 0x1b,
    HGR_ELEMENT_OBJECT = 0x1c,
    HGR_ELEMENT_VECTOR = 0x1d,
    HGR_ELEMENT_METHOD_VAR = 0x1e,
    HGR_ELEMENT_MODIFIER_REQUIRED = 0x1f,
    HGR_ELEMENT_MODIFIER_OPTIONAL = 0x20,
    HGR_ELEMENT_INTERNAL = 0x21, /* a type handle: in signatures made at run time */
    HGR_ELEMENT_SENTINEL = 0x41,
    HGR_ELEMENT_PINNED = 0x45
};

typedef struct hgr_method_table {
    uint64_t addr;
    uint32_t flags, base_size, flags2;
    uint32_t component_size; /* 0 = instances of one size */
    uint32_t rid;            /* TypeDef row, 0 = none (arrays) or too big for the field */
    uint32_t num_virtuals;
    uint64_t parent_addr;
    uint64_t module_word; /* the Module at mt_module: see hgr_method_table_module */
    uint64_t auxiliary_addr;
    uint64_t class_word;    /* EEClass, or a tagged canonical method table */
    uint64_t per_inst_info; /* dictionaries, or an array's element type handle */
} hgr_method_table;

/** A pointer of the runtime's own type structures: 2.1 stores some relative to their own place, so that an
 * image needs no fix-up. false when its bytes are absent. */
bool hgr_clr_link(const hgr_runtime *runtime, uint64_t addr, uint64_t *out);
/** The same for a value that was read at addr; 0 stays 0. */
uint64_t hgr_clr_link_value(const hgr_runtime *runtime, uint64_t addr, uint64_t value);
/** The same for links of FieldDesc lists, type maps and module overrides, which 2.0 has relative too. */
bool hgr_clr_list_link(const hgr_runtime *runtime, uint64_t addr, uint64_t *out);
uint64_t hgr_clr_list_link_value(const hgr_runtime *runtime, uint64_t addr, uint64_t value);

/** false when any of its bytes is absent or addr is 0 or not aligned to a pointer. */
bool hgr_method_table_read(const hgr_runtime *runtime, uint64_t addr, hgr_method_table *out);

static inline bool hgr_method_table_is_array(const hgr_method_table *mt)
{
    return (mt->flags & HGR_MT_ARRAY_MASK) == HGR_MT_ARRAY;
}

static inline bool hgr_method_table_is_value_type(const hgr_method_table *mt)
{
    return (mt->flags & HGR_MT_ARRAY_MASK) == HGR_MT_VALUE_TYPE;
}

/** 0 none, 0x10 instance, 0x20 shared by several instances, HGR_MT_GENERIC_OPEN. */
static inline uint32_t hgr_method_table_generics(const hgr_method_table *mt)
{
    return mt->flags & HGR_MT_HAS_COMPONENT_SIZE ? 0 : mt->flags & HGR_MT_GENERICS;
}

/** 8 and before: a plain type whose statics lie in the dynamic class table. */
static inline bool hgr_method_table_is_dynamic_class(const hgr_method_table *mt)
{
    return !(mt->flags & HGR_MT_HAS_COMPONENT_SIZE) &&
           (mt->flags & HGR_MT_STATICS_MASK) == HGR_MT_DYNAMIC_CLASS;
}

/** Number of dimensions; 0 when the base size fits no array. */
uint32_t hgr_method_table_rank(const hgr_runtime *runtime, const hgr_method_table *mt);

/** The canonical method table: mt itself, or the one its class word names; 0 when unreadable. */
uint64_t hgr_method_table_canonical(const hgr_runtime *runtime, const hgr_method_table *mt);
/** Its EEClass, through the canonical method table when it has none of its own; 0 when unreadable.
 */
uint64_t hgr_method_table_class(const hgr_runtime *runtime, const hgr_method_table *mt);
/** The Module of the type's definition (where `rid` counts); 0 when unreadable. */
uint64_t hgr_method_table_module(const hgr_runtime *runtime, const hgr_method_table *mt);
/** The Module in whose loader allocator the type lives; 0 when unreadable. */
uint64_t hgr_method_table_loader_module(const hgr_runtime *runtime, const hgr_method_table *mt);
/** Generic arguments: the address of out_count type handles, 0 when there are none. */
uint64_t hgr_method_table_arguments(const hgr_runtime *runtime, const hgr_method_table *mt,
                                    uint32_t *out_count);

/** Bytes of a structure in a field or element, without its box. */
uint32_t hgr_method_table_value_bytes(const hgr_runtime *runtime, const hgr_method_table *mt);

/** 8 and before: address of {static FieldDescs, u32 id in the dynamic class table}; 0 when there is
 * none. */
uint64_t hgr_method_table_generic_statics(const hgr_runtime *runtime, const hgr_method_table *mt);

typedef struct hgr_class_counts {
    uint32_t instance_fields; /* inherited ones too */
    uint32_t static_fields;   /* thread statics too */
    uint32_t thread_static_fields;
} hgr_class_counts;

/** How many fields an EEClass says it has; false when unreadable or over HGR_CLASS_MAX_FIELDS. */
bool hgr_class_counts_read(const hgr_runtime *runtime, uint64_t class_addr, hgr_class_counts *out);

#define HGR_CLASS_MAX_FIELDS 65536u /* the runtime's own counters are 16 bits wide */
#define HGR_TYPE_MAX_ARGUMENTS                                                                     \
    512u /* generic arguments of one type; compilers stop far earlier                              \
          */

#endif
