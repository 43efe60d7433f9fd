/* tools: `diff` for people: the verdict in words, the owner paths as a tree, the types. */
#include "diff_answer.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

/* ---- the verdict ---- */

/* Between a step and the next: "._items → ", " → ", " → … → ". */
static void add_link(strbuf *out, const hgr_diff_path *path)
{
    if (!path->field)
        strbuf_add_z(out, " → …");
    else if (*path->field)
        strbuf_format(out, "%s%s", *path->field == '(' ? " " : ".", path->field);
    strbuf_add_z(out, " → ");
}

static void add_path(const diff_answer *answer, uint32_t p, bool brief, strbuf *out)
{
    const hgr_diff_path *path = hgr_diff_path_get(answer->diff, p);
    if (path->depth > 1) /* as deep as owner paths are: a few hundred */
        add_path(answer, path->parent, brief, out);
    if (path->depth > 1)
        add_link(out, path);
    if (brief)
        strbuf_add_brief(out, path->name);
    else
        strbuf_add_z(out, path->name);
}

static void print_path(const diff_answer *answer, uint32_t path)
{
    strbuf whole = {0}, brief = {0}, fitted = {0}, safe = {0};
    size_t width = term_of(answer->opts).width;
    add_path(answer, path, false, &whole);
    add_path(answer, path, true, &brief);
    strbuf_add_fitted(&fitted, strbuf_get(&whole), strbuf_get(&brief),
                      width < 48 || width == SIZE_MAX ? SIZE_MAX : width - 4);
    strbuf_add_safe(&safe, strbuf_get(&fitted));
    fputs(strbuf_get(&safe), stdout);
    strbuf_fini(&safe);
    strbuf_fini(&fitted);
    strbuf_fini(&brief);
    strbuf_fini(&whole);
}

static void print_growth_line(const diff_answer *answer)
{
    const hgr_diff_amount *total = hgr_diff_total(answer->diff);
    bool human = opt_given(answer->opts, OPT_HUMAN);
    char first[UNITS_TEXT], last[UNITS_TEXT], growth[48];
    uint32_t end = answer->sides - 1;
    printf("bytes    %s → %s  (%s)\n", units_bytes(first, total[0].bytes, human),
           units_bytes(last, total[end].bytes, human),
           diff_signed(growth, hgr_diff_growth(answer->diff, total), true, human));
    printf("objects  %s → %s  (%s)\n", units_count(first, total[0].count),
           units_count(last, total[end].count),
           diff_signed(growth, diff_count_growth(answer, total), false, false));
}

static bool is_same(const diff_answer *answer)
{
    for (uint32_t t = 0; t < hgr_diff_types(answer->diff); t++) {
        const hgr_diff_amount *amounts = hgr_diff_type_amounts(answer->diff, t);
        for (uint32_t k = 1; k < answer->sides; k++)
            if (amounts[k].count != amounts[0].count || amounts[k].bytes != amounts[0].bytes)
                return false;
    }
    return true;
}

/* A command to go on with, ready to be pasted. */
static void print_command(const diff_answer *answer, const char *command, const char *option,
                          const char *type)
{
    strbuf set = {0}, line = {0}, safe = {0};
    strbuf_format(&set, "type=\"%s\"", type);
    strbuf_format(&line, "heapgraph %s ", command);
    session_add_word(&line, answer->dumps[answer->sides - 1].path);
    strbuf_format(&line, " %s ", option);
    session_add_word(&line, strbuf_get(&set));
    strbuf_add_safe(&safe, strbuf_get(&line));
    printf("  next: %s\n", strbuf_get(&safe));
    strbuf_fini(&safe);
    strbuf_fini(&line);
    strbuf_fini(&set);
}

static void print_next(const diff_answer *answer, const hgr_diff_suspect *suspect)
{
    const hgr_diff_path *owner = hgr_diff_path_get(answer->diff, suspect->accumulation);
    if (owner->type == UINT32_MAX)
        owner = hgr_diff_path_get(answer->diff, suspect->leaf);
    if (owner->type == UINT32_MAX || opt_given(answer->opts, OPT_QUIET))
        return;
    print_command(answer, "path", "--to", owner->name);
    print_command(answer, "retained", "--set", owner->name);
}

static void print_suspect(const diff_answer *answer, const hgr_diff_suspect *suspect, size_t number)
{
    const hgr_diff *diff = answer->diff;
    bool human = opt_given(answer->opts, OPT_HUMAN);
    char bytes[UNITS_TEXT], count[UNITS_TEXT];
    strbuf name = {0};
    strbuf_add_safe(&name, hgr_diff_path_get(diff, suspect->root)->name);
    int64_t held = hgr_diff_growth(diff, hgr_diff_path_sums(diff, suspect->root));
    printf("\nSuspect %zu: %s holds %s more%s\n", number, strbuf_get(&name),
           units_amount(bytes, (uint64_t)held, human),
           answer->sides > 2 ? ", and more in every dump" : "");
    if (suspect->growth_count > 0)
        printf("  %s more objects accumulate in\n    ",
               units_count(count, (uint64_t)suspect->growth_count));
    else
        printf("  what grew is\n    ");
    print_path(answer, suspect->accumulation);
    if (suspect->leaf != suspect->accumulation) {
        strbuf_clear(&name);
        strbuf_add_safe(&name, hgr_diff_path_get(diff, suspect->leaf)->name);
        printf("\n  most of them %s", strbuf_get(&name));
    }
    putchar('\n');
    print_next(answer, suspect);
    strbuf_fini(&name);
}

static void print_verdict(const diff_answer *answer)
{
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    size_t count = hgr_diff_suspects(answer->diff, suspects);
    print_growth_line(answer);
    for (size_t i = 0; i < count; i++)
        print_suspect(answer, &suspects[i], i + 1);
    if (count > 0)
        return;
    if (is_same(answer))
        puts("\nNothing changed: every type has the same number of objects and bytes.");
    else
        printf("\nNo suspect: no root holds%s so much more that it stands out (0.5 %% of the heap, "
               "16 KiB).\n",
               answer->sides > 2 ? " more in every step, and" : "");
}

/* ---- the tree of owner paths ---- */

struct tree {
    const diff_answer *answer;
    const diff_rows   *rows;
    tool_table         table;
    uint32_t           marked[HGR_DIFF_SUSPECTS];
    size_t             nmarked;
};

static int64_t held_growth(const diff_answer *answer, uint32_t path)
{
    return hgr_diff_growth(answer->diff, hgr_diff_path_sums(answer->diff, path));
}

static void put_numbers(struct tree *tree, int64_t bytes, int64_t own, int64_t count)
{
    bool human = opt_given(tree->answer->opts, OPT_HUMAN);
    char text[48];
    table_text(&tree->table, diff_signed(text, bytes, true, human));
    table_text(&tree->table, diff_signed(text, own, true, human));
    table_text(&tree->table, diff_signed(text, count, false, false));
}

static void put_steps(struct tree *tree, const hgr_diff_amount *amounts)
{
    strbuf steps = {0};
    char text[48];
    for (uint32_t k = 1; k < tree->answer->sides; k++)
        strbuf_format(&steps, "%s%s", k > 1 ? " " : "",
                      diff_signed(text, (int64_t)(amounts[k].bytes - amounts[k - 1].bytes), true,
                                  opt_given(tree->answer->opts, OPT_HUMAN)));
    table_text(&tree->table, strbuf_get(&steps));
    strbuf_fini(&steps);
}

#define INDENT_MAX 24 /* deeper rows keep this indentation */

static void put_path(struct tree *tree, uint32_t p)
{
    const hgr_diff *diff = tree->answer->diff;
    const hgr_diff_path *path = hgr_diff_path_get(diff, p);
    const hgr_diff_amount *own = hgr_diff_path_own(diff, p);
    strbuf text = {0}, brief = {0};
    put_numbers(tree, held_growth(tree->answer, p), hgr_diff_growth(diff, own),
                diff_count_growth(tree->answer, own));
    put_steps(tree, hgr_diff_path_sums(diff, p));
    for (uint32_t d = 1; d < path->depth && d < INDENT_MAX; d++)
        strbuf_add_z(&text, "  ");
    if (path->depth > 1 && !path->field)
        strbuf_add_z(&text, "… → ");
    else if (path->depth > 1 && *path->field)
        strbuf_format(&text, "%s%s → ", *path->field == '(' ? "" : ".", path->field);
    else if (path->depth > 1)
        strbuf_add_z(&text, "→ ");
    strbuf_add_z(&brief, strbuf_get(&text));
    strbuf_add_z(&text, path->name);
    strbuf_add_brief(&brief, path->name);
    for (size_t i = 0; i < tree->nmarked; i++)
        if (tree->marked[i] == p) {
            strbuf_format(&text, "   ◀ suspect %zu: accumulates here", i + 1);
            strbuf_add_z(&brief, "   ◀");
        }
    table_text_or(&tree->table, strbuf_get(&text), strbuf_get(&brief));
    strbuf_fini(&brief);
    strbuf_fini(&text);
}

/* Where rows[at] and all shown rows below it end. */
static size_t find_end(const struct tree *tree, size_t at)
{
    uint32_t next = hgr_diff_path_next(tree->answer->diff, tree->rows->ids[at]);
    while (at < tree->rows->count && tree->rows->ids[at] < next)
        at++;
    return at;
}

struct child {
    int64_t  growth;
    uint32_t row, path;
};

static int by_growth(const void *left, const void *right)
{
    const struct child *a = left, *b = right;
    if (a->growth != b->growth)
        return a->growth > b->growth ? -1 : 1;
    return (a->path > b->path) - (a->path < b->path);
}

/* What no row shows, so that each row is the sum of its own and the rows below. */
static void put_rest(struct tree *tree, uint32_t p, int64_t bytes, uint64_t hidden)
{
    char text[128], count[UNITS_TEXT];
    uint32_t depth = hgr_diff_path_get(tree->answer->diff, p)->depth;
    if (bytes == 0 && hidden == 0)
        return;
    table_text(&tree->table, diff_signed(text, bytes, true, opt_given(tree->answer->opts, OPT_HUMAN)));
    for (int i = 0; i < 3; i++)
        table_empty(&tree->table);
    int indent = (int)(2 * (depth < INDENT_MAX ? depth : INDENT_MAX));
    snprintf(text, sizeof text, "%*s(other: %s)", p == HGR_DIFF_TOP ? 0 : indent, "",
             units_count(count, hidden));
    table_text(&tree->table, text);
}

/* Paths right below p that changed. */
static uint64_t count_changed(const diff_answer *answer, uint32_t p)
{
    uint64_t count = 0;
    uint32_t child = p + 1;
    for (uint32_t i = 0; i < hgr_diff_path_get(answer->diff, p)->children; i++) {
        count += held_growth(answer, child) != 0;
        child = hgr_diff_path_next(answer->diff, child);
    }
    return count;
}

/* Depth is bounded by the depth of owner paths. */
static void put_tree(struct tree *tree, size_t at)
{
    const diff_answer *answer = tree->answer;
    uint32_t p = tree->rows->ids[at];
    size_t end = find_end(tree, at), nchildren = 0;
    struct child *children = must_alloc(end - at, sizeof *children);
    int64_t rest = held_growth(answer, p) -
                   hgr_diff_growth(answer->diff, hgr_diff_path_own(answer->diff, p));
    uint64_t hidden = count_changed(answer, p);
    if (p != HGR_DIFF_TOP)
        put_path(tree, p);
    for (size_t row = at + 1; row < end; row = find_end(tree, row)) {
        struct child *child = &children[nchildren++];
        *child = (struct child){held_growth(answer, tree->rows->ids[row]), (uint32_t)row,
                                tree->rows->ids[row]};
        rest -= child->growth;
        hidden -= child->growth != 0;
    }
    if (nchildren > 1)
        qsort(children, nchildren, sizeof *children, by_growth);
    for (size_t i = 0; i < nchildren; i++)
        put_tree(tree, children[i].row);
    put_rest(tree, p, rest, hidden);
    free(children);
}

static void print_paths(const diff_answer *answer)
{
    const table_column columns[] = {
        {"bytes", TABLE_BYTES},
        {"own bytes", TABLE_BYTES},
        {"own count", TABLE_COUNT},
        {"bytes by step", answer->sides > 2 ? TABLE_TEXT : TABLE_SKIP},
        {"owner path", TABLE_TEXT},
    };
    diff_rows rows = diff_pick_paths(answer, session_top(&answer->last, false), false);
    struct tree tree = {.answer = answer, .rows = &rows};
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    tree.nmarked = hgr_diff_suspects(answer->diff, suspects);
    for (size_t i = 0; i < tree.nmarked; i++)
        tree.marked[i] = suspects[i].accumulation;
    if (rows.count > 1) {
        printf("\nBy owner: growth of what each path holds; each object counts once, at its nearest owner\n");
        table_init(&tree.table, answer->opts, session_pointer_size(&answer->last), columns, 5,
                   answer->sides > 2 ? "that grew in every step" : NULL);
        put_tree(&tree, 0);
        put_numbers(&tree, held_growth(answer, HGR_DIFF_TOP), 0,
                    diff_count_growth(answer, hgr_diff_path_sums(answer->diff, HGR_DIFF_TOP)));
        put_steps(&tree, hgr_diff_total(answer->diff));
        table_text(&tree.table, "(all objects)");
        table_finish(&tree.table);
    }
    free(rows.ids);
}

/* ---- types ---- */

static void put_type(struct tree *tree, uint32_t t)
{
    const diff_answer *answer = tree->answer;
    const hgr_diff_amount *amounts = hgr_diff_type_amounts(answer->diff, t);
    const hgr_diff_amount *last = &amounts[answer->sides - 1];
    const hgr_diff_type *type = hgr_diff_type_get(answer->diff, t);
    strbuf name = {0};
    put_numbers(tree, hgr_diff_growth(answer->diff, amounts),
                (int64_t)(last->retained_bytes - amounts[0].retained_bytes),
                diff_count_growth(answer, amounts));
    table_number(&tree->table, amounts[0].count);
    table_number(&tree->table, last->count);
    const diff_fates *fates = answer->objects.of_type ? &answer->objects.of_type[t] : NULL;
    table_number(&tree->table, fates ? fates->fresh : 0);
    table_number(&tree->table, fates ? fates->gone : 0);
    put_steps(tree, amounts);
    strbuf_add_z(&name, type->name);
    if (type->position)
        strbuf_format(&name, "  (#%u of this name)", type->position + 1);
    strbuf brief = {0};
    strbuf_add_brief(&brief, strbuf_get(&name));
    table_text_or(&tree->table, strbuf_get(&name), strbuf_get(&brief));
    strbuf_fini(&brief);
    strbuf_fini(&name);
}

static void print_types(const diff_answer *answer)
{
    const table_column columns[] = {
        {"bytes", TABLE_BYTES},         {"retained", TABLE_BYTES}, {"count", TABLE_COUNT},
        {"count before", TABLE_COUNT},  {"after", TABLE_COUNT},
        {"new", answer->objects.of_type ? TABLE_COUNT : TABLE_SKIP},
        {"gone", answer->objects.of_type ? TABLE_COUNT : TABLE_SKIP},
        {"bytes by step", answer->sides > 2 ? TABLE_TEXT : TABLE_SKIP},
        {"type", TABLE_TEXT},
    };
    diff_rows rows = diff_pick_types(answer, session_top(&answer->last, false), false);
    struct tree tree = {.answer = answer, .rows = &rows};
    char more[UNITS_TEXT];
    if (rows.count > 0) {
        printf("\nBy type: growth\n");
        table_init(&tree.table, answer->opts, session_pointer_size(&answer->last), columns, 9,
                   answer->sides > 2 ? "that grew in every step, sorted by growth"
                                     : "sorted by growth, then name");
        for (size_t i = 0; i < rows.count; i++)
            put_type(&tree, rows.ids[i]);
        table_finish(&tree.table);
        if (rows.total > rows.count)
            printf("(%s more types changed: --all)\n", units_count(more, rows.total - rows.count));
    }
    free(rows.ids);
}

static void print_lost(const diff_answer *answer)
{
    for (uint32_t k = 0; k + 1 < answer->sides; k++) {
        const diff_dump *dump = &answer->dumps[k];
        if (dump->walked_bytes < dump->used_bytes)
            printf("\n%s: coverage %.4f %%, so growth from it is an upper bound\n", dump->path,
                   units_percent(dump->walked_bytes, dump->used_bytes));
    }
}

void diff_print(diff_answer *answer)
{
    print_verdict(answer);
    print_paths(answer);
    print_types(answer);
    print_lost(answer);
}
