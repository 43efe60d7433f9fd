/* A .NET 10 process small enough to be written by hand: its globals, GC, threads, handles and a
 * heap of a few objects, at invented addresses. The numbers are those of the layout facts, written
 * out here again: nothing is shared with the tables under test. */
#ifndef HGR_TESTS_FAKE_RUNTIME_H
#define HGR_TESTS_FAKE_RUNTIME_H

#include "clr/clr.h"

#define FAKE_BASE  UINT64_C(0x7f4400000000)
#define FAKE_BYTES 0xa0000u

/* What lies where, from FAKE_BASE on. */
enum {
    AT_IMAGE = 0x00000,        /* libcoreclr.so, 64 KiB */
    AT_TABLE = 0x02000,        /* g_dacTable: 138 entries */
    AT_VARIABLES = 0x04000,    /* variable i at + 16 i */
    AT_DESCRIPTOR = 0x06000,   /* written by fake_set_descriptor */
    AT_TEXT = 0x07000,         /* version text */
    AT_GC = 0x20000,           /* GcDacVars */
    AT_GC_VARIABLES = 0x20800, /* variable k at + 8 k */
    AT_OFFSETS = 0x20c00,      /* generation and heap field offsets */
    AT_HEAPS = 0x20e00,        /* gc_heap pointers, then two gc_heap of 0x1000 bytes */
    AT_HEAP0 = 0x21000,
    AT_HEAP1 = 0x22000,
    AT_SEGMENTS = 0x23000, /* heap_segment i at + 0x100 i */
    AT_STORE = 0x25000,
    AT_THREADS = 0x26000, /* Thread i at + 0x400 i, its locals at + 0x300 */
    AT_TYPES = 0x28000,   /* method tables of Object, String, Free, a class; + 0x100 each */
    AT_MODULE = 0x29000,
    AT_CORELIB = 0x2a000, /* metadata at + 0x500, its blobs at + 0x700 */
    AT_HANDLE_MAP = 0x2b000,
    AT_QUEUES = 0x2c000,  /* CFinalize of heap h at + 0x800 h */
    AT_STACKS = 0x30000,  /* of thread i at + 0x1000 i */
    AT_HANDLES = 0x40000, /* two handle segments of 64 KiB */
    AT_OBJECTS = 0x60000, /* regions of 64 KiB: gen0, gen1, gen2, LOH */
};

enum { FAKE_SERVER = 1, FAKE_SEGMENTS = 2, FAKE_NO_HEAP_BYTES = 4 };

struct fake {
    hgr_run *run;
    hgr_dump dump;
    hgr_module module;
    hgr_thread threads[3];
    uint8_t *bytes; /* FAKE_BYTES at FAKE_BASE */
    uint32_t flags;
};

/** A whole healthy process; change what you like, then fake_seal and open. */
void fake_make(struct fake *fake, uint32_t flags);
/** Make bytes visible as memory; [hole, hole_end) is left out. */
void fake_seal(struct fake *fake, uint64_t hole, uint64_t hole_end);
void fake_free(struct fake *fake);

/* Write at an offset from FAKE_BASE. */
void fake_u8(struct fake *fake, size_t at, uint8_t value);
void fake_u32(struct fake *fake, size_t at, uint32_t value);
void fake_u64(struct fake *fake, size_t at, uint64_t value);
/** The address FAKE_BASE + at. */
uint64_t fake_at(size_t at);
void fake_set_global(struct fake *fake, uint32_t entry, uint64_t value);
void fake_set_descriptor(struct fake *fake, const char *json);
/** Heap_segment i: bounds as offsets from FAKE_BASE, next as index or -1. */
void fake_set_segment(struct fake *fake, uint32_t i, size_t mem, size_t allocated, size_t committed,
                      size_t reserved, int next, uint64_t flags);
/** Handle k of block b of handle segment s; kind's block must have been claimed with it. */
void fake_set_handle(struct fake *fake, uint32_t s, uint32_t block, uint32_t k, uint8_t kind,
                     uint64_t object);

#endif
