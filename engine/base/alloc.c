/* base: checked array allocation, memory budget, and the test hook that fails the k-th call.
 *
 * Each block has a 64-byte header in front: its size, how it was made, and the run whose budget it
 * counts against. Blocks of MAP_BYTES and more are mappings of their own: freeing returns the pages
 * at once, fresh pages are zero without a memset, and resizing moves page tables, not bytes. */
#define _GNU_SOURCE
#include "alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "status.h"

#define HEADER_BYTES 64
#define MAP_BYTES    (1u << 20)
#define HUGE_BYTES   (4u << 20) /* blocks from here on ask for 2 MiB pages */
#define RESERVED_HUGE_BYTES (64u << 20) /* the same for address space, of which a part is used */

struct header {
    hgr_run *run;
    size_t   bytes;  /* counted; header included */
    size_t   mapping; /* length of the mapping, 0 = from the heap */
};

_Static_assert(sizeof(struct header) <= HEADER_BYTES, "header fits in front of the block");

static struct header *header_of(void *pointer)
{
    return (struct header *)(void *)((char *)pointer - HEADER_BYTES);
}

/* Counters are statistics of the run, the one thing a const run lets change. */
static bool charge(hgr_run *run, size_t bytes)
{
    uint64_t countdown = atomic_load_explicit(&run->fail_countdown, memory_order_relaxed);
    if (countdown) {
        atomic_store_explicit(&run->fail_countdown, countdown - 1, memory_order_relaxed);
        if (countdown == 1)
            return false;
    }
    uint64_t now =
        atomic_fetch_add_explicit(&run->memory_bytes, bytes, memory_order_relaxed) + bytes;
    if (run->memory_limit_bytes && now > run->memory_limit_bytes) {
        atomic_fetch_sub_explicit(&run->memory_bytes, bytes, memory_order_relaxed);
        return false;
    }
    uint64_t peak = atomic_load_explicit(&run->memory_peak_bytes, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak_explicit(&run->memory_peak_bytes, &peak, now,
                                                                memory_order_relaxed,
                                                                memory_order_relaxed)) {
    }
    return true;
}

static void discharge(hgr_run *run, size_t bytes)
{
    atomic_fetch_sub_explicit(&run->memory_bytes, bytes, memory_order_relaxed);
}

static hgr_result refuse(const hgr_run *run, size_t count, size_t size, const char *what,
                         hgr_status *status)
{
    if (run->memory_limit_bytes)
        return hgr_fail(status, HGR_NO_MEMORY, "%s: %zu x %zu bytes refused, %llu in use, limit %llu",
                        what, count, size, (unsigned long long)hgr_run_memory_bytes(run),
                        (unsigned long long)run->memory_limit_bytes);
    return hgr_fail(status, HGR_NO_MEMORY, "%s: %zu x %zu bytes refused", what, count, size);
}

/* Whole block size with header; false on overflow. */
static bool block_bytes(size_t count, size_t size, size_t *out)
{
    size_t bytes;
    if (!hgr_mul_size(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return false;
    bytes = (bytes + 63) & ~(size_t)63;
    *out = bytes + HEADER_BYTES;
    return true;
}

/* First touch of 4 KiB pages runs at 1.8 GB/s here, of 2 MiB pages at 9 GB/s (bench_scan: a quarter of
 * the scan). Only a wish: the kernel may be set to ignore it. */
static void ask_for_huge_pages(void *block, size_t bytes)
{
    if (bytes >= HUGE_BYTES)
        (void)madvise(block, bytes, MADV_HUGEPAGE);
}

static void *take(size_t bytes, bool *out_mapped)
{
    *out_mapped = bytes >= MAP_BYTES;
    if (*out_mapped) {
        void *block =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            return NULL;
        ask_for_huge_pages(block, bytes);
        return block;
    }
    void *block = aligned_alloc(64, bytes);
    if (block)
        memset(block, 0, bytes);
    return block;
}

hgr_result hgr_alloc(const hgr_run *run, size_t count, size_t size, const char *what,
                     void *out_pointer, hgr_status *status)
{
    hgr_run *budget = (hgr_run *)(uintptr_t)run;
    size_t bytes;
    if (!block_bytes(count, size, &bytes) || !charge(budget, bytes))
        return refuse(run, count, size, what, status);
    bool mapped;
    char *block = take(bytes, &mapped);
    if (!block) {
        discharge(budget, bytes);
        return refuse(run, count, size, what, status);
    }
    *(struct header *)(void *)block = (struct header){budget, bytes, mapped ? bytes : 0};
    block += HEADER_BYTES;
    memcpy(out_pointer, &block, sizeof block);
    return HGR_OK;
}

hgr_result hgr_reserve(const hgr_run *run, size_t max_count, size_t size, const char *what,
                       void *out_pointer, hgr_status *status)
{
    hgr_run *budget = (hgr_run *)(uintptr_t)run;
    size_t bytes;
    if (!block_bytes(max_count, size, &bytes))
        return refuse(run, max_count, size, what, status);
    char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        return refuse(run, max_count, size, what, status);
    if (bytes >= RESERVED_HUGE_BYTES)
        ask_for_huge_pages(block, bytes);
    *(struct header *)(void *)block = (struct header){budget, 0, bytes};
    block += HEADER_BYTES;
    memcpy(out_pointer, &block, sizeof block);
    return HGR_OK;
}

hgr_result hgr_commit(const hgr_run *run, void *pointer, size_t count, size_t size,
                      const char *what, hgr_status *status)
{
    struct header *header = header_of(pointer);
    size_t bytes;
    if (!block_bytes(count, size, &bytes) || bytes > header->mapping)
        return refuse(run, count, size, what, status);
    if (bytes <= header->bytes)
        return HGR_OK;
    if (!charge(header->run, bytes - header->bytes))
        return refuse(run, count, size, what, status);
    header->bytes = bytes;
    return HGR_OK;
}

void hgr_free(void *pointer)
{
    if (!pointer)
        return;
    struct header *header = header_of(pointer);
    discharge(header->run, header->bytes);
    if (header->mapping)
        munmap(header, header->mapping);
    else
        free(header);
}

/* A mapping that stays a mapping is moved by the kernel without copying. */
static hgr_result remap(const hgr_run *run, char **pointer, size_t count, size_t size, size_t bytes,
                        const char *what, hgr_status *status)
{
    struct header *header = header_of(*pointer);
    hgr_run *budget = header->run;
    size_t old = header->bytes;
    if (bytes > old && !charge(budget, bytes - old))
        return refuse(run, count, size, what, status);
    void *block = mremap(header, header->mapping, bytes, MREMAP_MAYMOVE);
    if (block == MAP_FAILED) {
        if (bytes > old)
            discharge(budget, bytes - old);
        return refuse(run, count, size, what, status);
    }
    if (bytes < old)
        discharge(budget, old - bytes);
    if (old < HUGE_BYTES)
        ask_for_huge_pages(block, bytes);
    ((struct header *)block)->bytes = bytes;
    ((struct header *)block)->mapping = bytes;
    *pointer = (char *)block + HEADER_BYTES;
    return HGR_OK;
}

hgr_result hgr_resize(const hgr_run *run, void *pointer_to_pointer, size_t count, size_t size,
                      const char *what, hgr_status *status)
{
    char *old;
    memcpy(&old, pointer_to_pointer, sizeof old);
    size_t bytes;
    if (!block_bytes(count, size, &bytes))
        return refuse(run, count, size, what, status);
    if (old && header_of(old)->mapping && bytes >= MAP_BYTES) {
        hgr_result result = remap(run, &old, count, size, bytes, what, status);
        memcpy(pointer_to_pointer, &old, sizeof old);
        return result;
    }
    char *fresh = NULL;
    hgr_result result = hgr_alloc(run, count, size, what, &fresh, status);
    if (result != HGR_OK)
        return result;
    if (old) {
        size_t had = header_of(old)->bytes; /* 0 where nothing is committed yet */
        had = had > HEADER_BYTES ? had - HEADER_BYTES : 0;
        size_t have = bytes - HEADER_BYTES;
        memcpy(fresh, old, had < have ? had : have);
        hgr_free(old);
    }
    memcpy(pointer_to_pointer, &fresh, sizeof fresh);
    return HGR_OK;
}

hgr_result hgr_grow(const hgr_run *run, void *pointer_to_pointer, size_t *capacity, size_t need,
                    size_t limit, size_t size, const char *what, hgr_status *status)
{
    if (need <= *capacity)
        return HGR_OK;
    if (need > limit)
        return hgr_fail(status, HGR_TOO_LARGE, "%s: more than %zu", what, limit);
    size_t wanted = *capacity < 16 ? 16 : *capacity;
    while (wanted < need)
        wanted = wanted > limit / 2 ? limit : wanted * 2;
    hgr_result result = hgr_resize(run, pointer_to_pointer, wanted, size, what, status);
    if (result == HGR_OK)
        *capacity = wanted;
    return result;
}
