/* tools: growing text, and text of a dump made safe for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "strbuf.h"

static void it_grows(void **state)
{
    (void)state;
    strbuf text = {0};
    assert_string_equal(strbuf_get(&text), "");
    for (int i = 0; i < 1000; i++)
        strbuf_format(&text, "%03d", i);
    assert_int_equal(text.len, 3000);
    assert_memory_equal(strbuf_get(&text) + 2997, "999", 4);
    char big[2000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    strbuf_format(&text, "%s", big);
    assert_int_equal(strlen(strbuf_get(&text)), 4999);
    strbuf_clear(&text);
    assert_string_equal(strbuf_get(&text), "");
    strbuf_fini(&text);
}

static void terminals_obey_nothing_from_a_dump(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *safe;
    } rows[] = {
        {"Shop.Größe<日本>", "Shop.Größe<日本>"},
        {"a\033[31mred", "a\\x1b[31mred"},
        {"line\nbreak\ttab\r", "line\\x0abreak\\x09tab\\x0d"},
        {"\x7f", "\\x7f"},
        {"c1:\xc2\x9b"
         "31m",
         "c1:\\xc2\\x9b31m"},
        {"bidi:\xe2\x80\xae!", "bidi:\\xe2\\x80\\xae!"},
        {"zero\xe2\x80\x8bwidth", "zero\\xe2\\x80\\x8bwidth"},
        {"cut:\xe6\x97", "cut:\\xe6\\x97"},
        {"overlong:\xc0\xaf", "overlong:\\xc0\\xaf"},
        {"surrogate:\xed\xa0\x80", "surrogate:\\xed\\xa0\\x80"},
        {"beyond:\xf4\x90\x80\x80", "beyond:\\xf4\\x90\\x80\\x80"},
        {"\xff", "\\xff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf text = {0};
        strbuf_add_safe(&text, rows[i].raw);
        assert_string_equal(strbuf_get(&text), rows[i].safe);
        strbuf_fini(&text);
    }
}

static void columns_are_what_a_terminal_shows(void **state)
{
    (void)state;
    assert_int_equal(utf8_columns("abc"), 3);
    assert_int_equal(utf8_columns("Größe"), 5);
    assert_int_equal(utf8_columns("日本"), 4);
    assert_int_equal(utf8_columns("e\xcc\x81"), 1);
    assert_int_equal(utf8_prefix("日本", 3), 3);
    assert_int_equal(utf8_prefix("abc", 2), 2);
    assert_int_equal(utf8_prefix("abc", 9), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows),
        cmocka_unit_test(terminals_obey_nothing_from_a_dump),
        cmocka_unit_test(columns_are_what_a_terminal_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
