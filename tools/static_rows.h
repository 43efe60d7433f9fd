/* tools: static fields, collected and written: for `statics` and `show --statics`. */
#ifndef TOOLS_STATIC_ROWS_H
#define TOOLS_STATIC_ROWS_H

#include "value_words.h"

typedef struct static_rows {
    tool_session *session;
    struct static_row *rows; /* in the order of the runtime's modules and types */
    size_t count, capacity;
    uint64_t left_out; /* did not match */
    const char *match; /* glob over "Type.Field", NULL = all */
    bool all;          /* those too that hold null or are not allocated */
    bool failed;
} static_rows;

/** Collect the statics of one type, or of all loaded types (type NULL). EXIT_DONE, or a line on
 * stderr and an exit code. */
int static_rows_collect(static_rows *rows, const hgr_type *type);
void static_rows_free(static_rows *rows);
/** Sort by type, then declaration; with session->retained by retained bytes. */
void static_rows_sort(static_rows *rows);
/** The first `top` as a table (a blank line between types) or as the JSON array "statics". */
void static_rows_write(const static_rows *rows, uint64_t top);
/** The object that the index-th keeps, 0 = none. */
uint64_t static_rows_object(const static_rows *rows, size_t index);

#endif
