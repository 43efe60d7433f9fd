/* tools: what pins, and the free space that could not be compacted away because of it. */
#include "pinned.h"

#include <stdlib.h>

#include "pick.h"
#include "units.h"

enum { KIND_PINNED = 3, KIND_ASYNC_PINNED = 7 };

static int by_address(const void *left, const void *right)
{
    const pinned_row *a = left, *b = right;
    return a->object->addr < b->object->addr ? -1 : a->object->addr > b->object->addr;
}

static size_t segment_of(const hgr_runtime *runtime, uint64_t addr)
{
    size_t low = 0, high = hgr_runtime_segments(runtime);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hgr_runtime_segment(runtime, middle)->end_addr > addr)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int pinned_find(tool_session *session, pinned_rows *out)
{
    const hgr_handle_row *handles;
    size_t count;
    uint64_t bad;
    hgr_status status = {0};
    int code = session_state(session);
    if (code != EXIT_DONE)
        return code;
    hgr_result result = hgr_state_handles(session->state, &handles, &count, &bad, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    *out = (pinned_rows){.rows = must_alloc(count + 1, sizeof *out->rows)};
    for (size_t i = 0; i < count; i++) {
        uint32_t kind = handles[i].handle.kind;
        if ((kind == KIND_PINNED || kind == KIND_ASYNC_PINNED) && handles[i].object.type)
            out->rows[out->count++] =
                (pinned_row){.object = &handles[i].object, .kind = handles[i].handle.kind_name};
    }
    qsort(out->rows, out->count, sizeof *out->rows, by_address);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || out->rows[kept - 1].object->addr != out->rows[i].object->addr)
            out->rows[kept++] = out->rows[i];
    out->count = kept;
    for (size_t i = 0; i < kept; i++) {
        out->rows[i].segment = segment_of(session->runtime, out->rows[i].object->addr);
        out->rows[i].free_before =
            hgr_state_free_before(session->state, session->snapshot, out->rows[i].object->addr);
    }
    return EXIT_DONE;
}

void pinned_free(pinned_rows *pinned)
{
    free(pinned->rows);
    *pinned = (pinned_rows){0};
}

void pinned_print(const tool_session *session, const pinned_rows *pinned)
{
    static const table_column columns[] = {
        {"free bytes before", TABLE_BYTES}, {"object", TABLE_ADDRESS}, {"bytes", TABLE_BYTES},
        {"generation", TABLE_TEXT},         {"handle", TABLE_TEXT},    {"type", TABLE_TEXT}};
    char objects[UNITS_TEXT], bytes[UNITS_TEXT];
    uint64_t sum = 0;
    tool_table table;
    tool_pick order;
    pick_init(&order, session_top(session, false));
    for (size_t i = 0; i < pinned->count; i++) {
        pick_add(&order, pinned->rows[i].free_before, (uint32_t)i);
        sum += pinned->rows[i].free_before;
    }
    pick_sort(&order);
    printf("\n%s pinned by handles, %s of free space in front of them\n\n",
           units_things(objects, pinned->count, "object"),
           units_amount(bytes, sum, opt_given(session->opts, OPT_HUMAN)));
    table_init(&table, session->opts, session_pointer_size(session), columns, 6,
               "sorted by free bytes, then address");
    for (size_t i = 0; i < order.count; i++) {
        const pinned_row *row = &pinned->rows[order.rows[i].id];
        table_number(&table, row->free_before);
        table_number(&table, row->object->addr);
        table_number(&table, row->object->bytes);
        table_text(&table, hgr_generation_name(row->object->generation));
        table_text(&table, row->kind);
        table_text(&table, row->object->type->name);
    }
    if (order.count)
        table_finish(&table);
    if (pinned->count > order.count)
        printf("\n%zu of %zu pinned objects; --all shows every one\n", order.count, pinned->count);
    pick_fini(&order);
}

void pinned_write(tool_session *session, const pinned_rows *pinned)
{
    tool_json *json = &session->json;
    out_array(json, "pinned");
    for (size_t i = 0; i < pinned->count; i++) {
        const pinned_row *row = &pinned->rows[i];
        out_object(json, NULL);
        out_address(json, "object", row->object->addr);
        out_text(json, "type", row->object->type->name);
        out_u64(json, "bytes", row->object->bytes);
        out_u64(json, "free_bytes_before", row->free_before);
        out_text(json, "generation", hgr_generation_name(row->object->generation));
        out_text(json, "kind", row->kind);
        out_u64(json, "segment", row->segment);
        out_end_object(json);
    }
    out_end_array(json);
}
