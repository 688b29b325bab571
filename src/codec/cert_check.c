/* SPDX-License-Identifier: Apache-2.0 */
/* The preflight, a table of checks. Every rule is one that mongod or its peers were seen to follow
 * (know: sections 3, 4 and 6); rules of our own are warnings, a CA's leaf apart. */
#include "codec/cert_check.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "codec/ossl.h"
#include "codec/pem.h"
#include "codec/x509_view.h"

/* Peers whose clocks are a little behind refuse a certificate that is too new. */
#define SKEW_US (2 * US_MIN)
#define CRL_SOON_US US_DAY

/* What the checks share: the opened file. */
struct check {
	const struct cert_check_input *in;
	const struct cert_wish *wish;
	struct pem_file pem;
	struct cert_view view;
};

struct row {
	struct cert_check_row told; /* first, so that the table can be shown */
	/* Fill severity, text and advice of f, which begins as good with an empty text. */
	bool (*run)(const struct check *c, struct cert_finding *f, struct err *err);
};

static void PRINTF(3, 4)
    say(struct cert_finding *f, enum cert_severity severity, const char *format, ...)
{
	va_list args;
	f->severity = severity;
	va_start(args, format);
	(void)vsnprintf(f->text, sizeof(f->text), format, args); /* words for people: may be cut */
	va_end(args);
}

static void PRINTF(2, 3) advise(struct cert_finding *f, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(f->advice, sizeof(f->advice), format, args); /* as above */
	va_end(args);
}

static const char *date(struct wall t, char out[32])
{
	return wall_print_utc(t, out, 32);
}

/* The same for what only the CA can give. */
static void PRINTF(2, 3) ask(struct cert_finding *f, const char *format, ...)
{
	va_list args;
	f->is_request = true;
	va_start(args, format);
	(void)vsnprintf(f->advice, sizeof(f->advice), format, args); /* as above */
	va_end(args);
}

/* Lists of names in a text: "db2, db3 and 4 more". */
struct list {
	char text[256];
	unsigned n, left_out;
};

static void list_add(struct list *l, const char *name)
{
	size_t used = strlen(l->text);
	l->n++;
	if (l->left_out || used + strlen(name) + 16 > sizeof(l->text))
		l->left_out++;
	else
		(void)snprintf(l->text + used, sizeof(l->text) - used, "%s%s", used ? ", " : "",
			       name);
}

static const char *list_text(struct list *l)
{
	size_t used = strlen(l->text);
	if (l->left_out)
		(void)snprintf(l->text + used, sizeof(l->text) - used, " and %u more", l->left_out);
	l->left_out = 0;
	return l->text;
}

/* --- is it a file that mongod starts with --- */

static bool run_readable(const struct check *c, struct cert_finding *f, struct err *err)
{
	(void)err; /* reached only when the file was read */
	say(f, CERT_GOOD, "%s, serial %s, %u certificate%s",
	    c->view.subject[0] ? c->view.subject : "(no subject)", c->view.serial, c->pem.certs_n,
	    c->pem.certs_n == 1 ? "" : "s");
	return true;
}

static bool run_key(const struct check *c, struct cert_finding *f, struct err *err)
{
	(void)err;
	if (c->in->is_bare && !c->pem.key) {
		say(f, CERT_NOTE, "the private key is not in this file");
	} else if (!c->pem.key_matches) {
		say(f, CERT_BAD,
		    "the private key in the file is not this certificate's; mongod "
		    "would exit with code 1 (log id 23252)");
		advise(f, "use the key that the CSR was made with, or ask for the certificate "
			  "again with a new CSR");
	} else {
		say(f, CERT_GOOD, "the private key is the certificate's");
	}
	return true;
}

static bool run_order(const struct check *c, struct cert_finding *f, struct err *err)
{
	(void)err;
	if (c->pem.is_leaf_first) {
		say(f, CERT_GOOD, "the member's certificate is the first one in the file");
	} else if (c->in->is_bare) {
		say(f, CERT_NOTE, "the member's certificate is not the first one in the file");
	} else {
		say(f, CERT_BAD,
		    "a CA's certificate stands first in the file; mongod takes the "
		    "first one for its own and would exit with code 1 (log id 23252)");
		advise(f, "put the member's certificate first, then the private key, then the "
			  "chain");
	}
	return true;
}

static bool run_encrypted(const struct check *c, struct cert_finding *f, struct err *err)
{
	(void)err;
	if (c->pem.was_encrypted) {
		say(f, CERT_NOTE,
		    "the private key is encrypted; its password opens it and must "
		    "be the one in net.tls.certificateKeyFilePassword");
	} else {
		say(f, CERT_GOOD,
		    c->pem.key ? "the private key opens without a password"
			       : "no private key to open");
	}
	return true;
}

static bool run_valid(const struct check *c, struct cert_finding *f, struct err *err)
{
	char a[32], b[32];
	(void)err;
	if (c->view.not_after.us <= c->in->now.us) {
		say(f, CERT_BAD, "it ended %s; mongod would exit with code 1",
		    date(c->view.not_after, a));
		ask(f, "a new certificate");
	} else if (c->view.not_before.us > c->in->now.us) {
		say(f, CERT_BAD, "it is not valid before %s; mongod would exit with code 1",
		    date(c->view.not_before, a));
		advise(f, "install it after that time, or ask for one that is valid now");
	} else if (c->view.not_before.us > c->in->now.us - SKEW_US) {
		say(f, CERT_WARN,
		    "it is valid since %s only: a peer whose clock is behind refuses "
		    "it",
		    date(c->view.not_before, a));
		advise(f, "wait two minutes before it is installed; a start some minutes before "
			  "the time of issue avoids this");
	} else {
		say(f, CERT_GOOD, "valid from %s to %s", date(c->view.not_before, a),
		    date(c->view.not_after, b));
	}
	return true;
}

static bool run_time_left(const struct check *c, struct cert_finding *f, struct err *err)
{
	char left[40], wanted[40];
	(void)err;
	int64_t left_us = c->view.not_after.us - c->in->now.us;
	(void)span_print(left_us > 0 ? left_us : 0, left, sizeof(left));
	if (c->wish->min_left_us > 0 && left_us < c->wish->min_left_us) {
		say(f, CERT_BAD, "only %s are left; at least %s are wanted", left,
		    span_print(c->wish->min_left_us, wanted, sizeof(wanted)));
		ask(f, "a lifetime of more than %s", wanted);
	} else {
		say(f, CERT_GOOD, "%s are left", left);
	}
	return true;
}

/* --- does its chain hold --- */

static bool run_issuer_end(const struct check *c, struct cert_finding *f, struct err *err)
{
	char a[32], b[32];
	(void)err;
	if (c->pem.certs_n == 1) {
		say(f, CERT_GOOD, "no chain in the file");
	} else if (c->view.chain_not_after.us <= c->in->now.us) {
		say(f, CERT_BAD, "a certificate of the chain in the file ended %s",
		    date(c->view.chain_not_after, a));
		ask(f, "the CA's current chain");
	} else if (c->view.chain_not_after.us < c->view.not_after.us) {
		say(f, CERT_WARN, "its chain ends %s, before the certificate itself (%s)",
		    date(c->view.chain_not_after, a), date(c->view.not_after, b));
		ask(f, "a chain whose CA certificates outlive the certificate");
	} else {
		say(f, CERT_GOOD, "its chain outlives it");
	}
	return true;
}

static bool store_add_crls(X509_STORE *store, struct str pem, struct err *err)
{
	struct pem_block b;
	int line = 1;
	while (pem_next(&pem, &line, &b, err)) {
		if (!str_equal_z(b.label, "X509 CRL"))
			continue;
		AUTO(BIO) bio = BIO_new_mem_buf(b.text.p, (int)b.text.n);
		AUTO(X509_CRL) crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
		if (!crl || !X509_STORE_add_crl(store, crl))
			return openssl_err(err, ERR_SYNTAX, "line %d of the CRL file", b.line);
	}
	return err->kind == ERR_NONE;
}

/* Build the chain as a peer with this bundle does. *ret_why is one of OpenSSL's X509_V_ codes and
 * *ret_depth the certificate it is about (0: the leaf). */
static bool build(const struct check *c, const struct cert_trust *trust, int purpose, bool with_crl,
		  int *ret_why, int *ret_depth, struct err *err)
{
	auto_pem struct pem_file bundle = {0};
	if (!pem_read(trust->pem, NULL, PEM_BUNDLE, &bundle, err))
		return err_in(err, "reading the CA bundle of %s", trust->who);
	AUTO(X509_STORE) store = X509_STORE_new();
	AUTO(X509_STORE_CTX) ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	bool ok = store && ctx && untrusted;
	for (unsigned i = 0; ok && i < bundle.certs_n; i++)
		ok = X509_STORE_add_cert(store, bundle.certs[i]);
	for (unsigned i = 1; ok && i < c->pem.certs_n; i++)
		ok = sk_X509_push(untrusted, c->pem.certs[i]) > 0;
	ok = ok && X509_STORE_CTX_init(ctx, store, c->pem.certs[0], untrusted);
	if (ok && purpose)
		ok = X509_STORE_CTX_set_purpose(ctx, purpose);
	if (!ok)
		(void)openssl_err(err, ERR_MEMORY, "preparing a chain");
	if (ok && with_crl) {
		ok = store_add_crls(store, c->in->crl_pem, err);
		/* mongod checks the leaf's CRL only: X509_V_FLAG_CRL_CHECK without _ALL. */
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK);
	}
	if (ok) {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)(c->in->now.us / US_S));
		*ret_why = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
		*ret_depth = X509_STORE_CTX_get_error_depth(ctx);
	}
	sk_X509_free(untrusted);
	ERR_clear_error();
	return ok;
}

static bool is_own_time(int why, int depth)
{
	return depth == 0 &&
	       (why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID);
}

static bool run_chain(const struct check *c, struct cert_finding *f, struct err *err)
{
	struct list refusing = {0}, good = {0};
	int first_why = X509_V_OK;
	for (unsigned i = 0; i < c->in->trusts_n; i++) {
		int why, depth;
		if (!build(c, &c->in->trusts[i], 0, false, &why, &depth, err))
			return false;
		/* The leaf's own dates have a check of their own. */
		bool ok = why == X509_V_OK || is_own_time(why, depth);
		list_add(ok ? &good : &refusing, c->in->trusts[i].who);
		if (!ok && first_why == X509_V_OK)
			first_why = why;
	}
	if (refusing.n) {
		say(f, CERT_BAD,
		    "it does not chain to the CA bundle of %s (\"%s\"); these would "
		    "refuse it, though mongod starts with it. Its issuer is %s",
		    list_text(&refusing), X509_verify_cert_error_string(first_why), c->view.issuer);
		ask(f, "a certificate of the CA in that bundle with its intermediate "
		       "certificates; or first add the new CA to the CAFile of every member "
		       "and client, and let each load it");
	} else if (!c->in->trusts_n) {
		say(f, CERT_NOTE, "no CA bundle given: the chain was not checked");
		f->is_skipped = true;
	} else {
		say(f, CERT_GOOD, "chains to the CA bundle of %s", list_text(&good));
	}
	return true;
}

/* --- what it may be used for --- */

static const char *usage_words(const struct cert_view *v)
{
	if (!v->has_eku)
		return "no extended key usage: good for both sides";
	if (v->eku_server && v->eku_client)
		return "extended key usage is serverAuth and clientAuth";
	if (v->eku_server)
		return "extended key usage is serverAuth only";
	return v->eku_client ? "extended key usage is clientAuth only"
			     : "extended key usage has neither serverAuth nor clientAuth";
}

static void bad_usage(const struct check *c, bool lacks_server, struct cert_finding *f)
{
	if (lacks_server)
		say(f, CERT_BAD,
		    "%s; clients and members that connect to this member would refuse "
		    "it (\"unsuitable certificate purpose\")",
		    usage_words(&c->view));
	else
		say(f, CERT_BAD,
		    "%s; members present this file to each other as clients too, and "
		    "the others would answer \"unsuitable certificate purpose\", even "
		    "under keyFile",
		    usage_words(&c->view));
	ask(f, "EKU %s (or none)",
	    !c->wish->needs_client   ? "serverAuth"
	    : !c->wish->needs_server ? "clientAuth"
				     : "serverAuth AND clientAuth");
}

static bool run_usage(const struct check *c, struct cert_finding *f, struct err *err)
{
	const struct cert_view *v = &c->view;
	bool lacks_server = c->wish->needs_server && v->has_eku && !v->eku_server;
	bool lacks_client = c->wish->needs_client && v->has_eku && !v->eku_client;
	if (lacks_server || lacks_client) {
		bad_usage(c, lacks_server, f);
		return true;
	}
	/* Its issuers may narrow it, and so may key usage: ask as the peers do. */
	for (unsigned i = 0; i < c->in->trusts_n; i++) {
		static const int purposes[] = {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT};
		for (unsigned p = 0; p < ARRAY_N(purposes); p++) {
			int why, depth;
			if (!(p == 0 ? c->wish->needs_server : c->wish->needs_client))
				continue;
			if (!build(c, &c->in->trusts[i], purposes[p], false, &why, &depth, err))
				return false;
			if (why != X509_V_ERR_INVALID_PURPOSE && why != X509_V_ERR_INVALID_CA)
				continue;
			say(f, CERT_BAD, "%s may not be used as a TLS %s: %s refuses it (\"%s\")",
			    depth ? "what its issuer signs" : "it", p == 0 ? "server" : "client",
			    c->in->trusts[i].who, X509_verify_cert_error_string(why));
			ask(f, "key usage digitalSignature, and an issuing CA that may sign "
			       "for serverAuth and clientAuth");
			return true;
		}
	}
	say(f, CERT_GOOD, "%s", usage_words(v));
	return true;
}

bool cert_name_matches(const char *host, const char *pattern)
{
	size_t host_n = strlen(host), pattern_n = strlen(pattern);
	if (host_n && host[host_n - 1] == '.')
		host_n--;
	if (pattern_n && pattern[pattern_n - 1] == '.')
		pattern_n--;
	if (pattern_n < 2)
		return false;
	if (pattern[0] == '*' && pattern[1] == '.') {
		const char *dot = memchr(host, '.', host_n);
		if (!dot)
			return false;
		host_n -= (size_t)(dot - host);
		host = dot;
		pattern++;
		pattern_n--;
	}
	return host_n == pattern_n && strncasecmp(host, pattern, host_n) == 0;
}

enum name_match { NAME_NONE, NAME_SAN, NAME_IP_IN_DNS, NAME_CN };

static bool ip_parse(const char *text, unsigned char out[16], size_t *ret_n)
{
	*ret_n = inet_pton(AF_INET, text, out) == 1    ? 4
		 : inet_pton(AF_INET6, text, out) == 1 ? 16
						       : 0;
	return *ret_n;
}

static enum name_match match_one(const GENERAL_NAME *name, const char *host)
{
	unsigned char ip[16], dns_ip[16];
	char text[HOST_BYTES_MAX];
	size_t ip_n, dns_ip_n;
	bool is_ip = ip_parse(host, ip, &ip_n);
	if (name->type == GEN_IPADD)
		return is_ip && (size_t)ASN1_STRING_length(name->d.iPAddress) == ip_n &&
			       memcmp(ASN1_STRING_get0_data(name->d.iPAddress), ip, ip_n) == 0
			   ? NAME_SAN
			   : NAME_NONE;
	if (name->type != GEN_DNS ||
	    !copy_str(text, sizeof(text),
		      (struct str){.p = (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				   .n = (size_t)ASN1_STRING_length(name->d.dNSName)}))
		return NAME_NONE;
	if (is_ip)
		return ip_parse(text, dns_ip, &dns_ip_n) && dns_ip_n == ip_n &&
			       memcmp(ip, dns_ip, ip_n) == 0
			   ? NAME_IP_IN_DNS
			   : NAME_NONE;
	return cert_name_matches(host, text) ? NAME_SAN : NAME_NONE;
}

/* mongod: any SAN extension, whatever is in it, puts the CN out of use. */
static enum name_match match_name(X509 *leaf, const char *host)
{
	enum name_match best = NAME_NONE;
	char cn[HOST_BYTES_MAX];
	AUTO(GENERAL_NAMES) names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		enum name_match m = match_one(sk_GENERAL_NAME_value(names, i), host);
		if (m == NAME_SAN)
			return m;
		best = m == NAME_NONE ? best : m;
	}
	if (names || X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) >= 0)
		return best;
	X509_NAME *subject = X509_get_subject_name(leaf);
	int n = X509_NAME_get_text_by_NID(subject, NID_commonName, cn, sizeof(cn));
	return n > 0 && (size_t)n == strlen(cn) && cert_name_matches(host, cn) ? NAME_CN
									       : NAME_NONE;
}

/* "[::1]" of rs.conf is ::1 in a certificate. */
static bool bare_host(const char *name, char out[HOST_BYTES_MAX])
{
	struct str s = str_of(name);
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s.p++;
		s.n -= 2;
	}
	return copy_str(out, HOST_BYTES_MAX, s);
}

static void asked_names(const struct cert_wish *w, struct list *ret)
{
	for (unsigned i = 0; i < w->names_n; i++) {
		unsigned char ip[16];
		size_t ip_n;
		char host[HOST_BYTES_MAX], text[HOST_BYTES_MAX + 8];
		if (!bare_host(w->names[i], host))
			continue;
		(void)snprintf(text, sizeof(text), "%s:%s",
			       ip_parse(host, ip, &ip_n) ? "IP" : "DNS", host);
		list_add(ret, text);
	}
}

static bool run_names(const struct check *c, struct cert_finding *f, struct err *err)
{
	struct list missing = {0}, has = {0}, asked = {0}, in_dns = {0}, by_cn = {0};
	for (unsigned i = 0; i < c->wish->names_n; i++) {
		char host[HOST_BYTES_MAX];
		if (!bare_host(c->wish->names[i], host))
			return err_set(err, ERR_LIMIT, "a wished name is too long");
		enum name_match m = match_name(c->pem.certs[0], host);
		if (m == NAME_NONE)
			list_add(&missing, host);
		else if (m == NAME_IP_IN_DNS)
			list_add(&in_dns, host);
		else if (m == NAME_CN)
			list_add(&by_cn, host);
	}
	for (unsigned i = 0; i < c->view.names_n; i++)
		list_add(&has, c->view.names[i]);
	asked_names(c->wish, &asked);
	if (missing.n) {
		say(f, CERT_BAD,
		    "names %s; the other members know this one as %s and would not "
		    "reach it",
		    has.n ? list_text(&has) : "nothing in its SAN", list_text(&missing));
		ask(f, "SAN %s", list_text(&asked));
	} else if (by_cn.n) {
		say(f, CERT_WARN,
		    "it has no SAN: mongod goes by the CN and warns (log id 551190), "
		    "newer drivers refuse it");
		ask(f, "SAN %s", list_text(&asked));
	} else if (in_dns.n) {
		say(f, CERT_NOTE,
		    "the address %s stands in the SAN as a DNS name: mongod tolerates "
		    "it with a warning (log id 23237), other clients do not",
		    list_text(&in_dns));
		ask(f, "SAN %s", list_text(&asked));
	} else if (!c->wish->names_n) {
		say(f, c->wish->needs_server ? CERT_NOTE : CERT_GOOD,
		    "no host name given: names were not checked");
		f->is_skipped = true;
	} else {
		say(f, CERT_GOOD, "names %s", list_text(&has));
	}
	return true;
}

/* --- would the others take it for a member --- */

static bool run_membership(const struct check *c, struct cert_finding *f, struct err *err)
{
	struct list unlike = {0};
	const char *wanted = c->wish->membership;
	const char *mine = c->view.membership;
	(void)err;
	if (wanted[0] && strcmp(wanted, mine) != 0)
		list_add(&unlike, "the certificate in use");
	for (unsigned i = 0; i < c->in->peers_n; i++) {
		if (strcmp(c->in->peers[i].membership, mine) == 0)
			continue;
		if (!unlike.n)
			wanted = c->in->peers[i].membership;
		list_add(&unlike, c->in->peers[i].who);
	}
	if (unlike.n) {
		say(f, CERT_BAD,
		    "O, OU and DC are \"%s\" where %s: \"%s\". All of them must be "
		    "equal on every member, case included, none more and none less, or "
		    "x.509 members do not know each other",
		    mine[0] ? mine : "(none)",
		    c->in->peers_n ? "the peers have" : "the certificate in use has",
		    wanted[0] ? wanted : "(none)");
		ask(f, "a subject with exactly %s", wanted[0] ? wanted : "no O, OU or DC");
	} else if (!c->in->peers_n && !c->wish->membership[0]) {
		say(f, CERT_NOTE, "no peer given: O, OU and DC (\"%s\") were not compared",
		    mine[0] ? mine : "none");
		f->is_skipped = true;
	} else if (!mine[0]) {
		say(f, CERT_NOTE,
		    "no O, OU or DC, as on its peers: enough for TLS with keyFile, "
		    "never for x.509 membership");
	} else {
		say(f, CERT_GOOD, "O, OU and DC are its peers': %s", mine);
	}
	return true;
}

/* --- what it is made of --- */

static const char *key_words(enum cert_key key, unsigned bits, char out[32])
{
	static const char *const names[CERT_KEY_N] = {[CERT_KEY_UNKNOWN] = "another kind",
						      [CERT_KEY_RSA] = "RSA",
						      [CERT_KEY_P256] = "P-256",
						      [CERT_KEY_P384] = "P-384",
						      [CERT_KEY_ED25519] = "Ed25519"};
	if (key == CERT_KEY_RSA && bits)
		(void)snprintf(out, 32, "RSA-%u", bits);
	else
		(void)snprintf(out, 32, "%s", names[key]);
	return out;
}

static bool run_key_type(const struct check *c, struct cert_finding *f, struct err *err)
{
	char has[32], wanted[32];
	(void)err;
	key_words(c->view.key, c->view.key_bits, has);
	key_words(c->wish->key, c->wish->key_bits, wanted);
	if (c->view.key == CERT_KEY_UNKNOWN) {
		say(f, CERT_BAD, "its key is neither RSA, P-256, P-384 nor Ed25519");
		ask(f, "a key of one of these types");
	} else if (c->wish->key != CERT_KEY_UNKNOWN &&
		   (c->wish->key != c->view.key || c->view.key_bits < c->wish->key_bits)) {
		say(f, CERT_BAD, "its key is %s where %s is wanted", has, wanted);
		ask(f, "a certificate for a key of type %s", wanted);
	} else if (c->view.key == CERT_KEY_ED25519) {
		say(f, CERT_NOTE,
		    "its key is Ed25519: mongod serves it, older drivers may not "
		    "connect, and FIPS mode refuses it");
	} else {
		say(f, CERT_GOOD, "its key is %s", has);
	}
	return true;
}

static bool is_weak_signature(X509 *cert, char out[32])
{
	int md = NID_undef;
	if (X509_check_issued(cert, cert) == X509_V_OK) /* nobody relies on a root's signature */
		return false;
	if (!X509_get_signature_info(cert, &md, NULL, NULL, NULL))
		return false;
	if (md != NID_md5 && md != NID_sha1 && md != NID_md4 && md != NID_md2)
		return false;
	(void)snprintf(out, 32, "%s", OBJ_nid2sn(md));
	return true;
}

static bool run_strength(const struct check *c, struct cert_finding *f, struct err *err)
{
	char md[32];
	(void)err;
	for (unsigned i = 0; i < c->pem.certs_n; i++) {
		unsigned bits;
		enum cert_key key = x509_key_kind(X509_get0_pubkey(c->pem.certs[i]), &bits);
		const char *which = i ? "a CA of its chain" : "it";
		if (key == CERT_KEY_RSA && bits < 2048) {
			say(f, CERT_BAD,
			    "%s has an RSA key of %u bits; OpenSSL refuses less than "
			    "2048 at its usual security level",
			    which, bits);
			ask(f, "an RSA key of 2048 bits or more, or P-256");
			return true;
		}
		if (is_weak_signature(c->pem.certs[i], md)) {
			say(f, CERT_BAD,
			    "%s is signed with %s, which OpenSSL refuses at its usual "
			    "security level",
			    which, md);
			ask(f, "a signature with SHA-256 or better");
			return true;
		}
	}
	say(f, CERT_GOOD, "key and signatures are strong enough");
	return true;
}

static bool run_leaf(const struct check *c, struct cert_finding *f, struct err *err)
{
	(void)err;
	if (c->view.is_ca) {
		say(f, CERT_BAD,
		    "it is a CA's certificate: whoever reads this member's file could "
		    "make members of his own");
		ask(f, "a certificate with basicConstraints CA:FALSE");
	} else {
		say(f, CERT_GOOD, "it cannot sign other certificates");
	}
	return true;
}

/* --- revocation --- */

static bool run_crl(const struct check *c, struct cert_finding *f, struct err *err)
{
	char a[32];
	struct wall end;
	if (!c->in->crl_pem.n) {
		say(f, CERT_GOOD, "no CRL file in use");
		f->is_skipped = true;
		return true;
	}
	struct err crl_err = ERR_INIT;
	if (!x509_crl_end(c->in->crl_pem, &end, &crl_err)) {
		say(f, CERT_BAD, "the CRL file cannot be read: %s; mongod would not start",
		    crl_err.text);
		ask(f, "a new CRL in PEM form");
		return true;
	}
	if (end.us && end.us <= c->in->now.us) {
		say(f, CERT_BAD,
		    "the CRL ended %s; mongod starts with it and then rejects every "
		    "peer (\"CRL has expired\", log id 23256)",
		    date(end, a));
		ask(f, "a fresh CRL, in place before the certificate is");
		return true;
	}
	for (unsigned i = 0; i < c->in->trusts_n; i++) {
		int why, depth;
		if (!build(c, &c->in->trusts[i], 0, true, &why, &depth, err))
			return false;
		if (why == X509_V_ERR_CERT_REVOKED) {
			say(f, CERT_BAD, "it is revoked by the CRL in use");
			ask(f, "a new certificate with a new key");
			return true;
		}
		if (why == X509_V_ERR_UNABLE_TO_GET_CRL ||
		    why == X509_V_ERR_CRL_SIGNATURE_FAILURE ||
		    why == X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER ||
		    why == X509_V_ERR_CRL_NOT_YET_VALID || why == X509_V_ERR_CRL_HAS_EXPIRED) {
			say(f, CERT_BAD,
			    "the CRL file does not serve this certificate (\"%s\"): "
			    "every peer that uses it rejects the member",
			    X509_verify_cert_error_string(why));
			ask(f, "a current CRL of its issuer, %s", c->view.issuer);
			return true;
		}
	}
	if (end.us && end.us < c->in->now.us + CRL_SOON_US) {
		say(f, CERT_WARN, "the CRL ends %s; from then on every peer is rejected",
		    date(end, a));
		ask(f, "a fresh CRL");
	} else {
		say(f, CERT_GOOD, end.us ? "not revoked; the CRL lasts until %s" : "not revoked%s",
		    end.us ? date(end, a) : "");
	}
	return true;
}

/* In the order in which a person wants to read them. */
static const struct row table[] = {
    {{"readable", "the file has one certificate, its key and chain, whole"}, run_readable},
    {{"key", "the private key is the certificate's"}, run_key},
    {{"order", "the member's certificate stands first"}, run_order},
    {{"encrypted", "mongod can open the private key"}, run_encrypted},
    {{"valid", "it is valid now, and on peers whose clocks differ a little"}, run_valid},
    {{"time-left", "it lasts long enough"}, run_time_left},
    {{"issuer-end", "its issuers outlive it"}, run_issuer_end},
    {{"chain", "every peer's CA bundle accepts it"}, run_chain},
    {{"usage", "it may be used as server and as client"}, run_usage},
    {{"names", "the names in rs.conf are in its SAN"}, run_names},
    {{"membership", "O, OU and DC are equal to its peers'"}, run_membership},
    {{"key-type", "its key is of the wished type"}, run_key_type},
    {{"strength", "keys and signatures are not weak"}, run_strength},
    {{"leaf", "it is no CA's"}, run_leaf},
    {{"crl", "the CRL file is current and does not name it"}, run_crl},
};
STATIC_ASSERT(ARRAY_N(table) <= CERT_CHECKS_MAX, "a report holds a finding of every check");

unsigned cert_checks_n(void)
{
	return ARRAY_N(table);
}

const struct cert_check_row *cert_check_row(unsigned i)
{
	ASSERT(i < ARRAY_N(table));
	return &table[i].told;
}

/* A file that cannot be read at all: what mongod would do with it, and what to ask for. */
static void unreadable(const struct err *why, struct cert_report *ret)
{
	struct cert_finding *f = &ret->findings[ret->n++];
	*f = (struct cert_finding){.check = table[0].told.name};
	if (why->kind == ERR_AUTH) {
		say(f, CERT_BAD,
		    "%s; mongod would ask for the password on its terminal, and exit "
		    "with code 1 where it has none",
		    why->text);
		advise(f, "use a private key without password, or set "
			  "net.tls.certificateKeyFilePassword to the right one");
	} else {
		say(f, CERT_BAD, "%s; mongod would not start with this file", why->text);
		advise(f,
		       "take the file once more, whole and in PEM form: certificate, private key, "
		       "chain");
	}
}

bool cert_check(const struct cert_check_input *in, struct cert_report *ret, struct err *err)
{
	struct check c = {.in = in, .wish = in->wish};
	struct cert_report r = {0};
	struct err why = ERR_INIT;
	bool ok =
	    pem_read(in->pem, in->password, in->is_bare ? PEM_CHAIN : PEM_MEMBER, &c.pem, &why) &&
	    x509_view(c.pem.certs[0], c.pem.certs + 1, c.pem.certs_n - 1, &c.view, &why);
	if (!ok && why.kind == ERR_MEMORY) {
		pem_fini(&c.pem);
		*err = why;
		return false;
	}
	if (!ok)
		unreadable(&why, &r);
	for (unsigned i = 0; ok && i < ARRAY_N(table); i++) {
		struct cert_finding *f = &r.findings[r.n++];
		f->check = table[i].told.name;
		if (!table[i].run(&c, f, err)) {
			pem_fini(&c.pem);
			return err_in(err, "checking '%s'", f->check);
		}
	}
	pem_fini(&c.pem);
	*ret = r;
	return true;
}

enum cert_severity cert_report_worst(const struct cert_report *r)
{
	enum cert_severity worst = CERT_GOOD;
	for (unsigned i = 0; i < r->n; i++)
		worst = MAX(worst, r->findings[i].severity);
	return worst;
}

const struct cert_finding *cert_report_find(const struct cert_report *r, const char *check)
{
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->findings[i].check, check) == 0)
			return &r->findings[i];
	return NULL;
}

void cert_report_ask(const struct cert_report *r, struct buf *out)
{
	enum cert_severity worst = cert_report_worst(r);
	const char *between = "";
	if (worst < CERT_WARN)
		return;
	for (int is_request = 1; is_request >= 0; is_request--) {
		const char *head = is_request ? "ask the CA for: " : "";
		for (unsigned i = 0; i < r->n; i++) {
			const struct cert_finding *f = &r->findings[i];
			if (f->severity != worst || f->is_request != (is_request == 1))
				continue;
			buf_addf(out, "%s%s%s", between, head, f->advice);
			between = "; ";
			head = "";
		}
	}
}

bool cert_report_err(const struct cert_report *r, struct err *err)
{
	auto_buf struct buf you = {0};
	cert_report_ask(r, &you);
	for (unsigned i = 0; i < r->n; i++)
		if (r->findings[i].severity == CERT_BAD)
			return err_set(err, ERR_REFUSED, "%.400s. You may %s", r->findings[i].text,
				       buf_z(&you));
	return err_set(err, ERR_REFUSED, "the certificate was refused");
}

const char *cert_severity_name(enum cert_severity s)
{
	static const char *const names[] = {[CERT_GOOD] = "good",
					    [CERT_NOTE] = "note",
					    [CERT_WARN] = "warning",
					    [CERT_BAD] = "bad"};
	ASSERT(s <= CERT_BAD);
	return names[s];
}
