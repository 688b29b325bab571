/* SPDX-License-Identifier: Apache-2.0 */
/* A fresh look, the rehearsal question by question, the certificates' preflight, a handshake with
 * each peer; the rest is judged by plan/doctor.c. */
#include "round/doctor_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/cert_check.h"
#include "codec/json_strict.h"
#include "plan/doctor.h"
#include "round/enact_certificate.h"
#include "round/round.h"

static void add_rehearsals(struct seat *t, struct doctor *d)
{
	struct rehearsal rows[REHEARSALS_MAX];
	struct mongod_target own = seat_target(t, t->me[0] ? t->me : t->local, true);
	unsigned n = rehearse_each(t, &own, rows);
	for (unsigned i = 0; i < n; i++) {
		bool is_login = strcmp(rows[i].name, "login") == 0;
		/* Nobody can be logged in to a process that does not answer; that is told. */
		if (is_login && !t->seen->process.is_answering)
			continue;
		doctor_add(d, rows[i].is_well ? DOCTOR_GOOD : DOCTOR_REFUSE, rows[i].name,
			   rows[i].is_well ? rows[i].well : rows[i].why, rows[i].you);
	}
}

/* Of the file in use only what is not well, and how many are. */
static void add_certificate(struct seat *t, enum cert_target target, const char *path,
			    struct doctor *d)
{
	struct err err = ERR_INIT;
	auto_free struct cert_report *r = calloc(1, sizeof(*r));
	unsigned good_n = 0, told_n = 0;
	char text[DOCTOR_TEXT_BYTES], you[DOCTOR_TEXT_BYTES], name[48];
	if (!r || !certificate_check_in_use(t, target, r, &err)) {
		doctor_add(d, DOCTOR_REFUSE, "certificate", r ? err.text : "no memory",
			   "ls -l; rotad must be able to read it as mongod does");
		return;
	}
	for (unsigned i = 0; i < r->n; i++) {
		const struct cert_finding *f = &r->findings[i];
		bool is_time = strcmp(f->check, "time-left") == 0; /* told as certificate-end */
		good_n += f->severity == CERT_GOOD || f->severity == CERT_NOTE;
		if (f->severity < CERT_WARN || is_time)
			continue;
		told_n++;
		snprintf(name, sizeof(name), "certificate-%.30s", f->check);
		snprintf(text, sizeof(text), "%.150s: %.300s", path, f->text);
		snprintf(you, sizeof(you), "%s%.400s", f->is_request ? "ask the CA for: " : "",
			 f->advice);
		doctor_add(d, f->severity == CERT_BAD ? DOCTOR_REFUSE : DOCTOR_WARN, name, text,
			   you);
	}
	snprintf(text, sizeof(text), "%u checks of %.200s", good_n, path);
	if (!told_n)
		doctor_add(d, DOCTOR_GOOD,
			   target == CERT_CLUSTER_FILE ? "cluster-file" : "certificate", text, "");
}

/* A handshake with each peer, with the certificate in use: do they take us, do we take them, and is
 * it one O/OU/DC? */
static void add_peers(struct seat *t, struct doctor *d)
{
	const struct seen *s = t->seen;
	const char *own = s->certificate.file.membership;
	const char *mode = s->process.cluster_auth_mode;
	bool by_name = mode[0] && strcmp(mode, "keyFile") != 0;
	unsigned well_n = 0, asked_n = 0;
	char text[DOCTOR_TEXT_BYTES];
	for (unsigned i = 0; i < seen_asked_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		struct mongod_target target = seat_target(t, m->host, false);
		struct mongod_tls_result r;
		struct err err = ERR_INIT;
		if (m->is_self || !target.tls || !fact_known(m->hello))
			continue;
		asked_n++;
		if (!t->ports.mongod.ops->tls(t->ports.mongod.self, &target, &r, &err)) {
			snprintf(text, sizeof(text), "%.200s: no handshake: %.200s", m->host,
				 err.text);
			doctor_add(d, DOCTOR_WARN, "peer-tls", text, "rotactl status");
		} else if (!r.is_hello_answered) {
			snprintf(text, sizeof(text),
				 "%.200s does not accept this certificate: %.200s", m->host,
				 r.reason);
			doctor_add(d, DOCTOR_REFUSE, "peer-tls", text,
				   "rotactl cert check PEM --ca its CAFile");
		} else if (!r.is_chain_trusted || !r.is_name_covered) {
			snprintf(text, sizeof(text), "%.200s serves a certificate that %s: %.150s",
				 m->host,
				 r.is_chain_trusted ? "does not name it"
						    : "our CAFile does not trust",
				 r.reason);
			doctor_add(d, DOCTOR_WARN, "peer-tls", text, "rotactl doctor on that host");
		} else if (r.served.is_known && strcmp(r.served.membership, own) != 0) {
			snprintf(text, sizeof(text),
				 "O, OU and DC differ: %.100s has '%.120s', this host '%.120s'",
				 m->host, r.served.membership, own);
			doctor_add(d, by_name ? DOCTOR_REFUSE : DOCTOR_NOTE, "peer-names", text,
				   "one O, OU and DC in all members' subjects");
		} else
			well_n++;
	}
	if (!asked_n || well_n < asked_n)
		return;
	snprintf(text, sizeof(text), "%u take this certificate, and are trusted here", well_n);
	doctor_add(d, DOCTOR_GOOD, "peer-tls", text, "");
}

/* Whoever overwrites a file in place leaves no trace in it. */
static void add_journal(const struct seat *t, struct doctor *d)
{
	struct err err = ERR_INIT;
	if (suspect_can(t, &err))
		(void)doctor_add(d, DOCTOR_GOOD, "journal",
				 "an alert about a keyfile that somebody else wrote can name what "
				 "ran before",
				 "");
	else if (err.kind == ERR_PERMISSION)
		(void)doctor_add(d, DOCTOR_NOTE, "journal",
				 "rotad's user may not read this host's journal: an alert about a "
				 "keyfile that somebody else wrote cannot name what ran before",
				 "usermod -aG systemd-journal USER, if mongod may read it too; "
				 "systemctl restart rotad");
}

static const char *weight_name(enum doctor_weight w)
{
	static const char *const names[DOCTOR_WEIGHTS_N] = {[DOCTOR_GOOD] = "good",
							    [DOCTOR_NOTE] = "note",
							    [DOCTOR_WARN] = "warning",
							    [DOCTOR_REFUSE] = "refuse"};
	return names[w];
}

bool doctor_look(struct seat *t, json_t *ret, struct err *err)
{
	auto_free struct doctor *d = calloc(1, sizeof(*d));
	auto_free struct plan *scratch = calloc(1, sizeof(*scratch));
	AUTO(json_t) all = json_array();
	const struct mongod_options *o = &t->options;
	if (!d || !scratch || !all)
		return err_set(err, ERR_MEMORY, "no memory for the doctor");
	/* All anew: what was seen minutes ago may have been mended since. */
	t->certificate_at.us = 0;
	t->certificate.served_at.who = WITNESS_NONE;
	t->has_server = false;
	observe(t);
	if (!t->has_options)
		doctor_add(d, DOCTOR_REFUSE, "options",
			   t->seen->rehearsal[0] ? t->seen->rehearsal
						 : "no configuration of mongod is known",
			   "instances[].configFile; readable for rotad's user");
	else {
		doctor_judge(t->seen, &t->config->policy, t->instance, scratch, d);
		add_rehearsals(t, d);
		if (o->certificate_key_file[0] && t->seen->certificate.file.is_known)
			add_certificate(t, CERT_KEY_FILE, o->certificate_key_file, d);
		else if (o->certificate_key_file[0])
			doctor_add(d, DOCTOR_REFUSE, "certificate", t->seen->certificate.why,
				   "rotad must be able to read it as mongod does");
		if (t->seen->certificate.has_cluster_file)
			add_certificate(t, CERT_CLUSTER_FILE, o->cluster_file, d);
		add_peers(t, d);
		add_journal(t, d);
	}
	for (unsigned i = 0; i < d->n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o}", "weight",
						     weight_name(d->findings[i].weight), "name",
						     d->findings[i].name, "what",
						     json_said(d->findings[i].what), "you",
						     json_said(d->findings[i].you)));
	json_object_set_new(ret, "cluster", json_said(t->seen->cluster));
	json_object_set_new(ret, "host", json_said(t->seen->self_host));
	json_object_set_new(
	    ret, "mode",
	    json_string(mode_name(instance_mode(&t->config->policy, t->instance, KIND_KEYFILE))));
	json_object_set_new(ret, "findings", take(&all));
	return true;
}
