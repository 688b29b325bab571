/* SPDX-License-Identifier: Apache-2.0 */
/* A small seeded generator for spreading and shuffling. Never for secrets: those come from
 * port/random.h. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/buf.h"

struct rng {
	uint64_t state;
};
uint64_t rng_next(struct rng *r);                  /* splitmix64 */
uint64_t rng_below(struct rng *r, uint64_t bound); /* 0..bound-1; bound > 0 */
uint64_t hash64(struct str s, uint64_t seed); /* FNV-1a with a final mix: stable phases per host */

#endif
