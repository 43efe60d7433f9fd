/* tools: objects by kind and type: sort once, then every group is a run. */
#include "object_items.h"

#include <stdlib.h>
#include <string.h>

#include "pick.h"
#include "units.h"

struct sum {
    uint64_t count, objects, bytes, suppressed, retained_bytes;
};

/* Where a kind falls apart by generation, the generation is part of it. */
static unsigned part_of(const object_items *items, const object_item *row)
{
    return items->handles ? 0 : (unsigned)row->object->generation;
}

/* ---- order ---- */

static int compare_kinds(const object_item *a, const object_item *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return (a->object->generation > b->object->generation) -
           (a->object->generation < b->object->generation);
}

static int compare_places(const object_item *a, const object_item *b)
{
    if (a->object->addr != b->object->addr)
        return a->object->addr < b->object->addr ? -1 : 1;
    return (a->slot_addr > b->slot_addr) - (a->slot_addr < b->slot_addr);
}

static int by_kind(const void *left, const void *right)
{
    int order = compare_kinds(left, right);
    return order ? order : compare_places(left, right);
}

static int by_handle_kind(const void *left, const void *right)
{
    const object_item *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return compare_places(a, b);
}

void object_items_sort(object_items *items)
{
    qsort(items->rows, items->count, sizeof *items->rows,
          items->handles ? by_handle_kind : by_kind);
}

static int by_type(const void *left, const void *right)
{
    const object_item *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    int order = strcmp(object_item_type(a->object), object_item_type(b->object));
    return order ? order : compare_places(a, b);
}

static bool same_kind(const object_items *items, const object_item *a, const object_item *b)
{
    return a->rank == b->rank && part_of(items, a) == part_of(items, b);
}

static bool same_type(const object_items *items, const object_item *a, const object_item *b)
{
    (void)items;
    return a->rank == b->rank &&
           strcmp(object_item_type(a->object), object_item_type(b->object)) == 0;
}

typedef bool same_fn(const object_items *items, const object_item *a, const object_item *b);

static size_t run_end(const object_items *items, size_t first, same_fn *same)
{
    size_t end = first + 1;
    while (end < items->count && same(items, &items->rows[first], &items->rows[end]))
        end++;
    return end;
}

static struct sum add_up(const object_items *items, size_t first, size_t end)
{
    struct sum sum = {0};
    for (size_t i = first; i < end; i++) {
        const object_item *row = &items->rows[i];
        sum.count++;
        sum.suppressed += row->suppressed;
        if (i > first && row->object->addr == items->rows[i - 1].object->addr)
            continue;
        sum.objects++;
        sum.bytes += row->object->bytes;
    }
    return sum;
}

/* ---- retained bytes ---- */

struct adding {
    const hgr_snapshot *snapshot;
    uint64_t bytes;
};

static bool add_bytes(void *user, hgr_node node)
{
    struct adding *adding = user;
    adding->bytes += hgr_node_bytes(adding->snapshot, node);
    return true;
}

/* What would be freed if all objects of these rows went. */
static int retain_run(const object_items *items, size_t first, size_t end, uint64_t *out)
{
    tool_session *session = items->session;
    struct adding adding = {session->snapshot, 0};
    hgr_status status = {0};
    hgr_set *set = NULL, *retained = NULL;
    hgr_result result = hgr_set_create(&set, &status);
    for (size_t i = first; i < end && result == HGR_OK; i++) {
        hgr_node node = hgr_node_at(session->snapshot, items->rows[i].object->addr);
        if (node != HGR_NO_NODE)
            result = hgr_set_add(set, node, &status);
    }
    if (result == HGR_OK)
        result = hgr_set_retained(hgr_snapshot_graph(session->snapshot), session->roots,
                                  session->nroots, set, session->run, &retained, &status);
    if (result == HGR_OK)
        hgr_set_visit(retained, add_bytes, &adding);
    hgr_set_free(retained);
    hgr_set_free(set);
    *out = adding.bytes;
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

/* ---- by kind ---- */

static int sum_kinds(object_items *items, bool retained, struct sum **out_sums, size_t **out_firsts,
                     size_t *out_count)
{
    struct sum *sums = must_alloc(items->count + 1, sizeof *sums);
    size_t *firsts = must_alloc(items->count + 1, sizeof *firsts);
    size_t count = 0, end;
    int code = EXIT_DONE;
    object_items_sort(items);
    for (size_t first = 0; first < items->count && code == EXIT_DONE; first = end) {
        end = run_end(items, first, same_kind);
        firsts[count] = first;
        sums[count] = add_up(items, first, end);
        if (retained)
            code = retain_run(items, first, end, &sums[count].retained_bytes);
        count++;
    }
    *out_sums = sums;
    *out_firsts = firsts;
    *out_count = count;
    return code;
}

static void print_kinds(const object_items *items, bool retained, const struct sum *sums,
                        const size_t *firsts, size_t count)
{
    const table_column columns[] = {{"count", TABLE_COUNT},
                                    {"objects", items->handles ? TABLE_COUNT : TABLE_SKIP},
                                    {"bytes", TABLE_BYTES},
                                    {"retained bytes", retained ? TABLE_BYTES : TABLE_SKIP},
                                    {"suppressed", items->handles ? TABLE_SKIP : TABLE_COUNT},
                                    {"kind", TABLE_TEXT}};
    tool_table table;
    table_init(&table, items->session->opts, session_pointer_size(items->session), columns, 6,
               NULL);
    for (size_t i = 0; i < count; i++) {
        const object_item *row = &items->rows[firsts[i]];
        strbuf kind = {0};
        strbuf_add_z(&kind, row->kind);
        if (!items->handles && row->object->generation < HGR_GENERATIONS)
            strbuf_format(&kind, " %s", hgr_generation_name(row->object->generation));
        table_number(&table, sums[i].count);
        table_number(&table, sums[i].objects);
        table_number(&table, sums[i].bytes);
        table_number(&table, sums[i].retained_bytes);
        table_number(&table, sums[i].suppressed);
        table_text(&table, strbuf_get(&kind));
        strbuf_fini(&kind);
    }
    table_gap(&table);
    table_number(&table, items->count);
    for (int c = 0; c < 4; c++)
        table_empty(&table);
    table_text(&table, items->all);
    table_finish(&table);
}

static void write_kinds(const object_items *items, bool retained, const struct sum *sums,
                        const size_t *firsts, size_t count)
{
    tool_json *json = &items->session->json;
    out_array(json, "kinds");
    for (size_t i = 0; i < count; i++) {
        const object_item *row = &items->rows[firsts[i]];
        out_object(json, NULL);
        out_text(json, "kind", row->kind);
        if (!items->handles && row->object->generation < HGR_GENERATIONS)
            out_text(json, "generation", hgr_generation_name(row->object->generation));
        out_u64(json, "count", sums[i].count);
        out_u64(json, "objects", sums[i].objects);
        out_u64(json, "bytes", sums[i].bytes);
        if (retained)
            out_u64(json, "retained_bytes", sums[i].retained_bytes);
        if (!items->handles)
            out_u64(json, "suppressed", sums[i].suppressed);
        out_end_object(json);
    }
    out_end_array(json);
}

/* ---- by type ---- */

static void answer_types(object_items *items)
{
    tool_session *session = items->session;
    bool json_wanted = session_wants_json(session);
    const table_column columns[] = {{"count", TABLE_COUNT},
                                    {"bytes", TABLE_BYTES},
                                    {"suppressed", items->handles ? TABLE_SKIP : TABLE_COUNT},
                                    {"kind", TABLE_TEXT},
                                    {"type", TABLE_TEXT}};
    size_t groups = 0, end;
    tool_table table;
    tool_pick order;
    pick_init(&order, session_top(session, true));
    qsort(items->rows, items->count, sizeof *items->rows, by_type);
    for (size_t first = 0; first < items->count; first = end, groups++) {
        end = run_end(items, first, same_type);
        pick_add(&order, end - first, (uint32_t)first);
    }
    pick_sort(&order);
    if (json_wanted)
        out_array(&session->json, "types");
    else
        table_init(&table, session->opts, session_pointer_size(session), columns, 5,
                   "sorted by count, then kind and type");
    for (size_t i = 0; i < order.count; i++) {
        const object_item *row = &items->rows[order.rows[i].id];
        size_t first = order.rows[i].id;
        struct sum sum = add_up(items, first, run_end(items, first, same_type));
        if (json_wanted) {
            out_object(&session->json, NULL);
            out_text(&session->json, "kind", row->kind);
            out_text(&session->json, "type", row->object->type ? row->object->type->name : NULL);
            out_u64(&session->json, "count", sum.count);
            out_u64(&session->json, "bytes", sum.bytes);
            if (!items->handles)
                out_u64(&session->json, "suppressed", sum.suppressed);
            out_end_object(&session->json);
            continue;
        }
        table_number(&table, sum.count);
        table_number(&table, sum.bytes);
        table_number(&table, sum.suppressed);
        table_text(&table, row->kind);
        table_text(&table, object_item_type(row->object));
    }
    if (json_wanted)
        out_end_array(&session->json);
    else
        table_finish(&table);
    if (!json_wanted && groups > order.count)
        printf("\n%zu of %zu kinds and types; --all shows every one\n", order.count, groups);
    pick_fini(&order);
}

int object_items_answer(object_items *items, const char *kind)
{
    tool_session *session = items->session;
    bool retained = opt_given(session->opts, OPT_RETAINED), json = session_wants_json(session);
    struct sum *sums = NULL;
    size_t *firsts = NULL, count = 0;
    int code = retained ? session_retained(session) : EXIT_DONE;
    if (code == EXIT_DONE)
        code = sum_kinds(items, retained && !kind, &sums, &firsts, &count);
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (json)
            write_kinds(items, retained && !kind, sums, firsts, count);
        else if (!kind)
            print_kinds(items, retained, sums, firsts, count);
        if (json || !kind) {
            if (!json)
                putchar('\n');
            answer_types(items);
        }
        if (json || kind)
            object_items_list(items, kind);
    }
    free(firsts);
    free(sums);
    return code;
}
