/* tools: `finalizer`: objects with a finalizer, registered and ready, by generation and type. */
#include "object_items.h"

#include <stdlib.h>

const opt_row opts_finalizer[] = {
    {OPT_KIND, "kind", 'k', OPT_TEXT, "KIND", NULL, "list the objects: registered, ready or all"},
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
     "also what goes when all objects of a kind go; listed: by object"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

static const char *const KINDS[] = {"registered", "ready", "all"};

static object_item *make_rows(const hgr_finalizable *queue, size_t count)
{
    object_item *rows = must_alloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        rows[i] = (object_item){.kind = KINDS[queue[i].ready],
                                .rank = queue[i].ready,
                                .object = &queue[i].object,
                                .suppressed = queue[i].suppressed};
    return rows;
}

int cmd_finalizer(const tool_opts *opts)
{
    tool_session session = {0};
    const hgr_finalizable *queue = NULL;
    int chosen;
    size_t count = 0;
    hgr_status status = {0};
    int code = opt_word(opts, OPT_KIND, KINDS, sizeof KINDS / sizeof KINDS[0], &chosen);
    if (code != EXIT_DONE)
        return code;
    const char *kind = chosen < 0 ? NULL : KINDS[chosen];
    code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_state(&session);
    if (code == EXIT_DONE) {
        hgr_result result = hgr_state_finalizable(session.state, &queue, &count, &status);
        if (result != HGR_OK)
            code = session_fail(&session, result, &status);
    }
    if (code == EXIT_DONE) {
        object_items items = {.session = &session,
                              .rows = make_rows(queue, count),
                              .count = count,
                              .all = "(all finalizable objects)",
                              .rows_key = "objects"};
        code = object_items_answer(&items, kind);
        free(items.rows);
    }
    if (code == EXIT_DONE)
        session_end_answer(&session, kind ? "roots" : "finalizer", "%s",
                           kind ? "--kind finalizer-queue" : "--kind ready");
    return session_close(&session, code);
}
