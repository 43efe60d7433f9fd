/* tools: commands.def as a table. */
#include "command.h"

#include <string.h>

#include "opt.h"

const tool_command commands[] = {
#define COMMAND(name, operands, fewest, most, summary, about, replaces, see_also)                  \
    {#name, operands, fewest, most, summary, about, replaces, see_also, opts_##name, cmd_##name},
#include "commands.def"
#undef COMMAND
};

const size_t commands_count = sizeof commands / sizeof commands[0];

const tool_command *command_find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
