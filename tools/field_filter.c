/* tools: conditions on fields of objects.
 *
 * Grammar: condition { " and " condition }; condition = path operator value. Operators: = != < > <=
 * >= ~ (the text holds the value). Values compare as numbers where both are numbers, else as text;
 * a string in quotes is always text. */
#include "field_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define TEXT_BYTES 16384u

/* ---- parsing ---- */

static char *copy(const char *from, size_t len)
{
    while (len > 0 && from[0] == ' ') {
        from++;
        len--;
    }
    while (len > 0 && from[len - 1] == ' ')
        len--;
    char *text = must_alloc(len + 1, 1);
    memcpy(text, from, len);
    return text;
}

/* Steps over "<Name>" at the start of a name, brackets and quotes; returns the first of `wanted`.
 */
static const char *find_outside(const char *at, const char *wanted)
{
    const char *start = at;
    int brackets = 0;
    char quote = 0;
    for (; *at; at++) {
        if (quote) {
            quote = *at == quote ? 0 : quote;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == '<' && (at == start || at[-1] == '.') && strchr(at, '>')) {
            at = strchr(at, '>');
        } else if (*at == '[' || *at == ']') {
            brackets += *at == '[' ? 1 : -1;
        } else if (brackets <= 0 && strchr(wanted, *at)) {
            return at;
        }
    }
    return NULL;
}

static size_t read_operator(const char *at, filter_op *out)
{
    static const struct {
        const char *text;
        filter_op op;
    } OPERATORS[] = {
        {"!=", FILTER_UNEQUAL}, {"<=", FILTER_AT_MOST}, {">=", FILTER_AT_LEAST},
        {"=", FILTER_EQUAL},    {"<", FILTER_LESS},     {">", FILTER_MORE},
        {"~", FILTER_HOLDS},
    };
    for (size_t i = 0; i < sizeof OPERATORS / sizeof OPERATORS[0]; i++) {
        size_t len = strlen(OPERATORS[i].text);
        if (strncmp(at, OPERATORS[i].text, len) == 0) {
            *out = OPERATORS[i].op;
            return len;
        }
    }
    return 0;
}

static bool parse_condition(const char *text, size_t len, filter_condition *out)
{
    char *whole = copy(text, len);
    const char *at = find_outside(whole, "=!<>~");
    size_t skip = at ? read_operator(at, &out->op) : 0;
    bool good = skip > 0 && at > whole;
    if (good) {
        out->path = copy(whole, (size_t)(at - whole));
        out->value = copy(at + skip, strlen(at + skip));
    }
    free(whole);
    return good;
}

static bool parse_where(const char *text, field_filter *out)
{
    for (;;) {
        const char *end = strstr(text, " and ");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        if (out->nconditions == FILTER_CONDITIONS_MAX ||
            !parse_condition(text, len, &out->conditions[out->nconditions]))
            return false;
        out->nconditions++;
        if (!end)
            return true;
        text = end + strlen(" and ");
    }
}

static bool parse_columns(const char *text, field_filter *out)
{
    for (;;) {
        const char *end = find_outside(text, ",");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        if (out->ncolumns == FILTER_COLUMNS_MAX || len == 0)
            return false;
        out->columns[out->ncolumns++] = copy(text, len);
        if (!end)
            return true;
        text = end + 1;
    }
}

int field_filter_parse(const tool_opts *opts, field_filter *out)
{
    const char *where = opt_text(opts, OPT_WHERE), *fields = opt_text(opts, OPT_FIELDS);
    if (where && !parse_where(where, out))
        return opt_usage(
            opts,
            "--where '%.200s': allowed: FIELD=VALUE, with = != < > <= >= or ~ (holds), "
            "several joined by ' and '",
            where);
    if (fields && !parse_columns(fields, out))
        return opt_usage(opts, "--fields '%.200s': allowed: up to %d fields, commas between them",
                         fields, FILTER_COLUMNS_MAX);
    return EXIT_DONE;
}

void field_filter_fini(field_filter *filter)
{
    for (size_t i = 0; i < filter->nconditions; i++) {
        free(filter->conditions[i].path);
        free(filter->conditions[i].value);
    }
    for (size_t i = 0; i < filter->ncolumns; i++)
        free(filter->columns[i]);
}

/* ---- comparing ---- */

hgr_value field_value(const tool_session *session, hgr_node node, const char *path)
{
    hgr_value value = {.type_name = "?"}, object = {
                                              .element = HGR_IS_REFERENCE,
                                              .present = true,
                                              .bits = hgr_node_address(session->snapshot, node),
                                              .type_name = "?",
                                          };
    if (hgr_path_follow(session->inspector, &object, path, &value, NULL) != HGR_OK)
        value.element = HGR_IS_UNKNOWN;
    return value;
}

/* The text to compare: a string without quotes, else as it is shown. */
static bool plain_text(hgr_inspector *inspector, const hgr_value *value, char text[TEXT_BYTES])
{
    hgr_object object;
    size_t len;
    if (value->element == HGR_IS_REFERENCE && value->present && value->bits != 0 &&
        hgr_inspect_object(inspector, value->bits, &object, NULL) == HGR_OK &&
        object.type->kind == HGR_TYPE_STRING)
        return hgr_string_text(inspector, &object, 0, UINT64_MAX, text, TEXT_BYTES) != SIZE_MAX;
    len = hgr_value_text(inspector, value, UINT64_MAX, text, TEXT_BYTES);
    if (len > 2 && len < TEXT_BYTES && text[0] == '\'') { /* a character */
        memmove(text, text + 1, len);
        text[len - 2] = '\0';
    }
    if (len == 0 && value->present && value->element == HGR_IS_REFERENCE)
        snprintf(text, TEXT_BYTES, "0x%" PRIx64, value->bits);
    return value->present;
}

static bool is_number(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

/* -1, 0, 1 */
static int compare(const char *text, const char *wanted)
{
    double left, right;
    size_t len = strlen(wanted);
    char *end_left, *end_right;
    if (len >= 2 && wanted[0] == '"' && wanted[len - 1] == '"') {
        int order = strncmp(text, wanted + 1, len - 2);
        return order ? (order > 0) - (order < 0) : text[len - 2] != '\0';
    }
    if (!is_number(text, &left) || !is_number(wanted, &right)) {
        int order = strcmp(text, wanted);
        return (order > 0) - (order < 0);
    }
    long long a = strtoll(text, &end_left, 0), b = strtoll(wanted, &end_right, 0);
    if (*end_left == '\0' && *end_right == '\0' && errno == 0) /* exact where both are whole */
        return (a > b) - (a < b);
    return (left > right) - (left < right);
}

static bool holds(filter_op op, const char *text, const char *wanted)
{
    if (op == FILTER_HOLDS)
        return strstr(text, wanted) != NULL;
    int order = compare(text, wanted);
    switch (op) {
    case FILTER_EQUAL:
        return order == 0;
    case FILTER_UNEQUAL:
        return order != 0;
    case FILTER_LESS:
        return order < 0;
    case FILTER_MORE:
        return order > 0;
    case FILTER_AT_MOST:
        return order <= 0;
    default:
        return order >= 0;
    }
}

bool field_filter_matches(field_filter *filter, const tool_session *session, hgr_node node)
{
    char text[TEXT_BYTES];
    for (size_t i = 0; i < filter->nconditions; i++) {
        const filter_condition *condition = &filter->conditions[i];
        hgr_value value = field_value(session, node, condition->path);
        if (value.element == HGR_IS_UNKNOWN || !plain_text(session->inspector, &value, text)) {
            filter->lacking++;
            return false;
        }
        if (!holds(condition->op, text, condition->value))
            return false;
    }
    return true;
}

void field_filter_note(const field_filter *filter)
{
    char count[UNITS_TEXT];
    if (filter->lacking)
        printf("%s without a field of --where, or with it out of reach, left out\n",
               units_things(count, filter->lacking, "object"));
}

/* ---- columns ---- */

void field_columns_print(const field_filter *filter, const tool_session *session, hgr_node node,
                         tool_table *table)
{
    for (size_t i = 0; i < filter->ncolumns; i++) {
        strbuf words = {0};
        hgr_value value = field_value(session, node, filter->columns[i]);
        if (value.element != HGR_IS_UNKNOWN)
            value_words(session->inspector, &value, &words);
        value_cell(table, strbuf_get(&words));
        strbuf_fini(&words);
    }
}

void field_columns_write(const field_filter *filter, tool_session *session, hgr_node node)
{
    tool_json *json = &session->json;
    if (filter->ncolumns == 0)
        return;
    out_array(json, "fields");
    for (size_t i = 0; i < filter->ncolumns; i++) {
        hgr_value value = field_value(session, node, filter->columns[i]);
        out_object(json, NULL);
        out_text(json, "path", filter->columns[i]);
        if (value.element != HGR_IS_UNKNOWN)
            value_json_members(session->inspector, json, &value);
        out_end_object(json);
    }
    out_end_array(json);
}

/* ---- counts by a value ---- */

struct value_count {
    char *text;
    uint64_t count, bytes;
};

static size_t slot_of(const value_tally *tally, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)(hash ^ hash >> 32) & (tally->capacity - 1);
    while (tally->rows[slot].text && strcmp(tally->rows[slot].text, text) != 0)
        slot = (slot + 1) & (tally->capacity - 1);
    return slot;
}

static void make_room(value_tally *tally)
{
    value_tally old = *tally;
    if (tally->capacity && tally->count < tally->capacity / 2)
        return;
    tally->capacity = tally->capacity ? 2 * tally->capacity : 1024;
    tally->rows = must_alloc(tally->capacity, sizeof *tally->rows);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.rows[i].text)
            tally->rows[slot_of(tally, old.rows[i].text)] = old.rows[i];
    free(old.rows);
}

void value_tally_add(value_tally *tally, const tool_session *session, hgr_node node,
                     const char *path)
{
    strbuf words = {0};
    hgr_value value = field_value(session, node, path);
    if (value.element == HGR_IS_UNKNOWN)
        strbuf_add_z(&words, "(no such field)");
    else
        value_words(session->inspector, &value, &words);
    make_room(tally);
    struct value_count *row = &tally->rows[slot_of(tally, strbuf_get(&words))];
    if (!row->text) {
        row->text = copy(strbuf_get(&words), words.len);
        tally->count++;
    }
    row->count++;
    row->bytes += hgr_node_bytes(session->snapshot, node);
    strbuf_fini(&words);
}

static int by_count(const void *left, const void *right)
{
    const struct value_count *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->text, b->text);
}

static void write_counts(const value_tally *tally, tool_session *session, uint64_t top)
{
    tool_json *json = &session->json;
    out_array(json, "values");
    for (size_t i = 0; i < tally->count && i < top; i++) {
        out_object(json, NULL);
        out_text(json, "text", tally->rows[i].text);
        out_u64(json, "count", tally->rows[i].count);
        out_u64(json, "bytes", tally->rows[i].bytes);
        out_end_object(json);
    }
    out_end_array(json);
}

static void print_counts(const value_tally *tally, tool_session *session, const char *path,
                         uint64_t top)
{
    const table_column columns[] = {
        {"count", TABLE_COUNT}, {"bytes", TABLE_BYTES}, {path, TABLE_TEXT}};
    char values[UNITS_TEXT];
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 3,
               "sorted by count, then value");
    for (size_t i = 0; i < tally->count && i < top; i++) {
        table_number(&table, tally->rows[i].count);
        table_number(&table, tally->rows[i].bytes);
        table_text(&table, tally->rows[i].text);
    }
    table_finish(&table);
    printf("\n%s", units_things(values, tally->count, "different value"));
    printf("%s\n", tally->count > top ? "; --all shows every one" : "");
}

void value_tally_write(value_tally *tally, tool_session *session, const char *path, uint64_t top)
{
    size_t kept = 0;
    for (size_t i = 0; i < tally->capacity; i++)
        if (tally->rows[i].text)
            tally->rows[kept++] = tally->rows[i];
    if (kept > 1)
        qsort(tally->rows, kept, sizeof *tally->rows, by_count);
    if (session_wants_json(session))
        write_counts(tally, session, top);
    else
        print_counts(tally, session, path, top);
    for (size_t i = 0; i < kept; i++)
        free(tally->rows[i].text);
    free(tally->rows);
    *tally = (value_tally){0};
}
