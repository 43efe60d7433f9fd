/* tools: `path`: why an object is alive; merged paths of a set. */
#include "describe.h"
#include "set_eval.h"
#include "show_path.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

const opt_row opts_path[] = {
    {OPT_TO, "to", 0, OPT_TEXT, "EXPR", NULL,
     "merge the paths of all objects of a set (heapgraph help sets)"},
    OPT_ROW_TOP,
    {OPT_ALL, "all", 'a', OPT_FLAG, NULL, NULL,
     "one path from every root object that reaches it (with --to: every branch)"},
    {OPT_MIN, "min", 0, OPT_SHARE, "SHARE", "1%", "with --to: leave out branches of fewer bytes"},
    OPT_ROW_END};

/* ---- one object ---- */

/* paths is NULL when no root reaches the object. */
static void answer_object(tool_session *session, hgr_node target, const hgr_paths *paths)
{
    char address[UNITS_TEXT];
    size_t count = paths ? hgr_paths_count(paths) : 0, total = paths ? hgr_paths_total(paths) : 0;
    units_address(address, hgr_node_address(session->snapshot, target),
                  session_pointer_size(session));
    session_begin_answer(session);
    if (session_wants_json(session)) {
        out_address(&session->json, "object", hgr_node_address(session->snapshot, target));
        out_text(&session->json, "type", session_type_name(session, target));
        if (total)
            out_u64(&session->json, "root_objects", total);
        show_paths_json(session, paths, count);
    } else {
        for (size_t i = 0; i < count; i++) {
            if (i)
                putchar('\n');
            show_path(session, hgr_paths_get(paths, i));
        }
        if (count == 0)
            printf("No root reaches %s: it is garbage that waits for a collection.\n", address);
        else if (total > count)
            printf("\n%zu of %zu root objects that reach it; --all shows every one\n", count,
                   total);
    }
    bool more = count && !opt_given(session->opts, OPT_ALL);
    session_end_answer(session, more ? "path" : "refs", "0x%" PRIx64 "%s",
                       hgr_node_address(session->snapshot, target), more ? " --all" : " --in");
}

static int find_object_paths(tool_session *session, uint64_t addr)
{
    hgr_status status = {0};
    hgr_node target = HGR_NO_NODE;
    hgr_paths *paths = NULL;
    const tool_opts *opts = session->opts;
    int code = session_roots(session);
    if (code == EXIT_DONE)
        code = session_node(session, addr, &target);
    if (code != EXIT_DONE)
        return code;
    size_t limit = opt_given(opts, OPT_ALL)   ? SIZE_MAX
                   : opt_given(opts, OPT_TOP) ? (size_t)opt_number(opts, OPT_TOP)
                                              : 1;
    hgr_result result =
        hgr_paths_create(hgr_snapshot_graph(session->snapshot), session->roots, session->nroots,
                         target, limit ? limit : 1, session->run, &paths, &status);
    if (result != HGR_OK && result != HGR_NOT_FOUND)
        return session_fail(session, result, &status);
    answer_object(session, target, paths);
    hgr_paths_free(paths);
    return EXIT_DONE;
}

/* ---- the set ---- */

static uint64_t label_root(const void *user, uint32_t root)
{
    /* Names are interned per thread and static, so the same text is mostly the same pointer; the
     * hash makes equal texts equal wherever they lie. */
    const hgr_snapshot *snapshot = user;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = hgr_snapshot_root(snapshot, root)->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t label_node(const void *user, uint32_t node)
{
    return hgr_node_type(user, node);
}

struct members {
    const hgr_snapshot *snapshot;
    uint64_t count, bytes;
    hgr_node first[16]; /* to try as an example */
};

static bool add_member(void *user, hgr_node node)
{
    struct members *members = user;
    if (members->count < sizeof members->first / sizeof members->first[0])
        members->first[members->count] = node;
    members->count++;
    members->bytes += hgr_node_bytes(members->snapshot, node);
    return true;
}

/* The path of the first member that a root reaches; NULL when none of the first few is. */
static hgr_paths *find_example(tool_session *session, const struct members *members)
{
    hgr_paths *paths = NULL;
    size_t most = sizeof members->first / sizeof members->first[0];
    for (size_t i = 0; !paths && i < members->count && i < most; i++)
        if (hgr_paths_create(hgr_snapshot_graph(session->snapshot), session->roots, session->nroots,
                             members->first[i], 1, session->run, &paths, NULL) != HGR_OK)
            paths = NULL;
    return paths;
}

/* The root of the branch that keeps the most; NULL when there is none. */
static const hgr_root *first_root(const tool_session *session, const hgr_branches *branches)
{
    if (hgr_branches_count(branches) == 0)
        return NULL;
    uint32_t root = hgr_branches_get(branches, 0)->root;
    return root < session->nroots ? hgr_snapshot_root(session->snapshot, root) : NULL;
}

static void answer_set(tool_session *session, const hgr_branches *branches,
                       const struct members *members)
{
    char count[UNITS_TEXT], bytes[UNITS_TEXT];
    uint64_t ppm = opt_given(session->opts, OPT_ALL) ? 0 : opt_number(session->opts, OPT_MIN);
    hgr_paths *example = session_wants_json(session) ? find_example(session, members) : NULL;
    session_begin_answer(session);
    if (session_wants_json(session)) {
        out_object(&session->json, "set");
        out_u64(&session->json, "count", members->count);
        out_u64(&session->json, "bytes", members->bytes);
        out_end_object(&session->json);
        show_branches_json(session, branches);
        show_paths_json(session, example, example ? hgr_paths_count(example) : 0);
    } else {
        printf("%s, %s\n", units_things(count, members->count, "object"),
               units_amount(bytes, members->bytes, opt_given(session->opts, OPT_HUMAN)));
        show_branches(session, branches,
                      members->bytes / 1000000 * ppm + members->bytes % 1000000 * ppm / 1000000,
                      members->bytes);
    }
    hgr_paths_free(example);
    const hgr_root *root = first_root(session, branches);
    if (root && root->kind == HGR_ROOT_STACK)
        session_end_answer(session, "stacks", "--thread 0x%x --objects", root->thread_os_id);
    else
        session_end_answer(session, members->count ? "path" : NULL, "0x%" PRIx64,
                           members->count ? hgr_node_address(session->snapshot, members->first[0])
                                          : 0);
}

static int find_set_paths(tool_session *session, const set_expr *expr)
{
    hgr_status status = {0};
    hgr_set *set = NULL;
    hgr_branches *branches = NULL;
    int code = session_roots(session);
    if (code == EXIT_DONE)
        code = set_eval(session, expr, &set);
    if (code != EXIT_DONE)
        return code;
    struct members members = {.snapshot = session->snapshot};
    hgr_set_visit(set, add_member, &members);
    hgr_result result = hgr_branches_create(
        hgr_snapshot_graph(session->snapshot), session->roots, session->nroots, set, label_root,
        label_node, session_node_bytes, session->snapshot, session->run, &branches, &status);
    if (result == HGR_OK)
        answer_set(session, branches, &members);
    else
        code = session_fail(session, result, &status);
    hgr_branches_free(branches);
    hgr_set_free(set);
    return code;
}

int cmd_path(const tool_opts *opts)
{
    tool_session session = {0};
    set_expr *expr = NULL;
    const char *dump = NULL;
    uint64_t addr = 0;
    bool has_addr = false;
    int code = describe_operands(opts, &dump, &addr, &has_addr);
    if (code == EXIT_DONE)
        code = set_parse_option(opts, OPT_TO, &expr);
    if (code == EXIT_DONE && has_addr == (expr != NULL))
        code = opt_usage(
            opts, "%s; expected: heapgraph path DUMP ADDRESS, or heapgraph path DUMP --to EXPR",
            has_addr ? "both ADDRESS and --to given" : "neither ADDRESS nor --to given");
    if (code == EXIT_DONE)
        code = session_open(&session, opts, dump);
    else {
        free(expr);
        return code;
    }
    if (code == EXIT_DONE)
        code = has_addr ? find_object_paths(&session, addr) : find_set_paths(&session, expr);
    free(expr);
    return session_close(&session, code);
}
