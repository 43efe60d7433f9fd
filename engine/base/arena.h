/* base: memory that dies all at once: names, type tables, the records of one query. */
#ifndef HGR_BASE_ARENA_H
#define HGR_BASE_ARENA_H

#include "alloc.h"

/** Zero-initialise, set run, use, then hgr_arena_fini. Not for several threads at once. */
typedef struct hgr_arena {
    const hgr_run          *run;
    struct hgr_arena_chunk *chunks; /* newest first */
    size_t                  used, capacity; /* bytes of the newest chunk */
} hgr_arena;

void hgr_arena_init(hgr_arena *arena, const hgr_run *run);
/** Frees everything the arena gave out. */
void hgr_arena_fini(hgr_arena *arena);
/** bytes zeroed, 16-byte aligned; NULL with status filled (HGR_NO_MEMORY). */
void *hgr_arena_alloc(hgr_arena *arena, size_t bytes, hgr_status *status);
/** A terminated copy of text[0 .. len). */
char *hgr_arena_text(hgr_arena *arena, const char *text, size_t len, hgr_status *status);

#endif
