/* SPDX-License-Identifier: Apache-2.0 */
/* The hands of a renewal, by b's rotad: what is on disk, in the notes and asked of mongod after
 * each act, and what a crash leaves. The CA is a real one in memory. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/ca.h"
#include "codec/csr.h"
#include "codec/digest.h"
#include "codec/ledger_json.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "lib/fake_files.h"
#include "round/enact_certificate.h"
#include "round/ledger_read.h"
#include "round/round.h"

#define NOW_US (1795314976 * US_S)
#define PEM_FILE "/etc/m.pem"
#define CLUSTER_FILE "/etc/c.pem"
#define STATE "/state/rs0"

/* What the authority hands out. */
enum answer { GOOD, OTHER_CA, CLIENT_ONLY, GARBAGE, UNUSABLE, SAYS_NO, UNREACHABLE, WAITS };

static struct {
	struct fake_files files;
	struct config *config;
	struct seat t;
	struct buf ca_pem, other_pem;
	struct secret ca_key, other_key;
	enum answer answer;
	unsigned serial, loads_n, hooks_n, told_n, shown_n, forgets_n;
	char shown[64]; /* the file shown to the last peer asked */
	bool load_fails, peers_down;
	unsigned peers_refuse_n; /* so many handshakes to come */
	enum job_state job;
	bool is_job_gone;
	struct {
		char id[DOC_ID_BYTES];
		char *text;
	} docs[8];
	struct wall now;
} w;

/* ---- the ports ---- */

static struct wall now(void *self)
{
	(void)self;
	return w.now;
}
static struct mono boot(void *self)
{
	(void)self;
	return (struct mono){.us = w.now.us};
}
static bool random_bytes(void *self, void *out, size_t n, struct err *err)
{
	static unsigned char seed;
	(void)self, (void)err;
	memset(out, ++seed, n);
	return true;
}
static const struct host_ops host_ops = {.now = now, .boot = boot, .random = random_bytes};

static bool no_hello(void *self, const struct mongod_target *t, struct mongod_hello *ret,
		     struct err *err)
{
	(void)self, (void)t, (void)ret;
	return err_set(err, ERR_UNREACHABLE, "down");
}
static bool tls(void *self, const struct mongod_target *t, struct mongod_tls_result *ret,
		struct err *err)
{
	(void)self;
	w.shown_n++;
	snprintf(w.shown, sizeof(w.shown), "%s", t->client_pem);
	if (w.peers_down)
		return err_set(err, ERR_UNREACHABLE, "down");
	*ret = (struct mongod_tls_result){.is_handshake_done = true,
					  .is_hello_answered = w.peers_refuse_n == 0,
					  .reason = "unknown ca"};
	if (w.peers_refuse_n)
		w.peers_refuse_n--;
	return true;
}
static bool rotate_certificates(void *self, const struct mongod_target *t,
				const struct mongod_credential *c, const char *message,
				struct err *err)
{
	(void)self, (void)t, (void)c, (void)message;
	w.loads_n++;
	return !w.load_fails || err_set(err, ERR_REFUSED, "140: Can not set up PEM key file.");
}
static void forget(void *self)
{
	(void)self;
	w.forgets_n++;
}
static const struct mongod_ops mongod_ops = {
    .hello = no_hello, .tls = tls, .rotate_certificates = rotate_certificates, .forget = forget};

static bool begin(void *self, const struct restart_target *t, enum restart_verb verb,
		  struct err *err)
{
	(void)self, (void)err;
	assert_int_equal(verb, VERB_RELOAD);
	assert_int_equal(t->how, RESTART_HOOK);
	assert_string_equal(t->name, "/hook");
	assert_string_equal(t->config_file, "/etc/mongod.conf");
	w.hooks_n++;
	return true;
}
static bool poll_job(void *self, const struct restart_target *t, struct job_view *ret,
		     struct err *err)
{
	(void)self, (void)t, (void)err;
	*ret = (struct job_view){.state = w.job, .is_gone = w.is_job_gone, .why = "exit 7"};
	return true;
}
static bool no_process(void *self, const struct restart_target *t, struct process_view *ret,
		       struct err *err)
{
	(void)self, (void)t, (void)ret;
	return err_set(err, ERR_NOT_FOUND, "none");
}
static const struct restarter_ops restarter_ops = {
    .begin = begin, .poll = poll_job, .process = no_process};

static int doc_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		if (w.docs[i].text && strcmp(w.docs[i].id, id) == 0)
			return (int)i;
	return -1;
}
static void doc_set(const char *id, struct str text)
{
	int i = doc_find(id);
	for (size_t k = 0; i < 0 && k < ARRAY_N(w.docs); k++)
		if (!w.docs[k].text)
			i = (int)k;
	assert_true(i >= 0);
	free(w.docs[i].text);
	snprintf(w.docs[i].id, sizeof(w.docs[i].id), "%s", id);
	w.docs[i].text = strndup(text.p, text.n);
}
static bool doc_read(void *self, const char *id, struct arena *arena, struct store_doc *ret,
		     bool *ret_found, struct err *err)
{
	int i = doc_find(id);
	(void)self, (void)arena, (void)err;
	*ret_found = i >= 0;
	if (i >= 0)
		*ret = (struct store_doc){.rev = 1, .text = str_of(w.docs[i].text)};
	return true;
}
static bool doc_list(void *self, const char *prefix, struct arena *arena, struct store_doc **ret,
		     size_t *ret_n, struct err *err)
{
	(void)self, (void)prefix, (void)arena, (void)ret, (void)ret_n;
	return err_set(err, ERR_UNREACHABLE, "down");
}
static bool doc_swap(void *self, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err)
{
	(void)self, (void)expected, (void)err;
	doc_set(doc->id, doc->text);
	*ret = STORE_DONE;
	return true;
}
static bool doc_remove(void *self, const char *id, int64_t expected, enum store_outcome *ret,
		       struct err *err)
{
	int i = doc_find(id);
	(void)self, (void)expected, (void)err;
	free(w.docs[i].text);
	w.docs[i].text = NULL;
	*ret = STORE_DONE;
	return true;
}
static const struct store_ops store_ops = {
    .list = doc_list, .read = doc_read, .swap = doc_swap, .remove = doc_remove};

static void tell(void *self, const struct event *e, bool is_mine)
{
	(void)self, (void)e, (void)is_mine;
	w.told_n++;
}

/* ---- the CA ---- */

static void root(const char *name, unsigned serial, struct secret *key, struct buf *pem)
{
	struct err err = ERR_INIT;
	const struct ca_root_wish wish = {.subject = name,
					  .valid_for_us = 3650 * US_DAY,
					  .now = {.us = NOW_US - US_DAY},
					  .serial = {{(unsigned char)serial}}};
	assert_true(ca_root_new(&wish, key, pem, &err));
}

static bool sign(struct str csr, const struct cert_wish *wish, enum answer how, struct buf *out,
		 struct err *err)
{
	const struct buf *pem = how == OTHER_CA ? &w.other_pem : &w.ca_pem;
	const struct secret *key = how == OTHER_CA ? &w.other_key : &w.ca_key;
	struct cert_wish mine = *wish;
	const struct ca_serial serial = {{2, (unsigned char)++w.serial}};
	AUTO(ca_signer)
	ca = ca_open(buf_str(pem), (struct str){.p = key->p, .n = key->n}, NULL, err);
	if (how == CLIENT_ONLY)
		mine.needs_server = false;
	return ca && ca_sign_csr(ca, csr, &mine, w.now, 90 * US_DAY, &serial, out, err);
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	(void)self;
	*ret = (struct authority_answer){.outcome = AUTHORITY_ISSUED};
	switch (w.answer) {
	case GARBAGE:
		buf_adds(&ret->chain_pem, "no PEM\n");
		return true;
	case SAYS_NO:
		ret->outcome = AUTHORITY_REFUSED;
		(void)err_set(err, ERR_REFUSED, "quota");
		return true;
	case UNREACHABLE:
		return err_set(err, ERR_UNREACHABLE, "no route");
	case WAITS:
		ret->outcome = AUTHORITY_WAIT;
		ret->retry_us = US_H;
		snprintf(ret->cookie, sizeof(ret->cookie), "manual");
		return true;
	case UNUSABLE:
		return err_set(err, ERR_PROTOCOL, "no usable certificate");
	case GOOD:
	case OTHER_CA:
	case CLIENT_ONLY:
		break;
	}
	struct err why = ERR_INIT;
	if (!sign(r->csr_pem, r->wish, w.answer, &ret->chain_pem, &why))
		fail_msg("the CA: %s", why.text);
	return true;
}
static const struct authority_ops authority_ops = {.name = "exec", .issue = issue};

static const struct authority_port *find_authority(void *self, const char *name)
{
	static const struct authority_port port = {.ops = &authority_ops};
	(void)self;
	return strcmp(name, "house") == 0 ? &port : NULL;
}

/* ---- the scene ---- */

static void view_of(const char *path, struct cert_view *ret)
{
	struct err err = ERR_INIT;
	int i = fake_files_find(&w.files, path);
	assert_true(i >= 0);
	assert_true(x509_view_pem(
	    (struct str){.p = w.files.files[i].bytes, .n = w.files.files[i].n}, NULL, ret, &err));
}

/* A certificate in use at path. */
static void in_use(const char *path, const char *subject, bool is_server, struct cert_view *ret)
{
	struct err err = ERR_INIT;
	struct cert_wish wish = {.membership = "O=acme,OU=mongo",
				 .names_n = is_server,
				 .names = {"b.test"},
				 .key = CERT_KEY_P256,
				 .needs_server = is_server,
				 .needs_client = true};
	auto_secret struct secret key = {0}, whole = {0};
	auto_buf struct buf csr = {0}, leaf = {0};
	cut_z(wish.subject, sizeof(wish.subject), subject);
	assert_true(csr_key_new(CERT_KEY_P256, 0, &key, &err));
	assert_true(csr_new(&key, &wish, &csr, &err));
	assert_true(sign(buf_str(&csr), &wish, GOOD, &leaf, &err));
	assert_true(pem_join(buf_str(&leaf), &key, &whole, &err));
	fake_files_set(&w.files, path, whole.p, whole.n);
	view_of(path, ret);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct seat *t = &w.t;
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now.us = NOW_US;
	root("CN=house", 1, &w.ca_key, &w.ca_pem);
	root("CN=other", 2, &w.other_key, &w.other_pem);
	fake_files_set(&w.files, "/etc/ca.pem", w.ca_pem.p, w.ca_pem.n);
	w.config = calloc(1, sizeof(*w.config));
	assert_non_null(w.config);
	config_init(w.config);
	cut_z(w.config->state_directory, sizeof(w.config->state_directory), "/state");
	struct instance_policy *i = &w.config->instances[0];
	w.config->instances_n = 1;
	cut_z(i->name, sizeof(i->name), "rs0");
	cut_z(i->config_file, sizeof(i->config_file), "/etc/mongod.conf");
	cut_z(i->reload_hook, sizeof(i->reload_hook), "/hook");
	i->login.with = LOGIN_WITH_CERTIFICATE;
	w.config->policy.certificates.is_key_same = true;
	cut_z(w.config->policy.certificates.authority, NAME_BYTES_MAX, "house");
	w.config->authorities_n = 1;
	cut_z(w.config->authorities[0].name, NAME_BYTES_MAX, "house");
	cut_z(w.config->authorities[0].type, AUTHORITY_TYPE_BYTES, "exec");
	const struct round_ports ports = {.host = {.ops = &host_ops},
					  .files = fake_files_port(&w.files),
					  .mongod = {.ops = &mongod_ops},
					  .restarter = {.ops = &restarter_ops},
					  .set_store = {.ops = &store_ops},
					  .local_store = {.ops = &store_ops},
					  .find_authority = find_authority,
					  .tell = tell};
	assert_true(seat_open(t, w.config, i, &ports, &err));
	t->has_options = true;
	cut_z(t->options.certificate_key_file, sizeof(t->options.certificate_key_file), PEM_FILE);
	cut_z(t->options.ca_file, sizeof(t->options.ca_file), "/etc/ca.pem");
	cut_z(t->options.tls_mode, sizeof(t->options.tls_mode), "requireTLS");
	cut_z(t->anchor.cluster, sizeof(t->anchor.cluster), "c1");
	cut_z(t->anchor.ledger.hex, sizeof(t->anchor.ledger.hex),
	      "00112233445566778899aabbccddeeff");
	cut_z(t->me, sizeof(t->me), "b.test:27017");
	t->is_up = true;
	struct seen *s = t->seen;
	cut_z(s->self_host, sizeof(s->self_host), "b.test:27017");
	s->now = w.now;
	s->self = 1;
	s->members_n = 3;
	for (unsigned m = 0; m < 3; m++) {
		snprintf(s->members[m].host, HOST_BYTES_MAX, "%c.test:27017", (char)('a' + m));
		s->members[m].is_self = m == 1;
	}
	in_use(PEM_FILE, "CN=b,OU=mongo,O=acme", true, &s->certificate.file);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seat_close(&w.t);
	fake_files_fini(&w.files);
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		free(w.docs[i].text);
	buf_fini(&w.ca_pem);
	buf_fini(&w.other_pem);
	secret_fini(&w.ca_key);
	secret_fini(&w.other_key);
	free(w.config);
	return 0;
}

static bool has_file(const char *path)
{
	return fake_files_find(&w.files, path) >= 0;
}
static bool has_leftovers(void)
{
	return has_file(STATE "/request.key") || has_file(STATE "/request.csr") ||
	       has_file(STATE "/staged.pem");
}
static const char *serial_of(const char *path)
{
	static struct cert_view v;
	view_of(path, &v);
	return v.serial;
}
static struct token order_n(int n)
{
	struct token t;
	snprintf(t.hex, sizeof(t.hex), "%032x", (unsigned)n);
	return t;
}

static bool act(bool (*enact_it)(struct seat *t, const struct act *a, struct err *err),
		struct err *err)
{
	struct act a = {.order = order_n(7), .target = w.t.notes.cert_target};
	cut_z(a.reason, sizeof(a.reason), "c does not accept it");
	*err = (struct err)ERR_INIT;
	return enact_it(&w.t, &a, err);
}
/* Staged, or why not. */
static void stands(enum cert_stage stage)
{
	if (w.t.notes.stage != stage)
		fail_msg("stage %d: %s", (int)w.t.notes.stage, w.t.notes.cert_why);
}
#define DO(what)                                                                                   \
	do {                                                                                       \
		struct err did = ERR_INIT;                                                         \
		if (!act(enact_##what, &did))                                                      \
			fail_msg(#what ": %s", did.text);                                          \
	} while (0)

/* As a rotad that was started again reads them. */
static struct notes notes_on_disk(void)
{
	struct notes n;
	struct err err = ERR_INIT;
	int i = fake_files_find(&w.files, STATE "/notes.json");
	assert_true(i >= 0);
	assert_true(notes_decode(str_of(w.files.files[i].bytes), &n, &err));
	return n;
}

/* ---- the cases ---- */

static void a_good_answer_goes_all_the_way_and_leaves_nothing_behind(void **state)
{
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	stands(CERT_STAGE_STAGED);
	assert_string_equal(serial_of(PEM_FILE), old);
	DO(install_certificate);
	assert_string_not_equal(serial_of(PEM_FILE), old);
	assert_string_equal(serial_of(PEM_FILE), w.t.notes.staged_serial);
	assert_string_equal(w.shown, STATE "/staged.pem"); /* both peers saw it before */
	assert_int_equal(w.shown_n, 2);
	DO(reload);
	assert_int_equal(w.loads_n, 1);
	assert_false(w.t.notes.is_reload_open);
	DO(confirm_certificate);
	assert_int_equal(notes_on_disk().stage, CERT_STAGE_NONE);
	assert_string_equal(w.t.notes.cert_order_done.hex, "00000000000000000000000000000007");
	assert_false(has_file(PEM_FILE FILES_PREVIOUS_SUFFIX));
	assert_false(has_leftovers());
}

static void a_refused_answer_leaves_no_key_and_says_what_to_ask_for(void **state)
{
	static const struct {
		enum answer answer;
		const char *why;
	} rows[] = {
	    {OTHER_CA, "does not chain"},
	    {CLIENT_ONLY, "To do: ask the CA for: EKU serverAuth AND clientAuth"},
	    {GARBAGE, "cannot be used"},
	    {UNUSABLE, "no usable certificate"},
	    {SAYS_NO, "quota"},
	};
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		w.answer = rows[i].answer;
		DO(ask_authority);
		if (!strstr(w.t.notes.cert_why, rows[i].why))
			fail_msg("row %zu: %s", i, w.t.notes.cert_why);
		struct notes n = notes_on_disk();
		assert_int_equal(n.stage, CERT_STAGE_REFUSED);
		assert_true(n.retry_at.us >= w.now.us + US_H);
		assert_true(token_equal(&n.cert_order_refused, &n.cert_order));
		assert_false(n.is_cert_taken_back);
		assert_false(has_leftovers());
		assert_string_equal(serial_of(PEM_FILE), old);
	}
}

static void an_authority_that_does_not_answer_is_asked_again_with_the_same_request(void **state)
{
	w.answer = UNREACHABLE;
	DO(ask_authority);
	stands(CERT_STAGE_ASKED);
	int i = fake_files_find(&w.files, STATE "/request.csr");
	assert_true(i >= 0);
	char *first = strdup(w.files.files[i].bytes);
	DO(ask_authority);
	assert_string_equal(first,
			    w.files.files[fake_files_find(&w.files, STATE "/request.csr")].bytes);
	free(first);
	w.answer = GOOD;
	DO(ask_authority);
	stands(CERT_STAGE_STAGED);
}

/* What the CA's people make of a request. */
static void carried(struct str csr, enum answer how, struct buf *out)
{
	struct err err = ERR_INIT;
	const struct cert_wish wish = {.membership = "O=acme,OU=mongo",
				       .subject = "CN=b,OU=mongo,O=acme",
				       .names_n = 1,
				       .names = {"b.test"},
				       .key = CERT_KEY_P256,
				       .needs_server = true,
				       .needs_client = true};
	buf_clear(out);
	if (how == GARBAGE)
		buf_adds(out, "no PEM\n");
	else if (!sign(csr, &wish, how, out, &err))
		fail_msg("the CA: %s", err.text);
}

static void a_request_is_carried_to_people_and_back(void **state)
{
	static const struct {
		enum answer how;
		const char *why;
	} rows[] = {{GARBAGE, ""},
		    {OTHER_CA, "does not chain"},
		    {CLIENT_ONLY, "ask the CA for: EKU serverAuth AND clientAuth"}};
	struct err err = ERR_INIT;
	auto_buf struct buf csr = {.p = NULL}, answer = {.p = NULL}, other = {.p = NULL};
	auto_secret struct secret stranger = {0};
	const struct cert_wish some = {.names_n = 1,
				       .names = {"b.test"},
				       .subject = "CN=b,OU=mongo,O=acme",
				       .membership = "O=acme,OU=mongo",
				       .key = CERT_KEY_P256,
				       .needs_server = true,
				       .needs_client = true};
	json_t *said = json_object();
	w.answer = WAITS;
	cut_z(w.config->authorities[0].type, AUTHORITY_TYPE_BYTES, "manual");
	/* Before anything is due there is none. */
	assert_false(certificate_import(&w.t, STR("x"), said, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "no request"));
	DO(ask_authority);
	stands(CERT_STAGE_ASKED);
	assert_non_null(strstr(w.t.notes.cert_why, "rotactl cert request"));
	buf_adds(&csr, w.files.files[fake_files_find(&w.files, STATE "/request.csr")].bytes);
	/* Another order is served by the same request: it may lie on a desk. */
	struct act again = {.order = order_n(8)};
	err_clear(&err);
	assert_true(enact_ask_authority(&w.t, &again, &err));
	assert_string_equal(buf_z(&csr),
			    w.files.files[fake_files_find(&w.files, STATE "/request.csr")].bytes);
	assert_string_equal(w.t.notes.cert_order.hex, order_n(8).hex);
	assert_true(certificate_request(&w.t, said, &err));
	assert_string_equal(json_string_value(json_object_get(said, "csr")), buf_z(&csr));
	assert_string_equal(json_string_value(json_object_get(said, "usage")),
			    "serverAuth,clientAuth");
	assert_string_equal(json_string_value(json_array_get(json_object_get(said, "names"), 0)),
			    "b.test");
	/* What does not pass is said in the CA's words, and the request waits on. */
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		err_clear(&err);
		carried(buf_str(&csr), rows[i].how, &answer);
		assert_false(certificate_import(&w.t, buf_str(&answer), said, &err));
		if (!strstr(err.text, rows[i].why))
			fail_msg("row %zu: %s", i, err.text);
		stands(CERT_STAGE_ASKED);
		assert_true(has_file(STATE "/request.key"));
		assert_false(has_file(STATE "/staged.pem"));
	}
	/* The answer to another request. */
	err_clear(&err);
	assert_true(csr_key_new(CERT_KEY_P256, 0, &stranger, &err));
	assert_true(csr_new(&stranger, &some, &other, &err));
	carried(buf_str(&other), GOOD, &answer);
	assert_false(certificate_import(&w.t, buf_str(&answer), said, &err));
	assert_non_null(strstr(err.text, "no answer to the request"));
	/* The right one goes all the way. */
	err_clear(&err);
	carried(buf_str(&csr), GOOD, &answer);
	if (!certificate_import(&w.t, buf_str(&answer), said, &err))
		fail_msg("import: %s", err.text);
	stands(CERT_STAGE_STAGED);
	assert_int_equal(notes_on_disk().stage, CERT_STAGE_STAGED);
	assert_false(certificate_import(&w.t, buf_str(&answer), said, &err));
	assert_non_null(strstr(err.text, "under way already"));
	DO(install_certificate);
	DO(reload);
	DO(confirm_certificate);
	assert_string_equal(serial_of(PEM_FILE),
			    json_string_value(json_object_get(said, "serial")));
	assert_false(has_leftovers());
	json_decref(said);
}

static void one_that_a_peer_refuses_twice_is_not_installed(void **state)
{
	struct err err;
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	w.peers_refuse_n = 2;
	assert_false(act(enact_install_certificate, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(w.t.notes.cert_why, "a.test:27017 does not accept it: unknown ca"));
	stands(CERT_STAGE_REFUSED);
	assert_string_equal(serial_of(PEM_FILE), old);
	assert_false(has_leftovers());
	DO(ask_authority);
	w.peers_down = true; /* no answer is no verdict */
	assert_false(act(enact_install_certificate, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	stands(CERT_STAGE_STAGED);
	assert_string_equal(serial_of(PEM_FILE), old);
	w.peers_down = false;
	w.peers_refuse_n = 1; /* a connection that broke */
	DO(install_certificate);
	assert_string_not_equal(serial_of(PEM_FILE), old);
}

static void one_that_ended_while_it_waited_is_not_installed(void **state)
{
	struct err err;
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	w.now.us += 100 * US_DAY;
	assert_false(act(enact_install_certificate, &err));
	stands(CERT_STAGE_REFUSED);
	assert_string_equal(serial_of(PEM_FILE), old);
}

static void taken_back_it_is_wiped_and_the_order_is_over(void **state)
{
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	DO(install_certificate);
	DO(reload);
	DO(roll_back_certificate);
	assert_string_equal(serial_of(PEM_FILE), old);
	assert_int_equal(w.loads_n, 2);
	assert_int_equal(notes_on_disk().stage, CERT_STAGE_GOING_BACK);
	assert_true(has_file(PEM_FILE FILES_PREVIOUS_SUFFIX)); /* until it is proven served */
	DO(confirm_certificate);
	struct notes n = notes_on_disk();
	assert_int_equal(n.stage, CERT_STAGE_REFUSED);
	assert_true(n.is_cert_taken_back);
	assert_true(token_equal(&n.cert_order_refused, &n.cert_order));
	assert_string_equal(n.cert_order_done.hex, "");
	assert_string_equal(n.cert_why, "c does not accept it");
	assert_false(has_file(PEM_FILE FILES_PREVIOUS_SUFFIX));
	assert_false(has_leftovers());
}

static void going_back_never_turns_into_going_on(void **state)
{
	struct err err;
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	DO(install_certificate);
	w.load_fails = true;
	assert_false(act(enact_reload, &err));
	assert_non_null(strstr(w.t.notes.reload_why, "140"));
	/* The previous one does not load either: owed, again and again. */
	for (int i = 0; i < 3; i++) {
		assert_false(act(enact_roll_back_certificate, &err));
		assert_int_equal(notes_on_disk().stage, CERT_STAGE_GOING_BACK);
		assert_non_null(strstr(notes_on_disk().reload_why, "140"));
		assert_string_equal(serial_of(PEM_FILE), old);
	}
	w.load_fails = false;
	DO(roll_back_certificate);
	assert_string_equal(w.t.notes.reload_why, "");
	/* A full disk before the first word of it: nothing was begun. */
	DO(confirm_certificate);
	DO(ask_authority);
	DO(install_certificate);
	w.files.is_full = true;
	assert_false(act(enact_roll_back_certificate, &err));
	assert_string_not_equal(serial_of(PEM_FILE), old);
}

static void one_that_was_never_installed_needs_no_previous_file(void **state)
{
	char old[64];
	snprintf(old, sizeof(old), "%s", serial_of(PEM_FILE));
	DO(ask_authority);
	w.t.notes.stage = CERT_STAGE_INSTALLED; /* a crash came between the notes and the file */
	DO(roll_back_certificate);
	assert_string_equal(serial_of(PEM_FILE), old);
	assert_int_equal(w.loads_n, 1);
}

static void a_reload_hook_is_over_when_it_is_over(void **state)
{
	struct seen *s = w.t.seen;
	w.config->instances[0].reload_how = RELOAD_HOOK;
	DO(ask_authority);
	DO(install_certificate);
	DO(reload);
	assert_int_equal(w.hooks_n, 1);
	assert_int_equal(w.loads_n, 0);
	assert_true(notes_on_disk().is_reload_open);
	s->is_standalone = true;
	for (int i = 0; i < 2; i++) {
		w.job = i ? JOB_OVERDUE : JOB_RUNNING;
		observe(&w.t);
		assert_true(s->certificate.is_reload_running);
	}
	w.job = JOB_DONE;
	observe(&w.t);
	assert_false(s->certificate.is_reload_running);
	assert_string_equal(s->certificate.reload_why, "");
	assert_true(s->certificate.retry_at.us != 0);
	DO(reload);
	w.job = JOB_FAILED;
	observe(&w.t);
	assert_false(s->certificate.is_reload_running);
	assert_non_null(strstr(s->certificate.reload_why, "exit 7"));
	DO(reload);
	w.job = JOB_OVERDUE; /* and was ended: what it left behind loads what is in place */
	w.is_job_gone = true;
	observe(&w.t);
	assert_false(s->certificate.is_reload_running);
	assert_non_null(strstr(s->certificate.reload_why, "exit 7"));
	DO(reload);
	w.job = JOB_NONE; /* it ended with a rotad before this one */
	observe(&w.t);
	assert_false(s->certificate.is_reload_running);
	assert_int_equal(s->certificate.retry_at.us, 0);
}

static void a_reload_whose_answer_was_lost_is_made_again(void **state)
{
	struct seen *s = w.t.seen;
	DO(ask_authority);
	DO(install_certificate);
	DO(reload);
	w.t.notes.is_reload_open = true; /* as on disk before the answer */
	s->is_standalone = true;
	observe(&w.t);
	assert_false(s->certificate.is_reload_running);
	assert_int_equal(s->certificate.retry_at.us, 0);
}

static void a_cluster_file_of_its_own_is_renewed_after_the_other(void **state)
{
	struct seen_certificate *c = &w.t.seen->certificate;
	char old[64];
	cut_z(w.t.options.cluster_file, sizeof(w.t.options.cluster_file), CLUSTER_FILE);
	in_use(CLUSTER_FILE, "CN=b out,OU=mongo,O=acme", false, &c->cluster);
	c->has_cluster_file = true;
	snprintf(old, sizeof(old), "%s", serial_of(CLUSTER_FILE));
	DO(ask_authority);
	DO(install_certificate);
	DO(reload);
	assert_string_equal(serial_of(CLUSTER_FILE), old);
	DO(confirm_certificate);
	assert_string_equal(w.t.notes.cert_order_done.hex, "");
	assert_true(token_equal(&w.t.notes.cert_order_half, &w.t.notes.cert_order));
	char served[64];
	snprintf(served, sizeof(served), "%s", serial_of(PEM_FILE));

	struct act ask = {.order = order_n(7), .target = CERT_CLUSTER_FILE};
	struct err err = ERR_INIT;
	w.answer = CLIENT_ONLY; /* all that it is used for */
	assert_true(enact_ask_authority(&w.t, &ask, &err));
	stands(CERT_STAGE_STAGED);
	DO(install_certificate);
	DO(reload);
	assert_string_not_equal(serial_of(CLUSTER_FILE), old);
	assert_string_equal(serial_of(PEM_FILE), served);
	struct cert_view v;
	view_of(CLUSTER_FILE, &v);
	assert_string_equal(v.subject, "CN=b out,OU=mongo,O=acme");
	DO(confirm_certificate);
	assert_false(has_file(CLUSTER_FILE FILES_PREVIOUS_SUFFIX));
	assert_string_equal(notes_on_disk().cert_order_done.hex, w.t.notes.cert_order.hex);

	assert_true(enact_ask_authority(&w.t, &ask, &err));
	snprintf(old, sizeof(old), "%s", serial_of(CLUSTER_FILE));
	DO(install_certificate);
	DO(roll_back_certificate);
	assert_string_equal(serial_of(CLUSTER_FILE), old);
	assert_string_equal(serial_of(PEM_FILE), served);
}

static void the_same_cluster_file_by_another_word_is_none_of_its_own(void **state)
{
	struct seen *s = w.t.seen;
	s->is_standalone = true;
	cut_z(w.t.options.cluster_file, sizeof(w.t.options.cluster_file), PEM_FILE);
	observe(&w.t);
	assert_true(s->certificate.file.is_known);
	assert_false(s->certificate.has_cluster_file);
	cut_z(w.t.options.cluster_file, sizeof(w.t.options.cluster_file), CLUSTER_FILE);
	w.t.certificate_at.us = 0;
	observe(&w.t); /* there is none at that path: that is one, and not readable */
	assert_true(s->certificate.has_cluster_file);
	assert_false(s->certificate.cluster.is_known);
}

static void a_standalone_is_asked_at_its_own_port_whatever_its_instance_is_called(void **state)
{
	struct seat *t = &w.t;
	t->seen->is_standalone = true;
	cut_z(t->me, sizeof(t->me), "rs0");
	t->options.port = 4711;
	observe(t);
	assert_true(t->seen->is_standalone);
	struct mongod_target self = seat_target(t, t->seen->self_host, true);
	assert_string_equal(self.host, "localhost:4711");
	assert_true(self.allows_invalid_hostnames);
	t->seen->is_standalone = false;
	self = seat_target(t, t->seen->self_host, true);
	assert_string_equal(self.host, "rs0");
}

/* The issuing host, a:27017, answers in the ledger. */
static void answer_in_ledger(const struct identity_keys *issuer, enum answer how)
{
	struct err err = ERR_INIT;
	struct doc_trust trust = seat_trust(&w.t);
	struct csr_doc *csr = calloc(1, sizeof(*csr));
	struct issued_doc *d = calloc(1, sizeof(*d));
	auto_buf struct buf text = {.max = DOC_BYTES_MAX}, chain = {0};
	int i = doc_find("csr/b.test:27017");
	assert_true(i >= 0 && csr && d);
	assert_true(csr_doc_decode(str_of(w.docs[i].text), &trust, csr, &err));
	struct cert_wish wish = {.membership = "O=acme,OU=mongo",
				 .subject = "CN=b,OU=mongo,O=acme",
				 .names_n = 1,
				 .names = {"b.test"},
				 .needs_server = true,
				 .needs_client = true};
	seat_head(&w.t, &d->head);
	d->head.from = w.t.identities[1].identity.spki;
	cut_z(d->host, sizeof(d->host), "b.test:27017");
	d->csr = csr->csr;
	d->is_refused = how == SAYS_NO;
	if (d->is_refused)
		cut_z(d->why, sizeof(d->why), "no such member");
	else if (!sign(str_of(csr->csr_pem), &wish, how, &chain, &err))
		fail_msg("%s", err.text);
	assert_true(copy_str(d->chain_pem, sizeof(d->chain_pem), buf_str(&chain)));
	if (!issued_doc_encode(d, issuer, &text, NULL, &err))
		fail_msg("%s", err.text);
	doc_set("issued/b.test:27017", buf_str(&text));
	free(csr);
	free(d);
}

static void request_and_answer_leave_the_ledger_once_they_are_over(void **state)
{
	static const enum answer rows[] = {GOOD, OTHER_CA, SAYS_NO};
	struct err err = ERR_INIT;
	struct identity_keys issuer = {0};
	struct authority_policy *a = &w.config->authorities[0];
	assert_true(identity_keys_new(&issuer, &err));
	cut_z(a->type, sizeof(a->type), "local");
	a->at_n = 1;
	cut_z(a->at[0], sizeof(a->at[0]), "a.test");
	w.t.identities_n = 2;
	memset(w.t.identities, 0, 2 * sizeof(w.t.identities[0]));
	identity_describe(&w.t.identity, &w.t.identities[0].identity);
	identity_describe(&issuer, &w.t.identities[1].identity);
	cut_z(w.t.identities[0].identity.host, HOST_BYTES_MAX, "b.test:27017");
	cut_z(w.t.identities[1].identity.host, HOST_BYTES_MAX, "a.test:27017");
	w.t.identities[0].identity.is_admitted = w.t.identities[1].identity.is_admitted = true;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		DO(ask_authority);
		stands(CERT_STAGE_ASKED);
		assert_true(doc_find("csr/b.test:27017") >= 0);
		answer_in_ledger(&issuer, rows[i]);
		DO(ask_authority);
		assert_int_equal(w.t.notes.stage,
				 rows[i] == GOOD ? CERT_STAGE_STAGED : CERT_STAGE_REFUSED);
		assert_true(doc_find("csr/b.test:27017") < 0);
		assert_true(doc_find("issued/b.test:27017") < 0);
		if (rows[i] != GOOD)
			assert_false(has_leftovers());
	}
	identity_keys_fini(&issuer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The last word of those whom it concerned closes it: a person's goes, the schedule's stays and
 * says so. */
static void an_order_that_is_over_is_closed(void **state)
{
	const struct token id = order_n(7);
	const struct act end = {.kind = ACT_END_ORDER, .order = id};
	char scheduled[DOC_ID_BYTES], given[DOC_ID_BYTES];
	struct order o = {.kind = ORDER_CERTIFICATES, .id = id, .serial = 4, .who = "ops"};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct err err = ERR_INIT;
	(void)state;
	w.t.identities_n = 1;
	memset(w.t.identities, 0, 2 * sizeof(w.t.identities[0]));
	identity_describe(&w.t.identity, &w.t.identities[0].identity);
	cut_z(w.t.identities[0].identity.host, HOST_BYTES_MAX, "b.test:27017");
	w.t.identities[0].identity.is_admitted = true;
	seat_head(&w.t, &o.head);
	assert_true(order_encode(&o, &w.t.identity, &text, NULL, &err));
	doc_id(scheduled, "scheduled", id.hex);
	doc_id(given, "order", id.hex);
	doc_set(scheduled, buf_str(&text));
	assert_true(enact(&w.t, &end, &err));
	assert_non_null(strstr(w.docs[doc_find(scheduled)].text, "\"served\":true"));
	assert_true(enact(&w.t, &end, &err)); /* another did it already: the same */

	doc_set(given, buf_str(&text));
	free(take(&w.docs[doc_find(scheduled)].text));
	assert_true(enact(&w.t, &end, &err));
	assert_int_equal(doc_find(given), -1);
	assert_true(enact(&w.t, &end, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_order_that_is_over_is_closed),
	    CASE(a_good_answer_goes_all_the_way_and_leaves_nothing_behind),
	    CASE(a_refused_answer_leaves_no_key_and_says_what_to_ask_for),
	    CASE(an_authority_that_does_not_answer_is_asked_again_with_the_same_request),
	    CASE(a_request_is_carried_to_people_and_back),
	    CASE(one_that_a_peer_refuses_twice_is_not_installed),
	    CASE(one_that_ended_while_it_waited_is_not_installed),
	    CASE(taken_back_it_is_wiped_and_the_order_is_over),
	    CASE(going_back_never_turns_into_going_on),
	    CASE(one_that_was_never_installed_needs_no_previous_file),
	    CASE(a_reload_hook_is_over_when_it_is_over),
	    CASE(a_reload_whose_answer_was_lost_is_made_again),
	    CASE(a_cluster_file_of_its_own_is_renewed_after_the_other),
	    CASE(the_same_cluster_file_by_another_word_is_none_of_its_own),
	    CASE(a_standalone_is_asked_at_its_own_port_whatever_its_instance_is_called),
	    CASE(request_and_answer_leave_the_ledger_once_they_are_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
