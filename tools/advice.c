/* tools: advice for each kind of failure, and its exit code. */
#include "advice.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"

#define STILL_WRITING_SECONDS 30

/* A dump that somebody is still writing looks truncated: its file has just been changed. */
static bool is_fresh(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
           time(NULL) - info.st_mtime < STILL_WRITING_SECONDS;
}

static const char *advise_io(const hgr_status *status)
{
    switch (status->os_error) {
    case ENOENT:
    case ENOTDIR:
        return "check the path";
    case EACCES:
    case EPERM:
        return "run as a user who may read it (dumps often belong to root)";
    case EISDIR:
        return "name the dump file itself";
    case ENOSPC:
        return "make room, or point TMPDIR to a larger disk";
    default:
        return "check the disk and try again";
    }
}

static const char *advise_dump(hgr_result result, const char *path)
{
    if (is_fresh(path))
        return "the file changed seconds ago: if it is still being written, wait and try again";
    if (result == HGR_TRUNCATED)
        return "compare its size with the original and copy it again";
    return "give a memory dump of a .NET process: an ELF core (createdump, gcore, the kernel) or a "
           "minidump";
}

static const char *advise_runtime(hgr_result result, const hgr_dump *dump, const char *path)
{
    if (hgr_dump_get_info(dump)->missing_bytes)
        return is_fresh(path) ? "if it is still being written, wait and try again"
                              : "copy it again";
    switch (result) {
    case HGR_NOT_FOUND:
        return "if the process was .NET, try --shape-search, or record again with `createdump "
               "--full` or `dotnet-dump collect`";
    case HGR_UNSUPPORTED:
        return "README.md, \"What opens\", lists the runtimes that are read";
    case HGR_TRUNCATED:
        return "name the directory of the runtime's files with --modules DIR, or record again with "
               "`createdump --full`";
    default:
        return "try --shape-search; if that fails too, please report the dump's origin";
    }
}

const char *advice_for(hgr_result result, const hgr_status *status, const hgr_dump *dump,
                       const char *path)
{
    switch (result) {
    case HGR_NO_MEMORY:
        return "raise --memory-limit, or use a machine with more memory";
    case HGR_TOO_LARGE:
        return "this is a limit of heapgraph: please report it";
    case HGR_IO:
        return advise_io(status);
    case HGR_BAD_ARGUMENT:
    case HGR_INTERNAL:
        return "this is a defect of heapgraph: please report it";
    default:
        return dump ? advise_runtime(result, dump, path) : advise_dump(result, path);
    }
}

int advice_exit_code(hgr_result result, bool opening)
{
    switch (result) {
    case HGR_OK:
        return EXIT_DONE;
    case HGR_IO:
        return opening ? EXIT_INPUT : EXIT_MACHINE;
    case HGR_NO_MEMORY:
    case HGR_BAD_ARGUMENT:
    case HGR_INTERNAL:
        return EXIT_MACHINE;
    case HGR_CANCELLED:
        return EXIT_CANCELLED;
    default:
        return EXIT_INPUT;
    }
}
