/* tools: `stacks`: the frames of each thread, threads with the same stack once. */
#include "stack_hint.h"
#include "stacks_json.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

const opt_row opts_stacks[] = {
    {OPT_THREAD, "thread", 0, OPT_TEXT, "ID", NULL, "of one thread: its managed id, OS id or name"},
    {OPT_OBJECTS, "objects", 0, OPT_FLAG, NULL, NULL,
     "also the references of each frame (then every thread by itself)"},
    {OPT_NATIVE, "native", 0, OPT_FLAG, NULL, NULL, "also native frames and the runtime's stubs"},
    {OPT_EACH, "each", 'e', OPT_FLAG, NULL, NULL, "every thread by itself"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

struct answer {
    tool_session session;
    stack_filter filter;
    stack_groups groups;
    hgr_inspector *inspector; /* with --objects */
};

static void print_safe(const strbuf *line)
{
    strbuf safe = {0};
    strbuf_add_safe(&safe, strbuf_get(line));
    printf("%s\n", strbuf_get(&safe));
    strbuf_fini(&safe);
}

/* "    0x00007f9d2181d160  local in r14 → Stacks.Item" */
static void print_roots(const struct answer *answer, const hgr_stack_frame *frame)
{
    const tool_session *session = &answer->session;
    char addr[UNITS_TEXT];
    for (size_t r = 0; r < frame->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(session->stacks, frame->first_root + r);
        hgr_object object;
        strbuf line = {0};
        bool known = hgr_inspect_object(answer->inspector, root->value, &object, NULL) == HGR_OK;
        if (root->conservative && !known)
            continue; /* a word that looks like an address */
        strbuf_format(&line, "    %s  %s → ",
                      units_address(addr, root->value, session_pointer_size(session)), root->place);
        strbuf_add_z(&line, known            ? object.type->name
                            : root->interior ? "(inside an object, or no object of the heap)"
                                             : "(no object)");
        print_safe(&line);
        strbuf_fini(&line);
    }
}

static void print_frame(const struct answer *answer, const hgr_stack_frame *frame, bool single)
{
    const tool_session *session = &answer->session;
    uint32_t pointer_size = session_pointer_size(session);
    char sp[UNITS_TEXT], ip[UNITS_TEXT];
    strbuf line = {0};
    if (single)
        strbuf_format(&line, "%s  %s  ", units_address(sp, frame->sp, pointer_size),
                      units_address(ip, frame->ip, pointer_size));
    else
        strbuf_add_z(&line, "  ");
    if (frame->method) {
        strbuf_add_z(&line, frame->method);
    } else {
        const char *slash = strrchr(frame->module, '/');
        const char *name = slash ? slash + 1 : frame->module;
        strbuf_format(&line, "[%s] %s", hgr_frame_kind_name(frame->kind), *name ? name : "?");
        if (*name)
            strbuf_format(&line, "+0x%llx", (unsigned long long)frame->module_offset);
    }
    if (frame->is_funclet)
        strbuf_add_z(&line, "  (handler)");
    if (single && frame->reached == HGR_REACHED_EXPLICIT)
        strbuf_add_z(&line, "  (by the runtime's list)");
    if (single && frame->reached == HGR_REACHED_SEARCH)
        strbuf_add_z(&line, "  (next return address on the stack)");
    if (answer->inspector && frame->roots == HGR_ROOTS_CONSERVATIVE)
        strbuf_add_z(&line, "  (references: any word that looks like one)");
    print_safe(&line);
    strbuf_fini(&line);
    if (answer->inspector)
        print_roots(answer, frame);
}

static void print_group(const struct answer *answer, const stack_group *group)
{
    const tool_session *session = &answer->session;
    const hgr_managed_thread *first = hgr_stacks_thread(session->stacks, group->threads[0]);
    strbuf line = {0};
    size_t shown = 0;
    if (group->count > 1)
        strbuf_format(&line, "%zu threads ", group->count);
    else
        strbuf_add_z(&line, "thread ");
    for (size_t i = 0; i < group->count; i++) {
        strbuf_add_z(&line, i ? ", " : "");
        stack_thread_name(hgr_stacks_thread(session->stacks, group->threads[i]), &line);
    }
    print_safe(&line);
    strbuf_fini(&line);
    for (size_t f = 0; f < first->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(session->stacks, first->first_frame + f);
        if (!stack_frame_shown(&answer->filter, frame))
            continue;
        print_frame(answer, frame, group->count == 1);
        shown++;
    }
    if (first->end == HGR_STACK_LOST)
        printf("  (%s: no table leads on)\n",
               shown ? "older frames were not seen" : "no managed frame was seen");
    else if (shown == 0)
        printf("  (no managed frame)\n");
    else if (first->end == HGR_STACK_TOO_DEEP)
        printf("  (deeper than frames are counted)\n");
}

static void print_groups(struct answer *answer)
{
    uint64_t top = session_top(&answer->session, false);
    for (size_t g = 0; g < answer->groups.count && g < top; g++) {
        printf("%s", g ? "\n" : "");
        print_group(answer, &answer->groups.rows[g]);
    }
    if (answer->groups.count > top)
        printf("\n%llu of %zu different stacks; --all shows every one\n", (unsigned long long)top,
               answer->groups.count);
}

static int choose(struct answer *answer)
{
    tool_session *session = &answer->session;
    const tool_opts *opts = session->opts;
    bool objects = opt_given(opts, OPT_OBJECTS);
    hgr_status status = {0};
    answer->filter = (stack_filter){.all_frames = opt_given(opts, OPT_NATIVE),
                                    .each = opt_given(opts, OPT_EACH) || objects,
                                    .thread = opt_text(opts, OPT_THREAD)};
    answer->groups = stack_groups_create(session->stacks, &answer->filter);
    if (answer->filter.thread && answer->groups.count == 0)
        return session_refuse(session,
                              "no managed thread has the id or name '%.60s'; "
                              "`heapgraph threads` lists them",
                              answer->filter.thread);
    if (!objects)
        return EXIT_DONE;
    hgr_result result =
        hgr_inspector_create(session->runtime, session->run, &answer->inspector, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int cmd_stacks(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_stacks(session);
    if (code == EXIT_DONE)
        code = choose(&answer);
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session))
            stacks_json_write(session, &answer.groups, &answer.filter, answer.inspector != NULL);
        else
            print_groups(&answer);
        uint64_t object = answer.inspector ? stack_hint(session->stacks, &answer.groups,
                                                        &answer.filter, answer.inspector)
                                           : 0;
        if (!answer.inspector)
            session_end_answer(session, "stacks", "%s", "--objects");
        else
            session_end_answer(session, object ? "show" : NULL, "0x%" PRIx64, object);
    }
    hgr_inspector_free(answer.inspector);
    stack_groups_free(&answer.groups);
    return session_close(session, code);
}
