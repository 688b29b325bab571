/* SPDX-License-Identifier: Apache-2.0 */
/* As whom this host looks and acts: the given user or certificate; where none serves, __system by
 * the member's certificate and by the keys that are held, in the order of PROTOCOL 3. Proofs of
 * keys are not made here. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "model/event_table.h"
#include "round/round.h"

enum {
	CANDIDATES_MAX = 2 + KEYCHAIN_MAX,
	GIVEN_AGAIN_S = 10 * 60, /* a given login that was refused is tried again: each one that is
				    refused is a line in the server's log */
};

struct candidates {
	unsigned n;
	struct mongod_credential list[CANDIDATES_MAX];
	const struct key_id *keys[CANDIDATES_MAX]; /* NULL: no key */
	uint64_t signature;
};

static void add(struct candidates *all, struct mongod_credential c, const struct key_id *key)
{
	uint64_t how = (uint64_t)c.how;
	for (unsigned i = 0; key && i < all->n; i++)
		if (all->keys[i] && key_id_equal(all->keys[i], key))
			return;
	if (all->n == CANDIDATES_MAX)
		return;
	all->keys[all->n] = key;
	all->list[all->n++] = c;
	all->signature = hash64((struct str){.p = (const char *)&how, .n = sizeof(how)},
				hash64(str_of(key ? key->hex : ""), all->signature));
}

static void add_key(struct candidates *all, const struct seat *t, const struct key_id *key)
{
	const struct secret *text = keychain_find(&t->chain, key);
	if (text)
		add(all, (struct mongod_credential){.how = LOGIN_AS_SYSTEM, .key = text}, key);
}

static bool has_mode(const struct seat *t, const char *mode)
{
	return strcmp(t->has_server ? t->server.cluster_auth_mode : t->options.cluster_auth_mode,
		      mode) == 0;
}

static void tell_refused(struct seat *t, const char *who, const char *why)
{
	struct event e = event_of(EVENT_LOGIN_REFUSED, t->seen->cluster, t->seen->self_host);
	e.at = t->seen->now;
	snprintf(e.headline, sizeof(e.headline), "%s/%s: the given login '%.100s' does not serve.",
		 t->seen->cluster, t->seen->self_host, who);
	snprintf(e.what, sizeof(e.what), "%s", why);
	snprintf(e.now, sizeof(e.now), "rotad goes on as __system, by the keys it holds.");
	snprintf(e.we_did, sizeof(e.we_did), "Tries the given login again every 10 minutes.");
	snprintf(e.you, sizeof(e.you),
		 "rotactl user --for rotad prints the user and role it needs; see login: in "
		 "rotad.yaml(5).");
	t->ports.tell(t->ports.teller, &e, true);
}

/* The password is read when it is first needed, and again after a reload or a refusal: it may have
 * been changed. */
static bool read_password(struct seat *t)
{
	struct err err = ERR_INIT;
	char why[ERR_TEXT_BYTES];
	if (t->password.p)
		return true;
	if (t->ports.credential &&
	    t->ports.credential(t->ports.credentials, &t->instance->login.password, &t->password,
				&err))
		return true;
	tell_refused(t, t->instance->login.user,
		     t->ports.credential ? err_print(&err, why, sizeof(why))
					 : "nothing to read it with");
	return false;
}

static void candidates_of(struct seat *t, bool has_users, struct candidates *ret)
{
	const struct login_policy *l = &t->instance->login;
	const struct ring_ids *file = &t->seen->keyfile.ring;
	*ret = (struct candidates){.n = 0};
	if (l->with == LOGIN_WITH_USER && has_users && read_password(t))
		add(ret,
		    (struct mongod_credential){.how = LOGIN_AS_USER,
					       .key = &t->password,
					       .user = l->user,
					       .database = l->database[0] ? l->database : NULL},
		    NULL);
	if (l->with == LOGIN_WITH_CERTIFICATE && has_users)
		add(ret, (struct mongod_credential){.how = LOGIN_AS_CERTIFICATE}, NULL);
	/* Under plain keyFile a member's certificate cannot log in (code 18). */
	if (has_mode(t, "sendKeyFile") || has_mode(t, "sendX509") || has_mode(t, "x509"))
		add(ret, (struct mongod_credential){.how = LOGIN_AS_CERTIFICATE, .is_member = true},
		    NULL);
	/* A key that the process is known not to have loaded comes after those that it has. */
	for (unsigned i = 0; i < file->n; i++)
		if (!t->notes.loaded.is_known || ring_ids_has(&t->notes.loaded, &file->ids[i]))
			add_key(ret, t, &file->ids[i]);
	add_key(ret, t, &t->anchor.pivot.id);
	add_key(ret, t, &t->anchor.next.id);
	for (unsigned i = t->chain.n; i-- > 0;)
		add_key(ret, t, &t->chain.keys[i].id);
}

static struct login_memory *memory_of(struct seat *t, const char *host)
{
	struct member_memory *m = host ? seat_memory(t, host) : NULL;
	return m ? &m->login : &t->login;
}

/* An arbiter has no users, and a member in RECOVERING looks up none: one that holds dead keys alone
 * stays there, and nobody but __system can mend it. Of the others the look tells (round/observe.c).
 */
static bool has_users_at(const struct seat *t, const char *host)
{
	if (host && !t->is_up && strcmp(t->me, host) == 0)
		return false;
	for (unsigned i = 0; host && i < t->rs.members_n; i++)
		if (strcmp(t->rs.members[i].host, host) == 0)
			return !t->rs.members[i].is_arbiter;
	return true;
}

bool seat_login(struct seat *t, const char *host, struct mongod_target *target,
		struct mongod_credential *ret)
{
	struct candidates all;
	struct login_memory *m = memory_of(t, host);
	candidates_of(t, has_users_at(t, host), &all);
	if (all.n == 0)
		return false;
	if (m->signature != all.signature || m->skip >= all.n ||
	    (m->skip > 0 &&
	     (t->seen->now.us < m->at.us || t->seen->now.us - m->at.us > GIVEN_AGAIN_S * US_S)))
		m->skip = 0;
	m->signature = all.signature;
	*ret = all.list[m->skip];
	if (target && ret->how == LOGIN_AS_CERTIFICATE && !ret->is_member)
		target->client_pem = t->instance->login.certificate;
	return true;
}

void seat_login_failed(struct seat *t, const char *host, const struct mongod_credential *c,
		       const struct err *err)
{
	struct login_memory *m = memory_of(t, host);
	char what[512];
	/* A server that does not know the user may offer it no way to log in. */
	if (err->kind != ERR_AUTH && err->kind != ERR_UNSUPPORTED)
		return;
	if (m->skip == 0)
		m->at = t->seen->now;
	m->skip++;
	if (c->how == LOGIN_AS_SYSTEM || c->is_member)
		return;
	secret_fini(&t->password);
	snprintf(what, sizeof(what), "%s: %.300s", host ? host : "the set", err->text);
	tell_refused(
	    t, c->how == LOGIN_AS_USER ? t->instance->login.user : t->instance->login.certificate,
	    what);
}
