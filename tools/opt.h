/* tools: the option tables and their parser. Help, man pages and completion read the same tables.
 */
#ifndef TOOLS_OPT_H
#define TOOLS_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "command.h"

typedef enum opt_id {
    OPT_HELP,
    OPT_JSON,
    OPT_HUMAN,
    OPT_THREADS,
    OPT_TIME,
    OPT_QUIET,
    OPT_STRICT,
    OPT_COLOR,
    OPT_MODULES,
    OPT_MEMORY_LIMIT,
    OPT_SHAPE_SEARCH,
    OPT_RUNTIME,
    OPT_TOP,
    OPT_ALL,
    OPT_SET,
    OPT_SORT,
    OPT_BY,
    OPT_RETAINED,
    OPT_ADDRESSES,
    OPT_TOTALS,
    OPT_DEPTH,
    OPT_MIN,
    OPT_NODE,
    OPT_KIND,
    OPT_TO,
    OPT_IN,
    OPT_OUTPUT,
    OPT_FAIL_OVER,
    OPT_NO_OBJECTS,
    OPT_STACKS,
    OPT_EACH,
    OPT_HEAP,
    OPT_THREAD,
    OPT_OBJECTS,
    OPT_NATIVE,
    OPT_PINNED,
    OPT_ITEMS,
    OPT_MODULE_ROWS,
    OPT_STATICS,
    OPT_RAW,
    OPT_SKIP,
    OPT_MATCH,
    OPT_NULLS,
    OPT_WHERE,
    OPT_FIELDS,
    OPT_COUNT_BY,
    OPT_MIN_LENGTH,
    OPT_OWNERS,
    OPT_COMPLETION,
    OPT_MAN,
    OPT_IDS
} opt_id;

typedef enum opt_kind {
    OPT_FLAG,    /* no value */
    OPT_TEXT,    /* any text */
    OPT_COUNT,   /* units_parse_count */
    OPT_BYTES,   /* units_parse_bytes */
    OPT_ADDRESS, /* units_parse_address */
    OPT_SHARE,   /* units_parse_share: parts per million */
    OPT_CHOICE   /* one of argument's words, separated by '|'; number = its index */
} opt_kind;

typedef struct opt_row {
    opt_id id;
    const char *name; /* without dashes; NULL ends a table */
    char letter;      /* short form, or 0 */
    opt_kind kind;
    const char *argument; /* placeholder, or the choices; NULL for flags */
    const char *fallback; /* default as the user would write it, or NULL */
    const char *help;     /* short: the whole help fits a screen */
} opt_row;

typedef struct opt_value {
    bool given;       /* on the command line */
    const char *text; /* as given, or the default, or NULL */
    uint64_t number;  /* count, bytes, address, share, index of the choice */
} opt_value;

#define OPT_OPERANDS_MAX 16

/** A parsed command line. Texts borrow from argv and the tables. */
typedef struct tool_opts {
    const tool_command *command;
    opt_value value[OPT_IDS];
    const char *operands[OPT_OPERANDS_MAX];
    size_t noperands;
} tool_opts;

#define OPT_ERROR_TEXT 1024

/** The options of every command that opens a dump; ended by a row without name. */
extern const opt_row opt_common[];
/** "--help" alone, for help and version. */
extern const opt_row opt_help_only[];

/**
 * Parse argv[first .. argc) for a command. On a usage error false, with two lines (terminated by
 * newlines) in error: the option, the value seen, what is allowed, the nearest spelling.
 * --help ends the parsing with OPT_HELP given.
 */
bool opt_parse(const tool_command *command, int argc, char *const argv[], int first, tool_opts *out,
               char error[OPT_ERROR_TEXT]);
/** Two lines of usage error about one option, for checks a command makes itself. Returns
 * EXIT_USAGE. */
int opt_usage(const tool_opts *opts, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * An option whose value is one of some words.
 *
 * Values   *out: its index, -1 when the option is not given. EXIT_DONE, or two lines of usage error.
 */
int opt_word(const tool_opts *opts, opt_id id, const char *const *words, size_t count, int *out);

/** The rows common to all, or only --help, that go with this command. */
const opt_row *opt_shared_rows(const tool_command *command);
/** Closest of `count` words within a few edits, or NULL. */
const char *opt_nearest(const char *seen, const char *const *words, size_t count);

static inline bool opt_given(const tool_opts *o, opt_id id)
{
    return o->value[id].given;
}
static inline uint64_t opt_number(const tool_opts *o, opt_id id)
{
    return o->value[id].number;
}
static inline const char *opt_text(const tool_opts *o, opt_id id)
{
    return o->value[id].text;
}

/* Rows that several commands share. */
#define OPT_ROW_TOP                                                                                \
    {                                                                                              \
        OPT_TOP, "top", 'n', OPT_COUNT, "N", "20", "rows to print"                                 \
    }
#define OPT_ROW_ALL                                                                                \
    {                                                                                              \
        OPT_ALL, "all", 'a', OPT_FLAG, NULL, NULL, "print every row"                               \
    }
#define OPT_ROW_SET(help)                                                                          \
    {                                                                                              \
        OPT_SET, "set", 0, OPT_TEXT, "EXPR", NULL, help                                            \
    }
#define OPT_ROW_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* What each cmd_<name>.c holds. */
#define COMMAND(name, ...)                                                                         \
    extern const opt_row opts_##name[];                                                            \
    int cmd_##name(const tool_opts *opts);
#include "commands.def"
#undef COMMAND

#endif
