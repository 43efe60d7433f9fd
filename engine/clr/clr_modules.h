/* clr: the runtime's modules, each with its metadata, and the types they have loaded. */
#ifndef HGR_CLR_MODULES_H
#define HGR_CLR_MODULES_H

#include "clr.h"
#include "clr_open.h"
#include "metadata.h"

/** One Module of the runtime. Valid as long as the cache it came from. */
typedef struct hgr_clr_module {
    uint64_t addr;
    uint64_t base_addr; /* of its image, 0 = none (Reflection.Emit) */
    const char *path;   /* "" when unknown */
    bool has_metadata;
    hgr_metadata metadata;
    uint32_t *enclosing; /* by TypeDef row: the row of the type around it, 0 = none; NULL when no
                            type is nested */
    uint32_t
        *by_name; /* clr_resolve.c: hash table of TypeDef rows, 0 = empty; NULL until asked for */
    uint32_t by_name_capacity;
} hgr_clr_module;

/** Modules seen so far. One caller at a time. */
typedef struct hgr_clr_modules {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_arena *arena; /* where modules live; dies after this */
    hgr_map index;    /* module address -> item */
    hgr_clr_module **items;
    size_t count, capacity;
    uint64_t copied_bytes; /* of metadata that no single view covers */
} hgr_clr_modules;

void hgr_clr_modules_init(hgr_clr_modules *modules, const hgr_runtime *runtime, const hgr_run *run,
                          hgr_arena *arena);
void hgr_clr_modules_fini(hgr_clr_modules *modules);

/**
 * The module at addr, its metadata found and parsed on the first call.
 *
 * Values   *out is NULL when addr cannot be a module; has_metadata is false when nothing readable
 * is there. Errors   HGR_NO_MEMORY, HGR_TOO_LARGE (over HGR_CLR_MAX_MODULES).
 */
HGR_MUST_CHECK hgr_result hgr_clr_modules_get(hgr_clr_modules *modules, uint64_t addr,
                                              hgr_clr_module **out, hgr_status *status);

/** Addresses of the modules of all loaded assemblies, in the order of the runtime's list. Caller
 * frees *out with hgr_free. */
HGR_MUST_CHECK hgr_result hgr_clr_modules_list(const hgr_runtime *runtime, const hgr_run *run,
                                               uint64_t **out, size_t *out_count,
                                               hgr_status *status);

/**
 * Method tables of all loaded types: TypeDefs of every module, then constructed types (generic
 * instances, arrays) that each module loaded. Caller frees *out with hgr_free.
 */
HGR_MUST_CHECK hgr_result hgr_clr_loaded_types(const hgr_runtime *runtime, const hgr_run *run,
                                               uint64_t **out, size_t *out_count,
                                               hgr_status *status);

#define HGR_CLR_MAX_MODULES 65536u     /* assemblies of one process */
#define HGR_CLR_MAX_TYPES   (1u << 23) /* loaded types of one process */
#define HGR_CLR_MAX_COPY                                                                           \
    (1u << 28) /* bytes of metadata copied because it crosses ranges, all modules together */
#define HGR_CLR_MAX_CHAIN 4096u /* blocks of a linked list of arrays: each holds several entries   \
                                 */

#endif
