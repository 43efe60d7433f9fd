/* tools: the table of --time.
 *
 * The limit column is a model, not a measurement: the CPU nanoseconds per object and reference that
 * the best known kernels need once memory is warm (scan 11.7 per object + 4.5 per reference,
 * transpose 10.8 per reference, breadth-first walk 26, dominators 50 and retained bytes 8 per
 * object). "of limit" says how much of a phase's CPU time that model explains; CPU time, because a
 * busy machine stretches the other. */
#include "timing.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "units.h"

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void timing_init(tool_timing *timing)
{
    timing->count = 0;
    timing->start_ns = now_ns();
}

void timing_add(void *user, const hgr_phase *phase)
{
    tool_timing *self = user;
    if (self->count < TIMING_PHASES_MAX)
        self->phases[self->count++] = *phase;
}

/* CPU seconds the model gives a phase; 0 when it has none for it. */
static double model_seconds(const hgr_phase *phase)
{
    static const struct {
        const char *name;
        double object_ns, reference_ns;
    } rows[] = {
        {"scan", 11.7, 4.5},   {"transpose", 0, 10.8}, {"reach", 26, 0},
        {"dominators", 50, 0}, {"retained", 8, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, phase->name) != 0)
            continue;
        double ns = (double)phase->objects * rows[i].object_ns +
                    (double)phase->references * rows[i].reference_ns;
        return ns * 1e-9;
    }
    return 0;
}

static void print_phase(const hgr_phase *phase, double model)
{
    char bytes[UNITS_TEXT] = "", objects[UNITS_TEXT] = "", references[UNITS_TEXT] = "";
    char rate[UNITS_TEXT] = "", limit[UNITS_TEXT] = "";
    if (phase->bytes)
        units_count(bytes, phase->bytes);
    if (phase->objects)
        units_count(objects, phase->objects);
    if (phase->references)
        units_count(references, phase->references);
    if (phase->bytes && phase->seconds > 0)
        snprintf(rate, sizeof rate, "%.2f GB/s", (double)phase->bytes / phase->seconds * 1e-9);
    else if (phase->objects && phase->seconds > 0)
        snprintf(rate, sizeof rate, "%.1f M/s", (double)phase->objects / phase->seconds * 1e-6);
    if (model > 0 && phase->cpu_seconds > 0)
        snprintf(limit, sizeof limit, "%.0f %%", model / phase->cpu_seconds * 100);
    fprintf(stderr, "%-16s %9.4f %9.4f %15s %13s %13s %11s %9s\n", phase->name, phase->seconds,
            phase->cpu_seconds, bytes, objects, references, rate, limit);
}

static void print_rates(const hgr_run *run, const hgr_totals *totals, double seconds, double model,
                        double modelled)
{
    char count[UNITS_TEXT];
    double objects = (double)totals->objects;
    uint64_t peak = hgr_run_memory_peak_bytes(run);
    fprintf(stderr, "objects/s        %s", units_count(count, (uint64_t)(objects / seconds)));
    if (totals->references)
        fprintf(stderr, "\nreferences/s     %s",
                units_count(count, (uint64_t)((double)totals->references / seconds)));
    fprintf(stderr, "\npeak memory      %s bytes", units_count(count, peak));
    if (totals->objects)
        fprintf(stderr, ", %.1f bytes per object", (double)peak / objects);
    if (modelled > 0)
        fprintf(stderr,
                "\nroofline         %.0f %% (model %.4f of %.4f CPU s in the phases it covers)",
                model / modelled * 100, model, modelled);
    fputc('\n', stderr);
}

void timing_print(const tool_timing *timing, const hgr_run *run, const hgr_totals *totals)
{
    double model = 0, modelled = 0;
    double seconds = (double)(now_ns() - timing->start_ns) * 1e-9;
    fprintf(stderr, "%-16s %9s %9s %15s %13s %13s %11s %9s\n", "phase", "seconds", "CPU s", "bytes",
            "objects", "references", "rate", "of limit");
    for (size_t i = 0; i < timing->count; i++) {
        double limit = model_seconds(&timing->phases[i]);
        print_phase(&timing->phases[i], limit);
        model += limit;
        modelled += limit > 0 ? timing->phases[i].cpu_seconds : 0;
    }
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    fprintf(stderr, "%-16s %9.4f %9.4f   %u threads\n", "total", seconds, cpu,
            (unsigned)hgr_run_threads(run));
    if (totals && totals->objects && seconds > 0)
        print_rates(run, totals, seconds, model, modelled);
}
