/* dump: module files on this machine that give pages the dump lacks.
 *
 * A file counts only when it is surely the one that was mapped: its build id (ELF), or its
 * timestamp, size and checksum (PE), equal those in the dump's own first page of the image. Then
 * its bytes stand for absent addresses, except where the image may be written while it runs (data,
 * relocated pointers), and where the dump once had the bytes and lost them to truncation: those may
 * have been changed. A PE file mapped flat is never written. gcore and the kernel leave out the
 * first page of every PE file; then the file is kept as a candidate, which gives no page but may be
 * proven later by what the runtime recorded about it. The dump names the paths, so nothing but
 * regular files is opened and nothing is believed before it is verified. */
#define _GNU_SOURCE
#include "modules.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "id_queue.h"
#include "image.h"
#include "limits.h"

/* What is known of a module's file so far; bytes stay NULL when there is none to use. */
struct candidate {
    bool tried;
    uint32_t nlines;
    const uint8_t *bytes;
    size_t len;
};

/* ---- lost addresses: sorted, then asked ---- */

static bool piece_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_piece *pieces = user;
    return pieces[a].start != pieces[b].start ? pieces[a].start < pieces[b].start : a < b;
}

/* Ascending by start, each end raised to the largest so far, so that one search answers. */
static hgr_result sort_lost(hgr_dump *dump, hgr_status *status)
{
    uint32_t *order = NULL;
    hgr_piece *sorted = NULL;
    hgr_result result =
        hgr_alloc(dump->run, dump->nlost, sizeof *order, "lost memory", &order, status);
    if (result == HGR_OK)
        result = hgr_alloc(dump->run, dump->nlost, sizeof *sorted, "lost memory", &sorted, status);
    if (result == HGR_OK) {
        for (size_t i = 0; i < dump->nlost; i++)
            order[i] = (uint32_t)i;
        hgr_ids_sort(order, dump->nlost, piece_before, dump->lost);
        uint64_t end = 0;
        for (size_t i = 0; i < dump->nlost; i++) {
            end = dump->lost[order[i]].end > end ? dump->lost[order[i]].end : end;
            sorted[i] = (hgr_piece){dump->lost[order[i]].start, end};
        }
        hgr_free(dump->lost);
        dump->lost = sorted;
        dump->lost_capacity = dump->nlost;
    }
    hgr_free(order);
    return result;
}

bool hgr_module_files_lost(const hgr_dump *dump, uint64_t start, uint64_t end)
{
    size_t low = 0, high = dump->nlost; /* first piece that starts at or above end */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dump->lost[mid].start < end)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && dump->lost[low - 1].end > start;
}

/* ---- finding and verifying ---- */

bool hgr_module_file_map(const char *path, hgr_file_mapping *out)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    out->bytes = bytes;
    out->len = (size_t)about.st_size;
    return true;
}

void hgr_module_file_unmap(hgr_file_mapping file)
{
    munmap((void *)(uintptr_t)file.bytes, file.len);
}

static void hex_of(const uint8_t *bytes, uint32_t len, char out[17])
{
    out[0] = 0;
    for (uint32_t i = 0; i < len && i < 8; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* One line that says how the two differ. */
static void describe_difference(const hgr_image *seen, const hgr_image *file, const char *path,
                                char *out, size_t size)
{
    char a[17], b[17];
    hex_of(seen->build_id, seen->build_id_len, a);
    hex_of(file->build_id, file->build_id_len, b);
    if (seen->kind == HGR_IMAGE_NONE)
        snprintf(out, size, "%s cannot be verified: the image's first page is not in the dump",
                 path);
    else if (seen->kind != file->kind)
        snprintf(out, size, "%s is not an image of the kind in the dump", path);
    else if (seen->kind == HGR_IMAGE_ELF && !seen->build_id_len)
        snprintf(out, size, "%s cannot be verified: the image has no build id in the dump", path);
    else if (seen->kind == HGR_IMAGE_ELF)
        snprintf(out, size, "%s has build id %s.., expected %s..", path, b, a);
    else
        snprintf(out, size, "%s has timestamp %08x and size %llu, expected %08x and %llu", path,
                 file->timestamp, (unsigned long long)file->size_bytes, seen->timestamp,
                 (unsigned long long)seen->size_bytes);
}

hgr_result hgr_module_file_keep(hgr_dump *dump, hgr_file_mapping file, bool *out_kept,
                                hgr_status *status)
{
    hgr_result result = hgr_grow(dump->run, &dump->extra, &dump->extra_capacity, dump->nextra + 1,
                                 HGR_MAX_MODULE_FILES, sizeof *dump->extra, "module files", status);
    *out_kept = result == HGR_OK;
    if (result == HGR_OK)
        dump->extra[dump->nextra++] = file;
    return result == HGR_TOO_LARGE ? HGR_OK : result;
}

static hgr_result keep_candidate(hgr_dump *dump, const hgr_module *module,
                                 const hgr_file_mapping *file, bool *out_kept, hgr_status *status)
{
    hgr_result result =
        hgr_grow(dump->run, &dump->candidates, &dump->candidates_capacity, dump->ncandidates + 1,
                 HGR_MAX_MODULE_FILES, sizeof *dump->candidates, "module files", status);
    if (result == HGR_OK)
        result = hgr_module_file_keep(dump, *file, out_kept, status);
    if (result == HGR_OK && *out_kept)
        dump->candidates[dump->ncandidates++] =
            (hgr_candidate){module->base_addr, file->bytes, file->len};
    return result == HGR_TOO_LARGE ? HGR_OK : result;
}

/* Try one path for a module. *out->bytes set: it is the one; *out_unproven set: it may be. */
static hgr_result try_path(hgr_dump *dump, hgr_module *module, const hgr_image *seen,
                           const char *path, struct candidate *out, bool *out_unproven,
                           hgr_status *status)
{
    hgr_file_mapping file = {0};
    hgr_image image;
    if (!hgr_module_file_map(path, &file))
        return HGR_OK;
    hgr_image_read(&(hgr_image_source){.file = file.bytes, .file_len = file.len}, &image);
    bool same = hgr_image_same(seen, &image), kept = false;
    char difference[512];
    if (!same)
        describe_difference(seen, &image, path, difference, sizeof difference);
    const char *text = same ? path : difference;
    const char *copy = hgr_arena_text(&dump->arena, text, strlen(text), status);
    hgr_result result = copy ? HGR_OK : HGR_NO_MEMORY;
    if (result == HGR_OK && same)
        result = hgr_module_file_keep(dump, file, &kept, status);
    else if (result == HGR_OK && seen->kind == HGR_IMAGE_NONE && image.kind == HGR_IMAGE_PE)
        result = keep_candidate(dump, module, &file, &kept, status);
    *(same ? &module->file_path : &module->file_note) = copy;
    if (kept && same) {
        module->file_note = NULL;
        out->bytes = file.bytes;
        out->len = file.len;
    } else if (!kept) {
        module->file_path = NULL;
        hgr_module_file_unmap(file);
    }
    *out_unproven |= kept && !same;
    return result;
}

static hgr_result find_file(hgr_dump *dump, const hgr_dump_options *options, hgr_module *module,
                            struct candidate *out, hgr_status *status)
{
    hgr_image seen;
    hgr_image_read(&(hgr_image_source){.space = &dump->space, .base = module->base_addr}, &seen);
    hgr_result result = HGR_OK;
    bool unproven = false;
    const char *base = strrchr(module->path, '/');
    char path[HGR_MAX_PATH_BYTES];
    if (options->module_dir) {
        int len = snprintf(path, sizeof path, "%s/%s", options->module_dir,
                           base ? base + 1 : module->path);
        if (len > 0 && (size_t)len < sizeof path)
            result = try_path(dump, module, &seen, path, out, &unproven, status);
    }
    if (result == HGR_OK && !out->bytes)
        result = try_path(dump, module, &seen, module->path, out, &unproven, status);
    module->file_unproven = !out->bytes && unproven;
    if (out->bytes)
        dump->info.module_files_used++;
    else if (unproven)
        dump->info.module_files_unproven++;
    else if (module->file_note)
        dump->info.module_files_refused++;
    return result;
}

/* ---- adding ---- */

/* Relative to the base: the end of the writable part that holds at, or at itself; and where the
 * next begins. */
static uint64_t skip_writable(const hgr_image *image, uint64_t at, uint64_t *out_next)
{
    *out_next = UINT64_MAX;
    for (uint32_t i = 0; i < image->nwritable; i++) {
        const hgr_image_part *part = &image->writable[i];
        if (at >= part->start && at < part->end)
            return part->end;
        if (part->start > at && part->start < *out_next)
            *out_next = part->start;
    }
    return at;
}

static hgr_result add_line(hgr_dump *dump, const hgr_file_range *line, const hgr_module *module,
                           const struct candidate *file, hgr_status *status)
{
    if (line->file_off >= file->len)
        return HGR_OK;
    hgr_image image;
    hgr_image_read(&(hgr_image_source){.file = file->bytes, .file_len = file->len}, &image);
    if (image.kind == HGR_IMAGE_PE && file->nlines == 1 && line->file_off == 0)
        image.nwritable = 0; /* mapped flat */
    uint64_t left = file->len - line->file_off, len = line->end_addr - line->start_addr;
    uint64_t first = line->start_addr - module->base_addr, end = first + (len < left ? len : left);
    hgr_result result = HGR_OK;
    for (uint64_t at = first; result == HGR_OK && at < end;) {
        uint64_t next, from = skip_writable(&image, at, &next);
        if (from > at) {
            at = from;
            continue;
        }
        uint64_t to = next < end ? next : end;
        hgr_range range = {.start_addr = module->base_addr + at,
                           .end_addr = module->base_addr + to,
                           .bytes = file->bytes + line->file_off + (at - first),
                           .access = HGR_ACCESS_READ,
                           .origin = HGR_ORIGIN_MODULE_FILE};
        result = hgr_space_add(&dump->space, &range, status);
        at = to;
    }
    return result;
}

/* Is any of it absent, and may a file stand for it? */
static bool needs_file(const hgr_dump *dump, const hgr_file_range *line)
{
    uint64_t len = line->end_addr - line->start_addr;
    return line->module != HGR_NO_MODULE &&
           hgr_space_present(&dump->space, line->start_addr, len) < len &&
           !hgr_module_files_lost(dump, line->start_addr, line->end_addr);
}

static hgr_result find_files(hgr_dump *dump, const hgr_dump_options *options,
                             struct candidate *candidates, const bool *needed, hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < dump->nfiles; i++) {
        if (!needed[i] || candidates[dump->files[i].module].tried)
            continue;
        struct candidate *candidate = &candidates[dump->files[i].module];
        candidate->tried = true;
        result = find_file(dump, options, &dump->modules[dump->files[i].module], candidate, status);
    }
    return result;
}

static hgr_result add_lines(hgr_dump *dump, const struct candidate *candidates, const bool *needed,
                            hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < dump->nfiles; i++) {
        const hgr_file_range *line = &dump->files[i];
        if (needed[i] && candidates[line->module].bytes)
            result = add_line(dump, line, &dump->modules[line->module], &candidates[line->module],
                              status);
    }
    return result == HGR_OK && dump->nextra ? hgr_space_seal(&dump->space, status) : result;
}

/* Candidates come in the order of the first lines of modules, hence of their bases. */
const hgr_candidate *hgr_dump_candidate(const hgr_dump *dump, uint64_t base_addr, size_t index)
{
    size_t low = 0, high = dump->ncandidates;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dump->candidates[mid].base_addr < base_addr)
            low = mid + 1;
        else
            high = mid;
    }
    bool found =
        index < dump->ncandidates - low && dump->candidates[low + index].base_addr == base_addr;
    return found ? &dump->candidates[low + index] : NULL;
}

const hgr_file_range *hgr_dump_file_at(const hgr_dump *dump, uint64_t addr)
{
    size_t low = 0, high = dump->nfiles; /* the first line that starts above addr */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dump->files[mid].start_addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && addr < dump->files[low - 1].end_addr ? &dump->files[low - 1] : NULL;
}

hgr_result hgr_module_files_add(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    if (options->no_module_files || dump->nmodules == 0)
        return HGR_OK;
    struct candidate *candidates = NULL;
    bool *needed = NULL;
    hgr_result result = sort_lost(dump, status);
    if (result == HGR_OK)
        result = hgr_alloc(dump->run, dump->nmodules, sizeof *candidates, "module files",
                           &candidates, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(dump->run, dump->nfiles, sizeof *needed, "module files", &needed, status);
    if (result != HGR_OK)
        goto done;
    if (dump->nfiles == 0) { /* a format without a list of mapped files: a minidump */
        result = hgr_module_files_pe_add(dump, options, status);
        if (result == HGR_OK && dump->info.module_files_used)
            result = hgr_space_seal(&dump->space, status);
    }
    for (size_t i = 0; i < dump->nfiles; i++) {
        needed[i] = needs_file(dump, &dump->files[i]);
        if (dump->files[i].module != HGR_NO_MODULE)
            candidates[dump->files[i].module].nlines++;
    }
    result = find_files(dump, options, candidates, needed, status);
    if (result == HGR_OK) /* from here to its end the space is not sealed */
        result = add_lines(dump, candidates, needed, status);
    for (size_t i = 0; result == HGR_OK && i < dump->space.count; i++)
        if (dump->space.ranges[i].origin == HGR_ORIGIN_MODULE_FILE)
            dump->info.module_file_bytes +=
                dump->space.ranges[i].end_addr - dump->space.ranges[i].start_addr;
done:
    hgr_free(needed);
    hgr_free(candidates);
    return result;
}
