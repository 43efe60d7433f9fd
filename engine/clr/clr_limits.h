/* clr: every maximum on what is read from the runtime's own structures, one sentence each. */
#ifndef HGR_CLR_LIMITS_H
#define HGR_CLR_LIMITS_H

#include <stdint.h>

/* Runtimes in one process: two is rare. */
#define HGR_CLR_MAX_RUNTIMES 8u
/* The GC itself stops at 1,024 heaps. */
#define HGR_CLR_MAX_HEAPS        1024u
/* A terabyte in regions of 4 MiB is 262,144; sixteen times that is hostile. */
#define HGR_CLR_MAX_SEGMENTS     (1u << 22)
/* A process ends long before a million threads. */
#define HGR_CLR_MAX_THREADS      (1u << 20)
/* Handle segments of 64 KiB in one table: 4 GiB of handles. */
#define HGR_CLR_MAX_HANDLE_SEGMENTS (1u << 16)
/* Handle table maps of 10 buckets; a process has one map. */
#define HGR_CLR_MAX_HANDLE_MAPS  1024u
#define HGR_CLR_MAX_HANDLES      (1u << 28)
/* Objects with a finalizer in all queues. */
#define HGR_CLR_MAX_FINALIZABLE  (1u << 28)
/* A stack beyond 1 GiB is a wrong stack base. */
#define HGR_CLR_MAX_STACK_BYTES  (UINT64_C(1) << 30)
/* Where nothing says where a stack ends: the usual limit of one. */
#define HGR_CLR_USUAL_STACK_BYTES (UINT64_C(8) << 20)
#define HGR_CLR_MAX_STACK_WORDS  (1u << 28)
/* No class hierarchy is deeper. */
#define HGR_CLR_MAX_PARENTS      512u
/* Entries of g_dacTable that are looked at; the largest known table has 170. */
#define HGR_CLR_DAC_ENTRIES      256u
/* g_gcDacGlobals is entry 19 or 20 (35 in the oldest tables). */
#define HGR_CLR_DAC_GC_ENTRIES   64u
/* The shortest known g_dacTable has 129 entries. */
#define HGR_CLR_DAC_MIN_RUN      110u
/* The table of 32-bit offsets of 3.1 has 104 entries before its first empty one. */
#define HGR_CLR_DAC_MIN_OFFSETS  90u
/* No variable lies in an image's first page, which is its header. */
#define HGR_CLR_MIN_VARIABLE_OFFSET 0x1000u
/* Variables of a module lie at most this far behind its last file mapping. */
#define HGR_CLR_BSS_BYTES        (1u << 20)
/* .NET 10's descriptor has 10,563 bytes; parsing costs up to 100 times as much memory. */
#define HGR_CLR_MAX_JSON_BYTES   (1u << 18)
#define HGR_CLR_MAX_JSON_DEPTH   8
/* Pointers beside the descriptor; .NET 10 has 25. */
#define HGR_CLR_MAX_JSON_POINTERS 4096u
/* No runtime structure is larger than this. */
#define HGR_CLR_MAX_OFFSET       (1u << 16)
/* Program headers, dynamic entries and hash chain steps of one module image. */
#define HGR_CLR_MAX_PROGRAM_HEADERS 128u
#define HGR_CLR_MAX_DYNAMIC      512u
#define HGR_CLR_MAX_HASH_CHAIN   65536u
/* PE images: where the header may lie, names that are exported, entries of one resource directory.
 */
#define HGR_CLR_MAX_PE_HEADER    (1u << 20)
#define HGR_CLR_MAX_EXPORTS      65536u
#define HGR_CLR_MAX_RESOURCES    4096u
/* Pieces of code ranges within 128 KiB of addresses, and precompiled images of a process. */
#define HGR_CLR_MAX_RANGE_FRAGMENTS 65536u
/* Words of the nibble map that one method covers: 16 MiB of code. */
#define HGR_CLR_MAX_NIBBLE_WORDS 65536u
/* Handlers, filters and finally blocks of one method. */
#define HGR_CLR_MAX_FUNCLETS     4096u
/* Functions of one precompiled image; the largest known have 200,000. */
#define HGR_CLR_MAX_FUNCTIONS    (1u << 24)
/* Entry points of precompiled code that the process has used. */
#define HGR_CLR_MAX_ENTRY_POINTS (1u << 24)
/* Frames of one thread: a stack of 8 MiB in frames of 32 bytes. */
#define HGR_CLR_MAX_FRAMES       (1u << 18)
#define HGR_CLR_MAX_WARNINGS     64u

#endif
