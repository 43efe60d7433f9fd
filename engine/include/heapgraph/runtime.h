/* heapgraph: the .NET runtime found in a dump: version, GC, segments. Does not walk the heap. */
#ifndef HEAPGRAPH_RUNTIME_H
#define HEAPGRAPH_RUNTIME_H

#include <heapgraph/dump.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hgr_runtime hgr_runtime;

/** Initialise with = {0}. */
typedef struct hgr_runtime_options {
    uint32_t number;          /* which runtime of the process, as hgr_runtime_place counts from 1;
                                 0 = the one with the largest heap, the first of equal ones */
    bool     shape_search;    /* ignore exports, resource and descriptor: find the tables by shape */
    bool     heap_search;     /* ignore the tables too: find segments and types by the heap's own shape
                                 (collectors with segments only), as is done where nothing else helps */
    bool     cross_check;     /* hold the segments of the lists against those found by shape */
} hgr_runtime_options;

/** Where an object lives; also the generation column of every answer. */
typedef enum hgr_generation {
    HGR_GEN0 = 0,
    HGR_GEN1 = 1,
    HGR_GEN2 = 2,
    HGR_LOH = 3,
    HGR_POH = 4,
    HGR_FROZEN = 5
} hgr_generation;
#define HGR_GENERATIONS 6

/** "gen0", "gen1", "gen2", "loh", "poh", "frozen". */
HGR_API const char *hgr_generation_name(hgr_generation generation);

/**
 * One piece of the GC heap that is walked as a whole: a region, or a segment (cut at generation
 * boundaries where a segment holds several). Pieces ascend by address and do not overlap.
 */
typedef struct hgr_segment {
    uint64_t start_addr;    /* first object */
    uint64_t end_addr;      /* end of the allocated objects */
    uint64_t committed_addr; /* end of committed memory (same as end_addr for an inner piece) */
    uint64_t reserved_addr; /* end of reserved memory */
    uint64_t segment_addr;  /* the runtime's heap_segment structure */
    uint32_t heap;          /* 0 for workstation GC */
    uint8_t  generation;    /* hgr_generation */
} hgr_segment;

/** What the runtime is. Text valid until the runtime is closed. */
typedef struct hgr_runtime_info {
    const char *name;        /* ".NET", ".NET Core", ".NET Framework" */
    const char *version;     /* "10.0.12" as far as known, else "10.0" */
    uint32_t    major, minor, patch; /* patch UINT32_MAX when unknown */
    const char *module_path; /* path of libcoreclr.so, coreclr.dll, clr.dll */
    uint64_t    module_addr;
    const char *found_by;    /* "export", "writable-page search", "contract descriptor", ... */
    const char *layout;      /* "verified for 10.0", "layout of 10, checks passed", ... */
    const char *unknown;     /* what this way of finding it cannot know, in words; "" = nothing */
    bool        server_gc;
    bool        regions;     /* regions, else segments */
    bool        standalone_gc;
    bool        dynamic_adaptation; /* DATAS */
    bool        gc_in_progress; /* dump taken in the middle of a collection */
    bool no_core_metadata; /* names can only come from module files: the core library's are lost */
    uint32_t    heaps;
    uint64_t    committed_bytes; /* of all segments */
    uint64_t    used_bytes;      /* start to end of all segments */
    uint64_t    absent_bytes;    /* used bytes whose memory is not in the dump */
} hgr_runtime_info;

/** One of the runtimes that are loaded in the process. */
typedef struct hgr_runtime_place {
    const char *name;    /* ".NET", ".NET Core", ".NET Framework" */
    const char *version; /* "10.0.12" as far as known, "" = unknown */
    const char *module_path;
    uint64_t module_addr;
    uint64_t used_bytes; /* of its heap; 0 where it was not opened */
    const char *refusal; /* why it cannot be read, NULL = it can, or was not tried */
} hgr_runtime_place;

/**
 * Find the runtime in a dump, its layout and its GC segments. Milliseconds for any heap size.
 *
 * Values   Without a number every runtime of the process is opened and the largest heap kept.
 * Errors   HGR_NOT_FOUND (no .NET runtime in the dump, or none of that number), HGR_UNSUPPORTED (a
 * runtime nothing here reads), HGR_BAD_DATA (self checks fail), HGR_TRUNCATED (the dump lacks what
 * is needed). Owner    caller closes with hgr_runtime_close; dump must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_runtime_open(const hgr_dump *dump,
                                                   const hgr_runtime_options *options,
                                                   const hgr_run *run, hgr_runtime **out,
                                                   hgr_status *status);
HGR_API void hgr_runtime_close(hgr_runtime *runtime);

HGR_API const hgr_runtime_info *hgr_runtime_get_info(const hgr_runtime *runtime);

/** All runtimes of the process, ascending by module address; one nearly always. */
HGR_API size_t hgr_runtime_places(const hgr_runtime *runtime);
HGR_API const hgr_runtime_place *hgr_runtime_place_at(const hgr_runtime *runtime, size_t index);
/** Which of them this is: 1 = the first. */
HGR_API uint32_t hgr_runtime_number(const hgr_runtime *runtime);
HGR_API size_t hgr_runtime_segments(const hgr_runtime *runtime);
HGR_API const hgr_segment *hgr_runtime_segment(const hgr_runtime *runtime, size_t index);

/** Self checks made at open: text of the index-th one that failed; NULL past the last. */
HGR_API const char *hgr_runtime_warning(const hgr_runtime *runtime, size_t index);

#ifdef __cplusplus
}
#endif
#endif
