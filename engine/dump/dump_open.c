/* dump: opens a dump: maps the file, recognises the format, calls its reader, seals the address
 * space, and answers for what was read.
 *
 * A new format is one more row in `formats` and a reader that fills what its contract names. */
#define _GNU_SOURCE
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "../base/run.h"
#include "../base/status.h"
#include "formats.h"
#include "limits.h"
#include "minidump.h"
#include "modules.h"
#include "unpack.h"
#include "zip.h"

#define FINGERPRINT_BYTES ((size_t)1 << 20)
#define SHOWN_PATH_CHARS  100 /* of a long path in error text: its end */

static const struct format {
    bool (*matches)(const uint8_t *image, size_t len);
    hgr_result (*read)(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status);
    hgr_result (*settle)(hgr_dump *dump, hgr_status *status); /* what needs the sealed space */
} formats[] = {
    {hgr_elfcore_matches, hgr_elfcore_read, hgr_modules_group},
    {hgr_minidump_matches, hgr_minidump_read, hgr_minidump_settle},
};

/* ---- life ---- */

static hgr_result create_dump(const hgr_run *run, const char *path, hgr_dump **out,
                              hgr_status *status)
{
    hgr_dump *dump = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *dump, "dump", &dump, status);
    if (result != HGR_OK)
        return result;
    dump->run = run;
    hgr_arena_init(&dump->arena, run);
    hgr_space_init(&dump->space, run, 8);
    dump->info = (hgr_dump_info){.format = "unknown",
                                 .writer = "unknown",
                                 .compression = "none",
                                 .os = "unknown",
                                 .cpu = "unknown",
                                 .pointer_size = 8,
                                 .os_version = "",
                                 .comment = "",
                                 .process_name = ""};
    dump->info.path = hgr_arena_text(&dump->arena, path, strlen(path), status);
    if (!dump->info.path) {
        hgr_dump_close(dump);
        return HGR_NO_MEMORY;
    }
    *out = dump;
    return HGR_OK;
}

void hgr_dump_close(hgr_dump *dump)
{
    if (!dump)
        return;
    for (size_t i = 0; i < dump->nextra; i++)
        munmap((void *)(uintptr_t)dump->extra[i].bytes, dump->extra[i].len);
    if (dump->file_is_mapped)
        munmap((void *)(uintptr_t)dump->file, dump->file_len);
    hgr_space_fini(&dump->space);
    hgr_free(dump->warnings);
    hgr_free(dump->extra);
    hgr_free(dump->candidates);
    hgr_free(dump->lost);
    hgr_free(dump->notes);
    hgr_free(dump->auxv);
    hgr_free(dump->files);
    hgr_free(dump->areas);
    hgr_free(dump->threads);
    hgr_free(dump->modules);
    hgr_arena_fini(&dump->arena);
    hgr_free(dump);
}

/* ---- file ---- */

/* Map a plain file; *out_bytes stays NULL for an empty one. */
static hgr_result map_fd(int fd, const uint8_t **out_bytes, size_t *out_len, hgr_status *status)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return hgr_fail_errno(status, errno, "cannot examine");
    if (S_ISDIR(about.st_mode))
        return hgr_fail_errno(status, EISDIR, "cannot read");
    if (!S_ISREG(about.st_mode))
        return hgr_fail(
            status, HGR_UNSUPPORTED,
            "not a regular file; a dump is mapped, so it cannot come from a pipe or device");
    if (about.st_size == 0)
        return HGR_OK;
    if ((uint64_t)about.st_size > SIZE_MAX / 2)
        return hgr_fail(status, HGR_TOO_LARGE, "file of %lld bytes", (long long)about.st_size);
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return hgr_fail_errno(status, errno, "cannot map %lld bytes", (long long)about.st_size);
    *out_bytes = bytes;
    *out_len = (size_t)about.st_size;
    return HGR_OK;
}

static int open_file(const char *path)
{
    /* Not blocking: a pipe without a writer must be refused, not waited for. */
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* "a/b.zip/c/d.dmp": the first beginning that is a plain file is an archive, the rest names a
 * member. */
static int open_archive(hgr_dump *dump, const char *path)
{
    char *copy = hgr_arena_text(&dump->arena, path, strlen(path), NULL);
    for (char *slash = copy ? strchr(copy, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        struct stat about;
        *slash = 0;
        if (stat(copy, &about) == 0 && S_ISREG(about.st_mode) && slash[1]) {
            dump->zip_member = slash + 1;
            return open_file(copy);
        }
        *slash = '/';
    }
    errno = ENOTDIR;
    return -1;
}

static hgr_result map_path(hgr_dump *dump, const char *path, hgr_status *status)
{
    int fd = open_file(path);
    if (fd < 0 && errno == ENOTDIR)
        fd = open_archive(dump, path);
    if (fd < 0)
        return hgr_fail_errno(status, errno, "cannot open");
    const uint8_t *bytes = NULL;
    hgr_result result = map_fd(fd, &bytes, &dump->file_len, status);
    close(fd);
    dump->file = bytes;
    dump->file_is_mapped = bytes != NULL;
    return result;
}

static hgr_result warn_of_loss(hgr_dump *dump, const hgr_unpacked *unpacked, size_t packed_len,
                               hgr_status *status)
{
    const char *format = dump->info.compression;
    dump->info.packing_damaged = unpacked->loss != HGR_LOSS_NONE;
    switch (unpacked->loss) {
    case HGR_LOSS_NONE:
        return HGR_OK;
    case HGR_LOSS_CUT:
        return hgr_dump_warn(
            dump, status, "the compressed file ends too early; its first %zu bytes were unpacked",
            unpacked->len);
    case HGR_LOSS_DAMAGED:
        return hgr_dump_warn(
            dump, status,
            "damaged %s data at %zu of %zu bytes (%s); the %zu bytes before were unpacked", format,
            unpacked->packed_off, packed_len, unpacked->why, unpacked->len);
    case HGR_LOSS_CHECKSUM:
        return hgr_dump_warn(
            dump, status,
            "the %s data have a wrong checksum: some of the %zu bytes unpacked are "
            "damaged",
            format, unpacked->len);
    }
    return HGR_OK;
}

/* The image is now what was unpacked. */
static hgr_result take_unpacked(hgr_dump *dump, const hgr_unpacked *unpacked, size_t packed_len,
                                hgr_status *status)
{
    if (dump->file_is_mapped)
        munmap((void *)(uintptr_t)dump->file, dump->file_len);
    dump->file = unpacked->bytes;
    dump->file_len = unpacked->len;
    dump->file_is_mapped = true;
    return warn_of_loss(dump, unpacked, packed_len, status);
}

/* The image is now a part of the file, which stays mapped until the dump is closed. */
static hgr_result take_stored(hgr_dump *dump, const hgr_zip_entry *entry, hgr_status *status)
{
    if (dump->file_is_mapped) {
        hgr_result result =
            hgr_grow(dump->run, &dump->extra, &dump->extra_capacity, dump->nextra + 1,
                     HGR_MAX_MODULE_FILES, sizeof *dump->extra, "mapped files", status);
        if (result != HGR_OK)
            return result;
        dump->extra[dump->nextra++] = (hgr_file_mapping){dump->file, dump->file_len};
        dump->file_is_mapped = false;
    }
    dump->file += entry->data_off;
    dump->file_len = (size_t)entry->packed_bytes; /* inside the file */
    return HGR_OK;
}

/* Sizes and checksum of an archive's directory disagree with what came out: told, and used. */
static hgr_result check_entry(hgr_dump *dump, const hgr_zip_entry *entry, hgr_status *status)
{
    char flaw[160];
    if (!hgr_zip_flaw(entry, dump->file, dump->file_len, flaw, sizeof flaw))
        return HGR_OK;
    dump->info.packing_damaged = true;
    return hgr_dump_warn(dump, status, "%s", flaw);
}

static hgr_result unpack_zip(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    hgr_zip_entry entry;
    hgr_result result =
        hgr_zip_find_dump(dump->file, dump->file_len, dump->zip_member, dump->run, &entry, status);
    dump->info.compression = "zip";
    if (result != HGR_OK)
        return result;
    if (entry.method == HGR_ZIP_STORED)
        return take_stored(dump, &entry, status);
    hgr_unpacked unpacked = {0};
    const hgr_unpack_room room = {.dir = options->temp_dir,
                                  .limit_bytes = hgr_zip_room(&entry),
                                  .expected_bytes = hgr_zip_expected(&entry)};
    result = hgr_unpack(dump->file + entry.data_off, (size_t)entry.packed_bytes, HGR_PACKED_DEFLATE,
                        &room, dump->run, &unpacked, status);
    if (result != HGR_OK)
        return hgr_wrap(status, result, "zip archive");
    result = take_unpacked(dump, &unpacked, (size_t)entry.packed_bytes, status);
    if (result == HGR_OK && unpacked.loss == HGR_LOSS_NONE)
        result = check_entry(dump, &entry, status);
    return result;
}

/* Replace a compressed image by what it holds. */
static hgr_result unpack_image(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    if (hgr_zip_matches(dump->file, dump->file_len))
        return unpack_zip(dump, options, status);
    if (dump->zip_member)
        return hgr_fail(status, HGR_BAD_DATA, "not a zip archive, so there is no '%s' in it",
                        dump->zip_member);
    hgr_packing packing = hgr_packing_of(dump->file, dump->file_len);
    if (packing == HGR_PACKED_NOT)
        return HGR_OK;
    dump->info.compression = packing == HGR_PACKED_ZSTD ? "zstd" : "gzip";
    hgr_unpacked unpacked = {0};
    const hgr_unpack_room room = {.dir = options->temp_dir, .limit_bytes = HGR_MAX_UNPACKED_BYTES};
    size_t packed_len = dump->file_len;
    hgr_result result =
        hgr_unpack(dump->file, packed_len, packing, &room, dump->run, &unpacked, status);
    return result == HGR_OK ? take_unpacked(dump, &unpacked, packed_len, status) : result;
}

/* ---- reading ---- */

/* Both ends of the image are read in full: let the disk begin while the headers are looked at. */
static void ask_for_ends(const hgr_dump *dump)
{
    const uintptr_t page = 4096;
    uintptr_t first = (uintptr_t)dump->file & ~(page - 1),
              end = (uintptr_t)dump->file + dump->file_len;
    if (!dump->file_is_mapped || dump->file_len <= 2 * FINGERPRINT_BYTES)
        return;
    uintptr_t last = (end - FINGERPRINT_BYTES) & ~(page - 1);
    madvise((void *)first, FINGERPRINT_BYTES, MADV_WILLNEED); /* only hints: may fail */
    madvise((void *)last, end - last, MADV_WILLNEED);
}

static uint64_t fingerprint_of(const uint8_t *bytes, size_t len)
{
    size_t part = len < FINGERPRINT_BYTES ? len : FINGERPRINT_BYTES;
    struct {
        uint64_t first, last,
            len; /* native order: this library reads little-endian machines' dumps on such */
    } digest = {XXH3_64bits(bytes, part), XXH3_64bits(bytes + (len - part), part), len};
    return XXH3_64bits(&digest, sizeof digest);
}

static const struct format *find_format(const hgr_dump *dump)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].matches(dump->file, dump->file_len))
            return &formats[i];
    return NULL;
}

static hgr_result warn_of_overlaps(hgr_dump *dump, hgr_status *status)
{
    return dump->space.overlap_bytes
               ? hgr_dump_warn(
                     dump, status,
                     "%llu bytes of memory are in the file more than once; the first counts",
                     (unsigned long long)dump->space.overlap_bytes)
               : HGR_OK;
}

/* Streams or headers, then the address space, then what needs it. */
static hgr_result read_format(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    const struct format *format = find_format(dump);
    hgr_result result = format ? format->read(dump, options, status)
                               : hgr_format_refuse(dump->file, dump->file_len, status);
    if (result == HGR_OK)
        result = hgr_space_seal(&dump->space, status);
    if (result == HGR_OK)
        result = warn_of_overlaps(dump, status);
    return result == HGR_OK ? format->settle(dump, status) : result;
}

static hgr_result read_image(hgr_dump *dump, const hgr_dump_options *options, hgr_status *status)
{
    dump->info.file_bytes = dump->file_len;
    hgr_result result = unpack_image(dump, options, status);
    dump->info.image_bytes = dump->file_len;
    hgr_phase_timer timer = hgr_phase_begin(dump->run, "open");
    ask_for_ends(dump);
    if (result == HGR_OK) {
        result = read_format(dump, options, status);
        if (result != HGR_OK && dump->info.packing_damaged && hgr_dump_warning(dump, 0))
            result = hgr_wrap(status, result, "%.120s", hgr_dump_warning(dump, 0));
    }
    if (result == HGR_OK)
        result = hgr_module_files_add(dump, options, status);
    if (result == HGR_OK)
        dump->fingerprint = fingerprint_of(dump->file, dump->file_len);
    hgr_phase_end(&timer, 0, 0, 0);
    return result;
}

static hgr_result wrap_path(hgr_status *status, hgr_result result, const char *path)
{
    size_t len = strlen(path);
    bool cut = len > SHOWN_PATH_CHARS;
    return hgr_wrap(status, result, "%s%s", cut ? "..." : "",
                    cut ? path + len - SHOWN_PATH_CHARS : path);
}

hgr_result hgr_dump_open(const char *path, const hgr_dump_options *options, const hgr_run *run,
                         hgr_dump **out, hgr_status *status)
{
    static const hgr_dump_options none = {0};
    hgr_dump *dump = NULL;
    hgr_result result = create_dump(run, path, &dump, status);
    if (result == HGR_OK)
        result = map_path(dump, path, status);
    if (result == HGR_OK)
        result = read_image(dump, options ? options : &none, status);
    if (result != HGR_OK) {
        hgr_dump_close(dump);
        return wrap_path(status, result, path);
    }
    *out = dump;
    return HGR_OK;
}

hgr_result hgr_dump_open_bytes(const uint8_t *bytes, size_t len, const hgr_dump_options *options,
                               const hgr_run *run, hgr_dump **out, hgr_status *status)
{
    static const hgr_dump_options none = {0};
    hgr_dump *dump = NULL;
    hgr_result result = create_dump(run, "(memory)", &dump, status);
    if (result != HGR_OK)
        return result;
    dump->file = bytes;
    dump->file_len = len;
    result = read_image(dump, options ? options : &none, status);
    if (result != HGR_OK) {
        hgr_dump_close(dump);
        return result;
    }
    *out = dump;
    return HGR_OK;
}

/* ---- what was read ---- */

hgr_result hgr_dump_warn(hgr_dump *dump, hgr_status *status, const char *format, ...)
{
    if (dump->nwarnings == HGR_MAX_WARNINGS)
        return HGR_OK;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = hgr_arena_text(&dump->arena, text, strlen(text), status);
    if (!copy)
        return HGR_NO_MEMORY;
    hgr_result result =
        hgr_grow(dump->run, &dump->warnings, &dump->warnings_capacity, dump->nwarnings + 1,
                 HGR_MAX_WARNINGS, sizeof *dump->warnings, "warnings", status);
    if (result == HGR_OK)
        dump->warnings[dump->nwarnings++] = copy;
    return result;
}

const char *hgr_dump_warning(const hgr_dump *dump, size_t index)
{
    return index < dump->nwarnings ? dump->warnings[index] : NULL;
}

bool hgr_dump_auxv(const hgr_dump *dump, uint64_t type, uint64_t *out)
{
    for (size_t i = 0; i < dump->nauxv; i++)
        if (dump->auxv[i].type == type) {
            *out = dump->auxv[i].value;
            return true;
        }
    return false;
}

const hgr_dump_info *hgr_dump_get_info(const hgr_dump *dump)
{
    return &dump->info;
}

size_t hgr_dump_modules(const hgr_dump *dump)
{
    return dump->nmodules;
}

const hgr_module *hgr_dump_module(const hgr_dump *dump, size_t index)
{
    return index < dump->nmodules ? &dump->modules[index] : NULL;
}

const hgr_module *hgr_dump_module_at(const hgr_dump *dump, uint64_t addr)
{
    size_t low = 0, high = dump->nmodules; /* the first that starts above addr */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dump->modules[middle].base_addr <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const hgr_module *module = &dump->modules[low - 1];
    return addr - module->base_addr < module->size_bytes ? module : NULL;
}

size_t hgr_dump_threads(const hgr_dump *dump)
{
    return dump->nthreads;
}

const hgr_thread *hgr_dump_thread(const hgr_dump *dump, size_t index)
{
    return index < dump->nthreads ? &dump->threads[index] : NULL;
}

size_t hgr_dump_ranges(const hgr_dump *dump)
{
    return dump->space.count;
}

const hgr_range *hgr_dump_range(const hgr_dump *dump, size_t index)
{
    return index < dump->space.count ? &dump->space.ranges[index] : NULL;
}

size_t hgr_dump_memory_areas(const hgr_dump *dump)
{
    return dump->nareas;
}

const hgr_memory_area *hgr_dump_memory_area(const hgr_dump *dump, size_t index)
{
    return index < dump->nareas ? &dump->areas[index] : NULL;
}

bool hgr_dump_read(const hgr_dump *dump, uint64_t addr, void *buffer, size_t len)
{
    return hgr_space_read(&dump->space, addr, buffer, len);
}

uint64_t hgr_dump_fingerprint(const hgr_dump *dump)
{
    return dump->fingerprint;
}
