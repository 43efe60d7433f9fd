/* clr: what is known of one runtime in one dump. Internal to the clr stage and the snapshot. */
#ifndef HGR_CLR_CLR_H
#define HGR_CLR_CLR_H

#include <heapgraph/snapshot.h>
#include "../base/arena.h"
#include "../base/map.h"
#include "../base/text.h"
#include "../dump/dump.h"
#include "../heap/source.h"
#include "clr_gc.h"
#include "clr_layout.h"

/** One managed thread of the runtime's list. */
typedef struct hgr_clr_thread {
    uint64_t          thread_addr;
    uint32_t          id;    /* managed */
    uint32_t          os_id; /* 0 = not started or dead */
    uint32_t          state;
    uint64_t          stack_base_addr, stack_limit_addr; /* high and low end */
    uint64_t          exposed_object_addr; /* the managed Thread object, 0 = none */
    const hgr_thread *os_thread; /* registers, NULL when the dump has none */
} hgr_clr_thread;

struct hgr_runtime {
    const hgr_run   *run;
    const hgr_dump  *dump;
    const hgr_space *space;
    hgr_arena        arena; /* everything below that has no _free */
    hgr_runtime_info info;
    hgr_clr_layout   layout; /* a copy: the descriptor may have changed it */

    uint64_t dac_table_addr, gc_dac_addr; /* GcDacVars */
    hgr_clr_gc gc;
    uint64_t object_mt, string_mt, free_mt, exception_mt;
    uint64_t app_domain_addr, thread_store_addr, sync_table_addr;
    uint64_t handle_table_map_addr;
    uint64_t finalizer_thread_addr; /* Thread, 0 = not known */
    uint64_t code_map_addr; /* see clr_code.c; 0 = not known */
    uint64_t *handle_segments; /* found by shape, where there is no map */
    size_t    nhandle_segments;

    hgr_segment    *segments; /* ascending, disjoint */
    size_t          nsegments;
    hgr_gap        *gaps;     /* allocation contexts, ascending */
    size_t          ngaps;
    hgr_clr_thread *threads;  /* in list order */
    size_t          nthreads;
    uint64_t       *finalize_queues; /* CFinalize addresses, one per heap */
    size_t          nfinalize_queues;
    hgr_runtime_place *places; /* all runtimes of the process, this one too */
    size_t nplaces;
    uint32_t number; /* of this one, from 1 */
    const char    **warnings;
    size_t          nwarnings;
    bool            warnings_lost; /* out of memory while one was kept */
};

/** Remember a failed self check (formatted into the runtime's arena; at most 64 are kept). */
void hgr_runtime_warn(hgr_runtime *runtime, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- clr_handles.c ---- */

typedef struct hgr_clr_handles {
    hgr_handle  *handles; /* ascending by slot address */
    size_t       count, capacity;
    hgr_implied *implied; /* dependent handles with both ends, ascending by primary */
    size_t       nimplied;
    uint64_t    *finalizable; /* registered first, then ready */
    size_t       nfinalizable, nregistered;
    uint64_t     bad; /* slots or segments that failed their checks */
} hgr_clr_handles;

HGR_MUST_CHECK hgr_result hgr_clr_handles_read(const hgr_runtime *runtime, const hgr_run *run,
                                               hgr_clr_handles *out, hgr_status *status);
void hgr_clr_handles_fini(hgr_clr_handles *handles);
/** Self check: does a finalization queue lie at addr? */
bool hgr_clr_queue_check(const hgr_runtime *runtime, uint64_t addr);
/** Self check: the first table's first segment points back at it. */
bool hgr_clr_handles_check(const hgr_runtime *runtime);

/* ---- method_table.c, clr_types.c, gcdesc.c: method table -> shape ---- */

/** Everything describe() has learnt; serves as hgr_source.self. One caller at a time. */
typedef struct hgr_clr_types hgr_clr_types;
HGR_MUST_CHECK hgr_result hgr_clr_types_create(const hgr_runtime *runtime, const hgr_run *run,
                                               hgr_clr_types **out, hgr_status *status);
void hgr_clr_types_free(hgr_clr_types *types);
/** hgr_source.describe. */
hgr_result hgr_clr_describe(void *self, uint64_t addr, hgr_shape *out, hgr_status *status);
/** Is there a method table at addr (parent chain ends at System.Object, sizes possible)? Cached. */
bool hgr_clr_is_method_table(hgr_clr_types *types, uint64_t addr);
/** The same, where running out of memory must not look like a no. Errors: HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_clr_judge_method_table(hgr_clr_types *types, uint64_t addr, bool *out,
                                                     hgr_status *status);

/** The managed LoaderAllocator of a module whose types can be unloaded, 0 = of no such module. */
uint64_t hgr_clr_loader_allocator(const hgr_runtime *runtime, uint64_t module_addr);

/* ---- metadata_*.c, clr_modules.c, clr_names.c, clr_fields.c, clr_slot_name.c: metadata -> names and fields ---- */

/** Cached metadata of modules and names of types. One caller at a time. */
typedef struct hgr_clr_names hgr_clr_names;
HGR_MUST_CHECK hgr_result hgr_clr_names_create(const hgr_runtime *runtime, const hgr_run *run,
                                               hgr_clr_names **out, hgr_status *status);
void hgr_clr_names_free(hgr_clr_names *names);
/** Append the type's name as ClrMD prints it; false when its metadata cannot be read ("<method table 0x...>" is appended then). */
bool hgr_clr_type_name(hgr_clr_names *names, uint64_t method_table_addr, hgr_text *out);
/** Path of the module that defines the type, "" when unknown. Borrowed from the dump or runtime. */
const char *hgr_clr_type_module(hgr_clr_names *names, uint64_t method_table_addr);

typedef struct hgr_clr_field {
    const char *name;     /* valid as long as names */
    uint64_t    class_mt; /* the method table that declares it */
    uint32_t    offset;   /* instance: from the object's address (boxed: payload at pointer_size); static: within its base */
    uint32_t    rid;      /* row of Field in the module of class_mt's definition */
    uint8_t     element_type; /* ELEMENT_TYPE: 0x11 value type, 0x12 reference, 2..13, 0x18, 0x19 primitives, 0xf, 0x1b pointers */
    bool        is_static, is_thread_static, is_rva;
    uint64_t    type_mt;  /* the field's own type, 0 = not loaded or a pointer; a structure of a generic type may be
                           * named by another instance of the same layout */
} hgr_clr_field;
/** Fields the type declares itself (not its bases'), instance and static, in declaration order. Cached, borrowed from names. */
HGR_MUST_CHECK hgr_result hgr_clr_type_fields(hgr_clr_names *names, uint64_t method_table_addr,
                                              const hgr_clr_field **out, size_t *out_count,
                                              hgr_status *status);
/**
 * Append the declared type of a field of method_table_addr (one of hgr_clr_type_fields), from its
 * signature: "System.Collections.Generic.List<System.Int32>"; type variables are replaced by the
 * type's own arguments. false when the signature cannot be read (nothing is appended then).
 */
bool hgr_clr_field_type_name(hgr_clr_names *names, uint64_t method_table_addr,
                             const hgr_clr_field *field, hgr_text *out);
/** FieldAttributes (ECMA-335 II.23.1.5) of a field; 0 when its metadata cannot be read. */
uint32_t hgr_clr_field_attributes(hgr_clr_names *names, uint64_t method_table_addr,
                                  const hgr_clr_field *field);
/** Append the path of the slot at `offset` (from the object's address) inside an instance: "_items", "_entry.next", "[17]", "[17].Key"; false when unknown. */
bool hgr_clr_slot_name(hgr_clr_names *names, uint64_t method_table_addr, uint64_t object_addr,
                       uint64_t offset, hgr_text *out);

/* ---- clr_loaded.c, clr_statics.c, clr_thread_statics.c ---- */

/**
 * One static reference slot, or one static value type whose box is the object. On 9 and 10 each thread
 * adds the array that holds its thread statics ("(array of all thread statics)", class_mt 0): nothing
 * else keeps it alive.
 */
typedef struct hgr_clr_static {
    uint64_t slot_addr;   /* where the reference lies */
    uint64_t object_addr; /* what it holds; never 0 */
    uint32_t thread_os_id; /* thread statics */
    bool     is_thread_static;
    uint64_t class_mt;
    const char *name;     /* "Shop.Cache.Items", valid as long as names */
} hgr_clr_static;
/** All non-null static reference slots of all loaded types; ascending by slot address. Caller frees *out with hgr_free. */
HGR_MUST_CHECK hgr_result hgr_clr_statics_read(const hgr_runtime *runtime, hgr_clr_names *names,
                                               const hgr_run *run, hgr_clr_static **out,
                                               size_t *out_count, hgr_status *status);

/** Where the static fields of one type lie. */
typedef struct hgr_clr_static_bases {
    uint64_t gc_addr;    /* references and boxes of structures; 0 = not allocated, or not known */
    uint64_t plain_addr; /* everything else */
    bool     is_initialised; /* the class constructor has run, as far as the runtime says */
} hgr_clr_static_bases;
/** The bases of a loaded type that is no array and no open generic. */
hgr_clr_static_bases hgr_clr_static_bases_of(const hgr_runtime *runtime, uint64_t method_table_addr);
/** Where a thread static of the type lies in one thread; 0 = the thread has none (yet). */
uint64_t hgr_clr_thread_static_addr(const hgr_runtime *runtime, uint64_t method_table_addr,
                                    const hgr_clr_field *field, const hgr_clr_thread *thread);
/** Where a static field with an RVA lies: the image's own data; 0 = not known. */
uint64_t hgr_clr_rva_static_addr(hgr_clr_names *names, uint64_t method_table_addr,
                                 const hgr_clr_field *field);

/* ---- clr_stacks.c: conservative stack roots ---- */

/** One word of a stack or register that may be a reference. */
typedef struct hgr_clr_stack_word {
    uint64_t value;
    uint64_t slot_addr; /* 0 = register */
    uint32_t thread;    /* index into runtime->threads */
    uint8_t  reg;       /* index into hgr_thread.registers when slot_addr is 0 */
} hgr_clr_stack_word;
/** Words collected so far; change nothing but through the calls below. */
typedef struct hgr_clr_word_scan {
    const hgr_runtime  *runtime;
    const hgr_run      *run;
    hgr_clr_stack_word *words;
    size_t              count, capacity;
    uint64_t            low, high; /* of all segments */
    uint64_t            budget; /* bytes still to scan: stacks do not overlap, so all memory at most */
} hgr_clr_word_scan;

void hgr_clr_word_scan_init(hgr_clr_word_scan *scan, const hgr_runtime *runtime, const hgr_run *run);
void hgr_clr_word_scan_fini(hgr_clr_word_scan *scan);
/** Add the known ones (bit r) of a thread's registers, or the words of its stack in [start, end),
 * that lie inside some segment. index: into runtime->threads. */
HGR_MUST_CHECK hgr_result hgr_clr_word_scan_registers(hgr_clr_word_scan *scan, uint32_t index,
                                                      const uint64_t registers[16], uint32_t known,
                                                      hgr_status *status);
HGR_MUST_CHECK hgr_result hgr_clr_word_scan_range(hgr_clr_word_scan *scan, uint32_t index,
                                                  uint64_t start_addr, uint64_t end_addr,
                                                  hgr_status *status);

/** All words of live managed stacks and registers that lie inside some segment. Caller frees *out with hgr_free. */
HGR_MUST_CHECK hgr_result hgr_clr_stack_words(const hgr_runtime *runtime, const hgr_run *run,
                                              hgr_clr_stack_word **out, size_t *out_count,
                                              hgr_status *status);

#endif
