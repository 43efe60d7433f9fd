/* base: region memory in growing chunks; red zones under address sanitizer. */
#include "arena.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HGR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HGR_ASAN 1
#endif
#endif
#ifdef HGR_ASAN
#include <sanitizer/asan_interface.h>
#define RED_ZONE 16
#else
#define RED_ZONE 0
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

#define FIRST_CHUNK 4096
#define MAX_CHUNK   (1u << 20)

struct hgr_arena_chunk {
    struct hgr_arena_chunk *next;
    size_t                  bytes; /* payload */
    size_t                  pad[6];
    char                    payload[];
};

void hgr_arena_init(hgr_arena *arena, const hgr_run *run)
{
    *arena = (hgr_arena){.run = run};
}

void hgr_arena_fini(hgr_arena *arena)
{
    while (arena->chunks) {
        struct hgr_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        ASAN_UNPOISON_MEMORY_REGION(chunk->payload, chunk->bytes);
        hgr_free(chunk);
    }
    arena->used = arena->capacity = 0;
}

static bool add_chunk(hgr_arena *arena, size_t need, hgr_status *status)
{
    size_t bytes = arena->capacity < FIRST_CHUNK / 2 ? FIRST_CHUNK : arena->capacity * 2;
    if (bytes > MAX_CHUNK)
        bytes = MAX_CHUNK;
    if (bytes < need)
        bytes = need;
    struct hgr_arena_chunk *chunk;
    if (hgr_alloc(arena->run, 1, sizeof *chunk + bytes, "arena", &chunk, status) != HGR_OK)
        return false;
    chunk->next = arena->chunks;
    chunk->bytes = bytes;
    arena->chunks = chunk;
    arena->used = 0;
    arena->capacity = bytes;
    ASAN_POISON_MEMORY_REGION(chunk->payload, bytes);
    return true;
}

void *hgr_arena_alloc(hgr_arena *arena, size_t bytes, hgr_status *status)
{
    size_t need = ((bytes + 15) & ~(size_t)15) + RED_ZONE;
    if (bytes > SIZE_MAX / 4)
        need = SIZE_MAX / 4;
    if (need > arena->capacity - arena->used && !add_chunk(arena, need, status))
        return NULL;
    char *at = arena->chunks->payload + arena->used;
    arena->used += need;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
}

char *hgr_arena_text(hgr_arena *arena, const char *text, size_t len, hgr_status *status)
{
    char *copy = hgr_arena_alloc(arena, len + 1, status);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}
