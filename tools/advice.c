/* tools: advice for each kind of failure, and its exit code. */
#include "advice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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
    if (strstr(status->text, "temporary file") && status->os_error != ENOSPC)
        return "point TMPDIR to a folder that can be written";
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

/* The command that takes a dump with all that is needed, ready to be pasted. */
void advice_record_again(const hgr_dump_info *info, strbuf *out)
{
    bool windows = strcmp(info->os, "windows") == 0;
    char process[16] = "PID";
    if (info->process_id)
        snprintf(process, sizeof process, "%u", info->process_id);
    if (windows)
        strbuf_format(out, "record again with `procdump -ma %s` or `dotnet-dump collect -p %s`",
                      process, process);
    else
        strbuf_format(out,
                      "record again with `createdump --withheap %s` (it lies beside libcoreclr.so) "
                      "or `dotnet-dump collect -p %s`",
                      process, process);
}

/* What the dump lacks decides what helps: files of the process, or only another dump. */
static void advise_lack(const hgr_dump_info *info, const hgr_status *status, strbuf *out)
{
    if (info->content == HGR_CONTENT_STACKS)
        strbuf_add_z(out, "a minidump of stacks and modules only (MiniDumpNormal) holds no heap: ");
    else if (!strstr(status->text, "no heap memory"))
        strbuf_add_z(out, "name the directory of the process's files with --modules DIR, or ");
    advice_record_again(info, out);
}

static void advise_runtime(hgr_result result, const hgr_status *status, const hgr_dump *dump,
                           const char *path, strbuf *out)
{
    const hgr_dump_info *info = hgr_dump_get_info(dump);
    if (info->missing_bytes || info->packing_damaged) {
        strbuf_add_z(out, is_fresh(path) ? "if it is still being written, wait and try again"
                                         : "copy it again");
        return;
    }
    switch (result) {
    case HGR_NOT_FOUND:
        if (strstr(status->text, " asked for")) {
            strbuf_add_z(out, "`heapgraph info` lists them");
            break;
        }
        strbuf_add_z(out, "if the process was .NET, try --shape-search, or ");
        advice_record_again(info, out);
        break;
    case HGR_UNSUPPORTED:
        strbuf_add_z(out, "README.md, \"What opens\", lists the runtimes that are read");
        break;
    case HGR_TRUNCATED:
        advise_lack(info, status, out);
        break;
    default:
        strbuf_add_z(out, "try --shape-search; if that fails too, please report the dump's origin");
    }
}

void advice_add(hgr_result result, const hgr_status *status, const hgr_dump *dump, const char *path,
                strbuf *out)
{
    switch (result) {
    case HGR_NO_MEMORY:
        strbuf_add_z(out, "raise --memory-limit, or use a machine with more memory");
        break;
    case HGR_TOO_LARGE:
        strbuf_add_z(out, "this is a limit of heapgraph: please report it");
        break;
    case HGR_IO:
        strbuf_add_z(out, advise_io(status));
        break;
    case HGR_BAD_ARGUMENT:
    case HGR_INTERNAL:
        strbuf_add_z(out, "this is a defect of heapgraph: please report it");
        break;
    default:
        if (dump)
            advise_runtime(result, status, dump, path, out);
        else
            strbuf_add_z(out, advise_dump(result, path));
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
