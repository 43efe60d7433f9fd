/* synth: writes Windows minidumps byte by byte, for tests and fuzz corpora. Shares no layout with the reader.
 *
 * Usage: begin, describe (threads, modules, memory, any other stream), end. Everything is copied at
 * once. Out of memory shows in end's result; everything before it cannot fail. The lists are written
 * at the end in the order ThreadList, ModuleList, the others, and the memory behind everything. */
#ifndef SYNTH_MINIDUMP_WRITER_H
#define SYNTH_MINIDUMP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct synth_minidump synth_minidump;

enum synth_memory { SYNTH_MEMORY64, SYNTH_MEMORY_LIST, SYNTH_MEMORY_NONE };

/** One thread. registers: as the processor numbers them (x64: rax rcx rdx rbx rsp rbp rsi rdi r8..r15; x86 the first 8). */
typedef struct synth_windows_thread {
    uint32_t id;
    uint64_t teb, stack_addr;
    uint32_t stack_bytes;
    uint64_t ip;
    uint64_t registers[16];
    uint32_t context_flags; /* 0: control and integer of the dump's processor */
    uint32_t context_bytes; /* 0: 1232 or 716 */
    const void *stack;      /* stack_bytes that the thread's own record points to, or NULL */
} synth_windows_thread;

/** architecture as SystemInfo has it: 9 = x64, 0 = x86, 12 = arm64, ... */
synth_minidump *synth_minidump_begin(uint16_t architecture, enum synth_memory memory);
void synth_minidump_thread(synth_minidump *dump, const synth_windows_thread *thread);
/** name is ASCII. guid_and_age: 20 bytes, or NULL for no CodeView record. */
void synth_minidump_module(synth_minidump *dump, uint64_t base, uint32_t size, uint32_t timestamp,
                           const char *name, const uint8_t *guid_and_age);
/** The same with a name of UTF-16 units. */
void synth_minidump_module_wide(synth_minidump *dump, uint64_t base, uint32_t size,
                                uint32_t timestamp, const uint16_t *units, size_t count,
                                const uint8_t *guid_and_age);
void synth_minidump_memory(synth_minidump *dump, uint64_t addr, const void *bytes, size_t len);
/** Say in the list that a range has len bytes, but write none of them: for the end of a list, or a hole. */
void synth_minidump_promise(synth_minidump *dump, uint64_t addr, uint64_t len);
/** Say that memory begins at off of the file, and write none of it: the caller puts it there (Memory64List only). */
void synth_minidump_memory_at(synth_minidump *dump, uint64_t off);
/** One line of MemoryInfoList; state, protect and type in Windows' numbers. */
void synth_minidump_area(synth_minidump *dump, uint64_t addr, uint64_t allocation, uint64_t len,
                         uint32_t state, uint32_t protect, uint32_t type);
/** One line of ThreadInfoList; times in 100 ns. */
void synth_minidump_thread_info(synth_minidump *dump, uint32_t id, uint32_t flags, uint64_t kernel,
                                uint64_t user);
/** One line of ThreadNames. */
void synth_minidump_thread_name(synth_minidump *dump, uint32_t id, const char *name);
/** MiscInfo with the process id; CommentStreamW; Exception. */
void synth_minidump_process(synth_minidump *dump, uint32_t process_id);
void synth_minidump_comment(synth_minidump *dump, const char *text);
void synth_minidump_exception(synth_minidump *dump, uint32_t thread_id, uint32_t code,
                              uint64_t addr);
/** Any stream, bytes as they are. */
void synth_minidump_stream(synth_minidump *dump, uint32_t type, const void *bytes, size_t len);
/** Leave SystemInfo out; threads as ThreadExList; 4 bytes of padding behind the counts of lists, as Breakpad writes. */
void synth_minidump_omit_system(synth_minidump *dump);
void synth_minidump_threads_ex(synth_minidump *dump);
void synth_minidump_pad_lists(synth_minidump *dump);

/** The file; free() it. NULL: memory ran out. */
uint8_t *synth_minidump_end(synth_minidump *dump, size_t *out_len);

#endif
