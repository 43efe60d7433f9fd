/* clr: what names, fields and statics share: modules, type names, own fields, each found once.
 * Internal to this stage. */
#ifndef HGR_CLR_NAMES_H
#define HGR_CLR_NAMES_H

#include "clr_modules.h"
#include "method_table.h"

/** Bytes of one type's name; longer ones are hostile (the longest known are a few thousand). */
#define HGR_TYPE_NAME_MAX 16384u
/** Generic arguments inside generic arguments, arrays of arrays: levels of one name. */
#define HGR_TYPE_NAME_DEPTH 24u

/** The own fields of one type, kept. */
typedef struct hgr_clr_own_fields {
    const hgr_clr_field *fields;
    uint32_t count;
} hgr_clr_own_fields;

struct hgr_clr_names {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_arena arena;
    hgr_clr_modules modules;

    hgr_map name_index; /* method table -> names[] */
    const char **names; /* complete names only */
    size_t nnames, names_capacity;

    hgr_map field_index; /* method table -> fields[] */
    hgr_clr_own_fields *fields;
    size_t nfields, fields_capacity;

    struct hgr_clr_resolver *resolver; /* clr_resolve.c; NULL until a signature is asked about */
};

/** Append the name of a type handle: a method table or a TypeDesc (pointer, byref, variable,
 * function). */
bool hgr_clr_handle_name(hgr_clr_names *names, uint64_t handle, hgr_text *out);
/** "Name`2" -> 2 and the length of "Name"; 0 and the whole length when the name has no arity. */
uint32_t hgr_clr_split_arity(const char *name, size_t len, size_t *stem);

#endif
