/* tools: `memory`: the address space of the process by kind; with --all or --top its largest
 * regions. */
#include "pick.h"
#include "session.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

const opt_row opts_memory[] = {
    {OPT_KIND, "kind", 'k', OPT_TEXT, "KIND", NULL, "list the regions of one kind, or all"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

struct answer {
    tool_session session;
    const hgr_memory_region *regions;
    size_t count;
    int kind; /* to list; HGR_MEMORY_KINDS = all, -1 = none */
};

struct sum {
    uint64_t regions, bytes, in_dump_bytes, largest_bytes;
};

static uint64_t bytes_of(const hgr_memory_region *region)
{
    return region->end_addr - region->start_addr;
}

static void add_up(const struct answer *answer, struct sum sums[HGR_MEMORY_KINDS + 1])
{
    for (size_t i = 0; i < answer->count; i++) {
        const hgr_memory_region *region = &answer->regions[i];
        struct sum *each[2] = {&sums[region->kind], &sums[HGR_MEMORY_KINDS]};
        for (int k = 0; k < 2; k++) {
            each[k]->regions++;
            each[k]->bytes += bytes_of(region);
            each[k]->in_dump_bytes += region->in_dump_bytes;
            if (bytes_of(region) > each[k]->largest_bytes)
                each[k]->largest_bytes = bytes_of(region);
        }
    }
}

static void print_sum(tool_table *table, const struct sum *sum, uint64_t whole, const char *name)
{
    table_number(table, sum->bytes);
    table_share(table, sum->bytes, whole ? whole : 1);
    table_number(table, sum->in_dump_bytes);
    table_number(table, sum->regions);
    table_number(table, sum->largest_bytes);
    table_text(table, name);
}

static void print_kinds(const struct answer *answer)
{
    static const table_column columns[] = {{"bytes", TABLE_BYTES},       {"share", TABLE_SHARE},
                                           {"in the dump", TABLE_BYTES}, {"regions", TABLE_COUNT},
                                           {"largest", TABLE_BYTES},     {"kind", TABLE_TEXT}};
    struct sum sums[HGR_MEMORY_KINDS + 1] = {0};
    tool_table table;
    add_up(answer, sums);
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 6,
               NULL);
    for (unsigned k = 0; k < HGR_MEMORY_KINDS; k++)
        if (sums[k].regions)
            print_sum(&table, &sums[k], sums[HGR_MEMORY_KINDS].bytes,
                      hgr_memory_kind_name((hgr_memory_kind)k));
    table_gap(&table);
    print_sum(&table, &sums[HGR_MEMORY_KINDS], sums[HGR_MEMORY_KINDS].bytes, "(all)");
    table_finish(&table);
}

static void write_kinds(const struct answer *answer, tool_json *json)
{
    struct sum sums[HGR_MEMORY_KINDS + 1] = {0};
    add_up(answer, sums);
    out_u64(json, "bytes", sums[HGR_MEMORY_KINDS].bytes);
    out_u64(json, "in_dump_bytes", sums[HGR_MEMORY_KINDS].in_dump_bytes);
    out_array(json, "kinds");
    for (unsigned k = 0; k < HGR_MEMORY_KINDS; k++) {
        if (sums[k].regions == 0)
            continue;
        out_object(json, NULL);
        out_text(json, "kind", hgr_memory_kind_name((hgr_memory_kind)k));
        out_u64(json, "regions", sums[k].regions);
        out_u64(json, "bytes", sums[k].bytes);
        out_u64(json, "in_dump_bytes", sums[k].in_dump_bytes);
        out_u64(json, "largest_bytes", sums[k].largest_bytes);
        out_end_object(json);
    }
    out_end_array(json);
}

static void write_region(tool_json *json, const hgr_memory_region *region)
{
    out_object(json, NULL);
    out_address(json, "start", region->start_addr);
    out_address(json, "end", region->end_addr);
    out_text(json, "kind", hgr_memory_kind_name(region->kind));
    out_u64(json, "bytes", bytes_of(region));
    out_u64(json, "in_dump_bytes", region->in_dump_bytes);
    if (*region->label)
        out_text(json, "label", region->label);
    out_end_object(json);
}

static void print_region(tool_table *table, const hgr_memory_region *region)
{
    table_number(table, region->start_addr);
    table_number(table, region->end_addr);
    table_number(table, bytes_of(region));
    table_number(table, region->in_dump_bytes);
    table_text(table, hgr_memory_kind_name(region->kind));
    table_text(table, region->label);
}

static void answer_regions(struct answer *answer)
{
    static const table_column columns[] = {{"start", TABLE_ADDRESS}, {"end", TABLE_ADDRESS},
                                           {"bytes", TABLE_BYTES},   {"in the dump", TABLE_BYTES},
                                           {"kind", TABLE_TEXT},     {"what", TABLE_TEXT}};
    tool_session *session = &answer->session;
    bool json = session_wants_json(session);
    uint64_t matching = 0;
    tool_table table;
    tool_pick order;
    pick_init(&order, session_top(session, true));
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->kind >= 0 && answer->kind != HGR_MEMORY_KINDS &&
            (int)answer->regions[i].kind != answer->kind)
            continue;
        matching++;
        pick_add(&order, bytes_of(&answer->regions[i]), (uint32_t)i);
    }
    pick_sort(&order);
    if (json)
        out_array(&session->json, "regions");
    else
        table_init(&table, session->opts, session_pointer_size(session), columns, 6,
                   "sorted by bytes");
    for (size_t i = 0; i < order.count; i++) {
        if (json)
            write_region(&session->json, &answer->regions[order.rows[i].id]);
        else
            print_region(&table, &answer->regions[order.rows[i].id]);
    }
    if (json)
        out_end_array(&session->json);
    else
        table_finish(&table);
    if (!json && matching > order.count)
        printf("\n%zu of %llu regions; --all shows every one\n", order.count,
               (unsigned long long)matching);
    pick_fini(&order);
}

int cmd_memory(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    const char *names[HGR_MEMORY_KINDS + 1];
    hgr_status status = {0};
    for (unsigned k = 0; k < HGR_MEMORY_KINDS; k++)
        names[k] = hgr_memory_kind_name((hgr_memory_kind)k);
    names[HGR_MEMORY_KINDS] = "all";
    int code = opt_word(opts, OPT_KIND, names, HGR_MEMORY_KINDS + 1, &answer.kind);
    if (code != EXIT_DONE)
        return code;
    code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_state(session);
    if (code == EXIT_DONE) {
        hgr_result result =
            hgr_state_memory(session->state, &answer.regions, &answer.count, &status);
        if (result != HGR_OK)
            code = session_fail(session, result, &status);
    }
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session))
            write_kinds(&answer, &session->json);
        if (session_wants_json(session) || answer.kind >= 0)
            answer_regions(&answer);
        else
            print_kinds(&answer);
        session_end_answer(session, answer.kind < 0 ? "memory" : "segments", "%s",
                           answer.kind < 0 ? "--kind all" : "");
    }
    return session_close(session, code);
}
