/* tools: a command, as commands.def describes it, and the exit codes they all share. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stddef.h>

struct opt_row;
struct tool_opts;

/** The same for all commands. */
enum {
    EXIT_DONE = 0,        /* the answer is on stdout */
    EXIT_HOLDS = 1,       /* done, and the condition asked for holds: `check` found damage */
    EXIT_USAGE = 2,       /* the command line makes no sense; nothing was read */
    EXIT_INPUT = 3,       /* the dump is unreadable, unsupported, or (--strict) incomplete */
    EXIT_MACHINE = 4,     /* out of memory, output failed, or a defect of heapgraph */
    EXIT_CANCELLED = 130, /* Ctrl-C; main raises the signal again, as shells expect */
};

typedef struct tool_command {
    const char *name;
    const char *operands;
    size_t fewest, most; /* operands */
    const char *summary, *about, *replaces, *see_also;
    const struct opt_row *options;            /* the command's own, ended by a row without name */
    int (*run)(const struct tool_opts *opts); /* returns an exit code */
} tool_command;

extern const tool_command commands[];
extern const size_t commands_count;

/** NULL when there is none of that name. */
const tool_command *command_find(const char *name);

#endif
