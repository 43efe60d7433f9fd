/* truth: two opened Linux dumps written as one core: a process with two runtimes. */
#ifndef HGR_TESTS_TRUTH_JOIN_CORES_H
#define HGR_TESTS_TRUTH_JOIN_CORES_H

#include <stdbool.h>
#include <stdio.h>

#include "dump/dump.h"

/**
 * Write memory, mapped files and threads of both to file. Where they overlap, the first one's bytes
 * count. False: a write failed, or memory ran out. Thread ids are kept: of two equal ones the first
 * is the process's.
 */
bool join_cores(FILE *file, const hgr_dump *first, const hgr_dump *second);

#endif
