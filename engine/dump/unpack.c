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

/* Bytes between two looks at progress and cancellation. A decoder that finds damage gives nothing
 * of the step in which it finds it, so this is also the most that damage costs: one zstd block. */
#define INPUT_STEP         ((size_t)1 << 17)
#define OUTPUT_STEP ((uint64_t)64 << 20) /* most room made at once ahead of what is needed */
#define INPUT_GROWS 8 /* first guess of the ratio, where nothing tells the size */
#define SPARE_BYTES ((uint64_t)64 << 20) /* left free on the disk for everybody else */
#define GZIP_TRAILER_BYTES 8u

struct unpacking {
    const hgr_run *run;
    const char *dir;
    const uint8_t *in;
    size_t in_len, in_pos;
    int fd; /* -1 = none */
    uint8_t *map;
    size_t mapped, len; /* room; of it written */
    uint64_t limit;
    uint64_t expected; /* what comes out, 0 = not known */
    hgr_loss loss;
    const char *why;    /* what the decoder says about damage */
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

/* Are `more` bytes free on the disk, and some for everybody else? */
static hgr_result check_space(struct unpacking *u, uint64_t more)
{
    struct statvfs disk;
    if (fstatvfs(u->fd, &disk) != 0)
        return HGR_OK; /* the file system does not say: reserving will tell */
    uint64_t have = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (have >= more && have - more >= SPARE_BYTES)
        return HGR_OK;
    return hgr_fail_errno(u->status, ENOSPC,
                          "unpacking needs %llu %sbytes in %s and %llu to spare, %llu are free",
                          (unsigned long long)more, u->mapped ? "more " : "", u->dir,
                          (unsigned long long)SPARE_BYTES, (unsigned long long)have);
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
    hgr_result result = check_space(u, need - u->mapped);
    if (result != HGR_OK)
        return result;
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
    if (u->expected > u->len && u->expected <= u->limit)
        return reserve(u, u->expected);
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

/* What was unpacked before the damage is good: go on with that. */
static hgr_result stop_at_damage(struct unpacking *u, const char *why)
{
    u->loss = HGR_LOSS_DAMAGED;
    u->why = why;
    return HGR_OK;
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

/* frame_end: as for unpack_frame. */
static hgr_result stop_at_bad_frame(struct unpacking *u, size_t code, size_t frame_end)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return hgr_fail(u->status, HGR_NO_MEMORY, "zstd: out of memory for its window");
    if (ZSTD_getErrorCode(code) == ZSTD_error_checksum_wrong && frame_end) {
        u->loss = HGR_LOSS_CHECKSUM; /* it is compared when all bytes are out */
        u->len = frame_end;
        return HGR_OK;
    }
    return stop_at_damage(u, ZSTD_getErrorName(code));
}

/* One frame. frame_end: where its content will end in the output, which has room for all of it and
 * stays where it is; 0 = not known. */
static hgr_result unpack_frame(struct unpacking *u, ZSTD_DCtx *context, size_t frame_end)
{
    bool known = frame_end != 0;
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
    size_t code = ZSTD_DCtx_setParameter(context, ZSTD_d_stableOutBuffer, known);
    if (ZSTD_isError(code))
        return hgr_fail(u->status, HGR_INTERNAL, "zstd: %s", ZSTD_getErrorName(code));
    ZSTD_outBuffer to = {u->map + u->len, frame_end - u->len, 0}; /* when known */
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
            return stop_at_bad_frame(u, hint, frame_end);
        u->in_pos += from.pos;
        u->len += to.pos - had;
        if (hint != 0 && from.pos == 0 && to.pos == had) {
            u->loss = HGR_LOSS_CUT; /* nothing to read, nothing left to give */
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
    u->loss = len > left ? HGR_LOSS_CUT : HGR_LOSS_NONE;
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
    while (result == HGR_OK && u->in_pos < u->in_len && u->loss == HGR_LOSS_NONE) {
        const uint8_t *at = u->in + u->in_pos;
        if (is_skippable(at, u->in_len - u->in_pos)) {
            skip_frame(u);
            continue;
        }
        unsigned long long size = ZSTD_getFrameContentSize(at, u->in_len - u->in_pos);
        /* A size that so few bytes cannot give is a lie, and not worth its room on the disk. */
        bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR &&
                     size > 0 && size / HGR_ZSTD_MOST <= u->in_len - u->in_pos;
        if (known)
            result = size <= u->limit - u->len
                         ? reserve(u, u->len + size)
                         : hgr_fail_file(u->status, HGR_TOO_LARGE, u->in_pos,
                                         "zstd frame of %llu bytes, limit %llu", size,
                                         (unsigned long long)u->limit);
        else
            result = reserve_more(u);
        if (result == HGR_OK)
            result = unpack_frame(u, context, known ? u->len + (size_t)size : 0);
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

/* A member's checksum is compared when all of its bytes are out. */
static hgr_result stop_at_bad_deflate(struct unpacking *u, const z_stream *stream)
{
    const char *why = stream->msg ? stream->msg : "not deflated";
    if (strncmp(why, "incorrect ", 10) != 0 || !strstr(why, " check"))
        return stop_at_damage(u, why);
    u->loss = HGR_LOSS_CHECKSUM;
    return HGR_OK;
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
            u->loss = HGR_LOSS_CUT;
            return HGR_OK;
        }
        if (code != Z_OK && code != Z_STREAM_END)
            return stop_at_bad_deflate(u, stream);
        if (code == Z_STREAM_END && packing == HGR_PACKED_DEFLATE)
            return HGR_OK;
        if (code == Z_STREAM_END &&
            hgr_packing_of(u->in + u->in_pos, u->in_len - u->in_pos) != HGR_PACKED_GZIP)
            return HGR_OK; /* what follows the last member is padding, as gzip itself sees it */
        if (code == Z_STREAM_END && inflateReset(stream) != Z_OK)
            return hgr_fail(u->status, HGR_INTERNAL, "gzip: cannot begin the next member");
    }
}

/* The last member's size modulo 2^32 ends a gzip file: so many bytes come out at least. Not
 * believed where no deflated data could give so many: then it is something else that stands there.
 */
static uint64_t least_from_gzip(const struct unpacking *u)
{
    uint32_t bytes = 0;
    if (u->in_len > GZIP_TRAILER_BYTES)
        memcpy(&bytes, u->in + u->in_len - 4, 4);
    return bytes <= (uint64_t)u->in_len * HGR_DEFLATE_MOST ? bytes : 0;
}

static hgr_result unpack_zlib(struct unpacking *u, hgr_packing packing)
{
    hgr_result result =
        check_space(u, packing == HGR_PACKED_GZIP ? least_from_gzip(u) : u->expected);
    if (result != HGR_OK)
        return result;
    z_stream stream = {
        .zalloc = hgr_zlib_alloc, .zfree = hgr_zlib_free, .opaque = (void *)(uintptr_t)u->run};
    int window =
        packing == HGR_PACKED_DEFLATE ? -MAX_WBITS : MAX_WBITS + 16; /* + 16: gzip's header */
    if (inflateInit2(&stream, window) != Z_OK)
        return hgr_fail(u->status, HGR_NO_MEMORY, "zlib: out of memory");
    result = unpack_members(u, packing, &stream);
    inflateEnd(&stream);
    return result;
}

/* ---- all ---- */

/* Cut the file to what was written, and make it read-only. */
static hgr_result finish(struct unpacking *u, hgr_unpacked *out)
{
    if (u->len == 0 && u->loss == HGR_LOSS_DAMAGED)
        return hgr_fail_file(u->status, HGR_BAD_DATA, u->in_pos,
                             "damaged %s data at offset %zu: %s", u->format, u->in_pos, u->why);
    if (u->len == 0)
        return hgr_fail_file(u->status, u->loss == HGR_LOSS_CUT ? HGR_TRUNCATED : HGR_BAD_DATA,
                             u->in_pos, "compressed file of %zu bytes holds no data", u->in_len);
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
    *out = (hgr_unpacked){.bytes = u->map,
                          .len = u->len,
                          .loss = u->loss,
                          .why = u->why ? u->why : "",
                          .packed_off = u->in_pos};
    u->map = NULL;
    return HGR_OK;
}

hgr_result hgr_unpack(const uint8_t *bytes, size_t len, hgr_packing packing,
                      const hgr_unpack_room *room, const hgr_run *run, hgr_unpacked *out,
                      hgr_status *status)
{
    static const char *const NAMES[] = {"", "zstd", "gzip", "deflate"};
    struct unpacking u = {.run = run,
                          .dir = room->dir ? room->dir : "/tmp",
                          .in = bytes,
                          .in_len = len,
                          .fd = -1,
                          .limit = room->limit_bytes,
                          .expected = room->expected_bytes,
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
