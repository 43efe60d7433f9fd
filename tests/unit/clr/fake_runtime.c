/* The hand-written process: see fake_runtime.h. */
#include "fake_runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

uint64_t fake_at(size_t at)
{
    return FAKE_BASE + at;
}

void fake_u8(struct fake *fake, size_t at, uint8_t value)
{
    fake->bytes[at] = value;
}

void fake_u32(struct fake *fake, size_t at, uint32_t value)
{
    memcpy(fake->bytes + at, &value, sizeof value);
}

void fake_u64(struct fake *fake, size_t at, uint64_t value)
{
    memcpy(fake->bytes + at, &value, sizeof value);
}

void fake_set_global(struct fake *fake, uint32_t entry, uint64_t value)
{
    fake_u64(fake, AT_VARIABLES + 16 * (size_t)entry, value);
}

static void make_globals(struct fake *fake)
{
    for (uint32_t i = 0; i < 138; i++)
        fake_u64(fake, AT_TABLE + 8 * (size_t)i, fake_at(AT_VARIABLES + 16 * (size_t)i));
    fake_set_global(fake, 15, fake_at(AT_STORE));
    fake_set_global(fake, 18, fake->flags & FAKE_SERVER ? 2 : 1);
    fake_set_global(fake, 19, fake_at(AT_GC));
    fake_set_global(fake, 42, fake_at(AT_TYPES));
    fake_set_global(fake, 45, fake_at(AT_TYPES + 0x100));
    fake_set_global(fake, 56, fake_at(AT_TYPES + 0x200));
}

static void make_type(struct fake *fake, size_t at, uint32_t flags, uint32_t base_size,
                      uint64_t parent)
{
    fake_u32(fake, at, flags);
    fake_u32(fake, at + 4, base_size);
    fake_u64(fake, at + 16, parent);
    fake_u64(fake, at + 24, fake_at(AT_MODULE));
}

/* PE32+ headers that lead to metadata with three types: <Module>, System.Object, System.String. */
static void make_core_library(struct fake *fake, size_t at)
{
    static const char strings[] = "\0<Module>\0System\0Object\0String";
    static const uint16_t names[3][2] = {{1, 0}, {17, 10}, {24, 10}};
    size_t root = at + 0x500, tables = root + 0x80;
    memcpy(fake->bytes + at, "MZ", 2);
    fake_u32(fake, at + 0x3c, 0x80);
    memcpy(fake->bytes + at + 0x80, "PE\0\0", 4);
    fake_u32(fake, at + 0x84, 0x00018664);        /* x64, one section */
    fake_u32(fake, at + 0x94, 240);               /* of optional header */
    fake_u32(fake, at + 0x98, 0x20b);             /* PE32+ */
    fake_u32(fake, at + 0x98 + 60, 0x200);        /* headers */
    fake_u32(fake, at + 0x98 + 108, 16);          /* directories */
    fake_u32(fake, at + 0x98 + 112 + 112, 0x400); /* the 14th: COR20 */
    fake_u32(fake, at + 0x98 + 112 + 116, 72);
    fake_u32(fake, at + 0x98 + 240 + 8, 0x1000); /* section: size, address, raw size, raw offset */
    fake_u32(fake, at + 0x98 + 240 + 12, 0);
    fake_u32(fake, at + 0x98 + 240 + 16, 0x1000);
    fake_u32(fake, at + 0x98 + 240 + 20, 0);
    fake_u32(fake, at + 0x400, 72);
    fake_u32(fake, at + 0x404, 0x00050002);
    fake_u32(fake, at + 0x408, 0x500);
    fake_u32(fake, at + 0x40c, 0x300);
    memcpy(fake->bytes + root, "BSJB\1\0\1\0", 8);
    fake_u32(fake, root + 12, 12);
    memcpy(fake->bytes + root + 16, "v4.0.30319", 10);
    fake_u32(fake, root + 28, 3 << 16); /* flags, streams */
    fake_u32(fake, root + 32, 0x80);
    fake_u32(fake, root + 36, 0x100);
    memcpy(fake->bytes + root + 40, "#~", 2);
    fake_u32(fake, root + 44, 0x180);
    fake_u32(fake, root + 48, 0x40);
    memcpy(fake->bytes + root + 52, "#Strings", 8);
    fake_u32(fake, root + 64, 0x200);
    fake_u32(fake, root + 68, 0x100);
    memcpy(fake->bytes + root + 72, "#Blob", 5);
    fake_u8(fake, tables + 4, 2);
    fake_u8(fake, tables + 7, 1);
    fake_u64(fake, tables + 8, 1u << 2); /* TypeDef alone */
    fake_u32(fake, tables + 24, 3);
    for (size_t i = 0; i < 3; i++) { /* flags, name, namespace, extends, fields, methods */
        fake_u32(fake, tables + 28 + 14 * i + 4, names[i][0] | (uint32_t)names[i][1] << 16);
        fake_u32(fake, tables + 28 + 14 * i + 10, 1 | 1 << 16);
    }
    memcpy(fake->bytes + root + 0x180, strings, sizeof strings);
}

static void make_types(struct fake *fake)
{
    make_type(fake, AT_TYPES, 0x200, 24, 0);
    make_type(fake, AT_TYPES + 0x100, 0x80000002, 22, fake_at(AT_TYPES));
    make_type(fake, AT_TYPES + 0x200, 0x80000001, 24, 0);
    make_type(fake, AT_TYPES + 0x300, 0x200, 32, fake_at(AT_TYPES));
    fake_u32(fake, AT_TYPES + 8, 2 << 8); /* rows of the core library's metadata */
    fake_u32(fake, AT_TYPES + 0x108, 3 << 8);
    fake_u64(fake, AT_MODULE + 224, fake_at(AT_CORELIB));
    make_core_library(fake, AT_CORELIB);
}

/* A gen0 context in the first region: objects up to + 0x128, a hole to + 0x200 + 24. */
#define CONTEXT_START (AT_OBJECTS + 0x128)
#define CONTEXT_LIMIT (AT_OBJECTS + 0x200)

static void make_threads(struct fake *fake)
{
    fake_u64(fake, AT_STORE + 88, fake_at(AT_THREADS + 112));
    fake_u32(fake, AT_STORE + 112, 3);
    for (uint32_t i = 0; i < 3; i++) {
        size_t at = AT_THREADS + 0x400 * (size_t)i;
        bool dead = i == 2;
        fake_u32(fake, at, dead ? 0x800 : 0x2020);
        fake_u32(fake, at + 16, i + 1);
        fake_u64(fake, at + 32, fake_at(at + 0x300));
        fake_u64(fake, at + 112, i < 2 ? fake_at(at + 0x400 + 112) : 0);
        fake_u64(fake, at + 0x78, fake_at(AT_STACKS + 0x1000 * (size_t)(i + 1)));
        fake_u64(fake, at + 0x80, fake_at(AT_STACKS + 0x1000 * (size_t)i));
        fake_u32(fake, at + 296, dead ? 0xbaad : 100 + i);
        fake->threads[i] = (hgr_thread){.os_id = 100 + i,
                                        .sp = fake_at(AT_STACKS + 0x1000 * (size_t)i + 0xf00),
                                        .nregisters = 16};
    }
    fake_u64(fake, AT_THREADS + 0x300 + 8, fake_at(CONTEXT_START));
    fake_u64(fake, AT_THREADS + 0x300 + 16, fake_at(CONTEXT_LIMIT));
    fake_u64(fake, AT_STACKS + 0xf08, fake_at(AT_OBJECTS + 0x40));
    fake_u64(fake, AT_STACKS + 0xef8, fake_at(AT_OBJECTS + 0x40)); /* below sp: dead */
    fake->threads[1].registers[6] = fake_at(AT_OBJECTS + 0x10048);
}

void fake_set_segment(struct fake *fake, uint32_t i, size_t mem, size_t allocated, size_t committed,
                      size_t reserved, int next, uint64_t flags)
{
    size_t at = AT_SEGMENTS + 0x100 * (size_t)i;
    fake_u64(fake, at, fake_at(allocated));
    fake_u64(fake, at + 8, fake_at(committed));
    fake_u64(fake, at + 16, fake_at(reserved));
    fake_u64(fake, at + 24, fake_at(allocated));
    fake_u64(fake, at + 32, fake_at(mem));
    fake_u64(fake, at + 40, flags);
    fake_u64(fake, at + 48, next < 0 ? 0 : fake_at(AT_SEGMENTS + 0x100 * (size_t)next));
    fake_u64(fake, at + 64, fake_at(AT_HEAP0));
}

/* Four regions in a row, one per list; the last holds a frozen one behind the large objects. */
static void make_segments(struct fake *fake, size_t table)
{
    static const size_t first[5] = {0, 1, 2, 3, SIZE_MAX};
    for (uint32_t i = 0; i < 4; i++) {
        size_t base = AT_OBJECTS + 0x10000 * (size_t)i;
        fake_set_segment(fake, i, base + 0x28, base + 0x400, base + 0x1000, base + 0x10000, -1,
                         i == 3 ? 8 : 0);
        for (size_t at = base + 0x28; at < base + 0x400; at += 24)
            fake_u64(fake, at, fake_at(AT_TYPES));
    }
    for (uint32_t g = 0; g < 5; g++)
        if (first[g] != SIZE_MAX)
            fake_u64(fake, table + 0x100 * (size_t)g + 56, fake_at(AT_SEGMENTS + 0x100 * first[g]));
}

static void make_queue(struct fake *fake, uint32_t heap)
{
    size_t at = AT_QUEUES + 0x800 * (size_t)heap, array = at + 0x100;
    for (uint32_t i = 0; i < 5; i++) /* fill pointers: 2 registered, 1 critical, 1 ready */
        fake_u64(fake, at + 8 * (size_t)i, fake_at(array + 16));
    fake_u64(fake, at + 8 * 5, fake_at(array + 24));
    fake_u64(fake, at + 8 * 6, fake_at(array + 32));
    fake_u64(fake, at + 8 * 7, fake_at(array));
    fake_u64(fake, at + 8 * 8, fake_at(array + 0x200));
    for (uint32_t i = 0; i < 4; i++)
        fake_u64(fake, array + 8 * (size_t)i, fake_at(AT_OBJECTS + 0x28 + 24 * (size_t)i));
}

static void make_gc_variables(struct fake *fake)
{
    fake_u8(fake, AT_GC, 2);
    fake_u8(fake, AT_GC + 1, 4);
    fake_u64(fake, AT_GC + 8, 0x100);
    fake_u64(fake, AT_GC + 16, 5);
    for (uint32_t k = 0; k < 35; k++)
        fake_u64(fake, AT_GC + 0x18 + 8 * (size_t)k, fake_at(AT_GC_VARIABLES + 8 * (size_t)k));
    fake_u64(fake, AT_GC + 0x18 + 8 * 26, fake_at(AT_HANDLE_MAP));
    fake_u64(fake, AT_GC + 0x18 + 8 * 27, fake_at(AT_OFFSETS + 0x40));
    fake_u64(fake, AT_GC + 0x18 + 8 * 28, fake_at(AT_OFFSETS));
    fake_u64(fake, AT_GC + 0x140, fake_at(AT_GC_VARIABLES + 8 * 40));
    fake_u32(fake, AT_OFFSETS, 0);
    fake_u32(fake, AT_OFFSETS + 4, 56);
    fake_u32(fake, AT_OFFSETS + 8, fake->flags & FAKE_SEGMENTS ? 64 : UINT32_MAX);
}

static void make_gc(struct fake *fake)
{
    make_gc_variables(fake);
    size_t table = AT_HEAP0 + 0x400;
    make_segments(fake, table);
    make_queue(fake, 0);
    if (!(fake->flags & FAKE_SERVER)) {
        fake_u64(fake, AT_GC + 0x18 + 8 * 3, fake_at(table));
        fake_u64(fake, AT_GC_VARIABLES + 8 * 7, fake_at(AT_SEGMENTS));
        fake_u64(fake, AT_GC_VARIABLES + 8 * 12, fake_at(AT_OBJECTS + 0x400));
        fake_u64(fake, AT_GC_VARIABLES + 8 * 15, fake_at(AT_QUEUES));
        return;
    }
    make_queue(fake, 1);
    fake_u32(fake, AT_GC_VARIABLES + 8 * 19, 2);
    fake_u64(fake, AT_GC_VARIABLES + 8 * 20, fake_at(AT_HEAPS));
    for (uint32_t k = 0; k < 19; k++)
        fake_u32(fake, AT_OFFSETS + 0x40 + 4 * (size_t)k, k == 18 ? 0x400 : 0x10 + 8 * k);
    for (uint32_t h = 0; h < 2; h++) {
        size_t heap = AT_HEAP0 + 0x1000 * (size_t)h;
        fake_u64(fake, AT_HEAPS + 8 * (size_t)h, fake_at(heap));
        fake_u64(fake, heap + 0x10, h ? 0 : fake_at(AT_OBJECTS + 0x400));
        fake_u64(fake, heap + 0x18, h ? 0 : fake_at(AT_SEGMENTS));
        fake_u64(fake, heap + 0x20, fake_at(AT_QUEUES + 0x800 * (size_t)h));
    }
}

void fake_set_handle(struct fake *fake, uint32_t s, uint32_t block, uint32_t k, uint8_t kind,
                     uint64_t object)
{
    size_t segment = AT_HANDLES + 0x10000 * (size_t)s;
    size_t mask = segment + 0x258 + 8 * (size_t)block + k / 8;
    fake_u8(fake, segment + 0x618 + block, kind);
    fake_u8(fake, mask, (uint8_t)(fake->bytes[mask] & ~(1u << (k % 8))));
    fake_u64(fake, segment + 0x1000 + 8 * ((size_t)block * 64 + k), object);
}

static void make_handles(struct fake *fake)
{
    size_t map = AT_HANDLE_MAP, bucket = map + 0x200, tables = map + 0x300, table = map + 0x400;
    fake_u64(fake, map, fake_at(map + 0x100));
    fake_u64(fake, map + 0x100, fake_at(bucket));
    fake_u64(fake, bucket, fake_at(tables));
    for (uint32_t s = 0; s < 2; s++) { /* one table per processor, one segment each */
        size_t segment = AT_HANDLES + 0x10000 * (size_t)s, at = table + 0x100 * (size_t)s;
        fake_u64(fake, tables + 8 * (size_t)s, fake_at(at));
        fake_u64(fake, at + 0x38, fake_at(segment));
        fake_u64(fake, segment + 0x7d6, fake_at(at));
        memset(fake->bytes + segment + 0x258, 0xff, 960 + 120 + 120); /* free; no types */
    }
    fake_set_handle(fake, 0, 0, 0, 2, fake_at(AT_OBJECTS + 0x28));
    fake_set_handle(fake, 0, 0, 1, 2, 0); /* empty */
    fake_set_handle(fake, 0, 1, 5, 6, fake_at(AT_OBJECTS + 0x40));
    fake_set_handle(fake, 0, 2, 5, 12, fake_at(AT_OBJECTS + 0x58)); /* user data of block 1 */
    fake_u8(fake, AT_HANDLES + 0x690 + 1, 2);
    fake_set_handle(fake, 1, 0, 63, 10, fake_at(AT_OBJECTS + 0x70));
}

void fake_make(struct fake *fake, uint32_t flags)
{
    *fake = (struct fake){.flags = flags};
    assert_int_equal(hgr_run_create(2, &fake->run, NULL), HGR_OK);
    fake->bytes = calloc(1, FAKE_BYTES);
    assert_non_null(fake->bytes);
    make_globals(fake);
    make_types(fake);
    make_gc(fake);
    make_threads(fake);
    make_handles(fake);
    fake->module = (hgr_module){
        .path = "/app/libcoreclr.so", .base_addr = fake_at(AT_IMAGE), .size_bytes = 0x10000};
}

static void add_range(struct fake *fake, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    hgr_range range = {.start_addr = start,
                       .end_addr = end,
                       .bytes = fake->bytes + (start - FAKE_BASE),
                       .access = HGR_ACCESS_READ | HGR_ACCESS_WRITE};
    assert_int_equal(hgr_space_add(&fake->dump.space, &range, NULL), HGR_OK);
}

void fake_seal(struct fake *fake, uint64_t hole, uint64_t hole_end)
{
    hgr_dump *dump = &fake->dump;
    dump->run = fake->run;
    dump->info.os = "linux";
    dump->info.cpu = "x64";
    dump->info.pointer_size = 8;
    dump->modules = &fake->module;
    dump->nmodules = 1;
    dump->threads = fake->threads;
    dump->nthreads = 3;
    hgr_space_init(&dump->space, fake->run, 8);
    if (fake->flags & FAKE_NO_HEAP_BYTES) {
        hole = fake_at(AT_OBJECTS);
        hole_end = fake_at(FAKE_BYTES);
    }
    add_range(fake, FAKE_BASE, hole ? hole : FAKE_BASE + FAKE_BYTES);
    if (hole)
        add_range(fake, hole_end, FAKE_BASE + FAKE_BYTES);
    assert_int_equal(hgr_space_seal(&dump->space, NULL), HGR_OK);
}

void fake_set_descriptor(struct fake *fake, const char *json)
{
    size_t at = AT_DESCRIPTOR, text = at + 0x100;
    memcpy(fake->bytes + at, "DNCCDAC", 8);
    fake_u32(fake, at + 8, 1);
    fake_u32(fake, at + 12, (uint32_t)strlen(json));
    fake_u64(fake, at + 16, fake_at(text));
    fake_u32(fake, at + 24, 2);
    fake_u64(fake, at + 32, fake_at(at + 0x80));
    fake_u64(fake, at + 0x88, fake_at(AT_VARIABLES + 16 * 15));
    memcpy(fake->bytes + text, json, strlen(json));
}

void fake_free(struct fake *fake)
{
    hgr_space_fini(&fake->dump.space);
    assert_int_equal(hgr_run_memory_bytes(fake->run), 0);
    hgr_run_free(fake->run);
    free(fake->bytes);
}
