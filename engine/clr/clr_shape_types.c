/* clr: the method tables of Object, String and Free by what lies at the start of segments.
 *
 * Input: segments. Output: the three, and a test for any other. Method: the first object of a
 * segment is a Free object, whose method table has no parent; every other chain of parents ends at
 * System.Object. Both are chosen by vote, so that one damaged segment decides nothing. Only the
 * first 20 bytes of a method table are read: flags, base size and parent have never moved. */
#include "clr_shape.h"

#include "../base/status.h"
#include "clr_limits.h"

#define PARENT_OFF         16u
#define HAS_COMPONENT_SIZE UINT32_C(0x80000000)
#define INDIRECT_PARENT    UINT32_C(0x00800000)
#define COMPONENT_MASK     UINT32_C(0xffff)
#define MAX_BASE_SIZE      (UINT32_C(1) << 28)
#define SAMPLED_SEGMENTS   256u
#define SAMPLED_WORDS      2048u /* at the start of each */
#define MAX_CANDIDATES     32u
enum { NO = 1, YES = 2 };

struct vote {
    uint64_t addr;
    uint64_t count;
};

struct poll {
    struct vote votes[MAX_CANDIDATES];
    size_t count;
};

/* More candidates than places: the late ones are lost, which only a hostile dump has. */
static void cast(struct poll *poll, uint64_t addr)
{
    for (size_t i = 0; i < poll->count; i++)
        if (poll->votes[i].addr == addr) {
            poll->votes[i].count++;
            return;
        }
    if (poll->count < MAX_CANDIDATES)
        poll->votes[poll->count++] = (struct vote){addr, 1};
}

static uint64_t winner(const struct poll *poll)
{
    struct vote best = {0, 0};
    for (size_t i = 0; i < poll->count; i++)
        if (poll->votes[i].count > best.count)
            best = poll->votes[i];
    return best.addr;
}

bool hgr_shape_type_head_read(const hgr_space *space, uint64_t addr, hgr_shape_type_head *out)
{
    uint8_t bytes[PARENT_OFF + 8];
    if (addr == 0 || addr % space->pointer_size ||
        !hgr_space_read(space, addr, bytes, PARENT_OFF + space->pointer_size))
        return false;
    *out = (hgr_shape_type_head){0};
    memcpy(&out->flags, bytes, 4);
    memcpy(&out->base_size, bytes + 4, 4);
    memcpy(&out->parent, bytes + PARENT_OFF, space->pointer_size);
    return true;
}

static bool is_free(const hgr_space *space, const hgr_shape_type_head *type)
{
    return (type->flags & HAS_COMPONENT_SIZE) && (type->flags & COMPONENT_MASK) == 1 &&
           type->base_size == 3 * space->pointer_size && type->parent == 0;
}

static bool is_object(const hgr_space *space, const hgr_shape_type_head *type)
{
    return !(type->flags & HAS_COMPONENT_SIZE) && type->base_size == 3 * space->pointer_size &&
           type->parent == 0;
}

static bool is_string(const hgr_shape_types *types, const hgr_shape_type_head *type)
{
    uint32_t p = types->space->pointer_size;
    return (type->flags & HAS_COMPONENT_SIZE) && (type->flags & COMPONENT_MASK) == 2 &&
           (type->base_size == 2 * p + 6 || type->base_size == 3 * p + 2) &&
           type->parent == types->object_mt;
}

static bool can_be_type(const hgr_space *space, const hgr_shape_type_head *type)
{
    uint32_t p = space->pointer_size;
    bool counted = (type->flags & HAS_COMPONENT_SIZE) != 0;
    return type->base_size >= (counted ? 2 * p : 3 * p) && type->base_size <= MAX_BASE_SIZE &&
           (counted || type->base_size % p == 0);
}

/* The parent; behind another method table's own parent word where the flag says so. */
static uint64_t parent_of(const hgr_space *space, const hgr_shape_type_head *type)
{
    hgr_shape_type_head parent;
    uint64_t addr = type->parent;
    if (!(type->flags & INDIRECT_PARENT) || (type->flags & HAS_COMPONENT_SIZE) || addr == 0)
        return addr;
    if (hgr_shape_type_head_read(space, addr, &parent) && can_be_type(space, &parent))
        return addr;
    return hgr_space_ptr(space, addr + PARENT_OFF, &addr) ? addr : 0;
}

/* The end of a chain of parents that begins at addr, 0 when it is none. */
static uint64_t chain_end(const hgr_space *space, uint64_t addr)
{
    for (uint32_t depth = 0; depth < HGR_CLR_MAX_PARENTS; depth++) {
        hgr_shape_type_head type;
        if (!hgr_shape_type_head_read(space, addr, &type) || !can_be_type(space, &type))
            return 0;
        if (type.parent == 0)
            return depth > 0 && is_object(space, &type) ? addr : 0;
        addr = parent_of(space, &type);
    }
    return 0;
}

hgr_result hgr_shape_is_type(hgr_shape_types *types, uint64_t addr, bool *out, hgr_status *status)
{
    *out = addr != 0 && (addr == types->free_mt || addr == types->object_mt);
    if (*out || addr == 0 || addr % types->space->pointer_size)
        return HGR_OK;
    uint32_t known = hgr_map_get(&types->verdicts, addr);
    if (known == HGR_MAP_NONE) {
        known = chain_end(types->space, addr) == types->object_mt ? YES : NO;
        hgr_result result = hgr_map_put(&types->verdicts, addr, known, status);
        if (result != HGR_OK)
            return result;
    }
    *out = known == YES;
    return HGR_OK;
}

bool hgr_shape_is_foreign(const hgr_shape_types *types, uint64_t addr)
{
    hgr_shape_type_head type;
    if (addr == types->free_mt || !hgr_shape_type_head_read(types->space, addr, &type))
        return false;
    uint64_t end = chain_end(types->space, addr);
    return is_free(types->space, &type) || (end != 0 && end != types->object_mt);
}

/* Call cast for each word at the start of the segments that `pick` has something to say about. */
typedef uint64_t pick_fn(const hgr_shape_types *types, uint64_t word);

static uint64_t poll_words(const hgr_shape_types *types, const hgr_shape_segments *segments,
                           uint32_t words, pick_fn *pick)
{
    struct poll poll = {.count = 0};
    uint32_t p = types->space->pointer_size;
    size_t step = segments->count / SAMPLED_SEGMENTS + 1;
    for (size_t i = 0; i < segments->count; i += step) {
        const hgr_shape_segment *segment = &segments->items[i];
        for (uint32_t w = 0; w < words; w++) {
            uint64_t word, choice;
            if (!hgr_space_ptr(types->space, segment->mem + (uint64_t)w * p, &word))
                break;
            choice = pick(types, word & ~(uint64_t)(p - 1));
            if (choice != 0)
                cast(&poll, choice);
        }
    }
    return winner(&poll);
}

static uint64_t pick_free(const hgr_shape_types *types, uint64_t word)
{
    hgr_shape_type_head type;
    return hgr_shape_type_head_read(types->space, word, &type) && is_free(types->space, &type)
               ? word
               : 0;
}

static uint64_t pick_object(const hgr_shape_types *types, uint64_t word)
{
    return chain_end(types->space, word);
}

static uint64_t pick_string(const hgr_shape_types *types, uint64_t word)
{
    hgr_shape_type_head type;
    return hgr_shape_type_head_read(types->space, word, &type) && is_string(types, &type) ? word
                                                                                          : 0;
}

hgr_result hgr_shape_types_find(const hgr_space *space, const hgr_run *run,
                                const hgr_shape_segments *segments, hgr_shape_types *out,
                                hgr_status *status)
{
    hgr_shape_types types = {.space = space};
    hgr_map_init(&types.verdicts, run);
    types.free_mt = poll_words(&types, segments, 1, pick_free);
    if (types.free_mt == 0) /* an inner segment may begin with another object */
        types.free_mt = poll_words(&types, segments, SAMPLED_WORDS, pick_free);
    types.object_mt = poll_words(&types, segments, SAMPLED_WORDS, pick_object);
    if (types.object_mt != 0)
        types.string_mt = poll_words(&types, segments, SAMPLED_WORDS, pick_string);
    if (types.free_mt == 0 || types.object_mt == 0 || types.string_mt == 0)
        return hgr_fail(status, HGR_NOT_FOUND,
                        "search by shape: %zu segments, but no %s among their first objects",
                        segments->count,
                        types.free_mt == 0     ? "Free object"
                        : types.object_mt == 0 ? "type that ends at System.Object"
                                               : "string");
    *out = types;
    return HGR_OK;
}

void hgr_shape_types_fini(hgr_shape_types *types)
{
    hgr_map_fini(&types->verdicts);
}
