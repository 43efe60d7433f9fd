/* Owner paths by definition: the dominators of a node from the top, folded step by step, as text. */
#include "owner_paths_slow.h"

#include <stdio.h>
#include <string.h>

#define STEPS 512

struct step {
    char name[128], field[128];
    bool joint;
};

static void describe_root(const hgr_diff_view *view, hgr_node u, char *out, size_t size)
{
    for (size_t r = 0; r < view->nroots; r++)
        if (view->roots[r] == u) {
            view->root_name(view->user, r, out, size);
            return;
        }
    snprintf(out, size, "(several roots)");
}

/* The field of the first reference from the dominator, if there is one. */
static void describe_field(const hgr_diff_view *view, hgr_node holder, hgr_node u, struct step *out)
{
    uint32_t count;
    const hgr_node *targets = hgr_graph_targets(view->graph, holder, &count);
    for (uint32_t e = 0; e < count; e++)
        if (targets[e] == u) {
            view->place_name(view->user, holder, e, out->field, sizeof out->field);
            return;
        }
    out->joint = true;
}

static size_t fold(struct step *steps, size_t count, const struct step *next)
{
    if (count > 1 && strcmp(steps[count - 1].name, next->name) == 0)
        return count;
    for (size_t up = 1; up <= 4 && count > up; up++) {
        const struct step *at = &steps[count - up];
        if (strcmp(at->name, next->name) == 0 && at->joint == next->joint &&
            strcmp(at->field, next->field) == 0)
            return count - up + 1;
    }
    steps[count] = *next;
    return count + 1;
}

void owner_path_slow(const hgr_diff_view *view, hgr_node u, char out[SLOW_TEXT])
{
    const hgr_node *idom = hgr_domtree_idom(view->tree);
    hgr_node chain[STEPS];
    struct step steps[STEPS];
    size_t length = 0, count = 1;
    uint32_t n = hgr_graph_nodes(view->graph);
    memset(steps, 0, sizeof steps);
    for (hgr_node at = u; at < n && length < STEPS; at = idom[u] == HGR_NO_NODE ? n : idom[at])
        chain[length++] = at;
    if (idom[u] == HGR_NO_NODE)
        snprintf(steps[0].name, sizeof steps[0].name, "(unreachable)");
    else
        describe_root(view, chain[length - 1], steps[0].name, sizeof steps[0].name);
    for (size_t i = length; i-- > 0;) {
        hgr_diff_type_of_view type;
        struct step next = {.joint = false};
        view->type(view->user, view->type_of(view->user, chain[i]), &type);
        snprintf(next.name, sizeof next.name, "%s", type.name);
        if (i + 1 < length)
            describe_field(view, chain[i + 1], chain[i], &next);
        count = fold(steps, count, &next);
    }
    size_t len = (size_t)snprintf(out, SLOW_TEXT, "%s", steps[0].name);
    for (size_t i = 1; i < count && len < SLOW_TEXT; i++)
        len += (size_t)snprintf(out + len, SLOW_TEXT - len, "%s%s%s%s",
                                steps[i].joint || !*steps[i].field ? "" : ".", steps[i].field,
                                steps[i].joint ? " → … → " : " → ", steps[i].name);
}
