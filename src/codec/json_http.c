/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of requests and answers by name. What they mean is for net/ and for who asks. */
#include "codec/json_http.h"

#include <string.h>

#include "codec/base64.h"
#include "codec/json_strict.h"

static bool no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for an HTTP message");
}

static bool put(json_t *object, const char *key, json_t *value, struct err *err)
{
	return json_object_set_new(object, key, value) == 0 || no_memory(err);
}

/* NULL is left out. */
static bool put_text(json_t *object, const char *key, const char *z, struct err *err)
{
	if (!z)
		return true;
	json_t *value = json_string(z);
	if (!value)
		return err_set(err, ERR_INVALID, "the field \"%s\" is no UTF-8", key);
	return put(object, key, value, err);
}

static bool put_bytes(json_t *object, const char *key, struct str bytes, struct err *err)
{
	auto_wiped_buf struct buf text = {.max = BASE64_SIZE(HTTP_BODY_BYTES_MAX)};
	base64_add(&text, bytes.p, bytes.n);
	if (!buf_ok(&text, err))
		return false;
	return put(object, key, json_stringn_nocheck(buf_z(&text), text.n), err);
}

static bool put_headers(json_t *object, const struct http_header *h, unsigned n, struct err *err)
{
	AUTO(json_t) list = json_array();
	for (unsigned i = 0; list && i < n; i++) {
		json_t *pair = json_pack("[s,s]", h[i].name, h[i].value);
		if (!pair)
			return err_set(err, ERR_INVALID, "a header is no UTF-8");
		if (json_array_append_new(list, pair) != 0)
			return no_memory(err);
	}
	return put(object, "headers", take(&list), err);
}

static bool wrong(struct err *err, const char *key)
{
	return err_set(err, ERR_PROTOCOL, "the field \"%s\" of an HTTP message is wrong", key);
}

static bool get_bytes(const json_t *object, const char *key, size_t max, struct buf *ret,
		      struct err *err)
{
	struct str text = json_str(object, key);
	size_t n = 0;
	struct err why = ERR_INIT;

	if (!text.n)
		return true;
	if (text.n > BASE64_SIZE(max))
		return err_set(err, ERR_LIMIT, "a body of more than %zu bytes", max);
	/* The room first, then the bytes into it: nothing of them stays elsewhere. */
	struct buf out = {.max = text.n};
	buf_add(&out, text.p, text.n);
	if (!buf_ok(&out, err))
		return false;
	if (!base64_parse(text, out.p, max, &n, &why)) {
		buf_wipe(&out);
		return wrong(err, key);
	}
	out.n = n;
	out.p[n] = '\0';
	*ret = out;
	return true;
}

static bool get_headers(const json_t *object, struct http_header *h, unsigned *ret_n,
			struct err *err)
{
	const json_t *list = json_object_get(object, "headers");
	size_t n = json_array_size(list);

	if (n > HTTP_HEADERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d headers", HTTP_HEADERS_MAX);
	for (size_t i = 0; i < n; i++) {
		const json_t *pair = json_array_get(list, i);
		const char *name = json_string_value(json_array_get(pair, 0));
		const char *value = json_string_value(json_array_get(pair, 1));
		if (!name || !value || !copy_z(h[i].name, sizeof(h[i].name), name) ||
		    !copy_z(h[i].value, sizeof(h[i].value), value))
			return wrong(err, "headers");
	}
	*ret_n = (unsigned)n;
	return true;
}

void http_request_fini(struct http_request_held *r)
{
	wipe(r->request.headers, sizeof(r->request.headers));
	buf_wipe(&r->body);
}

bool json_http_request_print(const struct http_request *r, json_t **ret, struct err *err)
{
	AUTO(json_t) o = json_object();
	if (!o)
		return no_memory(err);
	if (!put_text(o, "op", "http", err) || !put_text(o, "method", r->method, err) ||
	    !put_text(o, "url", r->url, err) || !put_headers(o, r->headers, r->headers_n, err) ||
	    !put_bytes(o, "body", r->body, err) || !put_text(o, "caFile", r->ca_file, err) ||
	    !put_text(o, "clientPem", r->client_pem, err) ||
	    !put_text(o, "unixSocket", r->unix_socket, err) ||
	    !put(o, "allowPlain", json_boolean(r->allow_plain), err) ||
	    !put(o, "timeoutUs", json_integer(r->timeout_us), err) ||
	    !put(o, "bodyMax", json_integer((json_int_t)r->body_max), err))
		return false;
	*ret = take(&o);
	return true;
}

bool json_http_request_parse(const json_t *o, struct http_request_held *ret, struct err *err)
{
	struct http_request_held held = {0};
	struct http_request *r = &held.request;
	int64_t body_max = json_int(o, "bodyMax");

	r->method = json_str(o, "method").p;
	r->url = json_str(o, "url").p;
	r->ca_file = json_str(o, "caFile").p;
	r->client_pem = json_str(o, "clientPem").p;
	r->unix_socket = json_str(o, "unixSocket").p;
	r->allow_plain = json_is_true(json_object_get(o, "allowPlain"));
	r->timeout_us = json_int(o, "timeoutUs");
	if (!r->method || !r->url)
		return wrong(err, r->method ? "url" : "method");
	if (body_max < 0)
		return wrong(err, "bodyMax");
	r->body_max = (size_t)body_max;
	if (!get_headers(o, r->headers, &r->headers_n, err) ||
	    !get_bytes(o, "body", HTTP_BODY_BYTES_MAX, &held.body, err)) {
		http_request_fini(&held);
		return false;
	}
	r->body = buf_str(&held.body);
	*ret = held;
	wipe(r->headers, sizeof(r->headers));
	return true;
}

bool json_http_response_print(const struct http_response *r, json_t *reply, struct err *err)
{
	return put(reply, "status", json_integer(r->status), err) &&
	       put_headers(reply, r->headers, r->headers_n, err) &&
	       put_bytes(reply, "body", buf_str(&r->body), err);
}

bool json_http_response_parse(const json_t *reply, struct http_response *ret, struct err *err)
{
	struct http_response r = {0};
	int64_t status = json_int(reply, "status");

	if (status < 100 || status > 599)
		return wrong(err, "status");
	r.status = (int)status;
	if (!get_headers(reply, r.headers, &r.headers_n, err) ||
	    !get_bytes(reply, "body", HTTP_BODY_BYTES_MAX, &r.body, err))
		return false;
	*ret = r;
	return true;
}
