/* bench: the least a heap walk can cost: one plain loop over the mapped segments, sizes from the method
 * tables, count and bytes per type, nothing else. The row that the engine's walk is measured against.
 *
 * usage: plain_walk DUMP [THREADS]   prints objects (Free included), bytes, seconds, ns per object.
 * It asks the library for the segments only; allocation contexts are stepped over word by word. */
#include <heapgraph/heapgraph.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE 65536u /* method tables, open addressing */

struct type {
    uint64_t method_table, base, component, count, bytes;
};

struct walk {
    const hgr_dump *dump;
    struct type    *types;
    uint64_t        objects, bytes;
};

static struct type *find(struct walk *walk, uint64_t mt)
{
    uint32_t slot = (uint32_t)(mt * UINT64_C(0x9e3779b97f4a7c15) >> 48) & (TABLE - 1);
    while (walk->types[slot].method_table != mt && walk->types[slot].method_table != 0)
        slot = (slot + 1) & (TABLE - 1);
    struct type *type = &walk->types[slot];
    if (type->method_table == mt)
        return type;
    uint32_t words[2];
    if (!hgr_dump_read(walk->dump, mt, words, sizeof words) || words[1] < 16) /* a string: 22 */
        return NULL;
    type->method_table = mt;
    type->base = words[1];
    type->component = words[0] & 0x80000000u ? words[0] & 0xffffu : 0;
    return type;
}

static void walk_bytes(struct walk *walk, const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 24) {
        uint64_t mt;
        memcpy(&mt, at, 8);
        mt &= ~UINT64_C(7);
        struct type *type = mt ? find(walk, mt) : NULL;
        if (!type) {
            at += 8;
            continue;
        }
        uint32_t length;
        memcpy(&length, at + 8, 4);
        uint64_t bytes = type->base + type->component * length;
        bytes = bytes < 24 ? 24 : bytes;
        type->count++;
        type->bytes += bytes;
        walk->objects++;
        walk->bytes += bytes;
        uint64_t step = (bytes + 7) & ~UINT64_C(7);
        if (step > (uint64_t)(end - at))
            return;
        at += step;
    }
}

/* The part of a segment that one range of the dump holds. */
static void walk_segment(struct walk *walk, const hgr_segment *segment)
{
    for (size_t r = 0; r < hgr_dump_ranges(walk->dump); r++) {
        const hgr_range *range = hgr_dump_range(walk->dump, r);
        uint64_t start = segment->start_addr > range->start_addr ? segment->start_addr : range->start_addr;
        uint64_t end = segment->end_addr < range->end_addr ? segment->end_addr : range->end_addr;
        if (start < end)
            walk_bytes(walk, range->bytes + (start - range->start_addr),
                       range->bytes + (end - range->start_addr));
    }
}

int main(int argc, char **argv)
{
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    hgr_runtime *runtime = NULL;
    hgr_status why = {HGR_BAD_ARGUMENT, 0, 0, 0, "usage: plain_walk DUMP"};
    struct walk walk = {.types = calloc(TABLE, sizeof(struct type))};
    if (argc != 2 || !walk.types || hgr_run_create(1, &run, &why) != HGR_OK ||
        hgr_dump_open(argv[1], NULL, run, &dump, &why) != HGR_OK ||
        hgr_runtime_open(dump, NULL, run, &runtime, &why) != HGR_OK) {
        fprintf(stderr, "plain_walk: %s\n", why.text);
        return 3;
    }
    walk.dump = dump;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (size_t s = 0; s < hgr_runtime_segments(runtime); s++)
        walk_segment(&walk, hgr_runtime_segment(runtime, s));
    clock_gettime(CLOCK_MONOTONIC, &after);
    double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9;
    printf("%" PRIu64 " objects %" PRIu64 " bytes %.3f s %.1f ns/object\n", walk.objects, walk.bytes,
           seconds, walk.objects ? seconds * 1e9 / (double)walk.objects : 0.0);
    hgr_runtime_close(runtime);
    hgr_dump_close(dump);
    hgr_run_free(run);
    free(walk.types);
    return 0;
}
