/* tools: `diff`: what grew between two or more dumps, who holds it, and which objects they are. */
#include "diff_answer.h"

#include <stdlib.h>

#include "set_eval.h"

const opt_row opts_diff[] = {
    OPT_ROW_SET("list objects: new, gone, survived, grown, unknown (help sets)"),
    {OPT_FAIL_OVER, "fail-over", 0, OPT_TEXT, "LIMIT", NULL,
     "exit 1 above 10M, 5%, type=NAME:1000, path=PATH:5%"},
    {OPT_NO_OBJECTS, "no-objects", 0, OPT_FLAG, NULL, NULL, "types and owners only: quicker"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

static void remember(const tool_session *session, diff_dump *out)
{
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    *out = (diff_dump){.path = session->dump_path,
                       .file_bytes = info->file_bytes,
                       .fingerprint = hgr_dump_fingerprint(session->dump),
                       .used_bytes = totals->used_bytes,
                       .walked_bytes = totals->walked_bytes,
                       .process_id = info->process_id};
}

static int add_dump(diff_answer *answer, uint32_t side, tool_session *session)
{
    hgr_status status = {0};
    hgr_diff_view *view = NULL;
    int code = session_open(session, answer->opts, answer->opts->operands[side]);
    if (code == EXIT_DONE)
        code = session_tree(session);
    if (code != EXIT_DONE)
        return code;
    remember(session, &answer->dumps[side]);
    hgr_result result = hgr_diff_view_create(session->snapshot, session->tree, session->roots,
                                             session->nroots, session->run, &view, &status);
    if (result == HGR_OK)
        result = hgr_diff_add(answer->diff, view, session->run, &status);
    hgr_diff_view_free(view);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

/* Every side but the newest. A dump is closed before the next is opened, unless its objects are
 * compared. */
static int add_older(diff_answer *answer, uint32_t side, bool objects)
{
    tool_session one = {.opts = answer->opts, .dump_path = answer->opts->operands[side]};
    tool_session *session = objects ? &answer->first : &one;
    int code = baseline_is(answer->opts->operands[side]) ? baseline_add(answer, side, &one)
                                                         : add_dump(answer, side, session);
    if (objects && code == EXIT_DONE)
        session_forget(session);
    return session == &one ? session_close(&one, code) : code;
}

static int begin(diff_answer *answer)
{
    hgr_status status = {0};
    hgr_result result =
        hgr_run_create((uint32_t)opt_number(answer->opts, OPT_THREADS), &answer->run, &status);
    if (result == HGR_OK)
        hgr_run_set_memory_limit(answer->run, opt_number(answer->opts, OPT_MEMORY_LIMIT));
    if (result == HGR_OK)
        result = hgr_diff_create(answer->sides, NULL, answer->run, &answer->diff, &status);
    answer->last = (tool_session){.opts = answer->opts, .dump_path = answer->opts->operands[0]};
    return result == HGR_OK ? EXIT_DONE : session_fail(&answer->last, result, &status);
}

static int compare(diff_answer *answer)
{
    hgr_status status = {0};
    bool objects = answer->sides == 2 && !opt_given(answer->opts, OPT_NO_OBJECTS);
    int code = begin(answer);
    for (uint32_t k = 0; code == EXIT_DONE && k + 1 < answer->sides; k++)
        code = add_older(answer, k, objects);
    if (code != EXIT_DONE)
        return code;
    answer->last = (tool_session){0};
    code = add_dump(answer, answer->sides - 1, &answer->last);
    if (code != EXIT_DONE)
        return code;
    hgr_result result = hgr_diff_finish(answer->diff, answer->last.run, &status);
    if (result != HGR_OK)
        return session_fail(&answer->last, result, &status);
    return objects ? diff_match_objects(answer) : EXIT_DONE;
}

static int show(diff_answer *answer, diff_gate *gate)
{
    bool over = gate_holds(gate, answer);
    session_begin_answer(&answer->last);
    if (session_wants_json(&answer->last)) {
        gate_write(gate, &answer->last.json);
        diff_write_json(answer);
        diff_write_objects(answer);
    } else {
        diff_print(answer);
        diff_print_objects(answer);
        gate_print(gate, answer);
    }
    session_end_answer(&answer->last, NULL, "%s", "");
    return over ? EXIT_HOLDS : EXIT_DONE;
}

/* What the command line alone says about the dumps. */
static int check_operands(const tool_opts *opts)
{
    const char *newest = opts->operands[opts->noperands - 1];
    if (opts->noperands == 1 && !opt_given(opts, OPT_JSON))
        return opt_usage(
            opts,
            "one dump only: with --json it becomes a baseline for later, otherwise diff needs two");
    if (opt_given(opts, OPT_SET) && (opts->noperands != 2 || opt_given(opts, OPT_NO_OBJECTS)))
        return opt_usage(opts, "--set lists the objects of two dumps, without --no-objects");
    if (baseline_is(newest))
        return opt_usage(
            opts, "%s: the JSON of an earlier run can stand for older dumps, not for the newest",
            newest);
    return EXIT_DONE;
}

int cmd_diff(const tool_opts *opts)
{
    diff_answer answer = {
        .opts = opts, .sides = (uint32_t)opts->noperands, .first = {.opts = opts}};
    diff_gate gate = {.count = 0};
    set_expr *expr = NULL;
    int code = gate_parse(opts, &gate);
    if (code == EXIT_DONE)
        code = set_parse_option(opts, OPT_SET, &expr);
    if (code == EXIT_DONE)
        code = check_operands(opts);
    if (code != EXIT_DONE) {
        free(expr);
        return code;
    }
    code = compare(&answer);
    if (code == EXIT_DONE)
        code = expr ? diff_list(&answer, expr) : show(&answer, &gate);
    free(expr);
    diff_free_objects(&answer);
    hgr_diff_free(answer.diff);
    session_close(&answer.first, EXIT_CANCELLED); /* says nothing: the newer one does */
    code = session_close(&answer.last, code);
    hgr_run_free(answer.run);
    return code;
}
