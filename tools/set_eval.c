/* tools: evaluate a set expression, term after term (operands stand before the term that uses
 * them). */
#include "set_eval.h"

#include <stdlib.h>
#include <string.h>

int set_parse_option(const tool_opts *opts, opt_id id, set_expr **out)
{
    set_error error = {0};
    *out = NULL;
    if (!opt_given(opts, id))
        return EXIT_DONE;
    set_expr *expr = must_alloc(1, sizeof *expr);
    bool parsed = set_expr_parse(opt_text(opts, id), expr, &error);
    if (parsed && set_expr_has(expr, SET_FATE) && strcmp(opts->command->name, "diff") != 0) {
        parsed = false;
        error = (set_error){1, "new, gone, survived, grown and unknown need two dumps: heapgraph diff"};
    }
    if (parsed) {
        *out = expr;
        return EXIT_DONE;
    }
    free(expr);
    return opt_usage(opts, "--%s '%.80s', column %zu: %s", id == OPT_TO ? "to" : "set",
                     opt_text(opts, id), error.column, error.text);
}

bool set_expr_has(const set_expr *expr, set_op op)
{
    for (uint32_t i = 0; i < expr->count; i++)
        if (expr->terms[i].op == op)
            return true;
    return false;
}

/* What one test of a term compares; const while several threads ask. */
struct question {
    const hgr_snapshot *snapshot;
    const hgr_reach *reach;
    const bool *types;
    uint64_t number;
};

static bool is_reached(const void *user, hgr_node node)
{
    return hgr_reach_has(((const struct question *)user)->reach, node);
}

static bool is_unreached(const void *user, hgr_node node)
{
    return !is_reached(user, node);
}

static bool is_generation(const void *user, hgr_node node)
{
    const struct question *question = user;
    return (uint64_t)hgr_node_generation(question->snapshot, node) == question->number;
}

static bool is_large(const void *user, hgr_node node)
{
    const struct question *question = user;
    return hgr_node_bytes(question->snapshot, node) >= question->number;
}

static bool is_of_type(const void *user, hgr_node node)
{
    const struct question *question = user;
    return question->types[hgr_node_type(question->snapshot, node)];
}

static hgr_result find_where(tool_session *session, hgr_node_test_fn *test,
                             struct question *question, hgr_set **out, hgr_status *status)
{
    question->snapshot = session->snapshot;
    return hgr_set_where(session_nodes(session), test, question, session->run, out, status);
}

/* The type name nearest to a glob that matched nothing, or NULL. */
static const char *suggest_type(const tool_session *session, const char *glob)
{
    size_t len = strlen(glob);
    for (uint32_t t = 0; t < hgr_snapshot_types(session->snapshot); t++) {
        const char *name = hgr_snapshot_type(session->snapshot, t)->name,
                   *last = strrchr(name, '.');
        if (last && strncmp(last + 1, glob, len) == 0 && strchr("<[`+", last[1 + len]))
            return name;
    }
    return NULL;
}

static hgr_result find_types(tool_session *session, const char *glob, hgr_set **out,
                             hgr_status *status)
{
    uint32_t count = hgr_snapshot_types(session->snapshot);
    bool *types = must_alloc(count, sizeof *types), any = false;
    for (uint32_t t = 0; t < count; t++) {
        types[t] = set_glob_matches(glob, hgr_snapshot_type(session->snapshot, t)->name);
        any |= types[t];
    }
    if (!any) {
        const char *near = suggest_type(session, glob);
        session_note(session, "no type matches '%.200s'%s%.300s%s", glob,
                     near ? "; did you mean '" : " (names are whole, * and ? match anything)",
                     near ? near : "", near ? "'?" : "");
    }
    struct question question = {.types = types};
    hgr_result result = find_where(session, is_of_type, &question, out, status);
    free(types);
    return result;
}

static hgr_result find_pinned(tool_session *session, hgr_set **out, hgr_status *status)
{
    hgr_set *set = NULL;
    hgr_result result = hgr_set_create(&set, status);
    for (size_t i = 0; result == HGR_OK && i < hgr_snapshot_roots(session->snapshot); i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        if (root->kind == HGR_ROOT_PINNED || root->kind == HGR_ROOT_ASYNC_PINNED)
            result = hgr_set_add(set, root->node, status);
    }
    if (result != HGR_OK) {
        hgr_set_free(set);
        return result;
    }
    *out = set;
    return HGR_OK;
}

static hgr_result find_range(uint64_t first, uint64_t end, hgr_set **out, hgr_status *status)
{
    hgr_set *set = NULL;
    hgr_result result = hgr_set_create(&set, status);
    if (result == HGR_OK && first < end)
        result = hgr_set_add_range(set, first, end, status);
    if (result != HGR_OK) {
        hgr_set_free(set);
        return result;
    }
    *out = set;
    return HGR_OK;
}

/* Take over left: NOT of it becomes everything without it. */
static hgr_result find_complement(tool_session *session, hgr_set *left, hgr_set **out,
                                  hgr_status *status)
{
    hgr_result result = find_range(0, session_nodes(session), out, status);
    if (result == HGR_OK)
        hgr_set_and_not(*out, left);
    return result;
}

static hgr_result find_leaf(tool_session *session, const set_expr *expr, const set_term *term,
                            hgr_set **out, hgr_status *status)
{
    struct question question = {.number = term->number, .reach = session->reach};
    hgr_node node = HGR_NO_NODE;
    switch (term->op) {
    case SET_REACHABLE:
        return find_where(session, is_reached, &question, out, status);
    case SET_UNREACHABLE:
        return find_where(session, is_unreached, &question, out, status);
    case SET_GENERATION:
        return find_where(session, is_generation, &question, out, status);
    case SET_MIN:
        return find_where(session, is_large, &question, out, status);
    case SET_TYPE:
        return find_types(session, expr->texts + term->text, out, status);
    case SET_PINNED:
        return find_pinned(session, out, status);
    case SET_FATE: /* set_parse_option lets it pass for diff only, which has set the function */
        return session->fate_set(session, (int)term->number, out, status);
    case SET_ADDRESS:
        node = hgr_node_at(session->snapshot, term->number);
        if (node == HGR_NO_NODE)
            session_note(session, "no object starts at 0x%llx", (unsigned long long)term->number);
        return find_range(node == HGR_NO_NODE ? 1 : node,
                          node == HGR_NO_NODE ? 0 : (uint64_t)node + 1, out, status);
    case SET_FREE:
        session_note(session, "free blocks are no objects: the set is empty here; `heapgraph list "
                              "--set free` lists the large ones");
        return find_range(0, 0, out, status);
    default: /* SET_ALL */
        return find_range(0, session_nodes(session), out, status);
    }
}

/* One term from its operands' sets, which it may change: no other term uses them. */
static hgr_result find_term(tool_session *session, const set_expr *expr, const set_term *term,
                            hgr_set **sets, hgr_set **out, hgr_status *status)
{
    const hgr_graph *graph = hgr_snapshot_graph(session->snapshot);
    hgr_result result = HGR_OK;
    switch (term->op) {
    case SET_AND:
        hgr_set_and(sets[term->left], sets[term->right]);
        break;
    case SET_OR:
        result = hgr_set_or(sets[term->left], sets[term->right], status);
        break;
    case SET_NOT:
        return find_complement(session, sets[term->left], out, status);
    case SET_HELD_BY:
        return hgr_set_retained(graph, session->roots, session->nroots, sets[term->left],
                                session->run, out, status);
    case SET_HOLDS:
        return hgr_set_neighbours(graph, sets[term->left], true, session->run, out, status);
    default:
        return find_leaf(session, expr, term, out, status);
    }
    if (result != HGR_OK)
        return result;
    *out = sets[term->left];
    sets[term->left] = NULL;
    return HGR_OK;
}

static int prepare(tool_session *session, const set_expr *expr)
{
    int code = session_scan(session, HGR_SCAN_GRAPH);
    for (uint32_t i = 0; code == EXIT_DONE && i < expr->count; i++) {
        set_op op = expr->terms[i].op;
        if (op == SET_REACHABLE || op == SET_UNREACHABLE)
            code = session_reach(session);
        else if (op == SET_HELD_BY)
            code = session_roots(session);
    }
    return code;
}

int set_eval(tool_session *session, const set_expr *expr, hgr_set **out)
{
    hgr_status status = {0};
    hgr_result result = HGR_OK;
    int code = prepare(session, expr);
    if (code != EXIT_DONE)
        return code;
    hgr_set **sets = must_alloc(expr->count, sizeof(hgr_set *));
    for (uint32_t i = 0; result == HGR_OK && i < expr->count; i++)
        result = find_term(session, expr, &expr->terms[i], sets, &sets[i], &status);
    if (result == HGR_OK) {
        *out = sets[expr->count - 1];
        sets[expr->count - 1] = NULL;
    } else {
        code = session_fail(session, result, &status);
    }
    for (uint32_t i = 0; i < expr->count; i++)
        hgr_set_free(sets[i]);
    free((void *)sets);
    return code;
}
