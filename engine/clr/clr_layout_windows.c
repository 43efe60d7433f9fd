/* clr: structure offsets of the runtimes on Windows, as data; see clr_layout.h.
 *
 * Sources: the contract descriptors of 9.0.22 and 10.0.14; what they do not name was read out of
 * recorded dumps of these builds and compared there with an independent reader. */
#include "clr_layout_rows.h"

#define NONE HGR_NO_OFFSET

#define METHOD_TABLE_X64                                                                           \
    .mt_flags2 = 8, .mt_num_virtuals = 12, .mt_num_interfaces = 14, .mt_parent = 16,               \
    .mt_module = 24, .mt_auxiliary = 32, .mt_class = 40, .mt_per_inst_info = 48

/* COM interop puts two more pointers before the attributes than Linux has. */
#define CLASS_9                                                                                    \
    .class_method_table = 16, .class_fields = 24, .class_attributes = 56, .class_norm_type = 64,   \
    .class_num_instance_fields = 66, .class_num_static_fields = 70,                                \
    .class_num_thread_static_fields = 74, .class_packed = false, .class_is_packed_at = NONE,       \
    .class_fixed_size_at = NONE

/* 9 and 10 have the same Thread up to its thread local data. */
#define THREAD_9                                                                                   \
    .store_first = 64, .store_count = 88, .thread_link = 120, .thread_id = 16,                     \
    .thread_os_id = 304, .thread_state = 0, .thread_preemptive = 4, .thread_frame = 8,             \
    .thread_alloc_context_indirect = true, .thread_alloc_pointer = 32, .thread_stack_base = 0x80,  \
    .thread_stack_limit = 0x88, .thread_last_thrown = 344, .thread_exception_tracker = 360,        \
    .thread_exposed_object = 312, .thread_blocking_item = NONE

const hgr_clr_layout_row HGR_CLR_WINDOWS_ROWS[] = {
    {"windows", 8,
     {.name = "10.0 windows-x64",
      .major = 10,
      .verified = true,
      .dac_thread_store = 15,
      .dac_finalizer_thread = 16,
      .dac_heap_type = 18,
      .dac_gc_dac_globals = 19,
      .dac_app_domain = 20,
      .dac_system_domain = 21,
      .dac_global_alloc_context = 40,
      .dac_object_class = 43,
      .dac_string_class = 46,
      .dac_exception_class = 50,
      .dac_free_class = 57,
      .dac_sync_table = 80,
      METHOD_TABLE_X64,
      .mt_rid_shift_8 = true,
      .mt_collectible_flag = 0x00200000,
      CLASS_9,
      .module_base = 200,
      .module_pe_assembly = 192,
      .module_loader_allocator = 152,
      .module_typedef_map = 344,
      .module_type_params = 528,
      .module_ready_to_run = 608,
      .module_local_module = NONE,
      .module_index = NONE,
      .module_dynamic_metadata = 744,
      .module_assembly = 224,
      .module_path = 176,
      .pe_assembly_image = 8,
      .pe_image_layout = 128,
      .layout_base = 8,
      .loader_allocator_handle = 0x2f0,
      .app_domain_assemblies = 408,
      .assembly_item_module = 0x10,
      .assembly_item_indirect = true,
      .statics = HGR_STATICS_AUXILIARY,
      THREAD_9,
      .thread_alloc_context = 8,
      .thread_local_data = 592,
      .handle_types = 13,
      .handle_table_segments = 0x38,
      .handle_segment_next = 0x7ce,
      .handle_segment_table = 0x7d6}},
    {"windows", 8,
     {.name = "9.0 windows-x64",
      .major = 9,
      .verified = true,
      .dac_thread_store = 16,
      .dac_finalizer_thread = 17,
      .dac_heap_type = 19,
      .dac_gc_dac_globals = 20,
      .dac_app_domain = 21,
      .dac_system_domain = 22,
      .dac_global_alloc_context = 41,
      .dac_object_class = 44,
      .dac_string_class = 47,
      .dac_exception_class = 51,
      .dac_free_class = 58,
      .dac_sync_table = 84,
      METHOD_TABLE_X64,
      .mt_rid_shift_8 = true,
      .mt_collectible_flag = 0x00200000,
      CLASS_9,
      .module_base = 192,
      .module_pe_assembly = NONE,
      .module_loader_allocator = 152,
      .module_typedef_map = 336,
      .module_type_params = 0x208,
      .module_ready_to_run = NONE,
      .module_local_module = NONE,
      .module_index = NONE,
      .module_dynamic_metadata = 736,
      .module_assembly = 216,
      .module_path = 176,
      .pe_assembly_image = NONE,
      .pe_image_layout = NONE,
      .layout_base = NONE,
      .loader_allocator_handle = 0x408,
      .app_domain_assemblies = 0x308,
      .assembly_item_module = 0x10,
      .assembly_item_indirect = false,
      .statics = HGR_STATICS_AUXILIARY,
      THREAD_9,
      .thread_alloc_context = 0,
      .thread_local_data = 0x3c0,
      .handle_types = 12,
      .handle_table_segments = 0x30,
      .handle_segment_next = 0x7c8,
      .handle_segment_table = 0x7d0}},
};

const size_t HGR_CLR_WINDOWS_ROW_COUNT =
    sizeof HGR_CLR_WINDOWS_ROWS / sizeof HGR_CLR_WINDOWS_ROWS[0];
