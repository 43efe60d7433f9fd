/* cli tests: run a command with its stdout and stderr on a terminal of its own; print what it
 * wrote. usage: on_terminal COLUMNS COMMAND [ARGUMENT...]; exits as the command did. */
#define _GNU_SOURCE
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int terminal = -1, status = 0;
    char buffer[4096];
    if (argc < 3)
        return 2;
    size.ws_col = (unsigned short)atoi(argv[1]);
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0) {
        perror("on_terminal");
        return 4;
    }
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    for (;;) {
        ssize_t len = read(terminal, buffer, sizeof buffer);
        if (len > 0)
            fwrite(buffer, 1, (size_t)len, stdout);
        else if (len == 0 || errno != EINTR)
            break; /* EIO: the other end is closed */
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
