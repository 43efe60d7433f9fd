/* tools: help on a terminal. Every command's help fits 80 columns and one screen. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "strbuf.h"

#define HELP_WIDTH 80

/* Words of text, broken at HELP_WIDTH, later lines indented; begins at column `at`. */
static void print_wrapped(const char *text, size_t at, size_t indent)
{
    while (*text) {
        size_t len = strcspn(text, " ");
        if (at > indent && at + 1 + len > HELP_WIDTH) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)len, text);
        at += len;
        text += len + (text[len] == ' ');
    }
    putchar('\n');
}

static void print_option(const opt_row *row)
{
    strbuf left = {0}, right = {0};
    if (row->letter)
        strbuf_format(&left, "  -%c, --%s", row->letter, row->name);
    else
        strbuf_format(&left, "      --%s", row->name);
    bool choices_fit = row->argument && strlen(row->argument) <= 17;
    if (row->argument)
        strbuf_format(&left, " %s",
                      choices_fit || row->kind != OPT_CHOICE ? row->argument : "WHICH");
    strbuf_add_z(&right, row->help);
    if (row->argument && row->kind == OPT_CHOICE && !choices_fit)
        strbuf_format(&right, ": %s", row->argument);
    if (row->fallback)
        strbuf_format(&right, " (%s)", row->fallback);
    printf("%-28s", strbuf_get(&left));
    if (left.len > 27)
        printf("\n%28s", "");
    print_wrapped(strbuf_get(&right), 28, 28);
    strbuf_fini(&left);
    strbuf_fini(&right);
}

static void print_see_also(const tool_command *command)
{
    printf("See also: ");
    for (const char *at = command->see_also; *at;) {
        size_t len = strcspn(at, " ");
        printf("%sheapgraph %.*s", at == command->see_also ? "" : ", ", (int)len, at);
        at += len + (at[len] == ' ');
    }
    putchar('\n');
}

void help_command(const tool_command *command)
{
    const char *example = help_example(command->name);
    bool dump = opt_shared_rows(command) == opt_common;
    printf("usage: heapgraph %s [options]%s%s\n", command->name, *command->operands ? " " : "",
           command->operands);
    print_wrapped(command->about, 0, 0);
    putchar('\n');
    for (const opt_row *row = command->options; row->name; row++)
        print_option(row);
    if (dump) {
        strbuf names = {0};
        strbuf_add_z(&names, "all commands:");
        for (const opt_row *row = opt_common; row->name; row++)
            strbuf_format(&names, " --%s", row->name);
        strbuf_add_z(&names, " (heapgraph help options)");
        printf("  ");
        print_wrapped(strbuf_get(&names), 2, 2);
        strbuf_fini(&names);
    } else {
        print_option(opt_help_only);
    }
    if (example)
        printf("\n%s", example);
    putchar('\n');
    print_see_also(command);
}

void help_overview(void)
{
    puts("usage: heapgraph COMMAND [options] DUMP\n"
         "Opens the memory dump of a .NET process, rebuilds the object graph, and tells what\n"
         "holds the memory.\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("  %-11s", commands[i].name);
        print_wrapped(commands[i].summary, 13, 13);
    }
    puts("\nBegin with `heapgraph info DUMP`, then `heapgraph types DUMP --retained`.\n"
         "`heapgraph COMMAND --help` explains a command. Exit status: 0 done; 1 done, and what\n"
         "was asked for holds (check: damage); 2 usage; 3 dump unreadable, unsupported or\n"
         "(--strict) incomplete; 4 out of memory, output failed, or a defect of heapgraph.");
}

void help_options(void)
{
    puts("Options of every command that opens a dump:\n");
    for (const opt_row *row = opt_common; row->name; row++)
        print_option(row);
    puts("\nDUMP may be packed (zstd, gzip, zip; told by content): it is unpacked to TMPDIR.\n"
         "Of several dumps in an archive one is named like a path: crashes.zip/w3wp.dmp\n"
         "\nThe answer goes to stdout, everything else to stderr. Numbers are exact unless\n"
         "--human. The answer is the same for every number of threads.");
}

void help_sets(void)
{
    puts("A set expression (--set, --to) names objects:\n"
         "\n"
         "  all                     every object, reachable or not\n"
         "  reachable, unreachable  by references from a root; weak handles do not count\n"
         "  gen0 gen1 gen2 loh poh frozen    where the object lives\n"
         "  pinned                  objects that a pinned or async-pinned handle names\n"
         "  type=GLOB               whole type name, case counts; * any text, ? one character\n"
         "  min=BYTES               objects of at least that many bytes; 64K, 1.5M, 2G\n"
         "  0xADDRESS               the object that starts there\n"
         "  held-by=X               what would be freed if all of X went, X included\n"
         "  holds=X                 objects with a reference to an object of X\n"
         "  free                    free blocks; only `list --set free`, they are no objects\n"
         "  new gone survived grown unknown  of two dumps of one process; only `diff --set`\n"
         "\n"
         "joined by not, and, or (binding in this order) and parentheses. X is an address, one\n"
         "of the words above, or an expression in parentheses. Spaces inside < > or [ ] belong\n"
         "to a type name; quote names that have others: type=\"A B\".\n"
         "\n"
         "  --set 'gen2 and type=Shop.*'\n"
         "  --set 'held-by=0x7f12abcd0010 and not type=System.String'\n"
         "  --set 'holds=(type=Shop.Order and unreachable) or min=85K'");
}

void help_completion(void)
{
    puts("# bash completion for heapgraph: source it, or put it into\n"
         "# /usr/share/bash-completion/completions/heapgraph\n"
         "_heapgraph()\n"
         "{\n"
         "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" "
         "words=\n"
         "    COMPREPLY=()\n"
         "    if [ \"$COMP_CWORD\" = 1 ]; then");
    printf("        words='");
    for (size_t i = 0; i < commands_count; i++)
        printf("%s%s", i ? " " : "", commands[i].name);
    puts("'\n"
         "    elif [ \"${word#-}\" != \"$word\" ]; then\n"
         "        case \"${COMP_WORDS[1]}\" in");
    for (size_t i = 0; i < commands_count; i++) {
        printf("        %s) words='", commands[i].name);
        for (const opt_row *row = commands[i].options; row->name; row++)
            printf("--%s ", row->name);
        for (const opt_row *row = opt_shared_rows(&commands[i]); row->name; row++)
            printf("%s--%s", row == opt_shared_rows(&commands[i]) ? "" : " ", row->name);
        puts("' ;;");
    }
    puts("        esac\n"
         "    else\n"
         "        case \"${COMP_WORDS[1]} $before\" in");
    for (size_t i = 0; i < commands_count; i++)
        for (const opt_row *row = commands[i].options; row->name; row++)
            if (row->kind == OPT_CHOICE) {
                printf("        '%s --%s') words='", commands[i].name, row->name);
                for (const char *at = row->argument; *at; at++)
                    putchar(*at == '|' ? ' ' : *at);
                puts("' ;;");
            }
    puts("        *' --color') words='auto always never' ;;\n"
         "        esac\n"
         "    fi\n"
         "    [ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _heapgraph heapgraph");
}
