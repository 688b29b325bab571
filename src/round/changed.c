/* SPDX-License-Identifier: Apache-2.0 */
/* The `changed` hook (DESIGN section 8): told after a file was replaced. Anything but exit 0 is a
 * debt, kept in the notes: tried again with growing rests, and told with its age. Holds nothing up.
 */
#include "round/round.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { REST_S = 60, REST_MAX_S = 3600, OUTPUT_MAX = 8 * 1024 };

static bool is_owed(const struct notes *n)
{
	return n->changed_keyfile || n->changed_certificate;
}

void changed_owe(struct seat *t, enum changed_file file)
{
	if (!t->instance->changed_hook[0])
		return;
	if (!is_owed(&t->notes))
		t->notes.changed_at = seat_now(t);
	t->notes.changed_due = (struct wall){.us = 0};
	if (file == CHANGED_KEYFILE)
		t->notes.changed_keyfile = true;
	else
		t->notes.changed_certificate = true;
	t->is_changed_again = true;
}

static bool begin(struct seat *t, struct err *err)
{
	char instance[NAME_BYTES_MAX + 32], conf[CONF_PATH_BYTES_MAX + 32], what[64];
	const struct notes *n = &t->notes;
	struct program_call call = {
	    .argv = {t->instance->changed_hook, "changed", t->instance->name},
	    .env = {"ROTAD_VERB=changed", instance, what},
	    .timeout_us = t->instance->restart_timeout_us,
	    .output_max = OUTPUT_MAX,
	};
	snprintf(instance, sizeof(instance), "ROTAD_INSTANCE=%s", t->instance->name);
	snprintf(what, sizeof(what), "ROTAD_CHANGED=%s%s%s", n->changed_keyfile ? "keyfile" : "",
		 n->changed_keyfile && n->changed_certificate ? " " : "",
		 n->changed_certificate ? "certificate" : "");
	snprintf(conf, sizeof(conf), "ROTAD_CONFIG_FILE=%s", t->instance->config_file);
	if (t->instance->config_file[0])
		call.env[3] = conf;
	t->is_changed_again = false;
	return t->ports.changed.ops->begin(t->ports.changed.self, &call, err);
}

static void ended(struct seat *t, bool ok, const char *why)
{
	struct notes *n = &t->notes;
	struct err ignored = ERR_INIT;
	bool was_failing = n->changed_tries > 0;
	if (ok) {
		/* A file that was replaced while it ran is told by another run. */
		if (!t->is_changed_again)
			n->changed_keyfile = n->changed_certificate = false;
		n->changed_tries = 0;
		n->changed_due = (struct wall){.us = 0};
	} else {
		int64_t rest = (int64_t)REST_S << MIN(n->changed_tries, (int64_t)6);
		n->changed_tries++;
		n->changed_due = wall_add(seat_now(t), MIN(rest, (int64_t)REST_MAX_S) * US_S);
	}
	(void)!notes_put(t, &ignored); /* a full disk is told by the next act */
	record_changed(t, ok, was_failing, why);
}

void changed_run(struct seat *t)
{
	struct notes *n = &t->notes;
	struct err err = ERR_INIT;
	struct program_result r = {.exit_code = 0};
	bool is_done = false;
	struct wall now = seat_now(t);
	char why[ERR_TEXT_BYTES];
	if (!t->ports.changed.ops)
		return;
	if (t->is_changed_running) {
		bool ok = t->ports.changed.ops->poll(t->ports.changed.self, &is_done, &r, &err);
		if (ok && !is_done)
			return;
		t->is_changed_running = false;
		if (!ok)
			err_print(&err, why, sizeof(why));
		else
			snprintf(why, sizeof(why), "exit code %d: %.400s", r.exit_code,
				 buf_z(&r.output));
		ended(t, ok && r.exit_code == 0, why);
		buf_fini(&r.output);
		return;
	}
	if (!is_owed(n) || !t->instance->changed_hook[0])
		return;
	/* A rest that ends far ahead was set by a clock that has jumped since. */
	if (now.us < n->changed_due.us && n->changed_due.us - now.us <= REST_MAX_S * US_S)
		return;
	if (begin(t, &err))
		t->is_changed_running = true;
	else
		ended(t, false, err_print(&err, why, sizeof(why)));
}
