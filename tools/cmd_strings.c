/* tools: `strings`: values that are in the heap more than once, what the copies cost, who holds
 * them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "set_eval.h"
#include "string_rows.h"

const opt_row opts_strings[] = {
    OPT_ROW_SET("only strings of this set (heapgraph help sets)"),
    {OPT_MATCH, "match", 'm', OPT_TEXT, "GLOB", NULL,
     "only values that match: *token*; single ones too"},
    {OPT_MIN_LENGTH, "min-length", 0, OPT_COUNT, "N", "0", "only strings of at least N characters"},
    {OPT_SORT, "sort", 0, OPT_CHOICE, "wasted|count|bytes", "wasted", "order"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

enum { SORT_WASTED, SORT_COUNT, SORT_BYTES };

#define MATCH_CHARS 65536u /* of a string that --match looks at */

struct answer {
    tool_session session;
    hgr_strings *strings;
    tool_pick order; /* ids: nodes of first strings */
    const char *match;
    unsigned sort;
    uint64_t matches;
    char *text; /* room for MATCH_CHARS */
};

static bool object_of(const struct answer *answer, hgr_node node, hgr_object *out)
{
    return hgr_inspect_object(answer->session.inspector,
                              hgr_node_address(answer->session.snapshot, node), out,
                              NULL) == HGR_OK;
}

static bool matches(struct answer *answer, const hgr_string_group *group)
{
    hgr_object object;
    if (!answer->match)
        return group->count > 1;
    return object_of(answer, group->node, &object) &&
           hgr_string_text(answer->session.inspector, &object, 0, MATCH_CHARS, answer->text,
                           4 * MATCH_CHARS) != SIZE_MAX &&
           set_glob_matches(answer->match, answer->text);
}

static uint64_t key_of(const struct answer *answer, const hgr_string_group *group)
{
    uint64_t bytes = hgr_node_bytes(answer->session.snapshot, group->node);
    if (answer->sort == SORT_COUNT)
        return group->count;
    return (answer->sort == SORT_WASTED ? group->count - 1 : group->count) * bytes;
}

/* The largest; ties go to the one whose first string comes first. */
static void pick_groups(struct answer *answer)
{
    size_t cursor = 0;
    hgr_string_group group;
    while (hgr_strings_next(answer->strings, &cursor, &group)) {
        if (!matches(answer, &group))
            continue;
        answer->matches++;
        pick_add(&answer->order, key_of(answer, &group), group.node);
    }
    pick_sort(&answer->order);
}

static bool add_bit(void *user, hgr_node node)
{
    uint64_t *bits = user;
    bits[node >> 6] |= UINT64_C(1) << (node & 63);
    return true;
}

static int group_strings(struct answer *answer, const hgr_set *set)
{
    tool_session *session = &answer->session;
    hgr_status status = {0};
    uint64_t *bits = NULL;
    if (set) {
        bits = must_alloc(((size_t)session_nodes(session) + 63) / 64, sizeof *bits);
        hgr_set_visit(set, add_bit, bits);
    }
    hgr_strings_options options = {.among = bits,
                                   .min_length = opt_number(session->opts, OPT_MIN_LENGTH)};
    hgr_result result =
        hgr_strings_create(session->snapshot, &options, session->run, &answer->strings, &status);
    free(bits);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

static void print_answer(struct answer *answer)
{
    static const char *const orders[] = {"sorted by wasted bytes, then address",
                                         "sorted by count, then address",
                                         "sorted by bytes, then address"};
    tool_session *session = &answer->session;
    answer->text = must_alloc(4 * MATCH_CHARS, 1);
    pick_init(&answer->order, session_top(session, false));
    pick_groups(answer);
    size_t count = answer->order.count;
    string_row *rows = string_rows_create(session, answer->strings, &answer->order);
    session_begin_answer(session);
    if (session_wants_json(session))
        string_rows_json(session, answer->strings, rows, count, answer->matches);
    else
        string_rows_print(session, answer->strings, rows, count, answer->matches,
                          orders[answer->sort]);
    session_end_answer(session, count ? "refs" : NULL, "0x%" PRIx64 " --in",
                       count ? rows[0].object.addr : 0);
    string_rows_free(rows, count);
}

int cmd_strings(const tool_opts *opts)
{
    struct answer answer = {.sort = (unsigned)opt_number(opts, OPT_SORT),
                            .match = opt_text(opts, OPT_MATCH)};
    set_expr *expr = NULL;
    hgr_set *set = NULL;
    int code = set_parse_option(opts, OPT_SET, &expr);
    if (code != EXIT_DONE)
        return code;
    code = session_open(&answer.session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_scan(&answer.session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        code = session_inspector(&answer.session);
    if (code == EXIT_DONE && expr)
        code = set_eval(&answer.session, expr, &set);
    if (code == EXIT_DONE)
        code = group_strings(&answer, set);
    if (code == EXIT_DONE)
        print_answer(&answer);
    hgr_set_free(set);
    hgr_strings_free(answer.strings);
    pick_fini(&answer.order);
    free(answer.text);
    free(expr);
    return session_close(&answer.session, code);
}
