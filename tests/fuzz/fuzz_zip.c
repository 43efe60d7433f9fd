/* fuzz: a dump inside a zip archive. */
#include "dump/zip.h"
#include "open_and_look.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (hgr_zip_matches(bytes, len))
        open_and_look(bytes, len);
    return 0;
}
