/* dump: Windows minidumps, as read by minidump.c and its three parts. Internal to the dump stage.
 *
 * Every offset in a minidump is a number from the file: hgr_minidump_view is the one door to bytes. */
#ifndef HGR_DUMP_MINIDUMP_H
#define HGR_DUMP_MINIDUMP_H

#include "../base/cursor.h"
#include "../base/map.h"
#include "dump.h"

/** Does the image begin like a minidump? */
bool hgr_minidump_matches(const uint8_t *image, size_t len);
/** Fill info, modules, threads, areas and space (not sealed) from dump->file. */
HGR_MUST_CHECK hgr_result hgr_minidump_read(struct hgr_dump *dump, const hgr_dump_options *options,
                                            hgr_status *status);

/** Behind a seal of the space: a 32-bit process dumped by a 64-bit tool becomes one
 * (minidump_wow64.c). */
HGR_MUST_CHECK hgr_result hgr_minidump_settle(struct hgr_dump *dump, hgr_status *status);

/** What the parts of one reading share. */
typedef struct hgr_minidump {
    struct hgr_dump *dump;
    uint64_t         addr_end;   /* 32-bit processes: 4 GiB; 64-bit ones: the last address */
    uint64_t         text_bytes; /* of names taken so far, against HGR_MAX_MINIDUMP_TEXT */
    bool             stacks_only_here; /* the dump has no list of memory */
    hgr_map          thread_at;  /* thread id + 1 -> index into dump->threads */
} hgr_minidump;

/** Addresses of 32-bit processes may come sign-extended: keep what the process can address. */
static inline uint64_t hgr_minidump_addr(const hgr_minidump *md, uint64_t addr)
{
    return md->dump->info.pointer_size == 4 ? (uint32_t)addr : addr;
}

/** len bytes at off of the file, borrowed; false when any lies outside. */
bool hgr_minidump_view(const hgr_minidump *md, uint64_t off, uint64_t len, const uint8_t **out);
/** Count bytes that headers promise and the file does not hold. */
void hgr_minidump_miss(const hgr_minidump *md, uint64_t bytes);
/** What a list in a stream is made of. */
typedef struct hgr_minidump_list {
    const char *what;         /* its name, for messages */
    size_t      record_bytes; /* > 0 */
    size_t      limit;        /* largest sensible number of records */
} hgr_minidump_list;
/**
 * How many of `promised` records the cursor still holds; the others are warned of and counted as
 * missing. A count above the limit is HGR_TOO_LARGE.
 */
HGR_MUST_CHECK hgr_result hgr_minidump_count(const hgr_minidump *md, const hgr_cursor *stream,
                                             const hgr_minidump_list *list, uint64_t promised,
                                             size_t *out, hgr_status *status);
/** The same for a list that begins with a u32 count; *stream moves to the first record. */
HGR_MUST_CHECK hgr_result hgr_minidump_begin_list(const hgr_minidump *md, hgr_cursor *stream,
                                                  const hgr_minidump_list *list, size_t *out,
                                                  hgr_status *status);
/**
 * The same for a list that begins with { u32 header bytes, u32 record bytes, count of count_bytes }.
 * list->record_bytes: what a record must have at least; on success what it has.
 */
HGR_MUST_CHECK hgr_result hgr_minidump_begin_headed_list(const hgr_minidump *md, hgr_cursor *stream,
                                                         hgr_minidump_list *list,
                                                         uint32_t count_bytes, size_t *out,
                                                         hgr_status *status);
/** Text at off (u32 bytes, UTF-16) as UTF-8 in the dump's arena; "" when it lies outside or names are over the limit. */
HGR_MUST_CHECK hgr_result hgr_minidump_text(hgr_minidump *md, uint64_t off, const char **out,
                                            hgr_status *status);
/** The same from len bytes of UTF-16 at units. */
HGR_MUST_CHECK hgr_result hgr_minidump_text_of(hgr_minidump *md, const uint8_t *units, size_t len,
                                               const char **out, hgr_status *status);
/** Add a range of the process whose bytes lie at off; what the file lacks is counted as missing. */
HGR_MUST_CHECK hgr_result hgr_minidump_add_memory(hgr_minidump *md, uint64_t addr, uint64_t len,
                                                  uint64_t off, hgr_status *status);

/* One function for each kind of stream; a cursor over the part of it that the file holds. */
typedef hgr_result hgr_minidump_stream_fn(hgr_minidump *md, hgr_cursor stream, hgr_status *status);
hgr_minidump_stream_fn hgr_minidump_memory64_list, hgr_minidump_memory_list; /* minidump_memory.c */
hgr_minidump_stream_fn hgr_minidump_memory_info_list;
hgr_minidump_stream_fn hgr_minidump_module_list;                             /* minidump_modules.c */
hgr_minidump_stream_fn hgr_minidump_thread_list, hgr_minidump_thread_ex_list; /* minidump_threads.c */
hgr_minidump_stream_fn hgr_minidump_thread_info_list, hgr_minidump_thread_names;

/** Take all registers of an x86 CONTEXT (204 bytes at least), whatever its flags say. */
void hgr_minidump_x86_registers(const uint8_t *context, hgr_thread *thread);

/** Give each range the access of the area that its first byte lies in. */
void hgr_minidump_set_access(hgr_minidump *md);

#endif
