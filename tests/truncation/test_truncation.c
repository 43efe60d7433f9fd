/* Every recorded dump, cut at random lengths, given to the program: it ends with 0 or 3, no other
 * way, and what it prints names the loss.
 *
 * usage: test_truncation HEAPGRAPH FIXTURES CUTS PACKED_CUTS [SEED]
 *   CUTS times the dump itself is cut, PACKED_CUTS times the compressed file as it lies there.
 *
 * A dump lies in a file without a name that only gets shorter: lengths are sorted from the longest
 * to the shortest, so that a cut costs no copy. Exit 0 when all went well; each failure is one line
 * with the fixture, the length and the command, enough to do it again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

extern char **environ;

enum { FIXTURES_MOST = 256, PATH_BYTES = 512, OUTPUT_BYTES = 1 << 16, CUTS_MOST = 10000 };

static char paths[FIXTURES_MOST][PATH_BYTES];
static size_t npaths;

static int note_dump(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)where;
    size_t len = strlen(path);
    bool dump = len > 8 && (strcmp(path + len - 8, ".dmp.zst") == 0 ||
                            (len > 9 && strcmp(path + len - 9, ".core.zst") == 0));
    if (kind == FTW_F && dump && npaths < FIXTURES_MOST && len < PATH_BYTES)
        memcpy(paths[npaths++], path, len + 1);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int longest_first(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x == *y ? 0 : *x < *y ? 1 : -1;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- the file without a name ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t done = write(fd, bytes, len);
        if (done <= 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

/* The file's bytes, or what they unpack to, as a file that only this process knows; -1 on failure.
 */
static int load(const char *path, bool unpack)
{
    int from = open(path, O_RDONLY), fd = memfd_create("cut", 0);
    struct stat about;
    uint8_t *out = NULL;
    bool good = false;
    const uint8_t *bytes = MAP_FAILED;
    if (from < 0 || fd < 0 || fstat(from, &about) != 0 || about.st_size == 0)
        goto done;
    size_t len = (size_t)about.st_size;
    bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, from, 0);
    if (bytes == MAP_FAILED)
        goto done;
    if (unpack) {
        unsigned long long size = ZSTD_getFrameContentSize(bytes, len);
        ZSTD_DCtx *context = ZSTD_createDCtx();
        out = size < SIZE_MAX / 2 ? malloc(size) : NULL;
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31);
        good = out && ZSTD_decompressDCtx(context, out, size, bytes, len) == size &&
               write_all(fd, out, size);
        ZSTD_freeDCtx(context);
    } else {
        good = write_all(fd, bytes, len);
    }
    munmap((void *)(uintptr_t)bytes, len);
done:
    free(out);
    if (from >= 0)
        close(from);
    if (!good && fd >= 0)
        close(fd);
    return good ? fd : -1;
}

/* ---- one run of the program ---- */

struct run {
    int status; /* as waitpid gives it */
    char output[OUTPUT_BYTES];
};

static bool run_program(const char *program, const char *command, const char *dump, struct run *out)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)command,
                          (char *)(uintptr_t)dump, NULL};
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    bool started = posix_spawn(&child, program, &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; started;) {
        char rest[4096]; /* what has no room is read all the same, or the program would wait */
        bool room = len < OUTPUT_BYTES - 1;
        got = read(ends[0], room ? out->output + len : rest,
                   room ? OUTPUT_BYTES - 1 - len : sizeof rest);
        if (got <= 0)
            break;
        len += room ? (size_t)got : 0;
    }
    close(ends[0]);
    out->output[len] = 0;
    return started && waitpid(child, &out->status, 0) == child;
}

/* "missing": counted bytes; the others: so short that nothing can be counted. */
static bool names_loss(const char *output)
{
    static const char *const words[] = {
        "missing",          "ends too early",           "holds no data",   "cut off", "file has",
        "the file ends at", "bytes, expected a memory", "header alone has"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(output, words[i]))
            return true;
    return false;
}

struct tally {
    size_t runs, answered, refused, failed;
};

static void check_cut(const char *program, const char *path, int fd, uint64_t len,
                      const char *command, struct tally *tally)
{
    static struct run run;
    char dump[64];
    snprintf(dump, sizeof dump, "/proc/%d/fd/%d", (int)getpid(), fd);
    tally->runs++;
    if (ftruncate(fd, (off_t)len) != 0 || !run_program(program, command, dump, &run)) {
        fprintf(stderr, "%s: cannot run: %s\n", path, strerror(errno));
        tally->failed++;
        return;
    }
    int code = WIFEXITED(run.status) ? WEXITSTATUS(run.status) : 128 + WTERMSIG(run.status);
    tally->answered += code == 0;
    tally->refused += code == 3;
    if ((code == 0 || code == 3) && names_loss(run.output))
        return;
    tally->failed++;
    fprintf(stderr, "head -c %llu %s; heapgraph %s: exit %d\n%.600s\n", (unsigned long long)len,
            path, command, code, run.output);
}

static void check_fixture(const char *program, const char *path, bool unpack, size_t cuts,
                          uint64_t *random, struct tally *tally)
{
    static const char *const commands[] = {"info", "types", "roots", "segments"};
    static uint64_t lengths[CUTS_MOST];
    int fd = cuts ? load(path, unpack) : -1;
    off_t len = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (cuts && len < 2) {
        fprintf(stderr, "%s: cannot be read\n", path);
        tally->failed++;
    }
    for (size_t i = 0; len >= 2 && i < cuts; i++)
        lengths[i] = 1 + next_random(random) % ((uint64_t)len - 1);
    qsort(lengths, cuts, sizeof lengths[0], longest_first);
    for (size_t i = 0; len >= 2 && i < cuts; i++)
        check_cut(program, path, fd, lengths[i], commands[(i + (size_t)len) % 4], tally);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    if (argc < 5 || strtoul(argv[3], NULL, 10) > CUTS_MOST ||
        strtoul(argv[4], NULL, 10) > CUTS_MOST) {
        fputs("usage: test_truncation HEAPGRAPH FIXTURES CUTS PACKED_CUTS [SEED]\n", stderr);
        return 2;
    }
    uint64_t random = argc > 5 ? strtoull(argv[5], NULL, 10) | 1 : UINT64_C(88172645463325252);
    struct tally tally = {0};
    nftw(argv[2], note_dump, 16, FTW_PHYS);
    qsort(paths, npaths, sizeof paths[0], by_text);
    for (size_t i = 0; i < npaths; i++) {
        check_fixture(argv[1], paths[i], true, strtoul(argv[3], NULL, 10), &random, &tally);
        check_fixture(argv[1], paths[i], false, strtoul(argv[4], NULL, 10), &random, &tally);
    }
    printf("%zu fixtures, %zu cuts: %zu answered (exit 0), %zu refused (exit 3), %zu failed\n",
           npaths, tally.runs, tally.answered, tally.refused, tally.failed);
    return npaths == 0 || tally.runs == 0 || tally.failed ? 1 : 0;
}
