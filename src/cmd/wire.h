/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that sees both sides of every port: builds the adapters that a configuration asks
 * for and the seats on them. */
#ifndef CMD_WIRE_H
#define CMD_WIRE_H

#include "round/seat.h"
#include "sys/helper.h"

struct wire;

/* Where events go: called from the round thread. */
struct wire_teller {
	void (*tell)(void *self, const struct event *e, bool is_mine);
	void *self;
};

/* All adapters for a configuration, and a seat for each instance; the state directory is made
 * ready. Borrows config until wire_reload(). libexec: the folder of the helpers. *ret is new; end
 * with wire_free(). Errors: of the adapters; ERR_SYNTAX for a torn anchor. */
MUST_CHECK bool wire_new(const struct config *config, const char *libexec,
			 const struct wire_teller *teller, struct wire **ret, struct err *err);
void wire_free(struct wire *w);
unsigned wire_seats_n(const struct wire *w);
struct seat *wire_seat(struct wire *w, unsigned i);
struct seat *wire_find_seat(struct wire *w, const char *instance); /* "" finds the only one; NULL */
/* Take another configuration for the same instances. Errors: ERR_UNSUPPORTED when instances came or
 * went (restart rotad). */
MUST_CHECK bool wire_reload(struct wire *w, const struct config *config, struct err *err);
/* Read a secret that the configuration refers to. Errors: ERR_NOT_FOUND, ERR_PERMISSION,
 * ERR_UNSAFE_FILE. */
MUST_CHECK bool wire_credential(const struct credential_ref *ref, struct secret *ret,
				struct err *err);

#endif
