/* Method names in the form of SOS and ClrMD's signatures against ours. */
#ifndef HGR_TESTS_TRUTH_SOS_NAME_H
#define HGR_TESTS_TRUTH_SOS_NAME_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Do both name the same method? theirs: "Outer`1+Inner`1[[A, Module],[B, Module]].Method(C`1<D>)",
 * nested types of the signature without the types around them; ours:
 * "Outer<A>+Inner<B>.Method(Space.Outer+C<D>)".
 */
bool sos_name_equal(const char *theirs, const char *ours);

#endif
