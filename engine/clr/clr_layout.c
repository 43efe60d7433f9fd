/* clr: structure offsets per runtime version, as data.
 *
 * Input: major version, operating system, pointer size. Output: the row that fits, or NULL. A new
 * runtime is a new row; nothing else may test a version. Rows that were compared object by object
 * with an independent reader on recorded dumps say verified = true. */
#include "clr_layout_rows.h"

#include <string.h>

#define NONE HGR_NO_OFFSET

/* The same in 8, 9 and 10 on x64, Linux and Windows. */
#define METHOD_TABLE_X64                                                                           \
    .mt_flags2 = 8, .mt_num_virtuals = 12, .mt_num_interfaces = 14, .mt_parent = 16,               \
    .mt_module = 24, .mt_auxiliary = 32, .mt_class = 40, .mt_per_inst_info = 48

/* 9 put the managed face of a TypeDesc in front of its own words. */
#define TYPE_DESC_9_X64 .desc_argument = 16, .desc_token = 40, .desc_function = 24
#define TYPE_DESC_8_X64 .desc_argument = 8, .desc_token = 40, .desc_function = 16

/* 9 and 10 on Linux x64 have the same EEClass. */
#define CLASS_9_LINUX                                                                              \
    .class_method_table = 16, .class_fields = 24, .class_attributes = 40, .class_norm_type = 48,   \
    .class_num_instance_fields = 50, .class_num_static_fields = 54,                                \
    .class_num_thread_static_fields = 58, .class_packed = false, .class_is_packed_at = NONE,       \
    .class_fixed_size_at = NONE

static const hgr_clr_layout_row ROWS[] = {
    {"linux",
     8,
     {.name = "10.0 linux-x64",
      .major = 10,
      .verified = true,
      .dac_thread_store = 15,
      .dac_finalizer_thread = 16,
      .dac_heap_type = 18,
      .dac_gc_dac_globals = 19,
      .dac_app_domain = 20,
      .dac_system_domain = 21,
      .system_domain_app_domain = NONE,
      .dac_global_alloc_context = 39,
      .dac_object_class = 42,
      .dac_string_class = 45,
      .dac_exception_class = 49,
      .dac_free_class = 56,
      .dac_sync_table = 78,
      METHOD_TABLE_X64,
      TYPE_DESC_9_X64,
      .mt_rid_shift_8 = true,
      .mt_collectible_flag = 0x00200000,
      CLASS_9_LINUX,
      .module_base = 224,
      .module_pe_assembly = 216,
      .module_loader_allocator = 176,
      .module_typedef_map = 416,
      .module_type_params = 600,
      .module_ready_to_run = 704,
      .module_local_module = NONE,
      .module_index = NONE,
      .module_dynamic_metadata = 840,
      .module_assembly = 248,
      .module_path = 200,
      .pe_assembly_image = 8,
      .pe_image_layout = 128,
      .layout_base = 8,
      .assembly_loader_allocator = NONE,
      .loader_allocator_handle = 0x2f0,
      .app_domain_assemblies = 0x240,
      .assembly_item_module = 0x10,
      .assembly_item_indirect = true,
      .statics = HGR_STATICS_AUXILIARY,
      .store_first = 88,
      .store_count = 112,
      .thread_link = 112,
      .thread_id = 16,
      .thread_os_id = 296,
      .thread_state = 0,
      .thread_preemptive = 4,
      .thread_frame = 8,
      .thread_alloc_context = 8,
      .thread_alloc_context_indirect = true,
      .thread_alloc_pointer = 32,
      .thread_stack_base = 0x78,
      .thread_stack_limit = 0x80,
      .thread_last_thrown = 336,
      .thread_exception_tracker = 352,
      .thread_exposed_object = 304,
      .thread_local_data = 568,
      .thread_blocking_item = 0x2a0,
      .code_map = HGR_CODE_MAP_RADIX,
      .nibble_pointers = true,
      .ready_functions = 80,
      .ready_entry_points = 360,
      .frame_numbers = true,
      .gc_info_version = 4,
      .method_desc_bytes = 16,
      .method_token_bits = 12,
      .handle_types = 13,
      .handle_table_segments = 0x38,
      .handle_segment_next = 0x7ce,
      .handle_segment_table = 0x7d6}},
    {"linux",
     8,
     {.name = "9.0 linux-x64",
      .major = 9,
      .verified = true,
      .dac_thread_store = 16,
      .dac_finalizer_thread = 17,
      .dac_heap_type = 19,
      .dac_gc_dac_globals = 20,
      .dac_app_domain = 21,
      .dac_system_domain = 22,
      .system_domain_app_domain = NONE,
      .dac_global_alloc_context = 40,
      .dac_object_class = 43,
      .dac_string_class = 46,
      .dac_exception_class = 50,
      .dac_free_class = 57,
      .dac_sync_table = 82,
      METHOD_TABLE_X64,
      TYPE_DESC_9_X64,
      .mt_rid_shift_8 = true,
      .mt_collectible_flag = 0x00200000,
      CLASS_9_LINUX,
      .module_base = 288,
      .module_pe_assembly = NONE,
      .module_loader_allocator = 248,
      .module_typedef_map = 624,
      .module_type_params = 0x328,
      .module_ready_to_run = 0x3d8,
      .module_local_module = NONE,
      .module_index = NONE,
      .module_dynamic_metadata = 1120,
      .module_assembly = 312,
      .module_path = 272,
      .pe_assembly_image = 8,
      .pe_image_layout = NONE,
      .layout_base = 8,
      .assembly_loader_allocator = NONE,
      .loader_allocator_handle = 0x468,
      .app_domain_assemblies = 0x720,
      .assembly_item_module = 0x10,
      .assembly_item_indirect = false,
      .statics = HGR_STATICS_AUXILIARY,
      .store_first = 160,
      .store_count = 184,
      .thread_link = 112,
      .thread_id = 16,
      .thread_os_id = 296,
      .thread_state = 0,
      .thread_preemptive = 4,
      .thread_frame = 8,
      .thread_alloc_context = 0,
      .thread_alloc_context_indirect = true,
      .thread_alloc_pointer = 32,
      .thread_stack_base = 0x78,
      .thread_stack_limit = 0x80,
      .thread_last_thrown = 336,
      .thread_exception_tracker = 352,
      .thread_exposed_object = 304,
      .thread_local_data = 0x3a0,
      .thread_blocking_item = 0x408,
      .code_map = HGR_CODE_MAP_RADIX,
      .ready_functions = 80,
      .ready_entry_points = 0x1b0,
      .gc_info_version = 3,
      .method_desc_bytes = 16,
      .method_token_bits = 12,
      .handle_types = 12,
      .handle_table_segments = 0x30,
      .handle_segment_next = 0x7c8,
      .handle_segment_table = 0x7d0}},
    {"linux",
     8,
     {.name = "8.0 linux-x64",
      .major = 8,
      .verified = true,
      .dac_thread_store = 16,
      .dac_finalizer_thread = 17,
      .dac_heap_type = 19,
      .dac_gc_dac_globals = 20,
      .dac_app_domain = 21,
      .dac_system_domain = 22,
      .system_domain_app_domain = NONE,
      .dac_global_alloc_context = 36,
      .dac_object_class = 40,
      .dac_string_class = 43,
      .dac_exception_class = 47,
      .dac_free_class = 54,
      .dac_sync_table = 80,
      METHOD_TABLE_X64,
      TYPE_DESC_8_X64,
      .mt_rid_shift_8 = false,
      .mt_collectible_flag = 0x10000000,
      .class_method_table = 16,
      .class_fields = 24,
      .class_attributes = 40,
      .class_norm_type = 48,
      .class_num_instance_fields = NONE,
      .class_num_static_fields = NONE,
      .class_num_thread_static_fields = NONE,
      .class_packed = true,
      .class_is_packed_at = 49,
      .class_fixed_size_at = 50,
      .class_optional = 8,
      .optional_dynamic_id = 16,
      .module_base = NONE,
      .module_pe_assembly = 0x110,
      .module_loader_allocator = 0xf8,
      .module_typedef_map = 0x2f0,
      .module_type_params = 0x3c8,
      .module_ready_to_run = 0x480,
      .module_local_module = 0x4c8,
      .module_index = 0x4d0,
      .module_dynamic_metadata = 0x698,
      .module_assembly = NONE,
      .module_path = NONE,
      .pe_assembly_image = 8,
      .pe_image_layout = 0x78,
      .layout_base = 8,
      .assembly_loader_allocator = NONE,
      .loader_allocator_handle = 0x3d0,
      .app_domain_assemblies = 0x9f0,
      .assembly_item_module = 0x18,
      .assembly_item_indirect = false,
      .statics = HGR_STATICS_LOCAL_MODULE,
      .store_first = 160,
      .store_count = 184,
      .thread_link = 0xe8,
      .thread_id = 32,
      .thread_os_id = 0x1a8,
      .thread_state = 8,
      .thread_preemptive = 12,
      .thread_frame = 16,
      .thread_alloc_context = 0x58,
      .thread_alloc_context_indirect = false,
      .thread_alloc_pointer = NONE,
      .thread_stack_base = 0xf8,
      .thread_stack_limit = 0x100,
      .thread_last_thrown = 0x1d0,
      .thread_exception_tracker = 0x1e0,
      .thread_exposed_object = 0x1b0,
      .thread_local_data = 0x438,
      .thread_blocking_item = 0x4a8,
      .code_map = HGR_CODE_MAP_RADIX,
      .ready_functions = 80,
      .ready_entry_points = 0x1b0,
      .gc_info_version = 2,
      .method_desc_bytes = 8,
      .method_token_bits = 12,
      .handle_types = 12,
      .handle_table_segments = 0x30,
      .handle_segment_next = 0x7c8,
      .handle_segment_table = 0x7d0}},
};

/* Every table, one after the other; NULL past the last row. */
static const hgr_clr_layout_row *row_at(size_t index)
{
    const size_t count = sizeof ROWS / sizeof ROWS[0];
    if (index < count)
        return &ROWS[index];
    index -= count;
    if (index < HGR_CLR_WINDOWS_ROW_COUNT)
        return &HGR_CLR_WINDOWS_ROWS[index];
    index -= HGR_CLR_WINDOWS_ROW_COUNT;
    if (index < HGR_CLR_EARLY_ROW_COUNT)
        return &HGR_CLR_EARLY_ROWS[index];
    index -= HGR_CLR_EARLY_ROW_COUNT;
    return index < HGR_CLR_PARTIAL_ROW_COUNT ? &HGR_CLR_PARTIAL_ROWS[index] : NULL;
}

static bool is_for(const hgr_clr_layout_row *row, const char *os, uint32_t pointer_size)
{
    return row->pointer_size == pointer_size && strcmp(row->os, os) == 0;
}

static uint32_t version_key(const hgr_clr_layout *layout)
{
    return layout->major << 16 | layout->minor;
}

const hgr_clr_layout *hgr_clr_layout_nth(size_t index, const char *os, uint32_t pointer_size)
{
    uint32_t below = UINT32_MAX;
    const hgr_clr_layout *found = NULL;
    for (size_t n = 0; n <= index; n++) {
        const hgr_clr_layout_row *row;
        found = NULL;
        for (size_t i = 0; (row = row_at(i)) != NULL; i++)
            if (is_for(row, os, pointer_size) && version_key(&row->layout) < below &&
                (!found || version_key(&row->layout) > version_key(found)))
                found = &row->layout;
        if (!found)
            return NULL;
        below = version_key(found);
    }
    return found;
}

const hgr_clr_layout *hgr_clr_layout_find(uint32_t major, const char *os, uint32_t pointer_size)
{
    const hgr_clr_layout *layout;
    for (size_t i = 0; (layout = hgr_clr_layout_nth(i, os, pointer_size)) != NULL; i++)
        if (layout->major == major)
            return layout;
    return NULL;
}

uint32_t hgr_clr_layout_newest(const char *os, uint32_t pointer_size)
{
    const hgr_clr_layout *newest = hgr_clr_layout_nth(0, os, pointer_size);
    return newest ? newest->major : 0;
}
