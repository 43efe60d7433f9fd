/* tools: `slim`: run every reader with page tracing on, then write the pages they touched, the GC
 * heap and the stacks. */
#include <heapgraph/slim.h>

#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "slim_objects.h"
#include "units.h"

const opt_row opts_slim[] = {
    {OPT_OUTPUT, "output", 'o', OPT_TEXT, "FILE", NULL, "write the smaller dump here (needed)"},
    {OPT_STACKS, "stacks", 0, OPT_FLAG, NULL, NULL,
     "also keep code and the modules that stacks point into, for debuggers that unwind them"},
    OPT_ROW_END};

/* The trace has the stacks that the runtime's threads use, whole; of the others the youngest frames
 * do. */
#define STACK_BYTES (UINT64_C(64) << 10)
#define SMALL_BYTES (UINT64_C(1) << 20)
#define PAGE_BYTES  UINT64_C(4096)
#define RED_ZONE    128 /* below the stack pointer, in use by leaf functions */

struct keep {
    hgr_addr_range *ranges;
    size_t count, capacity;
};

static void add_range(struct keep *keep, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    if (keep->count == keep->capacity) {
        keep->capacity = keep->capacity ? keep->capacity * 2 : 256;
        keep->ranges = must_resize(keep->ranges, keep->capacity, sizeof *keep->ranges);
    }
    keep->ranges[keep->count++] = (hgr_addr_range){start, end};
}

static void add_heap(struct keep *keep, const hgr_runtime *runtime)
{
    for (size_t i = 0; i < hgr_runtime_segments(runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(runtime, i);
        add_range(keep, segment->start_addr, segment->end_addr);
    }
}

static void add_stacks(struct keep *keep, const hgr_dump *dump)
{
    for (size_t i = 0; i < hgr_dump_threads(dump); i++) {
        uint64_t sp = hgr_dump_thread(dump, i)->sp;
        if (sp > RED_ZONE && sp < UINT64_MAX - STACK_BYTES)
            add_range(keep, sp - RED_ZONE, sp + STACK_BYTES);
    }
}

/* Memory of a collector's region: add_heap keeps what is allocated of it; the rest holds what died
 * before and nobody reads. */
static bool is_of_heap(const hgr_runtime *runtime, const hgr_range *range)
{
    for (size_t i = 0; i < hgr_runtime_segments(runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(runtime, i);
        if (range->start_addr + PAGE_BYTES > segment->start_addr &&
            range->end_addr < segment->committed_addr + PAGE_BYTES)
            return true;
    }
    return false;
}

static bool is_small(const hgr_range *range)
{
    return range->origin == HGR_ORIGIN_DUMP && range->end_addr - range->start_addr <= SMALL_BYTES;
}

/* The runtime's own heaps: what was asked of one type may be asked of another. They are mapped in
 * small pieces; the big ones are stacks and the program's native heap. */
static void add_runtime_heaps(struct keep *keep, const tool_session *session, uint32_t access)
{
    for (size_t i = 0; i < hgr_dump_ranges(session->dump); i++) {
        const hgr_range *range = hgr_dump_range(session->dump, i);
        if (is_small(range) && (range->access & access) && !is_of_heap(session->runtime, range))
            add_range(keep, range->start_addr, range->end_addr);
    }
}

static bool points_into(const hgr_dump *dump, uint64_t sp, const hgr_module *module)
{
    uint64_t words[512];
    for (uint64_t at = sp; at < sp + STACK_BYTES && hgr_dump_read(dump, at, words, sizeof words);
         at += sizeof words)
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (words[i] - module->base_addr < module->size_bytes)
                return true;
    return false;
}

/* What the dump itself has of a module: code, unwind tables, method tables. */
static void add_module(struct keep *keep, const hgr_dump *dump, const hgr_module *module)
{
    for (size_t i = 0; i < hgr_dump_ranges(dump); i++) {
        const hgr_range *range = hgr_dump_range(dump, i);
        if (range->origin == HGR_ORIGIN_DUMP &&
            range->start_addr - module->base_addr < module->size_bytes)
            add_range(keep, range->start_addr, range->end_addr);
    }
}

static void add_modules_on_stacks(struct keep *keep, const hgr_dump *dump)
{
    for (size_t i = 0; i < hgr_dump_modules(dump); i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        bool used = false;
        for (size_t t = 0; t < hgr_dump_threads(dump) && !used; t++)
            used = points_into(dump, hgr_dump_thread(dump, t)->sp & ~UINT64_C(7), module);
        if (used)
            add_module(keep, dump, module);
    }
}

/* Field names are read on demand, so ask for one of each reference of one object per type. */
static void read_names(const hgr_snapshot *snapshot)
{
    const hgr_graph *graph = hgr_snapshot_graph(snapshot);
    uint32_t types = hgr_snapshot_types(snapshot), n = hgr_graph_nodes(graph);
    unsigned char *asked = must_alloc(types, 1);
    char name[8];
    for (hgr_node u = 0; u < n; u++) {
        uint32_t type = hgr_node_type(snapshot, u), count = 0;
        (void)hgr_graph_targets(graph, u, &count);
        if (count == 0 || asked[type] == 3) /* three objects: null slots differ */
            continue;
        asked[type]++;
        for (uint32_t e = 0; e < count && e < 64; e++)
            (void)hgr_reference_name(snapshot, u, e, name, sizeof name);
    }
    free(asked);
}

/* What the commands ask that need no scan. */
static int read_state(tool_session *session)
{
    const hgr_handle_row *handles;
    const hgr_finalizable *queue;
    const hgr_thread_row *threads;
    const hgr_locks *locks;
    const hgr_memory_region *regions;
    const hgr_domain *domain;
    const hgr_exception *exceptions;
    const hgr_thrown *thrown;
    const hgr_pool *pool;
    size_t count;
    uint64_t bad;
    hgr_status status = {0};
    int code = session_state(session);
    if (code != EXIT_DONE)
        return code;
    hgr_result result = hgr_state_handles(session->state, &handles, &count, &bad, &status);
    if (result == HGR_OK)
        result = hgr_state_finalizable(session->state, &queue, &count, &status);
    if (result == HGR_OK)
        result = hgr_state_threads(session->state, &threads, &count, &status);
    if (result == HGR_OK)
        result = hgr_state_locks(session->state, session->snapshot, &locks, &status);
    if (result == HGR_OK)
        result = hgr_state_memory(session->state, &regions, &count, &status);
    if (result == HGR_OK)
        result = hgr_state_domain(session->state, &domain, &status);
    if (result == HGR_OK)
        result =
            hgr_state_exceptions(session->state, session->snapshot, &exceptions, &count, &status);
    if (result == HGR_OK)
        result = hgr_state_thrown(session->state, &thrown, &count, &status);
    if (result == HGR_OK)
        result = hgr_state_pool(session->state, &pool, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

/* Open a runtime twice, by its tables and by shape, and scan: what is read then is what is needed.
 */
static int trace_runtime(tool_session *session, uint32_t number, struct keep *keep)
{
    hgr_status status = {0};
    hgr_runtime *again = NULL;
    hgr_runtime_options options = {.number = number, .shape_search = true};
    if (hgr_runtime_open(session->dump, &options, session->run, &again, NULL) == HGR_OK)
        hgr_runtime_close(again); /* the shape search may fail where the tables do not */
    options.shape_search = false;
    hgr_result result =
        hgr_runtime_open(session->dump, &options, session->run, &session->runtime, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    add_heap(keep, session->runtime);
    int code = session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        read_names(session->snapshot);
    if (code == EXIT_DONE)
        code = slim_read_objects(session);
    return code == EXIT_DONE ? read_state(session) : code;
}

/* All runtimes of the process that can be read, the one that was asked for last: it stays open. */
static int trace_readers(tool_session *session, struct keep *keep)
{
    hgr_status status = {0};
    uint32_t chosen = hgr_runtime_number(session->runtime);
    hgr_result result = hgr_dump_trace_begin(session->dump, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    int code = EXIT_DONE;
    for (uint32_t i = 0; code == EXIT_DONE && i < hgr_runtime_places(session->runtime); i++) {
        tool_session other = *session; /* borrows run and dump */
        if (i + 1 == chosen || hgr_runtime_place_at(session->runtime, i)->refusal)
            continue;
        other.runtime = NULL;
        code = trace_runtime(&other, i + 1, keep);
        hgr_state_free(other.state);
        hgr_snapshot_free(other.snapshot);
        hgr_runtime_close(other.runtime);
    }
    if (code != EXIT_DONE)
        return code;
    hgr_runtime_close(session->runtime);
    session->runtime = NULL;
    return trace_runtime(session, chosen, keep);
}

static int write_slim(tool_session *session, struct keep *keep, const char *path,
                      hgr_slim_totals *out)
{
    hgr_status status = {0};
    hgr_addr_range *touched = NULL;
    size_t count = 0;
    hgr_result result = hgr_dump_trace_ranges(session->dump, &touched, &count, &status);
    if (result == HGR_OK) {
        for (size_t i = 0; i < count; i++)
            add_range(keep, touched[i].start_addr, touched[i].end_addr);
        add_stacks(keep, session->dump);
        add_runtime_heaps(keep, session, HGR_ACCESS_WRITE);
        if (opt_given(session->opts, OPT_STACKS)) {
            add_runtime_heaps(keep, session, HGR_ACCESS_EXECUTE);
            add_modules_on_stacks(keep, session->dump);
        }
        result = hgr_slim_write(session->dump, keep->ranges, keep->count, path, session->run, out,
                                &status);
    }
    hgr_addr_ranges_free(touched);
    if (result == HGR_OK)
        return EXIT_DONE;
    (void)session_fail(session, result, &status);
    return result == HGR_UNSUPPORTED ? EXIT_INPUT : EXIT_MACHINE;
}

static void answer(tool_session *session, const char *path, const hgr_slim_totals *totals)
{
    char bytes[UNITS_TEXT], before[UNITS_TEXT];
    bool human = opt_given(session->opts, OPT_HUMAN);
    session_begin_answer(session);
    if (session_wants_json(session)) {
        out_text(&session->json, "output", path);
        out_u64(&session->json, "output_bytes", totals->file_bytes);
        out_u64(&session->json, "kept_bytes", totals->kept_bytes);
        out_u64(&session->json, "dropped_bytes", totals->dropped_bytes);
    } else {
        strbuf safe = {0};
        strbuf_add_safe(&safe, path);
        printf("%s: %s, was %s\n", strbuf_get(&safe),
               units_amount(bytes, totals->file_bytes, human),
               units_amount(before, hgr_dump_get_info(session->dump)->image_bytes, human));
        strbuf_fini(&safe);
    }
    session_end_answer(session, NULL, "%s", "");
}

int cmd_slim(const tool_opts *opts)
{
    tool_session session = {0};
    hgr_slim_totals totals = {0};
    struct keep keep = {0};
    if (!opt_given(opts, OPT_OUTPUT))
        return opt_usage(opts, "--output FILE is missing: where to write the smaller dump");
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = trace_readers(&session, &keep);
    if (code == EXIT_DONE)
        code = write_slim(&session, &keep, opt_text(opts, OPT_OUTPUT), &totals);
    if (code == EXIT_DONE)
        answer(&session, opt_text(opts, OPT_OUTPUT), &totals);
    free(keep.ranges);
    return session_close(&session, code);
}
