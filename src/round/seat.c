/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and addressing a seat; its keychain. Decides nothing. */
#include "round/seat.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "codec/base64.h"
#include "codec/journal_line.h"
#include "round/round.h"

const struct secret *keychain_find(const struct keychain *c, const struct key_id *id)
{
	for (unsigned i = 0; i < c->n; i++)
		if (key_id_equal(&c->keys[i].id, id))
			return &c->keys[i].text;
	return NULL;
}

bool keychain_add(struct keychain *c, const struct key_id *id, const struct secret *text,
		  struct err *err)
{
	struct secret copy = {.p = NULL};
	if (keychain_find(c, id))
		return true;
	if (!secret_from(&copy, text->p, text->n, err))
		return false;
	if (c->n == KEYCHAIN_MAX) { /* the oldest goes: it is on disk or in the ledger if it is
				       still needed */
		secret_fini(&c->keys[0].text);
		memmove(&c->keys[0], &c->keys[1], (KEYCHAIN_MAX - 1) * sizeof(c->keys[0]));
		c->n--;
	}
	c->keys[c->n].id = *id;
	c->keys[c->n].text = copy;
	c->n++;
	return true;
}

void keychain_drop(struct keychain *c, const struct key_id *id)
{
	for (unsigned i = 0; i < c->n; i++)
		if (key_id_equal(&c->keys[i].id, id)) {
			secret_fini(&c->keys[i].text);
			memmove(&c->keys[i], &c->keys[i + 1], (c->n - i - 1) * sizeof(c->keys[0]));
			c->n--;
			return;
		}
}

void keychain_fini(struct keychain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		secret_fini(&c->keys[i].text);
	c->n = 0;
}

const char *seat_path(const struct seat *t, const char *name, char *out)
{
	snprintf(out, PATH_BYTES_MAX, "%s/%s", t->directory, name);
	return out;
}

bool seat_token(struct seat *t, struct token *ret, struct err *err)
{
	unsigned char bytes[TOKEN_CHARS / 2];
	if (!t->ports.host.ops->random(t->ports.host.self, bytes, sizeof(bytes), err))
		return false;
	hex_print(bytes, sizeof(bytes), ret->hex);
	return true;
}

void seat_head(struct seat *t, struct doc_head *ret)
{
	*ret = (struct doc_head){
	    .ledger = t->anchor.ledger,
	    .from = t->identity.spki,
	    .incarnation = t->incarnation,
	    .seq = ++t->seq,
	    .at = seat_now(t),
	};
	cut_z(ret->cluster, sizeof(ret->cluster), t->anchor.cluster);
}

const struct store_port *seat_store(const struct seat *t)
{
	return t->seen && t->seen->is_standalone ? &t->ports.local_store : &t->ports.set_store;
}

bool anchor_put(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_wiped_buf struct buf text = {.max = DOC_BYTES_MAX}; /* the salt */
	if (!anchor_encode(&t->anchor, t->machine_id, &text, err))
		return err_in(err, "writing the anchor of %s", t->instance->name);
	struct file_put put = {
	    .path = seat_path(t, "anchor.json", path), .bytes = buf_str(&text), .mode = 0600};
	if (!t->ports.files.ops->put(t->ports.files.self, &put, err))
		return err_in(err, "writing the anchor of %s", t->instance->name);
	return true;
}

bool notes_put(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	if (!notes_encode(&t->notes, &text, err))
		return err_in(err, "writing the notes of %s", t->instance->name);
	struct file_put put = {
	    .path = seat_path(t, "notes.json", path), .bytes = buf_str(&text), .mode = 0600};
	return t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	       err_in(err, "writing the notes of %s", t->instance->name);
}

/* machine-id(5). A host without one gets zeros: its anchor is then bound to nothing. */
static void read_machine_id(struct seat *t)
{
	auto_buf struct buf text = {.max = 256};
	struct err ignored = ERR_INIT;
	memset(t->machine_id, '0', sizeof(t->machine_id) - 1);
	if (t->ports.files.ops->read_text(t->ports.files.self, "/etc/machine-id", 256, &text, NULL,
					  &ignored) &&
	    text.n >= sizeof(t->machine_id) - 1 &&
	    hex_holds((struct str){.p = text.p, .n = sizeof(t->machine_id) - 1},
		      sizeof(t->machine_id) - 1))
		memcpy(t->machine_id, text.p, sizeof(t->machine_id) - 1);
}

static bool open_identity(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret text = {.p = NULL};
	seat_path(t, "identity.pem", path);
	if (t->ports.files.ops->read_secret(t->ports.files.self, path, IDENTITY_FILE_BYTES_MAX,
					    &text, NULL, err))
		return identity_keys_decode(&text, &t->identity, err) ||
		       err_in(err, "reading '%s'", path);
	if (err->kind != ERR_NOT_FOUND)
		return err_in(err, "reading '%s'", path);
	err_clear(err);
	if (!identity_keys_new(&t->identity, err) ||
	    !identity_keys_encode(&t->identity, &text, err))
		return err_in(err, "making an identity");
	struct file_put put = {.path = path, .bytes = {.p = text.p, .n = text.n}, .mode = 0600};
	return t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	       err_in(err, "writing '%s'", path);
}

/* What it never forgets is gone: the way back is a new identity, which persons admit. */
static bool lost_anchor(const struct seat *t, const char *path, struct err *err)
{
	char folder[PATH_BYTES_MAX], why[256];
	const enum err_kind kind = err->kind;
	cut_z(why, sizeof(why), err->text);
	seat_path(t, "", folder);
	(void)err_set(
	    err, kind,
	    "%.200s. If it is torn: move the folder '%.200s' aside and start rotad, then on "
	    "each other host: rotactl trust list, rotactl trust confirm",
	    why, folder);
	return err_in(err, "reading '%s'", path);
}

static bool open_anchor(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_wiped_buf struct buf text = {.max = DOC_BYTES_MAX};
	seat_path(t, "anchor.json", path);
	if (t->ports.files.ops->read_text(t->ports.files.self, path, DOC_BYTES_MAX, &text, NULL,
					  err))
		return anchor_decode(buf_str(&text), t->machine_id, &t->anchor, err) ||
		       lost_anchor(t, path, err);
	if (err->kind != ERR_NOT_FOUND)
		return err_in(err, "reading '%s'", path);
	err_clear(err);
	/* A salt of this host's own until it founds or joins a ledger: ids never leave the host
	 * with it. */
	unsigned char salt[32];
	if (!t->ports.host.ops->random(t->ports.host.self, salt, sizeof(salt), err))
		return false;
	hex_print(salt, sizeof(salt), t->anchor.salt_hex);
	wipe(salt, sizeof(salt));
	return true;
}

static bool open_notes(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	seat_path(t, "notes.json", path);
	if (t->ports.files.ops->read_text(t->ports.files.self, path, DOC_BYTES_MAX, &text, NULL,
					  err)) {
		if (notes_decode(buf_str(&text), &t->notes, err))
			return true;
		/* Notes only tell where to look first; without them everything is looked at anew.
		 */
		t->notes = (struct notes){.has_written = false};
		snprintf(t->notes_why, sizeof(t->notes_why), "%.150s", err->text);
		err_clear(err);
		return true;
	}
	if (err->kind != ERR_NOT_FOUND)
		return err_in(err, "reading '%s'", path);
	err_clear(err);
	return true;
}

/* Go on numbering where the journal ends; close a line that a power cut left torn; roll a long one.
 */
static bool open_journal(struct seat *t, struct err *err)
{
	char path[PATH_BYTES_MAX], old[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = 4 * JOURNAL_FILE_BYTES_MAX};
	struct journal_reader reader;
	struct journal_entry e;
	seat_path(t, "journal", path);
	if (!t->ports.files.ops->read_text(t->ports.files.self, path, 4 * JOURNAL_FILE_BYTES_MAX,
					   &text, NULL, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return err_in(err, "reading '%s'", path);
		err_clear(err);
		return true;
	}
	journal_open(&reader, buf_str(&text));
	while (journal_find_next(&reader, &e))
		;
	t->journal_seq = reader.last_seq;
	if (reader.torn_bytes &&
	    !t->ports.files.ops->append(t->ports.files.self, path, STR(""), err))
		return err_in(err, "closing a torn line of '%s'", path);
	if (text.n < JOURNAL_FILE_BYTES_MAX / 2)
		return true;
	struct file_put put = {
	    .path = seat_path(t, "journal.1", old), .bytes = buf_str(&text), .mode = 0600};
	return (t->ports.files.ops->put(t->ports.files.self, &put, err) &&
		t->ports.files.ops->remove(t->ports.files.self, path, err)) ||
	       err_in(err, "rolling '%s'", path);
}

/* What a person wants to know later: debts and budgets of before are forgotten. */
static void note_damage(struct seat *t)
{
	struct journal_entry e = {.kind = JOURNAL_NOTE};
	struct err ignored = ERR_INIT; /* what is wrong with the disk is told by the next act */
	if (!t->notes_why[0])
		return;
	cut_z(e.act, sizeof(e.act), "notes");
	snprintf(e.text, sizeof(e.text),
		 "notes.json could not be read (%s) and is begun anew: everything is looked at "
		 "again; what was owed or approved before is forgotten",
		 t->notes_why);
	(void)!record_line(t, &e, &ignored);
}

bool seat_open(struct seat *t, const struct config *config, const struct instance_policy *instance,
	       const struct round_ports *ports, struct err *err)
{
	*t = (struct seat){.config = config, .instance = instance, .ports = *ports};
	if (snprintf(t->directory, sizeof(t->directory), "%s/%s", config->state_directory,
		     instance->name) >= (int)sizeof(t->directory))
		return err_set(err, ERR_LIMIT, "the state directory's name is too long");
	if (!arena_init(&t->arena, (size_t)16 * 1024 * 1024, err))
		return false;
	t->seen = calloc(1, sizeof(*t->seen));
	t->identities = malloc((MEMBERS_MAX + ROUTERS_MAX) * sizeof(*t->identities));
	if (!t->seen || !t->identities)
		return err_set(err, ERR_MEMORY, "no memory for instance '%s'", instance->name);
	read_machine_id(t);
	bool ok = seat_token(t, &t->incarnation, err) && open_identity(t, err) &&
		  open_anchor(t, err) && open_notes(t, err) && open_journal(t, err);
	if (ok)
		note_damage(t);
	return ok;
}

void seat_close(struct seat *t)
{
	keychain_fini(&t->chain);
	secret_fini(&t->password);
	identity_keys_fini(&t->identity);
	arena_fini(&t->arena);
	wipe(t->anchor.salt_hex, sizeof(t->anchor.salt_hex));
	for (unsigned i = 0; i < t->memory_n; i++)
		free(t->memory[i].served);
	t->memory_n = 0;
	free(t->seen);
	free(t->identities);
	free(t->cluster);
	t->cluster = NULL;
	t->seen = NULL;
	t->identities = NULL;
}

void seat_reload(struct seat *t, const struct config *config,
		 const struct instance_policy *instance)
{
	t->config = config;
	t->instance = instance;
	t->has_server = false;
	secret_fini(&t->password);
	t->login.signature = 0;
	for (unsigned i = 0; i < t->memory_n; i++)
		t->memory[i].login.signature = 0;
	t->is_options_live = false; /* read again: paths may be named in another way now */
	t->certificate_at.us = 0;
	t->rehearsed_at.us = 0;
}

struct member_memory *seat_memory(struct seat *t, const char *host)
{
	for (unsigned i = 0; i < t->memory_n; i++)
		if (strcmp(t->memory[i].host, host) == 0)
			return &t->memory[i];
	struct member_memory *m = NULL;
	/* Hosts come and go over the years: one that is no member now makes room. */
	for (unsigned i = 0; t->memory_n == MEMBERS_MAX && !m && i < MEMBERS_MAX; i++)
		if (seen_find_member(t->seen, t->memory[i].host) < 0)
			m = &t->memory[i];
	if (!m && t->memory_n == MEMBERS_MAX)
		return NULL;
	if (!m)
		m = &t->memory[t->memory_n++];
	free(m->served);
	*m = (struct member_memory){.proofs_n = 0};
	cut_z(m->host, sizeof(m->host), host);
	return m;
}

static bool uses_tls(const struct mongod_options *o)
{
	return strcmp(o->tls_mode, "requireTLS") == 0 || strcmp(o->tls_mode, "preferTLS") == 0;
}

struct mongod_target seat_target(const struct seat *t, const char *host, bool is_self)
{
	const struct mongod_options *o = &t->options;
	struct mongod_target r = {.host = host, .tls = uses_tls(o)};
	if (r.tls) {
		r.ca_file = o->ca_file[0] ? o->ca_file : NULL;
		r.client_pem = o->cluster_file[0] ? o->cluster_file : o->certificate_key_file;
		r.allows_invalid_hostnames = o->allows_invalid_hostnames;
	}
	if (is_self && t->seen->is_standalone) { /* its name is ours alone: nobody resolves it */
		r.host = t->local;
		r.allows_invalid_hostnames = true;
	}
	if (is_self) {
		r.address = t->instance->address[0] ? t->instance->address : NULL;
		/* Before its name in rs.conf is known there is no name to check; it is asked over
		 * this host's own address. */
		if (!t->me[0])
			r.allows_invalid_hostnames = true;
	}
	return r;
}

struct wall seat_now(const struct seat *t)
{
	return t->ports.host.ops->now(t->ports.host.self);
}

struct restart_target seat_restart_target(const struct seat *t)
{
	const struct mongod_options *o = &t->options;
	return (struct restart_target){
	    .instance = t->instance->name,
	    .how = t->instance->restart_how,
	    .name = t->instance->restart_name,
	    .config_file = t->instance->config_file[0] ? t->instance->config_file : NULL,
	    .db_path = o->db_path[0] ? o->db_path : NULL,
	    .pid_file = o->pid_file[0] ? o->pid_file : NULL,
	    .log_path = o->log_path[0] ? o->log_path : NULL,
	    .port = o->port,
	    .timeout_us = t->instance->restart_timeout_us,
	};
}

struct restart_target seat_reload_target(const struct seat *t)
{
	struct restart_target r = seat_restart_target(t);
	r.how = RESTART_HOOK;
	r.name = t->instance->reload_hook;
	return r;
}

void host_only(const char *host, char *out, size_t out_n)
{
	struct str s = str_of(host);
	const char *end;
	if (s.n && s.p[0] == '[' && (end = memchr(s.p, ']', s.n)))
		s = (struct str){.p = s.p + 1, .n = (size_t)(end - s.p) - 1};
	else if ((end = memrchr(s.p, ':', s.n)))
		s.n = (size_t)(end - s.p);
	snprintf(out, out_n, "%.*s", (int)s.n, s.p);
}

bool authority_is_at(const struct authority_policy *a, const char *host)
{
	char name[HOST_BYTES_MAX];
	host_only(host, name, sizeof(name));
	for (unsigned i = 0; i < a->at_n; i++)
		if (strcmp(a->at[i], host) == 0 || strcmp(a->at[i], name) == 0)
			return true;
	return false;
}
