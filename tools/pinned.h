/* tools: pinned objects and the free space in front of them, for `segments`. */
#ifndef TOOLS_PINNED_H
#define TOOLS_PINNED_H

#include "session.h"

/** One object that a pinned or async-pinned handle keeps in its place. */
typedef struct pinned_row {
    const hgr_object *object;
    const char *kind;     /* of the handle */
    size_t segment;       /* index for hgr_runtime_segment */
    uint64_t free_before; /* bytes of Free blocks between it and the object before it */
} pinned_row;

typedef struct pinned_rows {
    pinned_row *rows; /* by address, each object once */
    size_t count;
} pinned_rows;

/** Needs the snapshot's graph. EXIT_DONE, or a line and an exit code. */
int pinned_find(tool_session *session, pinned_rows *out);
void pinned_free(pinned_rows *pinned);
/** As a table sorted by free bytes; as the array "pinned". */
void pinned_print(const tool_session *session, const pinned_rows *pinned);
void pinned_write(tool_session *session, const pinned_rows *pinned);

#endif
