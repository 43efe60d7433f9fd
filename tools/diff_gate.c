/* tools: --fail-over: conditions on growth, for CI.
 *
 *   10M  5%                          the whole heap: bytes, or a share of what was there before
 *   type=Shop.Session:1000           objects of a type; with a unit (1M) bytes, with % a share of bytes
 *   path=static Shop.Cache.Items:5%  bytes held by an owner path as `diff` prints it; -> serves for →
 *
 * Several, joined by ';': exit 1 when any holds. */
#include "diff_answer.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

static int refuse(const tool_opts *opts, const char *text)
{
    return opt_usage(opts,
                     "--fail-over '%.200s': allowed: 10M, 5%%, type=NAME:1000, path=PATH:5%% or "
                     "several of them joined by ';'",
                     text);
}

static bool read_amount(const char *text, gate_of of, diff_condition *out)
{
    size_t len = strlen(text);
    if (len && text[len - 1] == '%') {
        out->unit = GATE_SHARE;
        return units_parse_share(text, &out->limit);
    }
    if (of == GATE_TYPE && units_parse_count(text, &out->limit)) {
        out->unit = GATE_COUNT;
        return true;
    }
    out->unit = GATE_BYTES;
    return units_parse_bytes(text, &out->limit);
}

/* Copy a path with "->" as "→". */
static void copy_arrows(char *out, size_t size, const char *text, size_t len)
{
    size_t to = 0;
    for (size_t from = 0; from < len && to + 4 < size; from++) {
        if (from + 1 < len && text[from] == '-' && text[from + 1] == '>') {
            memcpy(out + to, "→", 3);
            to += 3;
            from++;
        } else {
            out[to++] = text[from];
        }
    }
    out[to] = '\0';
}

static bool read_condition(const char *text, size_t len, diff_condition *out)
{
    char copy[1100];
    *out = (diff_condition){.of = GATE_TOTAL};
    while (len && text[0] == ' ') {
        text++;
        len--;
    }
    while (len && text[len - 1] == ' ')
        len--;
    if (len == 0 || len >= 1000)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strncmp(copy, "type=", 5) == 0)
        out->of = GATE_TYPE;
    else if (strncmp(copy, "path=", 5) == 0)
        out->of = GATE_PATH;
    else
        return read_amount(copy, GATE_TOTAL, out);
    char *colon = strrchr(copy, ':');
    if (!colon || colon < copy + 6)
        return false;
    copy_arrows(out->name, sizeof out->name, copy + 5, (size_t)(colon - copy) - 5);
    return read_amount(colon + 1, out->of, out);
}

int gate_parse(const tool_opts *opts, diff_gate *out)
{
    const char *text = opt_text(opts, OPT_FAIL_OVER);
    while (text && *text) {
        size_t len = strcspn(text, ";");
        if (out->count == GATE_MAX || !read_condition(text, len, &out->conditions[out->count]))
            return refuse(opts, opt_text(opts, OPT_FAIL_OVER));
        out->count++;
        text += len + (text[len] == ';');
    }
    if (opt_given(opts, OPT_FAIL_OVER) && out->count == 0)
        return refuse(opts, opt_text(opts, OPT_FAIL_OVER));
    return EXIT_DONE;
}

static void add(hgr_diff_amount *to, const hgr_diff_amount *from, uint32_t sides)
{
    to[0].count += from[0].count;
    to[0].bytes += from[0].bytes;
    to[1].count += from[sides - 1].count;
    to[1].bytes += from[sides - 1].bytes;
}

/* What the condition is about: before and after. */
static void measure(diff_condition *condition, const diff_answer *answer, hgr_diff_amount *out)
{
    const hgr_diff *diff = answer->diff;
    char *text = must_alloc(1 << 16, 1);
    condition->found = condition->of == GATE_TOTAL;
    if (condition->of == GATE_TOTAL)
        add(out, hgr_diff_total(diff), answer->sides);
    for (uint32_t t = 0; condition->of == GATE_TYPE && t < hgr_diff_types(diff); t++)
        if (strcmp(hgr_diff_type_get(diff, t)->name, condition->name) == 0) {
            condition->found = true;
            add(out, hgr_diff_type_amounts(diff, t), answer->sides);
        }
    for (uint32_t p = 1; condition->of == GATE_PATH && p < hgr_diff_paths(diff); p++) {
        hgr_diff_path_text(diff, p, text, 1 << 16);
        if (strcmp(text, condition->name) == 0) {
            condition->found = true;
            add(out, hgr_diff_path_sums(diff, p), answer->sides);
        }
    }
    free(text);
}

static bool is_over(diff_condition *condition, const hgr_diff_amount *amounts)
{
    bool counts = condition->unit == GATE_COUNT;
    uint64_t before = counts ? amounts[0].count : amounts[0].bytes;
    uint64_t after = counts ? amounts[1].count : amounts[1].bytes;
    condition->growth = (int64_t)(after - before);
    if (after <= before)
        return false;
    if (condition->unit == GATE_SHARE)
        return (double)(after - before) * 1e6 > (double)before * (double)condition->limit;
    return after - before > condition->limit;
}

bool gate_holds(diff_gate *gate, const diff_answer *answer)
{
    bool holds = false;
    for (size_t i = 0; i < gate->count; i++) {
        hgr_diff_amount amounts[2] = {{0}, {0}};
        measure(&gate->conditions[i], answer, amounts);
        gate->conditions[i].holds = is_over(&gate->conditions[i], amounts);
        holds |= gate->conditions[i].holds;
    }
    return holds;
}

static const char *const gate_names[] = {"heap", "type", "path"};
static const char *const unit_names[] = {"count", "bytes", "ppm"};

static void format_limit(const diff_condition *condition, char *out, size_t size)
{
    char number[UNITS_TEXT];
    if (condition->unit == GATE_SHARE)
        snprintf(out, size, "%llu.%04llu %%", (unsigned long long)(condition->limit / 10000),
                 (unsigned long long)(condition->limit % 10000));
    else
        snprintf(out, size, "%s %s", units_count(number, condition->limit),
                 condition->unit == GATE_COUNT ? "objects" : "bytes");
}

void gate_print(const diff_gate *gate, const diff_answer *answer)
{
    (void)answer;
    for (size_t i = 0; i < gate->count; i++) {
        const diff_condition *condition = &gate->conditions[i];
        char limit[64], growth[48];
        strbuf name = {0};
        strbuf_add_safe(&name, condition->name);
        format_limit(condition, limit, sizeof limit);
        printf("%sfail-over %s%s%s: %s %s, limit %s: %s\n", i ? "" : "\n",
               gate_names[condition->of], *condition->name ? " " : "", strbuf_get(&name),
               diff_signed(growth, condition->growth, false, false),
               condition->unit == GATE_COUNT ? "objects" : "bytes", limit,
               condition->holds    ? "exceeded"
               : condition->found ? "kept"
                                   : "kept (in none of the dumps)");
        strbuf_fini(&name);
    }
}

void gate_write(const diff_gate *gate, tool_json *json)
{
    if (gate->count == 0)
        return;
    out_array(json, "fail_over");
    for (size_t i = 0; i < gate->count; i++) {
        const diff_condition *condition = &gate->conditions[i];
        out_object(json, NULL);
        out_text(json, "of", gate_names[condition->of]);
        if (*condition->name)
            out_text(json, "name", condition->name);
        out_text(json, "unit", unit_names[condition->unit]);
        out_u64(json, "limit", condition->limit);
        out_i64(json, "growth", condition->growth);
        out_bool(json, "found", condition->found);
        out_bool(json, "exceeded", condition->holds);
        out_end_object(json);
    }
    out_end_array(json);
}
