/* SPDX-License-Identifier: Apache-2.0 */
/* splitmix64 and FNV-1a. */
#include "base/rng.h"

uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
	ASSERT(bound > 0);
	return rng_next(r) % bound;
}

uint64_t hash64(struct str s, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	struct rng r = {.state = h};
	return rng_next(&r);
}
