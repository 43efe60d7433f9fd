/* tools: `diff` object by object, for people and as JSON: how sure, who owns what is new, what
 * grew. */
#include "diff_answer.h"

#include <stdlib.h>

#include "units.h"

/* ---- for people ---- */

/* "same id, runtime, 1,296 of 1,296 types and 30 of 30 modules where they were" */
static void add_evidence(const hgr_process_evidence *process, strbuf *out)
{
    char shared[UNITS_TEXT], same[UNITS_TEXT];
    if (process->process_id_known)
        strbuf_format(out, "%s id, ", process->process_id_equal ? "same" : "another");
    strbuf_add_z(out, process->runtime_equal ? "runtime, " : "the runtime elsewhere, ");
    strbuf_format(out, "%s of %s types", units_count(same, process->types_at_same_addr),
                  units_count(shared, process->types_shared));
    strbuf_format(out, " and %s of %s modules where they were",
                  units_count(same, process->modules_at_same_addr),
                  units_count(shared, process->modules_shared));
}

static const struct fate_row {
    const char *name;
    hgr_fate fate;
    bool before, after; /* which side has it */
} fate_rows[] = {
    {"survived, sure", HGR_FATE_SURE, true, true},
    {"survived, probably", HGR_FATE_PROBABLE, true, true},
    {"unknown", HGR_FATE_UNKNOWN, true, true},
    {"gone", HGR_FATE_GONE, true, false},
    {"new", HGR_FATE_GONE, false, true},
};

static uint64_t sum(const uint64_t values[HGR_FATES])
{
    uint64_t all = 0;
    for (int f = 0; f < HGR_FATES; f++)
        all += values[f];
    return all;
}

static void put_side(tool_table *table, const hgr_match_totals *totals, hgr_fate fate, bool has)
{
    if (!has) {
        for (int i = 0; i < 3; i++)
            table_empty(table);
        return;
    }
    table_number(table, totals->count[fate]);
    table_share(table, totals->count[fate], sum(totals->count));
    table_number(table, totals->bytes[fate]);
}

static void print_fates(const diff_answer *answer)
{
    static const table_column columns[] = {
        {"before", TABLE_COUNT}, {"share", TABLE_SHARE}, {"bytes", TABLE_BYTES},
        {"after", TABLE_COUNT},  {"share", TABLE_SHARE}, {"bytes", TABLE_BYTES},
        {"objects", TABLE_TEXT},
    };
    tool_table table;
    table_init(&table, answer->opts, session_pointer_size(&answer->last), columns, 7, NULL);
    for (size_t i = 0; i < sizeof fate_rows / sizeof fate_rows[0]; i++) {
        const struct fate_row *row = &fate_rows[i];
        put_side(&table, hgr_match_get_totals(answer->objects.match, HGR_BEFORE), row->fate,
                 row->before);
        put_side(&table, hgr_match_get_totals(answer->objects.match, HGR_AFTER), row->fate,
                 row->after);
        table_text(&table, row->name);
    }
    table_finish(&table);
}

static void print_owners(const diff_answer *answer)
{
    static const table_column columns[] = {
        {"new bytes", TABLE_BYTES},
        {"new objects", TABLE_COUNT},
        {"address", TABLE_ADDRESS},
        {"owner", TABLE_TEXT},
    };
    const diff_objects *objects = &answer->objects;
    uint64_t top = session_top(&answer->last, false), bytes, named;
    char more[UNITS_TEXT];
    tool_table table;
    diff_sum_owners(answer, &bytes, &named);
    if (bytes == 0)
        return;
    printf("\nNew objects by their nearest owner from before (known for %.1f %% of their bytes)\n",
           units_percent(named, bytes));
    table_init(&table, answer->opts, session_pointer_size(&answer->last), columns, 4,
               "sorted by bytes, then address");
    for (size_t i = 0; i < objects->nowners && i < top; i++) {
        const hgr_new_owner *owner = &objects->owners[i];
        hgr_node node = owner->owner != HGR_NO_NODE ? owner->owner : owner->example;
        strbuf name = {0};
        diff_add_owner_name(answer, owner, &name);
        table_number(&table, owner->bytes);
        table_number(&table, owner->count);
        table_number(&table, hgr_node_address(answer->last.snapshot, node));
        table_text(&table, strbuf_get(&name));
        strbuf_fini(&name);
    }
    table_finish(&table);
    if (objects->nowners > top)
        printf("(%s more owners: --all)\n", units_count(more, objects->nowners - top));
}

static void print_grown(const diff_answer *answer)
{
    static const table_column columns[] = {
        {"length before", TABLE_COUNT},
        {"after", TABLE_COUNT},
        {"address", TABLE_ADDRESS},
        {"type", TABLE_TEXT},
    };
    const diff_objects *objects = &answer->objects;
    uint64_t top = session_top(&answer->last, false);
    char more[UNITS_TEXT];
    tool_table table;
    if (objects->ngrown == 0)
        return;
    printf("\nCollections and arrays that hold more than they did\n");
    table_init(&table, answer->opts, session_pointer_size(&answer->last), columns, 4,
               "sorted by how much longer, then address");
    for (size_t i = 0; i < objects->ngrown && i < top; i++) {
        const hgr_grown *grown = &objects->grown[i];
        table_number(&table, grown->length_before);
        table_number(&table, grown->length_after);
        table_number(&table, hgr_node_address(answer->last.snapshot, grown->after));
        table_text(&table, session_type_name(&answer->last, grown->after));
    }
    table_finish(&table);
    if (objects->ngrown > top)
        printf("(%s more: --set grown)\n", units_count(more, objects->ngrown - top));
}

void diff_print_objects(diff_answer *answer)
{
    strbuf evidence = {0};
    const hgr_process_evidence *process = &answer->objects.process;
    if (!answer->objects.compared)
        return;
    add_evidence(process, &evidence);
    printf("\n%s (%s)\n",
           process->same_process ? "By object: one process" : "Not by object: two processes",
           strbuf_get(&evidence));
    strbuf_fini(&evidence);
    if (!process->same_process)
        return;
    print_fates(answer);
    print_owners(answer);
    print_grown(answer);
}

/* ---- as JSON ---- */

static void write_process(const hgr_process_evidence *process, tool_json *json)
{
    out_object(json, "process");
    out_bool(json, "same", process->same_process);
    out_bool(json, "id_known", process->process_id_known);
    out_bool(json, "id_equal", process->process_id_equal);
    out_bool(json, "runtime_equal", process->runtime_equal);
    out_u64(json, "types_shared", process->types_shared);
    out_u64(json, "types_at_same_address", process->types_at_same_addr);
    out_u64(json, "modules_shared", process->modules_shared);
    out_u64(json, "modules_at_same_address", process->modules_at_same_addr);
    out_end_object(json);
}

static void write_side(const hgr_match_totals *totals, int side, tool_json *json)
{
    out_object(json, side == HGR_BEFORE ? "before" : "after");
    for (int f = 0; f < HGR_FATES; f++) {
        char key[32];
        const char *name =
            f == HGR_FATE_GONE && side == HGR_AFTER ? "new" : hgr_fate_name((hgr_fate)f);
        snprintf(key, sizeof key, "%s_count", name);
        out_u64(json, key, totals->count[f]);
        snprintf(key, sizeof key, "%s_bytes", name);
        out_u64(json, key, totals->bytes[f]);
    }
    out_end_object(json);
}

static void write_reasons(const hgr_match_totals *totals, tool_json *json)
{
    out_object(json, "reasons");
    for (int r = HGR_MATCH_NONE + 1; r < HGR_MATCH_REASONS; r++)
        out_u64(json, hgr_match_reason_name((hgr_match_reason)r), totals->reasons[r]);
    out_end_object(json);
}

static void write_owners(const diff_answer *answer, tool_json *json)
{
    uint64_t top = session_top(&answer->last, true), bytes, named;
    const hgr_snapshot *heap = answer->last.snapshot;
    diff_sum_owners(answer, &bytes, &named);
    out_u64(json, "new_reachable_bytes", bytes);
    out_u64(json, "new_owned_bytes", named);
    out_array(json, "new_owners");
    for (size_t i = 0; i < answer->objects.nowners && i < top; i++) {
        const hgr_new_owner *owner = &answer->objects.owners[i];
        strbuf name = {0};
        diff_add_owner_name(answer, owner, &name);
        out_object(json, NULL);
        if (owner->owner == HGR_NO_NODE)
            out_null(json, "owner");
        else
            out_address(json, "owner", hgr_node_address(heap, owner->owner));
        out_text(json, "name", strbuf_get(&name));
        out_address(json, "example", hgr_node_address(heap, owner->example));
        out_u64(json, "count", owner->count);
        out_u64(json, "bytes", owner->bytes);
        out_end_object(json);
        strbuf_fini(&name);
    }
    out_end_array(json);
}

static void write_grown(const diff_answer *answer, tool_json *json)
{
    uint64_t top = session_top(&answer->last, true);
    out_array(json, "grown");
    for (size_t i = 0; i < answer->objects.ngrown && i < top; i++) {
        const hgr_grown *grown = &answer->objects.grown[i];
        out_object(json, NULL);
        out_address(json, "address", hgr_node_address(answer->last.snapshot, grown->after));
        out_address(json, "address_before",
                    hgr_node_address(answer->first.snapshot, grown->before));
        out_text(json, "type", session_type_name(&answer->last, grown->after));
        out_u64(json, "length_before", grown->length_before);
        out_u64(json, "length_after", grown->length_after);
        out_end_object(json);
    }
    out_end_array(json);
}

void diff_write_objects(diff_answer *answer)
{
    tool_json *json = &answer->last.json;
    const diff_objects *objects = &answer->objects;
    if (!objects->compared)
        return;
    out_object(json, "objects");
    write_process(&objects->process, json);
    if (objects->process.same_process) {
        for (int s = 0; s < 2; s++)
            write_side(hgr_match_get_totals(objects->match, s), s, json);
        write_reasons(hgr_match_get_totals(objects->match, HGR_AFTER), json);
        write_owners(answer, json);
        write_grown(answer, json);
    }
    out_end_object(json);
}
