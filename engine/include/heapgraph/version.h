/* heapgraph: version of the library. */
#ifndef HEAPGRAPH_VERSION_H
#define HEAPGRAPH_VERSION_H

#include <heapgraph/status.h>

#define HGR_VERSION_MAJOR 0
#define HGR_VERSION_MINOR 1
#define HGR_VERSION_PATCH 0
#define HGR_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is running, HGR_VERSION of its build. */
HGR_API const char *hgr_version(void);

#ifdef __cplusplus
}
#endif
#endif
