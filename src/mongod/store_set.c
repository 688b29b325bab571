/* SPDX-License-Identifier: Apache-2.0 */
/* Find the primary by asking each member directly, then read linearizably or write with
 * compare-and-set. A write is sent once; when its fate is not certain it is told so. */
#include "mongod/store_set.h"

#include <stdio.h>
#include <string.h>

#include "mongod/resolve.h"

enum { WRITE_MS_MIN = 100, EXTRA_MS = 500 /* for the answer to travel after the server gave up */ };

/* A hello to target i: does it say that it is the primary? *named is whom it names. */
static bool is_primary(struct store_set *s, const struct mongod_target *t,
		       char named[HOST_BYTES_MAX])
{
	struct mongod_hello h;
	struct err why = ERR_INIT;
	if (!session_hello(s->pool, t, s->deadline, &h, &why))
		return false;
	if (h.primary[0] && !copy_z(named, HOST_BYTES_MAX, h.primary))
		return false;
	return h.is_writable_primary && !h.is_quiescing;
}

static const struct mongod_target *target_of(const struct store_set *s, const char *host)
{
	for (unsigned i = 0; i < s->targets_n; i++)
		if (strcmp(s->targets[i].host, host) == 0)
			return &s->targets[i];
	return NULL;
}

/* *ret borrows from s, and from named for a primary that is not among the targets. */
static bool primary_find(struct store_set *s, char named[HOST_BYTES_MAX], struct mongod_target *ret,
			 struct err *err)
{
	const struct mongod_target *hint = target_of(s, s->primary);
	named[0] = 0;
	if (hint && is_primary(s, hint, named)) {
		*ret = *hint;
		return true;
	}
	/* Whom one names is asked next; then the others in order. */
	const struct mongod_target *next = named[0] ? target_of(s, named) : NULL;
	if (next && next != hint && is_primary(s, next, named)) {
		*ret = *next;
		return true;
	}
	for (unsigned i = 0; i < s->targets_n; i++) {
		if (&s->targets[i] == hint || &s->targets[i] == next)
			continue;
		if (is_primary(s, &s->targets[i], named)) {
			*ret = s->targets[i];
			return true;
		}
	}
	/* A member that was added since: connect as to the others. */
	if (named[0] && s->targets_n && !target_of(s, named)) {
		char other[HOST_BYTES_MAX];
		struct mongod_target t = s->targets[0];
		t.host = named;
		t.address = NULL;
		if (is_primary(s, &t, other)) {
			*ret = t;
			return true;
		}
	}
	return err_set(err, ERR_UNREACHABLE, "the set has no primary that answers");
}

static bool is_elsewhere(int64_t code)
{
	/* NotWritablePrimary and its older kin: said before anything is done. */
	static const int codes[] = {CODE_NOT_WRITABLE_PRIMARY, 10058, 13435,
				    CODE_NOT_PRIMARY_OR_SECONDARY};
	for (size_t i = 0; i < ARRAY_N(codes); i++)
		if (code == codes[i])
			return true;
	return false;
}

/* After these a write may or may not have been done. */
static bool is_ambiguous(int64_t code)
{
	static const int codes[] = {CODE_MAX_TIME,
				    CODE_SHUTDOWN_IN_PROGRESS,
				    6 /* HostUnreachable */,
				    7 /* HostNotFound */,
				    24 /* LockTimeout */,
				    64 /* WriteConcernFailed */,
				    79 /* UnknownReplWriteConcern */,
				    89 /* NetworkTimeout */,
				    100 /* UnsatisfiableWriteConcern */,
				    189 /* PrimarySteppedDown */,
				    262 /* ExceededTimeLimit */,
				    9001 /* SocketException */,
				    11600 /* InterruptedAtShutdown */,
				    11601 /* Interrupted */,
				    11602 /* InterruptedDueToReplStateChange */};
	for (size_t i = 0; i < ARRAY_N(codes); i++)
		if (code == codes[i])
			return true;
	return false;
}

bool store_outcome_read(const bson_t *reply, enum store_outcome *ret, bool *ret_is_elsewhere,
			struct err *err)
{
	bson_t errors, one;
	bson_iter_t it;
	int64_t code = doc_true(reply, "ok") ? 0 : doc_int(reply, "code", -1);
	bool is_refused = code != 0;

	*ret_is_elsewhere = is_elsewhere(code);
	if (*ret_is_elsewhere)
		return true;
	if (!is_refused && doc_sub(reply, "writeErrors", &errors) && bson_iter_init(&it, &errors) &&
	    doc_next(&it, &one)) {
		code = doc_int(&one, "code", -1);
		if (code == CODE_DUPLICATE_KEY) {
			*ret = STORE_CONFLICT;
			return true;
		}
		*ret_is_elsewhere = is_elsewhere(code);
		if (*ret_is_elsewhere)
			return true;
		if (!is_ambiguous(code)) {
			(void)err_set(err, ERR_REFUSED, "%s (code %lld)", doc_text(&one, "errmsg"),
				      (long long)code);
			err->sys = (int)code;
			return false;
		}
		is_refused = true;
	}
	if (is_refused && !is_ambiguous(code))
		return wire_reply_check(reply, err);
	/* Done on the primary, but not known to be kept by the majority: no success. */
	if (is_refused || doc_has(reply, "writeConcernError")) {
		*ret = STORE_AMBIGUOUS;
		return true;
	}
	int64_t n = doc_int(reply, "n", -1);
	if (n < 0 || n > 1)
		return err_set(err, ERR_PROTOCOL, "a write's reply without its count");
	*ret = n == 1 ? STORE_DONE : STORE_CONFLICT;
	return true;
}

static int64_t left_ms(const struct store_set *s)
{
	return (s->deadline.us - resolve_now().us) / US_MS;
}

/* Ask the primary; look for it again once if it is none any more. */
static bool primary_ask(struct store_set *s, bson_t *command, bson_t *reply, struct err *err)
{
	char named[HOST_BYTES_MAX];
	struct mongod_target t;
	int64_t ms = left_ms(s) - EXTRA_MS;

	BSON_APPEND_INT64(command, "maxTimeMS", MAX(ms, WRITE_MS_MIN));
	BSON_APPEND_UTF8(command, "$db", "admin");
	for (bool is_again = false;; is_again = true) {
		if (!primary_find(s, named, &t, err))
			return false;
		bson_destroy(reply);
		bson_init(reply);
		if (session_run(s->pool, &t, &s->login, s->deadline, command, true, reply, err)) {
			(void)snprintf(s->primary, HOST_BYTES_MAX, "%s", t.host);
			return true;
		}
		s->primary[0] = 0;
		if (is_again || err->kind != ERR_REFUSED || !is_elsewhere(err->sys))
			return err_in(err, "asking the primary %.100s", t.host);
		*err = ERR_INIT;
	}
}

static void read_concern(bson_t *command, const char *level)
{
	bson_t part;
	BSON_APPEND_DOCUMENT_BEGIN(command, "readConcern", &part);
	BSON_APPEND_UTF8(&part, "level", level);
	bson_append_document_end(command, &part);
}

static bool doc_print(const bson_t *from, json_t **ret, size_t *bytes, struct err *err)
{
	struct store_doc d = {.rev = doc_int(from, "rev", 0)};
	AUTO(json_t) object = json_object();

	if (!object)
		return err_set(err, ERR_MEMORY, "no memory for a document");
	if (!doc_copy(from, "_id", d.id, sizeof(d.id), err))
		return false;
	/* A stranger's document in our collection: its content is judged by who reads it. */
	if (!copy_z(d.nonce, sizeof(d.nonce), doc_text(from, "nonce")))
		d.nonce[0] = 0;
	d.text = str_of(doc_text(from, "text"));
	if (d.text.n > DOC_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "document '%s' has %zu bytes", d.id, d.text.n);
	if (!json_store_doc_print(&d, object, err))
		return false;
	*bytes += d.text.n;
	*ret = take(&object);
	return true;
}

/* The first id that does not begin with prefix; "" when there is none. */
static void prefix_end(const char *prefix, char out[DOC_ID_BYTES])
{
	size_t n = strlen(prefix);
	(void)snprintf(out, DOC_ID_BYTES, "%s", prefix);
	if (n > 0)
		out[n - 1] = (char)(out[n - 1] + 1); /* ids are ASCII: no carry */
}

bool store_set_list(struct store_set *s, const char *prefix, const char *after, json_t *out,
		    bool *ret_more, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	bson_t filter, range, sort, batch, one;
	bson_iter_t it;
	char end[DOC_ID_BYTES];
	size_t bytes = 0;

	if (strlen(prefix) >= DOC_ID_BYTES)
		return err_set(err, ERR_LIMIT, "a prefix of %zu bytes", strlen(prefix));
	prefix_end(prefix, end);
	BSON_APPEND_UTF8(&command, "find", STORE_COLLECTION);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
	BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &range);
	BSON_APPEND_UTF8(&range, after ? "$gt" : "$gte", after ? after : prefix);
	if (end[0])
		BSON_APPEND_UTF8(&range, "$lt", end);
	bson_append_document_end(&filter, &range);
	bson_append_document_end(&command, &filter);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "sort", &sort);
	BSON_APPEND_INT32(&sort, "_id", 1);
	bson_append_document_end(&command, &sort);
	BSON_APPEND_INT32(&command, "limit", STORE_PAGE_DOCS);
	BSON_APPEND_INT32(&command, "batchSize", STORE_PAGE_DOCS);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	read_concern(&command, "majority");
	if (!primary_ask(s, &command, &reply, err))
		return false;
	if (!doc_sub(&reply, "cursor.firstBatch", &batch) || !bson_iter_init(&it, &batch))
		return err_set(err, ERR_PROTOCOL, "a find without a batch");
	while (doc_next(&it, &one)) {
		json_t *doc = NULL;
		if (bytes >= STORE_PAGE_BYTES)
			break;
		if (!doc_print(&one, &doc, &bytes, err))
			return false;
		if (json_array_append_new(out, doc) != 0)
			return err_set(err, ERR_MEMORY, "no memory for documents");
	}
	/* A batch cut by the server's 16 MB is shorter than the limit, too, but is longer than
	 * ours. */
	*ret_more = json_array_size(out) == STORE_PAGE_DOCS || bytes >= STORE_PAGE_BYTES;
	return true;
}

bool store_set_read(struct store_set *s, const char *id, json_t **ret_doc, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	bson_t filter, batch, one;
	bson_iter_t it;
	size_t bytes = 0;

	BSON_APPEND_UTF8(&command, "find", STORE_COLLECTION);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
	BSON_APPEND_UTF8(&filter, "_id", id);
	bson_append_document_end(&command, &filter);
	BSON_APPEND_INT32(&command, "limit", 1);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	read_concern(&command, "linearizable");
	if (!primary_ask(s, &command, &reply, err))
		return false;
	if (!doc_sub(&reply, "cursor.firstBatch", &batch) || !bson_iter_init(&it, &batch))
		return err_set(err, ERR_PROTOCOL, "a find without a batch");
	*ret_doc = NULL;
	return !doc_next(&it, &one) || doc_print(&one, ret_doc, &bytes, err);
}

static void filter_append(bson_t *to, const char *name, const char *id, int64_t expected)
{
	bson_t q;
	bson_append_document_begin(to, name, -1, &q);
	BSON_APPEND_UTF8(&q, "_id", id);
	BSON_APPEND_INT64(&q, "rev", expected);
	bson_append_document_end(to, &q);
}

static void fields_append(bson_t *to, const struct store_doc *d, int64_t rev)
{
	BSON_APPEND_INT64(to, "rev", rev);
	BSON_APPEND_UTF8(to, "nonce", d->nonce);
	bson_append_utf8(to, "text", -1, d->text.p, (int)d->text.n);
}

static void insert_make(const struct store_doc *d, bson_t *out)
{
	bson_t list, one;
	BSON_APPEND_UTF8(out, "insert", STORE_COLLECTION);
	BSON_APPEND_ARRAY_BEGIN(out, "documents", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &one);
	BSON_APPEND_UTF8(&one, "_id", d->id);
	fields_append(&one, d, 1);
	bson_append_document_end(&list, &one);
	bson_append_array_end(out, &list);
}

static void update_make(const struct store_doc *d, int64_t expected, bson_t *out)
{
	bson_t list, one, change, set;
	BSON_APPEND_UTF8(out, "update", STORE_COLLECTION);
	BSON_APPEND_ARRAY_BEGIN(out, "updates", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &one);
	filter_append(&one, "q", d->id, expected);
	BSON_APPEND_DOCUMENT_BEGIN(&one, "u", &change);
	BSON_APPEND_DOCUMENT_BEGIN(&change, "$set", &set);
	fields_append(&set, d, expected + 1);
	bson_append_document_end(&change, &set);
	bson_append_document_end(&one, &change);
	bson_append_document_end(&list, &one);
	bson_append_array_end(out, &list);
}

static void delete_make(const char *id, int64_t expected, bson_t *out)
{
	bson_t list, one;
	BSON_APPEND_UTF8(out, "delete", STORE_COLLECTION);
	BSON_APPEND_ARRAY_BEGIN(out, "deletes", &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &one);
	filter_append(&one, "q", id, expected);
	BSON_APPEND_INT32(&one, "limit", 1);
	bson_append_document_end(&list, &one);
	bson_append_array_end(out, &list);
}

/* Majority and journal; the server gives up before we do, so that it can say so. */
static void write_end(const struct store_set *s, bson_t *command)
{
	bson_t concern;
	int64_t ms = MAX(left_ms(s) - EXTRA_MS, WRITE_MS_MIN);
	BSON_APPEND_DOCUMENT_BEGIN(command, "writeConcern", &concern);
	BSON_APPEND_UTF8(&concern, "w", "majority");
	BSON_APPEND_BOOL(&concern, "j", true);
	BSON_APPEND_INT64(&concern, "wtimeout", ms);
	bson_append_document_end(command, &concern);
	BSON_APPEND_INT64(command, "maxTimeMS", ms);
	BSON_APPEND_UTF8(command, "$db", "admin");
}

static bool write_once(struct store_set *s, const bson_t *command, enum store_outcome *ret,
		       bool *ret_is_elsewhere, struct err *err)
{
	char named[HOST_BYTES_MAX];
	struct mongod_target t;
	struct session *session = NULL;
	struct err why = ERR_INIT;
	auto_bson reply = BSON_INITIALIZER;
	bool was_sent = false;

	*ret_is_elsewhere = false;
	if (!primary_find(s, named, &t, err) ||
	    !session_get(s->pool, &t, &s->login, s->deadline, &session, err))
		return false;
	session->is_fresh = false;
	if (!wire_command(&session->wire, command, s->deadline, &reply, &was_sent, &why)) {
		session_drop(session);
		s->primary[0] = 0;
		if (was_sent) {
			*ret = STORE_AMBIGUOUS;
			return true;
		}
		*err = why;
		return false;
	}
	if (!store_outcome_read(&reply, ret, ret_is_elsewhere, err))
		return err_in(err, "writing to the primary %.100s", t.host);
	if (*ret_is_elsewhere || *ret == STORE_AMBIGUOUS)
		s->primary[0] = 0;
	else
		(void)snprintf(s->primary, HOST_BYTES_MAX, "%s", t.host);
	return true;
}

bool store_set_swap(struct store_set *s, const char *id, const struct store_doc *doc,
		    int64_t expected, enum store_outcome *ret, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	bool is_no_primary = false;

	ASSERT(expected >= (doc ? 0 : 1));
	if (!doc)
		delete_make(id, expected, &command);
	else if (expected == 0)
		insert_make(doc, &command);
	else
		update_make(doc, expected, &command);
	write_end(s, &command);
	for (unsigned i = 0; i < 2; i++) {
		if (!write_once(s, &command, ret, &is_no_primary, err))
			return false;
		if (!is_no_primary)
			return true;
	}
	return err_set(err, ERR_UNREACHABLE, "the set has no primary that accepts writes");
}
