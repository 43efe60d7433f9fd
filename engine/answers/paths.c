/* answers: root paths of one node. graph + roots + target → shortest path per root object.
 *
 * The shortest path of all comes from a breadth-first walk that ends where the target is found. The
 * others from one walk over the referrers, starting at the target: its tree is a shortest way to
 * the target from every node that has one. */
#include <stdlib.h>
#include <string.h>

#include "leaves.h"
#include "reach.h"
#include "roots.h"
#include "../base/run.h"
#include "../base/status.h"

#define PATH_NODES_MAX                                                                             \
    (UINT64_C(1) << 26) /* nodes of all paths together; paths beyond are left out */

struct hgr_paths {
    size_t    count, total;
    hgr_path *paths;
    hgr_node *nodes; /* of all paths, one after the other */
};

struct candidate {
    uint32_t length, root;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->root < y->root ? -1 : x->root > y->root;
}

/* The shortest path of each root object that has one: earliest root index, shortest first. */
static hgr_result find_candidates(const hgr_reach *back, const hgr_node *roots, size_t nroots,
                                  const hgr_run *run, struct candidate **out, size_t *out_count,
                                  hgr_status *status)
{
    struct candidate *found = NULL;
    uint64_t *seen = NULL;
    size_t count = 0;
    hgr_result result = hgr_alloc(run, nroots, sizeof *found, "root paths", &found, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, ((size_t)back->n + 63) / 64, sizeof *seen, "root objects", &seen,
                           status);
    if (result != HGR_OK) {
        hgr_free(found);
        return result;
    }
    for (size_t r = 0; r < nroots; r++) {
        hgr_node u = roots[r];
        if (!hgr_reach_has(back, u) || hgr_bit(seen, u))
            continue;
        seen[u >> 6] |= UINT64_C(1) << (u & 63);
        found[count++] = (struct candidate){hgr_reach_distance(back, u), (uint32_t)r};
    }
    hgr_free(seen);
    qsort(found, count, sizeof *found, compare_candidates);
    *out = found;
    *out_count = count;
    return HGR_OK;
}

/* Room for as many of the first `limit` paths as PATH_NODES_MAX allows, the first always. */
static hgr_result make_room(hgr_paths *paths, const struct candidate *candidates,
                            size_t ncandidates, size_t limit, const hgr_run *run,
                            hgr_status *status)
{
    uint64_t nodes = candidates[0].length;
    size_t count = 1;
    for (; count < ncandidates && count < limit; count++) {
        if (nodes + candidates[count].length > PATH_NODES_MAX)
            break;
        nodes += candidates[count].length;
    }
    hgr_result result = hgr_alloc(run, count, sizeof *paths->paths, "paths", &paths->paths, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, nodes, sizeof *paths->nodes, "path nodes", &paths->nodes, status);
    if (result != HGR_OK)
        return result;
    hgr_node *at = paths->nodes;
    for (size_t k = 0; k < count; k++) {
        paths->paths[k] = (hgr_path){candidates[k].root, candidates[k].length, at};
        at += candidates[k].length;
    }
    paths->count = count;
    return HGR_OK;
}

/* From the root object down the tree of referrers. */
static void fill_down(const hgr_reach *back, hgr_node u, hgr_path *path)
{
    for (uint32_t k = 0; k < path->length; k++, u = hgr_reach_parent(back, u))
        path->nodes[k] = u;
}

static hgr_result find_all(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                           hgr_node target, size_t limit, const hgr_run *run, hgr_paths *paths,
                           hgr_status *status)
{
    hgr_graph *referrers = NULL;
    hgr_reach *back = NULL;
    struct candidate *candidates = NULL;
    size_t count = 0;
    hgr_result result = hgr_graph_transpose(graph, run, &referrers, status);
    if (result == HGR_OK)
        result = hgr_reach_create(referrers, &target, 1, NULL, run, &back, status);
    hgr_graph_free(referrers);
    if (result == HGR_OK)
        result = find_candidates(back, roots, nroots, run, &candidates, &count, status);
    if (result == HGR_OK)
        result = make_room(paths, candidates, count, limit, run, status);
    if (result != HGR_OK)
        goto done;
    paths->total = count;
    for (size_t k = 0; k < paths->count; k++)
        fill_down(back, roots[paths->paths[k].root], &paths->paths[k]);
done:
    hgr_free(candidates);
    hgr_reach_free(back);
    return result;
}

/* The nodes of the shortest path of all, and its length and root. */
static hgr_result find_shortest(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                                hgr_node target, const hgr_run *run, hgr_path *out,
                                hgr_status *status)
{
    hgr_reach *reach = NULL;
    hgr_path path = {0};
    hgr_result result = hgr_reach_until(graph, roots, nroots, NULL, target, run, &reach, status);
    if (result != HGR_OK)
        return result;
    if (hgr_reach_has(reach, target)) {
        path.length = hgr_reach_distance(reach, target);
        path.root = hgr_reach_root(reach, target);
        result = hgr_alloc(run, path.length, sizeof *path.nodes, "path nodes", &path.nodes, status);
    } else {
        result = hgr_fail(status, HGR_NOT_FOUND, "paths: no root reaches node %u", target);
    }
    if (result == HGR_OK) {
        for (uint32_t k = path.length; k-- > 0; target = hgr_reach_parent(reach, target))
            path.nodes[k] = target;
        *out = path;
    }
    hgr_reach_free(reach);
    return result;
}

hgr_result hgr_paths_create(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                            hgr_node target, size_t limit, const hgr_run *run, hgr_paths **out,
                            hgr_status *status)
{
    hgr_paths *paths = NULL;
    hgr_path shortest = {0};
    if (target >= graph->n || limit == 0)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "paths: target %u of %u nodes, limit %zu", target,
                        graph->n, limit);
    hgr_result result = find_shortest(graph, roots, nroots, target, run, &shortest, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, 1, sizeof *paths, "paths", &paths, status);
    if (result != HGR_OK)
        goto done;
    struct candidate only = {shortest.length, shortest.root};
    if (limit == 1)
        result = make_room(paths, &only, 1, 1, run, status);
    else
        result = find_all(graph, roots, nroots, target, limit, run, paths, status);
    if (result != HGR_OK)
        goto done;
    /* Among equally short ways the first path takes the same one whatever the limit. */
    memcpy(paths->paths[0].nodes, shortest.nodes, shortest.length * sizeof *shortest.nodes);
    *out = paths;
    paths = NULL;
done:
    hgr_free(shortest.nodes);
    hgr_paths_free(paths);
    return result;
}

void hgr_paths_free(hgr_paths *paths)
{
    if (!paths)
        return;
    hgr_free(paths->nodes);
    hgr_free(paths->paths);
    hgr_free(paths);
}

size_t hgr_paths_count(const hgr_paths *paths)
{
    return paths->count;
}

size_t hgr_paths_total(const hgr_paths *paths)
{
    return paths->total;
}

const hgr_path *hgr_paths_get(const hgr_paths *paths, size_t index)
{
    return index < paths->count ? &paths->paths[index] : NULL;
}
