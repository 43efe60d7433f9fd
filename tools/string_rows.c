/* tools: the rows of `strings`. */
#include "string_rows.h"

#include <stdlib.h>

#include "units.h"
#include "value_words.h"

#define SHOWN_CHARS 100u
#define SHOWN_BYTES (8u * SHOWN_CHARS)

struct place {
    hgr_node node;
    size_t row;
};

static int by_node(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return (a->node > b->node) - (a->node < b->node);
}

/* The picked groups again, by their first nodes. A bit for each node says quickly that most are not
 * picked. */
static hgr_string_group *find_groups(const tool_session *session, const hgr_strings *strings,
                                     const tool_pick *picked)
{
    size_t cursor = 0, count = picked->count;
    hgr_string_group *found = must_alloc(count, sizeof *found), group;
    struct place *places = must_alloc(count, sizeof *places);
    uint64_t *marks = must_alloc(session_nodes(session) / 64 + 1, sizeof *marks);
    for (size_t i = 0; i < count; i++) {
        hgr_node node = picked->rows[i].id;
        places[i] = (struct place){node, i};
        marks[node >> 6] |= UINT64_C(1) << (node & 63);
    }
    if (count > 1)
        qsort(places, count, sizeof *places, by_node);
    while (hgr_strings_next(strings, &cursor, &group)) {
        struct place key = {.node = group.node};
        const struct place *place = NULL;
        if (marks[group.node >> 6] >> (group.node & 63) & 1)
            place = bsearch(&key, places, count, sizeof key, by_node);
        if (place)
            found[place->row] = group;
    }
    free(marks);
    free(places);
    return found;
}

string_row *string_rows_create(tool_session *session, const hgr_strings *strings,
                               const tool_pick *picked)
{
    size_t count = picked->count;
    string_row *rows = must_alloc(count, sizeof *rows);
    hgr_string_group *groups = find_groups(session, strings, picked);
    string_owner *owners = must_alloc(count, sizeof *owners);
    string_owners_find(session, strings, groups, count, owners);
    for (size_t i = 0; i < count; i++) {
        uint64_t each = hgr_node_bytes(session->snapshot, groups[i].node);
        rows[i] = (string_row){.group = groups[i],
                               .owner = owners[i],
                               .bytes = groups[i].count * each,
                               .wasted = (groups[i].count - 1) * each};
        (void)!hgr_inspect_object(session->inspector,
                                  hgr_node_address(session->snapshot, groups[i].node),
                                  &rows[i].object, NULL);
    }
    free(owners);
    free(groups);
    return rows;
}

void string_rows_free(string_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rows[i].owner.brief);
        free(rows[i].owner.name);
    }
    free(rows);
}

static void write_totals(tool_json *json, const hgr_strings_totals *totals)
{
    out_object(json, "totals");
    out_u64(json, "strings", totals->strings);
    out_u64(json, "bytes", totals->bytes);
    out_u64(json, "distinct", totals->distinct);
    out_u64(json, "repeated", totals->repeated);
    out_u64(json, "wasted_bytes", totals->wasted_bytes);
    out_u64(json, "absent", totals->absent);
    out_u64(json, "longest", totals->longest);
    out_end_object(json);
}

void string_rows_json(tool_session *session, const hgr_strings *strings, const string_row *rows,
                      size_t count, uint64_t matches)
{
    tool_json *json = &session->json;
    write_totals(json, hgr_strings_get_totals(strings));
    out_u64(json, "matches", matches);
    out_array(json, "values");
    for (size_t i = 0; i < count; i++) {
        const string_row *row = &rows[i];
        hgr_value value = hgr_value_of_object(&row->object);
        out_object(json, NULL);
        out_u64(json, "count", row->group.count);
        out_u64(json, "bytes", row->bytes);
        out_u64(json, "wasted_bytes", row->wasted);
        out_u64(json, "length", row->object.length);
        out_hash(json, "hash", row->group.hash);
        value_json_members(session->inspector, json, &value);
        if (row->owner.name) {
            out_text(json, "owner", row->owner.name);
            out_u64(json, "owner_references", row->owner.count);
        }
        out_u64(json, "references", row->owner.references);
        out_end_object(json);
    }
    out_end_array(json);
}

static void print_totals(const tool_session *session, const hgr_strings_totals *totals, bool more)
{
    bool human = opt_given(session->opts, OPT_HUMAN);
    char number[UNITS_TEXT], bytes[UNITS_TEXT];
    printf("\n%s, %s; ", units_things(number, totals->strings, "string"),
           units_amount(bytes, totals->bytes, human));
    printf("%s\n", units_things(number, totals->distinct, "different value"));
    printf("%s of them more than once: %s wasted%s\n", units_count(number, totals->repeated),
           units_amount(bytes, totals->wasted_bytes, human), more ? "; --all shows every one" : "");
    if (totals->absent)
        printf("%s not in the dump\n", units_things(number, totals->absent, "string"));
}

void string_rows_print(tool_session *session, const hgr_strings *strings, const string_row *rows,
                       size_t count, uint64_t matches, const char *order)
{
    static const table_column columns[] = {
        {"wasted bytes", TABLE_BYTES}, {"count", TABLE_COUNT},
        {"length", TABLE_COUNT},       {"first", TABLE_ADDRESS | TABLE_OPTIONAL},
        {"value", TABLE_TEXT},         {"held by", TABLE_TEXT}};
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 6, order);
    for (size_t i = 0; i < count; i++) {
        const string_row *row = &rows[i];
        char text[SHOWN_BYTES];
        hgr_value value = hgr_value_of_object(&row->object);
        hgr_value_text(session->inspector, &value, SHOWN_CHARS, text, sizeof text);
        table_number(&table, row->wasted);
        table_number(&table, row->group.count);
        table_number(&table, row->object.length);
        table_number(&table, row->object.addr);
        value_cell(&table, text);
        if (row->owner.name)
            table_text_or(&table, row->owner.name, row->owner.brief);
        else
            table_text(&table, "(roots only, or nothing)");
    }
    table_finish(&table);
    print_totals(session, hgr_strings_get_totals(strings), count < matches);
}
