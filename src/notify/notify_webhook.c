/* SPDX-License-Identifier: Apache-2.0 */
/* What is posted, how it is signed, and what an answer means. When to try again is for notify.c. */
#include "notify/notify_webhook.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/json_strict.h"

#define WEBHOOK_TIMEOUT_US (10 * US_S)
enum { ANSWER_BYTES_MAX = 64 * 1024 }; /* nobody reads it; a longer one is a wrong URL */

/* ---- the signature ---- */

static bool sign_one(struct str secret, const struct buf *content, char *out, size_t out_n,
		     struct err *err)
{
	unsigned char key[WEBHOOK_SECRET_BYTES_MAX], mac[SHA256_BYTES];
	struct err why = ERR_INIT;
	size_t key_n = 0;

	if (!str_starts(secret, STR("whsec_")))
		return err_set(err, ERR_INVALID, "a webhook secret must begin with \"whsec_\"");
	struct str text = {.p = secret.p + 6, .n = secret.n - 6};
	if (!base64_parse(text, key, sizeof(key), &key_n, &why) ||
	    key_n < WEBHOOK_SECRET_BYTES_MIN) {
		wipe(key, sizeof(key));
		return err_set(err, ERR_INVALID,
			       "a webhook secret must be \"whsec_\" and base64 of %d to %d bytes",
			       WEBHOOK_SECRET_BYTES_MIN, WEBHOOK_SECRET_BYTES_MAX);
	}
	bool ok = hmac_sha256((struct str){.p = (const char *)key, .n = key_n}, buf_str(content),
			      mac, err);
	wipe(key, sizeof(key));
	return ok && base64_print(mac, sizeof(mac), out, out_n, err);
}

bool webhook_sign(struct str secrets, const char *id, int64_t seconds, struct str body, char *out,
		  struct err *err)
{
	auto_buf struct buf content = {0};
	unsigned n = 0;
	char line[WEBHOOK_SIGNATURE_BYTES];
	size_t at = 0;

	buf_addf(&content, "%s.%" PRId64 ".", id, seconds);
	buf_add(&content, body.p, body.n);
	if (!buf_ok(&content, err))
		return false;
	for (struct str rest = str_trim(secrets); rest.n; rest = str_trim(rest)) {
		struct str one = rest;
		one.n = 0;
		while (one.n < rest.n && !strchr(" \t\r\n", rest.p[one.n]))
			one.n++;
		rest.p += one.n;
		rest.n -= one.n;
		if (n == WEBHOOK_SECRETS_MAX)
			return err_set(err, ERR_INVALID, "more than %d webhook secrets",
				       WEBHOOK_SECRETS_MAX);
		char mac[BASE64_SIZE(SHA256_BYTES)];
		if (!sign_one(one, &content, mac, sizeof(mac), err))
			return false;
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%sv1,%s", n ? " " : "", mac);
		ASSERT(at < sizeof(line));
		n++;
	}
	if (!n)
		return err_set(err, ERR_INVALID, "the webhook secret is empty");
	memcpy(out, line, at + 1);
	return true;
}

bool notify_webhook_check(const struct notify_target *t, struct err *err)
{
	char signature[WEBHOOK_SIGNATURE_BYTES];
	if (!t->policy->url[0])
		return err_set(err, ERR_INVALID, "the webhook has no url");
	if (!t->secret || !t->secret->n)
		return true; /* unsigned, by the operator's choice */
	return webhook_sign((struct str){.p = t->secret->p, .n = t->secret->n}, "msg_", 0,
			    (struct str){0}, signature, err);
}

/* ---- the body ---- */

static json_t *text(const char *z)
{
	return json_of_bytes(str_of(z));
}

bool event_body_print(const struct event *e, const char *host, struct buf *ret, struct err *err)
{
	char at[40], next[40], key[512], type[64], docs[64];

	wall_print_utc(e->at, at, sizeof(at));
	snprintf(type, sizeof(type), "rotad.%s", e->name);
	snprintf(docs, sizeof(docs), "rotactl explain %s", e->name);
	AUTO(json_t)
	data = json_pack(
	    "{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "event", text(e->name),
	    "severity", severity_name(e->severity), "cluster", text(e->cluster), "subject",
	    text(e->subject), "headline", text(e->headline), "what", text(e->what), "now",
	    text(e->now), "we_did", text(e->we_did), "you", text(e->you), "next",
	    e->next.us ? text(wall_print_utc(e->next, next, sizeof(next))) : json_null(), "key",
	    text(event_key(e, key, sizeof(key))), "host", text(host), "resolved",
	    (int)e->is_resolved, "docs", text(docs));
	AUTO(json_t)
	body = json_pack("{s:o,s:s,s:O}", "type", text(type), "timestamp", at, "data", data);
	if (!data || !body)
		return err_set(err, ERR_MEMORY, "no memory for an alert");
	json_print(body, ret);
	return buf_ok(ret, err);
}

/* ---- the request ---- */

static bool header_add(struct http_request *r, const char *name, const char *value, struct err *err)
{
	if (r->headers_n == HTTP_HEADERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d headers", HTTP_HEADERS_MAX);
	struct http_header *h = &r->headers[r->headers_n];
	if (!copy_z(h->name, sizeof(h->name), name) || !copy_z(h->value, sizeof(h->value), value))
		return err_set(err, ERR_LIMIT, "the header \"%.40s\" is too long", name);
	r->headers_n++;
	return true;
}

static const char *or_null(const char *z)
{
	return z[0] ? z : NULL;
}

bool notify_webhook_begin(struct notify_lane *lane, const struct notify_target *t,
			  const struct notify_message *m, struct err *err)
{
	const struct alert_policy *p = t->policy;
	struct http_request r = {.method = "POST",
				 .url = p->url,
				 .body = m->body,
				 .ca_file = or_null(p->ca_file),
				 .client_pem = or_null(p->client_pem),
				 .allow_plain = p->allows_plain,
				 .timeout_us = WEBHOOK_TIMEOUT_US,
				 .body_max = ANSWER_BYTES_MAX};
	char signature[WEBHOOK_SIGNATURE_BYTES], seconds[24];

	snprintf(seconds, sizeof(seconds), "%" PRId64, m->now.us / US_S);
	if (!header_add(&r, "content-type", "application/json", err) ||
	    !header_add(&r, "webhook-id", m->id, err) ||
	    !header_add(&r, "webhook-timestamp", seconds, err))
		return false;
	if (t->secret && t->secret->n) {
		if (!webhook_sign((struct str){.p = t->secret->p, .n = t->secret->n}, m->id,
				  m->now.us / US_S, m->body, signature, err) ||
		    !header_add(&r, "webhook-signature", signature, err))
			return false;
	}
	for (unsigned i = 0; i < p->headers_n; i++)
		if (!header_add(&r, p->headers[i].name, p->headers[i].value, err))
			return false;
	return lane->http.ops->begin(lane->http.self, &r, err);
}

/* ---- the answer ---- */

enum notify_verdict webhook_verdict(int status)
{
	static const struct {
		int from, to;
		enum notify_verdict verdict;
	} rows[] = {
	    /* the first row that fits */
	    {200, 299, NOTIFY_TAKEN},   {300, 399, NOTIFY_REFUSED}, /* never followed: the URL must
								       be mended */
	    {401, 405, NOTIFY_REFUSED}, /* who, where or how: the same for every message */
	    {407, 407, NOTIFY_REFUSED}, {408, 408, NOTIFY_AGAIN},   {410, 410, NOTIFY_GONE},
	    {421, 421, NOTIFY_AGAIN},   {425, 425, NOTIFY_AGAIN},   {429, 429, NOTIFY_AGAIN},
	    {400, 499, NOTIFY_BAD},     {501, 501, NOTIFY_REFUSED}, {500, 599, NOTIFY_AGAIN},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (status >= rows[i].from && status <= rows[i].to)
			return rows[i].verdict;
	return NOTIFY_AGAIN;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7; the two obsolete forms are not worth it). */
static bool http_date_parse(const char *z, struct wall *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4], zone[4], text_utc[40];
	unsigned day, year, hour, minute, second;
	int end = -1;
	struct err why = ERR_INIT;

	if (strlen(z) != 29 || sscanf(z, "%*3[A-Za-z], %2u %3[A-Za-z] %4u %2u:%2u:%2u %3[A-Z]%n",
				      &day, month, &year, &hour, &minute, &second, zone, &end) != 7)
		return false;
	const char *hit = strstr(months, month);
	if (end != 29 || strcmp(zone, "GMT") != 0 || !hit || (hit - months) % 3 != 0)
		return false;
	snprintf(text_utc, sizeof(text_utc), "%04u-%02u-%02uT%02u:%02u:%02uZ", year,
		 (unsigned)((hit - months) / 3 + 1), day, hour, minute, MIN(second, 59U));
	return wall_parse_utc(str_of(text_utc), ret, &why);
}

int64_t retry_after_us(const char *value, struct wall now)
{
	struct wall at;
	int64_t us = 0;
	size_t n = strspn(value, "0123456789");

	if (n && !value[n]) {
		for (size_t i = 0; i < n && us <= RETRY_AFTER_MAX_US; i++)
			us = us * 10 + (value[i] - '0') * US_S;
	} else if (http_date_parse(value, &at)) {
		us = at.us > now.us ? at.us - now.us : 0;
	}
	return MIN(us, RETRY_AFTER_MAX_US);
}

void notify_webhook_poll(struct notify_lane *lane, struct wall now, bool *ret_is_done,
			 struct notify_outcome *ret)
{
	struct http_response r = {0};
	struct err err = ERR_INIT;

	if (!lane->http.ops->poll(lane->http.self, ret_is_done, &r, &err)) {
		*ret_is_done = true;
		*ret = notify_outcome_of(&err);
		return;
	}
	if (!*ret_is_done)
		return;
	*ret = (struct notify_outcome){.verdict = webhook_verdict(r.status), .status = r.status};
	for (unsigned i = 0; i < r.headers_n; i++)
		if (strcmp(r.headers[i].name, "retry-after") == 0)
			ret->retry_after_us = retry_after_us(r.headers[i].value, now);
	if (ret->verdict != NOTIFY_TAKEN)
		snprintf(ret->why, sizeof(ret->why), "it answered with status %d%s", r.status,
			 r.status / 100 == 3 ? " (a redirect, which is never followed)" : "");
	buf_wipe(&r.body);
}
