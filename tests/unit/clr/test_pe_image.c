/* clr: exports and resources of hand-made PE images of both word sizes, whole, cut and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr_open.h"
#include "clr/pe_image.h"

#define BASE  UINT64_C(0x10000000)
#define BYTES 0x1000u

enum { AT_PE = 0x80, AT_EXPORTS = 0x400, AT_RESOURCES = 0x800, AT_DATA = 0xc00 };

struct image {
    hgr_run *run;
    hgr_space space;
    uint8_t bytes[BYTES];
};

static void put(struct image *image, size_t at, uint64_t value, size_t bytes)
{
    memcpy(image->bytes + at, &value, bytes);
}

/* Exports in the order of their names; the ordinals are the other way round. */
static void make_exports(struct image *image)
{
    static const char *const names[] = {"DotNetRuntimeContractDescriptor", "MetaDataGetDispenser",
                                        "g_CLREngineMetrics", "g_dacTable"};
    size_t text = AT_EXPORTS + 0x100;
    put(image, AT_EXPORTS + 20, 4, 4);
    put(image, AT_EXPORTS + 24, 4, 4);
    put(image, AT_EXPORTS + 28, AT_EXPORTS + 0x40, 4);
    put(image, AT_EXPORTS + 32, AT_EXPORTS + 0x60, 4);
    put(image, AT_EXPORTS + 36, AT_EXPORTS + 0x80, 4);
    for (size_t i = 0; i < 4; i++) {
        put(image, AT_EXPORTS + 0x40 + 4 * i, 0x500 + 0x10 * i, 4);
        put(image, AT_EXPORTS + 0x60 + 4 * i, text, 4);
        put(image, AT_EXPORTS + 0x80 + 2 * i, 3 - i, 2);
        memcpy(image->bytes + text, names[i], strlen(names[i]) + 1);
        text += strlen(names[i]) + 1;
    }
}

static void put_directory(struct image *image, size_t at, unsigned named, unsigned numbered)
{
    put(image, AT_RESOURCES + at + 12, named, 2);
    put(image, AT_RESOURCES + at + 14, numbered, 2);
}

static void put_entry(struct image *image, size_t at, size_t index, uint32_t name, uint32_t off)
{
    put(image, AT_RESOURCES + at + 16 + 8 * index, name, 4);
    put(image, AT_RESOURCES + at + 20 + 8 * index, off, 4);
}

static void put_name(struct image *image, size_t at, const char *name)
{
    put(image, AT_RESOURCES + at, strlen(name), 2);
    for (size_t i = 0; name[i]; i++)
        put(image, AT_RESOURCES + at + 2 + 2 * i, (uint8_t)name[i], 2);
}

/* Types 6 and 10; under 10 two names; one language. */
static void make_resources(struct image *image)
{
    const uint32_t sub = 0x80000000;
    put_directory(image, 0, 0, 2);
    put_entry(image, 0, 0, 6, sub | 0x300);
    put_entry(image, 0, 1, 10, sub | 0x40);
    put_directory(image, 0x40, 2, 0);
    put_entry(image, 0x40, 0, sub | 0x100, sub | 0x80);
    put_entry(image, 0x40, 1, sub | 0x180, sub | 0xa0);
    put_name(image, 0x100, "CLRDEBUGINFO");
    put_name(image, 0x180, "COREXTERNALDATAACCESSRESOURCE");
    put_directory(image, 0x80, 0, 1);
    put_entry(image, 0x80, 0, 1033, 0x200);
    put_directory(image, 0xa0, 0, 1);
    put_entry(image, 0xa0, 0, 1033, 0x210);
    put(image, AT_RESOURCES + 0x200, AT_DATA + 0x40, 4);
    put(image, AT_RESOURCES + 0x204, 36, 4);
    put(image, AT_RESOURCES + 0x210, AT_DATA, 4);
    put(image, AT_RESOURCES + 0x214, 0x20, 4);
}

static void make_image(struct image *image, bool wide)
{
    size_t optional = AT_PE + 24, counts = optional + (wide ? 108 : 92);
    *image = (struct image){0};
    memcpy(image->bytes, "MZ", 2);
    put(image, 0x3c, AT_PE, 4);
    memcpy(image->bytes + AT_PE, "PE\0\0", 4);
    put(image, AT_PE + 4, wide ? 0x8664 : 0x14c, 2);
    put(image, AT_PE + 8, 0x5c40c18e, 4);
    put(image, optional, wide ? 0x20b : 0x10b, 2);
    put(image, optional + 56, BYTES, 4);
    put(image, counts, 16, 4);
    put(image, counts + 4, AT_EXPORTS, 4);
    put(image, counts + 8, 0x200, 4);
    put(image, counts + 4 + 16, AT_RESOURCES, 4);
    put(image, counts + 8 + 16, 0x400, 4);
    make_exports(image);
    make_resources(image);
}

static void map_image(struct image *image, size_t len)
{
    assert_int_equal(hgr_run_create(1, &image->run, NULL), HGR_OK);
    hgr_space_init(&image->space, image->run, 8);
    const hgr_range range = {.start_addr = BASE, .end_addr = BASE + len, .bytes = image->bytes};
    assert_int_equal(hgr_space_add(&image->space, &range, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&image->space, NULL), HGR_OK);
}

static void unmap_image(struct image *image)
{
    hgr_space_fini(&image->space);
    hgr_run_free(image->run);
}

static void headers_of_both_sizes(void **state)
{
    (void)state;
    static struct image image;
    for (int wide = 0; wide < 2; wide++) {
        hgr_pe_image pe;
        make_image(&image, wide);
        map_image(&image, BYTES);
        assert_true(hgr_pe_open(&image.space, BASE, &pe));
        assert_int_equal(pe.machine, wide ? HGR_PE_MACHINE_X64 : HGR_PE_MACHINE_X86);
        assert_int_equal(pe.timestamp, 0x5c40c18e);
        assert_int_equal(pe.size_bytes, BYTES);
        assert_false(hgr_pe_open(&image.space, BASE + 16, &pe));
        unmap_image(&image);
    }
}

static void exports_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t rva;
    } rows[] = {{"DotNetRuntimeContractDescriptor", 0x530},
                {"MetaDataGetDispenser", 0x520},
                {"g_CLREngineMetrics", 0x510},
                {"g_dacTable", 0x500},
                {"g_dacTabl", 0},
                {"g_dacTable2", 0},
                {"", 0},
                {"A", 0},
                {"z", 0}};
    static struct image image;
    make_image(&image, true);
    map_image(&image, BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t addr = 0;
        bool found = hgr_clr_symbol(&image.space, BASE, rows[i].name, &addr);
        assert_int_equal(found, rows[i].rva != 0);
        assert_int_equal(addr, rows[i].rva ? BASE + rows[i].rva : 0);
    }
    unmap_image(&image);
}

static void resources_by_name(void **state)
{
    (void)state;
    static struct image image;
    for (int wide = 0; wide < 2; wide++) {
        hgr_pe_image pe;
        uint64_t addr = 0;
        uint32_t bytes = 0;
        make_image(&image, wide);
        map_image(&image, BYTES);
        assert_true(hgr_pe_open(&image.space, BASE, &pe));
        assert_true(hgr_pe_resource(&pe, "COREXTERNALDATAACCESSRESOURCE", &addr, &bytes));
        assert_int_equal(addr, BASE + AT_DATA);
        assert_int_equal(bytes, 0x20);
        assert_true(hgr_pe_resource(&pe, "CLRDEBUGINFO", &addr, &bytes));
        assert_int_equal(bytes, 36);
        assert_false(hgr_pe_resource(&pe, "CLRDEBUGINF", &addr, &bytes));
        assert_false(hgr_pe_resource(&pe, "CLRDEBUGINFOX", &addr, &bytes));
        unmap_image(&image);
    }
}

/* Every shorter image, and every byte of the tables set to its worst: answers, never a crash. */
static void cut_and_hostile_images(void **state)
{
    (void)state;
    static struct image image;
    size_t found_whole = 0;
    for (size_t at = 0; at < 2 * (size_t)BYTES; at++) {
        hgr_pe_image pe;
        uint64_t addr = 0;
        uint32_t bytes = 0;
        make_image(&image, true);
        if (at >= BYTES)
            image.bytes[at - BYTES] = 0xff;
        map_image(&image, at < BYTES ? at + 1 : BYTES);
        if (hgr_pe_open(&image.space, BASE, &pe)) {
            if (hgr_pe_export(&pe, "g_dacTable", &addr))
                assert_true(addr >= BASE && addr < BASE + pe.size_bytes);
            if (hgr_pe_resource(&pe, "COREXTERNALDATAACCESSRESOURCE", &addr, &bytes)) {
                assert_true(addr >= BASE && bytes <= pe.size_bytes);
                found_whole++;
            }
        }
        unmap_image(&image);
    }
    assert_true(found_whole > BYTES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_both_sizes),
        cmocka_unit_test(exports_by_name),
        cmocka_unit_test(resources_by_name),
        cmocka_unit_test(cut_and_hostile_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
