/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of this member. Nothing is written over the file in use before it passed every check
 * of codec/cert_check.h; key and request are kept across restarts, so that an authority that takes
 * days is asked once. */
#include "round/enact_certificate.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/cert_check.h"
#include "codec/csr.h"
#include "codec/digest.h"
#include "codec/json_strict.h"
#include "codec/ledger_json.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "round/ledger_read.h"
#include "round/ledger_write.h"
#include "round/round.h"

enum {
	REFUSED_REST_S = 24 * 3600, /* before the same authority is asked again by itself */
	UNUSABLE_REST_S = 3600,     /* after an answer that is none: each may be one more issued */
	UNREACHABLE_REST_S = 60,
	SIGN_POLL_MS = 500, /* how often the ledger is looked at for the issuer's answer */
};

static void add_name(struct cert_wish *w, const char *name)
{
	for (unsigned i = 0; i < w->names_n; i++)
		if (strcasecmp(w->names[i], name) == 0)
			return;
	if (w->names_n < ARRAY_N(w->names))
		cut_z(w->names[w->names_n++], HOST_BYTES_MAX, name);
}

static const char *target_path(const struct seat *t, enum cert_target target)
{
	return target == CERT_CLUSTER_FILE ? t->options.cluster_file
					   : t->options.certificate_key_file;
}

/* clusterFile is shown to peers only: a TLS client, whose names nobody looks at. O, OU and DC are
 * compared with the peers' certificateKeyFile all the same. */
static void wish_for_cluster_file(const struct seat *t, struct cert_wish *w)
{
	const struct certificates_policy *p = &t->config->policy.certificates;
	const struct cert_view *in_use = &t->seen->certificate.cluster;
	*w = (struct cert_wish){.needs_client = true,
				.valid_for_us = p->valid_for_us,
				.min_left_us = p->outage_budget_us,
				.key = p->is_key_same ? in_use->key : p->key_type};
	cut_z(w->membership, sizeof(w->membership), t->seen->certificate.file.membership);
	cut_z(w->subject, sizeof(w->subject), in_use->subject);
	for (unsigned i = 0; i < in_use->names_n; i++)
		add_name(w, in_use->names[i]);
}

/* What the certificate of a member must be: names of rs.conf and its horizons, O/OU/DC as in use
 * here. */
static void wish_for(const struct seat *t, const char *host, struct cert_wish *w)
{
	const struct certificates_policy *p = &t->config->policy.certificates;
	const struct cert_view *in_use = &t->seen->certificate.file;
	char name[HOST_BYTES_MAX];
	bool is_self = strcmp(host, t->seen->self_host) == 0;
	*w = (struct cert_wish){.needs_server = true,
				.needs_client = true,
				.valid_for_us = p->valid_for_us,
				.min_left_us = p->outage_budget_us};
	if (!t->seen->is_standalone) { /* whose names are those in use */
		host_only(host, name, sizeof(name));
		add_name(w, name);
	}
	for (unsigned i = 0; i < t->rs.members_n; i++)
		for (unsigned k = 0;
		     strcmp(t->rs.members[i].host, host) == 0 && k < t->rs.members[i].horizons_n;
		     k++) {
			host_only(t->rs.members[i].horizons[k], name, sizeof(name));
			add_name(w, name);
		}
	cut_z(w->membership, sizeof(w->membership), in_use->membership);
	if (!is_self)
		return;
	/* With a clusterFile of its own it only serves. */
	w->needs_client = !t->seen->certificate.has_cluster_file;
	cut_z(w->subject, sizeof(w->subject), in_use->subject);
	for (unsigned i = 0; i < p->extra_names_n; i++)
		add_name(w, p->extra_names[i]);
	/* Names in use stay: somebody may dial them. */
	for (unsigned i = 0; i < in_use->names_n; i++)
		add_name(w, in_use->names[i]);
	w->key = p->is_key_same ? in_use->key : p->key_type;
}

static void wish_for_target(const struct seat *t, enum cert_target target, struct cert_wish *w)
{
	if (target == CERT_CLUSTER_FILE)
		wish_for_cluster_file(t, w);
	else
		wish_for(t, t->seen->self_host, w);
}

static bool put_file(struct seat *t, const char *name, struct str bytes, struct err *err)
{
	char path[PATH_BYTES_MAX];
	struct file_put put = {.path = seat_path(t, name, path), .bytes = bytes, .mode = 0600};
	return t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	       err_in(err, "writing '%s'", path);
}

static bool get_secret(struct seat *t, const char *path, struct secret *ret, struct err *err)
{
	return t->ports.files.ops->read_secret(t->ports.files.self, path, PEM_BYTES_MAX, ret, NULL,
					       err) ||
	       err_in(err, "reading '%s'", path);
}

/* Key and request: those kept, or new ones. A new private key for each certificate. */
static bool get_request(struct seat *t, bool is_new, const struct cert_wish *wish,
			struct buf *ret_csr, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret key = {.p = NULL};
	const struct certificates_policy *p = &t->config->policy.certificates;
	const struct seen_certificate *c = &t->seen->certificate;
	const struct cert_view *in_use =
	    t->notes.cert_target == CERT_CLUSTER_FILE ? &c->cluster : &c->file;
	unsigned bits = p->is_key_same ? in_use->key_bits : p->key_bits;
	if (!is_new) {
		if (t->ports.files.ops->read_text(t->ports.files.self,
						  seat_path(t, "request.csr", path), PEM_BYTES_MAX,
						  ret_csr, NULL, err))
			return true;
		err_clear(err);
	}
	if (!csr_key_new(wish->key, bits, &key, err) || !csr_new(&key, wish, ret_csr, err))
		return err_in(err, "making a certificate request");
	return put_file(t, "request.key", (struct str){.p = key.p, .n = key.n}, err) &&
	       put_file(t, "request.csr", buf_str(ret_csr), err);
}

static bool set_stage(struct seat *t, enum cert_stage stage, struct wall retry_at, const char *why,
		      struct err *err)
{
	t->notes.stage = stage;
	t->notes.retry_at = retry_at;
	t->notes.retry_since = seat_now(t);
	if (why != t->notes.cert_why) /* what stands there may stay */
		cut_z(t->notes.cert_why, sizeof(t->notes.cert_why), why);
	return notes_put(t, err);
}

/* Private keys and requests that are of no use any more. */
static bool remove_leftovers(struct seat *t, struct err *err)
{
	static const char *const leftovers[] = {"staged.pem", "request.key", "request.csr"};
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < ARRAY_N(leftovers); i++)
		if (!t->ports.files.ops->remove(t->ports.files.self,
						seat_path(t, leftovers[i], path), err))
			return err_in(err, "removing '%s'", path);
	return true;
}

/* It ends here, with the old certificate in use: told, and tried again after a rest or by a new
 * order. The keys first: after a crash in between it is refused once more. */
static bool refuse(struct seat *t, int64_t rest_s, const char *why, struct err *err)
{
	t->notes.is_cert_denied = false;
	if (!remove_leftovers(t, err))
		return false;
	t->notes.cert_order_refused = t->notes.cert_order;
	t->notes.is_cert_taken_back = false;
	t->notes.cookie[0] = 0;
	return set_stage(t, CERT_STAGE_REFUSED, wall_add(seat_now(t), rest_s * US_S), why, err);
}

/* The authority's own no. */
static bool deny(struct seat *t, const char *why, struct err *err)
{
	if (!refuse(t, REFUSED_REST_S, why, err))
		return false;
	t->notes.is_cert_denied = true;
	return notes_put(t, err);
}

/* Every check, against the bundle that this host trusts and the O/OU/DC that the peers have. */
static bool preflight(struct seat *t, struct str pem, const struct cert_wish *wish,
		      struct cert_report *ret, struct err *err)
{
	auto_buf struct buf ca = {.max = PEM_BYTES_MAX};
	auto_buf struct buf cluster_ca = {.max = PEM_BYTES_MAX};
	auto_buf struct buf crl = {.max = PEM_BYTES_MAX};
	const struct mongod_options *o = &t->options;
	struct cert_trust trusts[2];
	struct cert_check_input in = {
	    .pem = pem, .wish = wish, .trusts = trusts, .now = seat_now(t)};
	if (o->ca_file[0]) {
		if (!t->ports.files.ops->read_text(t->ports.files.self, o->ca_file, PEM_BYTES_MAX,
						   &ca, NULL, err))
			return err_in(err, "reading CAFile");
		trusts[in.trusts_n++] =
		    (struct cert_trust){.who = "CAFile of this host", .pem = buf_str(&ca)};
	}
	if (o->cluster_ca_file[0]) {
		if (!t->ports.files.ops->read_text(t->ports.files.self, o->cluster_ca_file,
						   PEM_BYTES_MAX, &cluster_ca, NULL, err))
			return err_in(err, "reading clusterCAFile");
		trusts[in.trusts_n++] = (struct cert_trust){.who = "clusterCAFile of this host",
							    .pem = buf_str(&cluster_ca)};
	}
	if (o->crl_file[0]) {
		if (!t->ports.files.ops->read_text(t->ports.files.self, o->crl_file, PEM_BYTES_MAX,
						   &crl, NULL, err))
			return err_in(err, "reading CRLFile");
		in.crl_pem = buf_str(&crl);
	}
	return cert_check(&in, ret, err);
}

bool certificate_check_in_use(struct seat *t, enum cert_target target, struct cert_report *ret,
			      struct err *err)
{
	auto_secret struct secret pem = {.p = NULL};
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	if (!wish || !get_secret(t, target_path(t, target), &pem, err))
		return false;
	wish_for_target(t, target, wish);
	wish->key = CERT_KEY_UNKNOWN; /* it is what it is */
	return preflight(t, (struct str){.p = pem.p, .n = pem.n}, wish, ret, err);
}

/* What is wrong with it, and what to ask the CA for: in one text, the request last and whole. */
static void why_bad(const struct cert_report *r, char *out, size_t out_n)
{
	auto_buf struct buf you = {0};
	size_t n = 0, room;
	cert_report_ask(r, &you);
	room = MIN(out_n, (size_t)buf_str(&you).n + 8);
	out[0] = 0;
	for (unsigned i = 0; i < r->n; i++)
		if (r->findings[i].severity == CERT_BAD && n < out_n - room)
			n += (size_t)snprintf(out + n, out_n - room - n, "%s%.300s", n ? "; " : "",
					      r->findings[i].text);
	n = MIN(n, out_n - room);
	if (you.n && n < out_n)
		snprintf(out + strlen(out), out_n - strlen(out), ". To do: %s.", buf_z(&you));
}

static bool stage_answer(struct seat *t, struct str chain, const struct cert_wish *wish,
			 struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret key = {.p = NULL};
	auto_secret struct secret pem = {.p = NULL};
	struct cert_report report;
	struct cert_view *view = arena_get(&t->arena, sizeof(*view), err);
	struct err why = ERR_INIT;
	char text[512];
	if (!view || !get_secret(t, seat_path(t, "request.key", path), &key, err))
		return false;
	if (!pem_join(chain, &key, &pem, &why)) {
		snprintf(text, sizeof(text), "The answer cannot be used: %.400s", why.text);
		return refuse(t, REFUSED_REST_S, text, err);
	}
	if (!preflight(t, (struct str){.p = pem.p, .n = pem.n}, wish, &report, err))
		return err_in(err, "checking the new certificate");
	if (cert_report_worst(&report) == CERT_BAD) {
		why_bad(&report, text, sizeof(text));
		return refuse(t, REFUSED_REST_S, text, err);
	}
	if (!x509_view_pem((struct str){.p = pem.p, .n = pem.n}, NULL, view, err) ||
	    !put_file(t, "staged.pem", (struct str){.p = pem.p, .n = pem.n}, err))
		return err_in(err, "staging the new certificate");
	cut_z(t->notes.staged_serial, sizeof(t->notes.staged_serial), view->serial);
	t->notes.asked_at = seat_now(t);
	return set_stage(t, CERT_STAGE_STAGED, (struct wall){.us = 0}, "", err);
}

/* Request and answer are of no use any more. What stays after a fault is overwritten by the next
 * request. */
static void forget_request(struct seat *t)
{
	struct err ignored = ERR_INIT;
	char id[DOC_ID_BYTES];
	(void)(ledger_drop(t, doc_id(id, "csr", t->seen->self_host), &ignored) &&
	       ledger_drop(t, doc_id(id, "issued", t->seen->self_host), &ignored));
}

/* The local authority on another host: the request goes into the ledger and its rotad signs it. */
static bool ask_issuer(struct seat *t, const struct authority_policy *a, struct str csr,
		       const struct cert_wish *wish, struct err *err)
{
	const struct store_port *store = seat_store(t);
	struct csr_doc *doc = arena_get(&t->arena, sizeof(*doc), err);
	struct issued_doc *issued = arena_get(&t->arena, sizeof(*issued), err);
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct doc_trust trust = seat_trust(t);
	struct store_doc found;
	bool is_found;
	char id[DOC_ID_BYTES];
	if (!doc || !issued || !sha256_digest(csr, &doc->csr, err))
		return false;
	if (!store->ops->read(store->self, doc_id(id, "issued", t->seen->self_host), &t->arena,
			      &found, &is_found, err))
		return err_in(err, "looking for the issuer's answer");
	if (is_found && issued_doc_decode(found.text, &trust, issued, err) &&
	    digest_equal(&issued->csr, &doc->csr)) {
		/* Only an issuing host may answer. */
		const struct identity *who = trust.find(trust.self, &issued->head.from);
		bool may = who && authority_is_at(a, who->host);
		if (may) {
			bool ok = issued->is_refused
				      ? deny(t, issued->why, err)
				      : stage_answer(t, str_of(issued->chain_pem), wish, err);
			if (ok)
				forget_request(t);
			return ok;
		}
	}
	err_clear(err);
	if (!store->ops->read(store->self, doc_id(id, "csr", t->seen->self_host), &t->arena, &found,
			      &is_found, err))
		return err_in(err, "looking for this host's request");
	struct csr_doc *mine = arena_get(&t->arena, sizeof(*mine), err);
	if (!mine)
		return false;
	bool is_asked = is_found && csr_doc_decode(found.text, &trust, mine, err) &&
			digest_equal(&mine->csr, &doc->csr);
	err_clear(err);
	if (!is_asked) {
		seat_head(t, &doc->head);
		cut_z(doc->host, sizeof(doc->host), t->seen->self_host);
		cut_z(doc->authority, sizeof(doc->authority), a->name);
		if (!copy_str(doc->csr_pem, sizeof(doc->csr_pem), csr))
			return err_set(err, ERR_LIMIT, "the request is too large for the ledger");
		doc->wanted_at = seat_now(t);
		if (!csr_doc_encode(doc, &t->identity, &text, NULL, err) ||
		    !ledger_put(t, id, buf_str(&text), NULL, err))
			return err_in(err, "asking the issuing host");
	}
	char why[200];
	snprintf(why, sizeof(why), "waits for the rotad of %s to sign the request", a->at[0]);
	return set_stage(t, CERT_STAGE_ASKED, wall_add(seat_now(t), SIGN_POLL_MS * US_MS), why,
			 err);
}

bool enact_ask_authority(struct seat *t, const struct act *a, struct err *err)
{
	const char *name = t->config->policy.certificates.authority;
	const struct authority_policy *policy = config_find_authority(t->config, name);
	const struct authority_port *port;
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	auto_buf struct buf csr = {.max = PEM_BYTES_MAX};
	bool is_new_order = !token_equal(&a->order, &t->notes.cert_order);
	bool is_manual;
	bool is_new = is_new_order || t->notes.stage != CERT_STAGE_ASKED;
	if (!wish)
		return false;
	if (!policy)
		return err_set(err, ERR_NOT_FOUND, "authority \"%s\" is not configured", name);
	is_new |= a->target != t->notes.cert_target;
	is_manual = strcmp(policy->type, "manual") == 0;
	/* A person may have carried the request to the CA: another order is served by the same. */
	bool is_carried =
	    is_manual && t->notes.stage == CERT_STAGE_ASKED && a->target == t->notes.cert_target;
	t->notes.cert_target = a->target; /* durable below, with the stage */
	wish_for_target(t, a->target, wish);
	if (wish->valid_for_us == 0)
		wish->valid_for_us = policy->valid_for_us;
	if (!get_request(t, is_new && !is_carried, wish, &csr, err))
		return false;
	if (is_new) {
		t->notes.cert_order = a->order;
		t->notes.cookie[0] = 0;
		if (!is_carried)
			t->notes.asked_at = seat_now(t);
		if (!set_stage(t, CERT_STAGE_ASKED, (struct wall){.us = 0}, "asked", err))
			return false;
	}
	if (strcmp(policy->type, "local") == 0 && !authority_is_at(policy, t->seen->self_host))
		return ask_issuer(t, policy, buf_str(&csr), wish, err);
	port = t->ports.find_authority ? t->ports.find_authority(t->ports.authorities, name) : NULL;
	if (!port)
		return err_set(err, ERR_UNSUPPORTED, "authority \"%s\" of type %s cannot be used",
			       name, policy->type);
	struct authority_request r = {.instance = t->instance->name,
				      .csr_pem = buf_str(&csr),
				      .wish = wish,
				      .cookie = t->notes.cookie,
				      .now = seat_now(t),
				      .timeout_us =
					  policy->timeout_us ? policy->timeout_us : 30 * US_S};
	struct authority_answer answer = {.outcome = AUTHORITY_WAIT};
	struct err why = ERR_INIT;
	bool ok;
	if (!port->ops->issue(port->self, &r, &answer, &why)) {
		char text[512];
		snprintf(text, sizeof(text), "authority \"%s\": %.400s", name, why.text);
		buf_fini(&answer.chain_pem);
		if (why.kind == ERR_PROTOCOL || why.kind == ERR_LIMIT)
			return refuse(t, UNUSABLE_REST_S, text, err);
		return set_stage(t, CERT_STAGE_ASKED,
				 wall_add(seat_now(t), UNREACHABLE_REST_S * US_S), text, err);
	}
	switch (answer.outcome) {
	case AUTHORITY_ISSUED:
		ok = stage_answer(t, buf_str(&answer.chain_pem), wish, err);
		break;
	case AUTHORITY_WAIT:
		cut_z(t->notes.cookie, sizeof(t->notes.cookie), answer.cookie);
		ok =
		    set_stage(t, CERT_STAGE_ASKED,
			      wall_add(seat_now(t), answer.retry_us > 0 ? answer.retry_us : US_MIN),
			      is_manual ? "a person has to carry it: rotactl cert request "
					  "shows it, rotactl cert import takes the answer"
					: "the authority has not answered yet",
			      err);
		break;
	case AUTHORITY_REFUSED:
	default:
		ok = deny(t, why.text[0] ? why.text : "the authority refused", err);
		break;
	}
	buf_fini(&answer.chain_pem);
	return ok;
}

/* ---- what a person carries to the CA and back ---- */

static bool check_waits(const struct seat *t, struct err *err)
{
	if (t->notes.stage == CERT_STAGE_STAGED || t->notes.stage == CERT_STAGE_INSTALLED)
		return err_set(err, ERR_REFUSED,
			       "a new certificate of '%.200s' is under way already",
			       t->seen->self_host);
	return t->notes.stage == CERT_STAGE_ASKED ||
	       err_set(err, ERR_REFUSED,
		       "no request of '%.200s' waits; rotactl rotate certificates --member %.200s "
		       "makes one",
		       t->seen->self_host, t->seen->self_host);
}

bool certificate_request(struct seat *t, json_t *ret, struct err *err)
{
	char path[PATH_BYTES_MAX], text[40];
	auto_buf struct buf csr = {.max = PEM_BYTES_MAX};
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	const struct seen_certificate *c = &t->seen->certificate;
	const struct cert_view *in_use =
	    t->notes.cert_target == CERT_CLUSTER_FILE ? &c->cluster : &c->file;
	unsigned bits = t->config->policy.certificates.is_key_same
			    ? in_use->key_bits
			    : t->config->policy.certificates.key_bits;
	struct digest digest;
	json_t *names = json_array();
	if (!wish || !check_waits(t, err) ||
	    !t->ports.files.ops->read_text(t->ports.files.self, seat_path(t, "request.csr", path),
					   PEM_BYTES_MAX, &csr, NULL, err) ||
	    !sha256_digest(buf_str(&csr), &digest, err)) {
		json_decref(names);
		return false;
	}
	wish_for_target(t, t->notes.cert_target, wish);
	for (unsigned i = 0; i < wish->names_n; i++)
		json_array_append_new(names, json_said(wish->names[i]));
	json_object_set_new(ret, "csr", json_said(buf_z(&csr)));
	json_object_set_new(ret, "csrDigest", json_string(digest.hex));
	json_object_set_new(ret, "member", json_said(t->seen->self_host));
	json_object_set_new(ret, "cluster", json_said(t->seen->cluster));
	json_object_set_new(ret, "authority", json_said(t->config->policy.certificates.authority));
	json_object_set_new(ret, "file", json_said(target_path(t, t->notes.cert_target)));
	json_object_set_new(ret, "subject", json_said(wish->subject));
	json_object_set_new(ret, "membership", json_said(wish->membership));
	json_object_set_new(ret, "names", names);
	json_object_set_new(ret, "usage", json_string(csr_eku(wish)));
	json_object_set_new(ret, "keyType",
			    json_string(csr_key_type_print(wish->key, bits, text, sizeof(text))));
	json_object_set_new(ret, "validDays", json_integer(wish->valid_for_us / US_DAY));
	json_object_set_new(ret, "leastDays", json_integer(wish->min_left_us / US_DAY));
	json_object_set_new(ret, "askedAt",
			    json_string(wall_print_utc(t->notes.asked_at, text, sizeof(text))));
	json_object_set_new(ret, "inUseSerial", json_said(in_use->serial));
	json_object_set_new(ret, "inUseEnds",
			    json_string(wall_print_utc(in_use->not_after, text, sizeof(text))));
	return true;
}

/* The leaf alone gets the chain that the operator keeps beside the authority. */
static bool add_chain(struct seat *t, struct str pem, struct buf *ret, struct err *err)
{
	const char *name = t->config->policy.certificates.authority;
	const struct authority_policy *policy = config_find_authority(t->config, name);
	auto_pem struct pem_file file = {.certs_n = 0};
	auto_buf struct buf chain = {.max = PEM_BYTES_MAX};
	if (!pem_read(pem, NULL, PEM_CHAIN, &file, err))
		return err_in(err, "reading what the CA gave");
	buf_add(ret, pem.p, pem.n);
	if (file.certs_n == 1 && policy && policy->chain[0]) {
		if (!t->ports.files.ops->read_text(t->ports.files.self, policy->chain,
						   PEM_BYTES_MAX, &chain, NULL, err))
			return err_in(err, "reading the chain of authority \"%s\"", name);
		buf_addc(ret, '\n');
		buf_add(ret, chain.p, chain.n);
	}
	return buf_ok(ret, err);
}

bool certificate_import(struct seat *t, struct str pem, json_t *ret, struct err *err)
{
	char path[PATH_BYTES_MAX], text[512];
	auto_secret struct secret key = {.p = NULL};
	auto_secret struct secret whole = {.p = NULL};
	auto_buf struct buf chain = {.max = 2 * PEM_BYTES_MAX};
	struct cert_report report;
	struct cert_view *view = arena_get(&t->arena, sizeof(*view), err);
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	if (!view || !wish || !check_waits(t, err) ||
	    !get_secret(t, seat_path(t, "request.key", path), &key, err) ||
	    !add_chain(t, pem, &chain, err))
		return false;
	if (!pem_join(buf_str(&chain), &key, &whole, err)) {
		/* Nothing of it is wrong but that it answers something else. */
		struct err why = *err;
		err_clear(err);
		return err_set(err, ERR_REFUSED,
			       "it is no answer to the request that waits (%.200s): was it made of "
			       "the CSR that rotactl cert request shows?",
			       why.text);
	}
	wish_for_target(t, t->notes.cert_target, wish);
	if (!preflight(t, (struct str){.p = whole.p, .n = whole.n}, wish, &report, err))
		return err_in(err, "checking the new certificate");
	if (cert_report_worst(&report) == CERT_BAD) {
		why_bad(&report, text, sizeof(text));
		return err_set(err, ERR_REFUSED, "it was not taken; the request still waits. %s",
			       text);
	}
	if (!x509_view_pem((struct str){.p = whole.p, .n = whole.n}, NULL, view, err) ||
	    !put_file(t, "staged.pem", (struct str){.p = whole.p, .n = whole.n}, err))
		return err_in(err, "staging the new certificate");
	cut_z(t->notes.staged_serial, sizeof(t->notes.staged_serial), view->serial);
	t->notes.asked_at = seat_now(t);
	json_object_set_new(ret, "serial", json_string(view->serial));
	json_object_set_new(ret, "member", json_said(t->seen->self_host));
	return set_stage(t, CERT_STAGE_STAGED, (struct wall){.us = 0}, "", err);
}

static bool put_pem(struct seat *t, const struct secret *pem, bool keep_previous, struct err *err)
{
	const char *path = target_path(t, t->notes.cert_target);
	struct file_put put = {
	    .path = path, .bytes = {.p = pem->p, .n = pem->n}, .keep_previous = keep_previous};
	t->certificate_at.us = 0;
	t->is_peer_check_done = false;
	t->peers_why[0] = 0;
	changed_owe(t, CHANGED_CERTIFICATE);
	if (t->notes.changed_certificate && !notes_put(t, err))
		return false;
	return t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	       err_in(err, "writing '%s'", path);
}

/* A hello as a TLS client with the staged certificate, at each peer, before it is installed
 * (PROTOCOL 5): what they would make of it. A refusal counts when it is given twice. */
static bool ask_peers(struct seat *t, const char *staged, char *why, size_t why_n, struct err *err)
{
	enum { ASK_TWICE = 2 };
	why[0] = 0;
	for (unsigned i = 0; i < seen_asked_n(t->seen) && !why[0]; i++) {
		const struct seen_member *m = &t->seen->members[i];
		struct mongod_target target = seat_target(t, m->host, false);
		struct mongod_tls_result r = {.is_hello_answered = false};
		target.client_pem = staged;
		for (int n = 0; n < ASK_TWICE && !m->is_self && target.tls && !r.is_hello_answered;
		     n++)
			if (!t->ports.mongod.ops->tls(t->ports.mongod.self, &target, &r, err))
				return err_in(err, "showing the new certificate to '%.200s'",
					      m->host);
		if (!m->is_self && target.tls && !r.is_hello_answered)
			snprintf(why, why_n,
				 "%.100s does not accept it: %.140s. Its CAFile must trust the "
				 "issuer first",
				 m->host, r.reason);
	}
	return true;
}

bool enact_install_certificate(struct seat *t, const struct act *a, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret pem = {.p = NULL};
	struct cert_report report;
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	char text[512];
	(void)a;
	if (!wish || !get_secret(t, seat_path(t, "staged.pem", path), &pem, err))
		return false;
	/* It may have waited for days: checked again right before it replaces the file in use. */
	wish_for_target(t, t->notes.cert_target, wish);
	if (!preflight(t, (struct str){.p = pem.p, .n = pem.n}, wish, &report, err))
		return false;
	if (cert_report_worst(&report) == CERT_BAD)
		why_bad(&report, text, sizeof(text));
	else if (!ask_peers(t, path, text, sizeof(text), err))
		return false;
	if (text[0])
		return refuse(t, REFUSED_REST_S, text, err) &&
		       err_set(err, ERR_REFUSED, "the staged certificate is not good: %.400s",
			       text);
	t->notes.asked_at = seat_now(t);
	t->notes.reload_why[0] = 0;
	/* The stage first: after a crash in between the next look finds what is served and goes on
	 * or back from there. */
	return set_stage(t, CERT_STAGE_INSTALLED, (struct wall){.us = 0}, "", err) &&
	       put_pem(t, &pem, true, err);
}

/* Durable first: a hook may run on after a crash of ours, and what was asked of mongod may have
 * been done. */
static bool load(struct seat *t, const char *message, struct err *err)
{
	struct mongod_target target = seat_target(t, t->seen->self_host, true);
	struct mongod_credential c;
	struct notes *n = &t->notes;
	n->reload_why[0] = 0;
	n->is_reload_open = true;
	n->retry_at = seat_now(t); /* what is not served after this is taken back */
	if (!notes_put(t, err))
		return false;
	if (t->instance->reload_how == RELOAD_HOOK) {
		struct restart_target hook = seat_reload_target(t);
		return t->ports.restarter.ops->begin(t->ports.restarter.self, &hook, VERB_RELOAD,
						     err) ||
		       err_in(err, "loading the certificate by the hook");
	}
	if (!seat_login(t, t->seen->self_host, &target, &c))
		return err_set(err, ERR_AUTH, "no key and no user to log in with");
	if (!t->ports.mongod.ops->rotate_certificates(t->ports.mongod.self, &target, &c, message,
						      err)) {
		seat_login_failed(t, t->seen->self_host, &c, err);
		return err_in(err, "loading the certificate");
	}
	n->is_reload_open = false;
	return notes_put(t, err);
}

/* What the reload says is judged by the plan; only what was not begun is a fault of the act. */
static bool reload(struct seat *t, const char *message, struct err *err)
{
	struct err why = ERR_INIT;
	t->certificate_at.us = 0;
	t->certificate.served_at.who = WITNESS_NONE;
	t->is_peer_check_done = false;
	t->peers_why[0] = 0;
	if (load(t, message, &why))
		return true;
	t->notes.is_reload_open = false;
	err_print(&why, t->notes.reload_why, sizeof(t->notes.reload_why));
	if (!notes_put(t, err))
		return false;
	*err = why;
	return false;
}

bool enact_reload(struct seat *t, const struct act *a, struct err *err)
{
	return reload(t, a->reason, err);
}

bool enact_confirm_certificate(struct seat *t, const struct act *a, struct err *err)
{
	struct notes *n = &t->notes;
	const char *path = target_path(t, n->cert_target);
	bool is_back = n->stage == CERT_STAGE_GOING_BACK;
	(void)a;
	if (!t->ports.files.ops->forget_previous(t->ports.files.self, path, err))
		return err_in(err, "wiping the previous certificate's key");
	if (!remove_leftovers(t, err))
		return false;
	n->staged_serial[0] = 0;
	t->ports.mongod.ops->forget(
	    t->ports.mongod.self); /* own connections present the new certificate from now on */
	if (is_back) {
		n->cert_order_refused = n->cert_order;
		n->is_cert_taken_back = true;
		return set_stage(t, CERT_STAGE_REFUSED,
				 wall_add(seat_now(t), REFUSED_REST_S * US_S), n->cert_why, err);
	}
	bool is_half = n->cert_target == CERT_KEY_FILE && t->seen->certificate.has_cluster_file;
	if (n->cert_order.hex[0]) { /* a renewal by age fulfils no order, and undoes none */
		n->cert_order_half = n->cert_order;
		if (!is_half)
			n->cert_order_done = n->cert_order;
	}
	if (!is_half)
		t->approved.id[0] = 0; /* one word for one renewal */
	return set_stage(t, CERT_STAGE_NONE, (struct wall){.us = 0}, "", err);
}

bool enact_roll_back_certificate(struct seat *t, const struct act *a, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret pem = {.p = NULL};
	struct file_view view;
	/* Durable before it is begun: from here on there is only one way, also after a crash. */
	if (t->notes.stage != CERT_STAGE_GOING_BACK &&
	    !set_stage(t, CERT_STAGE_GOING_BACK, (struct wall){.us = 0}, a->reason, err))
		return false;
	if (!t->ports.files.ops->look(t->ports.files.self, target_path(t, t->notes.cert_target),
				      &view, err))
		return false;
	/* Beside the file itself, wherever a link leads. */
	snprintf(path, sizeof(path), "%.4000s" FILES_PREVIOUS_SUFFIX, view.real_path);
	if (get_secret(t, path, &pem, err)) {
		if (!put_pem(t, &pem, false, err))
			return false;
	} else if (err->kind == ERR_NOT_FOUND) {
		err_clear(
		    err); /* never installed: nothing to put back, but what is loaded counts */
	} else {
		return false;
	}
	return reload(t, "rotad: the previous certificate", err);
}

/* Names that the member serves now, by a certificate that this host's CA file trusts: somebody may
 * dial them, so they stay. */
static void add_served_names(struct seat *t, const char *host, struct cert_wish *w)
{
	struct mongod_target target = seat_target(t, host, strcmp(host, t->seen->self_host) == 0);
	struct mongod_tls_result r;
	struct err ignored = ERR_INIT;
	if (!t->ports.mongod.ops->tls(t->ports.mongod.self, &target, &r, &ignored) ||
	    !r.is_chain_trusted || !r.is_name_covered)
		return;
	for (unsigned i = 0; i < r.served.names_n; i++)
		add_name(w, r.served.names[i]);
}

/* This host has the local authority: sign what the others ask for, as rs.conf lets them. */
bool enact_sign_requests(struct seat *t, const struct act *a, struct err *err)
{
	const struct store_port *store = seat_store(t);
	struct store_doc *docs;
	size_t n;
	struct doc_trust trust = seat_trust(t);
	struct csr_doc *csr = arena_get(&t->arena, sizeof(*csr), err);
	struct issued_doc *issued = arena_get(&t->arena, sizeof(*issued), err);
	struct cert_wish *wish = arena_get(&t->arena, sizeof(*wish), err);
	(void)a;
	if (!csr || !issued || !wish ||
	    !store->ops->list(store->self, "csr/", &t->arena, &docs, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct authority_policy *policy;
		const struct authority_port *port;
		const struct identity *who;
		char id[DOC_ID_BYTES];
		struct store_doc old;
		bool is_found;
		auto_buf struct buf text = {.max = DOC_BYTES_MAX};
		struct authority_answer answer = {.outcome = AUTHORITY_REFUSED};
		struct err why = ERR_INIT;
		if (!csr_doc_decode(docs[i].text, &trust, csr, &why))
			continue;
		policy = config_find_authority(t->config, csr->authority);
		who = trust.find(trust.self, &csr->head.from);
		if (!policy || strcmp(policy->type, "local") != 0 ||
		    !authority_is_at(policy, t->seen->self_host) || !policy->private_key[0])
			continue;
		if (!store->ops->read(store->self, doc_id(id, "issued", csr->host), &t->arena, &old,
				      &is_found, err))
			return err_in(err, "looking for an answer to '%s'", csr->host);
		if (is_found && issued_doc_decode(old.text, &trust, issued, &why) &&
		    digest_equal(&issued->csr, &csr->csr))
			continue;
		*issued = (struct issued_doc){.csr = csr->csr};
		seat_head(t, &issued->head);
		cut_z(issued->host, sizeof(issued->host), csr->host);
		err_clear(&why);
		/* A rotad asks for its own member only, and only what rs.conf gives that member. */
		bool ok = who && !who->is_superseded && strcmp(who->host, csr->host) == 0 &&
			  seen_find_member(t->seen, csr->host) >= 0;
		if (!ok)
			err_set(&why, ERR_REFUSED,
				"the request's signer does not speak for '%.200s'", csr->host);
		port = ok && t->ports.find_authority
			   ? t->ports.find_authority(t->ports.authorities, csr->authority)
			   : NULL;
		if (ok && !port)
			ok = err_set(&why, ERR_UNSUPPORTED, "this host cannot use authority \"%s\"",
				     csr->authority);
		if (ok) {
			struct authority_request r = {.instance = csr->host,
						      .csr_pem = str_of(csr->csr_pem),
						      .wish = wish,
						      .cookie = "",
						      .now = seat_now(t),
						      .timeout_us = 30 * US_S};
			wish_for(t, csr->host, wish);
			add_served_names(t, csr->host, wish);
			if (wish->valid_for_us == 0)
				wish->valid_for_us = policy->valid_for_us;
			ok = port->ops->issue(port->self, &r, &answer, &why) &&
			     answer.outcome == AUTHORITY_ISSUED &&
			     copy_str(issued->chain_pem, sizeof(issued->chain_pem),
				      buf_str(&answer.chain_pem));
		}
		buf_fini(&answer.chain_pem);
		if (!ok) {
			issued->is_refused = true;
			cut_z(issued->why, sizeof(issued->why),
			      why.text[0] ? why.text : "the authority refused");
		}
		if (!issued_doc_encode(issued, &t->identity, &text, NULL, err) ||
		    !ledger_put(t, id, buf_str(&text), NULL, err))
			return err_in(err, "answering '%s'", csr->host);
	}
	return true;
}
