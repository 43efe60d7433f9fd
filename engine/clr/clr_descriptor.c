/* clr: the data contract descriptor (.NET 9 and later) → offsets and addresses of globals.
 *
 * Input: {char magic[8] = "DNCCDAC\0"; u32 flags; u32 json bytes; ptr json; u32 pointers; u32 pad;
 * ptr pointer data}. The JSON names types with their field offsets (N or [N, type]) and globals (a
 * value, or [[index], type]: the index-th pointer, which is the variable's address). Output: every
 * offset of hgr_clr_layout that it names, and the globals that the heap needs; what it does not
 * name keeps the table's value. The JSON is as hostile as any other byte of the dump: size, depth,
 * types, indices and offsets are checked, an impossible member is counted and ignored. */
#include "clr_open.h"

#include <json-c/json.h>

#include "../base/status.h"
#include "clr_limits.h"

static const struct offset_row {
    const char *type, *field;
    size_t member; /* of hgr_clr_layout */
} OFFSETS[] = {
#define ROW(type, field, member)                                                                   \
    {                                                                                              \
        type, field, offsetof(hgr_clr_layout, member)                                              \
    }
    ROW("MethodTable", "MTFlags2", mt_flags2),
    ROW("MethodTable", "ParentMethodTable", mt_parent),
    ROW("MethodTable", "Module", mt_module),
    ROW("MethodTable", "AuxiliaryData", mt_auxiliary),
    ROW("MethodTable", "EEClassOrCanonMT", mt_class),
    ROW("MethodTable", "PerInstInfo", mt_per_inst_info),
    ROW("MethodTable", "NumVirtuals", mt_num_virtuals),
    ROW("MethodTable", "NumInterfaces", mt_num_interfaces),
    ROW("EEClass", "MethodTable", class_method_table),
    ROW("EEClass", "FieldDescList", class_fields),
    ROW("EEClass", "CorTypeAttr", class_attributes),
    ROW("EEClass", "InternalCorElementType", class_norm_type),
    ROW("EEClass", "NumInstanceFields", class_num_instance_fields),
    ROW("EEClass", "NumStaticFields", class_num_static_fields),
    ROW("EEClass", "NumThreadStaticFields", class_num_thread_static_fields),
    ROW("Module", "Base", module_base),
    ROW("Module", "PEAssembly", module_pe_assembly),
    ROW("Module", "LoaderAllocator", module_loader_allocator),
    ROW("Module", "TypeDefToMethodTableMap", module_typedef_map),
    ROW("Module", "AvailableTypeParams", module_type_params),
    ROW("Module", "ReadyToRunInfo", module_ready_to_run),
    ROW("Module", "DynamicMetadata", module_dynamic_metadata),
    ROW("Module", "Assembly", module_assembly),
    ROW("Module", "Path", module_path),
    ROW("PEAssembly", "PEImage", pe_assembly_image),
    ROW("PEImage", "LoadedImageLayout", pe_image_layout),
    ROW("PEImageLayout", "Base", layout_base),
    ROW("AppDomain", "DomainAssemblyList", app_domain_assemblies),
    ROW("ThreadStore", "FirstThreadLink", store_first),
    ROW("ThreadStore", "ThreadCount", store_count),
    ROW("Thread", "Id", thread_id),
    ROW("Thread", "OSId", thread_os_id),
    ROW("Thread", "State", thread_state),
    ROW("Thread", "PreemptiveGCDisabled", thread_preemptive),
    ROW("Thread", "Frame", thread_frame),
    ROW("Thread", "LinkNext", thread_link),
    ROW("Thread", "GCHandle", thread_exposed_object),
    ROW("Thread", "LastThrownObject", thread_last_thrown),
    ROW("Thread", "ExceptionTracker", thread_exception_tracker),
    ROW("Thread", "ThreadLocalDataPtr", thread_local_data),
    ROW("ReadyToRunInfo", "EntryPointToMethodDescMap", ready_entry_points),
#undef ROW
};

static const struct global_row {
    const char *name;
    size_t member; /* of hgr_clr_globals */
} GLOBALS[] = {
#define ROW(name, member)                                                                          \
    {                                                                                              \
        name, offsetof(hgr_clr_globals, member)                                                    \
    }
    ROW("ThreadStore", thread_store),         ROW("AppDomain", app_domain),
    ROW("SyncTableEntries", sync_table),      ROW("ObjectMethodTable", object_class),
    ROW("StringMethodTable", string_class),   ROW("ExceptionMethodTable", exception_class),
    ROW("FreeObjectMethodTable", free_class), ROW("ExecutionManagerCodeRangeMapAddress", code_map),
    ROW("FinalizerThread", finalizer_thread),
#undef ROW
};

static json_object *member_of(json_object *object, const char *name)
{
    json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, name, &value))
        return NULL;
    return value;
}

/* N, "0xN" or [N, type]. */
static bool number_of(json_object *value, uint64_t *out)
{
    if (json_object_is_type(value, json_type_array) && json_object_array_length(value) > 0)
        value = json_object_array_get_idx(value, 0);
    if (json_object_is_type(value, json_type_int)) {
        int64_t number = json_object_get_int64(value);
        if (number < 0)
            return false;
        *out = (uint64_t)number;
        return true;
    }
    if (!json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string(value);
    char *end;
    *out = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && *end == 0;
}

/* false: not named. An impossible offset counts as not named, and as ignored. */
static bool field_offset(json_object *types, const char *type, const char *field,
                         hgr_clr_contract *contract, uint32_t *out)
{
    json_object *value = member_of(member_of(types, type), field);
    uint64_t number;
    if (!value)
        return false;
    if (!number_of(value, &number) || number >= HGR_CLR_MAX_OFFSET) {
        contract->ignored++;
        return false;
    }
    *out = (uint32_t)number; /* below HGR_CLR_MAX_OFFSET */
    return true;
}

static void set_offset(uint32_t *offset, uint32_t value, hgr_clr_contract *contract)
{
    if (*offset != value)
        contract->changed++;
    *offset = value;
}

static void apply_types(json_object *types, hgr_clr_layout *layout, hgr_clr_contract *contract)
{
    uint32_t offset;
    for (size_t i = 0; i < sizeof OFFSETS / sizeof OFFSETS[0]; i++) {
        const struct offset_row *row = &OFFSETS[i];
        if (field_offset(types, row->type, row->field, contract, &offset))
            set_offset((uint32_t *)(void *)((char *)layout + row->member), offset, contract);
    }
    if (layout->assembly_item_indirect &&
        field_offset(types, "Assembly", "Module", contract, &offset))
        set_offset(&layout->assembly_item_module, offset, contract);
    if (!layout->thread_alloc_context_indirect)
        return;
    if (field_offset(types, "Thread", "RuntimeThreadLocals", contract, &offset))
        set_offset(&layout->thread_alloc_pointer, offset, contract);
    uint32_t inner = 0, pointer;
    if (!field_offset(types, "RuntimeThreadLocals", "AllocContext", contract, &offset) ||
        !field_offset(types, "GCAllocContext", "Pointer", contract, &pointer))
        return;
    if (member_of(types, "EEAllocContext") &&
        !field_offset(types, "EEAllocContext", "GCAllocationContext", contract, &inner))
        return;
    set_offset(&layout->thread_alloc_context, offset + inner + pointer, contract);
}

/* [[index], type], or [index] alone. */
static bool pointer_index(json_object *value, size_t npointers, size_t *out)
{
    if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
        return false;
    json_object *first = json_object_array_get_idx(value, 0);
    if (json_object_is_type(first, json_type_array))
        value = first;
    uint64_t index;
    if (json_object_array_length(value) == 0 ||
        !number_of(json_object_array_get_idx(value, 0), &index) || index >= npointers)
        return false;
    *out = (size_t)index;
    return true;
}

static void apply_globals(json_object *list, const uint64_t *pointers, size_t npointers,
                          hgr_clr_globals *globals, hgr_clr_contract *contract)
{
    for (size_t i = 0; i < sizeof GLOBALS / sizeof GLOBALS[0]; i++) {
        json_object *value = member_of(list, GLOBALS[i].name);
        size_t index;
        if (!value)
            continue;
        if (pointer_index(value, npointers, &index) && pointers[index] != 0)
            memcpy((char *)globals + GLOBALS[i].member, &pointers[index], sizeof pointers[index]);
        else
            contract->ignored++;
    }
}

hgr_result hgr_clr_descriptor_parse(const char *json, size_t len, const uint64_t *pointers,
                                    size_t npointers, hgr_clr_layout *layout,
                                    hgr_clr_globals *globals, hgr_clr_contract *out,
                                    hgr_status *status)
{
    json_object *root = NULL;
    hgr_result result = HGR_OK;
    if (len > HGR_CLR_MAX_JSON_BYTES)
        return hgr_fail(status, HGR_TOO_LARGE, "contract descriptor: %zu bytes of JSON, limit %u",
                        len, HGR_CLR_MAX_JSON_BYTES);
    struct json_tokener *tokener = json_tokener_new_ex(HGR_CLR_MAX_JSON_DEPTH);
    if (!tokener)
        return hgr_fail(status, HGR_NO_MEMORY, "contract descriptor: out of memory");
    root = json_tokener_parse_ex(tokener, json, (int)len); /* at most HGR_CLR_MAX_JSON_BYTES */
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        result = hgr_fail(status, HGR_BAD_DATA, "contract descriptor: JSON: %s",
                          json_tokener_error_desc(json_tokener_get_error(tokener)));
        goto done;
    }
    json_object *types = member_of(root, "types");
    if (!json_object_is_type(types, json_type_object)) {
        result = hgr_fail(status, HGR_BAD_DATA, "contract descriptor: JSON without \"types\"");
        goto done;
    }
    hgr_clr_contract contract = {0};
    json_object *contracts = member_of(root, "contracts");
    if (json_object_is_type(contracts, json_type_object))
        contract.contracts = (uint32_t)json_object_object_length(contracts);
    apply_types(types, layout, &contract);
    apply_globals(member_of(root, "globals"), pointers, npointers, globals, &contract);
    *out = contract;
done:
    json_object_put(root);
    json_tokener_free(tokener);
    return result;
}

struct header {
    uint32_t json_bytes, pointers;
    uint64_t json_addr, pointers_addr;
};

static hgr_result read_header(const hgr_space *space, uint64_t addr, struct header *out,
                              hgr_status *status)
{
    char magic[8];
    uint32_t p = space->pointer_size;
    if (!hgr_space_read(space, addr, magic, sizeof magic) ||
        !hgr_space_u32(space, addr + 12, &out->json_bytes) ||
        !hgr_space_ptr(space, addr + 16, &out->json_addr) ||
        !hgr_space_u32(space, addr + 16 + p, &out->pointers) ||
        !hgr_space_ptr(space, addr + 24 + p, &out->pointers_addr))
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "contract descriptor: not in the dump");
    if (memcmp(magic, "DNCCDAC", sizeof magic) != 0)
        return hgr_fail_addr(status, HGR_BAD_DATA, addr, "contract descriptor: no magic here");
    if (out->json_bytes > HGR_CLR_MAX_JSON_BYTES || out->pointers > HGR_CLR_MAX_JSON_POINTERS)
        return hgr_fail_addr(status, HGR_TOO_LARGE, addr,
                             "contract descriptor: %u bytes of JSON, %u pointers; limits %u, %u",
                             out->json_bytes, out->pointers, HGR_CLR_MAX_JSON_BYTES,
                             HGR_CLR_MAX_JSON_POINTERS);
    return HGR_OK;
}

hgr_result hgr_clr_descriptor_read(const hgr_space *space, uint64_t addr, const hgr_run *run,
                                   hgr_clr_layout *layout, hgr_clr_globals *globals,
                                   hgr_clr_contract *out, hgr_status *status)
{
    struct header header = {0};
    uint64_t *pointers = NULL;
    char *json = NULL;
    hgr_result result = read_header(space, addr, &header, status);
    if (result != HGR_OK)
        return result;
    result =
        hgr_alloc(run, header.pointers, sizeof *pointers, "contract descriptor", &pointers, status);
    if (result != HGR_OK)
        goto done;
    result = hgr_alloc(run, header.json_bytes, 1, "contract descriptor", &json, status);
    if (result != HGR_OK)
        goto done;
    if (!hgr_space_read(space, header.json_addr, json, header.json_bytes)) {
        result = hgr_fail_addr(status, HGR_NOT_FOUND, header.json_addr,
                               "contract descriptor: its JSON is not in the dump");
        goto done;
    }
    for (uint32_t i = 0; i < header.pointers; i++)
        if (!hgr_space_ptr(space, header.pointers_addr + (uint64_t)i * space->pointer_size,
                           &pointers[i]))
            pointers[i] = 0;
    result = hgr_clr_descriptor_parse(json, header.json_bytes, pointers, header.pointers, layout,
                                      globals, out, status);
done:
    hgr_free(json);
    hgr_free(pointers);
    return result;
}
