/* clr/clr_module_files.c: a module's file is believed when the runtime's own reader recorded all of
 * it, and only then. */
#include "unit/dump/dump_testing.h"

#include "clr/clr_module_files.h"

enum {
    METADATA_OFF = 0x600, /* in the file */
    METADATA_BYTES = 0x120,
    TABLES_OFF = 0x60,
    STRINGS_OFF = 0xa0,
    STRINGS_BYTES = 0x44,
    BLOB_OFF = 0xe4,
    BLOB_BYTES = 0x3c,
    FILE_BYTES = 0x800,
    ROWS_MODULE = 1,
    ROWS_TYPE_DEF = 2,
    PE_ASSEMBLY_AT = 8 /* in the Module */
};

static const uint64_t base_addr = UINT64_C(0x7f5000000000), flat_addr = UINT64_C(0x7f6000000000),
                      native_addr = 0x10000;
static const uint64_t valid_tables = 1u << 0 | 1u << 2, sorted_tables = UINT64_C(0x16003301fa00);

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static uint8_t *put_stream(uint8_t *at, uint32_t off, uint32_t bytes, const char *name)
{
    put(at, off, 4);
    put(at + 4, bytes, 4);
    memcpy(at + 8, name, strlen(name) + 1);
    return at + 8 + (strlen(name) + 4) / 4 * 4;
}

/* A managed PE file: one section, a COR20 header, metadata with two tables. */
static void make_file(uint8_t file[FILE_BYTES])
{
    memset(file, 0, FILE_BYTES);
    memcpy(file, "MZ", 2);
    put(file + 60, 0x80, 4);
    memcpy(file + 0x80, "PE\0\0", 4);
    put(file + 0x86, 1, 2);
    put(file + 0x88, 0x11223344, 4);
    put(file + 0x94, 240, 2);
    uint8_t *optional = file + 0x98;
    put(optional, 0x20b, 2);
    put(optional + 56, 0x4000, 4);
    put(optional + 108, 16, 4);
    put(optional + 112 + 14 * 8, 0x2000, 4);
    uint8_t *section = optional + 240;
    put(section + 8, 0x400, 4);
    put(section + 12, 0x2000, 4);
    put(section + 16, 0x400, 4);
    put(section + 20, 0x400, 4);
    uint8_t *cor20 = file + 0x400;
    put(cor20, 72, 4);
    put(cor20 + 8, 0x2000 + METADATA_OFF - 0x400, 4);
    put(cor20 + 12, METADATA_BYTES, 4);
    uint8_t *root = file + METADATA_OFF;
    memcpy(root, "BSJB\1\0\1\0\0\0\0\0\x0c\0\0\0v4.0.30319\0\0\0\0\3\0", 32);
    uint8_t *stream = put_stream(root + 32, TABLES_OFF, STRINGS_OFF - TABLES_OFF, "#~");
    stream = put_stream(stream, STRINGS_OFF, STRINGS_BYTES, "#Strings");
    put_stream(stream, BLOB_OFF, BLOB_BYTES, "#Blob");
    uint8_t *tables = root + TABLES_OFF;
    put(tables + 4, 2, 1);
    put(tables + 6, 0, 1);
    put(tables + 7, 1, 1);
    put(tables + 8, valid_tables, 8);
    put(tables + 16, sorted_tables, 8);
    put(tables + 24, ROWS_MODULE, 4);
    put(tables + 28, ROWS_TYPE_DEF, 4);
}

/* Native memory: Module at 0, PEAssembly at 0x100, its reader at 0x400 (or behind one more object
 * at 0x300). */
static void make_native(uint8_t native[PAGE], bool behind)
{
    memset(native, 0, PAGE);
    put(native + PE_ASSEMBLY_AT, native_addr + 0x100, 8);
    put(native + 0x100 + 24, native_addr + (behind ? 0x300 : 0x400), 8);
    put(native + 0x300 + 40, native_addr + 0x400, 8);
    uint8_t *schema = native + 0x400 + 24; /* behind virtual tables */
    put(schema + 4, 2, 1);
    put(schema + 7, 9, 1); /* the row id is no part of the proof */
    put(schema + 8, valid_tables, 8);
    put(schema + 16, sorted_tables, 8);
    put(schema + 24, ROWS_MODULE, 4);
    put(schema + 24 + 2 * 4, ROWS_TYPE_DEF, 4);
    put(native + 0x400 + 0x550, STRINGS_BYTES, 4);
    put(native + 0x400 + 0x570, BLOB_BYTES, 4);
    put(native + 0x400 + 0x5b8, flat_addr + METADATA_OFF, 8);
    put(native + 0x400 + 0x5c0, METADATA_BYTES, 4);
}

struct setting {
    hgr_run *run;
    char *directory;
    char path[256];
    uint8_t file[FILE_BYTES];
    uint8_t native[PAGE];
};

static void begin(struct setting *setting)
{
    setting->run = make_run();
    setting->directory = make_directory();
    snprintf(setting->path, sizeof setting->path, "%s/App.dll", setting->directory);
    make_file(setting->file);
    make_native(setting->native, false);
    write_file(setting->path, setting->file, FILE_BYTES);
}

static void finish(struct setting *setting)
{
    remove_directory(setting->directory);
    end_run(setting->run);
}

/* What the module's file gives: whether its metadata is believed. No page of the image is in the
 * dump. */
static bool is_believed(struct setting *setting, const char *flat_path)
{
    synth_core *core = synth_core_begin(NULL, SYNTH_GCORE);
    synth_core_load(core, native_addr, SYNTH_R | SYNTH_W, setting->native, PAGE, PAGE);
    synth_core_file(core, base_addr, base_addr + PAGE, 0, setting->path);
    synth_core_file(core, flat_addr, flat_addr + PAGE, 0, flat_path);
    size_t len, metadata_len = 0;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    hgr_dump *dump = open_bytes(bytes, len, NULL, setting->run);
    assert_int_equal(hgr_dump_get_info(dump)->module_files_used, 0);
    assert_false(hgr_dump_read(dump, base_addr, &len, 1)); /* a candidate gives no page */
    hgr_runtime *runtime = calloc(1, sizeof *runtime);
    runtime->run = setting->run;
    runtime->dump = dump;
    runtime->space = &dump->space;
    runtime->layout.module_pe_assembly = PE_ASSEMBLY_AT;
    const uint8_t *metadata = NULL;
    assert_int_equal(
        hgr_clr_metadata_from_file(runtime, native_addr, base_addr, &metadata, &metadata_len, NULL),
        HGR_OK);
    if (metadata) {
        assert_int_equal(metadata_len, METADATA_BYTES);
        assert_memory_equal(metadata, setting->file + METADATA_OFF, METADATA_BYTES);
    }
    free(runtime);
    hgr_dump_close(dump);
    free(bytes);
    return metadata != NULL;
}

static void what_the_runtime_recorded_proves_the_file(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    assert_true(is_believed(&setting, setting.path));
    make_native(setting.native, true);
    assert_true(is_believed(&setting, setting.path)); /* two pointers away */
    finish(&setting);
}

static void any_difference_disproves_it(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    enum { READER = 0x400, SCHEMA = READER + 24 };
    static const struct {
        const char *what;
        size_t at;
    } changes[] = {{"major version", SCHEMA + 4},
                   {"heap flags", SCHEMA + 6},
                   {"tables", SCHEMA + 9},
                   {"sorted tables", SCHEMA + 18},
                   {"rows of Module", SCHEMA + 24},
                   {"rows of TypeDef", SCHEMA + 32},
                   {"rows of a table it has not", SCHEMA + 24 + 44 * 4},
                   {"size of strings", READER + 0x550},
                   {"size of blobs", READER + 0x570},
                   {"address", READER + 0x5b8},
                   {"size", READER + 0x5c0},
                   {"way to the reader", 0x100 + 25},
                   {"way to PEAssembly", PE_ASSEMBLY_AT + 2}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        make_native(setting.native, false);
        setting.native[changes[i].at] ^= 0x40;
        if (is_believed(&setting, setting.path))
            fail_msg("believed although it differs: %s", changes[i].what);
    }
    make_native(setting.native, false);
    assert_false(is_believed(&setting, "/nowhere/Other.dll")); /* the address is in another file */
    finish(&setting);
}

static void a_changed_or_cut_file_is_not_believed(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting);
    static const size_t changes[] = {METADATA_OFF + TABLES_OFF + 8,
                                     METADATA_OFF + TABLES_OFF + 24,
                                     METADATA_OFF + TABLES_OFF + 28,
                                     0x400 + 12,
                                     0x400 + 8,
                                     0x80};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t changed[FILE_BYTES];
        memcpy(changed, setting.file, sizeof changed);
        changed[changes[i]] ^= 2;
        write_file(setting.path, changed, sizeof changed);
        assert_false(is_believed(&setting, setting.path));
    }
    for (size_t len = 0; len < METADATA_OFF + METADATA_BYTES; len += 37) {
        write_file(setting.path, setting.file, len);
        assert_false(is_believed(&setting, setting.path));
    }
    finish(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_runtime_recorded_proves_the_file),
        cmocka_unit_test(any_difference_disproves_it),
        cmocka_unit_test(a_changed_or_cut_file_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
