/* tools: `diff`: what grew between two or more dumps, and who holds it. */
#include "diff_answer.h"

#include <stdlib.h>

const opt_row opts_diff[] = {
    {OPT_FAIL_OVER, "fail-over", 0, OPT_TEXT, "LIMIT", NULL,
     "exit 1 above 10M, 5%, type=NAME:1000, path=PATH:5%"},
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

/* One dump into the diff; every one but the last is closed before the next is opened. */
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

static int compare(diff_answer *answer)
{
    hgr_status status = {0};
    hgr_result result = hgr_run_create((uint32_t)opt_number(answer->opts, OPT_THREADS),
                                       &answer->run, &status);
    if (result == HGR_OK)
        hgr_run_set_memory_limit(answer->run, opt_number(answer->opts, OPT_MEMORY_LIMIT));
    if (result == HGR_OK)
        result = hgr_diff_create(answer->sides, NULL, answer->run, &answer->diff, &status);
    answer->last = (tool_session){.opts = answer->opts, .dump_path = answer->opts->operands[0]};
    if (result != HGR_OK)
        return session_fail(&answer->last, result, &status);
    int code = EXIT_DONE;
    for (uint32_t k = 0; code == EXIT_DONE && k < answer->sides; k++) {
        tool_session one = {0};
        bool last = k + 1 == answer->sides;
        if (last)
            answer->last = (tool_session){0};
        code = add_dump(answer, k, last ? &answer->last : &one);
        if (!last)
            code = session_close(&one, code);
    }
    if (code != EXIT_DONE)
        return code;
    result = hgr_diff_finish(answer->diff, answer->last.run, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(&answer->last, result, &status);
}

int cmd_diff(const tool_opts *opts)
{
    diff_answer answer = {.opts = opts, .sides = (uint32_t)opts->noperands};
    diff_gate gate = {.count = 0};
    int code = gate_parse(opts, &gate);
    if (code != EXIT_DONE)
        return code;
    code = compare(&answer);
    if (code == EXIT_DONE) {
        bool over = gate_holds(&gate, &answer);
        session_begin_answer(&answer.last);
        if (session_wants_json(&answer.last)) {
            gate_write(&gate, &answer.last.json);
            diff_write_json(&answer);
        } else {
            diff_print(&answer);
            gate_print(&gate, &answer);
        }
        session_end_answer(&answer.last, NULL, "%s", "");
        code = over ? EXIT_HOLDS : EXIT_DONE;
    }
    hgr_diff_free(answer.diff);
    code = session_close(&answer.last, code);
    hgr_run_free(answer.run);
    return code;
}
