/* clr: where a type is by its name or by its parts: TypeDefs by name, assemblies by name,
 * constructed types by definition and arguments. */
#ifndef HGR_CLR_TYPE_INDEX_H
#define HGR_CLR_TYPE_INDEX_H

#include "clr_names.h"

/** A type's definition. */
typedef struct hgr_clr_definition {
    hgr_clr_module *module; /* NULL = not found */
    uint32_t row;           /* TypeDef */
} hgr_clr_definition;

/** Stands for "some class" where a reference argument's method table is not known; no handle is
 * odd. */
#define HGR_CLR_SOME_REFERENCE UINT64_C(1)

typedef struct hgr_clr_type_index {
    hgr_clr_names *names;
    hgr_map assemblies; /* hash of a simple name -> module (names->modules.items) */
    struct hgr_clr_constructed {
        uint64_t hash, mt;
    } * constructed; /* generic instances and arrays, ascending by (hash, method table) */
    size_t nconstructed, capacity;
} hgr_clr_type_index;

HGR_MUST_CHECK hgr_result hgr_clr_type_index_init(hgr_clr_type_index *index, hgr_clr_names *names,
                                                  hgr_status *status);
void hgr_clr_type_index_fini(hgr_clr_type_index *index);

/** Module of a loaded assembly by simple name ("System.Runtime"), or NULL. */
hgr_clr_module *hgr_clr_find_assembly(const hgr_clr_type_index *index, const char *name,
                                      size_t len);

/** A text that need not be terminated. */
typedef struct hgr_clr_word {
    const char *text;
    size_t len;
} hgr_clr_word;
/** *out: TypeDef row by namespace and name within the row around it (0 = outermost); 0 when there
 * is none. */
HGR_MUST_CHECK hgr_result hgr_clr_find_typedef(hgr_clr_names *names, hgr_clr_module *module,
                                               uint32_t enclosing, hgr_clr_word name_space,
                                               hgr_clr_word name, uint32_t *out,
                                               hgr_status *status);

/**
 * A loaded instance of a generic definition, 0 = none: the one with these very arguments. Where
 * only the layout is asked for, else one whose value type arguments are the same and whose others
 * are references too.
 */
uint64_t hgr_clr_find_instance(const hgr_clr_type_index *index,
                               const hgr_clr_definition *definition, const uint64_t *arguments,
                               uint32_t count, bool layout_is_enough);
/** The loaded array of an element type, 0 = none. rank 0: one dimension from index 0. */
uint64_t hgr_clr_find_array(const hgr_clr_type_index *index, uint64_t element, uint32_t rank);

#endif
