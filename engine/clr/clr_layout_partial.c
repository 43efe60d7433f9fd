/* clr: layouts of runtimes of which no dump could be had, as data; see clr_layout.h.
 *
 * Sources: the public sources of these versions (dotnet/coreclr, dotnet/runtime) for what is here, which is what
 * has not moved between any two versions that were recorded. The rest is calibrated on the dump
 * (clr_calibrate.c) or stays unknown, and every answer says that the layout is not verified. */
#include "clr_layout_rows.h"

#define NONE HGR_NO_OFFSET

/* Everything that moves. */
#define OPEN                                                                                       \
    .partial = true, .dac_thread_store = NONE, .dac_finalizer_thread = NONE,                       \
    .dac_heap_type = NONE, .dac_gc_dac_globals = NONE, .dac_app_domain = NONE,                     \
    .dac_system_domain = NONE, .dac_global_alloc_context = NONE, .dac_sync_table = NONE,           \
    .system_domain_app_domain = NONE, .desc_argument = NONE, .desc_token = NONE,                   \
    .desc_function = NONE, .class_num_instance_fields = NONE, .class_num_static_fields = NONE,     \
    .class_num_thread_static_fields = NONE, .class_packed = true, .class_attributes = NONE,        \
    .class_norm_type = NONE, .class_is_packed_at = NONE, .class_fixed_size_at = NONE,              \
    .module_base = NONE,                                                                           \
    .module_pe_assembly = NONE, .module_loader_allocator = NONE, .module_typedef_map = NONE,       \
    .module_type_params = NONE, .module_ready_to_run = NONE, .module_local_module = NONE,          \
    .module_index = NONE, .module_dynamic_metadata = NONE, .module_assembly = NONE,                \
    .module_path = NONE, .pe_assembly_image = NONE, .pe_image_layout = NONE, .layout_base = NONE,  \
    .assembly_loader_allocator = NONE, .loader_allocator_handle = NONE,                            \
    .app_domain_assemblies = NONE, .assembly_item_module = NONE,                                   \
    .statics = HGR_STATICS_LOCAL_MODULE, .store_first = NONE, .store_count = NONE,                 \
    .thread_link = NONE, .thread_id = NONE, .thread_os_id = NONE, .thread_state = NONE,            \
    .thread_preemptive = NONE, .thread_frame = NONE, .thread_alloc_context = NONE,                 \
    .thread_alloc_pointer = NONE, .thread_stack_base = NONE, .thread_stack_limit = NONE,           \
    .thread_last_thrown = NONE, .thread_exception_tracker = NONE, .thread_exposed_object = NONE,   \
    .thread_local_data = NONE, .thread_blocking_item = NONE, .dac_code_map = NONE,                 \
    .ready_entry_points = NONE, .handle_types = 12, .handle_table_segments = NONE,                 \
    .mt_collectible_flag = 0x10000000, .mt_rid_shift_8 = false

#define WORDS_X64                                                                                  \
    .mt_flags2 = 8, .mt_num_virtuals = 12, .mt_num_interfaces = 14, .mt_parent = 16,               \
    .mt_module = 24, .mt_auxiliary = 32, .mt_class = 40, .mt_per_inst_info = 48,                   \
    .class_method_table = 16, .class_fields = 24, .handle_segment_next = 0x7c8,                    \
    .handle_segment_table = 0x7d0

#define WORDS_X86                                                                                  \
    .mt_flags2 = 8, .mt_num_virtuals = 12, .mt_num_interfaces = 14, .mt_parent = 16,               \
    .mt_module = 0x14, .mt_auxiliary = 0x18, .mt_class = 0x1c, .mt_per_inst_info = 0x20,           \
    .class_method_table = 8, .class_fields = 12, .handle_segment_next = 0xf48,                     \
    .handle_segment_table = 0xf4c

/* Distances of the well-known classes in the table of globals, which is calibrated. */
#define CLASSES_2                                                                                  \
    .dac_object_class = 0, .dac_string_class = 3, .dac_exception_class = 8, .dac_free_class = 15
#define CLASSES_7                                                                                  \
    .dac_object_class = 0, .dac_string_class = 3, .dac_exception_class = 7, .dac_free_class = 14

const hgr_clr_layout_row HGR_CLR_PARTIAL_ROWS[] = {
    {"windows", 8, {.name = "8.0 windows-x64", .major = 8, OPEN, WORDS_X64, CLASSES_7}},
    {"windows", 8, {.name = "7.0 windows-x64", .major = 7, OPEN, WORDS_X64, CLASSES_7}},
    {"windows", 8, {.name = "5.0 windows-x64", .major = 5, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 8, {.name = "3.1 windows-x64", .major = 3, .minor = 1, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 8, {.name = "2.2 windows-x64", .major = 2, .minor = 2, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 8, {.name = "2.1 windows-x64", .major = 2, .minor = 1, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 8, {.name = "2.0 windows-x64", .major = 2, .minor = 0, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 8, {.name = "Framework 4 windows-x64", .major = 4, OPEN, WORDS_X64, CLASSES_2}},
    {"windows", 4, {.name = "8.0 windows-x86", .major = 8, OPEN, WORDS_X86, CLASSES_7}},
    {"windows", 4, {.name = "7.0 windows-x86", .major = 7, OPEN, WORDS_X86, CLASSES_7}},
    {"windows", 4, {.name = "6.0 windows-x86", .major = 6, OPEN, WORDS_X86, CLASSES_2}},
    {"windows", 4, {.name = "5.0 windows-x86", .major = 5, OPEN, WORDS_X86, CLASSES_2}},
    {"windows", 4, {.name = "3.1 windows-x86", .major = 3, .minor = 1, OPEN, WORDS_X86, CLASSES_2}},
    {"windows", 4, {.name = "2.2 windows-x86", .major = 2, .minor = 2, OPEN, WORDS_X86, CLASSES_2}},
    {"windows", 4, {.name = "2.0 windows-x86", .major = 2, .minor = 0, OPEN, WORDS_X86, CLASSES_2}},
    {"windows", 4, {.name = "Framework 4 windows-x86", .major = 4, OPEN, WORDS_X86, CLASSES_2}},
    {"linux", 8, {.name = "7.0 linux-x64", .major = 7, OPEN, WORDS_X64, CLASSES_7}},
    {"linux", 8, {.name = "6.0 linux-x64", .major = 6, OPEN, WORDS_X64, CLASSES_2}},
    {"linux", 8, {.name = "5.0 linux-x64", .major = 5, OPEN, WORDS_X64, CLASSES_2}},
    {"linux", 8, {.name = "2.2 linux-x64", .major = 2, .minor = 2, OPEN, WORDS_X64, CLASSES_2}},
    {"linux", 8, {.name = "2.1 linux-x64", .major = 2, .minor = 1, OPEN, WORDS_X64, CLASSES_2}},
};

const size_t HGR_CLR_PARTIAL_ROW_COUNT =
    sizeof HGR_CLR_PARTIAL_ROWS / sizeof HGR_CLR_PARTIAL_ROWS[0];
