/* tools: conditions on fields (--where), columns of fields (--fields), counts by a field
 * (--count-by). */
#ifndef TOOLS_FIELD_FILTER_H
#define TOOLS_FIELD_FILTER_H

#include "value_words.h"

#define FILTER_CONDITIONS_MAX 16
#define FILTER_COLUMNS_MAX    8

typedef enum filter_op {
    FILTER_EQUAL,
    FILTER_UNEQUAL,
    FILTER_LESS,
    FILTER_MORE,
    FILTER_AT_MOST,
    FILTER_AT_LEAST,
    FILTER_HOLDS
} filter_op;

/** "Name=Ann", "Age>=18", "Url~login": a path from the object, an operator, a value. */
typedef struct filter_condition {
    char *path, *value;
    filter_op op;
} filter_condition;

typedef struct field_filter {
    filter_condition conditions[FILTER_CONDITIONS_MAX];
    size_t nconditions;
    char *columns[FILTER_COLUMNS_MAX]; /* paths */
    size_t ncolumns;
    uint64_t lacking; /* objects without one of the fields: they match nothing */
} field_filter;

/** Parse --where and --fields. EXIT_DONE, or EXIT_USAGE with two lines on stderr. */
int field_filter_parse(const tool_opts *opts, field_filter *out);
void field_filter_fini(field_filter *filter);

/** The value at the end of a path from the node's object; element HGR_IS_UNKNOWN when there is
 * none. */
hgr_value field_value(const tool_session *session, hgr_node node, const char *path);
/** Do all conditions hold for the node's object? */
bool field_filter_matches(field_filter *filter, const tool_session *session, hgr_node node);

/** One line about objects that lack a field of --where: a misspelt one matches nothing. */
void field_filter_note(const field_filter *filter);
/** The columns of one object: cells of a table, or the JSON array "fields" when there are columns.
 */
void field_columns_print(const field_filter *filter, const tool_session *session, hgr_node node,
                         tool_table *table);
void field_columns_write(const field_filter *filter, tool_session *session, hgr_node node);

/** Objects counted by the value of a field. */
typedef struct value_tally {
    struct value_count *rows; /* open addressing; text NULL = empty */
    size_t count, capacity;
} value_tally;
void value_tally_add(value_tally *tally, const tool_session *session, hgr_node node,
                     const char *path);
/** Print or write the largest counts, ties by value; frees the tally. */
void value_tally_write(value_tally *tally, tool_session *session, const char *path, uint64_t top);

#endif
