/* Damage planted into a recorded dump, one kind after the other: each is found, with its address;
 * the dump as recorded has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "clr/clr.h"
#include "fixture.h"

#define PAGE 4096u

struct patient {
    struct opened opened;
    hgr_snapshot *heap;
    hgr_state *state;
};

static void examine(struct patient *patient)
{
    const struct opened *opened = &patient->opened;
    assert_int_equal(hgr_snapshot_create(opened->runtime, NULL, opened->run, &patient->heap, NULL),
                     HGR_OK);
    assert_int_equal(hgr_state_create(opened->runtime, opened->run, &patient->state, NULL), HGR_OK);
}

static void open_patient(struct patient *patient)
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    assert_true(count > 0);
    fixture_open(&fixtures[0], 1, NULL, &patient->opened);
    examine(patient);
}

static void discharge(struct patient *patient)
{
    hgr_state_free(patient->state);
    hgr_snapshot_free(patient->heap);
    patient->state = NULL;
    patient->heap = NULL;
}

static void close_patient(struct patient *patient)
{
    discharge(patient);
    fixture_close(&patient->opened);
}

/* The dump is mapped privately: what is written to the mapping stays in this process. */
static void plant(const struct patient *patient, uint64_t addr, const void *bytes, size_t len)
{
    for (size_t i = 0; i < hgr_dump_ranges(patient->opened.dump); i++) {
        const hgr_range *range = hgr_dump_range(patient->opened.dump, i);
        if (addr < range->start_addr || addr + len > range->end_addr)
            continue;
        uintptr_t at = (uintptr_t)range->bytes + (addr - range->start_addr);
        uintptr_t page = at & ~(uintptr_t)(PAGE - 1);
        assert_int_equal(mprotect((void *)page, at + len - page, PROT_READ | PROT_WRITE), 0);
        memcpy((void *)at, bytes, len);
        return;
    }
    fail_msg("0x%llx is not in the dump", (unsigned long long)addr);
}

/* After damage: the heap is walked anew, as another process would. */
static void plant_u64(struct patient *patient, uint64_t addr, uint64_t value)
{
    plant(patient, addr, &value, sizeof value);
    discharge(patient);
    examine(patient);
}

struct wanted {
    const char *kind;
    uint64_t addr;
    size_t all, hits;
};

static bool note(void *user, const hgr_violation *violation)
{
    struct wanted *wanted = user;
    wanted->all++;
    if (wanted->kind && strcmp(violation->kind, wanted->kind) == 0 &&
        violation->addr == wanted->addr)
        wanted->hits++;
    return true;
}

static size_t count_violations(const struct patient *patient, const char *kind, uint64_t addr,
                               size_t *out_all)
{
    struct wanted wanted = {.kind = kind, .addr = addr};
    assert_int_equal(hgr_state_check(patient->state, patient->heap, note, &wanted, NULL), HGR_OK);
    *out_all = wanted.all;
    return wanted.hits;
}

static void as_recorded(void **unused)
{
    struct patient patient = {0};
    size_t all;
    (void)unused;
    open_patient(&patient);
    (void)count_violations(&patient, NULL, 0, &all);
    assert_int_equal(all, 0);
    close_patient(&patient);
}

static const hgr_handle_row *handle_of_kind(const struct patient *patient, uint32_t kind)
{
    const hgr_handle_row *rows;
    size_t count;
    uint64_t bad;
    assert_int_equal(hgr_state_handles(patient->state, &rows, &count, &bad, NULL), HGR_OK);
    for (size_t i = 0; i < count; i++)
        if (rows[i].handle.kind == kind)
            return &rows[i];
    return NULL;
}

static void handle_into_an_object(void **unused)
{
    static const uint32_t kinds[] = {0, 1, 6}; /* weak, weak long, dependent */
    size_t planted = 0;
    (void)unused;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct patient patient = {0};
        size_t all;
        open_patient(&patient);
        const hgr_handle_row *row = handle_of_kind(&patient, kinds[i]);
        if (!row) { /* not every recording has every kind */
            close_patient(&patient);
            continue;
        }
        uint64_t slot = row->handle.slot_addr;
        planted++;
        plant_u64(&patient, slot, row->handle.object_addr + 8);
        assert_int_equal(count_violations(&patient, "handle", slot, &all), 1);
        close_patient(&patient);
    }
    assert_true(planted >= 2);
}

static void strong_handle_into_an_object(void **unused)
{
    struct patient patient = {0};
    uint64_t before, bytes;
    (void)unused;
    open_patient(&patient);
    const hgr_handle_row *row = handle_of_kind(&patient, 2);
    before = hgr_snapshot_finding_count(patient.heap, HGR_FOUND_BAD_ROOT, &bytes);
    plant_u64(&patient, row->handle.slot_addr, row->handle.object_addr + 8);
    assert_int_equal(hgr_snapshot_finding_count(patient.heap, HGR_FOUND_BAD_ROOT, &bytes),
                     before + 1);
    close_patient(&patient);
}

/* The first array of the queue begins behind its fill pointers. */
static void finalizer_queue(void **unused)
{
    struct patient patient = {0};
    uint64_t array, queue, object;
    size_t all;
    (void)unused;
    open_patient(&patient);
    const hgr_runtime *runtime = patient.opened.runtime;
    queue = runtime->finalize_queues[0];
    assert_true(hgr_dump_read(patient.opened.dump, queue + 8 * (runtime->gc.generations + 2),
                              &array, sizeof array));
    object = hgr_node_address(patient.heap, 0);
    assert_false(hgr_snapshot_type(patient.heap, hgr_node_type(patient.heap, 0))->has_finalizer);
    plant_u64(&patient, array, object);
    assert_int_equal(count_violations(&patient, "finalizer", object, &all), 1);
    plant_u64(&patient, array, object + 8);
    assert_int_equal(count_violations(&patient, "finalizer", object + 8, &all), 1);
    close_patient(&patient);
}

/* Two monitors with sync blocks; the last one stays, so that the table still ends there. */
static void find_monitors(const struct patient *patient, const hgr_lock **first,
                          const hgr_lock **last)
{
    const hgr_locks *locks;
    *first = *last = NULL;
    assert_int_equal(hgr_state_locks(patient->state, NULL, &locks, NULL), HGR_OK);
    for (size_t i = 0; i < locks->nlocks; i++) {
        const hgr_lock *lock = &locks->locks[i];
        if (!lock->sync_block)
            continue;
        if (!*first || lock->sync_block < (*first)->sync_block)
            *first = lock;
        if (!*last || lock->sync_block > (*last)->sync_block)
            *last = lock;
    }
    assert_true(*first && *last && *first != *last);
}

static void sync_table_entry(void **unused)
{
    struct patient patient = {0};
    const hgr_lock *first, *last;
    size_t all;
    (void)unused;
    open_patient(&patient);
    find_monitors(&patient, &first, &last);
    uint64_t entry = patient.opened.runtime->sync_table_addr + 16 * (uint64_t)first->sync_block;
    uint64_t object = first->object.addr, other = last->object.addr;
    plant_u64(&patient, entry + 8, other);
    assert_int_equal(count_violations(&patient, "sync-table", entry, &all), 1);
    assert_int_equal(count_violations(&patient, "sync-index", object, &all), 1);
    plant_u64(&patient, entry + 8, other + 8);
    assert_int_equal(count_violations(&patient, "sync-table", entry, &all), 1);
    close_patient(&patient);
}

static void object_header(void **unused)
{
    struct patient patient = {0};
    const hgr_lock *first, *last;
    size_t all;
    (void)unused;
    open_patient(&patient);
    find_monitors(&patient, &first, &last);
    uint32_t header = 0x08000000u | first->sync_block;
    uint64_t victim = 0;
    for (hgr_node u = 0; u < hgr_graph_nodes(hgr_snapshot_graph(patient.heap)) && !victim; u++) {
        uint32_t seen;
        uint64_t addr = hgr_node_address(patient.heap, u);
        if (hgr_dump_read(patient.opened.dump, addr - 4, &seen, sizeof seen) && seen == 0)
            victim = addr;
    }
    plant(&patient, victim - 4, &header, sizeof header);
    discharge(&patient);
    examine(&patient);
    assert_int_equal(count_violations(&patient, "sync-index", victim, &all), 1);
    assert_int_equal(all, 1);
    close_patient(&patient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_recorded),
                                       cmocka_unit_test(handle_into_an_object),
                                       cmocka_unit_test(strong_handle_into_an_object),
                                       cmocka_unit_test(finalizer_queue),
                                       cmocka_unit_test(sync_table_entry),
                                       cmocka_unit_test(object_header)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
