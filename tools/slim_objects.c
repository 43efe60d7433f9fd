/* tools: what `show`, `list --where` and `statics` ask about any object, asked once for each type.
 */
#include "slim_objects.h"

#include <stdlib.h>

#define OBJECTS_A_TYPE 3 /* delegates and exceptions differ */

struct reader {
    hgr_inspector *inspector;
};

static void read_text(hgr_inspector *inspector, const hgr_value *value)
{
    char text[64];
    (void)hgr_value_text(inspector, value, sizeof text, text, sizeof text);
}

static bool read_static(void *user, const hgr_static *field)
{
    struct reader *reader = user;
    read_text(reader->inspector, &field->value);
    return true;
}

static bool read_fact(void *user, const hgr_fact *fact)
{
    (void)user;
    (void)fact;
    return true;
}

static hgr_result read_type(hgr_inspector *inspector, uint64_t method_table, hgr_status *status)
{
    const hgr_type *type = NULL, *other = NULL;
    const hgr_field *fields = NULL;
    const hgr_enum_member *members = NULL;
    size_t count = 0, nmembers = 0;
    if (hgr_inspect_type(inspector, method_table, &type, NULL) != HGR_OK)
        return HGR_OK; /* damaged: nothing to keep */
    hgr_result result = hgr_type_fields(inspector, type, &fields, &count, status);
    for (size_t i = 0; i < count && result == HGR_OK; i++)
        if (fields[i].type_mt != 0 &&
            hgr_inspect_type(inspector, fields[i].type_mt, &other, NULL) == HGR_OK)
            result = hgr_enum_members(inspector, other, &members, &nmembers, status);
    return result;
}

static void read_some_objects(const tool_session *session, hgr_inspector *inspector)
{
    const hgr_snapshot *snapshot = session->snapshot;
    unsigned char *read = must_alloc(hgr_snapshot_types(snapshot), 1);
    for (hgr_node u = 0; u < session_nodes(session); u++) {
        hgr_object object;
        uint32_t type = hgr_node_type(snapshot, u);
        if (read[type] == OBJECTS_A_TYPE ||
            hgr_inspect_object(inspector, hgr_node_address(snapshot, u), &object, NULL) != HGR_OK)
            continue;
        read[type]++;
        hgr_value value = hgr_value_of_object(&object);
        hgr_collection collection;
        read_text(inspector, &value);
        (void)!hgr_collection_of(inspector, &value, &collection, NULL);
        (void)!hgr_object_facts(inspector, &object, read_fact, NULL, NULL);
    }
    free(read);
}

int slim_read_objects(tool_session *session)
{
    struct reader reader = {NULL};
    hgr_status status = {0};
    hgr_result result =
        hgr_inspector_create(session->runtime, session->run, &reader.inspector, &status);
    for (uint32_t t = 0; result == HGR_OK && t < hgr_snapshot_types(session->snapshot); t++)
        result = read_type(reader.inspector,
                           hgr_snapshot_type(session->snapshot, t)->method_table_addr, &status);
    if (result == HGR_OK)
        result = hgr_inspect_statics(reader.inspector, read_static, &reader, &status);
    if (result == HGR_OK)
        read_some_objects(session, reader.inspector);
    hgr_inspector_free(reader.inspector);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}
