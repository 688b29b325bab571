/* SPDX-License-Identifier: Apache-2.0 */
/* The pool. Nothing here survives the helper; digests, not keys, tell connections apart. */
#include "mongod/session.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include "mongod/hello.h"
#include "mongod/login.h"
#include "mongod/resolve.h"

DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);

void session_pool_init(struct session_pool *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		p->sessions[i].wire = WIRE_INIT;
}

void session_drop(struct session *s)
{
	wire_close(&s->wire);
	wipe(s, sizeof(*s)); /* a digest of a short key could be guessed from */
	s->wire = WIRE_INIT;
}

void session_pool_clear(struct session_pool *p)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		session_drop(&p->sessions[i]);
	memset(p->dead, 0, sizeof(p->dead));
}

static const char *where_of(const struct mongod_target *t)
{
	return t->address ? t->address : t->host;
}

/* A text with its length in front, so that no two sequences of texts look alike. NULL is not "". */
static bool add_text(EVP_MD_CTX *c, const char *p, size_t n)
{
	const uint64_t head = p ? n : UINT64_MAX;
	return EVP_DigestUpdate(c, &head, sizeof(head)) == 1 &&
	       (!p || EVP_DigestUpdate(c, p, n) == 1);
}

static bool add_z(EVP_MD_CTX *c, const char *z)
{
	return add_text(c, z, z ? strlen(z) : 0);
}

/* A file by path and by what changes when it is replaced or rewritten. */
static bool add_file(EVP_MD_CTX *c, const char *path)
{
	struct stat st;
	int64_t stamp[6] = {0};
	if (path && stat(path, &st) == 0) {
		stamp[0] = (int64_t)st.st_dev;
		stamp[1] = (int64_t)st.st_ino;
		stamp[2] = (int64_t)st.st_size;
		stamp[3] = st.st_mtim.tv_sec;
		stamp[4] = st.st_mtim.tv_nsec;
		stamp[5] = st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	}
	return add_z(c, path) && EVP_DigestUpdate(c, stamp, sizeof(stamp)) == 1;
}

static bool target_digest(const struct mongod_target *t, unsigned char out[DIGEST_BYTES])
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	const unsigned char flags[2] = {t->tls, t->allows_invalid_hostnames};
	return c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 && add_z(c, t->host) &&
	       add_z(c, t->address) && EVP_DigestUpdate(c, flags, sizeof(flags)) == 1 &&
	       add_file(c, t->ca_file) && add_file(c, t->client_pem) &&
	       EVP_DigestFinal_ex(c, out, NULL) == 1;
}

static bool login_digest(const struct mongod_login *l, unsigned char out[DIGEST_BYTES])
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	const unsigned char how = (unsigned char)l->how;
	return c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(c, &how, 1) == 1 && add_text(c, l->key.p, l->key.n) &&
	       add_z(c, l->user) && add_z(c, l->database) && EVP_DigestFinal_ex(c, out, NULL) == 1;
}

static bool dead_check(const struct session_pool *p, const char *where, struct err *err)
{
	const int64_t now_us = resolve_now().us;
	for (size_t i = 0; i < DEAD_HOSTS_MAX; i++)
		if (now_us < p->dead[i].until.us && strcmp(p->dead[i].where, where) == 0) {
			*err = p->dead[i].err;
			return false;
		}
	return true;
}

/* Only silence is remembered: a refused connection costs nothing to try again, and ends the moment
 * the server is back. */
static void dead_note(struct session_pool *p, const char *where, const struct err *err)
{
	struct dead_host *slot = &p->dead[0];
	if (err->kind != ERR_TIMEOUT)
		return;
	for (size_t i = 0; i < DEAD_HOSTS_MAX; i++) {
		if (strcmp(p->dead[i].where, where) == 0) {
			slot = &p->dead[i];
			break;
		}
		if (p->dead[i].until.us < slot->until.us)
			slot = &p->dead[i];
	}
	if (copy_z(slot->where, sizeof(slot->where), where)) {
		slot->until = mono_add(resolve_now(), DEAD_FOR_US);
		slot->err = *err;
	}
}

static bool open_new(struct session *s, const struct mongod_target *t, struct mono deadline,
		     struct err *err)
{
	if (!wire_connect(&s->wire, t, deadline, err) ||
	    (t->tls && !wire_tls_start(&s->wire, t, deadline, NULL, err)) ||
	    !hello_ask(&s->wire, HELLO_APP, "local.__system", deadline, &s->first, err))
		return false;
	s->is_fresh = true;
	return true;
}

static bool has_digest(const unsigned char a[DIGEST_BYTES], const unsigned char b[DIGEST_BYTES])
{
	return memcmp(a, b, DIGEST_BYTES) == 0;
}

bool session_get(struct session_pool *p, const struct mongod_target *t,
		 const struct mongod_login *l, struct mono deadline, struct session **ret,
		 struct err *err)
{
	static const struct mongod_login nobody = {.how = LOGIN_AS_NOBODY};
	unsigned char target_id[DIGEST_BYTES], login_id[DIGEST_BYTES], nobody_id[DIGEST_BYTES];
	struct session *found = NULL, *plain = NULL, *oldest = &p->sessions[0];

	if (!target_digest(t, target_id) || !login_digest(l ? l : &nobody, login_id) ||
	    !login_digest(&nobody, nobody_id))
		return err_set(err, ERR_MEMORY, "no digest of a connection");
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &p->sessions[i];
		if (s->wire.fd >= 0 && has_digest(s->target_id, target_id)) {
			if (!wire_is_alive(&s->wire)) {
				session_drop(s);
			} else {
				if (has_digest(s->login_id, login_id) || (!l && !found))
					found = s;
				if (has_digest(s->login_id, nobody_id))
					plain = s;
			}
		}
		if (s->used_at.us < oldest->used_at.us)
			oldest = s;
	}
	if (!found)
		found = plain; /* nobody is logged in there yet: l can be */
	if (!found) {
		if (!dead_check(p, where_of(t), err))
			return false;
		session_drop(oldest);
		found = oldest;
		if (!open_new(found, t, deadline, err)) {
			session_drop(found);
			dead_note(p, where_of(t), err);
			return false;
		}
		memcpy(found->target_id, target_id, DIGEST_BYTES);
		memcpy(found->login_id, nobody_id, DIGEST_BYTES);
	}
	if (l && found->first.is_quiescing) {
		session_drop(found);
		(void)err_set(err, ERR_REFUSED, "it is shutting down");
		err->sys = CODE_SHUTDOWN_IN_PROGRESS;
		return false;
	}
	if (l && !has_digest(found->login_id, login_id)) {
		if (!login_do(&found->wire, l, &found->first, deadline, err)) {
			session_drop(found);
			return false;
		}
		memcpy(found->login_id, login_id, DIGEST_BYTES);
	}
	found->used_at = resolve_now();
	*ret = found;
	return true;
}

bool session_run(struct session_pool *p, const struct mongod_target *t,
		 const struct mongod_login *l, struct mono deadline, const bson_t *command,
		 bool may_repeat, bson_t *ret, struct err *err)
{
	for (bool is_again = false;; is_again = true) {
		struct session *s = NULL;
		struct err why = ERR_INIT;

		if (!session_get(p, t, l, deadline, &s, err))
			return false;
		const bool was_kept = !s->is_fresh;
		s->is_fresh = false;
		if (wire_command(&s->wire, command, deadline, ret, NULL, &why))
			return wire_reply_check(ret, err);
		session_drop(s);
		if (is_again || !was_kept || !may_repeat || why.kind != ERR_UNREACHABLE) {
			*err = why;
			return false;
		}
	}
}

bool session_hello(struct session_pool *p, const struct mongod_target *t, struct mono deadline,
		   struct mongod_hello *ret, struct err *err)
{
	for (bool is_again = false;; is_again = true) {
		struct session *s = NULL;
		struct err why = ERR_INIT;
		struct mongod_hello h;

		if (!session_get(p, t, NULL, deadline, &s, err))
			return false;
		if (s->is_fresh) {
			s->is_fresh = false;
			*ret = s->first;
			if (ret->is_quiescing)
				session_drop(s); /* it will soon be another process */
			return true;
		}
		if (hello_ask(&s->wire, NULL, NULL, deadline, &h, &why)) {
			/* What it offers was asked once, and belongs to the process. */
			h.offers_scram_sha256 = s->first.offers_scram_sha256;
			h.offers_scram_sha1 = s->first.offers_scram_sha1;
			*ret = h;
			return true;
		}
		session_drop(s);
		if (is_again || why.kind != ERR_UNREACHABLE) {
			dead_note(p, where_of(t), &why);
			*err = why;
			return false;
		}
	}
}
