/* tools: objects that a table of the runtime names (handles, finalization queue), counted by kind
 * and by type, or one by one. */
#ifndef TOOLS_OBJECT_ITEMS_H
#define TOOLS_OBJECT_ITEMS_H

#include "session.h"

typedef struct object_item {
    const char *kind; /* "strong", "ready", ...: what --kind names */
    unsigned rank;    /* kinds are printed by it */
    const hgr_object *object;
    const hgr_object *dependent; /* NULL: none */
    uint64_t slot_addr;          /* 0: none */
    bool suppressed;
} object_item;

typedef struct object_items {
    tool_session *session;
    object_item *rows;
    size_t count;
    bool handles;    /* slots and dependents; else generations and `suppressed` */
    const char *all; /* "(all handles)" */
    const char *rows_key;
} object_items;

static inline const char *object_item_type(const hgr_object *object)
{
    return object->type ? object->type->name : "(no object)";
}

/** By kind, then address. */
void object_items_sort(object_items *items);
/** Print (or write) the items of one kind; NULL or "all": every one. */
void object_items_list(object_items *items, const char *kind);
/** Print (or write) the answer: counts, or with kind the items of it. EXIT_DONE or an exit code. */
int object_items_answer(object_items *items, const char *kind);

#endif
