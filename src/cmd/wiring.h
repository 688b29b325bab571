/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that sees both sides of every port: builds the adapters that a configuration asks
 * for and the seats on them. */
#ifndef CMD_WIRING_H
#define CMD_WIRING_H

#include "port/http.h"
#include "round/seat.h"
#include "sys/helper.h"

struct wiring;

/* Where events go: called from the round thread. */
struct wiring_teller {
	void (*tell)(void *self, const struct event *e, bool is_mine);
	void *self;
};

/* All adapters for a configuration, and a seat for each instance; the state directory is made
 * ready. Borrows config until wiring_reload(). libexec: the folder of the helpers. *ret is new; end
 * with wiring_free(). Errors: of the adapters; ERR_SYNTAX for a torn anchor. */
MUST_CHECK bool wiring_new(const struct config *config, const char *libexec,
			   const struct wiring_teller *teller, struct wiring **ret,
			   struct err *err);
/* The same for one look, where no rotad runs: seats that write nothing, not even state (what they
 * would write is dropped), take no lock, tell nobody and have no authorities. Also for a state
 * directory that does not exist. */
MUST_CHECK bool wiring_new_looking(const struct config *config, const char *libexec,
				   struct wiring **ret, struct err *err);
/* The same with the lock of the state directory, which must be there: what is written is written.
 * For a moment where no rotad runs. Errors: ERR_CONFLICT (one does), as wiring_new(). */
MUST_CHECK bool wiring_new_alone(const struct config *config, const char *libexec,
				 const struct wiring_teller *teller, struct wiring **ret,
				 struct err *err);
void wiring_free(struct wiring *w);
unsigned wiring_seats_n(const struct wiring *w);
struct seat *wiring_seat(struct wiring *w, unsigned i);
struct seat *wiring_find_seat(struct wiring *w,
			      const char *instance); /* "" finds the only one; NULL */
/* The lane of the central schedule: a rotad-net of its own, so that a server that hangs holds up
 * nothing else. Lives as long as w. */
struct http_later wiring_schedule_lane(struct wiring *w);
/* Take another configuration for the same instances. Errors: ERR_UNSUPPORTED when instances came or
 * went (restart rotad). */
MUST_CHECK bool wiring_reload(struct wiring *w, const struct config *config, struct err *err);
/* Helpers that fail again and again, and those that answer again, to the teller. For the round
 * thread, after its rounds. */
void wiring_tell_helpers(struct wiring *w);
/* Read a secret that the configuration refers to. Errors: ERR_NOT_FOUND, ERR_PERMISSION,
 * ERR_UNSAFE_FILE. */
MUST_CHECK bool wiring_credential(const struct credential_ref *ref, struct secret *ret,
				  struct err *err);

#endif
