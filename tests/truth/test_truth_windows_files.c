/* Recorded Windows minidumps without the images of their managed modules, as a "heap" dump of
 * Windows is: the modules' files, named by --modules, give the names back; other files of the same
 * name do not.
 *
 * The files are made from the images in the recorded dump: the sections' places in the file are set
 * to those in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <dirent.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"
#include "rewrite_minidump.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '\\');
    return slash ? slash + 1 : path;
}

/* The core library of 2.1 has the method tables in its image, in pages that are written to: those
 * are in a dump of private memory. */
static bool is_managed(const hgr_module *module)
{
    const char *name = file_name(module->path);
    if (strcmp(name, "System.Private.CoreLib.dll") == 0 && strstr(module->path, "2.1.8"))
        return false;
    return strncmp(name, "System.", 7) == 0 || strcmp(name, "HeapLab.dll") == 0;
}

static void put(uint8_t *at, uint64_t value, size_t width)
{
    memcpy(at, &value, width);
}

static uint32_t word_at(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, 4);
    return word;
}

/* The image as a file of the same layout; changed: of another build. */
static void write_image(const hgr_dump *dump, const hgr_module *module, const char *folder,
                        bool changed)
{
    char path[400];
    uint8_t *bytes = calloc(1, (size_t)module->size_bytes);
    assert_non_null(bytes);
    for (uint64_t at = 0; at < module->size_bytes; at += 512) {
        size_t len = module->size_bytes - at < 512 ? (size_t)(module->size_bytes - at) : 512;
        (void)!hgr_dump_read(dump, module->base_addr + at, bytes + at, len);
    }
    uint8_t *pe = bytes + word_at(bytes + 0x3c), *sections = pe + 24 + (word_at(pe + 20) & 0xffff);
    for (uint32_t i = 0; i < (word_at(pe + 6) & 0xffff); i++) {
        put(sections + 40 * i + 16, word_at(sections + 40 * i + 8), 4);  /* as large as in memory */
        put(sections + 40 * i + 20, word_at(sections + 40 * i + 12), 4); /* and at the same place */
    }
    if (changed)
        put(pe + 8, word_at(pe + 8) + 1, 4);
    snprintf(path, sizeof path, "%s/%s", folder, file_name(module->path));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, (size_t)module->size_bytes, file), module->size_bytes);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static void write_images(const hgr_dump *dump, char *folder, bool changed)
{
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < hgr_dump_modules(dump); i++)
        if (is_managed(hgr_dump_module(dump, i)))
            write_image(dump, hgr_dump_module(dump, i), folder, changed);
}

static void remove_images(const char *folder)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(directory);
    assert_int_equal(rmdir(folder), 0);
}

static void open_rest(const uint8_t *bytes, size_t len, const char *folder, struct opened *out,
                      hgr_snapshot **out_snapshot)
{
    const hgr_dump_options options = {.module_dir = folder};
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    assert_int_equal(hgr_run_create(2, &out->run, NULL), HGR_OK);
    assert_int_equal(hgr_dump_open_bytes(bytes, len, &options, out->run, &out->dump, &status),
                     HGR_OK);
    if (hgr_runtime_open(out->dump, NULL, out->run, &out->runtime, &status) != HGR_OK ||
        hgr_snapshot_create(out->runtime, &depth, out->run, out_snapshot, &status) != HGR_OK)
        fail_msg("%s", status.text);
}

static size_t count_same_names(const hgr_snapshot *a, const hgr_snapshot *b)
{
    size_t same = 0;
    assert_int_equal(hgr_snapshot_types(a), hgr_snapshot_types(b));
    assert_memory_equal(hgr_snapshot_totals(a), hgr_snapshot_totals(b), sizeof(hgr_totals));
    for (uint32_t t = 0; t < hgr_snapshot_types(a); t++)
        same += strcmp(hgr_snapshot_type(a, t)->name, hgr_snapshot_type(b, t)->name) == 0;
    return same;
}

static void check_recording(const char *name)
{
    struct fixture fixture = {0};
    struct opened whole;
    hgr_snapshot *expected = NULL;
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    size_t len = 0;
    snprintf(fixture.dump_path, sizeof fixture.dump_path, "%s/windows/%s.dmp.zst", HGR_FIXTURES,
             name);
    snprintf(fixture.name, sizeof fixture.name, "%s", name);
    fixture_open(&fixture, 2, NULL, &whole);
    assert_int_equal(hgr_snapshot_create(whole.runtime, &depth, whole.run, &expected, NULL),
                     HGR_OK);
    bool wide = hgr_dump_get_info(whole.dump)->pointer_size == 8;
    synth_minidump *synth = synth_minidump_begin(wide ? 9 : 0, SYNTH_MEMORY64);
    rewrite_modules(synth, whole.dump);
    rewrite_memory(synth, whole.dump, is_managed);
    rewrite_areas(synth, whole.dump);
    uint8_t *bytes = synth_minidump_end(synth, &len);
    assert_non_null(bytes);
    for (int kind = 0; kind < 3; kind++) { /* no files, the right ones, another build's */
        char folder[] = "/tmp/hgr_windows_files_XXXXXX";
        struct opened rest = {0};
        hgr_snapshot *seen = NULL;
        if (kind > 0)
            write_images(whole.dump, folder, kind == 2);
        open_rest(bytes, len, kind > 0 ? folder : NULL, &rest, &seen);
        const hgr_dump_info *info = hgr_dump_get_info(rest.dump);
        size_t same = count_same_names(expected, seen), all = hgr_snapshot_types(expected);
        assert_true(kind == 1 ? same == all : same < all);
        assert_int_equal(info->module_files_used != 0, kind == 1);
        assert_int_equal(info->module_files_refused != 0, kind == 2);
        assert_int_equal(info->module_file_bytes != 0, kind == 1);
        for (size_t i = 0; kind == 2 && i < hgr_dump_modules(rest.dump); i++)
            if (is_managed(hgr_dump_module(rest.dump, i)))
                assert_non_null(strstr(hgr_dump_module(rest.dump, i)->file_note, "has timestamp"));
        hgr_snapshot_free(seen);
        fixture_close(&rest);
        if (kind > 0)
            remove_images(folder);
    }
    hgr_snapshot_free(expected);
    fixture_close(&whole);
    free(bytes);
}

static void files_give_the_names_back(void **state)
{
    (void)state;
    check_recording("net-10.0.14-x64-wks");
    check_recording("net-6.0.13-x64-wks");
    check_recording("netcore-2.1.8-x86-wks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_give_the_names_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
