/* SPDX-License-Identifier: Apache-2.0 */
/* The order matters: verified, then parsed as a whole, then compared with what is known, then kept
 * durably, and only then in force. */
#include "conf/schedule_fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/retry_after.h"
#include "codec/signed_text.h"

#define RETRY_HIGH_US (6 * US_H)
#define TIMEOUT_US (10 * US_S)
#define ASK_AGAIN_US (100 * US_MS) /* while an answer is waited for */

void schedule_store_fini(struct schedule_store *s)
{
	schedule_fini(&s->current);
	schedule_fini(&s->listed);
	memset(s, 0, sizeof(*s));
}

/* Both are large, so they live on the heap. */
static void schedule_free(struct schedule **s)
{
	if (*s)
		schedule_fini(*s);
	free(*s);
}
static void store_free(struct schedule_store **s)
{
	if (*s)
		schedule_store_fini(*s);
	free(*s);
}
#define auto_schedule_heap __attribute__((cleanup(schedule_free)))
#define auto_store_heap __attribute__((cleanup(store_free)))

static bool lists_all(const struct schedule *s, const struct schedule_source *source)
{
	for (unsigned i = 0; i < source->subjects_n; i++)
		if (!schedule_lists(s, source->subjects[i].cluster, source->subjects[i].host))
			return false;
	return true;
}

/* Text into a checked schedule: signature as of `at`, shape, fleet. */
static bool accept(const struct schedule_source *source, struct str text, struct wall at,
		   struct schedule *ret, struct err *err)
{
	const struct schedule_policy *p = source->policy;
	struct signed_text parts;
	char signer[sizeof(ret->signer)] = "";
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	auto_schedule_heap struct schedule *s = calloc(1, sizeof(*s));
	if (!faults || !s)
		return err_set(err, ERR_MEMORY, "no memory for a schedule");
	if (!signed_text_split(text, &parts, err))
		return false;
	if (p->signer[0]) {
		auto_buf struct buf pem = {0};
		const struct files_port *files = source->how->files;
		if (!files->ops->read_text(files->self, p->signer, PEM_BYTES_MAX, &pem, NULL, err))
			return err_in(err, "reading the signer's certificate");
		if (!signed_text_verify(&parts, buf_str(&pem), at, signer, sizeof(signer), err))
			return false;
	}
	if (!schedule_parse(parts.content, source->how, s, faults))
		return conf_faults_err(faults, "schedule", err);
	memcpy(s->signer, signer, sizeof(signer));
	if (p->fleet[0] && strcmp(p->fleet, s->fleet) != 0)
		return err_set(err, ERR_REFUSED,
			       "it is the schedule of fleet '%s'; this host belongs to '%s'",
			       s->fleet, p->fleet);
	/* What is kept is the whole with its signature, so that it can be verified again. */
	buf_clear(&s->text);
	buf_add(&s->text, text.p, text.n);
	if (!buf_ok(&s->text, err))
		return false;
	*ret = *s;
	memset(s, 0, sizeof(*s)); /* handed on */
	return true;
}

static void copy_path(const struct schedule_source *source, const char *name, char *out,
		      size_t out_n)
{
	snprintf(out, out_n, "%s/%s", source->state_directory, name);
}

static bool load_one(const struct schedule_source *source, const char *name, struct schedule *ret,
		     struct wall *ret_at, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = 2 * CONF_BYTES_MAX};
	struct file_view view = {.exists = false};
	const struct files_port *files = source->how->files;
	copy_path(source, name, path, sizeof(path));
	if (!files->ops->look(files->self, path, &view, err))
		return err_in(err, "looking for the last good schedule");
	if (!view.exists)
		return true;
	if (!files->ops->read_text(files->self, path, CONF_BYTES_MAX, &text, NULL, err))
		return err_in(err, "reading the last good schedule");
	/* It was good when it was written: a signer whose certificate has ended since does not take
	 * it back. */
	if (!accept(source, buf_str(&text), view.modified, ret, err))
		return err_in(err, "checking the last good schedule %s", path);
	*ret_at = view.modified;
	return true;
}

bool schedule_store_load(struct schedule_store *s, const struct schedule_source *source,
			 struct err *err)
{
	struct wall at = {.us = 0}, ignored = {.us = 0};
	auto_store_heap struct schedule_store *loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return err_set(err, ERR_MEMORY, "no memory for a schedule");
	if (!load_one(source, "schedule.yaml", &loaded->current, &at, err) ||
	    !load_one(source, "schedule-listed.yaml", &loaded->listed, &ignored, err))
		return false;
	uint64_t serial = loaded->current.serial;
	if (serial && serial < source->serial_min) /* a restored state directory */
		return err_set(err, ERR_REFUSED,
			       "the last good schedule kept here has serial %" PRIu64
			       ", but %" PRIu64 " was in force already",
			       serial, source->serial_min);
	loaded->confirmed_at = at;
	schedule_store_fini(s);
	*s = *loaded;
	memset(loaded, 0, sizeof(*loaded)); /* handed on */
	return true;
}

static bool keep(const struct schedule_source *source, const char *name, struct str text,
		 struct err *err)
{
	char path[PATH_BYTES_MAX];
	const struct files_port *files = source->how->files;
	copy_path(source, name, path, sizeof(path));
	const struct file_put put = {.path = path, .bytes = text, .mode = 0600};
	return files->ops->put(files->self, &put, err) || err_in(err, "keeping the schedule");
}

/* Signatures apart: the same may be signed again. */
static bool is_same_content(const struct buf *a, const struct buf *b)
{
	struct signed_text one, two;
	struct err ignored = ERR_INIT;
	return signed_text_split(buf_str(a), &one, &ignored) &&
	       signed_text_split(buf_str(b), &two, &ignored) && str_equal(one.content, two.content);
}

/* Take over what was accepted, if it is newer. */
static bool take_over(struct schedule_store *s, const struct schedule_source *source,
		      struct schedule *next, bool *ret_is_changed, struct err *err)
{
	uint64_t least = MAX(s->current.serial, source->serial_min);
	if (next->serial < least)
		return err_set(err, ERR_REFUSED,
			       "serial %" PRIu64 " is older than %" PRIu64
			       ", which was in force here already",
			       next->serial, least);
	if (next->serial == s->current.serial) {
		if (!is_same_content(&next->text, &s->current.text))
			return err_set(err, ERR_REFUSED,
				       "it was changed, but its serial is still %" PRIu64
				       "; raise it",
				       next->serial);
		*ret_is_changed = false;
		return true;
	}
	if (source->fits && !source->fits(source->fits_self, next, err))
		return false;
	/* The last that listed this host goes aside before it is replaced by one that does not. */
	bool sets_aside = s->current.serial && s->listed.serial == 0 && source->subjects_n &&
			  !lists_all(next, source) && lists_all(&s->current, source);
	if (sets_aside && !keep(source, "schedule-listed.yaml", buf_str(&s->current.text), err))
		return false;
	if (!keep(source, "schedule.yaml", buf_str(&next->text), err))
		return false;
	if (sets_aside)
		s->listed = s->current;
	else
		schedule_fini(&s->current);
	s->current = *next;
	memset(next, 0, sizeof(*next)); /* handed on */
	if (s->listed.serial && lists_all(&s->current, source)) {
		char path[PATH_BYTES_MAX];
		struct err ignored = ERR_INIT;
		copy_path(source, "schedule-listed.yaml", path, sizeof(path));
		/* A copy that stays is only read while current does not list the host. */
		(void)source->how->files->ops->remove(source->how->files->self, path, &ignored);
		schedule_fini(&s->listed);
	}
	*ret_is_changed = true;
	return true;
}

static const struct {
	int low, high;
	enum err_kind kind;
	const char *text;
} status_table[] = {
    {300, 399, ERR_REFUSED, "redirects are not followed; give the final URL"},
    {401, 401, ERR_AUTH, "it wants a login: give schedule.clientPem"},
    {403, 403, ERR_AUTH, "it does not let this host in"},
    {404, 404, ERR_NOT_FOUND, "there is no schedule at that URL"},
    {410, 410, ERR_NOT_FOUND, "there is no schedule at that URL any more"},
    {429, 429, ERR_UNREACHABLE, "it asks to come back later"},
    {500, 599, ERR_UNREACHABLE, "the server has a fault"},
    {0, 999, ERR_PROTOCOL, "an answer that is no schedule"},
};

static struct str header_of(const struct http_response *r, const char *name)
{
	for (unsigned i = 0; i < r->headers_n && i < HTTP_HEADERS_MAX; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return str_of(r->headers[i].value);
	return (struct str){.p = "", .n = 0};
}

static bool is_etag(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x21 || (unsigned char)s.p[i] > 0x7e)
			return false;
	return s.n > 0;
}

/* Send the request off. */
static bool ask_url(const struct schedule_store *s, const struct schedule_source *source,
		    struct err *err)
{
	const struct schedule_policy *p = source->policy;
	auto_free struct http_request *request = calloc(1, sizeof(*request));
	if (!request)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	request->method = "GET";
	request->url = p->url;
	request->ca_file = p->ca_file[0] ? p->ca_file : NULL;
	request->client_pem = p->client_pem[0] ? p->client_pem : NULL;
	request->timeout_us = TIMEOUT_US;
	request->body_max = CONF_BYTES_MAX;
	if (s->etag[0] && s->current.serial) {
		snprintf(request->headers[0].name, sizeof(request->headers[0].name),
			 "If-None-Match");
		snprintf(request->headers[0].value, sizeof(request->headers[0].value), "%s",
			 s->etag);
		request->headers_n = 1;
	}
	ASSERT(source->http != NULL);
	return source->http->ops->begin(source->http->self, request, err) ||
	       err_in(err, "fetching the schedule");
}

/* Judge the answer. *ret_is_same: the source says that nothing changed; else text holds the body.
 */
static bool judge_answer(struct schedule_store *s, const struct schedule_source *source,
			 struct http_response *response, struct wall now, bool *ret_is_same,
			 struct buf *text, char *ret_etag, size_t ret_etag_n, struct err *err)
{
	const struct schedule_policy *p = source->policy;
	int status = response->status;
	struct str etag = header_of(response, "etag");
	if (!is_etag(etag) || !copy_str(ret_etag, ret_etag_n, etag))
		ret_etag[0] = '\0';
	struct str retry = header_of(response, "retry-after");
	if (status != 200 && status != 304 && retry.n)
		s->look_at = wall_add(
		    now, retry_after_parse(retry, now, p->poll_us, MAX(RETRY_HIGH_US, p->poll_us)));
	*ret_is_same = status == 304 && s->current.serial > 0;
	if (status == 200)
		buf_add(text, response->body.p, response->body.n);
	if (status == 200 || *ret_is_same)
		return buf_ok(text, err);
	for (size_t i = 0; i < ARRAY_N(status_table); i++)
		if (status >= status_table[i].low && status <= status_table[i].high)
			return err_set(err, status_table[i].kind, "HTTP %d: %s", status,
				       status_table[i].text);
	return err_set(err, ERR_PROTOCOL, "an answer that is no schedule");
}

/* Has the answer come? *ret_is_done false: not yet. */
static bool take_answer(struct schedule_store *s, const struct schedule_source *source,
			struct wall now, bool *ret_is_done, bool *ret_is_same, struct buf *text,
			char *ret_etag, size_t ret_etag_n, struct err *err)
{
	auto_free struct http_response *response = calloc(1, sizeof(*response));
	if (!response)
		return err_set(err, ERR_MEMORY, "no memory for an answer");
	*ret_is_done = true;
	if (!source->http->ops->poll(source->http->self, ret_is_done, response, err)) {
		s->is_asking = false;
		*ret_is_done = true;
		return err_in(err, "fetching the schedule");
	}
	if (!*ret_is_done)
		return true;
	s->is_asking = false;
	bool ok =
	    judge_answer(s, source, response, now, ret_is_same, text, ret_etag, ret_etag_n, err);
	buf_wipe(&response->body);
	return ok;
}

/* *ret_is_done false: asked, and the answer has not come. */
static bool look(struct schedule_store *s, const struct schedule_source *source, struct wall now,
		 bool *ret_is_done, bool *ret_is_changed, struct err *err)
{
	const struct schedule_policy *p = source->policy;
	const struct files_port *files = source->how->files;
	auto_buf struct buf text = {.max = 2 * CONF_BYTES_MAX};
	auto_schedule_heap struct schedule *next = calloc(1, sizeof(*next));
	char etag[sizeof(s->etag)] = "";
	bool is_same = false, is_changed = false;
	*ret_is_done = true;
	if (!next)
		return err_set(err, ERR_MEMORY, "no memory for a schedule");
	if (p->file[0]) {
		if (!files->ops->read_text(files->self, p->file, CONF_BYTES_MAX, &text, NULL, err))
			return err_in(err, "reading the schedule");
	} else {
		if (!s->is_asking && !ask_url(s, source, err))
			return false;
		s->is_asking = true;
		if (!take_answer(s, source, now, ret_is_done, &is_same, &text, etag, sizeof(etag),
				 err))
			return false;
		if (!*ret_is_done)
			return true;
	}
	if (!is_same) {
		if (!accept(source, buf_str(&text), now, next, err) ||
		    !take_over(s, source, next, &is_changed, err))
			return false;
		memcpy(s->etag, etag, sizeof(etag));
	}
	s->confirmed_at = now;
	*ret_is_changed = is_changed;
	return true;
}

/* A poll less up to a tenth, another each time and on each host. */
static int64_t spread(const struct schedule_source *source, struct wall now)
{
	int64_t poll_us = source->policy->poll_us;
	if (source->seed == 0)
		return poll_us;
	return poll_us - (int64_t)(hash64(STR("schedule"), source->seed ^ (uint64_t)now.us) %
				   (uint64_t)(poll_us / 10 + 1));
}

bool schedule_look(struct schedule_store *s, const struct schedule_source *source, struct wall now,
		   struct schedule_news *ret, struct err *err)
{
	bool ok = true;
	int64_t poll_us = source->policy->poll_us;
	struct schedule_news news = {.has_looked = false};
	/* A time too far ahead was set by a clock that has jumped since. */
	bool is_time =
	    now.us >= s->look_at.us || s->look_at.us - now.us > MAX(RETRY_HIGH_US, poll_us);
	if (s->is_asking || is_time) {
		if (!s->is_asking)
			s->look_at = wall_add(now, spread(source, now));
		ok = look(s, source, now, &news.has_looked, &news.is_changed, err);
		if (!ok)
			err_subject(err, source->policy->file[0] ? source->policy->file
								 : source->policy->url);
	}
	news.serial = s->current.serial;
	news.is_listed = s->current.serial && lists_all(&s->current, source);
	news.age_us = s->confirmed_at.us ? MAX(now.us - s->confirmed_at.us, (int64_t)0) : -1;
	news.next = s->is_asking ? wall_add(now, ASK_AGAIN_US) : s->look_at;
	*ret = news;
	return ok;
}
