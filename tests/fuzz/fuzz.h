/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target defines. libFuzzer calls it with bytes of its own; replay.c with the files
 * of the target's corpus, in make check. A broken property ends in abort(). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
