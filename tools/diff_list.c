/* tools: `diff --set`: objects one by one by what became of them. Gone objects are those of the
 * older dump, all others those of the newer one. */
#include "diff_answer.h"

#include <stdlib.h>

#include "pick.h"
#include "set_eval.h"
#include "units.h"

struct listing {
    diff_answer *answer;
    tool_session *session; /* whose dump the set is of */
    int side;
    bool grown; /* the expression asks for it: lengths are shown */
    tool_pick order;
    uint64_t count, bytes;
};

/* ---- new, gone, ... as sets ---- */

struct question {
    const hgr_match *match;
    int side, fate;
};

static bool has_fate(const void *user, hgr_node node)
{
    const struct question *question = user;
    hgr_fate is = hgr_match_fate(question->match, question->side, node);
    switch (question->fate) {
    case FATE_NEW:
        return question->side == HGR_AFTER && is == HGR_FATE_GONE;
    case FATE_GONE:
        return question->side == HGR_BEFORE && is == HGR_FATE_GONE;
    case FATE_UNKNOWN:
        return is == HGR_FATE_UNKNOWN;
    default:
        return is >= HGR_FATE_PROBABLE;
    }
}

static hgr_result find_grown_set(const diff_answer *answer, int side, hgr_set **out,
                                 hgr_status *status)
{
    hgr_set *set = NULL;
    hgr_result result = hgr_set_create(&set, status);
    for (size_t i = 0; result == HGR_OK && i < answer->objects.ngrown; i++) {
        const hgr_grown *grown = &answer->objects.grown[i];
        result = hgr_set_add(set, side == HGR_BEFORE ? grown->before : grown->after, status);
    }
    if (result == HGR_OK)
        *out = set;
    else
        hgr_set_free(set);
    return result;
}

static hgr_result find_fate(const tool_session *session, int fate, hgr_set **out,
                            hgr_status *status)
{
    const diff_answer *answer = session->fate_user;
    int side = session == &answer->first ? HGR_BEFORE : HGR_AFTER;
    struct question question = {answer->objects.match, side, fate};
    if (fate == FATE_GROWN)
        return find_grown_set(answer, side, out, status);
    return hgr_set_where(session_nodes(session), has_fate, &question, session->run, out, status);
}

static bool asks_for(const set_expr *expr, set_fate fate)
{
    for (uint32_t i = 0; i < expr->count; i++)
        if (expr->terms[i].op == SET_FATE && expr->terms[i].number == (uint64_t)fate)
            return true;
    return false;
}

/* ---- the list ---- */

static bool add_node(void *user, hgr_node node)
{
    struct listing *listing = user;
    uint64_t bytes = hgr_node_bytes(listing->session->snapshot, node);
    pick_add(&listing->order, bytes, node);
    listing->count++;
    listing->bytes += bytes;
    return true;
}

/* What a row says. */
struct row {
    uint64_t addr, other_addr, bytes;
    bool paired;
    const hgr_grown *grown;
    const char *fate, *why, *type;
};

static const hgr_grown *find_grown(const struct listing *listing, hgr_node node)
{
    const diff_objects *objects = &listing->answer->objects;
    for (size_t i = 0; listing->grown && i < objects->ngrown; i++)
        if ((listing->side == HGR_BEFORE ? objects->grown[i].before : objects->grown[i].after) ==
            node)
            return &objects->grown[i];
    return NULL;
}

static struct row describe(const struct listing *listing, hgr_node node)
{
    const hgr_match *match = listing->answer->objects.match;
    const hgr_snapshot *heap = listing->session->snapshot;
    const hgr_snapshot *other = listing->side == HGR_BEFORE ? listing->answer->last.snapshot
                                                            : listing->answer->first.snapshot;
    hgr_fate fate = hgr_match_fate(match, listing->side, node);
    hgr_node mate = hgr_match_mate(match, listing->side, node);
    bool fresh = fate == HGR_FATE_GONE && listing->side == HGR_AFTER;
    return (struct row){
        .addr = hgr_node_address(heap, node),
        .other_addr = mate == HGR_NO_NODE ? 0 : hgr_node_address(other, mate),
        .bytes = hgr_node_bytes(heap, node),
        .paired = mate != HGR_NO_NODE,
        .grown = find_grown(listing, node),
        .fate = fresh ? "new" : hgr_fate_name(fate),
        .why = hgr_match_reason_name(hgr_match_why(match, listing->side, node)),
        .type = session_type_name(listing->session, node),
    };
}

static void put_optional(tool_table *table, bool has, uint64_t value)
{
    if (has)
        table_number(table, value);
    else
        table_empty(table);
}

static void print_list(const struct listing *listing)
{
    const table_column columns[] = {
        {"address", TABLE_ADDRESS},
        {listing->side == HGR_BEFORE ? "address after" : "address before", TABLE_ADDRESS},
        {"bytes", TABLE_BYTES},
        {"length before", listing->grown ? TABLE_COUNT : TABLE_SKIP},
        {"after", listing->grown ? TABLE_COUNT : TABLE_SKIP},
        {"fate", TABLE_TEXT},
        {"why", TABLE_TEXT},
        {"type", TABLE_TEXT},
    };
    char count[UNITS_TEXT], bytes[UNITS_TEXT];
    tool_table table;
    table_init(&table, listing->answer->opts, session_pointer_size(listing->session), columns, 8,
               "sorted by bytes, then address");
    for (size_t i = 0; i < listing->order.count; i++) {
        struct row row = describe(listing, listing->order.rows[i].id);
        table_number(&table, row.addr);
        put_optional(&table, row.paired, row.other_addr);
        table_number(&table, row.bytes);
        put_optional(&table, row.grown, row.grown ? row.grown->length_before : 0);
        put_optional(&table, row.grown, row.grown ? row.grown->length_after : 0);
        table_text(&table, row.fate);
        table_text(&table, row.why);
        table_text(&table, row.type);
    }
    table_finish(&table);
    printf("\n%s, %s, in %s", units_things(count, listing->count, "object"),
           units_amount(bytes, listing->bytes, opt_given(listing->answer->opts, OPT_HUMAN)),
           listing->session->dump_path);
    if (listing->order.count < listing->count)
        printf("; --all shows every one");
    putchar('\n');
}

static void write_list(const struct listing *listing)
{
    tool_json *json = &listing->answer->last.json;
    out_object(json, "set");
    out_text(json, "dump", listing->side == HGR_BEFORE ? "before" : "after");
    out_u64(json, "count", listing->count);
    out_u64(json, "bytes", listing->bytes);
    out_end_object(json);
    out_array(json, "set_objects");
    for (size_t i = 0; i < listing->order.count; i++) {
        struct row row = describe(listing, listing->order.rows[i].id);
        out_object(json, NULL);
        out_address(json, "address", row.addr);
        if (row.paired)
            out_address(json, "other_address", row.other_addr);
        out_text(json, "type", row.type);
        out_u64(json, "bytes", row.bytes);
        out_text(json, "fate", row.fate);
        out_text(json, "why", row.why);
        if (row.grown) {
            out_u64(json, "length_before", row.grown->length_before);
            out_u64(json, "length_after", row.grown->length_after);
        }
        out_end_object(json);
    }
    out_end_array(json);
}

int diff_list(diff_answer *answer, const set_expr *expr)
{
    bool gone = asks_for(expr, FATE_GONE);
    struct listing listing = {.answer = answer,
                              .session = gone ? &answer->first : &answer->last,
                              .side = gone ? HGR_BEFORE : HGR_AFTER,
                              .grown = asks_for(expr, FATE_GROWN)};
    hgr_set *set = NULL;
    if (!answer->objects.match)
        return session_refuse(&answer->last,
                              "--set compares objects, which needs two dumps of one process");
    answer->first.fate_set = answer->last.fate_set = find_fate;
    answer->first.fate_user = answer->last.fate_user = answer;
    int code = set_eval(listing.session, expr, &set);
    if (code != EXIT_DONE)
        return code;
    pick_init(&listing.order, session_top(&answer->last, false));
    hgr_set_visit(set, add_node, &listing);
    hgr_set_free(set);
    pick_sort(&listing.order);
    session_begin_answer(&answer->last);
    if (session_wants_json(&answer->last))
        write_list(&listing);
    else
        print_list(&listing);
    session_end_answer(&answer->last, NULL, "%s", "");
    pick_fini(&listing.order);
    return EXIT_DONE;
}
