/* tools: tables and JSON as they reach stdout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "out_json.h"
#include "out_table.h"

/* What is printed to stdout between begin and end; the caller frees. */
static int saved_stdout;
static FILE *captured;

static void begin_capture(void)
{
    fflush(stdout);
    captured = tmpfile();
    saved_stdout = dup(STDOUT_FILENO);
    dup2(fileno(captured), STDOUT_FILENO);
}

static char *end_capture(void)
{
    fflush(stdout);
    dup2(saved_stdout, STDOUT_FILENO);
    close(saved_stdout);
    fseek(captured, 0, SEEK_END);
    long len = ftell(captured);
    rewind(captured);
    char *text = calloc((size_t)len + 1, 1);
    assert_int_equal(fread(text, 1, (size_t)len, captured), (size_t)len);
    fclose(captured);
    return text;
}

static const table_column columns[] = {
    {"count", TABLE_COUNT}, {"bytes", TABLE_BYTES},   {"address", TABLE_ADDRESS},
    {"share", TABLE_SHARE}, {"retained", TABLE_SKIP}, {"gen", TABLE_TEXT},
    {"type", TABLE_TEXT},
};

static void add_row(tool_table *table, uint64_t count, const char *gen, const char *type)
{
    table_number(table, count);
    table_number(table, count * 1000);
    table_number(table, 0x7f0012340000 + count);
    table_share(table, count, 20000);
    table_number(table, 5);
    table_text(table, gen);
    table_text(table, type);
}

static void tables_align_numbers_and_keep_names_whole(void **state)
{
    (void)state;
    tool_opts opts = {.command = NULL};
    tool_table table;
    begin_capture();
    table_init(&table, &opts, 8, columns, 7, "sorted by count");
    add_row(&table, 12345, "gen2", "System.String");
    add_row(&table, 7, "loh", "A\033[0m");
    table_gap(&table);
    add_row(&table, 12352, "", "(all)");
    table_finish(&table);
    char *text = end_capture();
    assert_string_equal(
        text, " count       bytes             address   share  gen   type  (sorted by count)\n"
              "12,345  12,345,000  0x00007f0012343039  61.7 %  gen2  System.String\n"
              "     7       7,000  0x00007f0012340007   0.0 %  loh   A\\x1b[0m\n"
              "\n"
              "12,352  12,352,000  0x00007f0012343040  61.7 %        (all)\n");
    free(text);
}

static void long_tables_stream(void **state)
{
    (void)state;
    static const table_column two[] = {{"n", TABLE_COUNT}, {"type", TABLE_TEXT}};
    tool_opts opts = {.command = NULL};
    tool_table table;
    begin_capture();
    table_init(&table, &opts, 8, two, 2, NULL);
    for (uint64_t i = 0; i < 25000; i++) {
        table_number(&table, i);
        table_text(&table, "T");
    }
    assert_true(table.cells.len < 200000); /* not all rows are kept */
    table_finish(&table);
    char *text = end_capture();
    size_t lines = 0;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 25001);
    assert_non_null(strstr(text, "\n24,999  T\n"));
    free(text);
}

static void narrow_terminals_shorten_then_cut(void **state)
{
    (void)state;
    static const table_column two[] = {{"n", TABLE_COUNT}, {"type", TABLE_TEXT}};
    static const char *const names[] = {"A.B.Fits",
                                        "System.Collections.Generic.List<Größe.Äpfel>",
                                        "System.Func<System.Int32, Shop.Order>",
                                        "Shop.Cache (static Shop.Items)",
                                        "<>c__DisplayClass0_0.Veryveryverylong",
                                        "System.Collections.Generic.List<A.B>._items"};
    tool_opts opts = {.command = NULL};
    tool_table table;
    begin_capture();
    table_init(&table, &opts, 8, two, 2, "sorted by a long reason");
    table.term.width = 26;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        table_number(&table, i);
        table_text(&table, names[i]);
    }
    table_finish(&table);
    char *text = end_capture();
    assert_string_equal(text, "n  type\n"
                              "0  A.B.Fits\n"
                              "1  List<Äpfel>\n"
                              "2  Func<Int32, Order>\n"
                              "3  Cache (static Shop.Ite…\n"
                              "4  <>Veryveryverylong\n"
                              "5  List<B>._items\n");
    free(text);
}

static void json_is_escaped_and_parses(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    tool_json json = {.out = open_memstream(&text, &len)};
    out_object(&json, NULL);
    out_text(&json, "name", "q\"b\\s\n\x01\x7f\xff\xc3\xb6");
    out_u64(&json, "big", UINT64_C(9007199254740993));
    out_address(&json, "address", 0x7f12);
    out_hash(&json, "hash", 1);
    out_number(&json, "percent", 99.5);
    out_number(&json, "whole", 100);
    out_bool(&json, "yes", true);
    out_null(&json, "nothing");
    out_text(&json, "absent", NULL);
    out_array(&json, "rows");
    for (int i = 0; i < 2; i++) {
        out_object(&json, NULL);
        out_array(&json, "inner");
        out_u64(&json, NULL, 1);
        out_u64(&json, NULL, 2);
        out_end_array(&json);
        out_end_object(&json);
    }
    out_end_array(&json);
    out_array(&json, "empty");
    out_end_array(&json);
    out_end_object(&json);
    fclose(json.out);
    struct json_object *whole = json_tokener_parse(text), *value = NULL;
    assert_non_null(whole);
    assert_true(json_object_object_get_ex(whole, "name", &value));
    assert_string_equal(json_object_get_string(value), "q\"b\\s\n\x01\x7f\xef\xbf\xbd\xc3\xb6");
    assert_true(json_object_object_get_ex(whole, "big", &value));
    assert_int_equal(json_object_get_int64(value), INT64_C(9007199254740993));
    assert_true(json_object_object_get_ex(whole, "rows", &value));
    assert_int_equal(json_object_array_length(value), 2);
    assert_non_null(strstr(text, "\"address\": \"0x7f12\""));
    assert_non_null(strstr(text, "\"hash\": \"0x0000000000000001\""));
    assert_non_null(strstr(text, "\"percent\": 99.5,"));
    assert_non_null(strstr(text, "\"whole\": 100,"));
    assert_non_null(strstr(text, "\n  {\"inner\": [1, 2]},\n"));
    assert_non_null(strstr(text, "\"empty\": []\n}\n"));
    json_object_put(whole);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_align_numbers_and_keep_names_whole),
        cmocka_unit_test(long_tables_stream),
        cmocka_unit_test(narrow_terminals_shorten_then_cut),
        cmocka_unit_test(json_is_escaped_and_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
