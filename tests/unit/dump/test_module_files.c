/* dump/modules.c, image.c, module_files.c: grouping of mapped files; which file may stand for an
 * absent page. */
#include "dump_testing.h"

#include <sys/stat.h>

#include "synth/minidump_writer.h"

#define FILE_PAGES 5u
static const uint64_t base_addr = UINT64_C(0x7f4000000000);

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void put_part(uint8_t *at, uint32_t type, uint32_t flags, uint64_t off, uint64_t vaddr,
                     uint64_t filesz, uint64_t memsz)
{
    put(at, type, 4);
    put(at + 4, flags, 4);
    put(at + 8, off, 8);
    put(at + 16, vaddr, 8);
    put(at + 32, filesz, 8);
    put(at + 40, memsz, 8);
}

/* An ELF library of five pages: 0..2 read-only, 3 writable at vaddr page 4, 4 read-only at page 6.
 */
static void make_elf(uint8_t file[FILE_PAGES * PAGE], uint8_t build_id)
{
    for (size_t i = 0; i < FILE_PAGES * PAGE; i++)
        file[i] = byte_at(i + 17);
    memset(file, 0, 0x400);
    memcpy(file,
           "\x7f"
           "ELF\2\1\1",
           7);
    put(file + 16, 3, 2);
    put(file + 32, 64, 8);
    put(file + 54, 56, 2);
    put(file + 56, build_id ? 4 : 3, 2);
    put_part(file + 64, 1, 5, 0, 0, 3 * PAGE, 3 * PAGE);
    put_part(file + 64 + 56, 1, 6, 3 * PAGE, 4 * PAGE + 16, PAGE - 16, PAGE + 100);
    put_part(file + 64 + 112, 1, 4, 4 * PAGE, 6 * PAGE, PAGE, PAGE);
    put_part(file + 64 + 168, 4, 4, 0x300, 0x300, 16 + 20, 16 + 20);
    put(file + 0x300, 4, 4);
    put(file + 0x304, 20, 4);
    put(file + 0x308, 3, 4);
    memcpy(file + 0x30c, "GNU", 4);
    memset(file + 0x310, build_id, 20);
}

/* A PE of the same five pages: headers, .text of 3 pages at page 16, .data of 1 page at page 32. */
static void make_pe(uint8_t file[FILE_PAGES * PAGE], uint32_t timestamp)
{
    for (size_t i = 0; i < FILE_PAGES * PAGE; i++)
        file[i] = byte_at(i + 99);
    memset(file, 0, 0x400);
    memcpy(file, "MZ", 2);
    put(file + 60, 0x80, 4);
    memcpy(file + 0x80, "PE\0\0", 4);
    put(file + 0x86, 2, 2);
    put(file + 0x88, timestamp, 4);
    put(file + 0x94, 240, 2);
    put(file + 0x98 + 56, 40 * PAGE, 4);
    uint8_t *section = file + 0x98 + 240;
    put(section + 8, 3 * PAGE, 4);
    put(section + 12, 16 * PAGE, 4);
    put(section + 16, 3 * PAGE, 4);
    put(section + 20, PAGE, 4);
    put(section + 36, 0x60000020, 4);
    section += 40;
    put(section + 8, PAGE, 4);
    put(section + 12, 32 * PAGE, 4);
    put(section + 16, PAGE, 4);
    put(section + 20, 4 * PAGE, 4);
    put(section + 36, 0xc0000040, 4);
}

struct setting {
    hgr_run *run;
    char *directory;
    char path[256];
    uint8_t file[FILE_PAGES * PAGE];
    uint8_t header[PAGE]; /* as the dump has it */
};

static void begin(struct setting *setting, bool pe)
{
    setting->run = make_run();
    setting->directory = make_directory();
    snprintf(setting->path, sizeof setting->path, "%s/%s", setting->directory,
             pe ? "App.dll" : "libapp.so");
    if (pe)
        make_pe(setting->file, 0x12345678);
    else
        make_elf(setting->file, 0xab);
    memcpy(setting->header, setting->file, PAGE);
    write_file(setting->path, setting->file, sizeof setting->file);
}

static void finish(struct setting *setting)
{
    remove_directory(setting->directory);
    end_run(setting->run);
}

/* A dump with the image's first page (unless header is false) of a library mapped as ld.so would.
 */
static hgr_dump *open_elf_dump(struct setting *setting, const char *path, bool header,
                               const hgr_dump_options *options, uint8_t **out_bytes)
{
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    if (header)
        synth_core_load(core, base_addr, SYNTH_R, setting->header, PAGE, PAGE);
    synth_core_file(core, base_addr, base_addr + 3 * PAGE, 0, path);
    synth_core_file(core, base_addr + 4 * PAGE, base_addr + 5 * PAGE, 3 * PAGE, path);
    synth_core_file(core, base_addr + 6 * PAGE, base_addr + 7 * PAGE, 4 * PAGE, path);
    size_t len;
    *out_bytes = synth_core_end_bytes(core, &len);
    return open_bytes(*out_bytes, len, options, setting->run);
}

static void check_page(const hgr_dump *dump, uint64_t page, const uint8_t *expected)
{
    uint8_t seen[PAGE];
    bool there = hgr_dump_read(dump, base_addr + page * PAGE, seen, sizeof seen);
    assert_int_equal(there, expected != NULL);
    if (there)
        assert_memory_equal(seen, expected, sizeof seen);
    assert_int_equal(hgr_space_present(&dump->space, base_addr + page * PAGE, 1), expected != NULL);
}

static void verified_elf_gives_its_read_only_pages(void **state)
{
    (void)state;
    struct setting setting;
    uint8_t *bytes;
    begin(&setting, false);
    setting.header[0x380] ^= 0xff; /* the dump's own page wins over the file's */
    hgr_dump *dump = open_elf_dump(&setting, setting.path, true, NULL, &bytes);
    const hgr_dump_info *info = hgr_dump_get_info(dump);
    assert_int_equal(hgr_dump_modules(dump), 1);
    const hgr_module *module = hgr_dump_module(dump, 0);
    assert_int_equal(module->base_addr, base_addr);
    assert_int_equal(module->size_bytes, 7 * PAGE);
    assert_int_equal(module->build_id_len, 20);
    assert_int_equal(module->build_id[19], 0xab);
    assert_string_equal(module->file_path, setting.path);
    assert_null(module->file_note);
    assert_int_equal(info->module_files_used, 1);
    assert_int_equal(info->module_files_refused, 0);
    assert_int_equal(info->module_file_bytes, 3 * PAGE);
    check_page(dump, 0, setting.header);
    check_page(dump, 1, setting.file + PAGE);
    check_page(dump, 2, setting.file + 2 * PAGE);
    check_page(dump, 3, NULL); /* mapped by nobody */
    check_page(dump, 4, NULL); /* writable: the file says nothing about it */
    check_page(dump, 5, NULL);
    check_page(dump, 6, setting.file + 4 * PAGE);
    assert_int_equal(hgr_space_find(&dump->space, base_addr + PAGE)->origin,
                     HGR_ORIGIN_MODULE_FILE);
    assert_int_equal(hgr_space_find(&dump->space, base_addr)->origin, HGR_ORIGIN_DUMP);
    hgr_dump_close(dump);
    free(bytes);
    finish(&setting);
}

static void check_unused(struct setting *setting, const char *path, bool header,
                         const hgr_dump_options *options, const char *note)
{
    uint8_t *bytes;
    hgr_dump *dump = open_elf_dump(setting, path, header, options, &bytes);
    const hgr_module *module = hgr_dump_module(dump, 0);
    assert_int_equal(hgr_dump_get_info(dump)->module_files_used, 0);
    assert_int_equal(hgr_dump_get_info(dump)->module_files_refused, note != NULL);
    assert_int_equal(hgr_dump_get_info(dump)->module_file_bytes, 0);
    assert_null(module->file_path);
    if (!note)
        assert_null(module->file_note);
    else if (!module->file_note || !strstr(module->file_note, note))
        fail_msg("'%s' is not in '%s'", note, module->file_note ? module->file_note : "(null)");
    check_page(dump, 0, header ? setting->header : NULL);
    check_page(dump, 1, NULL);
    hgr_dump_close(dump);
    free(bytes);
}

static void unverified_files_are_never_used(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting, false);
    hgr_dump_options never = {.no_module_files = true};
    check_unused(&setting, setting.path, true, &never, NULL);
    check_unused(&setting, "/nowhere/libapp.so", true, NULL, NULL);
    check_unused(&setting, setting.path, false, NULL, "first page is not in the dump");
    memset(setting.header + 0x310, 0xcd, 20);
    check_unused(&setting, setting.path, true, NULL,
                 "has build id abababababababab.., expected cdcd");
    put(setting.header + 56, 3, 2); /* the image without its note */
    check_unused(&setting, setting.path, true, NULL, "has no build id in the dump");
    make_pe(setting.file, 1); /* another kind of image at that address */
    memcpy(setting.header, setting.file, PAGE);
    check_unused(&setting, setting.path, true, NULL, "not an image of the kind");
    finish(&setting);
}

static void what_is_no_plain_file_is_not_opened(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting, false);
    unlink(setting.path);
    assert_int_equal(mkfifo(setting.path, 0600), 0); /* opening it would wait for ever */
    check_unused(&setting, setting.path, true, NULL, NULL);
    unlink(setting.path);
    assert_int_equal(mkdir(setting.path, 0700), 0);
    check_unused(&setting, setting.path, true, NULL, NULL);
    rmdir(setting.path);
    write_file(setting.path, "", 0);
    check_unused(&setting, setting.path, true, NULL, NULL);
    write_file(setting.path, setting.file, 100); /* its beginning only: no headers to verify */
    check_unused(&setting, setting.path, true, NULL, "has build id ..");
    finish(&setting);
}

static void module_directory_comes_first_and_must_agree_too(void **state)
{
    (void)state;
    struct setting setting;
    uint8_t *bytes, other[FILE_PAGES * PAGE];
    char elsewhere[300];
    begin(&setting, false);
    hgr_dump_options options = {.module_dir = setting.directory};
    hgr_dump *dump = open_elf_dump(&setting, "/nowhere/libapp.so", true, &options, &bytes);
    assert_string_equal(hgr_dump_module(dump, 0)->file_path, setting.path);
    check_page(dump, 1, setting.file + PAGE);
    hgr_dump_close(dump);
    free(bytes);
    /* A wrong one there, the right one at its recorded place. */
    char *second = make_directory();
    snprintf(elsewhere, sizeof elsewhere, "%s/libapp.so", second);
    make_elf(other, 0x77);
    write_file(elsewhere, other, sizeof other);
    options.module_dir = second;
    dump = open_elf_dump(&setting, setting.path, true, &options, &bytes);
    assert_string_equal(hgr_dump_module(dump, 0)->file_path, setting.path);
    assert_null(hgr_dump_module(dump, 0)->file_note);
    assert_int_equal(hgr_dump_get_info(dump)->module_files_refused, 0);
    hgr_dump_close(dump);
    free(bytes);
    remove_directory(second);
    finish(&setting);
}

static void lost_bytes_are_not_taken_from_a_file(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting, false);
    uint8_t changed[3 * PAGE];
    memset(changed, 0x5a, sizeof changed); /* as if the process had changed them */
    memcpy(changed, setting.header, PAGE);
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load(core, base_addr, SYNTH_R, changed, 3 * PAGE, 3 * PAGE);
    synth_core_file(core, base_addr, base_addr + 3 * PAGE, 0, setting.path);
    synth_core_file(core, base_addr + 6 * PAGE, base_addr + 7 * PAGE, 4 * PAGE, setting.path);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    hgr_dump *dump = open_bytes(bytes, len - PAGE - 100, NULL, setting.run);
    check_page(dump, 0, changed);
    uint8_t seen[PAGE];
    assert_int_equal(hgr_space_present(&dump->space, base_addr + PAGE, PAGE), PAGE - 100);
    assert_false(
        hgr_dump_read(dump, base_addr + PAGE, seen, sizeof seen)); /* cut within this page */
    check_page(dump, 2, NULL);
    check_page(dump, 6, setting.file + 4 * PAGE); /* never was in the dump */
    hgr_dump_close(dump);
    free(bytes);
    finish(&setting);
}

/* ---- PE ---- */

static hgr_dump *open_pe_dump(struct setting *setting, bool flat, uint8_t **out_bytes)
{
    synth_core *core = synth_core_begin(NULL, SYNTH_GCORE);
    synth_core_load(core, base_addr, SYNTH_R, setting->header, PAGE, PAGE);
    if (flat) {
        synth_core_file(core, base_addr, base_addr + FILE_PAGES * PAGE, 0, setting->path);
    } else {
        synth_core_file(core, base_addr, base_addr + PAGE, 0, setting->path);
        synth_core_file(core, base_addr + 16 * PAGE, base_addr + 19 * PAGE, PAGE, setting->path);
        synth_core_file(core, base_addr + 32 * PAGE, base_addr + 33 * PAGE, 4 * PAGE,
                        setting->path);
    }
    size_t len;
    *out_bytes = synth_core_end_bytes(core, &len);
    return open_bytes(*out_bytes, len, NULL, setting->run);
}

static void pe_needs_timestamp_and_size(void **state)
{
    (void)state;
    struct setting setting;
    uint8_t *bytes;
    begin(&setting, true);
    hgr_dump *dump = open_pe_dump(&setting, false, &bytes);
    assert_int_equal(hgr_dump_modules(dump), 1);
    assert_int_equal(hgr_dump_module(dump, 0)->timestamp, 0x12345678);
    assert_int_equal(hgr_dump_module(dump, 0)->size_bytes, 33 * PAGE);
    check_page(dump, 16, setting.file + PAGE);
    check_page(dump, 18, setting.file + 3 * PAGE);
    check_page(dump, 32, NULL); /* .data */
    hgr_dump_close(dump);
    free(bytes);
    dump = open_pe_dump(&setting, true, &bytes); /* flat: nobody ever writes to it */
    check_page(dump, 1, setting.file + PAGE);
    check_page(dump, 4, setting.file + 4 * PAGE);
    hgr_dump_close(dump);
    free(bytes);
    static const struct {
        size_t off;
        uint64_t value;
    } changes[] = {{0x88, 0x12345679}, {0x88, 0}, {0x98 + 56, 41 * PAGE}, {0x98 + 64, 5}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(setting.header, setting.file, PAGE);
        put(setting.header + changes[i].off, changes[i].value, 4);
        dump = open_pe_dump(&setting, false, &bytes);
        check_page(dump, 16, NULL);
        assert_int_equal(hgr_dump_get_info(dump)->module_files_refused, 1);
        hgr_dump_close(dump);
        free(bytes);
    }
    finish(&setting);
}

/* gcore leaves the header of a PE file out: the file gives no page, but is kept to be proven. */
static void pe_without_its_header_is_a_candidate(void **state)
{
    (void)state;
    struct setting setting;
    uint8_t *bytes;
    begin(&setting, true);
    hgr_dump *dump = open_elf_dump(&setting, setting.path, false, NULL, &bytes);
    const hgr_dump_info *info = hgr_dump_get_info(dump);
    assert_int_equal(info->module_files_used, 0);
    assert_int_equal(info->module_files_refused, 0);
    assert_int_equal(info->module_files_unproven, 1);
    check_page(dump, 1, NULL);
    const hgr_candidate *candidate = hgr_dump_candidate(dump, base_addr, 0);
    assert_non_null(candidate);
    assert_int_equal(candidate->len, FILE_PAGES * PAGE);
    assert_memory_equal(candidate->bytes, setting.file, candidate->len);
    assert_null(hgr_dump_candidate(dump, base_addr, 1));
    assert_null(hgr_dump_candidate(dump, base_addr + 1, 0));
    assert_null(hgr_dump_file_at(dump, base_addr - 1));
    assert_string_equal(hgr_dump_file_at(dump, base_addr + PAGE)->path, setting.path);
    assert_int_equal(hgr_dump_file_at(dump, base_addr + 4 * PAGE)->file_off, 3 * PAGE);
    assert_null(hgr_dump_file_at(dump, base_addr + 3 * PAGE)); /* between two lines */
    hgr_dump_close(dump);
    free(bytes);
    finish(&setting);
}

/* ---- minidumps, which have no list of mapped files ---- */

enum {
    SMALL_BYTES = 0x2c00, /* of the file */
    SMALL_IMAGE = 0x5000, /* in memory */
    TEXT_RVA = 0x1000,
    IMPORTS_RVA = 0x1800,
    DATA_RVA = 0x3000,
    RELOC_RVA = 0x4000
};

static void put_section(uint8_t *at, uint32_t rva, uint32_t bytes, uint32_t off, uint32_t flags)
{
    put(at + 8, bytes, 4);
    put(at + 12, rva, 4);
    put(at + 16, bytes, 4);
    put(at + 20, off, 4);
    put(at + 36, flags, 4);
}

/* Headers, .text with two relocated words and an import table, .data, .reloc. */
static void make_small_pe(uint8_t file[SMALL_BYTES])
{
    for (size_t i = 0; i < SMALL_BYTES; i++)
        file[i] = byte_at(i + 7);
    memset(file, 0, 0x400);
    memcpy(file, "MZ", 2);
    put(file + 60, 0x80, 4);
    memcpy(file + 0x80, "PE\0\0", 4);
    put(file + 0x86, 3, 2);
    put(file + 0x88, 0x12345678, 4);
    put(file + 0x94, 240, 2);
    put(file + 0x98, 0x20b, 2);
    put(file + 0x98 + 56, SMALL_IMAGE, 4);
    put(file + 0x98 + 60, 0x400, 4);
    put(file + 0x98 + 108, 16, 4);
    put(file + 0x98 + 112 + 8 * 5, RELOC_RVA, 4);
    put(file + 0x98 + 116 + 8 * 5, 16, 4);
    put(file + 0x98 + 112 + 8 * 12, IMPORTS_RVA, 4);
    put(file + 0x98 + 116 + 8 * 12, 16, 4);
    uint8_t *sections = file + 0x98 + 240;
    put_section(sections, TEXT_RVA, 0x2000, 0x400, 0x60000020);
    put_section(sections + 40, DATA_RVA, 0x400, 0x2400, 0xc0000040);
    put_section(sections + 80, RELOC_RVA, 0x400, 0x2800, 0x42000040);
    put(file + 0x2800, TEXT_RVA, 4); /* one block: two words and padding */
    put(file + 0x2804, 16, 4);
    put(file + 0x2808, 0xa010, 2);
    put(file + 0x280a, 0xa040, 2);
    put(file + 0x280c, 0, 4);
}

struct small {
    hgr_run *run;
    char *directory;
    uint8_t file[SMALL_BYTES], *bytes;
    hgr_dump *dump;
};

/* A minidump with one page of the image; the file in a folder, its name in other letters. */
static void open_small(struct small *small, uint32_t timestamp, uint32_t size)
{
    static const uint8_t page[PAGE] = "the dump's own page";
    char path[300];
    size_t len = 0;
    small->run = make_run();
    small->directory = make_directory();
    make_small_pe(small->file);
    snprintf(path, sizeof path, "%s/SMALL.DLL", small->directory);
    write_file(path, small->file, sizeof small->file);
    synth_minidump *synth = synth_minidump_begin(9, SYNTH_MEMORY64);
    synth_minidump_module(synth, base_addr, size, timestamp, "C:\\x\\Small.dll", NULL);
    synth_minidump_memory(synth, base_addr + 0x2000, page, sizeof page);
    small->bytes = synth_minidump_end(synth, &len);
    hgr_dump_options options = {.module_dir = small->directory};
    small->dump = open_bytes(small->bytes, len, &options, small->run);
}

static void close_small(struct small *small)
{
    hgr_dump_close(small->dump);
    free(small->bytes);
    remove_directory(small->directory);
    end_run(small->run);
}

/* [rva, end) equals the file from off on, or (off 0, rva not) none of it is there. */
static void check_bytes(const struct small *small, uint64_t rva, uint64_t end, uint64_t off)
{
    for (uint64_t at = rva; at < end; at++) {
        uint8_t byte = 0;
        bool there = hgr_dump_read(small->dump, base_addr + at, &byte, 1), expected = off || !rva;
        if (there != expected || (there && byte != small->file[off + (at - rva)]))
            fail_msg("byte %#llx: %d", (unsigned long long)at, there);
    }
}

static void a_minidump_takes_what_the_loader_leaves_alone(void **state)
{
    (void)state;
    struct small small;
    open_small(&small, 0x12345678, SMALL_IMAGE);
    assert_int_equal(hgr_dump_get_info(small.dump)->module_files_used, 1);
    assert_non_null(hgr_dump_module(small.dump, 0)->file_path);
    check_bytes(&small, 0, 0x400, 0);
    check_bytes(&small, 0x400, TEXT_RVA, 0);
    check_bytes(&small, TEXT_RVA, TEXT_RVA + 0x10, 0x400);
    check_bytes(&small, TEXT_RVA + 0x10, TEXT_RVA + 0x48, 0); /* between relocated words too */
    check_bytes(&small, TEXT_RVA + 0x48, IMPORTS_RVA, 0x448);
    check_bytes(&small, IMPORTS_RVA, IMPORTS_RVA + 16, 0);
    check_bytes(&small, IMPORTS_RVA + 16, 0x2000, 0xc10);
    check_bytes(&small, DATA_RVA, RELOC_RVA, 0);
    check_bytes(&small, RELOC_RVA, RELOC_RVA + 0x400, 0x2800);
    char own[20];
    assert_true(hgr_dump_read(small.dump, base_addr + 0x2000, own, sizeof own));
    assert_string_equal(own, "the dump's own page");
    close_small(&small);
}

static void a_minidump_takes_no_file_of_another_build(void **state)
{
    (void)state;
    static const uint32_t others[][2] = {{0x12345679, SMALL_IMAGE},
                                         {0x12345678, SMALL_IMAGE - PAGE}};
    for (size_t i = 0; i < 2; i++) {
        struct small small;
        open_small(&small, others[i][0], others[i][1]);
        assert_int_equal(hgr_dump_get_info(small.dump)->module_files_used, 0);
        assert_int_equal(hgr_dump_get_info(small.dump)->module_files_refused, 1);
        assert_non_null(
            strstr(hgr_dump_module(small.dump, 0)->file_note, "SMALL.DLL has timestamp"));
        assert_int_equal(hgr_space_present(&small.dump->space, base_addr, 1), 0);
        close_small(&small);
    }
}

/* ---- grouping ---- */

static void one_file_mapped_twice_is_two_modules(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting, true);
    uint64_t image = base_addr, flat = base_addr + 0x1000000;
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load(core, image, SYNTH_R, setting.header, PAGE, PAGE);
    synth_core_load(core, flat, SYNTH_R, setting.header, PAGE, PAGE);
    synth_core_load(core, 0x500000, SYNTH_R, "text, no image", 15, PAGE);
    synth_core_file(core, flat, flat + FILE_PAGES * PAGE, 0, setting.path);
    synth_core_file(core, image + 16 * PAGE, image + 19 * PAGE, 0, setting.path); /* off 0 again */
    synth_core_file(core, image, image + PAGE, 0, setting.path);
    synth_core_file(core, 0x500000, 0x501000, 0, "/usr/lib/locale/locale-archive.so");
    synth_core_file(core, 0x600000, 0x601000, 0, "/memfd:doublemapper (deleted)");
    synth_core_file(core, 0x700000, 0x701000, 0, "/nowhere/absent.data");
    synth_core_file(core, 0x800000, 0x801000, 0, "/nowhere/libabsent.so.1");
    synth_core_file(core, 0x803000, 0x804000, 0x3000, "/nowhere/libabsent.so.1");
    synth_core_file(core, 0x9000000, 0x9001000, 0, "/nowhere/libabsent.so.1");
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    hgr_dump *dump = open_bytes(bytes, len, NULL, setting.run);
    static const uint64_t expected[][2] = {{0x800000, 0x4000}, {0x9000000, 0x1000}};
    assert_int_equal(hgr_dump_modules(dump), 4);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hgr_dump_module(dump, i)->base_addr, expected[i][0]);
        assert_int_equal(hgr_dump_module(dump, i)->size_bytes, expected[i][1]);
    }
    assert_int_equal(hgr_dump_module(dump, 2)->base_addr, image);
    assert_int_equal(hgr_dump_module(dump, 2)->size_bytes, 19 * PAGE);
    assert_int_equal(hgr_dump_module(dump, 3)->base_addr, flat);
    assert_int_equal(hgr_dump_module(dump, 3)->size_bytes, FILE_PAGES * PAGE);
    hgr_dump_close(dump);
    free(bytes);
    finish(&setting);
}

static void every_allocation_may_fail_here_too(void **state)
{
    (void)state;
    struct setting setting;
    begin(&setting, false);
    synth_core *core = synth_core_begin(NULL, SYNTH_CREATEDUMP);
    synth_core_load(core, base_addr, SYNTH_R, setting.header, PAGE, PAGE);
    synth_core_file(core, base_addr, base_addr + 3 * PAGE, 0, setting.path);
    size_t len;
    uint8_t *bytes = synth_core_end_bytes(core, &len);
    hgr_dump *dump = NULL;
    uint64_t k = 1;
    for (;; k++) {
        hgr_run_fail_allocation(setting.run, k);
        hgr_result result = hgr_dump_open_bytes(bytes, len, NULL, setting.run, &dump, NULL);
        if (result == HGR_OK)
            break;
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_null(dump);
        assert_int_equal(hgr_run_memory_bytes(setting.run), 0);
    }
    hgr_run_fail_allocation(setting.run, 0);
    assert_true(k > 15);
    assert_int_equal(hgr_dump_get_info(dump)->module_files_used, 1);
    hgr_dump_close(dump);
    free(bytes);
    finish(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verified_elf_gives_its_read_only_pages),
        cmocka_unit_test(unverified_files_are_never_used),
        cmocka_unit_test(what_is_no_plain_file_is_not_opened),
        cmocka_unit_test(module_directory_comes_first_and_must_agree_too),
        cmocka_unit_test(lost_bytes_are_not_taken_from_a_file),
        cmocka_unit_test(pe_needs_timestamp_and_size),
        cmocka_unit_test(pe_without_its_header_is_a_candidate),
        cmocka_unit_test(a_minidump_takes_what_the_loader_leaves_alone),
        cmocka_unit_test(a_minidump_takes_no_file_of_another_build),
        cmocka_unit_test(one_file_mapped_twice_is_two_modules),
        cmocka_unit_test(every_allocation_may_fail_here_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
