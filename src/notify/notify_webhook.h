/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts by HTTPS POST, signed as the Standard Webhooks specification says. */
#ifndef NOTIFY_NOTIFY_WEBHOOK_H
#define NOTIFY_NOTIFY_WEBHOOK_H

#include "notify/notify_table.h"

enum {
	WEBHOOK_SECRETS_MAX = 4,       /* signed with each, so that a receiver can change over */
	WEBHOOK_SECRET_BYTES_MIN = 24, /* the specification: 24 to 64 bytes */
	WEBHOOK_SECRET_BYTES_MAX = 64,
	WEBHOOK_SIGNATURE_BYTES = WEBHOOK_SECRETS_MAX * 48 + 1
};

MUST_CHECK bool notify_webhook_check(const struct notify_target *t, struct err *err);
MUST_CHECK bool notify_webhook_begin(struct notify_lane *lane, const struct notify_target *t,
				     const struct notify_message *m, struct err *err);
void notify_webhook_poll(struct notify_lane *lane, struct wall now, bool *ret_is_done,
			 struct notify_outcome *ret);

/* The value of webhook-signature: "v1,BASE64" of HMAC-SHA-256 over "ID.SECONDS.BODY", one for each
 * secret, separated by spaces. secrets: "whsec_BASE64" each, separated by white space. out holds
 * WEBHOOK_SIGNATURE_BYTES. Errors: ERR_INVALID (form or length of a secret, none, too many),
 * ERR_CRYPTO, ERR_MEMORY. No error quotes a secret. */
MUST_CHECK bool webhook_sign(struct str secrets, const char *id, int64_t seconds, struct str body,
			     char *out, struct err *err);

/* What a status means, and how long a Retry-After asks to wait (0: none or not understood; at most
 * RETRY_AFTER_MAX_US, also for one in the past or ten years ahead). */
enum notify_verdict webhook_verdict(int status);
int64_t retry_after_us(const char *value, struct wall now);
#define RETRY_AFTER_MAX_US (1 * US_H)

/* The body: {"type":"rotad.NAME","timestamp":...,"data":{...}}; see doc/webhook.md. host is the
 * teller. Errors: ERR_MEMORY. */
MUST_CHECK bool event_body_print(const struct event *e, const char *host, struct buf *ret,
				 struct err *err);

#endif
