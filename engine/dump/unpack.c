/* dump: unpacks compressed input into a temporary file that has no name.
 *
 * The output is the mapped file itself: room is reserved with posix_fallocate before it is written,
 * so a full disk is an error and not a signal, and what the decoder writes needs no copy. A zstd
 * frame that tells its size is decoded with the whole rest of the mapping as its window (stable
 * output buffer), so that --long=31 costs no memory of ours; other frames and gzip pass through the
 * decoder's own window, whose memory counts against the run's limit. */
#define _GNU_SOURCE
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createDCtx_advanced, ZSTD_d_stableOutBuffer */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "../base/run.h"
#include "../base/status.h"
#include "limits.h"

#define INPUT_STEP  ((size_t)1 << 20)    /* bytes between two looks at progress and cancellation */
#define OUTPUT_STEP ((uint64_t)64 << 20) /* most room made at once ahead of what is needed */
#define INPUT_GROWS 8 /* first guess of the ratio, where nothing tells the size */
#define SPARE_BYTES ((uint64_t)64 << 20) /* left free on the disk for everybody else */

struct unpacking {
    const hgr_run *run;
    const char *dir;
    const uint8_t *in;
    size_t in_len, in_pos;
    int fd; /* -1 = none */
    uint8_t *map;
    size_t mapped, len; /* room; of it written */
    uint64_t limit;
    bool truncated;
    const char *format; /* for messages */
    hgr_status *status;
};

/* ---- temporary file ---- */

static hgr_result open_temporary(struct unpacking *u)
{
    u->fd = open(u->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (u->fd >= 0)
        return HGR_OK;
    char path[4096]; /* a file system without nameless files: a name for two system calls */
    int len = snprintf(path, sizeof path, "%s/heapgraph-XXXXXX", u->dir);
    if (len < 0 || (size_t)len >= sizeof path)
        return hgr_fail(u->status, HGR_BAD_ARGUMENT, "temporary directory: name too long");
    u->fd = mkostemp(path, O_CLOEXEC);
    if (u->fd < 0)
        return hgr_fail_errno(u->status, errno, "cannot create a temporary file in %s", u->dir);
    unlink(path);
    return HGR_OK;
}

static hgr_result fail_space(struct unpacking *u, uint64_t need, uint64_t have)
{
    return hgr_fail_errno(u->status, ENOSPC, "unpacking needs %llu more bytes in %s, %llu are free",
                          (unsigned long long)need, u->dir, (unsigned long long)have);
}

/* Room for `need` bytes in all, on the disk and in the mapping. */
static hgr_result reserve(struct unpacking *u, uint64_t need)
{
    if (need <= u->mapped)
        return HGR_OK;
    if (need > u->limit)
        return hgr_fail_file(u->status, HGR_TOO_LARGE, u->in_pos,
                             "unpacks to %llu bytes or more, limit %llu", (unsigned long long)need,
                             (unsigned long long)u->limit);
    uint64_t more = need - u->mapped;
    struct statvfs disk;
    if (fstatvfs(u->fd, &disk) == 0) {
        uint64_t have = (uint64_t)disk.f_bavail * disk.f_frsize;
        if (have < more + SPARE_BYTES)
            return fail_space(u, more, have);
    }
    int error = posix_fallocate(u->fd, 0, (off_t)need); /* need <= limit < 2^63 */
    if (error)
        return hgr_fail_errno(u->status, error, "cannot reserve %llu bytes in %s",
                              (unsigned long long)need, u->dir);
    void *map = u->map ? mremap(u->map, u->mapped, (size_t)need, MREMAP_MAYMOVE)
                       : mmap(NULL, (size_t)need, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, 0);
    if (map == MAP_FAILED)
        return hgr_fail_errno(u->status, errno, "cannot map %llu bytes of a temporary file",
                              (unsigned long long)need);
    u->map = map;
    u->mapped = (size_t)need;
    return HGR_OK;
}

/* Some room behind what is written, growing with it. */
static hgr_result reserve_more(struct unpacking *u)
{
    if (u->len < u->mapped)
        return HGR_OK;
    uint64_t step = u->in_len * INPUT_GROWS + 65536;
    step = step < OUTPUT_STEP ? step : OUTPUT_STEP;
    step = u->len / 2 > step ? u->len / 2 : step;
    uint64_t room = u->limit - u->len < step ? u->limit - u->len : step;
    return reserve(u, room ? u->len + room : u->len + 1);
}

static hgr_result step(struct unpacking *u)
{
    hgr_run_progress(u->run, "unpack", u->in_pos, u->in_len);
    return hgr_run_check_cancel(u->run, u->status);
}

static hgr_result fail_damaged(struct unpacking *u, const char *why)
{
    return hgr_fail_file(u->status, HGR_BAD_DATA, u->in_pos, "damaged %s data at offset %zu: %s",
                         u->format, u->in_pos, why);
}

/* ---- zstd ---- */

static void *zstd_alloc(void *opaque, size_t size)
{
    void *block = NULL;
    return hgr_alloc(opaque, 1, size, "zstd", &block, NULL) == HGR_OK ? block : NULL;
}

static void zstd_free(void *opaque, void *block)
{
    (void)opaque;
    hgr_free(block);
}

static hgr_result fail_zstd(struct unpacking *u, size_t code)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return hgr_fail(u->status, HGR_NO_MEMORY, "zstd: out of memory for its window");
    return fail_damaged(u, ZSTD_getErrorName(code));
}

/* One frame. known: the output has room for all of it and stays where it is. */
static hgr_result unpack_frame(struct unpacking *u, ZSTD_DCtx *context, bool known)
{
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
    size_t code = ZSTD_DCtx_setParameter(context, ZSTD_d_stableOutBuffer, known);
    if (ZSTD_isError(code))
        return hgr_fail(u->status, HGR_INTERNAL, "zstd: %s", ZSTD_getErrorName(code));
    ZSTD_outBuffer to = {u->map + u->len, u->mapped - u->len, 0};
    size_t hint = 1;
    while (hint != 0) {
        hgr_result result = known ? HGR_OK : reserve_more(u);
        if (result == HGR_OK)
            result = step(u);
        if (result != HGR_OK)
            return result;
        if (!known)
            to = (ZSTD_outBuffer){u->map + u->len, u->mapped - u->len, 0};
        size_t left = u->in_len - u->in_pos, had = to.pos;
        ZSTD_inBuffer from = {u->in + u->in_pos, left < INPUT_STEP ? left : INPUT_STEP, 0};
        hint = ZSTD_decompressStream(context, &to, &from);
        if (ZSTD_isError(hint))
            return fail_zstd(u, hint);
        u->in_pos += from.pos;
        u->len += to.pos - had;
        if (hint != 0 && from.pos == 0 && to.pos == had) {
            u->truncated = true; /* nothing to read, nothing left to give */
            return HGR_OK;
        }
    }
    return HGR_OK;
}

static bool is_skippable(const uint8_t *at, size_t left)
{
    return left >= 8 && (at[0] & 0xf0) == 0x50 && memcmp(at + 1, "\x2a\x4d\x18", 3) == 0;
}

/* Pass by one frame without content. */
static void skip_frame(struct unpacking *u)
{
    uint32_t len;
    memcpy(&len, u->in + u->in_pos + 4, 4);
    size_t left = u->in_len - u->in_pos - 8;
    u->truncated = len > left;
    u->in_pos += 8 + (len < left ? len : left);
}

static hgr_result unpack_zstd(struct unpacking *u)
{
    hgr_result result = HGR_OK;
    ZSTD_customMem memory = {zstd_alloc, zstd_free, (void *)(uintptr_t)u->run};
    ZSTD_DCtx *context = ZSTD_createDCtx_advanced(memory);
    if (!context)
        return hgr_fail(u->status, HGR_NO_MEMORY, "zstd: out of memory");
    size_t code = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, HGR_MAX_ZSTD_WINDOW_LOG);
    if (ZSTD_isError(code))
        result = hgr_fail(u->status, HGR_INTERNAL, "zstd: %s", ZSTD_getErrorName(code));
    while (result == HGR_OK && u->in_pos < u->in_len && !u->truncated) {
        const uint8_t *at = u->in + u->in_pos;
        if (is_skippable(at, u->in_len - u->in_pos)) {
            skip_frame(u);
            continue;
        }
        unsigned long long size = ZSTD_getFrameContentSize(at, u->in_len - u->in_pos);
        bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR && size > 0;
        if (known)
            result = size <= u->limit - u->len
                         ? reserve(u, u->len + size)
                         : hgr_fail_file(u->status, HGR_TOO_LARGE, u->in_pos,
                                         "zstd frame of %llu bytes, limit %llu", size,
                                         (unsigned long long)u->limit);
        else
            result = reserve_more(u);
        if (result == HGR_OK)
            result = unpack_frame(u, context, known);
    }
    ZSTD_freeDCtx(context);
    return result;
}

/* ---- gzip, deflate ---- */

void *hgr_zlib_alloc(void *run, unsigned count, unsigned size)
{
    void *block = NULL;
    return hgr_alloc(run, count, size, "zlib", &block, NULL) == HGR_OK ? block : NULL;
}

void hgr_zlib_free(void *run, void *block)
{
    (void)run;
    hgr_free(block);
}

/* One call of inflate: at most INPUT_STEP in, at most what is reserved out. */
static int inflate_step(struct unpacking *u, z_stream *stream)
{
    size_t left = u->in_len - u->in_pos, room = u->mapped - u->len;
    stream->next_in = (Bytef *)(uintptr_t)(u->in + u->in_pos);
    stream->avail_in = (uInt)(left < INPUT_STEP ? left : INPUT_STEP);
    stream->next_out = u->map + u->len;
    stream->avail_out = (uInt)(room < OUTPUT_STEP ? room : OUTPUT_STEP);
    int code = inflate(stream, Z_NO_FLUSH);
    u->in_pos = (size_t)(stream->next_in - u->in);
    u->len = (size_t)(stream->next_out - u->map);
    return code;
}

static hgr_result unpack_members(struct unpacking *u, hgr_packing packing, z_stream *stream)
{
    for (;;) {
        hgr_result result = reserve_more(u);
        if (result == HGR_OK)
            result = step(u);
        if (result != HGR_OK)
            return result;
        int code = inflate_step(u, stream);
        if (code == Z_MEM_ERROR)
            return hgr_fail(u->status, HGR_NO_MEMORY, "zlib: out of memory");
        if (code == Z_BUF_ERROR) { /* no progress though there is room: the input ended */
            u->truncated = true;
            return HGR_OK;
        }
        if (code != Z_OK && code != Z_STREAM_END)
            return fail_damaged(u, stream->msg ? stream->msg : "not deflated");
        if (code == Z_STREAM_END && packing == HGR_PACKED_DEFLATE)
            return HGR_OK;
        if (code == Z_STREAM_END &&
            hgr_packing_of(u->in + u->in_pos, u->in_len - u->in_pos) != HGR_PACKED_GZIP)
            return HGR_OK; /* what follows the last member is padding, as gzip itself sees it */
        if (code == Z_STREAM_END && inflateReset(stream) != Z_OK)
            return hgr_fail(u->status, HGR_INTERNAL, "gzip: cannot begin the next member");
    }
}

static hgr_result unpack_zlib(struct unpacking *u, hgr_packing packing)
{
    z_stream stream = {
        .zalloc = hgr_zlib_alloc, .zfree = hgr_zlib_free, .opaque = (void *)(uintptr_t)u->run};
    int window =
        packing == HGR_PACKED_DEFLATE ? -MAX_WBITS : MAX_WBITS + 16; /* + 16: gzip's header */
    if (inflateInit2(&stream, window) != Z_OK)
        return hgr_fail(u->status, HGR_NO_MEMORY, "zlib: out of memory");
    hgr_result result = unpack_members(u, packing, &stream);
    inflateEnd(&stream);
    return result;
}

/* ---- all ---- */

/* Cut the file to what was written, and make it read-only. */
static hgr_result finish(struct unpacking *u, hgr_unpacked *out)
{
    if (u->len == 0)
        return hgr_fail_file(u->status, u->truncated ? HGR_TRUNCATED : HGR_BAD_DATA, u->in_pos,
                             "compressed file of %zu bytes holds no data", u->in_len);
    if (ftruncate(u->fd, (off_t)u->len) != 0)
        return hgr_fail_errno(u->status, errno, "cannot cut a temporary file in %s", u->dir);
    if (u->len < u->mapped) {
        void *map = mremap(u->map, u->mapped, u->len, 0);
        if (map == MAP_FAILED)
            return hgr_fail_errno(u->status, errno, "cannot cut the mapping of a temporary file");
        u->mapped = u->len;
    }
    if (mprotect(u->map, u->len, PROT_READ) != 0)
        return hgr_fail_errno(u->status, errno, "cannot protect the mapping of a temporary file");
    *out = (hgr_unpacked){u->map, u->len, u->truncated};
    u->map = NULL;
    return HGR_OK;
}

hgr_result hgr_unpack(const uint8_t *bytes, size_t len, hgr_packing packing, const char *dir,
                      uint64_t limit_bytes, const hgr_run *run, hgr_unpacked *out,
                      hgr_status *status)
{
    static const char *const NAMES[] = {"", "zstd", "gzip", "deflate"};
    struct unpacking u = {.run = run,
                          .dir = dir ? dir : "/tmp",
                          .in = bytes,
                          .in_len = len,
                          .fd = -1,
                          .limit = limit_bytes,
                          .format = NAMES[packing],
                          .status = status};
    hgr_phase_timer timer = hgr_phase_begin(run, "unpack");
    hgr_result result = open_temporary(&u);
    if (result == HGR_OK)
        result = packing == HGR_PACKED_ZSTD ? unpack_zstd(&u) : unpack_zlib(&u, packing);
    if (result == HGR_OK)
        result = finish(&u, out);
    if (u.map)
        munmap(u.map, u.mapped);
    if (u.fd >= 0)
        close(u.fd);
    hgr_phase_end(&timer, u.len, 0, 0);
    return result;
}
