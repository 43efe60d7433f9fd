/* Handles and finalization queue as `state` gives them (object, type, dependent, suppressed)
 * against ClrMD's answers on the same dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

struct asked {
    const struct fixture *fixture;
    struct opened opened;
    hgr_state *state;
};

static void for_each(void (*check)(const struct asked *asked))
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        struct asked asked = {.fixture = &fixtures[i]};
        hgr_status status = {0};
        fixture_open(&fixtures[i], 1, NULL, &asked.opened);
        if (hgr_state_create(asked.opened.runtime, asked.opened.run, &asked.state, &status) !=
            HGR_OK)
            fail_msg("%s: %s", fixtures[i].name, status.text);
        check(&asked);
        hgr_state_free(asked.state);
        fixture_close(&asked.opened);
    }
}

/* The peer has no name, or one with open arguments, for generic instances over types of a
 * collectible assembly; two array names are misprinted (tests/fixtures/README.md). */
static bool peer_can_name(const char *type)
{
    return type && !strstr(type, "T1") && !strstr(type, "[][]") && !strchr(type, '*') &&
           strcmp(type, "<Unloaded Type>") != 0;
}

static void check_object(const struct asked *asked, const hgr_object *object, json_object *row,
                         const char *key, const char *type_key)
{
    json_object *type;
    assert_int_equal(object->addr, truth_u64(row, key));
    if (!object->type)
        fail_msg("%s: no object at 0x%llx", asked->fixture->name, (unsigned long long)object->addr);
    assert_true(object->bytes >= 24);
    assert_true(object->generation < HGR_GENERATIONS);
    if (json_object_object_get_ex(row, type_key, &type) &&
        peer_can_name(json_object_get_string(type)))
        assert_string_equal(object->type->name, json_object_get_string(type));
}

/* ---- handles ---- */

static const hgr_handle_row *handle_at(const hgr_handle_row *rows, size_t count, uint64_t slot)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].handle.slot_addr == slot)
            return &rows[i];
    return NULL;
}

static void check_handles(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "handles");
    json_object *peer = truth_get(truth, "handles");
    const hgr_handle_row *rows;
    size_t count;
    uint64_t bad;
    assert_int_equal(hgr_state_handles(asked->state, &rows, &count, &bad, NULL), HGR_OK);
    assert_int_equal(bad, 0);
    assert_true(json_object_array_length(peer) > 0);
    for (size_t i = 0; i < json_object_array_length(peer); i++) {
        json_object *row = json_object_array_get_idx(peer, i);
        const hgr_handle_row *ours = handle_at(rows, count, truth_u64(row, "address"));
        assert_non_null(ours);
        check_object(asked, &ours->object, row, "obj", "type");
        assert_true(!ours->dependent.addr || ours->dependent.type);
    }
    json_object_put(truth);
}

static void handles(void **unused)
{
    (void)unused;
    for_each(check_handles);
}

/* ---- finalization queue ---- */

struct type_count {
    uint64_t count, suppressed;
};

static struct type_count count_type(const hgr_finalizable *rows, size_t count, const char *type)
{
    struct type_count sum = {0};
    for (size_t i = 0; i < count; i++) {
        bool same = rows[i].object.type && strcmp(rows[i].object.type->name, type) == 0;
        sum.count += same;
        sum.suppressed += same && rows[i].suppressed;
    }
    return sum;
}

/* `by_type` of the peer has the ready ones, too. */
static void check_finalizer(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "finalizer");
    json_object *types = truth_get(truth, "by_type"), *ready = truth_get(truth, "ready_roots");
    const hgr_finalizable *rows;
    size_t count;
    assert_int_equal(hgr_state_finalizable(asked->state, &rows, &count, NULL), HGR_OK);
    assert_int_equal(count, truth_u64(truth, "finalizable"));
    for (size_t i = 0; i < json_object_array_length(types); i++) {
        json_object *row = json_object_array_get_idx(types, i);
        struct type_count ours = count_type(rows, count, truth_text(row, "type"));
        assert_int_equal(ours.count, truth_u64(row, "count"));
        assert_int_equal(ours.suppressed, truth_u64(row, "suppressed"));
    }
    size_t first = count - json_object_array_length(ready);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].ready, i >= first);
    for (size_t i = first; i < count; i++)
        check_object(asked, &rows[i].object, json_object_array_get_idx(ready, i - first), "obj",
                     "type");
    json_object_put(truth);
}

static void finalizer(void **unused)
{
    (void)unused;
    for_each(check_finalizer);
}

/* ---- free space in front of objects ---- */

/* All Free bytes lie in front of some object, or at the end of a segment. */
static void check_free_before(const struct asked *asked)
{
    hgr_snapshot *heap = NULL;
    uint64_t before = 0, free_bytes = 0;
    assert_int_equal(
        hgr_snapshot_create(asked->opened.runtime, NULL, asked->opened.run, &heap, NULL), HGR_OK);
    free_bytes = hgr_snapshot_totals(heap)->free_bytes;
    for (hgr_node u = 0; u < hgr_graph_nodes(hgr_snapshot_graph(heap)); u++)
        before += hgr_state_free_before(asked->state, heap, hgr_node_address(heap, u));
    assert_true(before <= free_bytes);
    assert_true(before > free_bytes / 2);
    assert_int_equal(hgr_state_free_before(asked->state, heap, 8), 0);
    hgr_snapshot_free(heap);
}

static void free_before(void **unused)
{
    (void)unused;
    for_each(check_free_before);
}

/* ---- memory ---- */

static const hgr_memory_region *region_at(const hgr_memory_region *regions, size_t count,
                                          uint64_t addr)
{
    for (size_t i = 0; i < count; i++)
        if (regions[i].start_addr <= addr && addr < regions[i].end_addr)
            return &regions[i];
    return NULL;
}

static bool label_is(const hgr_memory_region *region, const char *begin)
{
    return strncmp(region->label, begin, strlen(begin)) == 0;
}

/* Nothing twice, nothing lost: what the regions have of the dump is what the dump has. */
static void check_sums(const struct asked *asked, const hgr_memory_region *regions, size_t count)
{
    uint64_t in_dump = 0, expected = 0, end = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(regions[i].start_addr >= end);
        assert_true(regions[i].start_addr < regions[i].end_addr);
        assert_true(regions[i].in_dump_bytes <= regions[i].end_addr - regions[i].start_addr);
        in_dump += regions[i].in_dump_bytes;
        end = regions[i].end_addr;
    }
    for (size_t i = 0; i < hgr_dump_ranges(asked->opened.dump); i++) {
        const hgr_range *range = hgr_dump_range(asked->opened.dump, i);
        if (range->origin == HGR_ORIGIN_DUMP)
            expected += range->end_addr - range->start_addr;
    }
    assert_int_equal(in_dump, expected);
}

static void check_memory(const struct asked *asked)
{
    const hgr_memory_region *regions;
    size_t count;
    uint64_t gc = 0;
    char thread[32];
    assert_int_equal(hgr_state_memory(asked->state, &regions, &count, NULL), HGR_OK);
    check_sums(asked, regions, count);
    for (size_t i = 0; i < count; i++)
        gc +=
            regions[i].kind == HGR_MEMORY_GC_HEAP ? regions[i].end_addr - regions[i].start_addr : 0;
    json_object *info = fixture_json(asked->fixture, "info");
    assert_int_equal(gc, truth_u64(info, "committed"));
    json_object_put(info);
    for (size_t i = 0; i < hgr_dump_modules(asked->opened.dump); i++) {
        const hgr_module *module = hgr_dump_module(asked->opened.dump, i);
        const hgr_memory_region *region = region_at(regions, count, module->base_addr);
        assert_non_null(region);
        assert_int_equal(region->kind, HGR_MEMORY_IMAGE);
        assert_string_equal(region->label, module->path);
    }
    for (size_t i = 0; i < hgr_dump_threads(asked->opened.dump); i++) {
        const hgr_thread *os_thread = hgr_dump_thread(asked->opened.dump, i);
        const hgr_memory_region *region = region_at(regions, count, os_thread->sp);
        assert_non_null(region);
        assert_int_equal(region->kind, HGR_MEMORY_STACK);
        snprintf(thread, sizeof thread, "thread 0x%x", os_thread->os_id);
        assert_true(label_is(region, thread));
    }
}

static void memory(void **unused)
{
    (void)unused;
    for_each(check_memory);
}

/* ---- modules and load contexts ---- */

static const hgr_module_row *module_at(const hgr_domain *domain, uint64_t addr)
{
    for (size_t i = 0; i < domain->nmodules; i++)
        if (domain->modules[i].module_addr == addr)
            return &domain->modules[i];
    return NULL;
}

/* The peer gives a flat image the length of its file, we what is mapped of it: whole pages. */
static void check_image_bytes(const hgr_module_row *module, json_object *row)
{
    uint64_t peer = truth_u64(row, "size"), page = 4096;
    if (module->dynamic)
        assert_int_equal(module->image_bytes, 0);
    else
        assert_true(module->image_bytes >= peer && module->image_bytes < peer + 4 * page);
}

static void check_domain(const struct asked *asked)
{
    const hgr_domain *domain;
    json_object *truth = fixture_json(asked->fixture, "modules");
    json_object *rows = truth_get(truth, "managed");
    size_t count = json_object_array_length(rows);
    assert_int_equal(hgr_state_domain(asked->state, &domain, NULL), HGR_OK);
    assert_int_equal(domain->nmodules, count);
    for (size_t i = 0; i < count; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        const hgr_module_row *module = module_at(domain, truth_u64(row, "address"));
        assert_non_null(module);
        assert_int_equal(module->image_addr, truth_u64(row, "image"));
        assert_int_equal(module->dynamic, json_object_get_boolean(truth_get(row, "dynamic")));
        if (!module->dynamic)
            assert_string_equal(module->path, truth_text(row, "name"));
        assert_int_not_equal(*module->assembly, 0);
        check_image_bytes(module, row);
    }
    json_object_put(truth);
}

static void domain(void **unused)
{
    (void)unused;
    for_each(check_domain);
}

/* tests/targets/waits loads itself into two contexts, the site makes none. The site was recorded
 * when slim left out the binders, or some. */
static void check_contexts(const struct asked *asked)
{
    const hgr_domain *domain;
    assert_int_equal(hgr_state_domain(asked->state, &domain, NULL), HGR_OK);
    bool waits = strncmp(asked->fixture->name, "waits-", 6) == 0;
    if (!waits && domain->ncontexts == 0)
        return;
    assert_int_equal(domain->ncontexts, waits ? 3 : 1);
    assert_string_equal(domain->contexts[0].name, "Default");
    assert_false(domain->contexts[0].collectible);
    for (size_t i = 1; i < domain->ncontexts; i++) {
        const hgr_load_context *context = &domain->contexts[i];
        bool collectible = strcmp(context->name, "plugin-collectible") == 0;
        assert_true(collectible || strcmp(context->name, "plugin") == 0);
        assert_int_equal(context->collectible, collectible);
        assert_int_equal(context->modules, 1);
        for (size_t m = 0; m < domain->nmodules; m++)
            if (domain->modules[m].context == i) {
                assert_string_equal(domain->modules[m].assembly, "Waits");
                assert_int_equal(domain->modules[m].collectible, collectible);
                assert_int_equal(domain->modules[m].version[0], 1);
            }
    }
}

static void load_contexts(void **unused)
{
    (void)unused;
    for_each(check_contexts);
}

/* ---- thread pool ---- */

static uint64_t items_in(const hgr_pool *pool, const char *queue)
{
    uint64_t count = 0;
    for (size_t i = 0; i < pool->nqueues; i++)
        count += strcmp(pool->queues[i].name, queue) == 0 ? pool->queues[i].count : 0;
    return count;
}

static size_t items_of(const hgr_pool *pool, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < pool->nitems; i++)
        count += pool->items[i].object.type && strcmp(pool->items[i].object.type->name, type) == 0;
    return count;
}

/* tests/targets/waits: 7 items, 5 tasks and 2 orders for all, up to 4 orders in a worker's own
 * queue (another worker may have taken some of those). */
static void check_waits_pool(const hgr_pool *pool)
{
    assert_int_equal(items_in(pool, "global"), 14);
    assert_int_equal(items_of(pool, "System.Threading.QueueUserWorkItemCallbackDefaultContext"), 7);
    assert_int_equal(items_of(pool, "System.Threading.Tasks.Task"), 5);
    assert_int_equal(items_of(pool, "Waits.Order"), 2 + items_in(pool, "local"));
    assert_true(items_in(pool, "local") <= 4);
    assert_int_equal(pool->ntimers, 3);
    for (size_t i = 0; i < 3; i++) {
        uint32_t hours = pool->timers[i].due_ms / 3600000;
        assert_in_range(hours, 1, 3);
        assert_int_equal(pool->timers[i].due_ms, hours * 3600000);
        assert_int_equal(pool->timers[i].period_ms, hours * 60000);
        assert_int_not_equal(pool->timers[i].state_addr, 0);
    }
}

static void check_pool(const struct asked *asked)
{
    const hgr_pool *pool;
    uint64_t items = 0;
    json_object *truth = fixture_json(asked->fixture, "threadpool");
    assert_int_equal(hgr_state_pool(asked->state, &pool, NULL), HGR_OK);
    assert_int_equal(pool->has_workers, json_object_get_boolean(truth_get(truth, "portable")));
    assert_int_equal(pool->min_workers, truth_u64(truth, "min"));
    assert_int_equal(pool->max_workers, truth_u64(truth, "max"));
    assert_int_equal(pool->busy_workers, truth_u64(truth, "active"));
    assert_int_equal(pool->workers - pool->busy_workers, truth_u64(truth, "idle"));
    assert_int_equal(pool->cpu_percent, truth_u64(truth, "cpu"));
    for (size_t i = 0; i < pool->nqueues; i++) {
        assert_false(pool->queues[i].damaged);
        items += pool->queues[i].count;
    }
    assert_int_equal(pool->nitems, items);
    if (strncmp(asked->fixture->name, "waits-", 6) == 0)
        check_waits_pool(pool);
    json_object_put(truth);
}

static void thread_pool(void **unused)
{
    (void)unused;
    for_each(check_pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles),    cmocka_unit_test(finalizer), cmocka_unit_test(free_before),
        cmocka_unit_test(memory),     cmocka_unit_test(domain),    cmocka_unit_test(load_contexts),
        cmocka_unit_test(thread_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
