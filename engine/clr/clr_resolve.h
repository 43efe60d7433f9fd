/* clr: types named in signatures -> method tables. */
#ifndef HGR_CLR_RESOLVE_H
#define HGR_CLR_RESOLVE_H

#include "clr_names.h"
#include "clr_signature.h"

/** Indexes over assemblies, type names and constructed types; made on the first question, kept with
 * names. */
typedef struct hgr_clr_resolver hgr_clr_resolver;
void hgr_clr_resolver_free(hgr_clr_resolver *resolver);

/** Where a signature stands. */
typedef struct hgr_clr_context {
    hgr_clr_module *module;  /* whose tokens it uses */
    uint64_t arguments_addr; /* type handles that its type variables stand for, 0 = unknown */
    uint32_t narguments;
} hgr_clr_context;

/**
 * The method table of a field's type.
 *
 * Values   *out 0: not known (not loaded, a pointer, metadata missing). A generic value type of
 * which only another instance with the same layout is loaded gives that instance (its reference
 *          arguments differ).
 * Errors   HGR_NO_MEMORY.
 */
HGR_MUST_CHECK hgr_result hgr_clr_resolve(hgr_clr_names *names, const hgr_clr_context *context,
                                          const hgr_signature *signature, uint64_t *out,
                                          hgr_status *status);

#endif
