/* tools: header, facts, fields, raw layout and statics of one object. */
#include "show_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "static_rows.h"
#include "units.h"

static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    return name;
}

/* ---- header ---- */

/* The object above it in the dominator tree, and the root object at the tree's top. */
static void find_owners(const tool_shown *shown, hgr_node node, hgr_node *dominator, hgr_node *top)
{
    const hgr_node *idom = hgr_domtree_idom(shown->session->tree);
    uint32_t n = session_nodes(shown->session);
    *dominator = idom[node] < n ? idom[node] : HGR_NO_NODE;
    for (*top = node; *top < n && idom[*top] < n;)
        *top = idom[*top];
}

static void header_json(const tool_shown *shown, hgr_node node)
{
    tool_session *session = shown->session;
    tool_json *json = &session->json;
    out_object(json, "object");
    out_address(json, "address", shown->object.addr);
    out_text(json, "type", shown->object.type->name);
    out_text(json, "module", shown->object.type->module);
    out_address(json, "method_table", shown->object.type->method_table_addr);
    out_text(json, "generation", hgr_generation_name(shown->object.generation));
    out_u64(json, "bytes", shown->object.bytes);
    if (shown->object.type->component_size)
        out_u64(json, "length", shown->object.length);
    if (node != HGR_NO_NODE) {
        hgr_node dominator, top;
        find_owners(shown, node, &dominator, &top);
        out_u64(json, "retained_bytes", session->retained[node]);
        out_bool(json, "reachable", hgr_domtree_idom(session->tree)[node] != HGR_NO_NODE);
        if (dominator != HGR_NO_NODE) {
            out_object(json, "dominator");
            out_address(json, "address", hgr_node_address(session->snapshot, dominator));
            out_text(json, "type", session_type_name(session, dominator));
            out_end_object(json);
        }
        named_roots roots = named_roots_create(session);
        uint32_t root = named_root_of(&roots, top);
        if (root != UINT32_MAX)
            describe_root_json(json, "root", hgr_snapshot_root(session->snapshot, root));
        named_roots_free(&roots);
    }
    out_end_object(json);
}

static void print_owners(const tool_shown *shown, hgr_node node)
{
    tool_session *session = shown->session;
    char bytes[UNITS_TEXT], address[UNITS_TEXT];
    hgr_node dominator, top;
    strbuf line = {0};
    if (hgr_domtree_idom(session->tree)[node] == HGR_NO_NODE) {
        puts("no root reaches it: it is garbage that waits for a collection");
        return;
    }
    find_owners(shown, node, &dominator, &top);
    named_roots roots = named_roots_create(session);
    printf("retains %s",
           units_amount(bytes, session->retained[node], opt_given(session->opts, OPT_HUMAN)));
    if (dominator != HGR_NO_NODE) {
        strbuf_add_safe(&line, session_type_name(session, dominator));
        printf("; dominated by %s %s",
               units_address(address, hgr_node_address(session->snapshot, dominator),
                             session_pointer_size(session)),
               strbuf_get(&line));
    }
    uint32_t root = named_root_of(&roots, top);
    strbuf_clear(&line);
    if (root != UINT32_MAX) {
        strbuf_add_safe(&line, hgr_snapshot_root(session->snapshot, root)->name);
        printf("; below %s", strbuf_get(&line));
    }
    putchar('\n');
    named_roots_free(&roots);
    strbuf_fini(&line);
}

void show_header(const tool_shown *shown)
{
    tool_session *session = shown->session;
    bool human = opt_given(session->opts, OPT_HUMAN);
    char address[UNITS_TEXT], bytes[UNITS_TEXT];
    strbuf name = {0}, module = {0};
    hgr_node node = session->retained && shown->is_object
                        ? hgr_node_at(session->snapshot, shown->object.addr)
                        : HGR_NO_NODE;
    if (session_wants_json(session)) {
        if (shown->is_object)
            header_json(shown, node);
        value_json(shown->inspector, &session->json, "value", &shown->value);
        return;
    }
    if (!shown->is_object) {
        value_words(shown->inspector, &shown->value, &name);
        strbuf_add_safe(&module, value_type_name(shown->inspector, &shown->value));
        printf("%s  %s\n", strbuf_get(&name), strbuf_get(&module));
    } else {
        strbuf_add_safe(&name, shown->object.type->name);
        strbuf_add_safe(&module, file_name(shown->object.type->module));
        printf("%s  %s\n%s%s%s, %s\n",
               units_address(address, shown->object.addr, session_pointer_size(session)),
               strbuf_get(&name), strbuf_get(&module), module.len ? ", " : "",
               hgr_generation_name(shown->object.generation),
               units_amount(bytes, shown->object.bytes, human));
        if (node != HGR_NO_NODE)
            print_owners(shown, node);
    }
    strbuf_fini(&name);
    strbuf_fini(&module);
}

/* ---- facts ---- */

struct fact_rows {
    const tool_shown *shown;
    size_t count;
};

static void write_fact(tool_json *json, const hgr_fact *fact, const char *type)
{
    out_object(json, NULL);
    out_text(json, "name", fact->name);
    if (fact->text)
        out_text(json, "text", fact->text);
    if (fact->object_addr)
        out_address(json, "address", fact->object_addr);
    if (type)
        out_text(json, "type", type);
    out_end_object(json);
}

static bool add_fact(void *user, const hgr_fact *fact)
{
    struct fact_rows *rows = user;
    tool_session *session = rows->shown->session;
    hgr_object object;
    bool has_object =
        fact->object_addr != 0 &&
        hgr_inspect_object(rows->shown->inspector, fact->object_addr, &object, NULL) == HGR_OK;
    if (session_wants_json(session)) {
        write_fact(&session->json, fact, has_object ? object.type->name : NULL);
        return true;
    }
    strbuf line = {0};
    if (fact->text)
        strbuf_add_safe(&line, fact->text);
    if (fact->object_addr && !(has_object && object.type->kind == HGR_TYPE_STRING)) {
        strbuf_format(&line, "%s0x%" PRIx64 " ", line.len ? "  " : "", fact->object_addr);
        strbuf_add_safe(&line, has_object ? object.type->name : "");
    }
    printf("%s%-12s  %s\n", rows->count++ ? "" : "\n", fact->name, strbuf_get(&line));
    strbuf_fini(&line);
    return true;
}

void show_facts(const tool_shown *shown)
{
    struct fact_rows rows = {.shown = shown};
    bool json_wanted = session_wants_json(shown->session);
    if (json_wanted)
        out_array(&shown->session->json, "facts");
    if (shown->is_object)
        (void)!hgr_object_facts(shown->inspector, &shown->object, add_fact, &rows, NULL);
    if (json_wanted)
        out_end_array(&shown->session->json);
}

/* ---- fields ---- */

struct field_rows {
    const tool_shown *shown;
    tool_table table;
    size_t count;
};

static const char *class_of(const tool_shown *shown, const hgr_field *field)
{
    const hgr_type *type = NULL;
    return hgr_inspect_type(shown->inspector, field->class_mt, &type, NULL) == HGR_OK ? type->name
                                                                                      : "?";
}

static void add_field_json(const tool_shown *shown, const value_row *row)
{
    tool_json *json = &shown->session->json;
    out_object(json, NULL);
    out_text(json, "name", row->name);
    out_text(json, "declared_in", class_of(shown, row->field));
    out_text(json, "declared_type", row->field->type_name);
    out_u64(json, "offset", row->field->offset);
    value_json_members(shown->inspector, json, row->value);
    out_end_object(json);
}

/* "<Name>k__BackingField" is the property Name to whoever wrote it; paths take either. */
static void add_name(const char *name, strbuf *out)
{
    static const char BEHIND[] = ">k__BackingField";
    for (const char *at = name; *at;) {
        const char *end = *at == '<' ? strstr(at, BEHIND) : NULL;
        if (end && (at == name || at[-1] == '.') && !memchr(at + 1, '<', (size_t)(end - at - 1))) {
            strbuf_add(out, at + 1, (size_t)(end - at - 1));
            at = end + sizeof BEHIND - 1;
        } else {
            strbuf_add(out, at++, 1);
        }
    }
}

static void add_field(void *user, const value_row *row)
{
    static const table_column columns[] = {
        {"field", TABLE_TEXT}, {"value", TABLE_TEXT}, {"type", TABLE_TEXT}};
    struct field_rows *rows = user;
    const tool_shown *shown = rows->shown;
    if (session_wants_json(shown->session)) {
        add_field_json(shown, row);
        return;
    }
    if (rows->count++ == 0) {
        putchar('\n');
        table_init(&rows->table, shown->session->opts, session_pointer_size(shown->session),
                   columns, 3, "base classes first");
    }
    strbuf words = {0}, name = {0};
    add_name(row->name, &name);
    if (row->is_hidden)
        strbuf_format(&name, " (%s)", class_of(shown, row->field));
    value_words(shown->inspector, row->value, &words);
    table_text(&rows->table, strbuf_get(&name));
    value_cell(&rows->table, strbuf_get(&words));
    table_text(&rows->table, value_type_name(shown->inspector, row->value));
    strbuf_fini(&words);
    strbuf_fini(&name);
}

void show_fields(const tool_shown *shown)
{
    struct field_rows rows = {.shown = shown};
    bool json_wanted = session_wants_json(shown->session);
    if (json_wanted)
        out_array(&shown->session->json, "fields");
    value_fields(shown->inspector, &shown->value, add_field, &rows);
    if (json_wanted)
        out_end_array(&shown->session->json);
    else if (rows.count)
        table_finish(&rows.table);
}

/* ---- raw layout ---- */

static void add_raw(tool_table *table, const tool_shown *shown, const hgr_field *field,
                    const hgr_value *value, uint64_t offset)
{
    strbuf bits = {0};
    if (!value->present)
        strbuf_add_z(&bits, "(absent)");
    else if (value->element == HGR_IS_STRUCT)
        strbuf_format(&bits, "at 0x%" PRIx64, value->addr);
    else
        strbuf_format(&bits, "0x%" PRIx64, value->bits);
    strbuf name = {0};
    strbuf_format(&name, "%s::%s", class_of(shown, field), field->name);
    table_number(table, offset);
    table_number(table, field->bytes);
    table_number(table, field->type_mt);
    table_text(table, field->is_thread_static ? "thread static"
                      : field->is_static      ? "static"
                                              : "instance");
    table_text(table, strbuf_get(&bits));
    table_text(table, field->type_name);
    table_text(table, strbuf_get(&name));
    strbuf_fini(&name);
    strbuf_fini(&bits);
}

void show_raw(const tool_shown *shown)
{
    static const table_column columns[] = {
        {"offset", TABLE_COUNT},   {"size", TABLE_COUNT}, {"method table", TABLE_ADDRESS},
        {"attribute", TABLE_TEXT}, {"bits", TABLE_TEXT},  {"type", TABLE_TEXT},
        {"field", TABLE_TEXT}};
    const hgr_type *type = hgr_value_type(shown->inspector, &shown->value);
    const hgr_field *fields = NULL;
    size_t count = 0;
    tool_table table;
    if (!type || hgr_type_fields(shown->inspector, type, &fields, &count, NULL) != HGR_OK)
        return;
    printf("method table 0x%" PRIx64 ", parent 0x%" PRIx64 ", base size %u, component size %u\n\n",
           type->method_table_addr, type->parent_addr, type->base_size, type->component_size);
    table_init(&table, shown->session->opts, session_pointer_size(shown->session), columns, 7,
               "base classes first");
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_static)
            continue;
        hgr_value value = hgr_value_field(shown->inspector, &shown->value, &fields[i]);
        add_raw(&table, shown, &fields[i], &value, fields[i].offset);
    }
    table_finish(&table);
}

/* ---- statics, strings ---- */

void show_statics(const tool_shown *shown)
{
    static_rows rows = {.session = shown->session, .all = true};
    const hgr_type *type = hgr_value_type(shown->inspector, &shown->value);
    if (!type || static_rows_collect(&rows, type) != EXIT_DONE)
        return;
    if (!session_wants_json(shown->session) && rows.count)
        putchar('\n');
    if (rows.count || session_wants_json(shown->session))
        static_rows_write(&rows, UINT64_MAX);
    static_rows_free(&rows);
}

/* The whole text, escaped, in pieces that fit a buffer. */
void show_string(const tool_shown *shown)
{
    char count[UNITS_TEXT];
    char *text;
    size_t size;
    printf("\n%s\n", units_things(count, shown->object.length, "char"));
    size = hgr_value_text(shown->inspector, &shown->value, UINT64_MAX, NULL, 0) + 1;
    if (size == 1) {
        puts("(not in the dump, or too long to print)");
        return;
    }
    text = must_alloc(size, 1);
    hgr_value_text(shown->inspector, &shown->value, UINT64_MAX, text, size);
    puts(text);
    free(text);
}
