/* heapgraph: managed threads, their stacks and the references on them. Does not walk the heap. */
#ifndef HEAPGRAPH_STACKS_H
#define HEAPGRAPH_STACKS_H

#include <heapgraph/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All stacks of a process, read once. Immutable: share it between threads freely. */
typedef struct hgr_stacks hgr_stacks;

/**
 * Walk the stacks of all managed threads and read what they refer to.
 *
 * Cost     microseconds a frame, whatever the heap's size.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED, HGR_TOO_LARGE. A stack that cannot be followed is no
 *          error: see hgr_stack_end.
 * Owner    caller frees with hgr_stacks_free; runtime and its dump must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_stacks_create(const hgr_runtime *runtime, const hgr_run *run,
                                                    hgr_stacks **out, hgr_status *status);
HGR_API void hgr_stacks_free(hgr_stacks *stacks);

/** How far a stack was followed. */
typedef enum hgr_stack_end {
    HGR_STACK_COMPLETE,     /* to the thread's first frame */
    HGR_STACK_LOST,         /* no table leads on: older frames were not seen */
    HGR_STACK_TOO_DEEP,     /* stopped after 262,144 frames */
    HGR_STACK_NO_REGISTERS, /* the dump has no registers of this thread: it has ended or not begun
                             */
    HGR_STACK_ENDS
} hgr_stack_end;
/** "complete", "lost", "too-deep", "no-registers". */
HGR_API const char *hgr_stack_end_name(hgr_stack_end end);

/** What a thread is blocked on, as far as its runtime noted it. */
typedef enum hgr_wait_kind {
    HGR_WAIT_NONE,  /* running, asleep, or in a wait that the runtime notes nowhere */
    HGR_WAIT_ENTER, /* to enter a lock (Monitor.Enter) */
    HGR_WAIT_PULSE, /* inside a lock it has left for the time being (Monitor.Wait) */
    HGR_WAIT_KINDS
} hgr_wait_kind;
/** "none", "enter", "pulse". */
HGR_API const char *hgr_wait_kind_name(hgr_wait_kind kind);

/** One managed thread. Text valid until the stacks are freed. */
typedef struct hgr_managed_thread {
    uint64_t thread_addr; /* the runtime's Thread */
    uint64_t object_addr; /* the System.Threading.Thread, 0 = none */
    uint32_t id;          /* managed */
    uint32_t os_id;       /* 0 = not started or ended */
    uint32_t state;       /* the runtime's bits */
    bool is_dead, is_unstarted, is_background, is_pool_worker, is_finalizer;
    bool is_cooperative;     /* GC mode: a collection would have to wait for it */
    const char *name;        /* NULL = none */
    uint64_t exception_addr; /* last thrown exception, 0 = none */
    const char *exception_type;
    hgr_wait_kind wait;
    uint64_t wait_addr; /* the object whose lock it waits for, 0 = unknown */
    const char *wait_type;
    int32_t wait_timeout_ms;                    /* -1 = for ever */
    uint64_t stack_base_addr, stack_limit_addr; /* high and low end */
    hgr_stack_end end;
    size_t first_frame, nframes; /* youngest first */
    size_t first_root, nroots;   /* by frame */
} hgr_managed_thread;

/** In the order of the runtime's list. */
HGR_API size_t hgr_stacks_threads(const hgr_stacks *stacks);
HGR_API const hgr_managed_thread *hgr_stacks_thread(const hgr_stacks *stacks, size_t index);

typedef enum hgr_frame_kind {
    HGR_FRAME_NATIVE,
    HGR_FRAME_MANAGED,
    HGR_FRAME_STUB, /* the runtime's own glue */
    HGR_FRAME_KINDS
} hgr_frame_kind;
/** "native", "managed", "stub". */
HGR_API const char *hgr_frame_kind_name(hgr_frame_kind kind);

/** How a walk came to a frame. */
typedef enum hgr_frame_reached {
    HGR_REACHED_THREAD,   /* the thread's own registers */
    HGR_REACHED_UNWIND,   /* unwind tables of the frame before it */
    HGR_REACHED_EXPLICIT, /* the runtime's list of frames, where no table leads on */
    HGR_REACHED_CHAIN,    /* x86: the saved frame pointer, or the method's prologue */
    HGR_REACHED_SEARCH,   /* x86, where the chain breaks: the next return address in a method */
    HGR_REACHED_WAYS
} hgr_frame_reached;
/** "thread", "unwind", "explicit", "chain", "search". */
HGR_API const char *hgr_frame_reached_name(hgr_frame_reached reached);

/** Where the references of a frame come from. */
typedef enum hgr_frame_roots {
    HGR_ROOTS_NONE,    /* native code that holds none by itself */
    HGR_ROOTS_PRECISE, /* GC information: every live slot, nothing else */
    HGR_ROOTS_COVERED, /* reported by a younger frame of the same method, or left by an exception */
    HGR_ROOTS_CONSERVATIVE, /* every word of the frame that points into the heap: may be stale */
    HGR_ROOTS_WAYS
} hgr_frame_roots;
/** "none", "precise", "covered", "conservative". */
HGR_API const char *hgr_frame_roots_name(hgr_frame_roots roots);

/** One frame. Text valid until the stacks are freed. */
typedef struct hgr_stack_frame {
    hgr_frame_kind kind;
    hgr_frame_reached reached;
    hgr_frame_roots roots;
    uint64_t ip, sp;
    uint64_t method_addr;   /* MethodDesc of a managed frame, else 0 */
    const char *method;     /* "Shop.Cart.Add(System.String, Int32)"; NULL when not managed */
    const char *module;     /* path of the image or assembly, "" = unknown */
    uint64_t module_offset; /* native: of ip in its image */
    bool is_funclet;        /* a handler, filter or finally block of the method */
    size_t first_root, nroots;
} hgr_stack_frame;

HGR_API size_t hgr_stacks_frames(const hgr_stacks *stacks);
HGR_API const hgr_stack_frame *hgr_stacks_frame(const hgr_stacks *stacks, size_t index);

/** One reference on a stack. Text valid until the stacks are freed. */
typedef struct hgr_stack_root {
    uint64_t value; /* the reference, never 0; points to an object or, when interior, into one */
    uint64_t slot_addr; /* where it lies, 0 = in a register */
    uint32_t thread;    /* index for hgr_stacks_thread */
    size_t frame;       /* index for hgr_stacks_frame; SIZE_MAX = in no frame that was seen */
    bool interior;      /* may point inside an object, or to no object of the heap */
    bool pinned;
    bool conservative; /* a word that looks like a reference */
    const char *place; /* "local in rsi", "local at [rbp-0x18]", "argument at [caller sp+0x8]",
                          "stack word", "rsi"; never NULL */
} hgr_stack_root;

HGR_API size_t hgr_stacks_roots(const hgr_stacks *stacks);
HGR_API const hgr_stack_root *hgr_stacks_root(const hgr_stacks *stacks, size_t index);

#ifdef __cplusplus
}
#endif
#endif
