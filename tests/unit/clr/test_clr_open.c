/* clr: opening a hand-written runtime, whole and damaged: layout choice, segments, contexts,
 * threads, handles, stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fake_runtime.h"

static hgr_runtime *open_fake(struct fake *fake)
{
    hgr_runtime *runtime = NULL;
    hgr_status status = {0};
    if (hgr_runtime_open(&fake->dump, NULL, fake->run, &runtime, &status) != HGR_OK)
        fail_msg("%s", status.text);
    return runtime;
}

static void fails_with(struct fake *fake, hgr_result expected, const char *text)
{
    hgr_runtime *runtime = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_runtime_open(&fake->dump, NULL, fake->run, &runtime, &status), expected);
    assert_null(runtime);
    if (!strstr(status.text, text))
        fail_msg("\"%s\" has no \"%s\"", status.text, text);
    fake_free(fake);
}

static bool warned(const hgr_runtime *runtime, const char *text)
{
    for (size_t i = 0; hgr_runtime_warning(runtime, i); i++)
        if (strstr(hgr_runtime_warning(runtime, i), text))
            return true;
    return false;
}

static void assert_silent(const hgr_runtime *runtime)
{
    if (hgr_runtime_warning(runtime, 0))
        fail_msg("%s", hgr_runtime_warning(runtime, 0));
}

static void assert_piece(const hgr_runtime *runtime, size_t index, hgr_generation generation,
                         size_t start, size_t end)
{
    const hgr_segment *segment = hgr_runtime_segment(runtime, index);
    assert_non_null(segment);
    assert_int_equal(segment->generation, generation);
    assert_int_equal(segment->start_addr, fake_at(start));
    assert_int_equal(segment->end_addr, fake_at(end));
}

/* ---- healthy ---- */

static void a_workstation_with_regions_opens(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    const hgr_runtime_info *info = hgr_runtime_get_info(runtime);
    assert_silent(runtime);
    assert_string_equal(info->name, ".NET");
    assert_string_equal(info->version, "10.0");
    assert_string_equal(info->found_by, "writable-page search");
    assert_string_equal(info->layout, "verified for 10.0");
    assert_int_equal(info->patch, UINT32_MAX);
    assert_false(info->server_gc);
    assert_true(info->regions);
    assert_true(info->standalone_gc == false);
    assert_int_equal(info->used_bytes, 4 * (0x400 - 0x28));
    assert_int_equal(info->committed_bytes, 4 * 0x1000);
    assert_int_equal(info->absent_bytes, 0);
    assert_int_equal(hgr_runtime_segments(runtime), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_piece(runtime, i, (hgr_generation)i, AT_OBJECTS + 0x10000 * (size_t)i + 0x28,
                     AT_OBJECTS + 0x10000 * (size_t)i + 0x400);
    assert_null(hgr_runtime_segment(runtime, 4));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void contexts_become_gaps(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    /* A generation's context, exhausted: one where an object begins, one where none does. */
    fake_u64(&fake, AT_HEAP0 + 0x400 + 0x100, fake_at(AT_OBJECTS + 0x10028));
    fake_u64(&fake, AT_HEAP0 + 0x400 + 0x108, fake_at(AT_OBJECTS + 0x10028));
    fake_u64(&fake, AT_HEAP0 + 0x400 + 0x200, fake_at(AT_OBJECTS + 0x203e8));
    fake_u64(&fake, AT_HEAP0 + 0x400 + 0x208, fake_at(AT_OBJECTS + 0x203e8));
    fake_u64(&fake, AT_OBJECTS + 0x203e8, 0);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_silent(runtime);
    assert_int_equal(runtime->ngaps, 2);
    assert_int_equal(runtime->gaps[0].start_addr, fake_at(AT_OBJECTS + 0x128));
    assert_int_equal(runtime->gaps[0].end_addr, fake_at(AT_OBJECTS + 0x200 + 24));
    assert_int_equal(runtime->gaps[1].start_addr, fake_at(AT_OBJECTS + 0x203e8));
    assert_int_equal(runtime->gaps[1].end_addr, fake_at(AT_OBJECTS + 0x20400));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void a_server_has_heaps(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, FAKE_SERVER);
    fake_u32(&fake, AT_GC_VARIABLES + 8 * 40, 1);
    fake_u32(&fake, AT_GC_VARIABLES + 8 * 21, 1);
    fake_u64(&fake, AT_HEAP1 + 0x400 + 56, fake_at(AT_SEGMENTS + 0x400)); /* its gen0 */
    fake_set_segment(&fake, 4, AT_OBJECTS + 0x800, AT_OBJECTS + 0x900, AT_OBJECTS + 0x1000,
                     AT_OBJECTS + 0x1000, -1, 0);
    fake_u64(&fake, AT_OBJECTS + 0x800, fake_at(AT_TYPES + 0x300));
    fake_u64(&fake, AT_SEGMENTS + 0x440, fake_at(AT_HEAP1));
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    const hgr_runtime_info *info = hgr_runtime_get_info(runtime);
    assert_silent(runtime);
    assert_true(info->server_gc && info->dynamic_adaptation && info->gc_in_progress);
    assert_int_equal(info->heaps, 2);
    assert_int_equal(hgr_runtime_segments(runtime), 5);
    assert_piece(runtime, 1, HGR_GEN0, AT_OBJECTS + 0x800, AT_OBJECTS + 0x900);
    assert_int_equal(hgr_runtime_segment(runtime, 1)->heap, 1);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* One chain for gen0 to gen2; the ephemeral segment, last of it, holds all three. */
static void make_chain(struct fake *fake, size_t start1, size_t start0)
{
    fake_make(fake, FAKE_SEGMENTS);
    fake_set_segment(fake, 2, AT_OBJECTS + 0x20028, AT_OBJECTS + 0x20400, AT_OBJECTS + 0x21000,
                     AT_OBJECTS + 0x30000, 0, 0);
    for (uint32_t g = 0; g < 2; g++)
        fake_u64(fake, AT_HEAP0 + 0x400 + 0x100 * (size_t)g + 56, fake_at(AT_SEGMENTS));
    fake_u64(fake, AT_HEAP0 + 0x400 + 64, fake_at(start0));
    fake_u64(fake, AT_HEAP0 + 0x500 + 64, fake_at(start1));
    fake_seal(fake, 0, 0);
}

static void an_ephemeral_segment_is_cut(void **state)
{
    (void)state;
    struct fake fake;
    make_chain(&fake, AT_OBJECTS + 0x40, AT_OBJECTS + 0xa0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_silent(runtime);
    assert_false(hgr_runtime_get_info(runtime)->regions);
    assert_int_equal(hgr_runtime_segments(runtime), 5);
    assert_piece(runtime, 0, HGR_GEN2, AT_OBJECTS + 0x28, AT_OBJECTS + 0x40);
    assert_piece(runtime, 1, HGR_GEN1, AT_OBJECTS + 0x40, AT_OBJECTS + 0xa0);
    assert_piece(runtime, 2, HGR_GEN0, AT_OBJECTS + 0xa0, AT_OBJECTS + 0x400);
    assert_piece(runtime, 3, HGR_GEN2, AT_OBJECTS + 0x20028, AT_OBJECTS + 0x20400);
    assert_piece(runtime, 4, HGR_LOH, AT_OBJECTS + 0x30028, AT_OBJECTS + 0x30400);
    assert_int_equal(hgr_runtime_segment(runtime, 0)->committed_addr, fake_at(AT_OBJECTS + 0x40));
    assert_int_equal(hgr_runtime_get_info(runtime)->committed_bytes, 3 * 0x1000);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void generations_outside_the_segment_leave_it_whole(void **state)
{
    (void)state;
    struct fake fake;
    make_chain(&fake, AT_OBJECTS + 0x500, AT_OBJECTS + 0xa0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_true(warned(runtime, "all of it is counted as gen0"));
    assert_piece(runtime, 0, HGR_GEN0, AT_OBJECTS + 0x28, AT_OBJECTS + 0x400);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void threads_are_joined_with_the_dump(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_int_equal(runtime->nthreads, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(runtime->threads[i].id, i + 1);
    assert_ptr_equal(runtime->threads[1].os_thread, &fake.threads[1]);
    assert_null(runtime->threads[2].os_thread);
    assert_int_equal(runtime->threads[2].os_id, 0);
    hgr_clr_stack_word *words = NULL;
    size_t count = 0;
    assert_int_equal(hgr_clr_stack_words(runtime, fake.run, &words, &count, NULL), HGR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(words[0].slot_addr, fake_at(AT_STACKS + 0xf08));
    assert_int_equal(words[0].value, fake_at(AT_OBJECTS + 0x40));
    assert_int_equal(words[0].thread, 0);
    assert_int_equal(words[1].slot_addr, 0);
    assert_int_equal(words[1].reg, 6);
    assert_int_equal(words[1].thread, 1);
    hgr_free(words);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* ---- handles ---- */

static void check_handles(struct fake *fake, size_t expected, uint64_t bad)
{
    fake_seal(fake, 0, 0);
    hgr_runtime *runtime = open_fake(fake);
    hgr_clr_handles handles;
    assert_int_equal(hgr_clr_handles_read(runtime, fake->run, &handles, NULL), HGR_OK);
    assert_int_equal(handles.count, expected);
    assert_int_equal(handles.bad, bad);
    for (size_t i = 1; i < handles.count; i++)
        assert_true(handles.handles[i - 1].slot_addr < handles.handles[i].slot_addr);
    hgr_clr_handles_fini(&handles);
    hgr_runtime_close(runtime);
    fake_free(fake);
}

static void all_tables_are_read_whatever_the_heaps(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0); /* workstation, yet two tables: both count */
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    hgr_clr_handles handles;
    assert_int_equal(hgr_clr_handles_read(runtime, fake.run, &handles, NULL), HGR_OK);
    assert_int_equal(handles.count, 3);
    assert_string_equal(handles.handles[0].kind_name, "strong");
    assert_int_equal(handles.handles[0].slot_addr, fake_at(AT_HANDLES + 0x1000));
    assert_string_equal(handles.handles[1].kind_name, "dependent");
    assert_int_equal(handles.handles[1].object_addr, fake_at(AT_OBJECTS + 0x40));
    assert_int_equal(handles.handles[1].dependent_addr, fake_at(AT_OBJECTS + 0x58));
    assert_string_equal(handles.handles[2].kind_name, "weak-interior");
    assert_int_equal(handles.nimplied, 1);
    assert_int_equal(handles.implied[0].from_addr, fake_at(AT_OBJECTS + 0x40));
    assert_int_equal(handles.nregistered, 2);
    assert_int_equal(handles.nfinalizable, 4);
    assert_int_equal(handles.finalizable[3], fake_at(AT_OBJECTS + 0x28 + 72));
    hgr_clr_handles_fini(&handles);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void handle_damage_is_counted(void **state)
{
    (void)state;
    struct fake fake;
    const size_t tables = AT_HANDLE_MAP + 0x300;
    /* What follows the slots is no table: the list ends there. */
    fake_make(&fake, 0);
    fake_u64(&fake, tables + 16, fake_at(AT_STORE));
    check_handles(&fake, 3, 0);
    /* The same table again. */
    fake_make(&fake, 0);
    fake_u64(&fake, tables + 16, fake_at(AT_HANDLE_MAP + 0x400));
    check_handles(&fake, 3, 0);
    /* A segment that leads back to itself. */
    fake_make(&fake, 0);
    fake_u64(&fake, AT_HANDLES + 0x7ce, fake_at(AT_HANDLES));
    check_handles(&fake, 3, 1);
    /* The next segment belongs to another table. */
    fake_make(&fake, 0);
    fake_u64(&fake, AT_HANDLES + 0x7ce, fake_at(AT_HANDLES + 0x10000));
    check_handles(&fake, 3, 1);
    /* An impossible kind, and a dependent block without its second half. */
    fake_make(&fake, 0);
    fake_u8(&fake, AT_HANDLES + 0x618 + 7, 0x50);
    fake_u8(&fake, AT_HANDLES + 0x690 + 1, 0xff);
    check_handles(&fake, 3, 2);
    /* A finalization queue that ends before it begins. */
    fake_make(&fake, 0);
    fake_u64(&fake, AT_QUEUES + 8 * 4, fake_at(AT_QUEUES));
    check_handles(&fake, 3, 1);
}

static void a_handle_table_that_is_none_is_warned_of(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_u64(&fake, AT_HANDLES + 0x7d6, 1);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_true(warned(runtime, "handle table"));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* ---- damage in segments and threads ---- */

static void a_segment_cycle_ends(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_u64(&fake, AT_SEGMENTS + 0x100 + 48, fake_at(AT_SEGMENTS + 0x200)); /* gen1 → gen2 */
    fake_u64(&fake, AT_SEGMENTS + 0x200 + 48, fake_at(AT_SEGMENTS + 0x100)); /* → gen1 */
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_int_equal(hgr_runtime_segments(runtime), 4);
    assert_true(warned(runtime, "in two lists, or twice in one"));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void impossible_segments_are_skipped(void **state)
{
    (void)state;
    static const struct {
        size_t mem, allocated, committed, reserved;
        const char *text;
    } cases[] = {
        {0x10400, 0x10028, 0x11000, 0x20000, "bounds"},   /* ends before it begins */
        {0x10028, 0x12000, 0x11000, 0x20000, "bounds"},   /* used beyond what is committed */
        {0x10028, 0x10400, 0x21000, 0x20000, "bounds"},   /* committed beyond its reservation */
        {0x1002c, 0x10400, 0x11000, 0x20000, "bounds"},   /* unaligned */
        {0x00300, 0x00600, 0x11000, 0x20000, "overlaps"}, /* another one's memory */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        fake_make(&fake, 0);
        fake_set_segment(&fake, 1, AT_OBJECTS + cases[i].mem, AT_OBJECTS + cases[i].allocated,
                         AT_OBJECTS + cases[i].committed, AT_OBJECTS + cases[i].reserved, 9, 0);
        fake_seal(&fake, 0, 0);
        hgr_runtime *runtime = open_fake(&fake);
        assert_int_equal(hgr_runtime_segments(runtime), 3);
        assert_true(warned(runtime, cases[i].text));
        hgr_runtime_close(runtime);
        fake_free(&fake);
    }
}

static void a_list_into_absent_memory_ends(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_u64(&fake, AT_SEGMENTS + 48, 0xdead0000);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_int_equal(hgr_runtime_segments(runtime), 4);
    assert_true(warned(runtime, "the rest of its list is lost"));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void absent_heap_bytes_are_counted(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, fake_at(AT_OBJECTS + 0x10100), fake_at(AT_OBJECTS + 0x10180));
    hgr_runtime *runtime = open_fake(&fake);
    assert_int_equal(hgr_runtime_get_info(runtime)->absent_bytes, 0x80);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void segments_that_begin_with_no_object_are_warned_of(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_u64(&fake, AT_OBJECTS + 0x20028, 0x1234);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_true(warned(runtime, "1 of the segments sampled do not begin with an object"));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void hostile_thread_lists_end(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint64_t value;
        size_t threads;
        const char *text;
    } cases[] = {
        {AT_THREADS + 0x400 + 112, FAKE_BASE + AT_THREADS + 112, 2, "repeats after 2"},
        {AT_THREADS + 0x400 + 112, 0, 2, "the runtime counts 3"},
        {AT_THREADS + 0x400 + 112, 0xdead0000, 2, "is not in the dump"},
        {AT_THREADS + 0x400 + 112, 8, 2, "is not in the dump"},
        {AT_STORE + 112, 0x7fffffff, 0, "limit"},
        {AT_STORE + 112, 0, 2, "repeats after 2"}, /* two past the store's own count */
        {AT_STORE + 88, 0, 0, "the runtime counts 3"},
        {AT_THREADS + 296, 999, 3, "OS id that the dump does not know, such as 999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        fake_make(&fake, 0);
        fake_u64(&fake, cases[i].at, cases[i].value);
        fake_seal(&fake, 0, 0);
        hgr_runtime *runtime = open_fake(&fake);
        assert_int_equal(runtime->nthreads, cases[i].threads);
        if (!warned(runtime, cases[i].text))
            fail_msg("case %zu: no \"%s\"", i, cases[i].text);
        hgr_runtime_close(runtime);
        fake_free(&fake);
    }
}

/* ---- what is not opened ---- */

static void what_cannot_be_read_says_so(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake.module.path = "/usr/bin/nginx";
    memset(fake.bytes + AT_TABLE, 0, 0x1000);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_NOT_FOUND, "no .NET runtime among 1 modules");

    static const char *const others[][2] = {
        {"/usr/lib/libmonosgen-2.0.so.1", "libmonosgen-2.0.so.1: Mono, which is not read"},
        {"C:\\Game\\GameAssembly.dll", "GameAssembly.dll: Unity's IL2CPP, which is not read"},
        {"C:\\Windows\\v2.0\\mscorwks.dll", ".NET Framework before 4, which is not read"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        fake_make(&fake, 0);
        fake.module.path = others[i][0];
        memset(fake.bytes + AT_TABLE, 0, 0x1000);
        fake_seal(&fake, 0, 0);
        fails_with(&fake, HGR_UNSUPPORTED, others[i][1]);
    }

    fake_make(&fake, 0);
    fake.module.path = "/opt/unity/libmonobdwgc-2.0.so";
    memset(fake.bytes + AT_TABLE, 0, 0x1000);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_UNSUPPORTED, "libmonobdwgc-2.0.so: Mono, which is not read");

    fake_make(&fake, 0);
    memset(fake.bytes + AT_TABLE, 0, 0x1000);
    fake_seal(&fake, 0, 0);
    fake.dump.info.missing_bytes = 1;
    fails_with(&fake, HGR_TRUNCATED,
               "libcoreclr.so is loaded, but its table of globals is not in the dump, which is "
               "cut off");

    fake_make(&fake, 0);
    memset(fake.bytes + AT_TABLE, 0, 0x1000);
    memcpy(fake.bytes + AT_TEXT, "@(#)Version 1.1.1721.25508 @Commit: x", 37);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_UNSUPPORTED, ".NET 1.1 on linux x64 is not read yet");

    fake_make(&fake, FAKE_NO_HEAP_BYTES);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_TRUNCATED, "no heap memory in the dump: 0 of 3936 heap bytes");

    fake_make(&fake, FAKE_SERVER);
    fake_u32(&fake, AT_GC_VARIABLES + 8 * 19, 5000);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_BAD_DATA, "5000 heaps, expected 1 to 1024");

    fake_make(&fake, 0);
    fake_u32(&fake, AT_OFFSETS + 4, 0x1000);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_BAD_DATA, "generation field 1 at 4096 of 256 bytes");
}

static void failed_self_checks_stop(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        const char *text;
    } cases[] = {
        {AT_TYPES + 4, 40, "System.Object: no method table"},
        {AT_TYPES + 0x100, 0x80000004, "System.String: no method table"},
        {AT_TYPES + 0x104, 24, "System.String: no method table"},
        {AT_TYPES + 0x200, 1, "Free: no method table"},
        {AT_CORELIB, 0, "System.Object's module: no image"},
        {AT_TYPES + 8, 3 << 8, "System.Object: row 3 of its metadata is \"String\""},
        {AT_TYPES + 0x108, 9 << 8, "System.String: row 9 of its metadata is \"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        fake_make(&fake, 0);
        fake_u32(&fake, cases[i].at, cases[i].value);
        fake_seal(&fake, 0, 0);
        fails_with(&fake, HGR_BAD_DATA, cases[i].text);
    }
}

static void absent_metadata_costs_only_names(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, fake_at(AT_CORELIB), fake_at(AT_CORELIB + 0x1000));
    hgr_runtime *runtime = open_fake(&fake);
    assert_true(hgr_runtime_get_info(runtime)->no_core_metadata);
    assert_silent(runtime); /* names are lost, nothing is damaged */
    hgr_runtime_close(runtime);
    fake_free(&fake);
    fake_make(&fake, 0); /* the image is there, its metadata is not */
    fake_u32(&fake, AT_CORELIB + 0x500, 0);
    fake_seal(&fake, 0, 0);
    runtime = open_fake(&fake);
    assert_true(hgr_runtime_get_info(runtime)->no_core_metadata);
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* A single-file program carries the runtime; a mapped data file is not even searched. */
static void any_image_may_hold_the_runtime(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake.module.path = "/app/shop";
    memcpy(fake.bytes + AT_IMAGE, "\177ELF", 4);
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_string_equal(hgr_runtime_get_info(runtime)->module_path, "/app/shop");
    hgr_runtime_close(runtime);
    fake_free(&fake);

    fake_make(&fake, 0);
    fake.module.path = "/data/big.db";
    memcpy(fake.bytes + AT_IMAGE, "SQLi", 4);
    fake_seal(&fake, 0, 0);
    fails_with(&fake, HGR_NOT_FOUND, "no .NET runtime among 1 modules");
}

static void a_gc_of_another_module_is_standalone(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, 0, 0);
    hgr_module modules[2] = {
        fake.module,
        {.path = "/app/libclrgc.so", .base_addr = fake_at(AT_GC - 0x1000), .size_bytes = 0x800}};
    fake.dump.modules = modules;
    fake.dump.nmodules = 2;
    hgr_runtime *runtime = open_fake(&fake);
    assert_silent(runtime);
    assert_true(hgr_runtime_get_info(runtime)->standalone_gc);
    assert_string_equal(hgr_runtime_get_info(runtime)->module_path, "/app/libcoreclr.so");
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* One process, two modules that are called like a runtime: the same one twice, and one whose
 * globals are not there. */
static void runtimes_are_listed_and_asked_for_by_number(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_seal(&fake, 0, 0);
    hgr_module modules[3] = {
        {.path = "/old/libcoreclr.so", .base_addr = fake_at(0) - 0x10000000, .size_bytes = 0x10000},
        fake.module,
        fake.module};
    fake.dump.modules = modules;
    fake.dump.nmodules = 3;
    static const struct {
        uint32_t number, opened; /* 0 = none */
        hgr_result code;
        const char *word;
    } rows[] = {{0, 2, HGR_OK, NULL}, /* the first of two equal heaps */
                {1, 0, HGR_TRUNCATED, "its table of globals is not in the dump"},
                {2, 2, HGR_OK, NULL},
                {3, 3, HGR_OK, NULL},
                {4, 0, HGR_NOT_FOUND, "runtime 4 asked for, the dump has 3"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hgr_runtime_options options = {.number = rows[i].number};
        hgr_runtime *runtime = NULL;
        hgr_status status = {0};
        assert_int_equal(hgr_runtime_open(&fake.dump, &options, fake.run, &runtime, &status),
                         rows[i].code);
        if (rows[i].word)
            assert_non_null(strstr(status.text, rows[i].word));
        if (!runtime)
            continue;
        assert_int_equal(hgr_runtime_places(runtime), 3);
        assert_int_equal(hgr_runtime_number(runtime), rows[i].opened);
        const hgr_runtime_place *lost = hgr_runtime_place_at(runtime, 0),
                                *own = hgr_runtime_place_at(runtime, rows[i].opened - 1);
        assert_string_equal(lost->module_path, "/old/libcoreclr.so");
        assert_int_equal(lost->refusal != NULL, rows[i].number == 0); /* only then it was tried */
        assert_string_equal(own->version, hgr_runtime_get_info(runtime)->version);
        assert_int_equal(own->used_bytes, hgr_runtime_get_info(runtime)->used_bytes);
        assert_null(own->refusal);
        assert_null(hgr_runtime_place_at(runtime, 3));
        hgr_runtime_close(runtime);
    }
    fake_free(&fake);
}

/* ---- versions ---- */

static void open_and_expect(struct fake *fake, const char *version, const char *layout)
{
    fake_seal(fake, 0, 0);
    hgr_runtime *runtime = open_fake(fake);
    assert_string_equal(hgr_runtime_get_info(runtime)->version, version);
    assert_string_equal(hgr_runtime_get_info(runtime)->layout, layout);
    assert_int_equal(runtime->object_mt, fake_at(AT_TYPES));
    hgr_runtime_close(runtime);
    fake_free(fake);
}

static void versions_choose_their_layout(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    memcpy(fake.bytes + AT_TEXT, "@(#)Version 10.0.1226.42308 @Commit: x", 38);
    open_and_expect(&fake, "10.0.12", "verified for 10.0");

    fake_make(&fake, 0);
    memcpy(fake.bytes + AT_CORELIB + 0x720,
           "\1\0\15"
           "10.0.12+abcde\0",
           18);
    open_and_expect(&fake, "10.0.12", "verified for 10.0");

    fake_make(&fake, 0);
    memcpy(fake.bytes + AT_TEXT, "@(#)Version 11.0.27.1 @Commit: x", 32);
    open_and_expect(&fake, "11.0.0", "layout of 10, checks passed");

    fake_make(&fake, 0);
    fake.module.path = "/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.3/libcoreclr.so";
    open_and_expect(&fake, "10.0.3", "verified for 10.0");
}

/* One more global before the well-known classes: their entries move, their distances stay. */
static void a_shifted_table_is_calibrated(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    memcpy(fake.bytes + AT_TEXT, "@(#)Version 11.0.27.1 @Commit: x", 32);
    memmove(fake.bytes + AT_TABLE + 8 * 41, fake.bytes + AT_TABLE + 8 * 40, 8 * 90);
    open_and_expect(&fake, "11.0.0", "layout of 10, checks passed, globals found by shape");
}

static void the_descriptor_moves_offsets_and_globals(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_set_global(&fake, 15, 0);
    fake_set_global(&fake, 14, fake_at(AT_STORE));
    fake_u64(&fake, AT_THREADS + 24, 77); /* a thread id that moved */
    fake_set_descriptor(&fake, "{\"types\":{\"Thread\":{\"Id\":24}},\"contracts\":{\"Thread\":1},"
                               "\"globals\":{\"ThreadStore\":[[1],\"pointer\"]}}");
    fake_u64(&fake, AT_DESCRIPTOR + 0x88, fake_at(AT_VARIABLES + 16 * 14));
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_silent(runtime);
    assert_int_equal(runtime->nthreads, 3);
    assert_int_equal(runtime->threads[0].id, 77);
    assert_string_equal(hgr_runtime_get_info(runtime)->layout,
                        "verified for 10.0, 1 offset by the contract descriptor");
    assert_string_equal(hgr_runtime_get_info(runtime)->found_by,
                        "writable-page search, contract descriptor");
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

static void a_broken_descriptor_is_warned_of(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, 0);
    fake_set_descriptor(&fake, "{\"types\":");
    fake_seal(&fake, 0, 0);
    hgr_runtime *runtime = open_fake(&fake);
    assert_true(warned(runtime, "contract descriptor: JSON"));
    hgr_runtime_close(runtime);
    fake_free(&fake);
}

/* ---- out of memory ---- */

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct fake fake;
    fake_make(&fake, FAKE_SERVER);
    fake_set_descriptor(&fake, "{\"types\":{\"Thread\":{\"Id\":16}}}");
    fake_u32(&fake, AT_THREADS + 296, 999); /* so that there is a warning to keep */
    fake_seal(&fake, 0, 0);
    uint64_t before = hgr_run_memory_bytes(fake.run);
    hgr_result result = HGR_NO_MEMORY;
    uint64_t k = 0;
    while (result != HGR_OK) {
        hgr_runtime *runtime = NULL;
        hgr_clr_handles handles = {0};
        hgr_clr_stack_word *words = NULL;
        size_t count = 0;
        hgr_run_fail_allocation(fake.run, ++k);
        result = hgr_runtime_open(&fake.dump, NULL, fake.run, &runtime, NULL);
        if (result == HGR_OK)
            result = hgr_clr_handles_read(runtime, fake.run, &handles, NULL);
        if (result == HGR_OK)
            result = hgr_clr_stack_words(runtime, fake.run, &words, &count, NULL);
        assert_true(result == HGR_OK || result == HGR_NO_MEMORY);
        hgr_free(words);
        hgr_clr_handles_fini(&handles);
        hgr_runtime_close(runtime);
        hgr_run_fail_allocation(fake.run, 0);
        assert_int_equal(hgr_run_memory_bytes(fake.run), before);
    }
    assert_true(k > 10);
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workstation_with_regions_opens),
        cmocka_unit_test(contexts_become_gaps),
        cmocka_unit_test(a_server_has_heaps),
        cmocka_unit_test(an_ephemeral_segment_is_cut),
        cmocka_unit_test(generations_outside_the_segment_leave_it_whole),
        cmocka_unit_test(threads_are_joined_with_the_dump),
        cmocka_unit_test(all_tables_are_read_whatever_the_heaps),
        cmocka_unit_test(handle_damage_is_counted),
        cmocka_unit_test(a_handle_table_that_is_none_is_warned_of),
        cmocka_unit_test(a_segment_cycle_ends),
        cmocka_unit_test(impossible_segments_are_skipped),
        cmocka_unit_test(a_list_into_absent_memory_ends),
        cmocka_unit_test(absent_heap_bytes_are_counted),
        cmocka_unit_test(segments_that_begin_with_no_object_are_warned_of),
        cmocka_unit_test(hostile_thread_lists_end),
        cmocka_unit_test(what_cannot_be_read_says_so),
        cmocka_unit_test(failed_self_checks_stop),
        cmocka_unit_test(absent_metadata_costs_only_names),
        cmocka_unit_test(any_image_may_hold_the_runtime),
        cmocka_unit_test(a_gc_of_another_module_is_standalone),
        cmocka_unit_test(runtimes_are_listed_and_asked_for_by_number),
        cmocka_unit_test(versions_choose_their_layout),
        cmocka_unit_test(a_shifted_table_is_calibrated),
        cmocka_unit_test(the_descriptor_moves_offsets_and_globals),
        cmocka_unit_test(a_broken_descriptor_is_warned_of),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
