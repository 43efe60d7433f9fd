/* tools: terminal width, colour, progress line, closing stdout. */
#include "term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "units.h"

static bool wants_color(const tool_opts *opts, bool terminal)
{
    enum { AUTO, ALWAYS, NEVER };
    uint64_t when = opt_number(opts, OPT_COLOR);
    if (when != AUTO)
        return when == ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
    return terminal && !(no_color && *no_color) && !(name && strcmp(name, "dumb") == 0);
}

static size_t find_width(void)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    uint64_t count = 0;
    if (columns && units_parse_count(columns, &count) && count >= 20 && count < 10000)
        return (size_t)count;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

tool_term term_of(const tool_opts *opts)
{
    bool terminal = isatty(STDOUT_FILENO);
    return (tool_term){terminal, wants_color(opts, terminal), terminal ? find_width() : SIZE_MAX};
}

const char *term_bold(const tool_term *term)
{
    return term->color ? "\033[1m" : "";
}

const char *term_dim(const tool_term *term)
{
    return term->color ? "\033[2m" : "";
}

const char *term_plain(const tool_term *term)
{
    return term->color ? "\033[0m" : "";
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void progress_init(tool_progress *progress, const tool_opts *opts)
{
    const char *name = getenv("TERM");
    bool dumb = name && strcmp(name, "dumb") == 0;
    progress->on = isatty(STDERR_FILENO) && !opt_given(opts, OPT_QUIET) && !dumb;
    progress->shown = false;
    progress->stage[0] = '\0';
}

/* Stage, share, rate: "scan  43 %  812.0 million/s"; the unit is what the stage counts. */
void progress_show(void *user, const char *stage, uint64_t done, uint64_t total)
{
    tool_progress *self = user;
    if (!self->on)
        return;
    if (strncmp(self->stage, stage, sizeof self->stage - 1) != 0) {
        snprintf(self->stage, sizeof self->stage, "%s", stage);
        self->start_ns = now_ns();
    }
    double seconds = (double)(now_ns() - self->start_ns) * 1e-9;
    fprintf(stderr, "\r\033[K%s", self->stage);
    if (total)
        fprintf(stderr, "  %3u %%", (unsigned)units_percent(done, total));
    if (seconds > 0.2)
        fprintf(stderr, "  %.1f million/s", (double)done / seconds * 1e-6);
    fflush(stderr);
    self->shown = true;
}

void progress_erase(tool_progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}

int term_close_stdout(int code)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0)
        failed = true;
    else if (fclose(stdout) != 0)
        failed = errno != EBADF || failed; /* nothing was to be written, and nowhere to */
    if (!failed)
        return code;
    fprintf(stderr, "heapgraph: stdout: %s; the answer is incomplete\n",
            errno ? strerror(errno) : "write failed");
    return EXIT_MACHINE;
}
