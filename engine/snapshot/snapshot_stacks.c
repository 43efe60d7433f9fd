/* snapshot: the references of all stacks -> roots with names.
 *
 * Input: the stacks, read anew. Output: roots that say thread, method and place: a precise one
 * names the frame it lives in; a conservative one the managed frame it lies in or was called from.
 * A word that leads to no object is a number that looks like an address: no finding. A precise
 * reference that leads to none is one, unless it may point elsewhere: an interior one into a stack,
 * for example. */
#include "snapshot.h"

#include <heapgraph/stacks.h>

#include "../base/status.h"

/* What the last root was called: roots of one frame follow each other. */
struct label {
    const hgr_stacks *stacks;
    const hgr_stack_root *root;
    const char *name, *stable_name;
    hgr_text text;
};

/* The method of the frame, or of the managed one that called it; NULL: none was seen. */
static const char *method_of(const hgr_stacks *stacks, const hgr_stack_root *root)
{
    const hgr_managed_thread *thread = hgr_stacks_thread(stacks, root->thread);
    for (size_t f = root->frame; f < thread->first_frame + thread->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(stacks, f);
        if (frame->method)
            return frame->method;
    }
    return NULL;
}

/* thread 0x1b84 "request-worker" in Shop.Cart.Add(Int32), local in rsi. stable: without what
 * another run of the same program has otherwise. */
static void write_name(struct label *label, const hgr_stack_root *root, bool stable)
{
    const hgr_managed_thread *thread = hgr_stacks_thread(label->stacks, root->thread);
    const char *method = method_of(label->stacks, root);
    hgr_text *text = &label->text;
    hgr_text_clear(text);
    hgr_text_add_z(text, "thread");
    if (!stable)
        hgr_text_format(text, " 0x%x", thread->os_id);
    if (thread->name) {
        hgr_text_add_z(text, " \"");
        hgr_text_add_z(text, thread->name);
        hgr_text_add_z(text, "\"");
    }
    if (method) {
        hgr_text_add_z(text, " in ");
        hgr_text_add_z(text, method);
        if (!stable)
            hgr_text_add_z(text, ", ");
    } else {
        hgr_text_add_z(text, " ");
    }
    if (!method && (stable || root->slot_addr))
        hgr_text_add_z(text, "stack");
    else if (!stable)
        hgr_text_add_z(text, root->place);
}

static hgr_result label_root(hgr_snapshot *snapshot, struct label *label,
                             const hgr_stack_root *root, hgr_status *status)
{
    const hgr_stack_root *last = label->root;
    bool same_frame = last && last->thread == root->thread && last->frame == root->frame;
    if (same_frame && last->place == root->place)
        return HGR_OK;
    label->root = root;
    write_name(label, root, false);
    label->name = hgr_snapshot_keep_text(snapshot, &label->text, status);
    if (label->name && !same_frame) {
        write_name(label, root, true);
        label->stable_name = hgr_snapshot_keep_text(snapshot, &label->text, status);
    }
    return label->name && label->stable_name ? HGR_OK : HGR_NO_MEMORY;
}

static hgr_result add_stack_root(hgr_snapshot *snapshot, struct label *label,
                                 const hgr_stack_root *from, hgr_status *status)
{
    hgr_node node = hgr_node_containing(snapshot, from->value);
    if (node == HGR_NO_NODE) {
        hgr_finding finding = {HGR_FOUND_BAD_ROOT, from->slot_addr, from->value, 0};
        return from->interior ? HGR_OK : hgr_snapshot_find(snapshot, &finding, status);
    }
    hgr_result result = label_root(snapshot, label, from, status);
    if (result != HGR_OK)
        return result;
    hgr_root root = {
        .kind = HGR_ROOT_STACK,
        .node = node,
        .object_addr = hgr_node_address(snapshot, node),
        .slot_addr = from->slot_addr,
        .thread_os_id = hgr_stacks_thread(label->stacks, from->thread)->os_id,
        .conservative = from->conservative,
        .name = label->name,
        .stable_name = label->stable_name,
    };
    root.interior = root.object_addr != from->value;
    return hgr_snapshot_add_root(snapshot, &root, status);
}

hgr_result hgr_snapshot_add_stacks(hgr_snapshot *snapshot, const hgr_run *run, hgr_status *status)
{
    hgr_stacks *stacks = NULL;
    hgr_result result = hgr_stacks_create(snapshot->runtime, run, &stacks, status);
    if (result != HGR_OK)
        return result;
    struct label label = {.stacks = stacks};
    hgr_text_init(&label.text, run);
    for (size_t i = 0; i < hgr_stacks_roots(stacks) && result == HGR_OK; i++)
        result = add_stack_root(snapshot, &label, hgr_stacks_root(stacks, i), status);
    hgr_text_fini(&label.text);
    hgr_stacks_free(stacks);
    return result;
}
