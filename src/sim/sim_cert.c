/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of cardboard, what a mongod makes of those in its files, and who lets whom in by
 * them. */
#include "sim/sim_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "sim/sim_world.h"

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----\n"
#define CERT_END "-----END CERTIFICATE-----\n"
#define REQUEST_BEGIN "-----BEGIN CERTIFICATE REQUEST-----\n"

enum { SUBJECT_PORT_CHARS = 6 };

/* ---- as text ---- */

void sim_cert_public(struct str private_key, char ret[SIM_PUBLIC_CHARS + 1])
{
	const char *mark =
	    memmem(private_key.p, private_key.n, SIM_PRIVATE_MARK, sizeof(SIM_PRIVATE_MARK) - 1);
	struct str word = {.p = mark, .n = 0};
	size_t left = mark ? private_key.n - (size_t)(mark - private_key.p) : 0;
	while (word.n < left && mark[word.n] != '\n')
		word.n++;
	(void)snprintf(ret, SIM_PUBLIC_CHARS + 1, "%016llx",
		       (unsigned long long)(mark ? hash64(word, 7) : 0));
}

void sim_cert_print(const struct sim_cert *c, struct buf *out)
{
	buf_addf(out, CERT_BEGIN "%u %u %s %lld %lld %s\n" CERT_END, c->serial, c->ca, c->key,
		 (long long)c->from.us, (long long)c->until.us, c->names);
}

static bool read_line(const char *line, size_t n, struct sim_cert *ret)
{
	char text[SIM_NAMES_BYTES + 128];
	long long from, until;
	if (n >= sizeof(text))
		return false;
	memcpy(text, line, n);
	text[n] = 0;
	*ret = (struct sim_cert){.is_good = false};
	if (sscanf(text, "%u %u %16s %lld %lld %599s", &ret->serial, &ret->ca, ret->key, &from,
		   &until, ret->names) != 6)
		return false;
	ret->from.us = from;
	ret->until.us = until;
	return true;
}

static bool line_after(struct str text, const char *mark, struct str *ret)
{
	const char *p = memmem(text.p, text.n, mark, strlen(mark));
	const char *eol =
	    p ? memchr(p + strlen(mark), '\n', text.n - (size_t)(p - text.p) - strlen(mark)) : NULL;
	if (!eol)
		return false;
	ret->p = p + strlen(mark);
	ret->n = (size_t)(eol - ret->p);
	return true;
}

bool sim_cert_read(struct str text, struct sim_cert *ret, bool *ret_has_key, bool *ret_key_fits)
{
	char public[SIM_PUBLIC_CHARS + 1];
	struct str line;
	if (!line_after(text, CERT_BEGIN, &line) || !read_line(line.p, line.n, ret))
		return false;
	*ret_has_key =
	    memmem(text.p, text.n, SIM_PRIVATE_MARK, sizeof(SIM_PRIVATE_MARK) - 1) != NULL;
	sim_cert_public(text, public);
	*ret_key_fits = *ret_has_key && strcmp(public, ret->key) == 0;
	ret->is_good = *ret_key_fits;
	return true;
}

bool sim_cert_request(struct str csr, struct sim_cert *ret)
{
	char text[SIM_NAMES_BYTES + 64];
	struct str line;
	*ret = (struct sim_cert){.is_good = false};
	return line_after(csr, REQUEST_BEGIN, &line) && copy_str(text, sizeof(text), line) &&
	       sscanf(text, "%16s %599s", ret->key, ret->names) == 2;
}

static bool name_fits(struct str pattern, struct str host)
{
	const char *dot;
	if (pattern.n > 2 && pattern.p[0] == '*') {
		dot = memchr(host.p, '.', host.n);
		if (!dot)
			return false;
		host.n -= (size_t)(dot - host.p);
		host.p = dot;
		pattern.p++;
		pattern.n--;
	}
	return pattern.n == host.n && memcmp(pattern.p, host.p, host.n) == 0;
}

bool sim_cert_names(const struct sim_cert *c, const char *host)
{
	struct str rest = str_of(c->names), name, wanted = str_of(host);
	const char *colon = strrchr(host, ':');
	if (colon)
		wanted.n = (size_t)(colon - host);
	while (str_cut(&rest, ',', &name))
		if (name_fits(name, wanted) || str_equal(name, wanted))
			return true;
	return false;
}

void sim_cert_view(const struct sim_cert *c, bool has_key, struct cert_view *ret)
{
	struct str rest = str_of(c->names), name;
	memset(ret, 0, offsetof(struct cert_view, names));
	ret->is_known = true;
	(void)snprintf(ret->subject, sizeof(ret->subject), "CN=member,O=acme");
	(void)snprintf(ret->issuer, sizeof(ret->issuer), "CN=CA %u", c->ca);
	(void)snprintf(ret->membership, sizeof(ret->membership), "O=acme");
	(void)snprintf(ret->serial, sizeof(ret->serial), "%04X", c->serial);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(ret->sha256 + i * 16, 17, "%016llx",
			       (unsigned long long)c->serial * 0x9e3779b97f4a7c15u);
		(void)snprintf(ret->spki + i * 16, 17, "%s", c->key);
	}
	ret->not_before = c->from;
	ret->not_after = ret->chain_not_after = c->until;
	ret->key = CERT_KEY_P256;
	ret->key_bits = 256;
	ret->has_private_key = has_key;
	while (str_cut(&rest, ',', &name) && ret->names_n < NAMES_PER_CERT_MAX)
		if (copy_str(ret->names[ret->names_n], HOST_BYTES_MAX, name))
			ret->names_n++;
}

unsigned sim_cert_trusts(struct str bundle)
{
	unsigned mask = 0;
	struct str line;
	while (str_cut(&bundle, '\n', &line))
		if (line.n == 4 && str_starts(line, STR("CA ")))
			mask |= (unsigned)(line.p[3] - '0') & 7; /* one digit, a bit */
	return mask;
}

/* ---- a host's files ---- */

/* Is it in use here? Nothing of this file counts elsewhere. */
static bool has_tls(const struct sim_host *h)
{
	return h->w->scenario->has_tls;
}

static bool has_rename(const struct sim_scenario *s)
{
	for (unsigned i = 0; i < s->faults_n; i++)
		if (s->faults[i].kind == SIM_RENAME)
			return true;
	return false;
}

static void set_trusts(struct sim_host *h, unsigned mask)
{
	char text[80];
	int n = 0;
	for (unsigned ca = 1; ca <= SIM_CA_FOREIGN; ca *= 2)
		if (mask & ca)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "CA %u\n", ca);
	sim_file_set(h, SIM_CA_FILE, text, (size_t)n);
}

void sim_tls_trust(struct sim_host *h, unsigned mask)
{
	set_trusts(h, mask);
	sim_say(h->w, "%c: a person changes its CAFile", h->letter);
}

void sim_tls_begin(struct sim_host *h)
{
	enum { OLD_US = 3600 * 1000000LL };
	struct sim_world *w = h->w;
	const struct sim_scenario *s = w->scenario;
	auto_buf struct buf text = {.max = 4096};
	char key[80];
	if (!has_tls(h))
		return;
	int64_t due = s->due_us[h->i];
	struct sim_cert c = {.serial = ++w->serials,
			     .ca = SIM_CA_OWN,
			     .from.us = SIM_BASE_US - OLD_US,
			     .until.us =
				 SIM_BASE_US + (due < 0 ? 100 * US_DAY : due + SIM_OUTAGE_US)};
	snprintf(c.names, sizeof(c.names), "%c.example%s", h->letter,
		 has_rename(s) ? ",*.example" : "");
	snprintf(key, sizeof(key),
		 "-----BEGIN PRIVATE KEY-----\n" SIM_PRIVATE_MARK
		 "%04u%c\n-----END PRIVATE KEY-----\n",
		 c.serial, h->letter);
	sim_cert_public(str_of(key), c.key);
	sim_cert_print(&c, &text);
	buf_adds(&text, key);
	sim_file_set(h, SIM_CERTIFICATE, buf_z(&text), buf_str(&text).n);
	set_trusts(h, s->trusts[h->i] ? s->trusts[h->i] : SIM_CA_OWN);
	h->proven = h->m.served = h->cert;
	h->m.trusts = h->trusts;
}

void sim_tls_written(struct sim_host *h, const char *path, const char *bytes, size_t n)
{
	bool has_key, fits;
	struct str text = {.p = bytes, .n = n};
	if (!has_tls(h))
		return;
	if (strcmp(path, SIM_CERTIFICATE) == 0) {
		if (!sim_cert_read(text, &h->cert, &has_key, &fits))
			h->cert = (struct sim_cert){.is_good = false};
	} else if (strcmp(path, SIM_CA_FILE) == 0)
		h->trusts = sim_cert_trusts(text);
}

/* ---- a mongod with it ---- */

static const char *unfit(const struct sim_host *h)
{
	struct wall now = sim_wall(h);
	return !h->cert.is_good            ? "id 23252: cannot use the certificate key file"
	       : h->cert.until.us < now.us ? "id 20574: the server certificate has ended (code 140)"
	       : h->cert.from.us > now.us
		   ? "id 20574: the server certificate is not yet valid (code 140)"
		   : NULL;
}

const char *sim_tls_load(struct sim_host *h)
{
	const char *why = has_tls(h) ? unfit(h) : NULL;
	if (!has_tls(h) || why)
		return why;
	h->m.served = h->cert;
	h->m.trusts = h->trusts;
	h->m.trusts_us = h->w->now_us;
	return NULL;
}

/* One takes the other's word for who it is, in a connection that is made now, by its own clock. */
static const char *judge(const struct sim_cert *c, unsigned trusts, struct wall now)
{
	return !(trusts & c->ca)      ? "self-signed certificate in certificate chain"
	       : c->until.us < now.us ? "certificate has expired"
	       : c->from.us > now.us  ? "certificate is not yet valid"
				      : NULL;
}

/* Between members: connections that stand outlive an end, a process that is started later makes new
 * ones. */
static bool takes(const struct sim_host *k, const struct sim_host *i)
{
	int64_t end_us = i->m.served.until.us - SIM_BASE_US;
	return (k->m.trusts & i->m.served.ca) &&
	       (end_us > k->w->now_us || MAX(k->m.started_us, i->m.started_us) < end_us);
}

bool sim_tls_meet(const struct sim_world *w, unsigned i, unsigned k)
{
	const struct sim_host *a = &w->hosts[i], *b = &w->hosts[k];
	return !w->scenario->has_tls ||
	       (takes(a, b) && takes(b, a) && sim_cert_names(&a->m.served, a->m.host) &&
		sim_cert_names(&b->m.served, b->m.host));
}

/* What a rotad of h presents, by the file as it is now. */
static bool client_of(const struct sim_host *h, const char *path, struct sim_cert *ret)
{
	const struct sim_file *f = sim_file_find(h, path);
	bool has_key, fits;
	return f && sim_cert_read((struct str){.p = f->bytes, .n = f->n}, ret, &has_key, &fits) &&
	       fits;
}

bool sim_tls_open(const struct sim_host *h, const struct sim_host *k, const struct mongod_target *t,
		  struct err *err)
{
	struct sim_cert client;
	const char *why;
	if (!has_tls(h))
		return true;
	if (!t->tls)
		return err_set(err, ERR_UNREACHABLE, "the server closed the connection");
	why = judge(&k->m.served, h->trusts, sim_wall(h));
	if (!why && !t->allows_invalid_hostnames && !sim_cert_names(&k->m.served, t->host))
		why = "the certificate does not hold the name";
	if (why)
		return err_set(err, ERR_CRYPTO, "%s", why);
	if (!t->client_pem || !client_of(h, t->client_pem, &client) ||
	    judge(&client, k->m.trusts, sim_wall(k)))
		return err_set(err, ERR_UNREACHABLE, "the server closed the connection");
	return true;
}

bool sim_tls_lets(const struct sim_host *h, const struct sim_host *k)
{
	struct mongod_target t = {.host = k->m.host, .tls = true, .client_pem = SIM_CERTIFICATE};
	struct err ignored = ERR_INIT;
	return sim_tls_open(h, k, &t, &ignored);
}

void sim_tls_probe(const struct sim_host *h, const struct sim_host *k,
		   const struct mongod_target *t, struct mongod_tls_result *ret)
{
	struct sim_cert client;
	const char *why = judge(&k->m.served, h->trusts, sim_wall(h));
	memset(ret, 0, offsetof(struct mongod_tls_result, served));
	ret->is_handshake_done = true;
	ret->is_chain_trusted = !why;
	ret->is_name_covered = t->allows_invalid_hostnames || sim_cert_names(&k->m.served, t->host);
	if (!why && !ret->is_name_covered)
		why = "the certificate does not hold the name";
	ret->is_hello_answered = t->client_pem && client_of(h, t->client_pem, &client) &&
				 !judge(&client, k->m.trusts, sim_wall(k));
	if (!why && !ret->is_hello_answered)
		why = "the server closed the connection after the handshake";
	snprintf(ret->reason, sizeof(ret->reason), "%s", why ? why : "");
	snprintf(ret->protocol, sizeof(ret->protocol), "TLSv1.3");
	sim_cert_view(&k->m.served, false, &ret->served);
}

/* rotateCertificates: its ok is no proof. */
bool sim_tls_rotate(struct sim_host *h, struct sim_host *k, struct err *err)
{
	struct sim_world *w = h->w;
	struct sim_coverage *c = w->coverage;
	const char *why = has_tls(k) ? unfit(k) : NULL;
	if (!has_tls(k))
		return true;
	if (k->reload_refusals > 0) {
		k->reload_refusals--;
		why = "the new certificate cannot be used (code 140)";
		if (c)
			c->faults[SIM_RELOAD_REFUSED]++;
	}
	if (why) {
		err->sys = 140;
		sim_say(w, "%c: rotateCertificates is refused: %s", k->letter, why);
		return err_set(err, ERR_REFUSED, "%s", why);
	}
	if (k->reload_lies > 0) {
		k->reload_lies--;
		if (c)
			c->faults[SIM_RELOAD_LIES]++;
		sim_say(w, "%c: rotateCertificates says ok, and serves serial %u as before",
			k->letter, k->m.served.serial);
		return true;
	}
	if (k->reload_late_us > 0) {
		sim_at(w, w->now_us + k->reload_late_us, EVENT_RELOADED, k->i, k->m.process);
		k->reload_late_us = 0;
		if (c)
			c->faults[SIM_RELOAD_LATE]++;
		return true;
	}
	sim_tls_reloaded(k);
	return true;
}

void sim_tls_reloaded(struct sim_host *k)
{
	if (unfit(k))
		return;
	(void)sim_tls_load(k);
	sim_say(k->w, "%c: serves serial %u", k->letter, k->m.served.serial);
	sim_oracle_served(k);
	sim_settle(k->w);
}
