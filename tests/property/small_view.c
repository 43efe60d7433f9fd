/* Fake dumps for the diff: views over plain arrays. */
#include "small_view.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8",
                                    "C9", "C10", "C11", "C12", "C13", "C14", "C15"};

static uint32_t type_of(const void *user, hgr_node u)
{
    return ((const struct small_view *)user)->class_of[u];
}

static uint64_t bytes_of(const void *user, hgr_node u)
{
    return ((const struct small_view *)user)->bytes[u];
}

static void describe_type(const void *user, uint32_t type, hgr_diff_type_of_view *out)
{
    const struct small_view *view = user;
    *out = (hgr_diff_type_of_view){.name = names[type],
                                   .module = type % 2 ? "/usr/lib/lib.dll" : "C:\\lib\\lib.dll",
                                   .method_table_addr = 0x1000 + 8 * type};
    for (hgr_node u = 0; u < hgr_graph_nodes(view->graph); u++)
        if (view->class_of[u] == type) {
            out->count++;
            out->bytes += view->bytes[u];
        }
}

static size_t root_name(const void *user, size_t root, char *buffer, size_t size)
{
    (void)user;
    return (size_t)snprintf(buffer, size, "root %c", (char)('a' + root % 3));
}

static void find_places(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user)
{
    const struct small_view *view = user;
    uint32_t count;
    hgr_graph_targets(view->graph, u, &count);
    for (uint32_t e = 0; e < count; e++)
        visit(visit_user, e, e % 3);
}

static size_t place_name(const void *user, hgr_node u, uint32_t e, char *buffer, size_t size)
{
    (void)user;
    (void)u;
    return (size_t)(e % 3 == 2 ? snprintf(buffer, size, "%s", "") /* as in an array */
                               : snprintf(buffer, size, "f%u", e % 3));
}

bool small_view_create(hgr_graph *graph, const uint32_t *class_of, const uint64_t *bytes,
                       uint32_t nclasses, const hgr_node *roots, size_t nroots, const hgr_run *run,
                       struct small_view *out)
{
    *out = (struct small_view){.class_of = class_of, .bytes = bytes, .graph = graph};
    if (!graph || hgr_domtree_create(graph, roots, nroots, run, &out->tree, NULL) != HGR_OK)
        return false;
    out->view = (hgr_diff_view){
        .user = out,
        .graph = graph,
        .tree = out->tree,
        .roots = roots,
        .nroots = nroots,
        .ntypes = nclasses,
        .type_of = type_of,
        .bytes = bytes_of,
        .type = describe_type,
        .root_name = root_name,
        .places = find_places,
        .place_name = place_name,
    };
    return true;
}

void small_view_free(struct small_view *view)
{
    hgr_domtree_free(view->tree);
    hgr_graph_free(view->graph);
}
