/* tools: objects that a table of the runtime names, one by one. */
#include "object_items.h"

#include <string.h>

#include "pick.h"
#include "units.h"

static uint64_t retained_by(const tool_session *session, const hgr_object *object)
{
    hgr_node node = hgr_node_at(session->snapshot, object->addr);
    return node == HGR_NO_NODE ? 0 : session->retained[node];
}

static void write_item(const object_items *items, const object_item *row)
{
    tool_session *session = items->session;
    tool_json *json = &session->json;
    out_object(json, NULL);
    if (items->handles)
        out_address(json, "handle", row->slot_addr);
    out_text(json, "kind", row->kind);
    out_address(json, "object", row->object->addr);
    out_text(json, "type", row->object->type ? row->object->type->name : NULL);
    out_u64(json, "bytes", row->object->bytes);
    if (row->object->generation < HGR_GENERATIONS)
        out_text(json, "generation", hgr_generation_name(row->object->generation));
    if (session->retained)
        out_u64(json, "retained_bytes", retained_by(session, row->object));
    if (row->dependent) {
        out_address(json, "dependent", row->dependent->addr);
        out_text(json, "dependent_type", row->dependent->type ? row->dependent->type->name : NULL);
    }
    if (!items->handles)
        out_bool(json, "suppressed", row->suppressed);
    out_end_object(json);
}

static void print_item(const object_items *items, tool_table *table, const object_item *row)
{
    const tool_session *session = items->session;
    char text[UNITS_TEXT];
    strbuf line = {0};
    strbuf_add_z(&line, object_item_type(row->object));
    if (row->dependent)
        strbuf_format(&line, " → %s %s",
                      units_address(text, row->dependent->addr, session_pointer_size(session)),
                      object_item_type(row->dependent));
    if (row->suppressed)
        strbuf_add_z(&line, " (suppressed)");
    table_number(table, row->slot_addr);
    table_number(table, row->object->addr);
    table_number(table, row->object->bytes);
    table_number(table, session->retained ? retained_by(session, row->object) : 0);
    table_text(table, row->kind);
    table_text(table, strbuf_get(&line));
    strbuf_fini(&line);
}

void object_items_list(object_items *items, const char *kind)
{
    tool_session *session = items->session;
    bool json_wanted = session_wants_json(session), all = !kind || strcmp(kind, "all") == 0;
    const table_column columns[] = {
        {"handle", items->handles ? TABLE_ADDRESS : TABLE_SKIP},
        {"object", TABLE_ADDRESS},
        {"bytes", TABLE_BYTES},
        {"retained bytes", session->retained ? TABLE_BYTES : TABLE_SKIP},
        {"kind", all ? TABLE_TEXT : TABLE_SKIP},
        {"type", TABLE_TEXT}};
    tool_table table;
    tool_pick order;
    uint64_t matching = 0;
    object_items_sort(items);
    pick_init(&order, session_top(session, true));
    for (size_t i = 0; i < items->count; i++) {
        if (!all && strcmp(items->rows[i].kind, kind) != 0)
            continue;
        matching++;
        pick_add(&order, session->retained ? retained_by(session, items->rows[i].object) : 0,
                 (uint32_t)i);
    }
    pick_sort(&order);
    if (json_wanted)
        out_array(&session->json, items->rows_key);
    else
        table_init(&table, session->opts, session_pointer_size(session), columns, 6,
                   session->retained ? "sorted by retained bytes" : "sorted by kind, then address");
    for (size_t i = 0; i < order.count; i++) {
        if (json_wanted)
            write_item(items, &items->rows[order.rows[i].id]);
        else
            print_item(items, &table, &items->rows[order.rows[i].id]);
    }
    if (json_wanted)
        out_end_array(&session->json);
    else
        table_finish(&table);
    if (!json_wanted && matching > order.count)
        printf("\n%zu of %llu; --all shows every one\n", order.count, (unsigned long long)matching);
    pick_fini(&order);
}
