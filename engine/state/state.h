/* state: what is read of the runtime's own tables, once each. Internal to this stage. */
#ifndef HGR_STATE_STATE_H
#define HGR_STATE_STATE_H

#include <heapgraph/state.h>
#include "../clr/clr.h"

struct hgr_state {
    const hgr_run *run;
    const hgr_runtime *runtime;
    const hgr_space *space;
    hgr_clr_types *types;
    hgr_clr_names *names;
    hgr_arena arena;    /* names of types; rows that do not grow */
    hgr_map type_index; /* method table -> index of type_names */
    const char **type_names;
    size_t ntypes, types_capacity;
    hgr_clr_handles handles;
    bool handles_read;
    hgr_handle_row *handle_rows; /* NULL until asked for */
    hgr_finalizable *finalizable;
};

/** Name of a method table that is one; kept. */
HGR_MUST_CHECK hgr_result hgr_state_type_name(hgr_state *state, uint64_t method_table_addr,
                                              const char **out, hgr_status *status);
/** What lies at addr: out->type is NULL when no object starts there (as far as its first word and
 * the segments tell). Fails with HGR_NO_MEMORY only. */
HGR_MUST_CHECK hgr_result hgr_state_object(hgr_state *state, uint64_t addr, hgr_object_row *out,
                                           hgr_status *status);
/** The word in front of an object: lock, hash, marks. false when absent. */
bool hgr_state_header(const hgr_state *state, uint64_t object_addr, uint32_t *out);

/** An instance field of a type or of its bases, by name; false when there is none or its metadata
 * is not readable. */
bool hgr_state_field(hgr_state *state, uint64_t method_table_addr, const char *name,
                     hgr_clr_field *out);
/** Its value in an object, zero-extended from at most 8 bytes; false when the field or its bytes
 * are not there. */
bool hgr_state_value(hgr_state *state, const hgr_object_row *object, const char *field,
                     uint64_t *out);

#endif
