/* dump: writes a small dump from an opened one, in its own format. An ELF core: all notes, chosen
 * pages, the rest known but absent; a minidump: all other streams, chosen pages (slim_minidump.c).
 *
 * Each range of the address space becomes one PT_LOAD for each run of kept pages; dropped pages
 * stand behind it as p_memsz beyond p_filesz. The file is written beside its place and renamed at
 * the end. */
#define _GNU_SOURCE
#include <heapgraph/slim.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/run.h"
#include "../base/status.h"
#include "dump.h"
#include "id_queue.h"
#include "limits.h"
#include "slim_minidump.h"

#define PAGE       UINT64_C(4096)
#define WRITE_STEP ((size_t)4 << 20)

enum { HEADER_BYTES = 64, PROGRAM_HEADER_BYTES = 56, SECTION_HEADER_BYTES = 64, PN_XNUM = 0xffff };

/* ---- what to keep ---- */

struct load {
    uint64_t addr, filesz, memsz;
    const uint8_t *bytes;
    uint32_t access;
};

struct slim {
    const hgr_dump *dump;
    const hgr_run *run;
    hgr_addr_range *kept; /* ascending, disjoint, whole pages */
    size_t nkept;
    struct load *loads;
    size_t nloads, capacity;
    uint8_t
        *head; /* header, program headers and perhaps the section header; a minidump's streams */
    size_t head_len;
    int fd;
    bool minidump;
    uint64_t written;
    hgr_slim_totals totals;
    hgr_status *status;
};

static bool addr_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_addr_range *ranges = user;
    return ranges[a].start_addr != ranges[b].start_addr
               ? ranges[a].start_addr < ranges[b].start_addr
               : a < b;
}

static uint64_t page_up(uint64_t addr)
{
    return addr > UINT64_MAX - (PAGE - 1) ? UINT64_MAX : (addr + PAGE - 1) & ~(PAGE - 1);
}

/* What the caller wants and the first page of each module, which tells what the module is. */
static hgr_result collect_wanted(struct slim *slim, const hgr_addr_range *ranges, size_t count,
                                 hgr_addr_range **out)
{
    const hgr_dump *dump = slim->dump;
    hgr_addr_range *wanted;
    size_t all;
    if (__builtin_add_overflow(count, dump->nmodules, &all) || all >= UINT32_MAX)
        return hgr_fail(slim->status, HGR_TOO_LARGE, "slim: %zu ranges", count);
    hgr_result result =
        hgr_alloc(slim->run, all, sizeof *wanted, "kept ranges", &wanted, slim->status);
    if (result != HGR_OK)
        return result;
    if (count)
        memcpy(wanted, ranges, count * sizeof *wanted);
    for (size_t i = 0; i < dump->nmodules; i++)
        wanted[count + i] =
            (hgr_addr_range){dump->modules[i].base_addr, dump->modules[i].base_addr + 1};
    *out = wanted;
    return HGR_OK;
}

/* Sort, widen to pages, merge. */
static hgr_result normalise(struct slim *slim, const hgr_addr_range *ranges, size_t count)
{
    hgr_addr_range *wanted = NULL;
    uint32_t *order = NULL;
    hgr_result result = collect_wanted(slim, ranges, count, &wanted);
    count += slim->dump->nmodules;
    if (result == HGR_OK)
        result = hgr_alloc(slim->run, count, sizeof *order, "kept ranges", &order, slim->status);
    if (result == HGR_OK)
        result =
            hgr_alloc(slim->run, count, sizeof *wanted, "kept ranges", &slim->kept, slim->status);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        order[i] = (uint32_t)i;
    if (result == HGR_OK)
        hgr_ids_sort(order, count, addr_before, wanted);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        const hgr_addr_range *range = &wanted[order[i]];
        hgr_addr_range page = {range->start_addr & ~(PAGE - 1), page_up(range->end_addr)};
        if (range->end_addr <= range->start_addr)
            continue;
        hgr_addr_range *last = slim->nkept ? &slim->kept[slim->nkept - 1] : NULL;
        if (last && page.start_addr <= last->end_addr)
            last->end_addr = page.end_addr > last->end_addr ? page.end_addr : last->end_addr;
        else
            slim->kept[slim->nkept++] = page;
    }
    hgr_free(order);
    hgr_free(wanted);
    return result;
}

static hgr_result add_load(struct slim *slim, const hgr_range *range, uint64_t start, uint64_t end,
                           bool kept)
{
    hgr_result result = hgr_grow(slim->run, &slim->loads, &slim->capacity, slim->nloads + 1,
                                 HGR_MAX_PROGRAM_HEADERS - 1 - slim->dump->nnotes,
                                 sizeof *slim->loads, "segments of a slim dump", slim->status);
    if (result == HGR_OK)
        slim->loads[slim->nloads++] =
            (struct load){.addr = start,
                          .filesz = kept ? end - start : 0,
                          .memsz = end - start,
                          .bytes = range->bytes + (start - range->start_addr),
                          .access = range->access};
    return result;
}

/* Cut one range into kept runs with what is dropped behind each. *next: the first kept range that
 * may matter. */
static hgr_result cut_range(struct slim *slim, const hgr_range *range, size_t *next)
{
    hgr_result result = HGR_OK;
    size_t first_load = slim->nloads;
    for (uint64_t at = range->start_addr; result == HGR_OK && at < range->end_addr;) {
        while (*next < slim->nkept && slim->kept[*next].end_addr <= at)
            ++*next;
        bool any = *next < slim->nkept && slim->kept[*next].start_addr < range->end_addr;
        bool kept = any && slim->kept[*next].start_addr <= at;
        uint64_t end = !any   ? range->end_addr
                       : kept ? slim->kept[*next].end_addr
                              : slim->kept[*next].start_addr;
        end = end < range->end_addr ? end : range->end_addr;
        if (kept || slim->nloads == first_load)
            result = add_load(slim, range, at, end, kept);
        else
            slim->loads[slim->nloads - 1].memsz += end - at;
        *(kept ? &slim->totals.kept_bytes : &slim->totals.dropped_bytes) += end - at;
        at = end;
    }
    return result;
}

static hgr_result choose_loads(struct slim *slim)
{
    const hgr_space *space = &slim->dump->space;
    hgr_result result = HGR_OK;
    size_t next = 0;
    for (size_t i = 0; result == HGR_OK && i < space->count; i++)
        result = cut_range(slim, &space->ranges[i], &next);
    return result;
}

/* ---- headers ---- */

static void put(struct slim *slim, uint64_t value, size_t bytes)
{
    memcpy(slim->head + slim->head_len, &value, bytes); /* little-endian like everything we read */
    slim->head_len += bytes;
}

static void put_program_header(struct slim *slim, uint32_t type, uint32_t access, uint64_t off,
                               uint64_t addr, uint64_t filesz, uint64_t memsz, uint64_t align)
{
    uint32_t flags = (access & HGR_ACCESS_READ ? 4u : 0u) | (access & HGR_ACCESS_WRITE ? 2u : 0u) |
                     (access & HGR_ACCESS_EXECUTE ? 1u : 0u);
    put(slim, type, 4);
    put(slim, flags, 4);
    put(slim, off, 8);
    put(slim, addr, 8);
    put(slim, 0, 8);
    put(slim, filesz, 8);
    put(slim, memsz, 8);
    put(slim, align, 8);
}

/* The original's first 24 bytes (who wrote it shows there), then our places and counts. */
static void put_header(struct slim *slim, size_t count, bool overflow)
{
    memcpy(slim->head, slim->dump->file, 24);
    slim->head_len = 24;
    put(slim, 0, 8);
    put(slim, HEADER_BYTES, 8);
    put(slim, overflow ? HEADER_BYTES + PROGRAM_HEADER_BYTES * count : 0, 8);
    put(slim, 0, 4);
    put(slim, HEADER_BYTES, 2);
    put(slim, PROGRAM_HEADER_BYTES, 2);
    put(slim, overflow ? PN_XNUM : count, 2);
    put(slim, overflow ? SECTION_HEADER_BYTES : 0, 2);
    put(slim, overflow, 2);
    put(slim, 0, 2);
}

static hgr_result make_head(struct slim *slim)
{
    const hgr_dump *dump = slim->dump;
    size_t count = dump->nnotes + slim->nloads;
    bool overflow = count >= PN_XNUM;
    size_t bytes = HEADER_BYTES + PROGRAM_HEADER_BYTES * count + SECTION_HEADER_BYTES;
    hgr_result result =
        hgr_alloc(slim->run, bytes, 1, "headers of a slim dump", &slim->head, slim->status);
    if (result != HGR_OK)
        return result;
    put_header(slim, count, overflow);
    uint64_t at = bytes - (overflow ? 0 : SECTION_HEADER_BYTES);
    for (size_t i = 0; i < dump->nnotes; i++) {
        uint64_t len = dump->notes[i].end - dump->notes[i].start;
        put_program_header(slim, 4, 0, at, 0, len, 0, 1);
        at += len;
    }
    for (size_t i = 0; i < slim->nloads; i++) {
        const struct load *load = &slim->loads[i];
        at = load->filesz ? page_up(at) : at;
        put_program_header(slim, 1, load->access, at, load->addr, load->filesz, load->memsz, PAGE);
        at += load->filesz;
    }
    if (overflow) { /* one section header, zero but for its info: the true count */
        uint64_t section = slim->head_len;
        slim->head_len += 44;
        put(slim, count, 4);
        slim->head_len = section + SECTION_HEADER_BYTES;
    }
    return HGR_OK;
}

/* The kept runs alone: a minidump has no place for what is absent. */
static hgr_result make_minidump_head(struct slim *slim)
{
    hgr_slim_piece *pieces = NULL;
    size_t count = 0;
    hgr_result result = hgr_alloc(slim->run, slim->nloads, sizeof *pieces, "pieces of a slim dump",
                                  &pieces, slim->status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < slim->nloads; i++)
        if (slim->loads[i].filesz)
            pieces[count++] = (hgr_slim_piece){slim->loads[i].addr, slim->loads[i].filesz};
    result = hgr_slim_minidump_head(slim->dump, pieces, count, slim->run, &slim->head,
                                    &slim->head_len, slim->status);
    hgr_free(pieces);
    return result;
}

/* ---- writing ---- */

static hgr_result write_bytes(struct slim *slim, const uint8_t *bytes, uint64_t len)
{
    while (len) {
        hgr_result result = hgr_run_check_cancel(slim->run, slim->status);
        if (result != HGR_OK)
            return result;
        ssize_t done = write(slim->fd, bytes, len < WRITE_STEP ? len : WRITE_STEP);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return hgr_fail_errno(slim->status, done < 0 ? errno : ENOSPC, "cannot write");
        bytes += done;
        len -= (uint64_t)done;
        slim->written += (uint64_t)done;
        hgr_run_progress(slim->run, "slim", slim->written, slim->totals.kept_bytes);
    }
    return HGR_OK;
}

static hgr_result write_all(struct slim *slim)
{
    static const uint8_t zeros[4096];
    const hgr_dump *dump = slim->dump;
    hgr_result result = write_bytes(slim, slim->head, slim->head_len);
    for (size_t i = 0; result == HGR_OK && i < dump->nnotes; i++)
        result = write_bytes(slim, dump->file + dump->notes[i].start,
                             dump->notes[i].end - dump->notes[i].start);
    for (size_t i = 0; result == HGR_OK && i < slim->nloads; i++) {
        const struct load *load = &slim->loads[i];
        if (!load->filesz)
            continue;
        if (!slim->minidump)
            result = write_bytes(slim, zeros, page_up(slim->written) - slim->written);
        if (result == HGR_OK)
            result = write_bytes(slim, load->bytes, load->filesz);
    }
    return result;
}

/* Write beside path, then rename. */
static hgr_result write_file(struct slim *slim, const char *path)
{
    char part[4096];
    int len = snprintf(part, sizeof part, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof part)
        return hgr_fail(slim->status, HGR_BAD_ARGUMENT, "path too long");
    slim->fd = mkostemp(part, O_CLOEXEC);
    if (slim->fd < 0)
        return hgr_fail_errno(slim->status, errno, "cannot create a file beside it");
    hgr_result result = write_all(slim);
    if (close(slim->fd) != 0 && result == HGR_OK)
        result = hgr_fail_errno(slim->status, errno, "cannot write");
    if (result == HGR_OK && rename(part, path) != 0)
        result = hgr_fail_errno(slim->status, errno, "cannot take its place");
    if (result != HGR_OK)
        unlink(part);
    return result;
}

hgr_result hgr_slim_write(const hgr_dump *dump, const hgr_addr_range *ranges, size_t nranges,
                          const char *path, const hgr_run *run, hgr_slim_totals *out_totals,
                          hgr_status *status)
{
    struct slim slim = {.dump = dump,
                        .run = run,
                        .status = status,
                        .minidump = strcmp(dump->info.format, "minidump") == 0};
    if (!slim.minidump && strcmp(dump->info.format, "ELF core") != 0)
        return hgr_fail(status, HGR_UNSUPPORTED, "slim: a %s cannot be written", dump->info.format);
    hgr_phase_timer timer = hgr_phase_begin(run, "slim");
    hgr_result result = normalise(&slim, ranges, nranges);
    if (result == HGR_OK)
        result = choose_loads(&slim);
    if (result == HGR_OK)
        result = slim.minidump ? make_minidump_head(&slim) : make_head(&slim);
    if (result == HGR_OK) {
        result = write_file(&slim, path);
        if (result != HGR_OK)
            hgr_wrap(status, result, "%s", path);
    }
    hgr_free(slim.head);
    hgr_free(slim.loads);
    hgr_free(slim.kept);
    slim.totals.file_bytes = slim.written;
    hgr_phase_end(&timer, slim.totals.kept_bytes, 0, 0);
    if (result == HGR_OK && out_totals)
        *out_totals = slim.totals;
    return result;
}
