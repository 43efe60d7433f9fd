/* stacks: frames as an answer shows them: method names and modules.
 *
 * Input: a walk's frames. Output: hgr_stack_frame. Each method's name is made once, however many
 * threads stand in it. */
#include "stacks.h"

#include "../base/status.h"
#include "../clr/clr_methods.h"

static hgr_result name_method(hgr_stacks_reader *reader, uint64_t method_addr, uint32_t *out,
                              hgr_status *status)
{
    hgr_clr_method method;
    size_t count = reader->nmethods;
    hgr_text_clear(&reader->text);
    (void)hgr_clr_method_name(reader->names, method_addr, &reader->text); /* says what it knows */
    const char *name = hgr_stacks_keep(reader, status);
    if (!name)
        return HGR_NO_MEMORY;
    hgr_result result =
        hgr_grow(reader->stacks->run, &reader->methods, &reader->methods_capacity, count + 1,
                 UINT32_MAX - 1, sizeof *reader->methods, "method names", status);
    if (result == HGR_OK)
        result = hgr_grow(reader->stacks->run, &reader->method_modules, &reader->modules_capacity,
                          count + 1, UINT32_MAX - 1, sizeof *reader->method_modules, "method names",
                          status);
    if (result == HGR_OK)
        result = hgr_map_put(&reader->method_index, method_addr, (uint32_t)count, status);
    if (result != HGR_OK)
        return result;
    const char *module = "";
    if (hgr_clr_method_read(reader->stacks->runtime, method_addr, &method) && method.row != 0)
        module = hgr_clr_type_module(reader->names, method.method_table_addr);
    hgr_text_clear(&reader->text);
    hgr_text_add_z(&reader->text, module);
    reader->methods[count] = name;
    reader->method_modules[count] = hgr_stacks_keep(reader, status); /* names dies before us */
    if (!reader->method_modules[count])
        return HGR_NO_MEMORY;
    reader->nmethods++;
    *out = (uint32_t)count;
    return HGR_OK;
}

static hgr_result describe_managed(hgr_stacks_reader *reader, hgr_stack_frame *frame,
                                   hgr_status *status)
{
    uint32_t index = hgr_map_get(&reader->method_index, frame->method_addr);
    hgr_result result = HGR_OK;
    if (index == HGR_MAP_NONE)
        result = name_method(reader, frame->method_addr, &index, status);
    if (result != HGR_OK)
        return result;
    frame->method = reader->methods[index];
    frame->module = reader->method_modules[index];
    return HGR_OK;
}

static void describe_native(const hgr_dump *dump, hgr_stack_frame *frame)
{
    const hgr_module *module = hgr_dump_module_at(dump, frame->ip);
    if (!module)
        return;
    frame->module = module->path;
    frame->module_offset = frame->ip - module->base_addr;
}

hgr_result hgr_stacks_add_frames(hgr_stacks_reader *reader, const hgr_clr_frame *frames,
                                 size_t count, hgr_status *status)
{
    hgr_stacks *stacks = reader->stacks;
    hgr_result result =
        hgr_grow(stacks->run, &stacks->frames, &stacks->frames_capacity, stacks->nframes + count,
                 UINT32_MAX - 1, sizeof *stacks->frames, "frames", status);
    for (size_t i = 0; i < count && result == HGR_OK; i++) {
        const hgr_clr_frame *from = &frames[i];
        hgr_stack_frame frame = {.kind = (hgr_frame_kind)from->kind,
                                 .reached = (hgr_frame_reached)from->reached,
                                 .ip = from->registers.ip,
                                 .sp = from->registers.value[HGR_RSP],
                                 .module = "",
                                 .is_funclet = from->code.is_funclet};
        if (frame.kind == HGR_FRAME_MANAGED) {
            frame.method_addr = from->code.method_addr;
            result = describe_managed(reader, &frame, status);
        } else {
            describe_native(stacks->runtime->dump, &frame);
        }
        stacks->frames[stacks->nframes++] = frame;
    }
    return result;
}
