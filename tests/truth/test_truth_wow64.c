/* A recorded x86 minidump written again as a 64-bit tool would have written it: SystemInfo says
 * x64, contexts are AMD64, wow64.dll and 64-bit memory are there, and the x86 registers lie in
 * memory. Every answer must be that of the x86 file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dump/dump.h"
#include "fixture.h"
#include "rewrite_minidump.h"

enum {
    X64 = 9,
    TLS_SLOT_1 = 0x1488,
    WIDE_TEB_BYTES = 0x1490,
    NARROW_TEB_BYTES = 0x20,
    CONTEXT_BYTES = 204,
    CONTEXT_EIP = 0xb8
};
/* Where nothing of the recorded process lies. */
#define WIDE_TEBS   UINT64_C(0x7ff600000000)
#define NARROW_TEBS UINT32_C(0xfff00000)
#define CPU_AREAS   UINT64_C(0x7ff700000000)
#define APART       0x2000u

/* In the order of hgr_thread.registers: eax ecx edx ebx esp ebp esi edi. */
static const size_t places[8] = {0xb0, 0xac, 0xa8, 0xa4, 0xc4, 0xb4, 0xa0, 0x9c};

static void put_narrow_half(synth_minidump *synth, const hgr_thread *thread, uint32_t index)
{
    uint8_t wide[WIDE_TEB_BYTES] = {0}, narrow[NARROW_TEB_BYTES] = {0},
            area[4 + CONTEXT_BYTES] = {0};
    const uint64_t area_addr = CPU_AREAS + APART * (uint64_t)index;
    const uint32_t teb = NARROW_TEBS + APART * index, machine = 0x14c0000u,
                   stack_base = (uint32_t)thread->stack_end_addr;
    memcpy(wide, &teb, 4);
    memcpy(wide + TLS_SLOT_1, &area_addr, 8);
    memcpy(narrow + 4, &stack_base, 4);
    memcpy(narrow + 0x18, &teb, 4);
    memcpy(area, &machine, 4); /* flags 0, machine 0x14c */
    for (size_t r = 0; r < 8; r++)
        memcpy(area + 4 + places[r], &thread->registers[r], 4);
    memcpy(area + 4 + CONTEXT_EIP, &thread->ip, 4);
    synth_minidump_memory(synth, WIDE_TEBS + APART * (uint64_t)index, wide, sizeof wide);
    synth_minidump_memory(synth, teb, narrow, sizeof narrow);
    synth_minidump_memory(synth, area_addr, area, sizeof area);
}

static void put_thread(synth_minidump *synth, const hgr_thread *thread, uint32_t index)
{
    synth_windows_thread wide = {.id = thread->os_id,
                                 .teb = WIDE_TEBS + APART * (uint64_t)index,
                                 .stack_addr = 0x7ff500000000,
                                 .stack_bytes = 0x1000,
                                 .ip = 0x7ff800001234};
    for (uint32_t i = 0; i < 16; i++)
        wide.registers[i] = 0x7ff500000800 + i;
    synth_minidump_thread(synth, &wide);
    put_narrow_half(synth, thread, index);
}

static uint8_t *write_again(const hgr_dump *dump, size_t *out_len)
{
    synth_minidump *synth = synth_minidump_begin(X64, SYNTH_MEMORY64);
    assert_non_null(synth);
    synth_minidump_module(synth, 0x7ff800000000, 0x60000, 1, "C:\\Windows\\System32\\wow64.dll",
                          NULL);
    for (size_t i = 0; i < hgr_dump_threads(dump); i++)
        put_thread(synth, hgr_dump_thread(dump, i), (uint32_t)i);
    rewrite_modules(synth, dump);
    rewrite_memory(synth, dump, NULL);
    rewrite_areas(synth, dump);
    uint8_t *bytes = synth_minidump_end(synth, out_len);
    assert_non_null(bytes);
    return bytes;
}

static void scan(struct opened *opened, hgr_snapshot **out)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    if (hgr_snapshot_create(opened->runtime, &depth, opened->run, out, &status) != HGR_OK)
        fail_msg("%s", status.text);
}

static void check_same(const hgr_snapshot *a, const hgr_snapshot *b)
{
    assert_memory_equal(hgr_snapshot_totals(a), hgr_snapshot_totals(b), sizeof(hgr_totals));
    assert_true(hgr_snapshot_totals(a)->objects > 1000);
    assert_int_equal(hgr_snapshot_types(a), hgr_snapshot_types(b));
    for (uint32_t t = 0; t < hgr_snapshot_types(a); t++) {
        assert_string_equal(hgr_snapshot_type(a, t)->name, hgr_snapshot_type(b, t)->name);
        assert_int_equal(hgr_snapshot_type(a, t)->count, hgr_snapshot_type(b, t)->count);
    }
    size_t on_stacks = 0;
    assert_int_equal(hgr_snapshot_roots(a), hgr_snapshot_roots(b));
    for (size_t i = 0; i < hgr_snapshot_roots(a); i++) {
        const hgr_root *left = hgr_snapshot_root(a, i), *right = hgr_snapshot_root(b, i);
        assert_int_equal(left->kind, right->kind);
        assert_int_equal(left->node, right->node);
        assert_string_equal(left->name, right->name);
        on_stacks += left->kind == HGR_ROOT_STACK;
    }
    assert_true(on_stacks > 0); /* they need the x86 registers */
}

static void a_64_bit_tool_changes_no_answer(void **state)
{
    (void)state;
    struct fixture fixture = {.name = "netcore-2.1.8-x86-wks",
                              .dump_path = HGR_FIXTURES "/windows/netcore-2.1.8-x86-wks.dmp.zst"};
    struct opened narrow, wide = {0};
    hgr_status status = {0};
    hgr_snapshot *a = NULL, *b = NULL;
    size_t len = 0;
    fixture_open(&fixture, 2, NULL, &narrow);
    uint8_t *bytes = write_again(narrow.dump, &len);
    assert_int_equal(hgr_run_create(2, &wide.run, &status), HGR_OK);
    assert_int_equal(hgr_dump_open_bytes(bytes, len, NULL, wide.run, &wide.dump, &status), HGR_OK);
    assert_true(hgr_dump_get_info(wide.dump)->wow64);
    if (hgr_runtime_open(wide.dump, NULL, wide.run, &wide.runtime, &status) != HGR_OK)
        fail_msg("%s", status.text);
    scan(&narrow, &a);
    scan(&wide, &b);
    check_same(a, b);
    hgr_snapshot_free(a);
    hgr_snapshot_free(b);
    fixture_close(&narrow);
    fixture_close(&wide);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_64_bit_tool_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
