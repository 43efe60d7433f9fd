/* clr: structure offsets of one runtime, as data. Tables per version in clr_layout.c; a contract descriptor overwrites what it names.
 *
 * Offsets in bytes; HGR_NO_OFFSET = the field does not exist in this runtime. Sources: the layout facts
 * verified on recorded dumps (tests/peers), the data contract descriptors of 9 and 10. */
#ifndef HGR_CLR_LAYOUT_H
#define HGR_CLR_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HGR_NO_OFFSET UINT32_MAX

typedef enum hgr_statics_scheme {
    HGR_STATICS_AUXILIARY,  /* 9, 10: DynamicStaticsInfo before the MethodTable's auxiliary data */
    HGR_STATICS_LOCAL_MODULE /* 2 .. 8: DomainLocalModule */
} hgr_statics_scheme;

typedef enum hgr_code_map {
    HGR_CODE_MAP_NONE, /* not known how this runtime finds a method by its code */
    HGR_CODE_MAP_RADIX, /* 8 and later: a radix tree over the address */
    HGR_CODE_MAP_LIST   /* 7 and before: a list of address ranges */
} hgr_code_map;

typedef struct hgr_clr_layout {
    const char *name;       /* "10.0 linux-x64" */
    uint32_t    major, minor;
    bool        verified;   /* compared with an independent reader on a recorded dump */
    bool        partial;    /* what moves is left open: see clr_calibrate.c */

    /* indices into g_dacTable (x pointer size) */
    uint32_t dac_thread_store, dac_finalizer_thread, dac_heap_type, dac_gc_dac_globals;
    uint32_t dac_app_domain, dac_system_domain, dac_global_alloc_context;
    uint32_t dac_object_class, dac_string_class, dac_exception_class, dac_free_class, dac_sync_table;
    uint32_t dac_handle_table_map; /* 2.0: later the GC publishes it itself (0) */

    uint32_t system_domain_app_domain; /* before 3.0: the application domain, in SystemDomain; else HGR_NO_OFFSET */

    bool     links_relative;      /* 2.1: see hgr_clr_link */
    bool     lists_relative;      /* 2.0: the same for FieldDesc lists, type maps and module overrides only */
    /* MethodTable */
    uint32_t mt_flags2, mt_parent, mt_module, mt_auxiliary, mt_class, mt_per_inst_info;
    uint32_t mt_num_virtuals, mt_num_interfaces;
    bool     mt_rid_shift_8;      /* 9, 10: rid = flags2 >> 8; before: >> 16 */
    uint32_t mt_collectible_flag; /* in flags */

    /* TypeDesc: pointers, byrefs, type variables, function pointers */
    uint32_t desc_argument; /* type handle of a pointer or byref; Module of a type variable */
    uint32_t desc_token;    /* GenericParam token of a type variable */
    uint32_t desc_function; /* of {u32 arguments, u32 convention, type handles: result, arguments} */

    /* EEClass */
    uint32_t class_method_table, class_fields, class_attributes, class_norm_type;
    uint32_t class_num_instance_fields, class_num_static_fields, class_num_thread_static_fields;
    bool     class_packed;        /* 8 and before: packed fields block */
    uint32_t class_fixed_size_at, class_is_packed_at; /* u8 each, when class_packed */
    uint32_t class_optional;      /* 8: pointer to the rarely used fields */
    uint32_t optional_dynamic_id; /* 8: in them, u32: entry of the module's dynamic class table */

    /* Module and what hangs below it */
    uint32_t module_base;          /* image base, HGR_NO_OFFSET: through PEAssembly */
    uint32_t module_pe_assembly, module_loader_allocator, module_typedef_map, module_type_params;
    uint32_t module_ready_to_run, module_local_module, module_index, module_dynamic_metadata;
    uint32_t module_assembly, module_path;
    uint32_t module_simple_name; /* calibrated: of a name in its image's metadata; 0 = not known */
    uint32_t pe_assembly_image, pe_image_layout, layout_base;
    uint32_t assembly_loader_allocator; /* 7 and before: in the module's Assembly; else HGR_NO_OFFSET */
    uint32_t loader_allocator_handle; /* handle of the managed LoaderAllocator */
    bool     type_params_counted; /* 7 and before: {buckets, u32 their number}, heads from the first word on */
    uint32_t app_domain_assemblies;   /* the assembly list */
    uint32_t assembly_item_module;    /* module at item + this, when assembly_item_indirect = false */
    bool     assembly_item_indirect;  /* 10: item -> Assembly -> module */

    /* statics */
    hgr_statics_scheme statics;

    /* Thread, ThreadStore */
    uint32_t store_first, store_count;
    uint32_t thread_link, thread_id, thread_os_id, thread_state, thread_preemptive, thread_frame;
    uint32_t thread_alloc_context; /* of {alloc_ptr, alloc_limit} */
    bool     thread_alloc_context_indirect; /* 9, 10: behind the pointer at thread_alloc_pointer */
    uint32_t thread_alloc_pointer;
    uint32_t thread_stack_base, thread_stack_limit, thread_last_thrown, thread_exception_tracker;
    uint32_t thread_exposed_object, thread_local_data, thread_blocking_item;
    bool     thread_local_data_indirect; /* 2.1: a pointer to it */

    /* code and methods */
    hgr_code_map code_map;
    uint32_t dac_code_map;       /* index into g_dacTable: the entry is the map's own address, or that of the list's head */
    bool     nibble_pointers;    /* 10: words of the nibble map may point at a method's start */
    uint32_t ready_functions;    /* of {RUNTIME_FUNCTIONs, u32 their number} in ReadyToRunInfo; 0 = not known */
    uint32_t module_native_layout; /* 2.x: NGenLayoutInfo of a native image, in Module; 0 = none or not known */
    uint32_t ready_entry_points; /* hash table in ReadyToRunInfo: entry point -> MethodDesc */
    bool     frame_numbers;      /* 10: explicit frames begin with a number instead of a vtable */
    uint32_t gc_info_version;    /* x64: 4 from 10 on, 3 or 2 before; 0 = not read */
    uint32_t method_desc_bytes;  /* of the part that all MethodDescs share; 0 = layout not known */
    uint32_t method_token_bits;  /* of the token that the MethodDesc itself holds */

    /* handle table */
    uint32_t handle_types, handle_table_segments, handle_segment_next, handle_segment_table;
} hgr_clr_layout;

/** The index-th table for a system, newest first; NULL past the last. os "linux" or "windows", pointer_size 8 or 4. */
const hgr_clr_layout *hgr_clr_layout_nth(size_t index, const char *os, uint32_t pointer_size);

/** The table of a major version's newest minor one, or NULL. */
const hgr_clr_layout *hgr_clr_layout_find(uint32_t major, const char *os, uint32_t pointer_size);

/** The highest major version with a table, 0 = none for this system. */
uint32_t hgr_clr_layout_newest(const char *os, uint32_t pointer_size);

#endif
