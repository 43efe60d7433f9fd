/* tools: the items of a collection: pairs, elements of arrays with their indices, bytes as lines of
 * hexadecimal digits. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show_parts.h"
#include "units.h"

#define BYTES_A_LINE 16u

struct item_rows {
    const tool_shown *shown;
    tool_table table;
    uint32_t rank, lengths[32]; /* of an array of several dimensions, or with a lower bound */
    int32_t bounds[32];
    uint64_t given, seen;
    uint8_t line[BYTES_A_LINE];
    bool json, bytes;
};

/* "[1,2]" from the position in row order. */
static void add_index(const struct item_rows *rows, uint64_t index, strbuf *out)
{
    uint64_t position[32];
    if (rows->rank == 0) {
        strbuf_format(out, "[%" PRIu64 "]", index);
        return;
    }
    for (uint32_t i = rows->rank; i-- > 0;) {
        position[i] = rows->lengths[i] ? index % rows->lengths[i] : 0;
        index = rows->lengths[i] ? index / rows->lengths[i] : 0;
    }
    for (uint32_t i = 0; i < rows->rank; i++)
        strbuf_format(out, "%s%" PRId64, i ? "," : "[", (int64_t)position[i] + rows->bounds[i]);
    strbuf_add_z(out, "]");
}

static void write_item(struct item_rows *rows, const hgr_item *item)
{
    tool_json *json = &rows->shown->session->json;
    strbuf index = {0};
    add_index(rows, item->index, &index);
    out_object(json, NULL);
    out_text(json, "index", strbuf_get(&index));
    if (item->key.element != HGR_IS_UNKNOWN)
        value_json(rows->shown->inspector, json, "key", &item->key);
    value_json(rows->shown->inspector, json, "value", &item->value);
    out_end_object(json);
    strbuf_fini(&index);
}

static void print_item(struct item_rows *rows, const hgr_item *item)
{
    hgr_inspector *inspector = rows->shown->inspector;
    strbuf key = {0}, value = {0};
    if (item->key.element != HGR_IS_UNKNOWN) {
        strbuf_add_z(&key, "[");
        value_words(inspector, &item->key, &key);
        strbuf_add_z(&key, "]");
    } else {
        add_index(rows, item->index, &key);
    }
    value_words(inspector, &item->value, &value);
    table_text(&rows->table, strbuf_get(&key));
    value_cell(&rows->table, strbuf_get(&value));
    table_text(&rows->table, value_type_name(inspector, &item->value));
    strbuf_fini(&value);
    strbuf_fini(&key);
}

/* ---- bytes ---- */

static void print_bytes(const struct item_rows *rows)
{
    uint64_t count = rows->given % BYTES_A_LINE, first;
    if (count == 0 && rows->given > 0)
        count = BYTES_A_LINE;
    first = rows->shown->skip + rows->given - count;
    printf("%08" PRIx64 " ", first);
    for (uint64_t i = 0; i < BYTES_A_LINE; i++) {
        if (i < count)
            printf(" %02x", rows->line[i]);
        else
            fputs("   ", stdout);
    }
    fputs("  ", stdout);
    for (uint64_t i = 0; i < count; i++)
        putchar(rows->line[i] >= 0x20 && rows->line[i] < 0x7f ? rows->line[i] : '.');
    putchar('\n');
}

static void add_byte(struct item_rows *rows, const hgr_item *item)
{
    rows->line[rows->given % BYTES_A_LINE] = (uint8_t)item->value.bits;
    if (rows->given % BYTES_A_LINE == BYTES_A_LINE - 1) {
        rows->given++;
        print_bytes(rows);
        rows->given--;
    }
}

/* ---- all kinds ---- */

static bool add_item(void *user, const hgr_item *item)
{
    struct item_rows *rows = user;
    const tool_shown *shown = rows->shown;
    rows->seen++;
    if (item->index < shown->skip)
        return true;
    if (rows->given >= shown->top)
        return shown->collection.count == UINT64_MAX; /* else go on to count them */
    if (rows->json)
        write_item(rows, item);
    else if (rows->bytes)
        add_byte(rows, item);
    else
        print_item(rows, item);
    rows->given++;
    return true;
}

static void begin_items(struct item_rows *rows)
{
    static const table_column columns[] = {
        {"item", TABLE_TEXT}, {"value", TABLE_TEXT}, {"type", TABLE_TEXT}};
    tool_session *session = rows->shown->session;
    const hgr_object *object = &rows->shown->object;
    if (rows->shown->is_object && object->type->kind == HGR_TYPE_ARRAY)
        rows->rank = hgr_array_shape(rows->shown->inspector, object, rows->lengths, rows->bounds);
    putchar('\n');
    if (!rows->bytes)
        table_init(&rows->table, session->opts, session_pointer_size(session), columns, 3,
                   "in the order of its enumerator");
}

static void end_items(struct item_rows *rows, hgr_result result, const hgr_status *status)
{
    const hgr_collection *collection = &rows->shown->collection;
    char total[UNITS_TEXT], given[UNITS_TEXT];
    uint64_t count = collection->count != UINT64_MAX ? collection->count : rows->seen;
    if (rows->bytes && rows->given % BYTES_A_LINE != 0)
        print_bytes(rows);
    if (!rows->bytes)
        table_finish(&rows->table);
    printf("\n%s of %s", collection->what, units_things(total, count, "item"));
    if (rows->given < count)
        printf(", %s shown; --top N, --all, --skip N", units_count(given, rows->given));
    putchar('\n');
    if (result != HGR_OK)
        printf("%s\n", status->text);
}

void show_items(const tool_shown *shown)
{
    struct item_rows rows = {.shown = shown, .json = session_wants_json(shown->session)};
    tool_json *json = &shown->session->json;
    hgr_status status = {0};
    if (!shown->collection.what || strcmp(shown->collection.what, "text") == 0)
        return;
    rows.bytes = !rows.json && (strcmp(shown->collection.what, "bytes") == 0 ||
                                (shown->is_object && shown->object.type->kind == HGR_TYPE_ARRAY &&
                                 shown->object.type->component == HGR_IS_UINT8));
    if (rows.json) {
        out_object(json, "collection");
        out_text(json, "what", shown->collection.what);
        out_array(json, "items");
    } else {
        begin_items(&rows);
    }
    if (rows.json && shown->is_object && shown->object.type->kind == HGR_TYPE_ARRAY)
        rows.rank = hgr_array_shape(shown->inspector, &shown->object, rows.lengths, rows.bounds);
    hgr_result result =
        hgr_collection_visit(shown->inspector, &shown->value, add_item, &rows, &status);
    if (!rows.json) {
        end_items(&rows, result, &status);
        return;
    }
    out_end_array(json);
    out_u64(json, "count",
            shown->collection.count != UINT64_MAX ? shown->collection.count : rows.seen);
    if (result != HGR_OK)
        out_text(json, "damage", status.text);
    out_end_object(json);
}
