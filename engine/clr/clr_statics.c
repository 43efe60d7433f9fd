/* clr: static fields that hold references.
 *
 * Input: all loaded types. Output: every non-null slot, ascending by address, named Type.Field.
 * Method: of each type the block that holds references (clr_static_bases.c). Most types have none,
 * and that is seen in the method table's own words: those cost one read. */
#include "clr_statics.h"

#include <stdlib.h>

#include "../base/status.h"

/* Type.Field, kept as long as names. */
static const char *make_name(hgr_clr_statics *s, const hgr_method_table *mt, uint32_t rid)
{
    const char *field = NULL;
    size_t len = 0;
    hgr_text_clear(&s->text);
    hgr_clr_type_name(s->names, mt->addr,
                      &s->text); /* a name that says "method table 0x..." will do */
    hgr_text_add(&s->text, ".", 1);
    hgr_clr_module *module = NULL;
    if (hgr_clr_modules_get(&s->names->modules, hgr_method_table_module(s->runtime, mt), &module,
                            s->status) != HGR_OK)
        return NULL;
    if (module && module->has_metadata &&
        hgr_metadata_string(&module->metadata, HGR_TABLE_FIELD, rid, HGR_FIELD_NAME, &field, &len))
        hgr_text_add(&s->text, field, len);
    else
        hgr_text_format(&s->text, "<field 0x%x>", rid);
    if (s->text.failed) {
        hgr_fail(s->status, HGR_NO_MEMORY, "static field: name");
        return NULL;
    }
    return hgr_arena_text(&s->names->arena, s->text.bytes, s->text.len, s->status);
}

static hgr_result add(hgr_clr_statics *s, const hgr_clr_static *item)
{
    hgr_result result = hgr_grow(s->run, &s->items, &s->capacity, s->count + 1, HGR_CLR_MAX_STATICS,
                                 sizeof *item, "static fields", s->status);
    if (result == HGR_OK)
        s->items[s->count++] = *item;
    return result;
}

hgr_result hgr_clr_statics_add(hgr_clr_statics *s, const hgr_method_table *mt,
                               const hgr_field_desc *desc, uint64_t slot_addr,
                               const hgr_clr_thread *thread)
{
    hgr_clr_static item = {.slot_addr = slot_addr, .class_mt = mt->addr};
    if (!hgr_space_ptr(s->runtime->space, slot_addr, &item.object_addr) || item.object_addr == 0)
        return HGR_OK;
    item.is_thread_static = thread != NULL;
    item.thread_os_id = thread ? thread->os_id : 0;
    item.name = make_name(s, mt, desc->rid);
    return item.name ? add(s, &item) : HGR_NO_MEMORY;
}

hgr_result hgr_clr_statics_add_named(hgr_clr_statics *s, const char *name, uint64_t slot_addr,
                                     const hgr_clr_thread *thread)
{
    hgr_clr_static item = {
        .slot_addr = slot_addr,
        .is_thread_static = true,
        .thread_os_id = thread->os_id,
        .name = name,
    };
    if (!hgr_space_ptr(s->runtime->space, slot_addr, &item.object_addr) || item.object_addr == 0)
        return HGR_OK;
    return add(s, &item);
}

/* Remember a type with thread statics: they lie elsewhere in each thread. */
static hgr_result keep_thread_type(hgr_clr_statics *s, const hgr_method_table *mt,
                                   const hgr_field_list *list)
{
    hgr_result result =
        hgr_grow(s->run, &s->thread_types, &s->thread_types_capacity, s->nthread_types + 1,
                 HGR_CLR_MAX_TYPES, sizeof *s->thread_types, "thread static types", s->status);
    if (result == HGR_OK)
        s->thread_types[s->nthread_types++] = (hgr_clr_thread_type){*mt, *list};
    return result;
}

static hgr_result read_fields(hgr_clr_statics *s, const hgr_method_table *mt,
                              const hgr_field_list *list, uint64_t base)
{
    hgr_field_desc desc;
    hgr_result result = HGR_OK;
    for (uint32_t i = 0; i < list->count && result == HGR_OK; i++) {
        if (!hgr_field_desc_read(s->runtime, list, i, &desc))
            break;
        if (hgr_clr_is_reference_static(&desc) && !desc.is_thread_static)
            result = hgr_clr_statics_add(s, mt, &desc, base + desc.offset, NULL);
    }
    return result;
}

static hgr_result read_type(hgr_clr_statics *s, uint64_t addr)
{
    const hgr_runtime *runtime = s->runtime;
    hgr_method_table mt;
    hgr_field_list list;
    if (!hgr_method_table_read(runtime, addr, &mt) || !hgr_clr_may_have_statics(runtime, &mt) ||
        !hgr_field_list_read(runtime, &mt, &list) || list.counts.static_fields == 0)
        return HGR_OK;
    hgr_result result = HGR_OK;
    if (list.counts.thread_static_fields > 0)
        result = keep_thread_type(s, &mt, &list);
    hgr_clr_static_bases bases = hgr_clr_static_bases_read(runtime, &mt, &list);
    if (result == HGR_OK && bases.gc_addr != 0)
        result = read_fields(s, &mt, &list, bases.gc_addr);
    return result;
}

static int by_slot(const void *left, const void *right)
{
    const hgr_clr_static *a = left, *b = right;
    if (a->slot_addr != b->slot_addr)
        return a->slot_addr < b->slot_addr ? -1 : 1;
    return (a->class_mt > b->class_mt) - (a->class_mt < b->class_mt);
}

/* A slot has one owner: shared canonical types may show their instance's. */
static void sort_and_join(hgr_clr_statics *s)
{
    size_t kept = 0;
    if (s->count == 0)
        return;
    qsort(s->items, s->count, sizeof *s->items, by_slot);
    for (size_t i = 1; i < s->count; i++)
        if (s->items[i].slot_addr != s->items[kept].slot_addr)
            s->items[++kept] = s->items[i];
    s->count = kept + 1;
}

hgr_result hgr_clr_statics_read(const hgr_runtime *runtime, hgr_clr_names *names,
                                const hgr_run *run, hgr_clr_static **out, size_t *out_count,
                                hgr_status *status)
{
    hgr_clr_statics s = {.runtime = runtime, .names = names, .run = run, .status = status};
    uint64_t *types = NULL;
    size_t ntypes = 0;
    hgr_text_init(&s.text, run);
    hgr_result result = hgr_clr_loaded_types(runtime, run, &types, &ntypes, status);
    for (size_t i = 0; i < ntypes && result == HGR_OK; i++)
        result = read_type(&s, types[i]);
    if (result == HGR_OK)
        result = hgr_clr_thread_statics_read(&s);
    if (result == HGR_OK) {
        sort_and_join(&s);
        *out = s.items;
        *out_count = s.count;
        s.items = NULL;
    }
    hgr_free(s.items);
    hgr_free(s.thread_types);
    hgr_text_fini(&s.text);
    hgr_free(types);
    return result;
}
