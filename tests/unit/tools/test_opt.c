/* tools: option tables and their parser; every command's table is sane. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "opt.h"

#define WORDS_MAX 12

/* Parse "types --top 5 x.dmp" as the shell would split it. */
static bool parse(const char *line, tool_opts *out, char *error)
{
    static char copy[256];
    char *argv[WORDS_MAX] = {NULL};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    const tool_command *found = command_find(argv[1]);
    assert_non_null(found);
    error[0] = '\0';
    return opt_parse(found, argc, argv, 2, out, error);
}

static void options_stand_anywhere_in_any_form(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "types --top 5 --sort=count x.dmp",
        "types x.dmp -n 5 --sort count",
        "types -n5 x.dmp --sort=count",
        "types --top 9 --top 5 --sort count -- x.dmp",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        tool_opts opts;
        char error[OPT_ERROR_TEXT];
        assert_true(parse(lines[i], &opts, error));
        assert_int_equal(opt_number(&opts, OPT_TOP), 5);
        assert_int_equal(opt_number(&opts, OPT_SORT), 1);
        assert_int_equal(opts.noperands, 1);
        assert_string_equal(opts.operands[0], "x.dmp");
        assert_false(opt_given(&opts, OPT_ALL));
    }
}

static void defaults_are_read_from_the_table(void **state)
{
    (void)state;
    tool_opts opts;
    char error[OPT_ERROR_TEXT];
    assert_true(parse("dominators x", &opts, error));
    assert_int_equal(opt_number(&opts, OPT_DEPTH), 5);
    assert_int_equal(opt_number(&opts, OPT_MIN), 10000);
    assert_int_equal(opt_number(&opts, OPT_COLOR), 0);
    assert_false(opt_given(&opts, OPT_DEPTH));
}

static void usage_errors_say_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"types --sort retaind x",
         "--sort 'retaind': allowed: bytes, count, retained, owned, name; did "
         "you mean retained?"},
        {"types --top many x", "--top 'many': allowed: a whole number such as 20"},
        {"dominators --min 5 x", "--min '5': allowed: a share such as 1% or 0.5%"},
        {"dominators --node zz x", "--node 'zz': allowed: a hexadecimal address"},
        {"types --memory-limit 1Q x", "--memory-limit '1Q': allowed: bytes such as 512, 64K"},
        {"types --json=yes x", "--json takes no value, seen 'yes'"},
        {"types x --top", "--top needs a value: --top N"},
        {"types", "0 operands given, expected: heapgraph types DUMP"},
        {"types x y", "'y' is one operand too many; expected: heapgraph types DUMP"},
        {"refs x", "1 operand given, expected: heapgraph refs DUMP ADDRESS"},
        {"version --json", "unknown option '--json'; allowed: --help"},
        {"types --retaned x",
         "unknown option '--retaned', did you mean --retained? Allowed: --retained --by"},
        {"types -z x", "unknown option '-z'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tool_opts opts;
        char error[OPT_ERROR_TEXT];
        assert_false(parse(rows[i].line, &opts, error));
        if (!strstr(error, rows[i].expected))
            fail_msg("%s: '%s' lacks '%s'", rows[i].line, error, rows[i].expected);
        const char *end = strchr(error, '\n');
        assert_non_null(end);
        assert_memory_equal(end + 1, "See: heapgraph ", 15); /* two lines, the second says where */
        assert_int_equal(strcspn(end + 1, "\n") + 2, strlen(end));
    }
}

static void hostile_arguments_stay_short_and_printable(void **state)
{
    (void)state;
    char word[4000], error[OPT_ERROR_TEXT];
    char *argv[] = {NULL, NULL, word};
    tool_opts opts;
    memset(word, '\033', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    memcpy(word, "--", 2);
    assert_false(opt_parse(command_find("types"), 3, argv, 2, &opts, error));
    assert_null(strchr(error, '\033'));
    assert_non_null(strstr(error, "\nSee: heapgraph types --help\n"));
}

static void help_ends_the_parsing(void **state)
{
    (void)state;
    tool_opts opts;
    char error[OPT_ERROR_TEXT];
    assert_true(parse("types --help", &opts, error));
    assert_true(opt_given(&opts, OPT_HELP));
    assert_true(parse("version -h", &opts, error));
    assert_true(opt_given(&opts, OPT_HELP));
}

static void nearest_spelling_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"types", "retained", "roots", "refs"};
    assert_string_equal(opt_nearest("tipes", words, 4), "types");
    assert_string_equal(opt_nearest("retaind", words, 4), "retained");
    assert_string_equal(opt_nearest("ret", words, 4), "retained");
    assert_null(opt_nearest("xyzzy", words, 4));
}

static void check_row(const tool_command *of, const opt_row *row, bool *letters)
{
    tool_opts opts;
    char error[OPT_ERROR_TEXT], text[64];
    char dump[] = "x.dmp", addr[] = "0x10";
    char *argv[] = {text, dump, addr};
    assert_non_null(row->help);
    assert_int_equal(row->kind == OPT_FLAG, row->argument == NULL);
    if (row->letter) {
        assert_false(letters[(unsigned char)row->letter]);
        letters[(unsigned char)row->letter] = true;
    }
    if (!row->fallback)
        return;
    snprintf(text, sizeof text, "--%s=%s", row->name, row->fallback); /* the default can be given */
    assert_true(opt_parse(of, 1 + (int)of->fewest, argv, 0, &opts, error));
    assert_true(opt_given(&opts, row->id));
}

static void every_table_is_sane(void **state)
{
    (void)state;
    for (size_t i = 0; i < commands_count; i++) {
        bool letters[256] = {false};
        const tool_command *of = &commands[i];
        assert_true(of->fewest <= of->most && of->most <= OPT_OPERANDS_MAX);
        assert_ptr_equal(command_find(of->name), of);
        for (const opt_row *row = of->options; row->name; row++)
            check_row(of, row, letters);
        for (const opt_row *row = opt_shared_rows(of); row->name; row++)
            check_row(of, row, letters);
        for (const char *at = of->see_also; *at;) {
            char name[32];
            size_t len = strcspn(at, " ");
            snprintf(name, sizeof name, "%.*s", (int)len, at);
            assert_non_null(command_find(name));
            at += len + (at[len] == ' ');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_in_any_form),
        cmocka_unit_test(defaults_are_read_from_the_table),
        cmocka_unit_test(usage_errors_say_what_is_allowed),
        cmocka_unit_test(hostile_arguments_stay_short_and_printable),
        cmocka_unit_test(help_ends_the_parsing),
        cmocka_unit_test(nearest_spelling_is_near),
        cmocka_unit_test(every_table_is_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
