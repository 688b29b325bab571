/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between rotad and its helpers: four bytes of length (big endian), then that many bytes
 * of JSON, over one end of a socketpair. Every wait has an end; every buffer is wiped. Knows
 * nothing of processes (sys/helper.h) or of what is said (codec/serve.h). */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include "base/clock.h"
#include "base/limits.h"
#include "codec/json_mem.h"

enum { FRAME_HEAD_BYTES = 4 };
#define FRAME_FOR_EVER ((int64_t)-1) /* a helper waiting for its next request */

/* Send value as one frame within timeout_us (FRAME_FOR_EVER: no end). fd is a stream socket.
 * Errors: ERR_LIMIT (more than FRAME_BYTES_MAX; nothing was sent), ERR_TIMEOUT, ERR_UNREACHABLE
 * (the other side closed), ERR_MEMORY, ERR_SYSTEM. After any but ERR_LIMIT and ERR_MEMORY the
 * stream is out of step: close it. */
MUST_CHECK bool frame_put(int fd, const json_t *value, int64_t timeout_us, struct err *err);
/* Receive one frame: an object. *ret is new. Errors: as above, with ERR_UNREACHABLE when the other
 * side closed between two frames, ERR_PROTOCOL when it closed within one, for a length of 0 or
 * above FRAME_BYTES_MAX, and for what is not one JSON object. */
MUST_CHECK bool frame_get(int fd, int64_t timeout_us, json_t **ret, struct err *err);

#endif
