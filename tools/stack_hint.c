/* tools: a stack's first object of the program's own. */
#include "stack_hint.h"

#include <string.h>

/* "Shop.Cart" of "Shop.Cart.Add<T>(System.String)"; 0 = no such part. */
static size_t declaring_length(const char *method)
{
    size_t end = strcspn(method, "(");
    int depth = 0;
    for (size_t i = end; i-- > 0;) {
        depth += method[i] == '>';
        depth -= method[i] == '<';
        if (depth == 0 && method[i] == '.' && i > 0 && method[i - 1] != '.')
            return i;
    }
    return 0;
}

static bool belongs(const char *type, const char *method, size_t len)
{
    return len > 0 && strncmp(type, method, len) == 0 &&
           (type[len] == '\0' || type[len] == '+' || type[len] == '<');
}

static bool is_framework(const char *method)
{
    return strncmp(method, "System.", 7) == 0 || strncmp(method, "Microsoft.", 10) == 0;
}

static uint64_t object_of_frame(const hgr_stacks *stacks, const hgr_stack_frame *frame,
                                hgr_inspector *inspector)
{
    size_t len = declaring_length(frame->method);
    for (size_t r = 0; r < frame->nroots; r++) {
        const hgr_stack_root *root = hgr_stacks_root(stacks, frame->first_root + r);
        hgr_object object;
        if (!root->interior &&
            hgr_inspect_object(inspector, root->value, &object, NULL) == HGR_OK &&
            belongs(object.type->name, frame->method, len))
            return object.addr;
    }
    return 0;
}

uint64_t stack_hint(const hgr_stacks *stacks, const stack_groups *groups,
                    const stack_filter *filter, hgr_inspector *inspector)
{
    for (size_t g = 0; g < groups->count; g++) {
        const hgr_managed_thread *thread = hgr_stacks_thread(stacks, groups->rows[g].threads[0]);
        for (size_t f = 0; f < thread->nframes; f++) {
            const hgr_stack_frame *frame = hgr_stacks_frame(stacks, thread->first_frame + f);
            if (!frame->method || is_framework(frame->method) || !stack_frame_shown(filter, frame))
                continue;
            uint64_t object = object_of_frame(stacks, frame, inspector);
            if (object)
                return object;
        }
    }
    return 0;
}
