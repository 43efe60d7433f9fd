/* clr: instruction pointer -> the method's code: where it starts, its unwind and GC information.
 * Internal to this stage. */
#ifndef HGR_CLR_CODE_H
#define HGR_CLR_CODE_H

#include "clr.h"

typedef enum hgr_code_kind {
    HGR_CODE_NONE, /* nothing that the runtime knows: native code, or tables not in the dump */
    HGR_CODE_STUB, /* the runtime's own small pieces of code: no method, no unwind information */
    HGR_CODE_JIT,  /* compiled in the process */
    HGR_CODE_READY /* compiled ahead (ReadyToRun), part of an image */
} hgr_code_kind;

/** The piece of code around one address: a method's main body or one of its funclets (handlers,
 * filters). */
typedef struct hgr_clr_code {
    hgr_code_kind kind;
    bool is_funclet;
    uint64_t method_addr;          /* MethodDesc; 0 for stubs and where no table names one */
    uint64_t base_addr;            /* what the 32-bit offsets of unwind tables count from */
    uint64_t method_start_addr;    /* of the main body: what GC information counts from */
    uint64_t start_addr, end_addr; /* of this piece, half open */
    uint64_t unwind_addr;          /* UNWIND_INFO of this piece */
    uint64_t main_unwind_addr;     /* of the main body */
    uint64_t gc_info_addr;         /* 0 = not known */
    uint64_t clauses_addr;         /* of the JIT's exception clauses, 0 = none */
    uint64_t ready_info_addr;      /* ReadyToRunInfo of precompiled code */
} hgr_clr_code;

/** Is it a method's code? Else native code, or the runtime's own. */
static inline bool hgr_clr_code_is_method(const hgr_clr_code *code)
{
    return (code->kind == HGR_CODE_JIT || code->kind == HGR_CODE_READY) && code->method_addr != 0;
}

/** Code lookup with what it has read so far. One caller at a time. */
typedef struct hgr_clr_codes hgr_clr_codes;
HGR_MUST_CHECK hgr_result hgr_clr_codes_create(const hgr_runtime *runtime, const hgr_run *run,
                                               hgr_clr_codes **out, hgr_status *status);
void hgr_clr_codes_free(hgr_clr_codes *codes);

/**
 * Values   out->kind is HGR_CODE_NONE when ip is in no code of the runtime.
 * Cost     a microsecond; the first address in a precompiled image reads its entry points once.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE (entry points).
 */
HGR_MUST_CHECK hgr_result hgr_clr_code_find(hgr_clr_codes *codes, uint64_t ip, hgr_clr_code *out,
                                            hgr_status *status);

/** Is it a funclet that decides whether an exception is handled (when), while the frames that threw
 * it still live? */
bool hgr_clr_code_is_filter(const hgr_runtime *runtime, const hgr_clr_code *code);

#endif
