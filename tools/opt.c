/* tools: parse a command line by its option tables, and say well what is wrong with it. */
#include "opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strbuf.h"
#include "units.h"

const opt_row opt_common[] = {
    {OPT_JSON, "json", 0, OPT_FLAG, NULL, NULL, "one JSON document, same numbers (tools/JSON.md)"},
    {OPT_HUMAN, "human", 0, OPT_FLAG, NULL, NULL, "bytes as KiB, MiB, GiB in tables"},
    {OPT_THREADS, "threads", 't', OPT_COUNT, "N", "0", "threads to use; 0 = all processors"},
    {OPT_MEMORY_LIMIT, "memory-limit", 0, OPT_BYTES, "BYTES", "0",
     "stop with exit 4 above this much memory; 0 = no limit"},
    {OPT_MODULES, "modules", 0, OPT_TEXT, "DIR", NULL,
     "where files of the dumped process lie, if the dump lacks their pages"},
    {OPT_RUNTIME, "runtime", 0, OPT_COUNT, "N", "0",
     "which runtime of the process, as info lists them; 0 = the largest heap"},
    {OPT_SHAPE_SEARCH, "shape-search", 0, OPT_FLAG, NULL, NULL,
     "find the heap by its shape, as if the runtime's tables were lost"},
    {OPT_STRICT, "strict", 0, OPT_FLAG, NULL, NULL, "exit 3 when the heap was not read whole"},
    {OPT_TIME, "time", 0, OPT_FLAG, NULL, NULL, "seconds, bytes and rate of each phase on stderr"},
    {OPT_QUIET, "quiet", 'q', OPT_FLAG, NULL, NULL, "no progress and no hints on stderr"},
    {OPT_COLOR, "color", 0, OPT_CHOICE, "auto|always|never", "auto", "colour on stdout"},
    {OPT_HELP, "help", 'h', OPT_FLAG, NULL, NULL, "this help"},
    OPT_ROW_END};

const opt_row opt_help_only[] = {{OPT_HELP, "help", 'h', OPT_FLAG, NULL, NULL, "this help"},
                                 OPT_ROW_END};

const opt_row *opt_shared_rows(const tool_command *command)
{
    return command->operands[0] == 'D' ? opt_common : opt_help_only; /* "DUMP..." */
}

/* ---- nearest spelling ---- */

#define WORD_MAX 32 /* longer words are compared by their beginning */

/* Edits (insert, delete, replace) between two words; one row of the table at a time. */
static size_t count_edits(const char *a, const char *b)
{
    size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX), row[WORD_MAX + 1];
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[nb];
}

const char *opt_nearest(const char *seen, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_edits = SIZE_MAX, len = strlen(seen);
    for (size_t i = 0; i < count; i++) {
        bool begins = len >= 2 && strncmp(words[i], seen, len) == 0;
        size_t edits = begins ? 0 : count_edits(seen, words[i]);
        if (edits < best_edits) {
            best_edits = edits;
            best = words[i];
        }
    }
    return best_edits <= (len < 4 ? 1u : len < 8 ? 2u : 3u) ? best : NULL;
}

/* ---- usage errors: two lines ---- */

static void end_error(char *error, const strbuf *line, const char *name)
{
    /* The first line may be cut, never the second: it says where help is. */
    snprintf(error, OPT_ERROR_TEXT, "heapgraph %s: %.900s\nSee: heapgraph %s --help\n", name,
             strbuf_get(line), name);
}

static bool fail_option(const tool_command *command, const char *seen, char *error)
{
    const char *names[2 * OPT_IDS];
    size_t count = 0;
    const opt_row *tables[] = {command->options, opt_shared_rows(command)};
    strbuf line = {0};
    for (size_t t = 0; t < 2; t++)
        for (const opt_row *row = tables[t]; row->name; row++)
            names[count++] = row->name;
    char word[WORD_MAX + 1];
    const char *bare = seen + strspn(seen, "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(bare, "="), bare);
    const char *nearest = opt_nearest(word, names, count);
    strbuf_add_z(&line, "unknown option '");
    strbuf_add_safe(&line, seen);
    if (nearest)
        strbuf_format(&line, "', did you mean --%s? Allowed:", nearest);
    else
        strbuf_add_z(&line, "'; allowed:");
    for (size_t i = 0; i < count; i++)
        strbuf_format(&line, " --%s", names[i]);
    end_error(error, &line, command->name);
    strbuf_fini(&line);
    return false;
}

/* Split "a|b|c" into words that live in buffer. */
static size_t split_choices(const char *choices, char *buffer, size_t size, const char **words,
                            size_t most)
{
    size_t count = 0;
    snprintf(buffer, size, "%s", choices);
    for (char *word = buffer; word && count < most;) {
        char *bar = strchr(word, '|');
        if (bar)
            *bar++ = '\0';
        words[count++] = word;
        word = bar;
    }
    return count;
}

static bool fail_value(const tool_command *command, const opt_row *row, const char *seen,
                       char *error)
{
    static const char *const allowed[] = {
        [OPT_COUNT] = "a whole number such as 20",
        [OPT_BYTES] = "bytes such as 512, 64K, 1.5M, 2G",
        [OPT_ADDRESS] = "a hexadecimal address such as 0x00007f12abcd0010",
        [OPT_SHARE] = "a share such as 1% or 0.5%",
    };
    char buffer[256];
    const char *words[32], *nearest = NULL;
    strbuf line = {0};
    strbuf_format(&line, "--%s '", row->name);
    strbuf_add_safe(&line, seen);
    strbuf_add_z(&line, "': allowed: ");
    if (row->kind == OPT_CHOICE) {
        size_t count = split_choices(row->argument, buffer, sizeof buffer, words, 32);
        for (size_t i = 0; i < count; i++)
            strbuf_format(&line, "%s%s", i ? ", " : "", words[i]);
        nearest = opt_nearest(seen, words, count);
    } else {
        strbuf_add_z(&line, allowed[row->kind]);
    }
    if (nearest)
        strbuf_format(&line, "; did you mean %s?", nearest);
    end_error(error, &line, command->name);
    strbuf_fini(&line);
    return false;
}

static bool fail_text(const tool_command *command, char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_text(const tool_command *command, char *error, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    strbuf line = {0};
    strbuf_add_safe(&line, text);
    end_error(error, &line, command->name);
    strbuf_fini(&line);
    return false;
}

int opt_usage(const tool_opts *opts, const char *format, ...)
{
    char text[512], error[OPT_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_text(opts->command, error, "%s", text);
    fputs(error, stderr);
    return EXIT_USAGE;
}

static const char *name_of(const tool_opts *opts, opt_id id)
{
    const opt_row *row = opts->command->options;
    while (row->name && row->id != id)
        row++;
    return row->name ? row->name : "?";
}

int opt_word(const tool_opts *opts, opt_id id, const char *const *words, size_t count, int *out)
{
    const char *seen = opt_text(opts, id);
    strbuf allowed = {0};
    int code = EXIT_DONE;
    *out = -1;
    if (!opt_given(opts, id))
        return EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        strbuf_format(&allowed, "%s%s", i ? ", " : "", words[i]);
        if (strcmp(words[i], seen) == 0)
            *out = (int)i;
    }
    if (*out < 0) {
        const char *nearest = opt_nearest(seen, words, count);
        code = opt_usage(opts, "--%s '%.60s': allowed: %s%s%s", name_of(opts, id), seen,
                         strbuf_get(&allowed), nearest ? "; did you mean " : "",
                         nearest ? nearest : "");
    }
    strbuf_fini(&allowed);
    return code;
}

/* ---- parsing ---- */

static bool read_choice(const opt_row *row, const char *text, uint64_t *out)
{
    char buffer[256];
    const char *words[32];
    size_t count = split_choices(row->argument, buffer, sizeof buffer, words, 32);
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool read_value(const opt_row *row, const char *text, opt_value *out)
{
    out->text = text;
    switch (row->kind) {
    case OPT_FLAG:
    case OPT_TEXT:
        return true;
    case OPT_COUNT:
        return units_parse_count(text, &out->number);
    case OPT_BYTES:
        return units_parse_bytes(text, &out->number);
    case OPT_ADDRESS:
        return units_parse_address(text, &out->number);
    case OPT_SHARE:
        return units_parse_share(text, &out->number);
    case OPT_CHOICE:
        return read_choice(row, text, &out->number);
    }
    return false;
}

static const opt_row *find_row(const tool_command *command, const char *name, size_t len,
                               char letter)
{
    const opt_row *tables[] = {command->options, opt_shared_rows(command)};
    for (size_t t = 0; t < 2; t++)
        for (const opt_row *row = tables[t]; row->name; row++)
            if (letter ? row->letter == letter
                       : strlen(row->name) == len && memcmp(row->name, name, len) == 0)
                return row;
    return NULL;
}

static void set_defaults(const tool_command *command, tool_opts *out)
{
    const opt_row *tables[] = {command->options, opt_shared_rows(command)};
    *out = (tool_opts){.command = command};
    for (size_t t = 0; t < 2; t++)
        for (const opt_row *row = tables[t]; row->name; row++)
            if (row->fallback)
                (void)read_value(row, row->fallback, &out->value[row->id]);
}

/* One argument that begins with a dash; *next moves on when its value is an argument of its own. */
static bool parse_option(const tool_command *command, int argc, char *const argv[], int *next,
                         tool_opts *out, char *error)
{
    const char *word = argv[*next - 1], *value = NULL;
    const opt_row *row = NULL;
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        row = find_row(command, word + 2, len, 0);
        value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
    } else {
        row = find_row(command, NULL, 0, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!row)
        return fail_option(command, word, error);
    if (row->kind == OPT_FLAG && value)
        return fail_text(command, error, "--%s takes no value, seen '%s'", row->name, value);
    if (row->kind != OPT_FLAG && !value) {
        if (*next >= argc)
            return fail_text(command, error, "--%s needs a value: --%s %s", row->name, row->name,
                             row->argument);
        value = argv[(*next)++];
    }
    if (!read_value(row, value ? value : "", &out->value[row->id]))
        return fail_value(command, row, value, error);
    out->value[row->id].given = true;
    return true;
}

bool opt_parse(const tool_command *command, int argc, char *const argv[], int first, tool_opts *out,
               char error[OPT_ERROR_TEXT])
{
    bool only_operands = false;
    set_defaults(command, out);
    for (int next = first; next < argc;) {
        const char *word = argv[next++];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            if (!parse_option(command, argc, argv, &next, out, error))
                return false;
            if (opt_given(out, OPT_HELP))
                return true;
        } else if (out->noperands < command->most) {
            out->operands[out->noperands++] = word;
        } else {
            return fail_text(command, error,
                             "'%s' is one operand too many; expected: heapgraph %s%s%s", word,
                             command->name, command->operands[0] ? " " : "", command->operands);
        }
    }
    if (out->noperands < command->fewest)
        return fail_text(command, error, "%zu operand%s given, expected: heapgraph %s %s",
                         out->noperands, out->noperands == 1 ? "" : "s", command->name,
                         command->operands);
    return true;
}
