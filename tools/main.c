/* tools: heapgraph: find the command, parse its options, run it, close stdout. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "strbuf.h"
#include "term.h"

static int fail_command(const char *seen)
{
    const char *names[64], *nearest = NULL;
    size_t count = 0;
    strbuf line = {0};
    strbuf_add_z(&line, "unknown command '");
    strbuf_add_safe(&line, seen);
    for (; count < commands_count && count < 64; count++)
        names[count] = commands[count].name;
    nearest = opt_nearest(seen, names, count);
    if (nearest)
        strbuf_format(&line, "', did you mean %s? Allowed:", nearest);
    else if (access(seen, F_OK) == 0)
        strbuf_add_z(&line, "'; it is a file, so begin with: heapgraph info DUMP. Allowed:");
    else
        strbuf_add_z(&line, "'; allowed:");
    for (size_t i = 0; i < count; i++)
        strbuf_format(&line, " %s", names[i]);
    fprintf(stderr, "heapgraph: %s\nSee: heapgraph help\n", strbuf_get(&line));
    strbuf_fini(&line);
    return EXIT_USAGE;
}

static int run_command(const tool_command *command, int argc, char *const argv[], int first)
{
    char error[OPT_ERROR_TEXT];
    tool_opts opts;
    if (!opt_parse(command, argc, argv, first, &opts, error)) {
        fputs(error, stderr);
        return EXIT_USAGE;
    }
    if (opt_given(&opts, OPT_HELP)) {
        help_command(command);
        return EXIT_DONE;
    }
    return command->run(&opts);
}

static int dispatch(int argc, char *const argv[])
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        fputs("heapgraph: no command given; expected: heapgraph COMMAND [options] DUMP\n"
              "See: heapgraph help\n",
              stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const tool_command *command = command_find(name);
    return command ? run_command(command, argc, argv, 2) : fail_command(name);
}

/* A standard stream that is closed would give its number to the next file opened, and our answer
 * would be written into that. /dev/null the wrong way round keeps the number and still fails on
 * use. */
static void keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    signal(SIGPIPE, SIG_DFL); /* a closed pipe ends us quietly, whatever the parent ignores */
    int code = term_close_stdout(dispatch(argc, argv));
    if (code == EXIT_CANCELLED) { /* die of the signal, so that the shell stops its script too */
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    return code;
}
