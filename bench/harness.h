/* bench: what every bench needs: clocks, repeated runs with min / median / max, peak memory,
 * options, a checksum.
 *
 * A row says: name, threads, runs, wall min/median/max, CPU median, and what the bench adds. One
 * warm-up run comes first and is not counted. CPU seconds are those of the whole process, all
 * threads. */
#ifndef HGR_BENCH_HARNESS_H
#define HGR_BENCH_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BENCH_RUNS_MAX 100

typedef struct bench_times {
    double wall[BENCH_RUNS_MAX], cpu[BENCH_RUNS_MAX]; /* seconds; ascending after bench_sort */
    int count;
} bench_times;

static inline double bench_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline void bench_sort(bench_times *times)
{
    qsort(times->wall, (size_t)times->count, sizeof times->wall[0], bench_compare);
    qsort(times->cpu, (size_t)times->count, sizeof times->cpu[0], bench_compare);
}

static inline double bench_median(const double *sorted, int count)
{
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/** Run once uncounted, then `runs` times; the work returns false to give up. */
static inline bool bench_measure(bench_times *times, int runs, bool (*work)(void *user), void *user)
{
    *times = (bench_times){.count = 0};
    if (!work(user))
        return false;
    for (int i = 0; i < runs && i < BENCH_RUNS_MAX; i++) {
        double wall = bench_clock(CLOCK_MONOTONIC), cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
        if (!work(user))
            return false;
        times->wall[times->count] = bench_clock(CLOCK_MONOTONIC) - wall;
        times->cpu[times->count++] = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    bench_sort(times);
    return true;
}

/** Peak resident set of this process, MB. */
static inline double bench_peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static inline uint64_t bench_mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9fb21c651e98df25);
    return sum ^ (sum >> 32);
}

/** Value of "--name value", or fallback. */
static inline uint64_t bench_number(int argc, char **argv, const char *name, uint64_t fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 0);
    return fallback;
}

/** Value of "--name value", or NULL. */
static inline const char *bench_text(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static inline bool bench_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

/** One row as name,threads,runs,wall min,median,max,cpu min,median (seconds); the line is left
 * open. */
static inline void bench_csv(const char *name, unsigned threads, const bench_times *times)
{
    printf("%s,%u,%d,%.4f,%.4f,%.4f,%.4f,%.4f", name, threads, times->count, times->wall[0],
           bench_median(times->wall, times->count), times->wall[times->count - 1], times->cpu[0],
           bench_median(times->cpu, times->count));
}

static inline void bench_row(const char *name, unsigned threads, const bench_times *times)
{
    printf("%-24s %3u threads  %2d runs  wall %.4f / %.4f / %.4f s  cpu %.4f / %.4f s", name,
           threads, times->count, times->wall[0], bench_median(times->wall, times->count),
           times->wall[times->count - 1], times->cpu[0], bench_median(times->cpu, times->count));
}

#endif
