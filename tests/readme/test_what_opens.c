/* The table "What opens" of README.md against the layouts and the recorded dumps.
 *
 * A cell is verified exactly when its runtime has a layout that says so and a recorded dump beside
 * an independent reader's answers; built when the layout does not; refused when there is none. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "clr/clr_layout.h"

static const struct column {
    const char *title, *os;
    uint32_t pointer_size;
} COLUMNS[] = {
    {"Linux x64", "linux", 8}, {"Windows x64", "windows", 8}, {"Windows x86", "windows", 4}};
enum { NCOLUMNS = sizeof COLUMNS / sizeof COLUMNS[0] };

static const hgr_clr_layout *layout_of(uint32_t major, uint32_t minor, const struct column *column)
{
    const hgr_clr_layout *layout;
    for (size_t i = 0; (layout = hgr_clr_layout_nth(i, column->os, column->pointer_size)) != NULL;
         i++)
        if (layout->major == major && layout->minor == minor)
            return layout;
    return NULL;
}

/* "site-net10-x64.before", "net-6.0.13-x64-wks", "netcore-2.1.8-x86-big": version and processor. */
static bool fixture_is(const char *name, uint32_t major, uint32_t minor, uint32_t pointer_size)
{
    const char *digits = strpbrk(name, "0123456789");
    char *end;
    if (!digits || !strstr(name, ".truth") || (strstr(name, "-x86") != NULL) != (pointer_size == 4))
        return false;
    uint32_t seen = (uint32_t)strtoul(digits, &end, 10), seen_minor = 0;
    if (*end == '.')
        seen_minor = (uint32_t)strtoul(end + 1, NULL, 10);
    return seen == major && seen_minor == minor;
}

static size_t count_fixtures(uint32_t major, uint32_t minor, const struct column *column)
{
    static const struct {
        const char *folder, *os;
    } FOLDERS[] = {{"linux", "linux"}, {"early", "linux"}, {"windows", "windows"}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", HGR_FIXTURES, FOLDERS[i].folder);
        DIR *dir = strcmp(FOLDERS[i].os, column->os) == 0 ? opendir(path) : NULL;
        for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
            count += fixture_is(entry->d_name, major, minor, column->pointer_size);
        if (dir)
            closedir(dir);
    }
    return count;
}

static const char *expected(uint32_t major, uint32_t minor, const struct column *column)
{
    const hgr_clr_layout *layout = layout_of(major, minor, column);
    size_t fixtures = count_fixtures(major, minor, column);
    if (!layout)
        return "refused";
    if (layout->verified != (fixtures > 0))
        fail_msg("%s: verified = %d, %zu recorded dumps", layout->name, layout->verified, fixtures);
    return layout->verified ? "verified" : "built";
}

/* "| .NET 10.0 | a | b | c |" into its cells. */
static bool read_row(const char *line, unsigned *major, unsigned *minor, char cells[NCOLUMNS][32])
{
    return sscanf(line, "| .NET%*[^0-9]%u.%u%*[^|]| %31[^|]| %31[^|]| %31[^|]|", major, minor,
                  cells[0], cells[1], cells[2]) == 5;
}

static size_t check_row(const char *line)
{
    unsigned major, minor;
    char cells[NCOLUMNS][32];
    if (!read_row(line, &major, &minor, cells))
        return 0;
    size_t layouts = 0;
    for (size_t c = 0; c < NCOLUMNS; c++) {
        const char *state = expected(major, minor, &COLUMNS[c]);
        cells[c][strcspn(cells[c], " :")] = 0;
        if (strcmp(cells[c], state) != 0)
            fail_msg("README.md: .NET %u.%u on %s is \"%s\", is in truth \"%s\"", major, minor,
                     COLUMNS[c].title, cells[c], state);
        layouts += layout_of(major, minor, &COLUMNS[c]) != NULL;
    }
    return layouts;
}

static void the_table_is_true(void **state)
{
    (void)state;
    char line[1024];
    size_t shown = 0, layouts = 0;
    FILE *readme = fopen(HGR_README, "r");
    assert_non_null(readme);
    while (fgets(line, sizeof line, readme))
        shown += check_row(line);
    fclose(readme);
    for (size_t c = 0; c < NCOLUMNS; c++)
        for (size_t i = 0; hgr_clr_layout_nth(i, COLUMNS[c].os, COLUMNS[c].pointer_size); i++)
            layouts++;
    assert_int_equal(shown, layouts); /* each layout is in a row */
    assert_true(layouts > 0);
}

/* The tests that a row of the second table names must be there; each row names one. */
static void tests_that_keep_the_rows_are_there(void **state)
{
    (void)state;
    char line[1024];
    size_t rows = 0;
    bool inside = false;
    FILE *readme = fopen(HGR_README, "r");
    assert_non_null(readme);
    while (fgets(line, sizeof line, readme)) {
        inside = strncmp(line, "| dump |", 8) == 0 || (inside && line[0] == '|');
        if (!inside || strncmp(line, "| dump |", 8) == 0 || strncmp(line, "|---", 4) == 0)
            continue;
        const char *at = strstr(line, "`tests/");
        if (!at)
            fail_msg("README.md: no test is named: %s", line);
        for (; at; at = strstr(at + 1, "`tests/")) {
            char path[600];
            snprintf(path, sizeof path, "%s/%.*s", HGR_SOURCE, (int)strcspn(at + 1, "`"), at + 1);
            if (access(path, F_OK) != 0)
                fail_msg("README.md: %s is not there", path);
        }
        rows++;
    }
    fclose(readme);
    assert_true(rows > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_true),
                                       cmocka_unit_test(tests_that_keep_the_rows_are_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
