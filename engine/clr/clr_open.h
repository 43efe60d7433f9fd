/* clr: the steps of opening a runtime, in the order in which runtime.c takes them. Internal to this
 * stage. */
#ifndef HGR_CLR_CLR_OPEN_H
#define HGR_CLR_CLR_OPEN_H

#include "clr.h"
#include "metadata.h"

/* ---- clr_symbols.c ---- */

/** The address of an exported symbol of the ELF or PE image mapped at base; false when it or its
 * tables are not in the dump. */
bool hgr_clr_symbol(const hgr_space *space, uint64_t base, const char *name, uint64_t *out_addr);

/* ---- clr_resource.c ---- */

/** The runtime's table of globals: pointers, or 32-bit offsets into its image. */
typedef struct hgr_clr_table {
    uint64_t addr;       /* of entry 0, 0 = no table */
    uint64_t image_addr; /* what offsets count from, 0 = entries are pointers */
} hgr_clr_table;

/** The address of the index-th global; false when the entry is absent or 0. */
bool hgr_clr_table_entry(const hgr_space *space, const hgr_clr_table *table, uint32_t index,
                         uint64_t *out_addr);
/** The table that Windows runtimes before 8 carry as a resource for their debuggers. */
bool hgr_clr_resource_table(const hgr_space *space, const hgr_module *module, hgr_clr_table *out);

/* ---- clr_framework.c ---- */

/** Is this the runtime of .NET Framework 4 (clr.dll)? */
bool hgr_clr_is_framework(const hgr_module *module);

/* ---- clr_find.c ---- */

/** The runtime's module and its table of globals. */
typedef struct hgr_clr_found {
    const hgr_module *module;
    hgr_clr_table table;
    uint32_t gc_entry;        /* which entry of it is g_gcDacGlobals */
    uint64_t gc_addr;         /* GcDacVars */
    uint64_t descriptor_addr; /* DotNetRuntimeContractDescriptor, 0 = not in the dump */
    const char *found_by;
} hgr_clr_found;

/** Is a module of this path a runtime, by its name? */
bool hgr_clr_is_runtime_path(const char *path);
/**
 * Find the globals of the runtime in this module; module NULL: of any module, for programs in a
 * single file.
 *
 * Errors   HGR_NOT_FOUND (no .NET), HGR_UNSUPPORTED (NativeAOT, no table for the version),
 *          HGR_TRUNCATED (the runtime's module is there, its variables are not in the dump).
 */
HGR_MUST_CHECK hgr_result hgr_clr_find(const hgr_dump *dump, const hgr_module *module,
                                       const hgr_runtime_options *options, hgr_clr_found *out,
                                       hgr_status *status);
/** The module alone, and nothing of it: what the search by shape begins with. Errors: HGR_NOT_FOUND
 * (module NULL). */
HGR_MUST_CHECK hgr_result hgr_clr_find_module(const hgr_dump *dump, const hgr_module *module,
                                              hgr_clr_found *out, hgr_status *status);
/** Does any entry of the table of globals at addr hold GcDacVars? */
bool hgr_clr_table_has_gc(const hgr_space *space, const hgr_clr_table *table, uint32_t *out_entry,
                          uint64_t *out_gc_addr);

/* ---- clr_version.c ---- */

/** major 0 = not known; patch UINT32_MAX = not known. */
typedef struct hgr_clr_version {
    uint32_t major, minor, patch;
} hgr_clr_version;

/** From the version text in the image, else from the paths of the shared framework. */
hgr_clr_version hgr_clr_version_find(const hgr_dump *dump, const hgr_module *module);
/** "@(#)Version 10.0.1226.42308 @Commit: ..." at text[0 .. len); false when it is something else.
 */
bool hgr_clr_version_parse(const char *text, size_t len, hgr_clr_version *out);
/** ".../Microsoft.NETCore.App/8.0.31/System.Runtime.dll"; false when the path names no version. */
bool hgr_clr_version_from_path(const char *path, hgr_clr_version *out);
/** The core library's informational version ("10.0.12+95017c71...") among its attributes' values.
 */
bool hgr_clr_version_from_blobs(const uint8_t *blobs, size_t len, uint32_t major,
                                hgr_clr_version *out);

/* ---- clr_descriptor.c ---- */

/** Addresses of the runtime's global variables; 0 = not known. */
typedef struct hgr_clr_globals {
    uint64_t thread_store, app_domain, sync_table, heap_type;
    uint64_t object_class, string_class, exception_class, free_class;
    uint64_t global_alloc_context;
    uint64_t code_map, finalizer_thread;
} hgr_clr_globals;

/** What reading a descriptor did. */
typedef struct hgr_clr_contract {
    uint32_t contracts; /* contracts listed */
    uint32_t changed;   /* offsets that differ from the table's */
    uint32_t ignored;   /* members of impossible type or value */
} hgr_clr_contract;

/**
 * Overwrite offsets and globals with what the data contract descriptor at addr names.
 *
 * Errors   HGR_NOT_FOUND (its pages are not in the dump), HGR_BAD_DATA (no descriptor, or hostile
 * JSON), HGR_TOO_LARGE. On error layout and globals are untouched.
 */
HGR_MUST_CHECK hgr_result hgr_clr_descriptor_read(const hgr_space *space, uint64_t addr,
                                                  const hgr_run *run, hgr_clr_layout *layout,
                                                  hgr_clr_globals *globals, hgr_clr_contract *out,
                                                  hgr_status *status);
/** The JSON part alone: pointers[0 .. npointers) are the descriptor's pointer data. */
HGR_MUST_CHECK hgr_result hgr_clr_descriptor_parse(const char *json, size_t len,
                                                   const uint64_t *pointers, size_t npointers,
                                                   hgr_clr_layout *layout, hgr_clr_globals *globals,
                                                   hgr_clr_contract *out, hgr_status *status);

/* ---- runtime.c ---- */

/** Open the runtime in this module (NULL: in any), and no other. */
HGR_MUST_CHECK hgr_result hgr_clr_runtime_open(const hgr_dump *dump, const hgr_module *module,
                                               const hgr_runtime_options *options,
                                               const hgr_run *run, hgr_runtime **out,
                                               hgr_status *status);

/* ---- clr_choose.c ---- */

/** A runtime on its way: what the steps of opening hand to each other. */
typedef struct hgr_clr_opening {
    hgr_runtime *runtime;
    hgr_clr_found found;
    hgr_clr_version version;
    hgr_clr_globals globals;
    uint32_t changed; /* offsets that the descriptor changed */
    bool shifted;     /* the table of globals was calibrated */
    bool queue_known; /* the finalizer queue of a heap found by its shape */
    bool by_shape;    /* segments and method tables of the well-known classes come from clr_shape.c */
} hgr_clr_opening;

/**
 * Fill runtime->layout and the addresses of the globals; refine the version.
 *
 * Errors   HGR_UNSUPPORTED (no table), HGR_BAD_DATA (self checks fail), HGR_TRUNCATED,
 * HGR_NO_MEMORY.
 */
HGR_MUST_CHECK hgr_result hgr_clr_choose_layout(hgr_clr_opening *opening, hgr_status *status);

/* ---- clr_framework.c ---- */

/** The runtime's table of globals, calibrated by what the shape of the heap has found: confirms the
 * heap's bounds and adds the finalizer queue. What does not agree becomes a warning. */
void hgr_clr_framework_globals(hgr_clr_opening *opening);

/* ---- clr_calibrate.c, clr_modules.c ---- */

/** Fill what runtime->layout leaves open; needs segments, Object and String. */
void hgr_clr_calibrate(hgr_runtime *runtime);
/** Where the image of a Module is mapped: in the module itself, by its name, or behind PEAssembly,
 * PEImage and its loaded layout. */
bool hgr_clr_module_base(const hgr_runtime *runtime, uint64_t module, uint64_t *out);
/** The base of the dump's module that holds addr. */
bool hgr_clr_image_around(const hgr_runtime *runtime, uint64_t addr, uint64_t *out);
/** The method table of a TypeDef row of the module, 0 = not loaded. */
uint64_t hgr_clr_typedef_method_table(const hgr_runtime *runtime, uint64_t module_addr,
                                      uint32_t row);

/* ---- clr_check.c: self checks ---- */

/** Is there a method table at addr whose parents end at System.Object? Reads the dump only. */
bool hgr_clr_looks_like_type(const hgr_runtime *runtime, uint64_t addr);
/** Globals 1 to 3: the method tables of Object, String and Free. Errors: HGR_TRUNCATED,
 * HGR_BAD_DATA. */
HGR_MUST_CHECK hgr_result hgr_clr_check_types(const hgr_runtime *runtime, hgr_status *status);
/**
 * Object's and String's module has an image with metadata, where their rows are called so.
 *
 * Values   *out: that metadata (the core library's), borrowed from the dump.
 * Errors   HGR_TRUNCATED (its pages are not in the dump), HGR_BAD_DATA.
 */
HGR_MUST_CHECK hgr_result hgr_clr_check_module(const hgr_runtime *runtime, hgr_metadata *out,
                                               hgr_status *status);
/** Threads against the dump's own, segments' first objects: failures become warnings. */
void hgr_clr_check_threads(hgr_runtime *runtime);
void hgr_clr_check_segments(hgr_runtime *runtime);

/* ---- clr_segments.c, clr_threads.c ---- */

/** Fills runtime->segments from runtime->gc, and the byte totals of runtime->info. */
HGR_MUST_CHECK hgr_result hgr_clr_segments_read(hgr_runtime *runtime, hgr_status *status);
/** Adds the segments' bytes to runtime->info. */
void hgr_clr_segments_sum(hgr_runtime *runtime);
/** Fills runtime->gaps; needs segments and threads. */
HGR_MUST_CHECK hgr_result hgr_clr_gaps_read(hgr_runtime *runtime, uint64_t global_context_addr,
                                            hgr_status *status);
/** The segment that holds addr (start <= addr < end), or NULL. O(log segments). */
const hgr_segment *hgr_clr_segment_at(const hgr_runtime *runtime, uint64_t addr);
/** Fills runtime->threads. */
HGR_MUST_CHECK hgr_result hgr_clr_threads_read(hgr_runtime *runtime, hgr_status *status);
/** The same from the dump's own threads, where the runtime's list is not known: OS ids and stacks. */
HGR_MUST_CHECK hgr_result hgr_clr_threads_of_dump(hgr_runtime *runtime, hgr_status *status);
/** Where a thread's {alloc_ptr, alloc_limit} lies; false when it has none. */
bool hgr_clr_thread_context_addr(const hgr_runtime *runtime, const hgr_clr_thread *thread,
                                 uint64_t *out_addr);

#endif
