/* tools: man pages in roff, NAME to SEE ALSO. tools/man/ holds the printed pages; a test compares.
 */
#include <stdio.h>
#include <string.h>
#include <heapgraph/version.h>

#include "help.h"
#include "strbuf.h"

/* Text as roff: backslashes, leading dots and quotes, and hyphens that must stay ASCII. */
static void put_roff(const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        line_start = *text == '\n';
    }
}

static void put_paragraph(const char *text)
{
    put_roff(text);
    putchar('\n');
}

static void put_options(const opt_row *rows)
{
    for (const opt_row *row = rows; row->name; row++) {
        strbuf head = {0}, body = {0};
        if (row->letter)
            strbuf_format(&head, "-%c, ", row->letter);
        strbuf_format(&head, "--%s", row->name);
        if (row->argument)
            strbuf_format(&head, " %s", row->argument);
        strbuf_add_z(&body, row->help);
        if (row->fallback)
            strbuf_format(&body, " (default: %s)", row->fallback);
        printf(".TP\n\\fB");
        put_roff(strbuf_get(&head));
        printf("\\fR\n");
        put_paragraph(strbuf_get(&body));
        strbuf_fini(&head);
        strbuf_fini(&body);
    }
}

static void put_exit_status(void)
{
    puts(".SH EXIT STATUS\n"
         ".TP\n0\nDone.\n"
         ".TP\n1\nDone, and the condition asked for holds: \\fBcheck\\fR found damage.\n"
         ".TP\n2\nThe command line makes no sense; nothing was read.\n"
         ".TP\n3\nThe dump is unreadable, unsupported, or (\\-\\-strict) incomplete.\n"
         ".TP\n4\nOut of memory, output failed, or a defect of heapgraph.");
}

static void put_program(void)
{
    puts(".SH NAME\nheapgraph \\- what holds the memory of a .NET process, from its dump\n"
         ".SH SYNOPSIS\n.B heapgraph\n\\fICOMMAND\\fR [\\fIoptions\\fR] \\fIDUMP\\fR\n"
         ".SH DESCRIPTION\n"
         "Opens the memory dump of a .NET process, rebuilds the object graph in parallel, and "
         "tells\n"
         "what holds the memory. Needs neither the runtime nor a debugger.\n"
         ".PP\n"
         "\\fIDUMP\\fR may be compressed (zstd, gzip, zip: told by content); it is unpacked once "
         "into\n"
         "\\fBTMPDIR\\fR. Of several dumps in a zip archive one is named like a path into it:\n"
         "crashes.zip/w3wp.dmp.\n"
         ".SH COMMANDS");
    for (size_t i = 0; i < commands_count; i++) {
        printf(".TP\n\\fB%s\\fR ", commands[i].name);
        put_paragraph(commands[i].operands);
        put_paragraph(commands[i].summary);
    }
    puts(".SH OPTIONS\nOf every command that opens a dump:");
    put_options(opt_common);
    puts(".SH ENVIRONMENT\n"
         ".TP\n\\fBNO_COLOR\\fR, \\fBTERM\\fR\nNo colour when the first is set, or the second is "
         "\\fIdumb\\fR.\n"
         ".TP\n\\fBTMPDIR\\fR\nWhere compressed dumps are unpacked.\n"
         ".TP\n\\fBCOLUMNS\\fR\nWidth of a terminal.");
    put_exit_status();
    printf(".SH SEE ALSO\n");
    for (size_t i = 0; i < commands_count; i++)
        printf(".BR heapgraph\\-%s (1)%s\n", commands[i].name, i + 1 < commands_count ? "," : "");
}

static void put_command(const tool_command *command)
{
    const char *example = help_example(command->name);
    printf(".SH NAME\nheapgraph\\-%s \\- ", command->name);
    put_paragraph(command->summary);
    printf(".SH SYNOPSIS\n.B heapgraph %s\n[\\fIoptions\\fR] ", command->name);
    put_paragraph(command->operands);
    puts(".SH DESCRIPTION");
    put_paragraph(command->about);
    if (*command->replaces) {
        printf(".PP\nAnswers what other tools answer with: ");
        put_roff(command->replaces);
        puts(".");
    }
    puts(".SH OPTIONS");
    put_options(command->options);
    if (opt_shared_rows(command) == opt_common)
        puts(".PP\nOptions of every command:");
    put_options(opt_shared_rows(command));
    if (example) {
        puts(".SH EXAMPLE\n.nf");
        put_roff(example);
        puts(".fi");
    }
    put_exit_status();
    puts(".SH SEE ALSO\n.BR heapgraph (1),");
    for (const char *at = command->see_also; *at;) {
        size_t len = strcspn(at, " ");
        printf(".BR heapgraph\\-%.*s (1)%s\n", (int)len, at, at[len] ? "," : "");
        at += len + (at[len] == ' ');
    }
}

void help_man(const tool_command *command)
{
    printf(".\\\" Printed by: heapgraph help --man%s%s\n", command ? " " : "",
           command ? command->name : "");
    printf(".TH HEAPGRAPH%s%s 1 \"\" \"heapgraph %s\"\n", command ? "\\-" : "",
           command ? command->name : "", HGR_VERSION);
    if (command)
        put_command(command);
    else
        put_program();
}
