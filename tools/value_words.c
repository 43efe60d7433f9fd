/* tools: values in one line, and the fields of an object with structures inline. */
#include "value_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define TEXT_BYTES (8 * VALUE_CHARS_JSON) /* \uXXXX is the longest a character becomes */
#define MAX_DEPTH  6u                     /* structures inside structures */
#define MAX_PARTS  8u                     /* fields of a structure in one line */

static size_t text_of(hgr_inspector *inspector, const hgr_value *value, uint64_t chars,
                      char text[TEXT_BYTES])
{
    size_t len = hgr_value_text(inspector, value, chars, text, TEXT_BYTES);
    return len < TEXT_BYTES ? len : TEXT_BYTES - 1;
}

/* "…" behind a cut string, and how long it is. */
static void add_length(hgr_inspector *inspector, const hgr_value *value, strbuf *out)
{
    hgr_object object;
    char count[UNITS_TEXT];
    if (value->element == HGR_IS_REFERENCE && value->bits != 0 &&
        hgr_inspect_object(inspector, value->bits, &object, NULL) == HGR_OK &&
        object.type->kind == HGR_TYPE_STRING && object.length > VALUE_CHARS)
        strbuf_format(out, " (%s)", units_things(count, object.length, "char"));
}

static void add_words(hgr_inspector *inspector, const hgr_value *value, uint32_t depth,
                      strbuf *out);

struct items {
    hgr_inspector *inspector;
    strbuf *out;
    uint32_t depth;
};

static bool add_item(void *user, const hgr_item *item)
{
    const struct items *items = user;
    strbuf_add_z(items->out, item->index ? ", " : "");
    if (item->index == MAX_PARTS) {
        strbuf_add_z(items->out, "…");
        return false;
    }
    add_words(items->inspector, &item->value, items->depth + 1, items->out);
    return true;
}

/* An inline array, an ImmutableArray, a Memory: "[1, 2, 3]". */
static void add_items(hgr_inspector *inspector, const hgr_value *value, uint32_t depth, strbuf *out)
{
    struct items items = {inspector, out, depth};
    strbuf_add_z(out, "[");
    if (depth < MAX_DEPTH)
        (void)!hgr_collection_visit(inspector, value, add_item, &items, NULL);
    strbuf_add_z(out, "]");
}

static bool is_collection(hgr_inspector *inspector, const hgr_value *value)
{
    hgr_collection collection;
    return hgr_collection_of(inspector, value, &collection, NULL) == HGR_OK;
}

static void add_struct(hgr_inspector *inspector, const hgr_value *value, uint32_t depth,
                       strbuf *out)
{
    const hgr_type *type = hgr_value_type(inspector, value);
    const hgr_field *fields = NULL;
    size_t count = 0, shown = 0;
    if (is_collection(inspector, value)) {
        add_items(inspector, value, depth, out);
        return;
    }
    if (!type || depth >= MAX_DEPTH ||
        hgr_type_fields(inspector, type, &fields, &count, NULL) != HGR_OK) {
        strbuf_add_z(out, "{…}");
        return;
    }
    strbuf_add_z(out, "{");
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_static)
            continue;
        if (shown == MAX_PARTS) {
            strbuf_add_z(out, ", …");
            break;
        }
        hgr_value part = hgr_value_field(inspector, value, &fields[i]);
        strbuf_add_z(out, shown++ ? ", " : "");
        strbuf_add_safe(out, fields[i].name);
        strbuf_add_z(out, ": ");
        add_words(inspector, &part, depth + 1, out);
    }
    strbuf_add_z(out, "}");
}

static void add_object(hgr_inspector *inspector, const hgr_value *value, uint32_t depth,
                       strbuf *out)
{
    hgr_collection collection;
    char count[UNITS_TEXT];
    const hgr_type *type = hgr_value_type(inspector, value);
    strbuf_format(out, "0x%" PRIx64, value->bits);
    if (type && type->kind == HGR_TYPE_STRUCT) { /* in a box */
        strbuf_add_z(out, " ");
        add_struct(inspector, value, depth, out);
        return;
    }
    if (hgr_collection_of(inspector, value, &collection, NULL) != HGR_OK)
        return;
    strbuf_format(out, " %s", collection.what);
    if (collection.count != UINT64_MAX)
        strbuf_format(out, " of %s", units_count(count, collection.count));
}

static void add_words(hgr_inspector *inspector, const hgr_value *value, uint32_t depth, strbuf *out)
{
    char *text = must_alloc(TEXT_BYTES, 1);
    if (!value->present) {
        strbuf_add_z(out, "(not in the dump)");
    } else if (text_of(inspector, value, VALUE_CHARS, text) > 0) {
        strbuf_add_safe(out, text);
        add_length(inspector, value, out);
    } else if (value->element == HGR_IS_REFERENCE) {
        add_object(inspector, value, depth, out);
    } else if (value->element == HGR_IS_STRUCT) {
        add_struct(inspector, value, depth, out);
    } else {
        strbuf_add_z(out, "?");
    }
    free(text);
}

void value_words(hgr_inspector *inspector, const hgr_value *value, strbuf *out)
{
    add_words(inspector, value, 0, out);
}

void value_cell(tool_table *table, const char *words)
{
    strbuf fitted = {0};
    size_t width = table->term.width;
    strbuf_add_fitted(&fitted, words, words, width == SIZE_MAX ? SIZE_MAX : width / 2);
    table_text(table, strbuf_get(&fitted));
    strbuf_fini(&fitted);
}

const char *value_type_name(hgr_inspector *inspector, const hgr_value *value)
{
    const hgr_type *type =
        value->element == HGR_IS_REFERENCE ? hgr_value_type(inspector, value) : NULL;
    return type ? type->name : value->type_name;
}

bool value_is_plain_struct(hgr_inspector *inspector, const hgr_value *value)
{
    char text[2];
    return value->present && value->element == HGR_IS_STRUCT &&
           hgr_value_text(inspector, value, 0, text, sizeof text) == 0 &&
           hgr_value_type(inspector, value) != NULL && !is_collection(inspector, value);
}

void value_json_members(hgr_inspector *inspector, tool_json *json, const hgr_value *value)
{
    char *text = must_alloc(TEXT_BYTES, 1);
    out_text(json, "type", value_type_name(inspector, value));
    if (!value->present) {
        out_bool(json, "absent", true);
    } else if (text_of(inspector, value, VALUE_CHARS_JSON, text) > 0) {
        out_text(json, "text", text);
    } else if (value->element == HGR_IS_STRUCT) {
        strbuf words = {0};
        add_struct(inspector, value, 0, &words);
        out_text(json, "text", strbuf_get(&words));
        strbuf_fini(&words);
    }
    if (value->present && value->element == HGR_IS_REFERENCE && value->bits != 0)
        out_address(json, "address", value->bits);
    free(text);
}

void value_json(hgr_inspector *inspector, tool_json *json, const char *key, const hgr_value *value)
{
    out_object(json, key);
    value_json_members(inspector, json, value);
    out_end_object(json);
}

/* ---- fields ---- */

struct field_walk {
    hgr_inspector *inspector;
    value_row_fn visit;
    void *user;
};

/* Does a field further on (of a more derived class) have the same name? */
static bool is_hidden(const hgr_field *fields, size_t count, size_t index)
{
    for (size_t i = index + 1; i < count; i++)
        if (!fields[i].is_static && strcmp(fields[i].name, fields[index].name) == 0)
            return true;
    return false;
}

static void walk_fields(struct field_walk *walk, const hgr_value *owner, const char *prefix,
                        uint32_t depth)
{
    const hgr_type *type = hgr_value_type(walk->inspector, owner);
    const hgr_field *fields = NULL;
    size_t count = 0;
    if (!type || hgr_type_fields(walk->inspector, type, &fields, &count, NULL) != HGR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_static)
            continue;
        hgr_value value = hgr_value_field(walk->inspector, owner, &fields[i]);
        strbuf name = {0};
        strbuf_format(&name, "%s%s", prefix, *prefix ? "." : "");
        strbuf_add_safe(&name, fields[i].name);
        if (depth < MAX_DEPTH && value_is_plain_struct(walk->inspector, &value)) {
            walk_fields(walk, &value, strbuf_get(&name), depth + 1);
        } else {
            value_row row = {strbuf_get(&name), &fields[i], &value, is_hidden(fields, count, i)};
            walk->visit(walk->user, &row);
        }
        strbuf_fini(&name);
    }
}

void value_fields(hgr_inspector *inspector, const hgr_value *owner, value_row_fn visit, void *user)
{
    struct field_walk walk = {inspector, visit, user};
    walk_fields(&walk, owner, "", 0);
}
