/* SPDX-License-Identifier: Apache-2.0 */
/* How long an HTTP Retry-After asks to wait (RFC 9110, section 10.2.3), within bounds of ours. */
#ifndef CODEC_RETRY_AFTER_H
#define CODEC_RETRY_AFTER_H

#include "base/clock.h"

/* Seconds, or a date ("Sun, 06 Nov 1994 08:49:37 GMT"), into a time from now between low_us and
 * high_us: one in the past gives low, one ten years ahead high. What is not understood gives low.
 */
int64_t retry_after_parse(struct str value, struct wall now, int64_t low_us, int64_t high_us);

#endif
