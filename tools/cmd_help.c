/* tools: `help`: the commands, one command, set expressions, common options; completion and man
 * pages. */
#include <stdio.h>
#include <string.h>

#include "help.h"

const opt_row opts_help[] = {
    {OPT_COMPLETION, "completion", 0, OPT_FLAG, NULL, NULL, "print a bash completion script"},
    {OPT_MAN, "man", 0, OPT_FLAG, NULL, NULL, "print the man page of heapgraph or of COMMAND"},
    OPT_ROW_END};

int cmd_help(const tool_opts *opts)
{
    const char *topic = opts->noperands ? opts->operands[0] : NULL;
    const tool_command *command = topic ? command_find(topic) : NULL;
    bool man = opt_given(opts, OPT_MAN);
    if (opt_given(opts, OPT_COMPLETION))
        help_completion();
    else if (man && (command || !topic))
        help_man(command);
    else if (command)
        help_command(command);
    else if (!topic)
        help_overview();
    else if (!man && strcmp(topic, "sets") == 0)
        help_sets();
    else if (!man && strcmp(topic, "options") == 0)
        help_options();
    else
        return opt_usage(opts, "no help about '%.100s'; allowed: a command, sets, options", topic);
    return EXIT_DONE;
}
