/* tools: threads with the same stack are found by sorting the threads by their shown frames. */
#include "stack_groups.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

uint32_t stack_thread_of(const hgr_stacks *stacks, uint32_t os_id)
{
    for (size_t i = 0; i < hgr_stacks_threads(stacks); i++)
        if (hgr_stacks_thread(stacks, i)->os_id == os_id)
            return (uint32_t)i;
    return HGR_MANY_GROUPS;
}

static bool is_own(const hgr_stack_frame *frame)
{
    static const char *const framework[] = {"System.", "Microsoft.", "Interop"};
    for (size_t i = 0; i < sizeof framework / sizeof framework[0]; i++)
        if (strncmp(frame->method, framework[i], strlen(framework[i])) == 0)
            return false;
    return true;
}

const hgr_stack_frame *stack_own_frame(const hgr_stacks *stacks, const hgr_managed_thread *thread)
{
    const hgr_stack_frame *first = NULL;
    for (size_t f = 0; f < thread->nframes; f++) {
        const hgr_stack_frame *frame = hgr_stacks_frame(stacks, thread->first_frame + f);
        if (!frame->method)
            continue;
        if (is_own(frame))
            return frame;
        first = first ? first : frame;
    }
    return first;
}

void stack_state(const hgr_managed_thread *thread, strbuf *out)
{
    const struct {
        bool holds;
        const char *name;
    } states[] = {{thread->is_dead, "ended"},
                  {thread->is_unstarted, "not started"},
                  {thread->is_background && !thread->is_dead, "background"},
                  {thread->is_pool_worker, "pool worker"},
                  {thread->is_finalizer, "finalizer"}};
    bool any = false;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (states[i].holds)
            strbuf_format(out, "%s%s", any ? ", " : "", states[i].name);
        any |= states[i].holds;
    }
    if (!any)
        strbuf_add_z(out, "-");
}

void stack_thread_name(const hgr_managed_thread *thread, strbuf *out)
{
    if (thread->os_id)
        strbuf_format(out, "0x%x", thread->os_id);
    else
        strbuf_format(out, "%u (%s)", thread->id, thread->is_unstarted ? "not started" : "ended");
    if (thread->name)
        strbuf_format(out, " \"%s\"", thread->name);
}

bool stack_frame_shown(const stack_filter *filter, const hgr_stack_frame *frame)
{
    return filter->all_frames || frame->kind == HGR_FRAME_MANAGED;
}

/* ---- groups ---- */

/* A managed id, an OS id (0x1b84 or decimal), or a name. */
static bool is_wanted(const stack_filter *filter, const hgr_managed_thread *thread)
{
    char *end;
    if (!filter->thread)
        return true;
    if (thread->name && strcmp(thread->name, filter->thread) == 0)
        return true;
    unsigned long number = strtoul(filter->thread, &end, 0);
    if (end == filter->thread || *end != 0)
        return false;
    return number == thread->id || (thread->os_id && number == thread->os_id);
}

struct order {
    const hgr_stacks *stacks;
    const stack_filter *filter;
};

static const hgr_stack_frame *next_shown(const struct order *order,
                                         const hgr_managed_thread *thread, size_t *f)
{
    while (*f < thread->nframes) {
        const hgr_stack_frame *frame =
            hgr_stacks_frame(order->stacks, thread->first_frame + (*f)++);
        if (stack_frame_shown(order->filter, frame))
            return frame;
    }
    return NULL;
}

static int compare_frames(const hgr_stack_frame *a, const hgr_stack_frame *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == HGR_FRAME_MANAGED)
        return strcmp(a->method, b->method);
    return a->ip < b->ip ? -1 : a->ip > b->ip;
}

static int compare_stacks(const struct order *order, uint32_t left, uint32_t right)
{
    const hgr_managed_thread *a = hgr_stacks_thread(order->stacks, left);
    const hgr_managed_thread *b = hgr_stacks_thread(order->stacks, right);
    for (size_t i = 0, k = 0;;) {
        const hgr_stack_frame *x = next_shown(order, a, &i), *y = next_shown(order, b, &k);
        if (!x || !y)
            return (x != NULL) - (y != NULL);
        int different = compare_frames(x, y);
        if (different)
            return different;
    }
}

/* Stable, so that threads of one group stay in order. */
static void merge_sort(uint32_t *threads, uint32_t *spare, size_t count, const struct order *order)
{
    if (count < 2)
        return;
    size_t half = count / 2, i = 0, k = half, at = 0;
    merge_sort(threads, spare, half, order);
    merge_sort(threads + half, spare, count - half, order);
    while (i < half || k < count)
        spare[at++] = k == count || (i < half && compare_stacks(order, threads[i], threads[k]) <= 0)
                          ? threads[i++]
                          : threads[k++];
    memcpy(threads, spare, count * sizeof *threads);
}

static bool has_frames(const struct order *order, uint32_t thread)
{
    size_t f = 0;
    return next_shown(order, hgr_stacks_thread(order->stacks, thread), &f) != NULL;
}

static int by_size(const void *left, const void *right)
{
    const stack_group *a = left, *b = right;
    if (a->frames != b->frames)
        return a->frames ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->threads[0] < b->threads[0] ? -1 : 1;
}

stack_groups stack_groups_create(const hgr_stacks *stacks, const stack_filter *filter)
{
    size_t count = 0, all = hgr_stacks_threads(stacks);
    struct order order = {stacks, filter};
    stack_groups groups = {.rows = must_alloc(all, sizeof *groups.rows),
                           .threads = must_alloc(all, sizeof *groups.threads)};
    for (size_t i = 0; i < all; i++)
        if (is_wanted(filter, hgr_stacks_thread(stacks, i)))
            groups.threads[count++] = (uint32_t)i;
    if (!filter->each) {
        uint32_t *spare = must_alloc(count, sizeof *spare);
        merge_sort(groups.threads, spare, count, &order);
        free(spare);
    }
    for (size_t i = 0; i < count; i++) {
        stack_group *last = groups.count ? &groups.rows[groups.count - 1] : NULL;
        if (last && !filter->each &&
            compare_stacks(&order, last->threads[0], groups.threads[i]) == 0)
            last->count++;
        else
            groups.rows[groups.count++] =
                (stack_group){&groups.threads[i], 1, has_frames(&order, groups.threads[i])};
    }
    if (!filter->each && groups.count > 1)
        qsort(groups.rows, groups.count, sizeof *groups.rows, by_size);
    return groups;
}

void stack_groups_free(stack_groups *groups)
{
    free(groups->rows);
    free(groups->threads);
    *groups = (stack_groups){0};
}
