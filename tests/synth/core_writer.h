/* synth: writes ELF64 cores byte by byte, for tests and benches. Shares no layout with the readers.
 *
 * Usage: begin, describe (loads, notes, threads, files), end. Nothing is written before end, which
 * writes header, program headers, notes, then the loads in the order they were added, so that a
 * core of any size streams through one buffer. Borrowed bytes, texts and users must live until end.
 * Out of memory or a failed write shows in end's result; everything before it cannot fail. */
#ifndef SYNTH_CORE_WRITER_H
#define SYNTH_CORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct synth_core synth_core;

enum { SYNTH_X = 1, SYNTH_W = 2, SYNTH_R = 4 }; /* p_flags */
/** What the file pretends to be made by: order of notes, OS byte, alignment. */
enum synth_maker { SYNTH_CREATEDUMP, SYNTH_GCORE, SYNTH_KERNEL, SYNTH_NOBODY };

/** Write len bytes of the load's content, beginning at off within it. Called in ascending order. */
typedef void synth_fill_fn(void *user, uint64_t off, uint8_t *buffer, size_t len);

/** A core that end will write to file (at its current position, which is taken for offset 0). */
synth_core *synth_core_begin(FILE *file, enum synth_maker maker);

/** One PT_LOAD: filesz bytes in the file, memsz >= filesz in the process. */
void synth_core_load(synth_core *core, uint64_t addr, uint32_t flags, const void *bytes,
                     uint64_t filesz, uint64_t memsz);
/** The same with content made on the fly. */
void synth_core_load_from(synth_core *core, uint64_t addr, uint32_t flags, synth_fill_fn *fill,
                          void *user, uint64_t filesz, uint64_t memsz);
/** filesz == memsz, content copied at once: for small pieces built on the stack. */
void synth_core_copy(synth_core *core, uint64_t addr, uint32_t flags, const void *bytes,
                     size_t len);

/** Any note; written behind the standard ones in the order added. */
void synth_core_note(synth_core *core, const char *owner, uint32_t type, const void *desc,
                     size_t len);
/** One thread (NT_PRSTATUS). regs: 27 values in the order of the kernel's user_regs, or NULL = made
 * up from os_id. */
void synth_core_thread(synth_core *core, uint32_t os_id, const uint64_t *regs);
/** One mapped file (NT_FILE); off in bytes, a multiple of 4096. */
void synth_core_file(synth_core *core, uint64_t start, uint64_t end, uint64_t off,
                     const char *path);
/** NT_PRPSINFO. */
void synth_core_process(synth_core *core, uint32_t pid, const char *name);
/** One pair of NT_AUXV. */
void synth_core_auxv(synth_core *core, uint64_t type, uint64_t value);
/** Force the e_phnum = 0xffff form even for few loads. */
void synth_core_force_phnum_overflow(synth_core *core);

/** Write everything and free core. False: a write failed, or memory ran out. */
bool synth_core_end(synth_core *core);

/** The same core as bytes: begin with file = NULL, then this instead of end. NULL on failure;
 * free() it. */
uint8_t *synth_core_end_bytes(synth_core *core, size_t *out_len);

#endif
