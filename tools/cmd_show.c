/* tools: `show`: one object, or the value at the end of a path: fields, items, what it means. */
#include <inttypes.h>
#include <string.h>

#include "show_parts.h"
#include "static_rows.h"

const opt_row opts_show[] = {
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
     "also retained bytes, dominator and root (walks the heap)"},
    {OPT_STATICS, "statics", 's', OPT_FLAG, NULL, NULL, "also the static fields of its type"},
    {OPT_RAW, "raw", 0, OPT_FLAG, NULL, NULL, "the plain layout: offsets, sizes, bits"},
    {OPT_SKIP, "skip", 0, OPT_COUNT, "N", "0", "leave out the first items"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

/* DUMP and ADDRESS or PATH, in either order. */
static void take_operands(const tool_opts *opts, const char **dump, const char **path)
{
    const char *first = opts->operands[0];
    bool swapped = first[0] == '0' && (first[1] == 'x' || first[1] == 'X');
    *dump = opts->operands[swapped];
    *path = opts->operands[!swapped];
}

static int find(tool_shown *shown, const char *path)
{
    hgr_status status = {0};
    tool_session *session = shown->session;
    strbuf spelled = {0};
    size_t digits = strspn(path, "0123456789abcdefABCDEF");
    if (digits >= 5 && path[digits] == '\0') /* an address as some debuggers print it */
        strbuf_add_z(&spelled, "0x");
    strbuf_add_z(&spelled, path);
    hgr_result result =
        hgr_path_evaluate(shown->inspector, strbuf_get(&spelled), &shown->value, &status);
    strbuf_fini(&spelled);
    if (result == HGR_BAD_ARGUMENT)
        return opt_usage(session->opts, "%s", status.text);
    if (result == HGR_NOT_FOUND)
        return session_refuse(session, "%s", status.text);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    const hgr_value *value = &shown->value;
    shown->is_object =
        value->element == HGR_IS_REFERENCE && value->present && value->bits != 0 &&
        hgr_inspect_object(shown->inspector, value->bits, &shown->object, NULL) == HGR_OK;
    if (hgr_collection_of(shown->inspector, value, &shown->collection, NULL) != HGR_OK)
        shown->collection.what = NULL;
    return EXIT_DONE;
}

static void answer(tool_shown *shown)
{
    tool_session *session = shown->session;
    bool is_string = shown->is_object && shown->object.type->kind == HGR_TYPE_STRING;
    bool json = session_wants_json(session);
    session_begin_answer(session);
    show_header(shown);
    if (opt_given(session->opts, OPT_RAW) && !json) {
        putchar('\n');
        show_raw(shown);
    } else {
        show_facts(shown);
        show_items(shown);
        if (is_string && !json)
            show_string(shown);
        else if (json || shown->is_object || value_is_plain_struct(shown->inspector, &shown->value))
            show_fields(shown);
    }
    if (opt_given(session->opts, OPT_STATICS))
        show_statics(shown);
    if (shown->is_object)
        session_end_answer(session, "path", "0x%" PRIx64, shown->object.addr);
    else
        session_end_answer(session, NULL, "%s", "");
}

int cmd_show(const tool_opts *opts)
{
    tool_session session = {0};
    tool_shown shown = {.session = &session, .skip = opt_number(opts, OPT_SKIP)};
    const char *dump, *path;
    take_operands(opts, &dump, &path);
    int code = session_open(&session, opts, dump);
    if (code == EXIT_DONE)
        code = session_inspector(&session);
    shown.inspector = session.inspector;
    if (code == EXIT_DONE)
        code = find(&shown, path);
    if (code == EXIT_DONE && opt_given(opts, OPT_RETAINED) && shown.is_object)
        code = session_retained(&session);
    if (code == EXIT_DONE) {
        shown.top = session_top(&session, false);
        answer(&shown);
    }
    return session_close(&session, code);
}
