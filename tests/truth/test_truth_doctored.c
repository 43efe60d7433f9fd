/* Recorded dumps that claim another version than their own: what is done with a runtime that no
 * table knows.
 *
 * A runtime newer than the tables is read with the newest layout, kept because the self checks
 * pass, and said so; one of which no dump could be had is read with a partial layout. Since the
 * memory is that of a known runtime, the answer is known: the same objects, types, references and
 * handles. Where the memory does not fit, it is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dump/dump.h"
#include "clr/clr.h"
#include "fixture.h"

static const struct doctored {
    const char *dump, *claim; /* the version it says it has */
    const char *layout;       /* how the answer must begin */
    const char *says;         /* and what must be in it */
} DOCTORED[] = {
    {"windows/net-10.0.14-x64-wks.dmp.zst", "11.0.", "layout of 10", "checks passed"},
    {"linux/site-net10-x64.before.dmp.zst", "12.0.", "layout of 10", "checks passed"},
    {"linux/site-net10-server-x64.before.dmp.zst", "11.0.", "layout of 10", "checks passed"},
    {"windows/net-6.0.13-x64-wks.dmp.zst", "5.0.", "layout of 5.0 windows-x64",
     "not verified on a recorded dump"},
    {"windows/net-6.0.13-x64-wks.dmp.zst", "7.0.", "layout of 7.0 windows-x64",
     "not verified on a recorded dump"},
    {"linux/site-net8-x64.before.dmp.zst", "7.0.", "layout of 7.0 linux-x64",
     "not verified on a recorded dump"},
};

struct patient {
    hgr_run *run;
    hgr_dump *original, *changed;
    uint8_t *bytes;
    size_t len;
};

/* Write the version text, which a slimmed dump has left out, where the runtime's image has nothing.
 */
static void claim(struct patient *patient, const hgr_runtime *runtime, const char *version)
{
    static const uint8_t nothing[48] = {0};
    const hgr_dump *dump = patient->original;
    uint64_t base = hgr_runtime_get_info(runtime)->module_addr, end = 0;
    for (size_t i = 0; i < dump->nmodules; i++)
        if (dump->modules[i].base_addr == base)
            end = base + dump->modules[i].size_bytes;
    for (size_t i = 0; i < dump->space.count; i++) {
        const hgr_range *range = &dump->space.ranges[i];
        uint64_t from = range->start_addr > base ? range->start_addr : base;
        uint64_t to = range->end_addr < end ? range->end_addr : end;
        if (from >= to)
            continue;
        const uint8_t *hit = memmem(range->bytes + (from - range->start_addr), (size_t)(to - from),
                                    nothing, sizeof nothing);
        if (hit) {
            snprintf((char *)patient->bytes + (hit - dump->file) + 8, 40, "@(#)Version %s1.100",
                     version);
            return;
        }
    }
    fail_msg("no room in the runtime's image");
}

static void admit(const char *name, struct patient *out)
{
    char path[512];
    hgr_status status = {0};
    snprintf(path, sizeof path, "%s/%s", HGR_FIXTURES, name);
    assert_int_equal(hgr_run_create(2, &out->run, NULL), HGR_OK);
    if (hgr_dump_open(path, NULL, out->run, &out->original, &status) != HGR_OK)
        fail_msg("%s: %s", name, status.text);
    out->len = out->original->file_len;
    out->bytes = malloc(out->len);
    assert_non_null(out->bytes);
    memcpy(out->bytes, out->original->file, out->len);
}

static void reopen(struct patient *patient)
{
    hgr_status status = {0};
    if (hgr_dump_open_bytes(patient->bytes, patient->len, NULL, patient->run, &patient->changed,
                            &status) != HGR_OK)
        fail_msg("%s", status.text);
}

static void discharge(struct patient *patient)
{
    hgr_dump_close(patient->changed);
    hgr_dump_close(patient->original);
    free(patient->bytes);
    hgr_run_free(patient->run);
}

static hgr_snapshot *scan(const hgr_dump *dump, const hgr_run *run, hgr_runtime **out)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    hgr_snapshot *snapshot = NULL;
    if (hgr_runtime_open(dump, NULL, run, out, &status) != HGR_OK ||
        hgr_snapshot_create(*out, &depth, run, &snapshot, &status) != HGR_OK)
        fail_msg("%s", status.text);
    return snapshot;
}

static void compare(const hgr_snapshot *known, const hgr_snapshot *seen, bool partial)
{
    const hgr_totals *x = hgr_snapshot_totals(known), *y = hgr_snapshot_totals(seen);
    assert_int_equal(x->objects, y->objects);
    assert_int_equal(x->bytes, y->bytes);
    assert_int_equal(x->free_count, y->free_count);
    assert_int_equal(x->references, y->references);
    if (!partial) /* a loader allocator's offset is among what is left open */
        assert_int_equal(x->implied_references, y->implied_references);
    assert_int_equal(hgr_snapshot_types(known), hgr_snapshot_types(seen));
    for (uint32_t t = 0; t < hgr_snapshot_types(known); t++) {
        const hgr_type_info *a = hgr_snapshot_type(known, t), *b = hgr_snapshot_type(seen, t);
        assert_int_equal(a->method_table_addr, b->method_table_addr);
        assert_int_equal(a->count, b->count);
        assert_int_equal(a->bytes, b->bytes);
        /* A dynamic module's metadata is left open, too. */
        if (!partial || !strstr(b->name, "<method table"))
            assert_string_equal(a->name, b->name);
    }
    assert_int_equal(hgr_snapshot_handles(known), hgr_snapshot_handles(seen));
    for (size_t i = 0; i < hgr_snapshot_handles(known); i++)
        assert_int_equal(hgr_snapshot_handle(known, i)->slot_addr,
                         hgr_snapshot_handle(seen, i)->slot_addr);
}

/* Names that a partial layout must not lose: at most those of modules without a file. */
static void count_nameless(const hgr_snapshot *seen)
{
    uint32_t nameless = 0;
    for (uint32_t t = 0; t < hgr_snapshot_types(seen); t++)
        nameless += strstr(hgr_snapshot_type(seen, t)->name, "<method table") != NULL;
    assert_true(nameless * 20 < hgr_snapshot_types(seen));
}

static void check(const struct doctored *doctored)
{
    struct patient patient = {0};
    hgr_runtime *known_runtime = NULL, *runtime = NULL;
    admit(doctored->dump, &patient);
    print_message("%s as %s\n", doctored->dump, doctored->claim);
    hgr_snapshot *known = scan(patient.original, patient.run, &known_runtime);
    claim(&patient, known_runtime, doctored->claim);
    reopen(&patient);
    hgr_snapshot *seen = scan(patient.changed, patient.run, &runtime);
    const hgr_runtime_info *info = hgr_runtime_get_info(runtime);
    if (strncmp(info->layout, doctored->layout, strlen(doctored->layout)) != 0 ||
        !strstr(info->layout, doctored->says))
        fail_msg("%s", info->layout);
    assert_int_equal(info->major, strtoul(doctored->claim, NULL, 10));
    bool partial = strstr(info->layout, "not verified") != NULL;
    assert_int_equal(*info->unknown != 0, partial);
    compare(known, seen, partial);
    count_nameless(seen);
    for (size_t i = 0; hgr_runtime_warning(runtime, i); i++)
        fail_msg("%s", hgr_runtime_warning(runtime, i));
    hgr_snapshot_free(seen);
    hgr_snapshot_free(known);
    hgr_runtime_close(runtime);
    hgr_runtime_close(known_runtime);
    discharge(&patient);
}

static void the_heap_is_read_and_the_layout_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DOCTORED / sizeof DOCTORED[0]; i++)
        check(&DOCTORED[i]);
}

/* A newer runtime whose strings are not what they were: no layout fits, and nothing is guessed. */
static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct patient patient = {0};
    hgr_runtime *known = NULL, *runtime = NULL;
    hgr_status status = {0};
    admit("linux/site-net10-x64.before.dmp.zst", &patient);
    assert_int_equal(hgr_runtime_open(patient.original, NULL, patient.run, &known, NULL), HGR_OK);
    const uint8_t *string = hgr_space_view(&patient.original->space, known->string_mt, 8);
    assert_non_null(string);
    patient.bytes[(size_t)(string - patient.original->file) + 4] ^= 8; /* its base size */
    claim(&patient, known, "12.0.");
    reopen(&patient);
    assert_int_equal(hgr_runtime_open(patient.changed, NULL, patient.run, &runtime, &status),
                     HGR_BAD_DATA);
    assert_null(runtime);
    assert_non_null(strstr(status.text, "System.String: no method table at 0x"));
    assert_non_null(strstr(status.text, "with the layout of 10.0 linux-x64"));
    hgr_runtime_close(known);
    discharge(&patient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heap_is_read_and_the_layout_named),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
