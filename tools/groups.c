/* tools: partition types into rows and add up their objects. */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

size_t groups_namespace_length(const char *type_name)
{
    size_t len = 0;
    for (size_t i = 0; type_name[i] && !strchr("<[+`(", type_name[i]); i++)
        if (type_name[i] == '.')
            len = i;
    return len;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *backslash = strrchr(path, '\\');
    const char *last = slash > backslash ? slash : backslash;
    return last ? last + 1 : path;
}

/* The text by which types fall together, and what else keeps them apart. */
struct label {
    const char *name;
    size_t len;
    const char *module;    /* "" unless modules count */
    uint64_t method_table; /* 0 unless method tables count */
    uint32_t type;
};

static struct label label_type(const hgr_type_info *info, uint32_t type, group_by by)
{
    struct label label = {info->name, strlen(info->name), "", 0, type};
    if (by == BY_TYPE)
        label.module = info->module;
    if (by == BY_METHOD_TABLE)
        label.method_table = info->method_table_addr;
    if (by == BY_NAMESPACE)
        label.len = groups_namespace_length(info->name);
    if (by == BY_ASSEMBLY) {
        label.name = base_name(info->module);
        label.len = strlen(label.name);
    }
    if (by == BY_NAMESPACE || by == BY_ASSEMBLY)
        if (label.len == 0) {
            label.name = "(none)";
            label.len = strlen(label.name);
        }
    return label;
}

static int compare_groups(const struct label *a, const struct label *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->name, b->name, len);
    if (order == 0)
        order = (a->len > b->len) - (a->len < b->len);
    if (order == 0)
        order = strcmp(a->module, b->module);
    if (order == 0)
        order = (a->method_table > b->method_table) - (a->method_table < b->method_table);
    return order;
}

static int compare_labels(const void *left, const void *right)
{
    const struct label *a = left, *b = right;
    int order = compare_groups(a, b);
    return order ? order : (a->type > b->type) - (a->type < b->type);
}

static char *copy_text(const char *text, size_t len)
{
    char *copy = must_alloc(len + 1, 1);
    memcpy(copy, text, len);
    return copy;
}

static void init_generations(tool_groups *groups)
{
    groups->count = HGR_GENERATIONS;
    groups->rows = must_alloc(groups->count, sizeof *groups->rows);
    for (uint32_t g = 0; g < groups->count; g++) {
        const char *name = hgr_generation_name((hgr_generation)g);
        groups->rows[g].name = copy_text(name, strlen(name));
    }
}

void groups_init(tool_groups *groups, const hgr_snapshot *snapshot, group_by by)
{
    *groups = (struct tool_groups){0};
    if (by == BY_GENERATION) {
        init_generations(groups);
        return;
    }
    uint32_t ntypes = hgr_snapshot_types(snapshot);
    struct label *labels = must_alloc(ntypes, sizeof *labels);
    groups->rows = must_alloc(ntypes, sizeof *groups->rows);
    groups->types = must_alloc(ntypes, sizeof *groups->types);
    groups->of_type = must_alloc(ntypes, sizeof *groups->of_type);
    for (uint32_t t = 0; t < ntypes; t++)
        labels[t] = label_type(hgr_snapshot_type(snapshot, t), t, by);
    qsort(labels, ntypes, sizeof *labels, compare_labels);
    for (uint32_t i = 0; i < ntypes; i++) {
        if (i == 0 || compare_groups(&labels[i - 1], &labels[i]) != 0) {
            tool_group *row = &groups->rows[groups->count++];
            row->name = copy_text(labels[i].name, labels[i].len);
            row->first = i;
        }
        groups->rows[groups->count - 1].end = i + 1;
        groups->types[i] = labels[i].type;
        groups->of_type[labels[i].type] = groups->count - 1;
    }
    free(labels);
}

void groups_fini(tool_groups *groups)
{
    for (uint32_t g = 0; g < groups->count; g++)
        free(groups->rows[g].name);
    free(groups->rows);
    free(groups->types);
    free(groups->of_type);
    *groups = (struct tool_groups){0};
}

static void add_members(tool_group *row, unsigned generation, uint64_t count, uint64_t bytes)
{
    row->count += count;
    row->bytes += bytes;
    row->generation_count[generation] += count;
    row->generation_bytes[generation] += bytes;
}

struct counting {
    tool_groups *groups;
    const hgr_snapshot *snapshot;
};

static uint32_t row_of(const tool_groups *groups, const hgr_snapshot *snapshot, hgr_node node)
{
    if (!groups->of_type)
        return (uint32_t)hgr_node_generation(snapshot, node);
    return groups->of_type[hgr_node_type(snapshot, node)];
}

static bool count_node(void *user, hgr_node node)
{
    const struct counting *counting = user;
    add_members(&counting->groups->rows[row_of(counting->groups, counting->snapshot, node)],
                (unsigned)hgr_node_generation(counting->snapshot, node), 1,
                hgr_node_bytes(counting->snapshot, node));
    return true;
}

void groups_count(tool_groups *groups, const hgr_snapshot *snapshot, const hgr_set *set)
{
    struct counting counting = {groups, snapshot};
    if (set) {
        hgr_set_visit(set, count_node, &counting);
        return;
    }
    for (uint32_t t = 0; t < hgr_snapshot_types(snapshot); t++)
        for (unsigned g = 0; g < HGR_GENERATIONS; g++)
            add_members(&groups->rows[groups->of_type ? groups->of_type[t] : g], g,
                        hgr_snapshot_type_count(snapshot, t, (hgr_generation)g),
                        hgr_snapshot_type_bytes(snapshot, t, (hgr_generation)g));
}

int groups_retain(tool_groups *groups, tool_session *session, const hgr_set *set)
{
    hgr_status status = {0};
    hgr_class_totals *totals = NULL;
    int code = session_tree(session);
    if (code != EXIT_DONE)
        return code;
    /* Class `count` holds what is not in the set. */
    uint32_t n = session_nodes(session), nclasses = groups->count + (set != NULL);
    uint32_t *class_of = must_alloc(n, sizeof *class_of);
    for (hgr_node u = 0; u < n; u++)
        class_of[u] =
            set && !hgr_set_has(set, u) ? groups->count : row_of(groups, session->snapshot, u);
    hgr_result result = hgr_class_totals_create(
        hgr_snapshot_graph(session->snapshot), session->tree, session->roots, session->nroots,
        class_of, nclasses, session_node_bytes, session->snapshot, session->run, &totals, &status);
    free(class_of);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    for (uint32_t g = 0; g < groups->count; g++) {
        groups->rows[g].retained_bytes = totals[g].retained_bytes;
        groups->rows[g].owned_bytes = totals[g].owned_bytes;
    }
    hgr_class_totals_free(totals);
    return EXIT_DONE;
}
