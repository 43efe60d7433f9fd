/* tools: help, man pages and completion, all made from commands.def and the option tables. */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include "opt.h"

/** `heapgraph help` */
void help_overview(void);
/** `heapgraph COMMAND --help` */
void help_command(const tool_command *command);
/** `heapgraph help sets`, `heapgraph help options` */
void help_sets(void);
void help_options(void);
/** A bash completion script. */
void help_completion(void);
/** A man page in roff; NULL: of the program itself. */
void help_man(const tool_command *command);

/** The recorded example of a command, "$ heapgraph ..." and its output; NULL when there is none. */
const char *help_example(const char *command_name);

#endif
