/* tools: numbers with units, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "groups.h"
#include "units.h"

typedef bool parse_fn(const char *text, uint64_t *out);

struct row {
    const char *text;
    uint64_t value;
    bool ok;
};

static void expect_rows(parse_fn *parse, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 12345;
        bool ok = parse(rows[i].text, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 12345))
            fail_msg("'%s': %s, %llu", rows[i].text, ok ? "read" : "refused",
                     (unsigned long long)value);
    }
}

static void counts_are_whole_numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0", 0, true},
        {"20", 20, true},
        {"1,234,567", 1234567, true},
        {"", 0, false},
        {"-1", 0, false},
        {"1.5", 0, false},
        {"12x", 0, false},
        {"1,", 0, false},
        {",1", 0, false},
        {" 1", 0, false},
        {"18446744073709551615", UINT64_MAX, true},
        {"18446744073709551616", 0, false},
    };
    expect_rows(units_parse_count, rows, sizeof rows / sizeof rows[0]);
}

static void bytes_have_binary_units(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0", 0, true},
        {"512", 512, true},
        {"512B", 512, true},
        {"10K", 10240, true},
        {"10k", 10240, true},
        {"10KB", 10240, true},
        {"10KiB", 10240, true},
        {"1.5M", 1572864, true},
        {"2G", UINT64_C(2) << 30, true},
        {"1T", UINT64_C(1) << 40, true},
        {"1.5", 0, false},
        {"M", 0, false},
        {"1MM", 0, false},
        {"1.M", 0, false},
        {"-1M", 0, false},
        {"1 M", 0, false},
        {"1X", 0, false},
        {"18446744073709551615", UINT64_MAX, true},
        {"99999999999999999999", 0, false},
        {"17179869184T", 0, false},
    };
    expect_rows(units_parse_bytes, rows, sizeof rows / sizeof rows[0]);
}

static void addresses_as_debuggers_print_them(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0x7f12", 0x7f12, true},
        {"7F12", 0x7f12, true},
        {"00007f12`34567890", UINT64_C(0x7f1234567890), true},
        {"0xffffffffffffffff", UINT64_MAX, true},
        {"0x10000000000000000", 0, false},
        {"0x", 0, false},
        {"", 0, false},
        {"12`", 0, false},
        {"`12", 0, false},
        {"0xg", 0, false},
    };
    expect_rows(units_parse_address, rows, sizeof rows / sizeof rows[0]);
}

static void shares_are_percentages(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1%", 10000, true}, {"0.5%", 5000, true}, {"100%", 1000000, true}, {"0%", 0, true},
        {"101%", 0, false},  {"1", 0, false},      {"%", 0, false},         {"0.01%", 100, true},
    };
    expect_rows(units_parse_share, rows, sizeof rows / sizeof rows[0]);
}

static void numbers_are_written_for_people(void **state)
{
    (void)state;
    char text[UNITS_TEXT];
    assert_string_equal(units_count(text, 0), "0");
    assert_string_equal(units_count(text, 999), "999");
    assert_string_equal(units_count(text, 1000), "1,000");
    assert_string_equal(units_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(units_bytes(text, 1023, true), "1023 B");
    assert_string_equal(units_bytes(text, 1536, true), "1.5 KiB");
    assert_string_equal(units_bytes(text, 1048575, true), "1.0 MiB");
    assert_string_equal(units_bytes(text, 1536, false), "1,536");
    assert_string_equal(units_amount(text, 1536, false), "1,536 bytes");
    assert_string_equal(units_amount(text, 1536, true), "1.5 KiB");
    assert_string_equal(units_things(text, 1, "object"), "1 object");
    assert_string_equal(units_address(text, 0x1234, 8), "0x0000000000001234");
    assert_string_equal(units_address(text, 0x1234, 4), "0x00001234");
}

static void only_the_whole_is_a_hundred_percent(void **state)
{
    (void)state;
    char text[UNITS_TEXT];
    assert_string_equal(units_share(text, 999999, 1000000), "99.9 %");
    assert_string_equal(units_share(text, 1000000, 1000000), "100.0 %");
    assert_string_equal(units_share(text, 0, 1000000), "0.0 %");
    assert_true(units_percent(UINT64_MAX - 1, UINT64_MAX) < 100);
    assert_true(units_percent(5, 5) == 100);
}

static void namespaces_end_before_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        size_t len;
    } rows[] = {
        {"System.String", 6},
        {"System.Collections.Generic.List<System.Int32>", 26},
        {"Shop.Cart+Item.X", 4},
        {"System.Byte[]", 6},
        {"<>f__AnonymousType0<System.Int32>", 0},
        {"Program", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(groups_namespace_length(rows[i].type), rows[i].len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_whole_numbers),
        cmocka_unit_test(bytes_have_binary_units),
        cmocka_unit_test(addresses_as_debuggers_print_them),
        cmocka_unit_test(shares_are_percentages),
        cmocka_unit_test(numbers_are_written_for_people),
        cmocka_unit_test(only_the_whole_is_a_hundred_percent),
        cmocka_unit_test(namespaces_end_before_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
