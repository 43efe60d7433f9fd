/* tools: the sequence every command shares: open the dump, find the runtime, scan, derive, report,
 * close. */
#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H

#include <heapgraph/heapgraph.h>

#include "opt.h"
#include "out_json.h"
#include "out_table.h"
#include "term.h"
#include "timing.h"

/** What a command has opened so far; everything else is NULL. Zero-initialise. */
typedef struct tool_session {
    const tool_opts *opts;
    const char *dump_path;
    hgr_run *run;
    hgr_dump *dump;
    hgr_runtime *runtime;
    hgr_state *state;
    hgr_inspector *inspector;
    hgr_stacks *stacks;
    hgr_snapshot *snapshot;
    hgr_node *roots; /* object of each root */
    size_t nroots;
    hgr_domtree *tree;
    uint64_t *retained; /* n + 1 sums */
    hgr_reach *reach;
    tool_progress progress;
    tool_timing timing;
    tool_json json;
    bool cross_check; /* set before session_open: hold the segments against those found by shape */
    bool incomplete;   /* not all was there or could be read: --strict makes it exit 3 */
    bool tells_losses; /* the answer itself says what the file lacks: no line on stderr for it */
    /* diff: the set of objects with a set_fate, in this session's dump */
    hgr_result (*fate_set)(const struct tool_session *session, int fate, hgr_set **out,
                           hgr_status *status);
    const void *fate_user;
} tool_session;

/* Each returns EXIT_DONE, or prints one line on stderr and returns the exit code to end with. They
 * can be called again: what is there stays. */
int session_open(tool_session *session, const tool_opts *opts,
                 const char *dump_path);                       /* dump and runtime */
int session_inspector(tool_session *session);                  /* + reader of objects */
int session_state(tool_session *session);                      /* + state, without a scan */
int session_stacks(tool_session *session);                     /* + stacks, without a scan */
int session_scan(tool_session *session, hgr_scan_depth depth); /* + snapshot */
int session_roots(tool_session *session);                      /* + roots */
int session_reach(tool_session *session);                      /* + what the roots reach */
int session_tree(tool_session *session);                       /* + dominator tree */
int session_retained(tool_session *session);                   /* + retained bytes */
/** Free everything but dump, runtime and snapshot. */
void session_forget(tool_session *session);

/** Print why something failed, with advice, and return the exit code. */
int session_fail(tool_session *session, hgr_result result, const hgr_status *status);
/** One line about a wish that cannot be met with this dump; returns EXIT_INPUT. */
int session_refuse(tool_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** A remark on stderr, unless --quiet. */
void session_note(tool_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A part of the answer is missing: one line on stderr, and --strict makes it exit 3. */
void session_unread(tool_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Find the object at (or around) addr. EXIT_DONE, or one line on stderr and EXIT_INPUT. */
int session_node(tool_session *session, uint64_t addr, hgr_node *out);

/** Call when all answers are computed and printing begins: erases progress; opens the JSON
 * document. */
void session_begin_answer(tool_session *session);
/**
 * Coverage line (or end of the JSON document); on a terminal, what to ask next, ready to be pasted:
 * "heapgraph <command> <this dump> <format...>". command NULL: nothing.
 */
void session_end_answer(tool_session *session, const char *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Print --time, free everything; code, or EXIT_INPUT when --strict and incomplete. */
int session_close(tool_session *session, int code);

/** As a shell word: quoted when it holds anything but the plainest characters. */
void session_add_word(strbuf *out, const char *word);

bool session_wants_json(const tool_session *session);
uint32_t session_pointer_size(const tool_session *session);
uint32_t session_nodes(const tool_session *session);
const char *session_type_name(const tool_session *session, hgr_node node);
/** How many rows to print: --top, or all. json_all: JSON without --top lists everything. */
uint64_t session_top(const tool_session *session, bool json_all);
/** An hgr_node_bytes_fn: user is the snapshot. */
uint64_t session_node_bytes(const void *snapshot, hgr_node node);

#endif
