/* What the tests of the dump stage share: a run, temporary files, small opens. */
#ifndef DUMP_TESTING_H
#define DUMP_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/run.h"
#include "dump/dump.h"
#include "synth/core_writer.h"

#define PAGE 4096u

static inline hgr_run *make_run(void)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
    return run;
}

/** The run must have given everything back. */
static inline void end_run(hgr_run *run)
{
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

/** A directory of our own: its path, to be passed to remove_directory. */
static inline char *make_directory(void)
{
    char *path = strdup("/tmp/heapgraph-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

/** How many names a directory has. */
static inline size_t count_names(const char *directory)
{
    DIR *open = opendir(directory);
    assert_non_null(open);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(open);
    return count;
}

static inline void remove_directory(char *directory)
{
    DIR *open = opendir(directory);
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    closedir(open);
    assert_int_equal(rmdir(directory), 0);
    free(directory);
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/** Content that differs at every address: so that a byte from the wrong place shows. */
static inline uint8_t byte_at(uint64_t addr)
{
    uint64_t mixed = (addr + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)(mixed >> 56 | 1); /* never zero: absent must not look like zero */
}

static inline void fill_content(void *user, uint64_t off, uint8_t *buffer, size_t len)
{
    uint64_t addr = *(const uint64_t *)user + off;
    for (size_t i = 0; i < len; i++)
        buffer[i] = byte_at(addr + i);
}

/** Open bytes that must open. */
static inline hgr_dump *open_bytes(const uint8_t *bytes, size_t len,
                                   const hgr_dump_options *options, const hgr_run *run)
{
    hgr_dump *dump = NULL;
    hgr_status status = {0};
    if (hgr_dump_open_bytes(bytes, len, options, run, &dump, &status) != HGR_OK)
        fail_msg("%s", status.text);
    return dump;
}

/** Does any warning of the dump contain text? */
static inline bool has_warning(const hgr_dump *dump, const char *text)
{
    for (size_t i = 0; hgr_dump_warning(dump, i); i++)
        if (strstr(hgr_dump_warning(dump, i), text))
            return true;
    return false;
}

#endif
