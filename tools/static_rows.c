/* tools: static fields as rows. */
#include "static_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "set_expr.h"
#include "units.h"

struct static_row {
    hgr_static field;
    uint64_t retained;
    uint32_t order;
};

/* The object that the slot refers to: of a structure its box. */
static uint64_t object_of(const static_rows *rows, const hgr_static *field)
{
    if (!field->value.present)
        return 0;
    if (field->value.element == HGR_IS_REFERENCE)
        return field->value.bits;
    return field->value.element == HGR_IS_STRUCT && !field->field->is_rva && field->value.addr != 0
               ? field->value.addr - session_pointer_size(rows->session)
               : 0;
}

static void add_name(const hgr_static *field, strbuf *out)
{
    strbuf_format(out, "%s.%s", field->type->name, field->field->name);
    if (field->field->is_thread_static)
        strbuf_format(out, " (thread 0x%x)", field->thread_os_id);
}

static bool is_wanted(const static_rows *rows, const hgr_static *field)
{
    bool is_null = !field->value.present ||
                   (field->value.element == HGR_IS_REFERENCE && field->value.bits == 0);
    if (is_null && !rows->all)
        return false;
    if (!rows->match)
        return true;
    strbuf name = {0};
    add_name(field, &name);
    bool matches = set_glob_matches(rows->match, strbuf_get(&name));
    strbuf_fini(&name);
    return matches;
}

static bool add_static(void *user, const hgr_static *field)
{
    static_rows *rows = user;
    if (!is_wanted(rows, field)) {
        rows->left_out++;
        return true;
    }
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 256;
        rows->rows = must_resize(rows->rows, rows->capacity, sizeof *rows->rows);
    }
    rows->rows[rows->count] =
        (struct static_row){.field = *field, .order = (uint32_t)rows->count}; /* below 2^24 */
    rows->count++;
    return true;
}

int static_rows_collect(static_rows *rows, const hgr_type *type)
{
    tool_session *session = rows->session;
    hgr_status status = {0};
    hgr_result result = type ? hgr_type_statics(session->inspector, type, add_static, rows, &status)
                             : hgr_inspect_statics(session->inspector, add_static, rows, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    for (size_t i = 0; session->retained && i < rows->count; i++) {
        hgr_node node = hgr_node_at(session->snapshot, object_of(rows, &rows->rows[i].field));
        rows->rows[i].retained = node == HGR_NO_NODE ? 0 : session->retained[node];
    }
    return EXIT_DONE;
}

void static_rows_free(static_rows *rows)
{
    free(rows->rows);
    rows->rows = NULL;
    rows->count = rows->capacity = 0;
}

static int by_retained(const void *left, const void *right)
{
    const struct static_row *a = left, *b = right;
    if (a->retained != b->retained)
        return a->retained > b->retained ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static int by_type(const void *left, const void *right)
{
    const struct static_row *a = left, *b = right;
    int order = strcmp(a->field.type->name, b->field.type->name);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

void static_rows_sort(static_rows *rows)
{
    if (rows->count > 1)
        qsort(rows->rows, rows->count, sizeof *rows->rows,
              rows->session->retained ? by_retained : by_type);
}

static void write_json(const static_rows *rows, uint64_t top)
{
    tool_session *session = rows->session;
    tool_json *json = &session->json;
    out_array(json, "statics");
    for (size_t i = 0; i < rows->count && i < top; i++) {
        const hgr_static *field = &rows->rows[i].field;
        out_object(json, NULL);
        out_text(json, "class", field->type->name);
        out_text(json, "field", field->field->name);
        out_text(json, "declared_type", field->field->type_name);
        if (field->slot_addr)
            out_address(json, "slot", field->slot_addr);
        if (field->field->is_thread_static)
            out_u64(json, "thread_os_id", field->thread_os_id);
        if (session->retained)
            out_u64(json, "retained_bytes", rows->rows[i].retained);
        value_json_members(session->inspector, json, &field->value);
        out_end_object(json);
    }
    out_end_array(json);
}

static void print_table(const static_rows *rows, uint64_t top)
{
    tool_session *session = rows->session;
    bool retained = session->retained != NULL;
    const table_column columns[] = {{"retained bytes", retained ? TABLE_BYTES : TABLE_SKIP},
                                    {"static", TABLE_TEXT},
                                    {"value", TABLE_TEXT},
                                    {"type", TABLE_TEXT}};
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 4,
               retained ? "sorted by retained bytes" : "sorted by type, then declaration");
    for (size_t i = 0; i < rows->count && i < top; i++) {
        const hgr_static *field = &rows->rows[i].field;
        strbuf name = {0}, words = {0};
        if (i > 0 && !retained && rows->rows[i - 1].field.type != field->type)
            table_gap(&table);
        add_name(field, &name);
        value_words(session->inspector, &field->value, &words);
        table_number(&table, rows->rows[i].retained);
        table_text(&table, strbuf_get(&name));
        value_cell(&table, strbuf_get(&words));
        table_text(&table, value_type_name(session->inspector, &field->value));
        strbuf_fini(&words);
        strbuf_fini(&name);
    }
    table_finish(&table);
}

void static_rows_write(const static_rows *rows, uint64_t top)
{
    if (session_wants_json(rows->session))
        write_json(rows, top);
    else
        print_table(rows, top);
}

uint64_t static_rows_object(const static_rows *rows, size_t index)
{
    return object_of(rows, &rows->rows[index].field);
}
