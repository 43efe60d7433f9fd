/* tools: the rows of `strings`: values with counts, bytes and owners; as a table and as JSON. */
#ifndef TOOLS_STRING_ROWS_H
#define TOOLS_STRING_ROWS_H

#include "pick.h"
#include "string_owners.h"

/** One value of the answer. */
typedef struct string_row {
    hgr_string_group group;
    string_owner owner;
    hgr_object object; /* the first string */
    uint64_t bytes, wasted;
} string_row;

/** The groups whose first nodes were picked, in that order. */
string_row *string_rows_create(tool_session *session, const hgr_strings *strings,
                               const tool_pick *picked);
void string_rows_free(string_row *rows, size_t count);
/** order: printed behind the titles; matches: values that could have been picked. */
void string_rows_print(tool_session *session, const hgr_strings *strings, const string_row *rows,
                       size_t count, uint64_t matches, const char *order);
void string_rows_json(tool_session *session, const hgr_strings *strings, const string_row *rows,
                      size_t count, uint64_t matches);

#endif
