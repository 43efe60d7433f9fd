/* tools: tables on stdout. Numbers right-aligned, the last column free text that is never padded.
 */
#ifndef TOOLS_OUT_TABLE_H
#define TOOLS_OUT_TABLE_H

#include "strbuf.h"
#include "term.h"

typedef enum table_kind {
    TABLE_COUNT,        /* 1,234 */
    TABLE_BYTES,        /* 1,234 or 1.2 KiB with --human */
    TABLE_ADDRESS,      /* full width */
    TABLE_SHARE,        /* 12.3 % */
    TABLE_TEXT,         /* left-aligned, padded unless last */
    TABLE_SKIP,         /* not printed: a column an option switches off */
    TABLE_OPTIONAL = 16 /* with one of the others: left out when a terminal is too narrow */
} table_kind;

typedef struct table_column {
    const char *title;
    int kind; /* table_kind, perhaps | TABLE_OPTIONAL */
} table_column;

#define TABLE_COLUMNS_MAX 16

/** Rows are kept until the widths are known (or 10,000 rows came), then printed. */
typedef struct tool_table {
    table_column columns[TABLE_COLUMNS_MAX];
    size_t ncolumns, width[TABLE_COLUMNS_MAX];
    tool_term term;
    bool human, streaming, optional[TABLE_COLUMNS_MAX];
    uint32_t pointer_size;
    const char *order;                 /* "sorted by bytes", or NULL */
    strbuf cells;                      /* of the rows kept: texts, each with its terminator */
    size_t ncells, rows, printed, gap; /* gap: no blank line when 0, else before row gap - 1 */
} tool_table;

/** Columns are copied. order is printed behind the titles. */
void table_init(tool_table *table, const tool_opts *opts, uint32_t pointer_size,
                const table_column *columns, size_t ncolumns, const char *order);
/* Cells from left to right, one call per column, also for TABLE_SKIP. */
void table_number(tool_table *table, uint64_t value);
void table_share(tool_table *table, uint64_t part, uint64_t whole);
/** Untrusted text is made safe. */
void table_text(tool_table *table, const char *text);
/** Like table_text for the last column; brief instead where a terminal is too narrow for text. */
void table_text_or(tool_table *table, const char *text, const char *brief);
void table_empty(tool_table *table);
/** A blank line before the next row: totals stand apart. */
void table_gap(tool_table *table);
/** Print what is left and free. */
void table_finish(tool_table *table);

#endif
