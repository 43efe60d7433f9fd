/* clr: thread statics.
 *
 * Input: the types that declare some, the runtime's threads. Output: their non-null slots per
 * thread. 9, 10  ThreadStaticsInfo lies 5 words before the auxiliary data: {u32 non-GC index, u32
 * GC index}; an index is {kind: 8 bits, n: 24 bits}. The thread's local data {i32 n0, i32 n1,
 * object[] of kind 0, handles of kind 1, .., list in flight} leads to one object per type, in which
 * the FieldDesc's offset counts from the object's start. A type whose object is not in the array
 * yet may be in the list. The object[] itself hangs on nothing else. 8      ThreadLocalModule of
 * the module's index; its handle's object[] holds all plain types, an entry of the dynamic table
 * each generic one. */
#include "clr_statics.h"

#include "../base/status.h"

enum { KIND_ARRAY = 0, KIND_COLLECTIBLE = 1, KIND_DIRECT = 2 };
#define ARRAY_SKIPS 2u /* n counts from here: the first two kind-0 numbers have no array element   \
                        */

/* The object that holds the statics of one type in one thread, by the list of those being made. */
static uint64_t find_in_flight(const hgr_runtime *runtime, uint64_t local, uint32_t index)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size;
    uint64_t entry, handle, object;
    if (!hgr_space_ptr(space, local + 4 * word, &entry))
        return 0;
    for (uint32_t step = 0; entry != 0 && step < HGR_CLR_MAX_CHAIN; step++) {
        uint32_t seen;
        if (!hgr_space_u32(space, entry + word, &seen))
            return 0;
        if (seen == index)
            return hgr_space_ptr(space, entry + 2 * word, &handle) && handle != 0 &&
                           hgr_space_ptr(space, handle, &object)
                       ? object
                       : 0;
        if (!hgr_space_ptr(space, entry, &entry))
            return 0;
    }
    return 0;
}

static uint64_t find_in_array(const hgr_runtime *runtime, uint64_t local, uint32_t n)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size, length;
    uint64_t array, object;
    if (n < ARRAY_SKIPS || !hgr_space_ptr(space, local + word, &array) || array == 0 ||
        !hgr_space_u32(space, array + word, &length) || n - ARRAY_SKIPS >= length ||
        !hgr_space_ptr(space, array + (2 + (uint64_t)(n - ARRAY_SKIPS)) * word, &object))
        return 0;
    return object;
}

static uint64_t find_collectible(const hgr_runtime *runtime, uint64_t local, uint32_t n)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size, count;
    uint64_t handles, handle, object;
    if (!hgr_space_u32(space, local + 4, &count) || n >= count ||
        !hgr_space_ptr(space, local + 2 * word, &handles) || handles == 0 ||
        !hgr_space_ptr(space, handles + (uint64_t)n * word, &handle) || handle == 0 ||
        !hgr_space_ptr(space, handle, &object))
        return 0;
    return object;
}

/* Where the fields' offsets count from, in one thread; 0 = this thread has none. Fields that hold
 * references lie apart from the others. */
static uint64_t local_data_base(const hgr_runtime *runtime, const hgr_method_table *mt,
                                uint64_t local, bool references)
{
    uint32_t index, word = runtime->space->pointer_size;
    if (mt->auxiliary_addr < 5u * word ||
        !hgr_space_u32(runtime->space, mt->auxiliary_addr - 5u * word + (references ? 4u : 0u),
                       &index))
        return 0;
    uint32_t n = index & 0xffffff;
    uint64_t object = 0;
    if (index >> 24 == KIND_DIRECT)
        return local + n;
    if (index >> 24 == KIND_ARRAY)
        object = find_in_array(runtime, local, n);
    else if (index >> 24 == KIND_COLLECTIBLE)
        object = find_collectible(runtime, local, n);
    return object ? object : find_in_flight(runtime, local, index);
}

/* 8: the ThreadLocalModule of a module in a thread whose table is `table`. */
static uint64_t thread_local_module(const hgr_runtime *runtime, uint64_t module, uint64_t thread)
{
    const hgr_space *space = runtime->space;
    uint64_t table, size, index, found;
    uint32_t word = space->pointer_size;
    uint64_t at = thread + runtime->layout.thread_local_data;
    if (runtime->layout.module_index == HGR_NO_OFFSET || module == 0 ||
        (runtime->layout.thread_local_data_indirect && !hgr_space_ptr(space, at, &at)) ||
        !hgr_space_ptr(space, at, &table) || table == 0 ||
        !hgr_space_ptr(space, at + word, &size) ||
        !hgr_space_ptr(space, module + runtime->layout.module_index, &index) || index >= size ||
        !hgr_space_ptr(space, table + index * word, &found))
        return 0;
    return found;
}

/* 8: the ThreadLocalModule {dynamic table, u32 its size, handle of the plain types' object[]}, or
 * the entry of a generic instance in its dynamic table. *out_handle: where the handle lies in it. */
static uint64_t local_module_block(const hgr_runtime *runtime, const hgr_method_table *mt,
                                   uint64_t thread, uint64_t *out_handle)
{
    const hgr_space *space = runtime->space;
    uint32_t word = space->pointer_size, id, size;
    uint64_t info = hgr_method_table_generic_statics(runtime, mt), local, table, entry;
    if (!hgr_method_table_generics(mt)) {
        if (hgr_method_table_is_dynamic_class(mt))
            return 0; /* made by Reflection.Emit: its entry's number is not known here */
        local = thread_local_module(runtime, hgr_method_table_module(runtime, mt), thread);
        *out_handle = local + 2 * word;
        return local;
    }
    local = thread_local_module(runtime, hgr_method_table_loader_module(runtime, mt), thread);
    if (local == 0 || info == 0 || !hgr_space_u32(space, info + word, &id) ||
        !hgr_space_ptr(space, local, &table) || table == 0 ||
        !hgr_space_u32(space, local + word, &size) || id >= size ||
        !hgr_space_ptr(space, table + 2 * (uint64_t)word * id, &entry))
        return 0;
    *out_handle = entry; /* an entry begins with its handle */
    return entry;
}

static uint64_t local_module_base(const hgr_runtime *runtime, const hgr_method_table *mt,
                                  uint64_t thread, bool references)
{
    const hgr_space *space = runtime->space;
    uint64_t place = 0, handle, array;
    uint64_t block = local_module_block(runtime, mt, thread, &place);
    if (block == 0 || !references)
        return block;
    if (!hgr_space_ptr(space, place, &handle) || handle == 0 ||
        !hgr_space_ptr(space, handle, &array) || array == 0)
        return 0;
    return array + 2 * space->pointer_size;
}

/* The thread's local data of 9 and later, 0 = none. */
static uint64_t local_data(const hgr_runtime *runtime, const hgr_clr_thread *thread)
{
    uint64_t local;
    return hgr_space_ptr(runtime->space, thread->thread_addr + runtime->layout.thread_local_data,
                         &local)
               ? local
               : 0;
}

uint64_t hgr_clr_thread_static_addr(const hgr_runtime *runtime, uint64_t method_table_addr,
                                    const hgr_clr_field *field, const hgr_clr_thread *thread)
{
    hgr_method_table mt;
    bool references = field->element_type == HGR_ELEMENT_CLASS ||
                      field->element_type == HGR_ELEMENT_VALUE_TYPE;
    uint64_t base = 0, local;
    if (!field->is_thread_static || runtime->layout.thread_local_data == HGR_NO_OFFSET ||
        !hgr_method_table_read(runtime, method_table_addr, &mt))
        return 0;
    if (runtime->layout.statics != HGR_STATICS_AUXILIARY)
        base = local_module_base(runtime, &mt, thread->thread_addr, references);
    else if ((mt.flags2 & HGR_MT_DYNAMIC_STATICS) && (local = local_data(runtime, thread)) != 0)
        base = local_data_base(runtime, &mt, local, references);
    return base ? base + field->offset : 0;
}

static hgr_result read_fields(hgr_clr_statics *s, const hgr_clr_thread_type *type, uint64_t base,
                              const hgr_clr_thread *thread)
{
    hgr_field_desc desc;
    hgr_result result = HGR_OK;
    for (uint32_t i = 0; i < type->list.count && result == HGR_OK; i++) {
        if (!hgr_field_desc_read(s->runtime, &type->list, i, &desc))
            break;
        if (desc.is_thread_static && hgr_clr_is_reference_static(&desc))
            result = hgr_clr_statics_add(s, &type->mt, &desc, base + desc.offset, thread);
    }
    return result;
}

static hgr_result read_thread(hgr_clr_statics *s, const hgr_clr_thread *thread)
{
    const hgr_runtime *runtime = s->runtime;
    bool auxiliary = runtime->layout.statics == HGR_STATICS_AUXILIARY;
    uint64_t local = auxiliary ? local_data(runtime, thread) : 0;
    if (auxiliary && local == 0)
        return HGR_OK;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < s->nthread_types && result == HGR_OK; i++) {
        const hgr_clr_thread_type *type = &s->thread_types[i];
        uint64_t base = auxiliary ? local_data_base(runtime, &type->mt, local, true)
                                  : local_module_base(runtime, &type->mt, thread->thread_addr, true);
        if (base != 0)
            result = read_fields(s, type, base, thread);
    }
    if (result == HGR_OK && auxiliary)
        result = hgr_clr_statics_add_named(s, "(array of all thread statics)",
                                           local + runtime->space->pointer_size, thread);
    return result;
}

hgr_result hgr_clr_thread_statics_read(hgr_clr_statics *s)
{
    hgr_result result = HGR_OK;
    if (s->runtime->layout.thread_local_data == HGR_NO_OFFSET)
        return HGR_OK;
    for (size_t i = 0; i < s->runtime->nthreads && result == HGR_OK; i++)
        result = read_thread(s, &s->runtime->threads[i]);
    return result;
}
