/* inspect: what the reader of objects keeps. Internal to this stage. */
#ifndef HGR_INSPECT_INSPECTOR_H
#define HGR_INSPECT_INSPECTOR_H

#include <heapgraph/inspect.h>
#include "../clr/clr.h"
#include "../clr/clr_names.h"
#include "../clr/clr_open.h"

/** A type and what was asked about it. */
typedef struct hgr_known_type {
    hgr_type type; /* first: a hgr_type given out is one of these */
    bool has_instances, knows_fields, knows_members, has_flags, knows_kind;
    const struct hgr_collection_kind *kind; /* collections.c; NULL: no collection */
    hgr_field *fields;
    size_t nfields;
    hgr_enum_member *members;
    size_t nmembers;
} hgr_known_type;

struct hgr_inspector {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_clr_types *shapes;
    hgr_clr_names *names;
    hgr_arena arena;
    hgr_text text;       /* scratch */
    hgr_text value_text; /* scratch of hgr_value_text */
    uint64_t max_chars;  /* of a string in it */

    hgr_map type_index; /* method table -> types[] */
    hgr_known_type **types;
    size_t ntypes, types_capacity;

    hgr_map field_index; /* hash of (type, name) -> index among its fields, or not there */

    struct hgr_clr_codes *codes; /* facts.c; NULL until code is looked up */

    hgr_clr_handles handles; /* read when one is asked for */
    bool has_handles;

    struct hgr_type_names *type_names; /* type_names.c; NULL until a type is asked for by name */
};

static inline uint32_t hgr_inspector_word(const hgr_inspector *inspector)
{
    return inspector->runtime->space->pointer_size;
}

/** What hgr_type says beside; type was given out by hgr_inspect_type. */
static inline hgr_known_type *hgr_known(const hgr_type *type)
{
    return (hgr_known_type *)(uintptr_t)type;
}

/** Bytes of a value of an element, 0 for structures and what is unknown. */
uint32_t hgr_element_bytes(const hgr_inspector *inspector, hgr_element element);
/** The primitive of that name ("System.Int32"), else HGR_IS_UNKNOWN. */
hgr_element hgr_primitive_of(const char *type_name);

/** Closest of the offered names to what was asked for, within a third of its letters. */
typedef struct hgr_nearest {
    const char *wanted, *found;
    uint32_t distance;
} hgr_nearest;
void hgr_nearest_init(hgr_nearest *nearest, const char *wanted);
void hgr_nearest_offer(hgr_nearest *nearest, const char *name);

/** Has the type of that TypeDef row a custom attribute of this name (without its namespace)? */
bool hgr_has_attribute(const hgr_metadata *metadata, uint32_t typedef_row, const char *attribute);
/** HGR_NOT_FOUND: there is no such field; the text names the nearest. */
hgr_result hgr_no_such_field(hgr_inspector *inspector, const hgr_type *type, const char *name,
                             bool is_static, hgr_status *status);
/** HGR_NOT_FOUND: no loaded type is called name[0 .. len); the text names the nearest. */
hgr_result hgr_no_such_type(hgr_inspector *inspector, const char *name, size_t len,
                            hgr_status *status);
/** The handle in a slot, with what it refers to; NULL when there is none. */
const hgr_handle *hgr_inspector_handle(hgr_inspector *inspector, uint64_t slot_addr);

void hgr_type_names_free(struct hgr_type_names *names);

#endif
