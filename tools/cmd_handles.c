/* tools: `handles`: the GC handles by kind and type, or one by one, with what they hold. */
#include "object_items.h"

#include <stdlib.h>

const opt_row opts_handles[] = {{OPT_KIND, "kind", 'k', OPT_TEXT, "KIND", NULL,
                                 "list the handles of one kind (the names in the table), or all"},
                                {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
                                 "also what goes when all objects of a kind go; listed: by object"},
                                OPT_ROW_TOP,
                                OPT_ROW_ALL,
                                OPT_ROW_END};

static const char *const KINDS[] = {
    "weak-short",    "weak-long",       "strong",       "pinned",    "variable",
    "ref-counted",   "dependent",       "async-pinned", "sized-ref", "weak-native-com",
    "weak-interior", "cross-reference", "unknown",      "all"};

static object_item *make_rows(const hgr_handle_row *handles, size_t count)
{
    object_item *rows = must_alloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        rows[i] =
            (object_item){.kind = handles[i].handle.kind_name,
                          .rank = handles[i].handle.kind,
                          .object = &handles[i].object,
                          .dependent = handles[i].dependent.addr ? &handles[i].dependent : NULL,
                          .slot_addr = handles[i].handle.slot_addr};
    return rows;
}

int cmd_handles(const tool_opts *opts)
{
    tool_session session = {0};
    const hgr_handle_row *handles = NULL;
    int chosen;
    size_t count = 0;
    uint64_t bad = 0;
    hgr_status status = {0};
    int code = opt_word(opts, OPT_KIND, KINDS, sizeof KINDS / sizeof KINDS[0], &chosen);
    if (code != EXIT_DONE)
        return code;
    const char *kind = chosen < 0 ? NULL : KINDS[chosen];
    code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_state(&session);
    if (code == EXIT_DONE) {
        hgr_result result = hgr_state_handles(session.state, &handles, &count, &bad, &status);
        if (result != HGR_OK)
            code = session_fail(&session, result, &status);
    }
    if (code == EXIT_DONE) {
        object_items items = {.session = &session,
                              .rows = make_rows(handles, count),
                              .count = count,
                              .handles = true,
                              .all = "(all handles)",
                              .rows_key = "handles"};
        code = object_items_answer(&items, kind);
        free(items.rows);
        if (bad)
            session_unread(&session, "%llu places of the handle table could not be read",
                           (unsigned long long)bad);
    }
    if (code == EXIT_DONE)
        session_end_answer(&session, kind ? "roots" : "handles", "%s", kind ? "" : "--kind all");
    return session_close(&session, code);
}
