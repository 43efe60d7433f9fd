/* tools: how a value from the dump reads in an answer. */
#ifndef TOOLS_VALUE_WORDS_H
#define TOOLS_VALUE_WORDS_H

#include "session.h"

#define VALUE_CHARS      80 /* of a string in a table; JSON gives VALUE_CHARS_JSON */
#define VALUE_CHARS_JSON 4096

/**
 * Append a value in one line, safe for a terminal: its text, "0x... list of 3" for collections,
 * "{X: 1, Y: 2}" for structures, an address for other objects, "(not in the dump)".
 */
void value_words(hgr_inspector *inspector, const hgr_value *value, strbuf *out);
/** A cell with words: cut and ended by "…" where a terminal would be filled by it alone. */
void value_cell(tool_table *table, const char *words);
/** The type that matters: of the object behind a reference, else the declared one. */
const char *value_type_name(hgr_inspector *inspector, const hgr_value *value);
/** Has the structure a text of its own (a Guid, a date), or only fields? */
bool value_is_plain_struct(hgr_inspector *inspector, const hgr_value *value);

/** Write {type, text, address, absent} below key (NULL inside an array). */
void value_json(hgr_inspector *inspector, tool_json *json, const char *key, const hgr_value *value);
/** The same members into an object that is open. */
void value_json_members(hgr_inspector *inspector, tool_json *json, const hgr_value *value);

/** One value of an object, its name with those of the structures around it: "Place.X". */
typedef struct value_row {
    const char *name;
    const hgr_field *field;
    const hgr_value *value;
    bool is_hidden; /* a field of a derived class has the same name */
} value_row;
typedef void (*value_row_fn)(void *user, const value_row *row);
/** Visit the instance fields of an object or structure; structures inline, one row for each field.
 */
void value_fields(hgr_inspector *inspector, const hgr_value *owner, value_row_fn visit, void *user);

#endif
