/* inspect: what an object means beyond its fields: delegates, exceptions, tasks, threads, weak
 * references, types. Each class is a row below; derived classes count; fields are read by name. */
#include "inspector.h"

#include <stdio.h>

#include "../base/status.h"
#include "../clr/clr_code.h"
#include "../clr/clr_methods.h"
#include "collections.h"

#define MAX_PARENTS 64u
#define MAX_FRAMES                                                                                 \
    4096u                /* of one exception's stack trace; the runtime's stacks end far earlier   \
                          */
#define TEXT_CHARS 4096u /* of a message */

/* Facts being given about one object. */
typedef struct facts {
    hgr_inspector *inspector;
    hgr_value self;
    hgr_fact_fn visit;
    void *user;
    bool ended;
} facts;

static void give(facts *f, const char *name, const char *text, uint64_t object_addr)
{
    hgr_fact fact = {name, text, object_addr};
    if (!f->ended && !f->visit(f->user, &fact))
        f->ended = true;
}

/* A field as a fact: its text if it has one, the object it refers to. */
static void give_field(facts *f, const char *name, const char *fields)
{
    hgr_value value;
    char text[8 * TEXT_CHARS];
    if (!hgr_pick_once(f->inspector, fields, &f->self, &value))
        return;
    bool is_reference = value.element == HGR_IS_REFERENCE;
    if (is_reference && value.bits == 0)
        return;
    size_t len = hgr_value_text(f->inspector, &value, TEXT_CHARS, text, sizeof text);
    if (len > 0 || is_reference)
        give(f, name, len ? text : NULL, is_reference ? value.bits : 0);
}

/* ---- methods ---- */

/* x64: the stub through which a method is called before it is compiled, a jump through data that
 * lies beside it (7 and later): {target, MethodDesc} behind "jmp [rip+n]", {MethodDesc, target}
 * behind "mov r10, [rip+n]". 0 = no such stub. */
static uint64_t method_behind_stub(hgr_inspector *inspector, uint64_t ip)
{
    const hgr_space *space = inspector->runtime->space;
    uint8_t bytes[7];
    int32_t distance;
    uint64_t data, method;
    hgr_clr_method found;
    if (space->pointer_size != 8 || !hgr_space_read(space, ip, bytes, sizeof bytes))
        return 0;
    bool jumps = bytes[0] == 0xff && bytes[1] == 0x25;
    bool loads = bytes[0] == 0x4c && bytes[1] == 0x8b && bytes[2] == 0x15;
    if (!jumps && !loads)
        return 0;
    memcpy(&distance, bytes + (jumps ? 2 : 3), sizeof distance);
    data = ip + (jumps ? 6u : 7u) + (uint64_t)(int64_t)distance + (jumps ? 8u : 0u);
    return hgr_space_ptr(space, data, &method) &&
                   hgr_clr_method_read(inspector->runtime, method, &found)
               ? method
               : 0;
}

/* The method whose code (or stub) is at ip. */
static uint64_t method_at(hgr_inspector *inspector, uint64_t ip)
{
    hgr_clr_code code;
    uint64_t stub = method_behind_stub(inspector, ip);
    if (stub != 0)
        return stub;
    if (!inspector->codes &&
        hgr_clr_codes_create(inspector->runtime, inspector->run, &inspector->codes, NULL) != HGR_OK)
        return 0;
    return hgr_clr_code_find(inspector->codes, ip, &code, NULL) == HGR_OK ? code.method_addr : 0;
}

static void give_method(facts *f, const char *name, uint64_t method_addr, uint64_t ip)
{
    char text[HGR_TYPE_NAME_MAX];
    hgr_text *scratch = &f->inspector->text;
    hgr_text_clear(scratch);
    if (method_addr == 0)
        method_addr = method_at(f->inspector, ip);
    if (method_addr != 0)
        hgr_clr_method_name(f->inspector->names, method_addr, scratch);
    else
        hgr_text_format(scratch, "<code 0x%llx>", (unsigned long long)ip);
    snprintf(text, sizeof text, "%s", hgr_text_get(scratch));
    give(f, name, text, 0);
}

/* ---- the classes ---- */

static void tell_delegate(facts *f)
{
    uint64_t target = 0, code = 0, other = 0;
    hgr_object list;
    char text[32];
    if (hgr_pick_array(f->inspector, "_invocationList", &f->self, &list)) {
        hgr_value count = {0};
        (void)hgr_pick_once(f->inspector, "_invocationCount", &f->self, &count);
        uint64_t end = count.bits < list.length ? count.bits : list.length;
        snprintf(text, sizeof text, "%llu delegates", (unsigned long long)end);
        give(f, "calls", text, list.addr);
        for (uint64_t i = 0; i < end && !f->ended; i++) {
            hgr_value each = hgr_array_element(f->inspector, &list, i);
            if (each.present)
                give(f, "calls", NULL, each.bits);
        }
        return;
    }
    (void)hgr_field_bits(f->inspector, &f->self, "_target", &target);
    (void)hgr_field_bits(f->inspector, &f->self, "_methodPtr", &code);
    (void)hgr_field_bits(f->inspector, &f->self, "_methodPtrAux", &other);
    if (target != 0 && target != f->self.bits) /* of a static method: the delegate itself */
        give(f, "target", NULL, target);
    if (other != 0 || code != 0)
        give_method(f, "method", 0, other ? other : code);
}

/* The elements {ip, sp, MethodDesc, flags} behind {count, thread} of a stack trace. */
static void tell_frames(facts *f, const hgr_object *bytes)
{
    const hgr_space *space = f->inspector->runtime->space;
    uint32_t word = hgr_inspector_word(f->inspector), element = 3 * word + (word == 8 ? 8 : 4);
    uint64_t at = bytes->addr + 2 * word, count, ip, method;
    if (bytes->length < 2 * word || !hgr_space_ptr(space, at, &count))
        return;
    uint64_t room = (bytes->length - 2 * word) / element;
    count = count < room ? count : room;
    for (uint64_t i = 0; i < count && i < MAX_FRAMES && !f->ended; i++) {
        uint64_t frame = at + 2 * word + i * element;
        if (!hgr_space_ptr(space, frame, &ip) || !hgr_space_ptr(space, frame + 2 * word, &method))
            return;
        give_method(f, "at", method, ip);
    }
}

static void tell_exception(facts *f)
{
    hgr_object trace;
    give_field(f, "message", "_message");
    give_field(f, "inner", "_innerException");
    give_field(f, "HResult", "_HResult");
    if (!hgr_pick_array(f->inspector, "_stackTrace", &f->self, &trace))
        return;
    if (trace.type->component ==
        HGR_IS_REFERENCE) { /* 9 and later: the first element of an object[] */
        hgr_value first = hgr_array_element(f->inspector, &trace, 0);
        if (!first.present || first.bits == 0 ||
            hgr_inspect_object(f->inspector, first.bits, &trace, NULL) != HGR_OK ||
            trace.type->kind != HGR_TYPE_ARRAY)
            return;
    }
    if (trace.type->component == HGR_IS_INT8)
        tell_frames(f, &trace);
}

/* Task.m_stateFlags, in the order in which Task.Status asks. */
static const char *task_status(uint64_t flags)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } STATES[] = {
        {0x200000, "Faulted"},
        {0x400000, "Canceled"},
        {0x1000000, "RanToCompletion"},
        {0x800000, "WaitingForChildrenToComplete"},
        {0x20000, "Running"},
        {0x10000, "WaitingToRun"},
        {0x2000000, "WaitingForActivation"},
    };
    for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++)
        if (flags & STATES[i].bit)
            return STATES[i].name;
    return "Created";
}

static void tell_task(facts *f)
{
    uint64_t flags;
    if (hgr_field_bits(f->inspector, &f->self, "m_stateFlags|_stateFlags", &flags))
        give(f, "status", task_status(flags), 0);
    give_field(f, "action", "m_action|_action");
    give_field(f, "result", "m_result|_result");
    give_field(f, "continuation", "m_continuationObject|_continuationObject");
    give_field(f, "state", "m_stateObject|_stateObject");
}

static void tell_thread(facts *f)
{
    const hgr_runtime *runtime = f->inspector->runtime;
    char text[64];
    give_field(f, "name", "_name|m_Name");
    give_field(f, "managed id", "_managedThreadId|m_ManagedThreadId");
    for (size_t i = 0; i < runtime->nthreads; i++)
        if (runtime->threads[i].exposed_object_addr == f->self.bits) {
            snprintf(text, sizeof text, "0x%x", runtime->threads[i].os_id);
            give(f, "OS id", runtime->threads[i].os_id ? text : "not running", 0);
            return;
        }
    give(f, "OS id", "not running", 0);
}

/* The handle's slot says whether the target lives: the GC clears it. */
static void tell_weak_reference(facts *f)
{
    uint64_t handle, target;
    if (!hgr_field_bits(f->inspector, &f->self, "_taggedHandle|m_handle|_handle", &handle))
        return;
    handle &= ~UINT64_C(3);
    if (handle == 0)
        give(f, "target", "dead", 0);
    else if (hgr_space_ptr(f->inspector->runtime->space, handle, &target))
        give(f, "target", target ? "alive" : "dead", target);
}

static void tell_type(facts *f)
{
    char text[HGR_TYPE_NAME_MAX];
    if (hgr_value_text(f->inspector, &f->self, 0, text, sizeof text) > 0)
        give(f, "type", text, 0);
}

static const struct {
    const char *type;
    void (*tell)(facts *f);
} CLASSES[] = {
    {"System.Delegate", tell_delegate},
    {"System.Exception", tell_exception},
    {"System.Threading.Tasks.Task", tell_task},
    {"System.Threading.Thread", tell_thread},
    {"System.WeakReference", tell_weak_reference},
    {"System.RuntimeType", tell_type},
};

/* Without generic arguments: WeakReference<T> counts too. */
static bool is_called(const char *type_name, const char *wanted)
{
    size_t len = strlen(wanted);
    return strncmp(type_name, wanted, len) == 0 &&
           (type_name[len] == '\0' || (type_name[len] == '<' && !strchr(type_name, '+')));
}

hgr_result hgr_object_facts(hgr_inspector *inspector, const hgr_object *object, hgr_fact_fn visit,
                            void *user, hgr_status *status)
{
    facts f = {inspector, hgr_value_of_object(object), visit, user, false};
    const hgr_type *type = object->type;
    for (uint32_t level = 0; level < MAX_PARENTS; level++) {
        for (size_t i = 0; i < sizeof CLASSES / sizeof CLASSES[0]; i++)
            if (is_called(type->name, CLASSES[i].type)) {
                CLASSES[i].tell(&f);
                return HGR_OK;
            }
        if (type->parent_addr == 0)
            break;
        hgr_result result = hgr_inspect_type(inspector, type->parent_addr, &type, status);
        if (result != HGR_OK)
            return result == HGR_NOT_FOUND ? HGR_OK : result;
    }
    return HGR_OK;
}
