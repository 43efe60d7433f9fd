/* dump/unpack.c: every shape of zstd and gzip gives the same bytes; damage, ends, limits, nothing
 * left behind. */
#include "dump_testing.h"

#include <errno.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#include "dump/unpack.h"

#define LIMIT ((uint64_t)1 << 40)
static const hgr_unpack_room plenty = {.limit_bytes = LIMIT};

struct bytes {
    uint8_t *at;
    size_t len;
};

/* Content that compresses, but not to nothing, and repeats far away. */
static struct bytes make_content(size_t len)
{
    struct bytes content = {malloc(len), len};
    for (size_t i = 0; i < len; i++)
        content.at[i] = i % 3 ? byte_at(i / 5 % 100000) : 0;
    return content;
}

/* known: the frame tells its size. */
static struct bytes pack_zstd(const uint8_t *content, size_t len, int window_log, bool known)
{
    struct bytes packed = {malloc(ZSTD_compressBound(len) + 64), 0};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    if (window_log) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    }
    if (known)
        ZSTD_CCtx_setPledgedSrcSize(context, len);
    ZSTD_inBuffer in = {content, len, 0};
    ZSTD_outBuffer out = {packed.at, ZSTD_compressBound(len) + 64, 0};
    if (!known) { /* in two steps: the compressor cannot know how much will come */
        in.size = len / 2;
        assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
        in.size = len;
    }
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(context);
    packed.len = out.pos;
    return packed;
}

static struct bytes pack_gzip(const uint8_t *content, size_t len)
{
    struct bytes packed = {malloc(len + len / 8 + 256), 0};
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)content;
    stream.avail_in = (uInt)len;
    stream.next_out = packed.at;
    stream.avail_out = (uInt)(len + len / 8 + 256);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.len = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

/* a becomes a then b; both given up. */
static struct bytes join(struct bytes a, struct bytes b)
{
    a.at = realloc(a.at, a.len + b.len);
    memcpy(a.at + a.len, b.at, b.len);
    a.len += b.len;
    free(b.at);
    return a;
}

static struct bytes copy_of(const void *bytes, size_t len)
{
    struct bytes copy = {malloc(len), len};
    memcpy(copy.at, bytes, len);
    return copy;
}

static void check_content(struct bytes packed, const uint8_t *content, size_t len)
{
    hgr_run *run = make_run();
    char *directory = make_directory();
    hgr_unpacked unpacked = {0};
    hgr_status status = {0};
    hgr_packing packing = hgr_packing_of(packed.at, packed.len);
    assert_int_not_equal(packing, HGR_PACKED_NOT);
    const hgr_unpack_room room = {.dir = directory, .limit_bytes = LIMIT};
    if (hgr_unpack(packed.at, packed.len, packing, &room, run, &unpacked, &status) != HGR_OK)
        fail_msg("%s", status.text);
    assert_int_equal(count_names(directory),
                     0); /* it never had a name that outlives a system call */
    assert_int_equal(unpacked.len, len);
    assert_int_equal(unpacked.loss, HGR_LOSS_NONE);
    assert_memory_equal(unpacked.bytes, content, len);
    munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
    remove_directory(directory);
    free(packed.at);
    end_run(run);
}

static void gives_back_the_same_bytes(void **state)
{
    (void)state;
    struct bytes content = make_content(5000003);
    const uint8_t *at = content.at;
    size_t len = content.len, half = 2000000;
    check_content(pack_zstd(at, len, 0, true), at, len);
    check_content(pack_zstd(at, len, 0, false), at, len);
    check_content(pack_zstd(at, len, 27, true), at, len);
    check_content(pack_zstd(at, len, 27, false), at, len);
    check_content(pack_zstd(at, len, 31, true), at, len);
    check_content(join(pack_zstd(at, half, 0, true), pack_zstd(at + half, len - half, 0, true)), at,
                  len);
    check_content(join(pack_zstd(at, half, 0, false), pack_zstd(at + half, len - half, 0, true)),
                  at, len);
    struct bytes skippable = copy_of("\x5e\x2a\x4d\x18\x03\0\0\0abc", 11);
    check_content(join(skippable, pack_zstd(at, len, 0, true)), at, len);
    check_content(pack_gzip(at, len), at, len);
    check_content(join(pack_gzip(at, half), pack_gzip(at + half, len - half)), at, len);
    check_content(join(pack_gzip(at, len), copy_of("\0\0\0\0", 4)), at, len); /* tape padding */
    free(content.at);
}

static void long_windows_of_known_frames_cost_no_memory(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_run_set_memory_limit(run, 1u << 20);
    struct bytes content = make_content(3000000);
    struct bytes packed = pack_zstd(content.at, content.len, 31, true);
    hgr_unpacked unpacked = {0};
    hgr_status status = {0};
    assert_int_equal(
        hgr_unpack(packed.at, packed.len, HGR_PACKED_ZSTD, &plenty, run, &unpacked, &status),
        HGR_OK);
    munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
    free(packed.at);
    packed = pack_zstd(content.at, content.len, 27, false); /* here the decoder needs its window */
    assert_int_equal(
        hgr_unpack(packed.at, packed.len, HGR_PACKED_ZSTD, &plenty, run, &unpacked, &status),
        HGR_NO_MEMORY);
    free(packed.at);
    free(content.at);
    end_run(run);
}

static void a_cut_file_gives_what_it_has(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct bytes content = make_content(600000);
    struct bytes packs[] = {pack_zstd(content.at, content.len, 0, true),
                            pack_zstd(content.at, content.len, 0, false),
                            pack_gzip(content.at, content.len)};
    for (size_t i = 0; i < 3; i++) {
        size_t best = 0;
        for (size_t cut = 4; cut < packs[i].len; cut += packs[i].len / 23 + 1) {
            hgr_unpacked unpacked = {0};
            hgr_status status = {0};
            hgr_result result = hgr_unpack(packs[i].at, cut, hgr_packing_of(packs[i].at, cut),
                                           &plenty, run, &unpacked, &status);
            if (result != HGR_OK) {
                assert_int_equal(result, HGR_TRUNCATED); /* nothing came out of so little */
                continue;
            }
            assert_int_equal(unpacked.loss, HGR_LOSS_CUT);
            assert_true(unpacked.len >= best);
            assert_memory_equal(unpacked.bytes, content.at, unpacked.len);
            best = unpacked.len;
            munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
        }
        assert_true(best > content.len / 2);
        free(packs[i].at);
    }
    free(content.at);
    end_run(run);
}

/* What comes before the damage is given, and where the damage is. */
static void damage_leaves_what_comes_before(void **state)
{
    (void)state;
    struct bytes content = make_content(1200000);
    uint32_t chance = 1;
    for (size_t i = 0; i < content.len; i++) {
        chance ^= chance << 13, chance ^= chance >> 17, chance ^= chance << 5;
        content.at[i] = chance & 15; /* half a byte of chance: packs to half */
    }
    struct bytes packs[] = {pack_zstd(content.at, content.len, 0, true),
                            pack_zstd(content.at, content.len, 0, false),
                            pack_gzip(content.at, content.len)};
    for (size_t i = 0; i < 3; i++) {
        hgr_run *run = make_run();
        hgr_unpacked unpacked = {0};
        hgr_status status = {0};
        size_t begin = packs[i].len * 7 / 8;
        assert_true(begin > ((size_t)2 << 17)); /* two steps of input are good */
        memset(packs[i].at + begin, 0xff, packs[i].len - begin);
        assert_int_equal(hgr_unpack(packs[i].at, packs[i].len,
                                    hgr_packing_of(packs[i].at, packs[i].len), &plenty, run,
                                    &unpacked, &status),
                         HGR_OK);
        assert_int_equal(unpacked.loss, HGR_LOSS_DAMAGED);
        assert_true(unpacked.len > content.len / 3);
        assert_true(unpacked.len < content.len);
        assert_true(unpacked.packed_off > 0 && unpacked.packed_off < packs[i].len);
        assert_true(unpacked.why[0] != 0);
        size_t sure = unpacked.len < content.len / 2 ? unpacked.len : content.len / 2;
        assert_memory_equal(unpacked.bytes, content.at, sure);
        munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
        free(packs[i].at);
        end_run(run);
    }
    free(content.at);
}

/* Damage in the first bytes: nothing to use, so it is an error that says where. */
static void damage_at_the_beginning_is_an_error(void **state)
{
    (void)state;
    struct bytes content = make_content(30000);
    struct bytes packs[] = {pack_zstd(content.at, content.len, 0, true),
                            pack_gzip(content.at, content.len)};
    for (size_t i = 0; i < 2; i++) {
        hgr_run *run = make_run();
        hgr_unpacked unpacked = {0};
        hgr_status status = {0};
        memset(packs[i].at + 10, 0xff, 40);
        assert_int_equal(hgr_unpack(packs[i].at, packs[i].len,
                                    hgr_packing_of(packs[i].at, packs[i].len), &plenty, run,
                                    &unpacked, &status),
                         HGR_BAD_DATA);
        assert_non_null(strstr(status.text, "damaged"));
        assert_int_equal(status.at_kind, HGR_AT_FILE);
        assert_null(unpacked.bytes);
        free(packs[i].at);
        end_run(run);
    }
    free(content.at);
}

/* All bytes come out, and only then the checksum tells that some are wrong. */
static void a_wrong_checksum_is_told(void **state)
{
    (void)state;
    struct bytes content = make_content(500000);
    struct bytes packs[] = {pack_zstd(content.at, content.len, 0, true),
                            pack_gzip(content.at, content.len),
                            join(pack_zstd(content.at, 1000, 0, false),
                                 pack_zstd(content.at + 1000, content.len - 1000, 0, true))};
    const size_t from_end[] = {1, 5,
                               1}; /* zstd ends with its checksum, gzip has the size behind it */
    for (size_t i = 0; i < 3; i++) {
        hgr_run *run = make_run();
        hgr_unpacked unpacked = {0};
        hgr_status status = {0};
        packs[i].at[packs[i].len - from_end[i]] ^= 0x10;
        assert_int_equal(hgr_unpack(packs[i].at, packs[i].len,
                                    hgr_packing_of(packs[i].at, packs[i].len), &plenty, run,
                                    &unpacked, &status),
                         HGR_OK);
        assert_int_equal(unpacked.loss, HGR_LOSS_CHECKSUM);
        assert_int_equal(unpacked.len, content.len);
        assert_memory_equal(unpacked.bytes, content.at, content.len);
        munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
        free(packs[i].at);
        end_run(run);
    }
    free(content.at);
}

/* What is known to come must find room before the first byte is written. */
static void free_space_is_checked_first(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_unpacked unpacked = {0};
    hgr_status status = {0};
    struct bytes content = make_content(9000000), packed = pack_gzip(content.at, content.len);
    static const uint8_t four_gigabytes[4] = {0xff, 0xff, 0xff, 0xff};
    /* A size that no deflated data of this length can have is not believed. */
    memcpy(packed.at + packed.len - 4, four_gigabytes, 4);
    assert_int_equal(
        hgr_unpack(packed.at, packed.len, HGR_PACKED_GZIP, &plenty, run, &unpacked, &status),
        HGR_OK);
    assert_int_equal(unpacked.loss, HGR_LOSS_CHECKSUM); /* the length is part of the check */
    munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
    const hgr_unpack_room room = {.limit_bytes = INT64_MAX, .expected_bytes = INT64_MAX / 2};
    assert_int_equal(
        hgr_unpack(packed.at, packed.len, HGR_PACKED_DEFLATE, &room, run, &unpacked, &status),
        HGR_IO);
    assert_int_equal(status.os_error, ENOSPC);
    assert_non_null(strstr(status.text, "unpacking needs 4611686018427387903 bytes in /tmp"));
    free(packed.at);
    free(content.at);
    end_run(run);
}

static void limits_and_places_are_kept(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct bytes content = make_content(2000000);
    struct bytes packs[] = {pack_zstd(content.at, content.len, 0, true),
                            pack_zstd(content.at, content.len, 0, false),
                            pack_gzip(content.at, content.len)};
    for (size_t i = 0; i < 3; i++) {
        hgr_packing packing = hgr_packing_of(packs[i].at, packs[i].len);
        const hgr_unpack_room tight = {.limit_bytes = content.len - 1},
                              nowhere = {.dir = "/nowhere/at/all", .limit_bytes = LIMIT};
        hgr_unpacked unpacked = {0};
        hgr_status status = {0};
        assert_int_equal(
            hgr_unpack(packs[i].at, packs[i].len, packing, &tight, run, &unpacked, &status),
            HGR_TOO_LARGE);
        assert_int_equal(
            hgr_unpack(packs[i].at, packs[i].len, packing, &nowhere, run, &unpacked, &status),
            HGR_IO);
        assert_int_equal(status.os_error, ENOENT);
        for (uint64_t k = 1;; k++) {
            hgr_run_fail_allocation(run, k);
            hgr_result result =
                hgr_unpack(packs[i].at, packs[i].len, packing, &plenty, run, &unpacked, &status);
            assert_int_equal(hgr_run_memory_bytes(run), 0);
            if (result == HGR_OK)
                break;
            assert_int_equal(result, HGR_NO_MEMORY);
            assert_true(k < 1000);
        }
        hgr_run_fail_allocation(run, 0);
        munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
    }
    hgr_run_cancel(run);
    for (size_t i = 0; i < 3; i++) {
        hgr_unpacked unpacked = {0};
        assert_int_equal(hgr_unpack(packs[i].at, packs[i].len,
                                    hgr_packing_of(packs[i].at, packs[i].len), &plenty, run,
                                    &unpacked, NULL),
                         HGR_CANCELLED);
        free(packs[i].at);
    }
    free(content.at);
    end_run(run);
}

/* Sizes that so few bytes cannot give are not believed, hence cost no room; one above the limit is
 * refused. */
static void an_absurd_size_is_not_believed(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    const hgr_unpack_room boundless = {.limit_bytes = INT64_MAX}, narrow = {.limit_bytes = 1000};
    hgr_unpacked unpacked = {0};
    hgr_status status = {0};
    uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0};
    assert_int_equal(
        hgr_unpack(frame, sizeof frame, HGR_PACKED_ZSTD, &boundless, run, &unpacked, &status),
        HGR_BAD_DATA);
    assert_non_null(strstr(status.text, "damaged zstd data"));
    frame[12] = 0;
    frame[7] = 1; /* 65,536 bytes */
    assert_int_equal(
        hgr_unpack(frame, sizeof frame, HGR_PACKED_ZSTD, &narrow, run, &unpacked, &status),
        HGR_TOO_LARGE);
    end_run(run);
}

static void a_packed_dump_opens_like_the_plain_one(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    char *directory = make_directory(), path[256];
    static uint64_t start = 0x10000;
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load_from(core, start, SYNTH_R, fill_content, &start, 64 * PAGE, 64 * PAGE);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    struct bytes packs[] = {pack_zstd(bytes, len, 0, true), pack_gzip(bytes, len)};
    hgr_dump *plain = open_bytes(bytes, len, NULL, run);
    for (size_t i = 0; i < 2; i++) {
        hgr_dump *dump = NULL;
        snprintf(path, sizeof path, "%s/named-otherwise.dmp", directory);
        write_file(path, packs[i].at, packs[i].len);
        hgr_dump_options options = {.temp_dir = directory};
        assert_int_equal(hgr_dump_open(path, &options, run, &dump, NULL), HGR_OK);
        assert_int_equal(count_names(directory), 1);
        assert_string_equal(hgr_dump_get_info(dump)->compression, i ? "gzip" : "zstd");
        assert_int_equal(hgr_dump_get_info(dump)->file_bytes, packs[i].len);
        assert_int_equal(hgr_dump_get_info(dump)->image_bytes, len);
        assert_int_equal(hgr_dump_fingerprint(dump), hgr_dump_fingerprint(plain));
        uint8_t byte = 0;
        assert_true(hgr_dump_read(dump, start + 12345, &byte, 1));
        assert_int_equal(byte, byte_at(start + 12345));
        hgr_dump_close(dump);
        dump = open_bytes(packs[i].at, packs[i].len * 9 / 10, &options, run);
        assert_true(has_warning(dump, "the compressed file ends too early"));
        hgr_dump_close(dump);
        free(packs[i].at);
    }
    hgr_dump_close(plain);
    free(bytes);
    remove_directory(directory);
    end_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_the_same_bytes),
        cmocka_unit_test(long_windows_of_known_frames_cost_no_memory),
        cmocka_unit_test(a_cut_file_gives_what_it_has),
        cmocka_unit_test(damage_leaves_what_comes_before),
        cmocka_unit_test(damage_at_the_beginning_is_an_error),
        cmocka_unit_test(a_wrong_checksum_is_told),
        cmocka_unit_test(free_space_is_checked_first),
        cmocka_unit_test(limits_and_places_are_kept),
        cmocka_unit_test(an_absurd_size_is_not_believed),
        cmocka_unit_test(a_packed_dump_opens_like_the_plain_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
