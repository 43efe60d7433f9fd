/* heapgraph: everything. Dump -> runtime -> snapshot -> graph -> answers. */
#ifndef HEAPGRAPH_H
#define HEAPGRAPH_H

#include <heapgraph/status.h>
#include <heapgraph/run.h>
#include <heapgraph/dump.h>
#include <heapgraph/slim.h>
#include <heapgraph/runtime.h>
#include <heapgraph/inspect.h>
#include <heapgraph/stacks.h>
#include <heapgraph/graph.h>
#include <heapgraph/snapshot.h>
#include <heapgraph/state.h>
#include <heapgraph/answers.h>
#include <heapgraph/strings.h>
#include <heapgraph/diff.h>
#include <heapgraph/match.h>
#include <heapgraph/version.h>

#endif
