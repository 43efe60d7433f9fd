/* clr: exported symbols from a hand-made ELF image, through both kinds of hash table, whole and
 * hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr_open.h"

#define BASE  UINT64_C(0x7f0000000000)
#define BYTES 0x2000u

enum { AT_DYNAMIC = 0x200, AT_STRINGS = 0x400, AT_SYMBOLS = 0x500, AT_HASH = 0x600 };

struct image {
    hgr_run *run;
    hgr_space space;
    uint8_t bytes[BYTES];
};

static void put(struct image *image, size_t at, uint64_t value, size_t bytes)
{
    memcpy(image->bytes + at, &value, bytes);
}

static void put_dynamic(struct image *image, size_t index, uint64_t tag, uint64_t value)
{
    put(image, AT_DYNAMIC + 16 * index, tag, 8);
    put(image, AT_DYNAMIC + 16 * index + 8, value, 8);
}

static void put_symbol(struct image *image, size_t index, uint32_t name, uint16_t section,
                       uint64_t value)
{
    put(image, AT_SYMBOLS + 24 * index, name, 4);
    put(image, AT_SYMBOLS + 24 * index + 6, section, 2);
    put(image, AT_SYMBOLS + 24 * index + 8, value, 8);
}

/* Symbols: 0 none, 1 "malloc" undefined, 2 "g_dacTable" at 0x6cc780, 3 "other". vaddr begins at
 * 0x1000. */
static void make_image(struct image *image, uint64_t hash_tag, bool relocated)
{
    *image = (struct image){0};
    uint64_t shift = relocated ? BASE - 0x1000 : 0; /* vaddr → what the loader leaves */
    memcpy(image->bytes, "\177ELF\2\1\1", 7);
    put(image, 32, 64, 8); /* program headers */
    put(image, 54, 56, 2);
    put(image, 56, 2, 2);
    put(image, 64, 1, 4); /* PT_LOAD */
    put(image, 64 + 16, 0x1000, 8);
    put(image, 64 + 56, 2, 4); /* PT_DYNAMIC */
    put(image, 64 + 56 + 16, 0x1000 + AT_DYNAMIC, 8);
    put(image, 64 + 56 + 40, 0x100, 8);
    put_dynamic(image, 0, 5, shift + 0x1000 + AT_STRINGS);
    put_dynamic(image, 1, 6, shift + 0x1000 + AT_SYMBOLS);
    put_dynamic(image, 2, hash_tag, shift + 0x1000 + AT_HASH);
    memcpy(image->bytes + AT_STRINGS, "\0malloc\0g_dacTable\0other", 25);
    put_symbol(image, 1, 1, 0, 0);
    put_symbol(image, 2, 8, 7, 0x6cc780);
    put_symbol(image, 3, 19, 7, 0x123000);
}

/* One bucket holds both defined symbols. Hashes: worked out by hand with the published function. */
static void make_gnu_hash(struct image *image)
{
    static const uint32_t table[] = {1, 2, 1, 0, 0xffffffff, 0xffffffff, 2};
    uint32_t g_dac = 5381, other = 5381;
    for (const char *c = "g_dacTable"; *c; c++)
        g_dac = (g_dac << 5) + g_dac + (uint8_t)*c;
    for (const char *c = "other"; *c; c++)
        other = (other << 5) + other + (uint8_t)*c;
    memcpy(image->bytes + AT_HASH, table, sizeof table);
    put(image, AT_HASH + sizeof table, g_dac & ~1u, 4);
    put(image, AT_HASH + sizeof table + 4, other | 1, 4);
}

/* nbucket 1, nchain 4; chain: 1 → 3 → 2 → end. */
static void make_sysv_hash(struct image *image)
{
    static const uint32_t table[] = {1, 4, 1, 0, 3, 0, 2};
    memcpy(image->bytes + AT_HASH, table, sizeof table);
}

static void seal(struct image *image, size_t hole, size_t hole_end)
{
    assert_int_equal(hgr_run_create(1, &image->run, NULL), HGR_OK);
    hgr_space_init(&image->space, image->run, 8);
    hgr_range low = {.start_addr = BASE,
                     .end_addr = BASE + (hole ? hole : BYTES),
                     .bytes = image->bytes,
                     .access = HGR_ACCESS_READ};
    assert_int_equal(hgr_space_add(&image->space, &low, NULL), HGR_OK);
    if (hole) {
        hgr_range high = {.start_addr = BASE + hole_end,
                          .end_addr = BASE + BYTES,
                          .bytes = image->bytes + hole_end,
                          .access = HGR_ACCESS_READ};
        assert_int_equal(hgr_space_add(&image->space, &high, NULL), HGR_OK);
    }
    assert_int_equal(hgr_space_seal(&image->space, NULL), HGR_OK);
}

static bool look_up(struct image *image, const char *name, uint64_t *out)
{
    bool found = hgr_clr_symbol(&image->space, BASE, name, out);
    hgr_space_fini(&image->space);
    hgr_run_free(image->run);
    return found;
}

#define GNU_HASH UINT64_C(0x6ffffef5)

static void both_hash_tables_lead_to_symbols(void **state)
{
    (void)state;
    static struct image image;
    for (int i = 0; i < 8; i++) {
        bool gnu = i & 1, relocated = i & 2;
        const char *name = i & 4 ? "other" : "g_dacTable";
        uint64_t addr = 0;
        make_image(&image, gnu ? GNU_HASH : 4, relocated);
        if (gnu)
            make_gnu_hash(&image);
        else
            make_sysv_hash(&image);
        seal(&image, 0, 0);
        assert_true(look_up(&image, name, &addr));
        assert_int_equal(addr, BASE - 0x1000 + (i & 4 ? 0x123000 : 0x6cc780));
    }
}

static void undefined_and_unknown_symbols_are_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"malloc", "g_dacTabl", "g_dacTable2", ""};
    static struct image image;
    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        uint64_t addr = 7;
        make_image(&image, i & 1 ? GNU_HASH : 4, true);
        if (i & 1)
            make_gnu_hash(&image);
        else
            make_sysv_hash(&image);
        seal(&image, 0, 0);
        assert_false(look_up(&image, names[i / 2], &addr));
        assert_int_equal(addr, 7);
    }
}

static void hostile_images_end(void **state)
{
    (void)state;
    static const struct {
        bool gnu;
        size_t at;
        uint64_t value;
        size_t bytes;
    } cases[] = {
        {true, 0, 0, 4},                            /* no magic */
        {true, 4, 1, 1},                            /* 32 bit */
        {true, 32, UINT64_MAX - 3, 8},              /* program headers nowhere */
        {true, 54, 8, 2},                           /* of another size */
        {true, 56, 60000, 2},                       /* too many */
        {true, 64, 0, 4},                           /* no PT_LOAD */
        {true, 64 + 56, 3, 4},                      /* no PT_DYNAMIC */
        {true, 64 + 56 + 16, 0x900000, 8},          /* PT_DYNAMIC nowhere */
        {true, AT_DYNAMIC, 0, 8},                   /* empty */
        {true, AT_DYNAMIC + 8, 0x7fffffffffff, 8},  /* strings nowhere */
        {true, AT_DYNAMIC + 24, 0x7fffffffffff, 8}, /* symbols nowhere */
        {true, AT_DYNAMIC + 40, 0x7fffffffffff, 8}, /* hash nowhere */
        {true, AT_HASH, 0, 4},                      /* no buckets */
        {true, AT_HASH + 4, 3, 4},                  /* bucket below the first hashed symbol */
        {true, AT_HASH + 8, UINT32_MAX, 4},         /* bloom filter beyond the image */
        {true, AT_HASH + 24, UINT32_MAX, 4},        /* bucket far beyond the symbols */
        {true, AT_SYMBOLS + 48, UINT32_MAX, 4},     /* name beyond the strings */
        {false, AT_HASH, 0, 4},
        {false, AT_HASH + 8, 1000000, 4}, /* bucket beyond the chain */
        {false, AT_HASH + 16, 1, 4},      /* chain 1 → 1 → 1 ... */
    };
    static struct image image;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t addr = 7;
        make_image(&image, cases[i].gnu ? GNU_HASH : 4, true);
        if (cases[i].gnu)
            make_gnu_hash(&image);
        else
            make_sysv_hash(&image);
        put(&image, cases[i].at, cases[i].value, cases[i].bytes);
        seal(&image, 0, 0);
        if (look_up(&image, "g_dacTable", &addr))
            fail_msg("case %zu: found", i);
        assert_int_equal(addr, 7);
    }
}

static void absent_tables_are_not_found(void **state)
{
    (void)state;
    static const size_t holes[] = {0x40, AT_DYNAMIC, AT_STRINGS, AT_SYMBOLS, AT_HASH};
    static struct image image;
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        uint64_t addr = 7;
        make_image(&image, GNU_HASH, true);
        make_gnu_hash(&image);
        seal(&image, holes[i], holes[i] + 0x80);
        assert_false(look_up(&image, "g_dacTable", &addr));
    }
}

/* A program compiled ahead of time exports a debug header and has no runtime module. */
static void native_aot_is_recognised(void **state)
{
    (void)state;
    static struct image image;
    hgr_clr_found found;
    hgr_status status = {0};
    const hgr_runtime_options options = {0};
    make_image(&image, 4, true);
    make_sysv_hash(&image);
    memcpy(image.bytes + AT_STRINGS + 8, "DotNetRuntimeDebugHeader", 25);
    put_symbol(&image, 3, 1, 0, 0);
    seal(&image, 0, 0);
    hgr_module module = {.path = "/app/shop", .base_addr = BASE, .size_bytes = BYTES};
    hgr_dump dump = {.run = image.run, .space = image.space, .modules = &module, .nmodules = 1};
    dump.info.os = "linux";
    assert_int_equal(hgr_clr_find(&dump, NULL, &options, &found, &status), HGR_UNSUPPORTED);
    assert_string_equal(status.text, "shop: compiled ahead of time (NativeAOT), which is not read");
    hgr_space_fini(&image.space);
    hgr_run_free(image.run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_hash_tables_lead_to_symbols),
        cmocka_unit_test(undefined_and_unknown_symbols_are_not_found),
        cmocka_unit_test(hostile_images_end),
        cmocka_unit_test(absent_tables_are_not_found),
        cmocka_unit_test(native_aot_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
