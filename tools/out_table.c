/* tools: tables. Cells are formatted once, widths taken from them, rows written left to right. */
#include "out_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define LAST_COLUMN_WANTED 36    /* room for a type name; then optional columns may stay */
#define KEPT_ROWS          10000 /* then the widths so far hold, so that millions of rows stream */

void table_init(tool_table *table, const tool_opts *opts, uint32_t pointer_size,
                const table_column *columns, size_t ncolumns, const char *order)
{
    *table = (struct tool_table){.ncolumns = ncolumns,
                                 .term = term_of(opts),
                                 .human = opt_given(opts, OPT_HUMAN),
                                 .pointer_size = pointer_size,
                                 .order = order};
    for (size_t c = 0; c < ncolumns && c < TABLE_COLUMNS_MAX; c++) {
        table->columns[c] = columns[c];
        table->columns[c].kind &= ~TABLE_OPTIONAL;
        table->optional[c] = (columns[c].kind & TABLE_OPTIONAL) != 0;
        table->width[c] = utf8_columns(columns[c].title);
    }
}

static void print_padding(size_t columns)
{
    static const char spaces[] = "                                ";
    for (; columns > sizeof spaces - 1; columns -= sizeof spaces - 1)
        fputs(spaces, stdout);
    fwrite(spaces, 1, columns, stdout);
}

static bool is_left(const tool_table *table, size_t c)
{
    return table->columns[c].kind == TABLE_TEXT;
}

static size_t last_column(const tool_table *table)
{
    size_t last = table->ncolumns - 1;
    while (last && table->columns[last].kind == TABLE_SKIP)
        last--;
    return last;
}

#define BRIEF_FOLLOWS '\x1f' /* in a last cell; safe text cannot hold it */

/* The last column: whole when piped; on a terminal brief, then cut, to what is left of the line. */
static void print_last(const tool_table *table, const char *text, size_t used)
{
    size_t width = table->term.width;
    const char *mark = strchr(text, BRIEF_FOLLOWS);
    strbuf whole = {0}, brief = {0}, fitted = {0};
    if (!mark && (width == SIZE_MAX || used + 8 > width)) {
        fputs(text, stdout);
        return;
    }
    strbuf_add(&whole, text, mark ? (size_t)(mark - text) : strlen(text));
    if (mark)
        strbuf_add_z(&brief, mark + 1);
    else
        strbuf_add_brief(&brief, text);
    strbuf_add_fitted(&fitted, strbuf_get(&whole), strbuf_get(&brief),
                      width == SIZE_MAX || used + 8 > width ? SIZE_MAX : width - used);
    fputs(strbuf_get(&fitted), stdout);
    strbuf_fini(&whole);
    strbuf_fini(&brief);
    strbuf_fini(&fitted);
}

static void print_cells(const tool_table *table, const char *const *cells)
{
    size_t used = 0, last = last_column(table);
    for (size_t c = 0; c <= last; c++) {
        if (table->columns[c].kind == TABLE_SKIP)
            continue;
        size_t columns = utf8_columns(cells[c]);
        size_t padding = columns < table->width[c] ? table->width[c] - columns : 0;
        if (!is_left(table, c))
            print_padding(padding);
        if (c == last) {
            print_last(table, cells[c], used);
            break;
        }
        fputs(cells[c], stdout);
        if (is_left(table, c))
            print_padding(padding);
        print_padding(2);
        used += (columns > table->width[c] ? columns : table->width[c]) + 2;
    }
}

/* The order stands behind the last title, unless the line is too narrow for it. */
static void print_header(tool_table *table)
{
    const char *titles[TABLE_COLUMNS_MAX];
    char last[160];
    size_t at = last_column(table), used = 0;
    for (size_t c = 0; c < table->ncolumns; c++) {
        titles[c] = table->columns[c].title;
        if (c < at && table->columns[c].kind != TABLE_SKIP)
            used += table->width[c] + 2;
    }
    if (table->order) {
        snprintf(last, sizeof last, "%s  (%s)", titles[at], table->order);
        if (table->term.width == SIZE_MAX || used + strlen(last) <= table->term.width)
            titles[at] = last;
    }
    fputs(term_bold(&table->term), stdout);
    print_cells(table, titles);
    printf("%s\n", term_plain(&table->term));
}

/* On a narrow terminal the columns that can be missed make room for the last one. */
static void drop_optional(tool_table *table)
{
    size_t used = 0, last = last_column(table);
    for (size_t c = 0; c < last; c++)
        used += table->columns[c].kind == TABLE_SKIP ? 0 : table->width[c] + 2;
    for (size_t c = last; c-- > 0 && table->term.width != SIZE_MAX;) {
        bool needed = !table->optional[c] || table->columns[c].kind == TABLE_SKIP;
        if (needed || used + LAST_COLUMN_WANTED <= table->term.width)
            continue;
        table->columns[c].kind = TABLE_SKIP;
        used -= table->width[c] + 2;
    }
}

static void print_kept(tool_table *table)
{
    if (!table->streaming) {
        drop_optional(table);
        print_header(table);
    }
    table->streaming = true;
    const char *cells[TABLE_COLUMNS_MAX], *text = strbuf_get(&table->cells);
    for (size_t i = 0; i < table->ncells; i++, text += strlen(text) + 1) {
        cells[i % table->ncolumns] = text;
        if ((i + 1) % table->ncolumns != 0)
            continue;
        if (++table->printed == table->gap)
            putchar('\n');
        print_cells(table, cells);
        putchar('\n');
    }
    table->ncells = 0;
    strbuf_clear(&table->cells);
}

static void add_cell(tool_table *table, const char *text)
{
    size_t c = table->ncells % table->ncolumns;
    strbuf_add(&table->cells, text, strlen(text) + 1);
    table->ncells++;
    if (!table->streaming && table->columns[c].kind != TABLE_SKIP) {
        size_t columns = utf8_columns(text);
        if (columns > table->width[c])
            table->width[c] = columns;
    }
    table->rows += c + 1 == table->ncolumns;
    if (c + 1 == table->ncolumns && table->ncells >= KEPT_ROWS * table->ncolumns)
        print_kept(table);
}

void table_number(tool_table *table, uint64_t value)
{
    char text[UNITS_TEXT] = "";
    int kind = table->columns[table->ncells % table->ncolumns].kind;
    if (kind == TABLE_ADDRESS)
        units_address(text, value, table->pointer_size);
    else if (kind != TABLE_SKIP)
        units_bytes(text, value, table->human && kind == TABLE_BYTES);
    add_cell(table, text);
}

void table_share(tool_table *table, uint64_t part, uint64_t whole)
{
    char text[UNITS_TEXT];
    add_cell(table, units_share(text, part, whole));
}

void table_text(tool_table *table, const char *text)
{
    strbuf safe = {0};
    strbuf_add_safe(&safe, text);
    add_cell(table, strbuf_get(&safe));
    strbuf_fini(&safe);
}

void table_text_or(tool_table *table, const char *text, const char *brief)
{
    static const char mark[] = {BRIEF_FOLLOWS, '\0'};
    strbuf both = {0};
    strbuf_add_safe(&both, text);
    strbuf_add_z(&both, mark);
    strbuf_add_safe(&both, brief);
    add_cell(table, strbuf_get(&both));
    strbuf_fini(&both);
}

void table_empty(tool_table *table)
{
    add_cell(table, "");
}

void table_gap(tool_table *table)
{
    table->gap = table->rows + 1;
}

void table_finish(tool_table *table)
{
    print_kept(table);
    strbuf_fini(&table->cells);
}
