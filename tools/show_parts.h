/* tools: the parts of `show`: header, facts, items, fields, statics; as tables and as JSON. */
#ifndef TOOLS_SHOW_PARTS_H
#define TOOLS_SHOW_PARTS_H

#include "value_words.h"

/** What `show` is about. */
typedef struct tool_shown {
    tool_session *session;
    hgr_inspector *inspector;
    hgr_value value;
    bool is_object;
    hgr_object object;         /* when is_object */
    hgr_collection collection; /* what NULL: none */
    uint64_t skip, top;        /* items */
} tool_shown;

void show_header(const tool_shown *shown);
void show_facts(const tool_shown *shown);
/** Items of a collection, bytes and bits in lines; the text of a StringBuilder is its value's. */
void show_items(const tool_shown *shown);
void show_fields(const tool_shown *shown);
/** The plain layout: offsets, sizes, attributes, raw bits. */
void show_raw(const tool_shown *shown);
/** The whole text of a string. */
void show_string(const tool_shown *shown);
/** Statics of the object's type. */
void show_statics(const tool_shown *shown);

#endif
