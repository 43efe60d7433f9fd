/* base: the version of the library that is running. */
#include <heapgraph/version.h>

const char *hgr_version(void)
{
    return HGR_VERSION;
}
