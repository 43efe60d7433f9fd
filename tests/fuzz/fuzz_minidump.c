/* fuzz: a Windows minidump, whatever its streams say. */
#include "dump/minidump.h"
#include "open_and_look.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (hgr_minidump_matches(bytes, len))
        open_and_look(bytes, len);
    return 0;
}
