/* tools: `domains`: load contexts of the application domain; with --modules what is loaded in each.
 */
#include "session.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

const opt_row opts_domains[] = {
    {OPT_MODULE_ROWS, "list", 'l', OPT_FLAG, NULL, NULL, "list the modules, each with its context"},
    OPT_ROW_END};

#define GUID_TEXT 37

/* "8f6cb757-9b94-bad2-c23c-a9573abc2d8a": the first three parts are stored little-endian. */
static const char *guid_text(char out[GUID_TEXT], const uint8_t guid[16])
{
    static const int order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        snprintf(out + at, 3, "%02x", guid[order[i]]);
        at += 2;
    }
    return out;
}

static const char *context_name(const hgr_domain *domain, uint32_t context)
{
    if (context == HGR_NO_CONTEXT)
        return "(unknown)";
    return *domain->contexts[context].name ? domain->contexts[context].name : "(no name)";
}

static bool has_mvid(const hgr_module_row *module)
{
    static const uint8_t none[16];
    return memcmp(module->mvid, none, sizeof none) != 0;
}

static void add_version(strbuf *out, const hgr_module_row *module)
{
    strbuf_format(out, "%u.%u.%u.%u", module->version[0], module->version[1], module->version[2],
                  module->version[3]);
}

static void write_json(tool_json *json, const hgr_domain *domain)
{
    char guid[GUID_TEXT];
    out_address(json, "domain", domain->domain_addr);
    out_array(json, "contexts");
    for (size_t i = 0; i < domain->ncontexts; i++) {
        const hgr_load_context *context = &domain->contexts[i];
        out_object(json, NULL);
        out_text(json, "name", *context->name ? context->name : NULL);
        out_address(json, "object", context->object.addr);
        out_text(json, "type", context->object.type->name);
        out_bool(json, "collectible", context->collectible);
        out_u64(json, "modules", context->modules);
        out_end_object(json);
    }
    out_end_array(json);
    out_array(json, "modules");
    for (size_t i = 0; i < domain->nmodules; i++) {
        const hgr_module_row *module = &domain->modules[i];
        strbuf version = {0};
        add_version(&version, module);
        out_object(json, NULL);
        out_text(json, "assembly", module->assembly);
        out_text(json, "version", strbuf_get(&version));
        out_text(json, "path", module->path);
        out_address(json, "address", module->module_addr);
        if (module->image_addr)
            out_address(json, "image", module->image_addr);
        out_u64(json, "image_bytes", module->image_bytes);
        if (has_mvid(module))
            out_text(json, "mvid", guid_text(guid, module->mvid));
        out_bool(json, "dynamic", module->dynamic);
        out_bool(json, "collectible", module->collectible);
        if (module->context != HGR_NO_CONTEXT)
            out_u64(json, "context", module->context);
        out_end_object(json);
        strbuf_fini(&version);
    }
    out_end_array(json);
}

static void print_modules(const tool_session *session, const hgr_domain *domain)
{
    static const table_column columns[] = {
        {"image", TABLE_ADDRESS}, {"bytes", TABLE_BYTES},
        {"version", TABLE_TEXT},  {"mvid", TABLE_TEXT | TABLE_OPTIONAL},
        {"context", TABLE_TEXT},  {"assembly", TABLE_TEXT}};
    char guid[GUID_TEXT];
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 6, "as loaded");
    for (size_t i = 0; i < domain->nmodules; i++) {
        const hgr_module_row *module = &domain->modules[i];
        strbuf version = {0}, line = {0};
        add_version(&version, module);
        strbuf_format(&line, "%s%s%s%s%s", *module->assembly ? module->assembly : "(unknown)",
                      module->dynamic ? " (dynamic)" : "",
                      module->collectible ? " (collectible)" : "", *module->path ? "  " : "",
                      module->path);
        if (module->image_addr)
            table_number(&table, module->image_addr);
        else
            table_empty(&table);
        table_number(&table, module->image_bytes);
        table_text(&table, strbuf_get(&version));
        table_text(&table, has_mvid(module) ? guid_text(guid, module->mvid) : "");
        table_text(&table, context_name(domain, module->context));
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
        strbuf_fini(&version);
    }
    table_finish(&table);
}

struct sum {
    uint64_t modules, dynamic, bytes;
};

static struct sum add_up(const hgr_domain *domain, uint32_t context, bool all)
{
    struct sum sum = {0};
    for (size_t i = 0; i < domain->nmodules; i++) {
        const hgr_module_row *module = &domain->modules[i];
        if (!all && module->context != context)
            continue;
        sum.modules++;
        sum.dynamic += module->dynamic;
        sum.bytes += module->image_bytes;
    }
    return sum;
}

static void print_sum(tool_table *table, struct sum sum, const hgr_object *object, const char *name)
{
    table_number(table, sum.modules);
    table_number(table, sum.dynamic);
    table_number(table, sum.bytes);
    if (object)
        table_number(table, object->addr);
    else
        table_empty(table);
    table_text(table, name);
}

static void print_contexts(const tool_session *session, const hgr_domain *domain)
{
    static const table_column columns[] = {{"modules", TABLE_COUNT},
                                           {"dynamic", TABLE_COUNT},
                                           {"image bytes", TABLE_BYTES},
                                           {"object", TABLE_ADDRESS},
                                           {"load context", TABLE_TEXT}};
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 5, NULL);
    for (uint32_t i = 0; i < domain->ncontexts; i++) {
        const hgr_load_context *context = &domain->contexts[i];
        strbuf name = {0};
        strbuf_format(&name, "%s%s  %s", context_name(domain, i),
                      context->collectible ? " (collectible)" : "", context->object.type->name);
        print_sum(&table, add_up(domain, i, false), &context->object, strbuf_get(&name));
        strbuf_fini(&name);
    }
    struct sum unknown = add_up(domain, HGR_NO_CONTEXT, false);
    if (unknown.modules)
        print_sum(&table, unknown, NULL, "(unknown)");
    table_gap(&table);
    print_sum(&table, add_up(domain, 0, true), NULL, "(all)");
    table_finish(&table);
}

int cmd_domains(const tool_opts *opts)
{
    tool_session session = {0};
    const hgr_domain *domain = NULL;
    hgr_status status = {0};
    bool modules = opt_given(opts, OPT_MODULE_ROWS);
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_state(&session);
    if (code == EXIT_DONE) {
        hgr_result result = hgr_state_domain(session.state, &domain, &status);
        if (result != HGR_OK)
            code = session_fail(&session, result, &status);
    }
    if (code == EXIT_DONE) {
        session_begin_answer(&session);
        if (session_wants_json(&session))
            write_json(&session.json, domain);
        else if (modules)
            print_modules(&session, domain);
        else
            print_contexts(&session, domain);
        session_end_answer(&session, modules ? "types" : "domains", "%s",
                           modules ? "--by assembly" : "--list");
    }
    return session_close(&session, code);
}
