/* clr: what the readers of statics share: the list being made, and the walk over a type's static
 * reference fields. */
#ifndef HGR_CLR_STATICS_H
#define HGR_CLR_STATICS_H

#include "clr_names.h"
#include "field_desc.h"

#define HGR_CLR_MAX_STATICS                                                                        \
    (1u << 24) /* static slots of one process, thread statics once per thread */

/** A type that has thread statics, kept until the threads are visited. */
typedef struct hgr_clr_thread_type {
    hgr_method_table mt;
    hgr_field_list list;
} hgr_clr_thread_type;

typedef struct hgr_clr_statics {
    const hgr_runtime *runtime;
    hgr_clr_names *names;
    const hgr_run *run;
    hgr_status *status;
    hgr_text text; /* scratch */
    hgr_clr_static *items;
    size_t count, capacity;
    hgr_clr_thread_type *thread_types;
    size_t nthread_types, thread_types_capacity;
} hgr_clr_statics;

/** Read the slot and, when it holds something, add the field `desc` of mt. */
HGR_MUST_CHECK hgr_result hgr_clr_statics_add(hgr_clr_statics *statics, const hgr_method_table *mt,
                                              const hgr_field_desc *desc, uint64_t slot_addr,
                                              const hgr_clr_thread *thread);
/** Add one slot under a name of its own. */
HGR_MUST_CHECK hgr_result hgr_clr_statics_add_named(hgr_clr_statics *statics, const char *name,
                                                    uint64_t slot_addr,
                                                    const hgr_clr_thread *thread);
/** Statics of the threads: every type of thread_types in every thread. */
HGR_MUST_CHECK hgr_result hgr_clr_thread_statics_read(hgr_clr_statics *statics);

/* ---- clr_static_bases.c ---- */

/** Neither an array nor an open generic, nor a type that says it has none. */
bool hgr_clr_may_have_statics(const hgr_runtime *runtime, const hgr_method_table *mt);
/** The bases; where the type has static FieldDescs of its own, *list becomes these. */
hgr_clr_static_bases hgr_clr_static_bases_read(const hgr_runtime *runtime,
                                               const hgr_method_table *mt, hgr_field_list *list);
/** 8 and before: the static FieldDescs of a generic instance; false, list untouched, when it has
 * none of its own. */
bool hgr_clr_own_static_list(const hgr_runtime *runtime, const hgr_method_table *mt,
                             hgr_field_list *list);

/** Is it a static that holds a reference: an object, or the box of a structure? */
static inline bool hgr_clr_is_reference_static(const hgr_field_desc *desc)
{
    return desc->is_static && !desc->is_rva &&
           (desc->element == HGR_ELEMENT_CLASS || desc->element == HGR_ELEMENT_VALUE_TYPE);
}

#endif
