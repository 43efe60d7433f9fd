/* What clr_calibrate.c reads off a dump against the layouts that were verified: on every recorded
 * dump it must find the very offsets that the layout of that runtime says, and every module's
 * image. So a runtime that nobody could record is read by a method that is right on all that could
 * be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "clr/clr_modules.h"
#include "clr/clr_open.h"
#include "fixture.h"

static const struct recorded {
    const char *dump;
    bool maps; /* no compressed maps: the recorded core library of 2.x is precompiled */
} RECORDED[] = {
    {"windows/net-10.0.14-x64-wks.dmp.zst", true},
    {"windows/net-9.0.22-x64-wks.dmp.zst", true},
    {"windows/net-6.0.13-x64-wks.dmp.zst", true},
    {"windows/netcore-2.1.8-x86-wks.dmp.zst", true},
    {"early/netcore-2.0.0-linux-x64.core.zst", true},
    {"early/netcore-3.1.3-linux-x64.core.zst", true},
    {"linux/site-net8-x64.before.dmp.zst", true},
    {"linux/site-net9-x64.before.dmp.zst", true},
    {"linux/site-net10-x64.before.dmp.zst", true},
};

/* The layout with everything left open that a partial one leaves open. */
static void leave_open(hgr_clr_layout *layout)
{
    layout->partial = true;
    layout->links_relative = layout->lists_relative = false;
    layout->class_attributes = layout->class_norm_type = HGR_NO_OFFSET;
    layout->class_is_packed_at = layout->class_fixed_size_at = HGR_NO_OFFSET;
    layout->module_base = layout->module_pe_assembly = layout->module_typedef_map = HGR_NO_OFFSET;
    layout->pe_assembly_image = layout->pe_image_layout = layout->layout_base = HGR_NO_OFFSET;
}

/* A file may be mapped twice, as it is and as an image: either has its metadata. */
static const char *path_of(const hgr_runtime *runtime, uint64_t base)
{
    for (size_t i = 0; i < runtime->dump->nmodules; i++)
        if (runtime->dump->modules[i].base_addr == base)
            return runtime->dump->modules[i].path;
    fail_msg("no module at %#llx", (unsigned long long)base);
    return "";
}

static void compare_modules(const hgr_runtime *known, const hgr_runtime *found)
{
    uint64_t *modules = NULL;
    size_t count = 0, images = 0;
    assert_int_equal(hgr_clr_modules_list(known, known->run, &modules, &count, NULL), HGR_OK);
    for (size_t i = 0; i < count; i++) {
        uint64_t x = 0, y = 0;
        if (!hgr_clr_module_base(known, modules[i], &x) || x == 0)
            continue; /* made by Reflection.Emit */
        if (!hgr_clr_module_base(found, modules[i], &y))
            continue; /* its name is not in the dump */
        assert_string_equal(path_of(known, x), path_of(known, y));
        images++;
    }
    assert_true(images > 10);
    hgr_free(modules);
}

static void check(const struct recorded *recorded)
{
    struct fixture fixture = {0};
    struct opened opened;
    snprintf(fixture.dump_path, sizeof fixture.dump_path, "%s/%s", HGR_FIXTURES, recorded->dump);
    snprintf(fixture.name, sizeof fixture.name, "%s", recorded->dump);
    fixture_open(&fixture, 2, NULL, &opened);
    print_message("%s\n", recorded->dump);
    const hgr_clr_layout *known = &opened.runtime->layout;
    struct hgr_runtime copy = *opened.runtime;
    leave_open(&copy.layout);
    hgr_clr_calibrate(&copy);
    assert_int_equal(copy.layout.links_relative, known->links_relative);
    if (!known->links_relative) /* which says the same of lists */
        assert_int_equal(copy.layout.lists_relative, known->lists_relative);
    if (recorded->maps)
        assert_int_equal(copy.layout.module_typedef_map, known->module_typedef_map);
    if (known->class_packed) { /* from 9 on the class is not packed, and not read so */
        assert_int_equal(copy.layout.class_attributes, known->class_attributes);
        assert_int_equal(copy.layout.class_norm_type, known->class_norm_type);
        assert_int_equal(copy.layout.class_is_packed_at, known->class_is_packed_at);
        assert_int_equal(copy.layout.class_fixed_size_at, known->class_fixed_size_at);
    }
    compare_modules(opened.runtime, &copy);
    fixture_close(&opened);
}

static void it_finds_what_the_verified_layouts_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RECORDED / sizeof RECORDED[0]; i++)
        check(&RECORDED[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_verified_layouts_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
