/* clr: one MethodTable and its EEClass.
 *
 * Input: an address, the runtime's layout. Output: the words that later files ask for. Every
 * pointer is read with the target's width. The optional slots of 8 and before (module override,
 * generic statics) follow the two fixed ones and then the chunks of virtual slots. */
#include "method_table.h"

/* Every word of the table lies below this: one read for all of them. */
#define MT_BYTES_MAX 128

static uint64_t word_at(const uint8_t *bytes, uint32_t offset, uint32_t pointer_size)
{
    uint64_t wide = 0;
    memcpy(&wide, bytes + offset, pointer_size); /* little-endian host, as the cursor */
    return wide;
}

static uint32_t u32_at(const uint8_t *bytes, uint32_t offset)
{
    uint32_t value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static uint64_t add_wrapping(const hgr_runtime *runtime, uint64_t addr, uint64_t value)
{
    uint64_t sum = addr + value; /* wraps where the target lies below */
    return runtime->space->pointer_size == 8 ? sum : (uint32_t)sum;
}

uint64_t hgr_clr_link_value(const hgr_runtime *runtime, uint64_t addr, uint64_t value)
{
    return value == 0 || !runtime->layout.links_relative ? value
                                                         : add_wrapping(runtime, addr, value);
}

uint64_t hgr_clr_list_link_value(const hgr_runtime *runtime, uint64_t addr, uint64_t value)
{
    return value == 0 || !(runtime->layout.links_relative || runtime->layout.lists_relative)
               ? value
               : add_wrapping(runtime, addr, value);
}

bool hgr_clr_link(const hgr_runtime *runtime, uint64_t addr, uint64_t *out)
{
    uint64_t value;
    if (!hgr_space_ptr(runtime->space, addr, &value))
        return false;
    *out = hgr_clr_link_value(runtime, addr, value);
    return true;
}

bool hgr_clr_list_link(const hgr_runtime *runtime, uint64_t addr, uint64_t *out)
{
    uint64_t value;
    if (!hgr_space_ptr(runtime->space, addr, &value))
        return false;
    *out = hgr_clr_list_link_value(runtime, addr, value);
    return true;
}

bool hgr_method_table_read(const hgr_runtime *runtime, uint64_t addr, hgr_method_table *out)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint32_t size = runtime->space->pointer_size;
    uint32_t bytes_len = layout->mt_per_inst_info + size;
    uint8_t bytes[MT_BYTES_MAX] = {0};
    if (addr == 0 || addr % size || bytes_len > sizeof bytes ||
        !hgr_space_read(runtime->space, addr, bytes, bytes_len))
        return false;
    uint16_t virtuals;
    memcpy(&virtuals, bytes + layout->mt_num_virtuals, sizeof virtuals);
    uint32_t flags = u32_at(bytes, 0);
    uint32_t flags2 = u32_at(bytes, layout->mt_flags2);
    *out = (hgr_method_table){
        .addr = addr,
        .flags = flags,
        .base_size = u32_at(bytes, 4),
        .flags2 = flags2,
        .component_size = flags & HGR_MT_HAS_COMPONENT_SIZE ? flags & 0xffff : 0,
        .rid = layout->mt_rid_shift_8 ? flags2 >> 8 : flags2 >> 16,
        .num_virtuals = virtuals,
        .parent_addr = word_at(bytes, layout->mt_parent, size),
        .module_word = hgr_clr_link_value(runtime, addr + layout->mt_module,
                                          word_at(bytes, layout->mt_module, size)),
        .auxiliary_addr = word_at(bytes, layout->mt_auxiliary, size),
        .class_word = word_at(bytes, layout->mt_class, size),
        .per_inst_info = word_at(bytes, layout->mt_per_inst_info, size),
    };
    return true;
}

uint32_t hgr_method_table_rank(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    if (mt->flags & HGR_MT_VECTOR)
        return 1;
    /* Behind the fixed part of 3 pointers: one length and one lower bound, 4 bytes each, per
     * dimension. */
    uint32_t fixed = 3 * runtime->space->pointer_size;
    if (mt->base_size <= fixed)
        return 0;
    uint32_t rank = (mt->base_size - fixed) / 8;
    return rank <= 32 ? rank : 0; /* the runtime allows 32 dimensions */
}

/* The tag of a class word: 0 EEClass; 1 (8 and later) or 2 (before) a canonical method table; 3 a
 * cell that holds one. */
uint64_t hgr_method_table_canonical(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    uint64_t tag = mt->class_word & 3, addr = mt->class_word & ~UINT64_C(3);
    if (tag == 0)
        return mt->addr;
    if (tag == 3 && !hgr_space_ptr(runtime->space, addr, &addr))
        return 0;
    return addr;
}

uint64_t hgr_method_table_class(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    if ((mt->class_word & 3) == 0)
        return mt->class_word;
    uint64_t canonical = hgr_method_table_canonical(runtime, mt), class_addr;
    if (canonical == 0 || canonical % runtime->space->pointer_size ||
        !hgr_space_ptr(runtime->space, canonical + runtime->layout.mt_class, &class_addr))
        return 0;
    return class_addr & 3 ? 0 : class_addr; /* a canonical table has a class of its own */
}

static uint32_t count_bits(uint32_t value)
{
    return (uint32_t)__builtin_popcount(value);
}

/* Address of the index-th optional slot of 8 and before. */
static uint64_t optional_slot(const hgr_runtime *runtime, const hgr_method_table *mt,
                              uint32_t index)
{
    uint32_t size = runtime->space->pointer_size;
    uint64_t first = mt->addr + runtime->layout.mt_per_inst_info;
    if (index < 2)
        return first + (uint64_t)size * index;
    uint64_t chunks = (mt->num_virtuals + 7) / 8; /* pointers to 8 virtual slots each */
    return first + (uint64_t)size * (2 + chunks + (index - 2));
}

uint64_t hgr_method_table_module(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    if (runtime->layout.statics == HGR_STATICS_AUXILIARY)
        return mt->module_word;
    hgr_method_table canonical;
    if (hgr_method_table_generics(mt) && (mt->class_word & 3)) {
        if (!hgr_method_table_read(runtime, hgr_method_table_canonical(runtime, mt), &canonical) ||
            (canonical.class_word & 3))
            return 0;
        return hgr_method_table_module(runtime,
                                       &canonical); /* once: a canonical one has its own class */
    }
    if (!(mt->flags2 & HGR_MT_MODULE_OVERRIDE))
        return mt->module_word;
    uint64_t module = 0;
    uint32_t index = count_bits(mt->flags2 & (HGR_MT_MODULE_OVERRIDE - 1));
    return hgr_clr_list_link(runtime, optional_slot(runtime, mt, index), &module) ? module : 0;
}

uint64_t hgr_method_table_generic_statics(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    if (runtime->layout.statics != HGR_STATICS_LOCAL_MODULE || !hgr_method_table_generics(mt) ||
        !(mt->flags & HGR_MT_GENERIC_STATICS))
        return 0;
    uint32_t slots = count_bits(mt->flags2 & HGR_MT_SLOT_BITS);
    return optional_slot(runtime, mt, slots < 2 ? 2 : slots); /* behind the last optional slot */
}

uint64_t hgr_method_table_loader_module(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    if (runtime->layout.statics != HGR_STATICS_AUXILIARY)
        return mt->module_word;
    uint64_t module; /* MethodTableAuxiliaryData: u32 flags, offsets, then the loader module */
    uint32_t size = runtime->space->pointer_size;
    return hgr_space_ptr(runtime->space, mt->auxiliary_addr + size, &module) ? module : 0;
}

uint64_t hgr_method_table_arguments(const hgr_runtime *runtime, const hgr_method_table *mt,
                                    uint32_t *out_count)
{
    *out_count = 0;
    const hgr_space *space = runtime->space;
    if (!hgr_method_table_generics(mt) || hgr_method_table_is_array(mt) || mt->per_inst_info < 4)
        return 0;
    uint16_t
        counts[2]; /* dictionaries (one per generic class in the chain), arguments of the last */
    uint64_t dictionary;
    if (!hgr_space_read(space, mt->per_inst_info - 4, counts, sizeof counts) || counts[0] == 0 ||
        counts[1] == 0 || counts[1] > HGR_TYPE_MAX_ARGUMENTS)
        return 0;
    uint64_t last = mt->per_inst_info + (uint64_t)space->pointer_size * (counts[0] - 1u);
    if (!hgr_space_ptr(space, last, &dictionary) || dictionary == 0)
        return 0;
    *out_count = counts[1];
    return dictionary;
}

/* A stream of numbers, each led by 5 bits that say how many bits it has, less one. */
static bool read_packed(const hgr_runtime *runtime, uint64_t block, uint32_t *values,
                        uint32_t count)
{
    uint8_t bytes[48] = {0}; /* 8 numbers of at most 37 bits are 37 bytes */
    uint64_t present = hgr_space_present(runtime->space, block, 40);
    if (!hgr_space_read(runtime->space, block, bytes, (size_t)present)) /* <= 40 */
        return false;
    uint32_t bit = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t window;
        memcpy(&window, bytes + bit / 8, sizeof window); /* bit <= 7 * 37: within 48 bytes */
        window >>= bit % 8;
        uint32_t bits = (uint32_t)(window & 31) + 1;
        values[i] = (uint32_t)(window >> 5 & ((UINT64_C(1) << bits) - 1));
        bit += 5 + bits;
        if (bit > present * 8)
            return false;
    }
    return true;
}

/* Order of the numbers in the block of 8 and before. */
enum { PACKED_INSTANCE = 0, PACKED_STATIC = 2, PACKED_THREAD_STATIC = 6, PACKED_FIELDS = 8 };

static bool read_counts_block(const hgr_runtime *runtime, uint64_t class_addr,
                              hgr_class_counts *out)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint8_t is_packed, fixed_size;
    uint32_t values[PACKED_FIELDS];
    if (!hgr_space_u8(runtime->space, class_addr + layout->class_is_packed_at, &is_packed) ||
        !hgr_space_u8(runtime->space, class_addr + layout->class_fixed_size_at, &fixed_size))
        return false;
    uint64_t block = class_addr + fixed_size;
    bool there = is_packed ? read_packed(runtime, block, values, PACKED_FIELDS)
                           : hgr_space_read(runtime->space, block, values, sizeof values);
    if (!there)
        return false;
    *out = (hgr_class_counts){values[PACKED_INSTANCE], values[PACKED_STATIC],
                              values[PACKED_THREAD_STATIC]};
    return true;
}

static bool read_counts_fixed(const hgr_runtime *runtime, uint64_t class_addr,
                              hgr_class_counts *out)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint16_t instance, statics, thread_statics;
    if (!hgr_space_u16(runtime->space, class_addr + layout->class_num_instance_fields, &instance) ||
        !hgr_space_u16(runtime->space, class_addr + layout->class_num_static_fields, &statics) ||
        !hgr_space_u16(runtime->space, class_addr + layout->class_num_thread_static_fields,
                       &thread_statics))
        return false;
    *out = (hgr_class_counts){instance, statics, thread_statics};
    return true;
}

bool hgr_class_counts_read(const hgr_runtime *runtime, uint64_t class_addr, hgr_class_counts *out)
{
    hgr_class_counts counts;
    if (class_addr == 0 ||
        !(runtime->layout.class_packed ? read_counts_block(runtime, class_addr, &counts)
                                       : read_counts_fixed(runtime, class_addr, &counts)))
        return false;
    if (counts.instance_fields > HGR_CLASS_MAX_FIELDS ||
        counts.static_fields > HGR_CLASS_MAX_FIELDS ||
        counts.thread_static_fields > counts.static_fields)
        return false;
    *out = counts;
    return true;
}

uint32_t hgr_method_table_value_bytes(const hgr_runtime *runtime, const hgr_method_table *mt)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint32_t box = 2 * runtime->space->pointer_size; /* header and method table */
    uint64_t class_addr = hgr_method_table_class(runtime, mt);
    /* The class says how much of the base size is no field: the box and what fills it up. */
    uint64_t at = layout->class_packed ? layout->class_fixed_size_at + 1u
                                       : layout->class_norm_type + 1u;
    uint8_t others = 0;
    if (mt->base_size <= box)
        return 0;
    return class_addr != 0 && hgr_space_u8(runtime->space, class_addr + at, &others) &&
                   others >= box && others < mt->base_size
               ? mt->base_size - others
               : mt->base_size - box;
}
