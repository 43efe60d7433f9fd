/* synth: a .NET Framework 4 process written byte by byte as a minidump: clr.dll, a native image of the core library, an
 * application, two application domains, a heap with segments. Shares no layout with the readers.
 *
 * What is in it, in words of the program: per heap a chain of items, each with a title; a cart that holds the chain's
 * head, referred to by a static of its domain (a pinned handle, an object[] among the large objects, the cart); one
 * more item held by a strong handle, one by a word on a stack, one by nothing; a finalizable cart that is ready. */
#ifndef SYNTH_FRAMEWORK_HEAP_H
#define SYNTH_FRAMEWORK_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct synth_framework_options {
    bool     wide;               /* x64, else x86 */
    uint32_t server_heaps;       /* 0 = workstation */
    bool     resource;           /* clr.dll has its table for debuggers */
    bool     absolute;           /* the table's entries are addresses (x86), else offsets */
    bool     relative_lists;     /* FieldDesc lists name their types relative to their place */
    bool     without_tables;     /* no generation table anywhere: damaged */
    uint32_t items;              /* in each chain */
} synth_framework_options;

/** What an honest reader must say. */
typedef struct synth_framework_truth {
    uint64_t objects, bytes, references; /* without Free */
    uint64_t free_count;
    uint64_t items[2];     /* of the application's type, per domain */
    uint64_t item_mts[2], cart_mt, string_mt, object_mt, free_mt, array_mt;
    uint64_t static_array; /* the object[] behind the pinned handle */
    uint64_t static_slot_cart; /* the cart that it holds */
    uint64_t first_item, last_item; /* of heap 0's chain */
    uint64_t stack_item, strong_item, lost_item, ready_cart;
    uint64_t lowest, highest; /* heap addresses */
} synth_framework_truth;

/** The minidump's bytes; free() them. NULL: memory ran out. */
uint8_t *synth_framework_dump(const synth_framework_options *options,
                              synth_framework_truth *out_truth, size_t *out_len);

#endif
