/* tools: `statics`: every static field with its value, and the bytes it keeps. */
#include <inttypes.h>

#include "static_rows.h"
#include "units.h"

const opt_row opts_statics[] = {
    {OPT_MATCH, "match", 'm', OPT_TEXT, "GLOB", NULL, "only those whose Type.Field matches"},
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
     "the bytes that each object keeps, largest first (walks the heap)"},
    {OPT_NULLS, "nulls", 0, OPT_FLAG, NULL, NULL, "also those that hold null or are not allocated"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

static void answer(const static_rows *rows)
{
    tool_session *session = rows->session;
    char count[UNITS_TEXT];
    uint64_t top = session_top(session, true);
    session_begin_answer(session);
    if (session_wants_json(session))
        out_u64(&session->json, "count", rows->count);
    static_rows_write(rows, top);
    if (!session_wants_json(session))
        printf("\n%s%s\n", units_things(count, rows->count, "static field"),
               rows->count > top ? "; --all shows every one" : "");
    uint64_t object = 0;
    for (size_t i = 0; i < rows->count && object == 0; i++)
        object = static_rows_object(rows, i);
    session_end_answer(session, object ? "show" : NULL, "0x%" PRIx64, object);
}

int cmd_statics(const tool_opts *opts)
{
    tool_session session = {0};
    static_rows rows = {
        .session = &session, .match = opt_text(opts, OPT_MATCH), .all = opt_given(opts, OPT_NULLS)};
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_inspector(&session);
    if (code == EXIT_DONE && opt_given(opts, OPT_RETAINED))
        code = session_retained(&session);
    if (code == EXIT_DONE)
        code = static_rows_collect(&rows, NULL);
    if (code == EXIT_DONE) {
        static_rows_sort(&rows);
        answer(&rows);
    }
    static_rows_free(&rows);
    return session_close(&session, code);
}
