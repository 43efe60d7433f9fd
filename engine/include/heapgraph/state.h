/* heapgraph: what the process was doing when the dump was taken: handles, finalization queue,
 * locks. Read from the runtime's own tables in milliseconds; the heap is not walked unless a call
 * says so. */
#ifndef HEAPGRAPH_STATE_H
#define HEAPGRAPH_STATE_H

#include <heapgraph/inspect.h>
#include <heapgraph/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything below is kept in it, and valid until it is freed. One caller at a time. An object
 * that is not there (hgr_inspect_object fails) has no type: NULL; its generation is
 * HGR_GENERATIONS. */
typedef struct hgr_state hgr_state;

/**
 * Begin to ask about the state of a process.
 *
 * Cost     microseconds; each answer is read at the first call that asks for it.
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_state_free; runtime and its dump must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_create(const hgr_runtime *runtime, const hgr_run *run,
                                                   hgr_state **out, hgr_status *status);
HGR_API void hgr_state_free(hgr_state *state);

/** Its reader of objects. Borrowed. */
HGR_API hgr_inspector *hgr_state_inspector(const hgr_state *state);

/* ---- handles ---- */

typedef struct hgr_handle_row {
    hgr_handle handle;
    hgr_object object;
    hgr_object dependent; /* addr 0: no dependent handle, or its secondary is null */
} hgr_handle_row;

/**
 * Every handle that holds an object, ascending by slot.
 *
 * Values   *out_bad: slots and segments of the handle table that failed their checks.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_handles(hgr_state *state, const hgr_handle_row **out,
                                                    size_t *out_count, uint64_t *out_bad,
                                                    hgr_status *status);

/**
 * Free bytes between the object at addr and the object before it (or the start of its segment):
 * what a pinned object keeps from being given back. Allocation contexts do not count. 0 when no
 * object starts there. O(log allocation contexts).
 */
HGR_API uint64_t hgr_state_free_before(const hgr_state *state, const hgr_snapshot *snapshot,
                                       uint64_t addr);

/* ---- finalization queue ---- */

typedef struct hgr_finalizable {
    hgr_object object;
    bool ready;      /* unreachable but for the queue: its finalizer will run */
    bool suppressed; /* GC.SuppressFinalize was called, or the finalizer has run */
} hgr_finalizable;

/** Objects with a finalizer: the registered ones in queue order, then the ready ones. */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_finalizable(hgr_state *state,
                                                        const hgr_finalizable **out,
                                                        size_t *out_count, hgr_status *status);

/* ---- threads ---- */

#define HGR_NO_THREAD UINT32_MAX

/** One managed thread, in the order of the runtime's list. */
typedef struct hgr_thread_row {
    uint64_t thread_addr; /* the runtime's Thread structure */
    uint32_t managed_id;
    uint32_t os_id;       /* 0: not started, or dead */
    uint64_t object_addr; /* System.Threading.Thread, 0 = none */
    const char *name;     /* "" when it has none */
} hgr_thread_row;

HGR_API HGR_MUST_CHECK hgr_result hgr_state_threads(hgr_state *state, const hgr_thread_row **out,
                                                    size_t *out_count, hgr_status *status);

/* ---- locks ---- */

typedef enum hgr_lock_kind {
    HGR_LOCK_MONITOR,       /* lock statement, with a sync block */
    HGR_LOCK_THIN,          /* the same, in the object's header: nobody waits */
    HGR_LOCK_OBJECT,        /* System.Threading.Lock */
    HGR_LOCK_READER_WRITER, /* ReaderWriterLockSlim */
    HGR_LOCK_SEMAPHORE,     /* SemaphoreSlim */
    HGR_LOCK_KINDS
} hgr_lock_kind;

/** "monitor", "thin", "Lock", "reader-writer", "semaphore". */
HGR_API const char *hgr_lock_kind_name(hgr_lock_kind kind);

typedef struct hgr_lock {
    hgr_lock_kind kind;
    hgr_object object;
    uint32_t sync_block; /* index in the runtime's table, 0 = none */
    uint64_t block_addr; /* the sync block, 0 = none */
    bool absent;         /* its sync block is not in the dump: nothing below is known */
    bool held;
    uint32_t owner; /* index of hgr_state_threads; HGR_NO_THREAD: not held, or by nobody listed */
    uint64_t
        owner_word;   /* what the lock says of its owner: a thread id, or the runtime's structure */
    uint32_t times;   /* how often its owner has entered it */
    uint32_t readers; /* of a reader-writer lock */
    uint32_t waiting; /* threads that wait to enter, as the lock counts them */
    uint32_t pulse_waiting; /* threads in Monitor.Wait on it */
} hgr_lock;

/** How a wait is known. */
typedef enum hgr_evidence {
    HGR_FROM_RUNTIME, /* the runtime's own record: a fact */
    HGR_FROM_STACK    /* the thread's stack names the event by which the lock wakes its waiters */
} hgr_evidence;

typedef struct hgr_wait {
    uint32_t thread;    /* index of hgr_state_threads */
    uint32_t lock;      /* index of the locks; UINT32_MAX: which one is not in the dump */
    uint64_t lock_addr; /* the sync block, or the lock object */
    bool for_pulse;     /* Monitor.Wait: waits to be woken, not to enter */
    int32_t timeout_ms; /* -1 = forever, or not known */
    hgr_evidence evidence;
    uint32_t cycle; /* index of the cycle it is part of, UINT32_MAX = none */
} hgr_wait;

/** Threads that wait for each other: each waits for a lock that the next one holds, the last one
 * for the first one's. */
typedef struct hgr_lock_cycle {
    const uint32_t *waits; /* indices of the waits, the smallest thread index first */
    size_t count;
    hgr_evidence evidence; /* HGR_FROM_RUNTIME: all of its waits are facts */
} hgr_lock_cycle;

typedef struct hgr_locks {
    const hgr_lock *locks; /* by object address */
    size_t nlocks;
    const hgr_wait *waits; /* by thread */
    size_t nwaits;
    const hgr_lock_cycle *cycles; /* by first thread */
    size_t ncycles;
    bool whole_heap;      /* every object was looked at, not only those the stacks name */
    size_t stacks;        /* threads whose stacks were looked at */
    size_t sync_blocks;   /* in use */
    size_t absent_blocks; /* of these, not in the dump */
    bool no_table;        /* the sync table is not in the dump: no monitor is known */
} hgr_locks;

/**
 * Locks, who holds them, who waits for them, and who waits for each other.
 *
 * Monitors come from the sync table; thin locks and lock objects are looked for among the objects
 * that the threads' stacks name, since who holds one or waits for one has it there; with a snapshot
 * also among all objects of the heap. What a thread waits for comes from the runtime's record; for
 * lock objects from the stack, if it names the event by which the lock wakes its waiters, and only
 * as many threads do as the lock counts.
 *
 * Values   kept, but the first call with a snapshot replaces what calls without one gave.
 * Cost     milliseconds, with a snapshot one look at each object's header.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE, HGR_CANCELLED.
 * Checked  recorded dumps with the answers of an independent reader; the cycles against a search of
 *          every walk (tests/property).
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_locks(hgr_state *state, const hgr_snapshot *snapshot,
                                                  const hgr_locks **out, hgr_status *status);

/* ---- memory ---- */

typedef enum hgr_memory_kind {
    HGR_MEMORY_GC_HEAP,   /* committed by the GC for objects */
    HGR_MEMORY_GC_TABLES, /* card table, mark array and what else the GC keeps beside */
    HGR_MEMORY_IMAGE,     /* programs, libraries, assemblies */
    HGR_MEMORY_STACK,     /* of threads */
    HGR_MEMORY_CODE,      /* executable, in no image: what the JIT made, and stubs */
    HGR_MEMORY_LOADER,    /* private memory in which the runtime keeps types */
    HGR_MEMORY_MAPPED,    /* files that are no image */
    HGR_MEMORY_PRIVATE,   /* everything else: malloc, other runtimes */
    HGR_MEMORY_RESERVED,  /* address space without memory behind it */
    HGR_MEMORY_KINDS
} hgr_memory_kind;

/** "GC heap", "GC tables", "images", ... */
HGR_API const char *hgr_memory_kind_name(hgr_memory_kind kind);

typedef struct hgr_memory_region {
    uint64_t start_addr, end_addr; /* half open */
    uint64_t in_dump_bytes;        /* of these, in the dump (or a module's file) */
    hgr_memory_kind kind;
    const char *label; /* path, "gen2", "thread 0x1b84 "worker""; "" = none */
} hgr_memory_region;

/**
 * The address space of the process, as far as the dump knows it, cut into regions of one kind.
 *
 * Values   ascending, disjoint, together exactly what the dump says was mapped: the areas of a
 *          minidump's MemoryInfoList but for free ones, or an ELF core's segments and mapped files;
 * plus images, ranges with bytes, and the GC's segments, where those say less. Errors
 * HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_memory(hgr_state *state, const hgr_memory_region **out,
                                                   size_t *out_count, hgr_status *status);

/* ---- load contexts and modules ---- */

#define HGR_NO_CONTEXT UINT32_MAX

/** One AssemblyLoadContext. */
typedef struct hgr_load_context {
    hgr_object object;
    const char *name; /* "" when it has none */
    bool collectible; /* its assemblies can be unloaded */
    size_t modules;
} hgr_load_context;

/** One module that the runtime has loaded. */
typedef struct hgr_module_row {
    uint64_t module_addr; /* the runtime's Module structure */
    uint64_t image_addr;  /* 0: made by Reflection.Emit */
    uint64_t image_bytes; /* mapped; 0 unknown */
    const char *assembly; /* name of the assembly, "" when its metadata is not readable */
    const char *path;     /* "" = none, or unknown */
    uint16_t version[4];  /* of the assembly */
    uint8_t mvid[16];     /* identity of the compilation, as stored; all 0 = unknown */
    bool dynamic, collectible;
    uint32_t context; /* index of the contexts; HGR_NO_CONTEXT = not known for this runtime */
} hgr_module_row;

typedef struct hgr_domain {
    uint64_t domain_addr;
    const hgr_load_context *contexts; /* in the order of their first modules */
    size_t ncontexts;
    const hgr_module_row *modules; /* in the runtime's order */
    size_t nmodules;
} hgr_domain;

/**
 * The application domain (Core has one), its load contexts and modules.
 *
 * Values   contexts that no loaded module belongs to are left out.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_domain(hgr_state *state, const hgr_domain **out,
                                                   hgr_status *status);

/* ---- exceptions ---- */

typedef struct hgr_exception {
    hgr_object object;
    const char *message; /* as it was given; NULL = none: the type's own text */
    uint32_t hresult;
    uint64_t inner_addr; /* 0 = none */
    uint32_t frames; /* of its stack trace; 0 = not thrown. hgr_object_facts names them ("at") */
} hgr_exception;

/**
 * Every exception object of the heap, by address, whether reachable or not. The first three of a
 * process are made in advance by the runtime and were not thrown.
 *
 * Values   the next call replaces them.
 * Cost     microseconds an exception.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE, HGR_CANCELLED.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_exceptions(hgr_state *state,
                                                       const hgr_snapshot *snapshot,
                                                       const hgr_exception **out, size_t *out_count,
                                                       hgr_status *status);

/** An exception that a thread has to do with. */
typedef struct hgr_thrown {
    uint32_t thread; /* index of hgr_state_threads */
    uint64_t object_addr;
    bool handled; /* the thread is in a handler of it; else it was the last one thrown there */
} hgr_thrown;

/** By thread; what a thread handles before what it threw last. Needs no snapshot. */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_thrown(hgr_state *state, const hgr_thrown **out,
                                                   size_t *out_count, hgr_status *status);

/* ---- thread pool ---- */

/** One queue of the thread pool. */
typedef struct hgr_pool_queue {
    const char *name; /* "global", "high priority", "assignable", "local" (of one worker) */
    uint64_t object_addr;
    uint64_t count; /* work items in it */
    bool damaged;   /* not all of them could be read */
} hgr_pool_queue;

/** One work item that waits to run. */
typedef struct hgr_work_item {
    hgr_object object;
    uint32_t queue;     /* index of the queues */
    const char *method; /* that its delegate calls; "" = it has none, or that is not known */
} hgr_work_item;

typedef struct hgr_timer {
    uint64_t object_addr;
    const char *method;  /* that it calls */
    uint64_t state_addr; /* what it passes on, 0 = null */
    uint32_t due_ms;     /* from its start on; UINT32_MAX = never */
    uint32_t period_ms;  /* UINT32_MAX = once */
} hgr_timer;

typedef struct hgr_pool {
    bool has_workers; /* the pool is managed code: from .NET 6 on, on Windows from 7 or 8 */
    uint32_t min_workers, max_workers, goal_workers; /* goal: what the pool aims at now */
    uint32_t workers, busy_workers;                  /* that exist; that run work items */
    uint32_t cpu_percent;                            /* as the pool measured last */
    const hgr_pool_queue *queues;
    size_t nqueues;
    const hgr_work_item *items; /* queue after queue, in the order in which they would run */
    size_t nitems;
    const hgr_timer *timers; /* active ones, queue after queue */
    size_t ntimers;
} hgr_pool;

/**
 * The thread pool of the process: workers, queues, the work that waits, timers.
 *
 * Cost     the first question reads the names of all loaded types: milliseconds; then a microsecond
 *          an item.
 * Values   without workers and queues when the process has not used its thread pool.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_pool(hgr_state *state, const hgr_pool **out,
                                                 hgr_status *status);

/* ---- checks ---- */

/** One broken promise of the runtime's tables. */
typedef struct hgr_violation {
    const char *kind; /* "handle", "finalizer", "sync-table", "sync-index" */
    const char *text; /* what does not hold; static */
    uint64_t addr;    /* the slot, table entry or object */
    uint64_t value;   /* what was seen there */
} hgr_violation;

/** Called for each violation; false ends the check. */
typedef bool (*hgr_violation_fn)(void *user, const hgr_violation *violation);

/**
 * Check what the runtime's tables say of the heap against the heap: handles and finalization queue
 * hold objects, sync table and object headers name each other, allocation contexts lie in segments.
 *
 * Values   card and brick tables are not read. What is not in the dump is no violation. In the
 * middle of a collection (hgr_runtime_info.gc_in_progress) the sync table is not checked. Cost one
 * look at each object's header. Errors   HGR_NO_MEMORY, HGR_CANCELLED.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_check(hgr_state *state, const hgr_snapshot *snapshot,
                                                  hgr_violation_fn visit, void *user,
                                                  hgr_status *status);

#ifdef __cplusplus
}
#endif
#endif
