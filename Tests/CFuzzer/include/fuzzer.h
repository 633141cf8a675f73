#ifndef PERIODIC_FUZZER_H
#define PERIODIC_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library: runs `callback` on input after input, and returns the exit code. Linked by
/// scripts/fuzz.sh only.
int LLVMFuzzerRunDriver(
    int *count, char ***arguments, int (*callback)(const uint8_t *start, size_t count));

#endif
