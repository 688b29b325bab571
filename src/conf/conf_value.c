/* SPDX-License-Identifier: Apache-2.0 */
/* Values: strict about units, character sets and lengths, so that nothing behind needs to doubt
 * them (a value may end in a header, a log line or a hook's environment). */
#include "conf/conf_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf_parse.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool conf_is_name(struct str text)
{
	if (text.n == 0 || text.p[0] == '.' || text.p[0] == '-')
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!is_alnum(text.p[i]) && text.p[i] != '.' && text.p[i] != '_' &&
		    text.p[i] != '-')
			return false;
	return true;
}

bool conf_is_host(struct str text, bool wildcard)
{
	if (text.n == 0 || text.n >= HOST_BYTES_MAX || text.p[0] == '-')
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!is_alnum(text.p[i]) && !memchr("._-:[]", text.p[i], 6) &&
		    !(wildcard && (text.p[i] == '*' || text.p[i] == '?')))
			return false;
	return true;
}

/* Printable: no control character, no byte of a broken or bidirectional trick. The YAML is UTF-8
 * already. */
static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7f)
			return false;
		if (c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0)
			return false; /* U+0080 to U+009F */
		if (c == 0xe2 && i + 2 < text.n && (unsigned char)text.p[i + 1] == 0x80 &&
		    (unsigned char)text.p[i + 2] >= 0xa8 && (unsigned char)text.p[i + 2] <= 0xae)
			return false; /* U+2028, U+2029, bidirectional overrides */
	}
	return true;
}

static bool bad(struct err *err, const struct conf_row *row, struct str text)
{
	auto_buf struct buf allowed = {0};
	conf_allowed_print(row, &allowed);
	return err_set(err, ERR_INVALID, "'%.*s' is no %s; allowed: %s",
		       (int)MIN(text.n, (size_t)64), text.p, conf_type_name(row->type),
		       buf_z(&allowed));
}

static bool copy(const struct conf_row *row, struct str text, char *out, size_t out_n,
		 struct err *err)
{
	if (text.n >= out_n)
		return err_set(err, ERR_LIMIT, "%s is too long: %zu bytes, at most %zu",
			       conf_type_name(row->type), text.n, out_n - 1);
	return copy_str(out, out_n, text) || bad(err, row, text);
}

static bool path_parse(const struct conf_row *row, struct str text, const char *directory,
		       char *out, size_t out_n, struct err *err)
{
	auto_buf struct buf path = {.max = PATH_BYTES_MAX};
	if (!is_printable(text) || text.n == 0)
		return bad(err, row, (struct str){.p = "", .n = 0});
	if (text.p[0] == '~' || memchr(text.p, '$', text.n))
		return err_set(err, ERR_INVALID,
			       "'%.*s': neither ~ nor $ is expanded; write the whole path",
			       (int)MIN(text.n, (size_t)64), text.p);
	if (text.p[0] != '/')
		buf_addf(&path, "%s/", directory[0] ? directory : ".");
	buf_add(&path, text.p, text.n);
	if (!buf_ok(&path, err))
		return false;
	return copy(row, buf_str(&path), out, out_n, err);
}

static bool url_parse(const struct conf_row *row, struct str text, char *out, size_t out_n,
		      struct err *err)
{
	struct str rest = text, scheme_https = STR("https://"), scheme_http = STR("http://");
	if (str_starts(text, scheme_https)) {
		rest.p += scheme_https.n;
		rest.n -= scheme_https.n;
	} else if (str_starts(text, scheme_http)) {
		rest.p += scheme_http.n;
		rest.n -= scheme_http.n;
	} else {
		return err_set(err, ERR_INVALID, "a URL must begin with https://");
	}
	size_t host_n = 0;
	while (host_n < rest.n && !memchr("/?#", rest.p[host_n], 3))
		host_n++;
	struct str host = {.p = rest.p, .n = host_n};
	if (memchr(host.p, '@', host.n)) /* never echoed: it may hold a password */
		return err_set(err, ERR_INVALID,
			       "a URL may not hold a user or password; give the secret as "
			       "credential:NAME or file:PATH in the key made for it");
	if (!conf_is_host(host, false))
		return err_set(err, ERR_INVALID, "the URL has no good host name");
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= 0x20 || (unsigned char)text.p[i] >= 0x7f ||
		    memchr("\"<>\\^`{|}", text.p[i], 9))
			return err_set(err, ERR_INVALID,
				       "the URL holds a character that must be written as %%XX");
	return copy(row, text, out, out_n, err);
}

static bool word_index(const char *words, struct str text, int *ret)
{
	struct str rest = str_of(words), word;
	for (int i = 0; str_cut(&rest, ' ', &word); i++)
		if (str_equal(word, text)) {
			*ret = i;
			return true;
		}
	return false;
}

static bool word_bad(const struct conf_row *row, struct str text, struct err *err)
{
	struct str near = {.n = 0};
	auto_buf struct buf allowed = {0};
	conf_allowed_print(row, &allowed);
	if (conf_nearest(text, row->words, &near))
		return err_set(err, ERR_INVALID,
			       "'%.*s' is not known; did you mean '%.*s'? "
			       "allowed: %s",
			       (int)MIN(text.n, (size_t)64), text.p, (int)near.n, near.p,
			       buf_z(&allowed));
	return err_set(err, ERR_INVALID, "'%.*s' is not known; allowed: %s",
		       (int)MIN(text.n, (size_t)64), text.p, buf_z(&allowed));
}

bool conf_bool_parse(struct str text, bool *ret, struct err *err)
{
	if (!str_equal_z(text, "true") && !str_equal_z(text, "false"))
		return err_set(err, ERR_INVALID, "'%.*s' is neither true nor false",
			       (int)MIN(text.n, (size_t)64), text.p);
	*ret = str_equal_z(text, "true");
	return true;
}

static bool number_parse(struct str text, int64_t max, int64_t *ret)
{
	int64_t v = 0;
	if (text.n == 0 || text.n > 12)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (text.p[i] - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

static bool out_of_bounds(const struct conf_row *row, struct str text, struct err *err)
{
	auto_buf struct buf allowed = {0};
	conf_allowed_print(row, &allowed);
	return err_set(err, ERR_INVALID, "%.*s is out of bounds; allowed: %s",
		       (int)MIN(text.n, (size_t)64), text.p, buf_z(&allowed));
}

static bool span_value(const struct conf_row *row, struct str text, int64_t *ret, struct err *err)
{
	struct str rest = str_of(row->words), pair, word;
	int64_t us;
	bool zero_word = false;
	while (row->words && str_cut(&rest, ' ', &pair)) {
		if (!str_cut(&pair, '=', &word))
			continue;
		zero_word = zero_word || str_equal_z(pair, "0");
		if (str_equal(word, text)) {
			*ret = str_equal_z(pair, "-1") ? -1 : 0;
			return true;
		}
	}
	if (!span_parse(text, &us, err))
		return false;
	if (!(us == 0 && zero_word) && (us < row->low || us > row->high))
		return out_of_bounds(row, text, err);
	*ret = us;
	return true;
}

static bool percent_parse(const struct conf_row *row, struct str text, unsigned *ret,
			  struct err *err)
{
	int64_t whole, part = 0;
	struct str number = text, left;
	if (text.n < 2 || text.p[text.n - 1] != '%')
		return err_set(err, ERR_INVALID, "'%.*s' is no percentage; write for instance 67%%",
			       (int)MIN(text.n, (size_t)64), text.p);
	number.n--;
	const char *dot = memchr(number.p, '.', number.n);
	left = dot ? (struct str){.p = number.p, .n = (size_t)(dot - number.p)} : number;
	struct str right = {.p = left.p + left.n + 1, .n = dot ? number.n - left.n - 1 : 0};
	if (!number_parse(left, 100, &whole) ||
	    (dot && (right.n > 2 || !number_parse(right, 99, &part))))
		return bad(err, row, text);
	int64_t ppm = whole * 10000 + part * (right.n == 1 ? 1000 : 100);
	if (ppm < row->low || ppm > row->high)
		return out_of_bounds(row, text, err);
	*ret = (unsigned)ppm;
	return true;
}

bool conf_day_parse(struct str text, int64_t *ret, struct err *err)
{
	int64_t year = 0, month = 0, day = 0, y = 0;
	int m = 0, d = 0;
	bool ok = text.n == 10 && text.p[4] == '-' && text.p[7] == '-' &&
		  number_parse((struct str){.p = text.p, .n = 4}, 9999, &year) &&
		  number_parse((struct str){.p = text.p + 5, .n = 2}, 12, &month) &&
		  number_parse((struct str){.p = text.p + 8, .n = 2}, 31, &day) && month > 0 &&
		  day > 0 && year >= 1970;
	int64_t days = ok ? days_from_civil(year, (int)month, (int)day) : 0;
	civil_from_days(days, &y, &m, &d); /* 30 February comes back as March */
	if (!ok || y != year || m != month || d != day)
		return err_set(err, ERR_INVALID,
			       "'%.*s' is no date; write year-month-day as in 2026-12-20",
			       (int)MIN(text.n, (size_t)40), text.p);
	*ret = days;
	return true;
}

static bool when_parse(struct str text, struct wall *ret, struct err *err)
{
	int64_t day;
	if (text.n > 10)
		return wall_parse_utc(text, ret, err);
	if (!conf_day_parse(text, &day, err))
		return false;
	ret->us = day * US_DAY;
	return true;
}

static bool clock_parse(const struct conf_row *row, struct str text, int *ret, struct err *err)
{
	int64_t hour, minute;
	struct str rest = text, part;
	if (!str_cut(&rest, ':', &part) || part.n > 2 || rest.n != 2 ||
	    !number_parse(part, 23, &hour) || !number_parse(rest, 59, &minute))
		return bad(err, row, text);
	*ret = (int)(hour * 3600 + minute * 60);
	return true;
}

static bool day_bits(struct str text, unsigned *ret)
{
	static const struct {
		const char *word;
		unsigned bits;
	} groups[] = {{"daily", 0x7f}, {"weekdays", 0x3e}, {"weekend", 0x41}};
	for (int k = 0; k < 7; k++)
		if (str_equal_z(text, weekday_name(k))) {
			*ret |= 1u << k;
			return true;
		}
	for (size_t k = 0; k < ARRAY_N(groups); k++)
		if (str_equal_z(text, groups[k].word)) {
			*ret |= groups[k].bits;
			return true;
		}
	return false;
}

static bool credential_parse(const struct conf_row *row, struct str text,
			     const struct conf_value_context *context, struct credential_ref *ret,
			     struct err *err)
{
	struct str credential = STR("credential:"), file = STR("file:");
	if (str_starts(text, credential)) {
		struct str name = {.p = text.p + credential.n, .n = text.n - credential.n};
		if (!conf_is_name(name))
			return err_set(err, ERR_INVALID,
				       "behind credential: stands a name of letters, digits, '.', "
				       "'_' and '-'");
		ret->from = CREDENTIAL_SYSTEMD;
		return copy(row, name, ret->name, sizeof(ret->name), err);
	}
	if (str_starts(text, file)) {
		struct str path = {.p = text.p + file.n, .n = text.n - file.n};
		ret->from = CREDENTIAL_FILE;
		return path_parse(row, path, context->directory, ret->name, sizeof(ret->name), err);
	}
	/* Whatever stands there is not repeated: it may be the secret. */
	return err_set(err, ERR_INVALID,
		       "a secret never stands in this file: write credential:NAME for systemd's "
		       "LoadCredential=NAME:..., or file:PATH of a file with mode 0600");
}

static bool key_type_parse(const struct conf_row *row, struct str text,
			   struct certificates_policy *p, struct err *err)
{
	static const struct {
		enum cert_key key;
		unsigned bits;
	} kinds[] = {{CERT_KEY_UNKNOWN, 0}, {CERT_KEY_RSA, 2048}, {CERT_KEY_RSA, 3072},
		     {CERT_KEY_RSA, 4096},  {CERT_KEY_P256, 0},   {CERT_KEY_P384, 0},
		     {CERT_KEY_ED25519, 0}};
	char small[16] = "";
	int i;
	for (size_t k = 0; k < text.n && k + 1 < sizeof(small); k++)
		small[k] = lower(text.p[k]); /* P-256 as well as p-256 */
	if (text.n >= sizeof(small) || !word_index(row->words, str_of(small), &i))
		return word_bad(row, text, err);
	ASSERT((size_t)i < ARRAY_N(kinds));
	p->is_key_same = i == 0;
	p->key_type = kinds[i].key;
	p->key_bits = kinds[i].bits;
	return true;
}

static bool is_unit_name(struct str text)
{
	const char *dot = NULL;
	for (size_t i = 0; i < text.n; i++) {
		if (!is_alnum(text.p[i]) && !memchr(":-_.\\@", text.p[i], 6))
			return false;
		if (text.p[i] == '.')
			dot = text.p + i;
	}
	return dot && text.n < 256 && text.p[0] != '-' &&
	       str_equal_z((struct str){.p = dot, .n = (size_t)(text.p + text.n - dot)},
			   ".service");
}

static bool restart_parse(const struct conf_row *row, struct str text,
			  const struct conf_value_context *context, struct instance_policy *i,
			  struct err *err)
{
	if (i->restart_how != RESTART_NONE)
		return err_set(err, ERR_INVALID,
			       "only one way to restart: unit, job or hook, not two of them");
	i->restart_how = (enum restart_how)row->word_first;
	if (i->restart_how == RESTART_HOOK)
		return path_parse(row, text, context->directory, i->restart_name,
				  sizeof(i->restart_name), err);
	if (!is_unit_name(text))
		return err_set(err, ERR_INVALID,
			       "'%.*s' is no unit; write for instance mongod.service",
			       (int)MIN(text.n, (size_t)64), text.p);
	return copy(row, text, i->restart_name, sizeof(i->restart_name), err);
}

static bool scalar_parse(const struct conf_row *row, struct str text,
			 const struct conf_value_context *context, void *base, struct err *err)
{
	void *at = (char *)base + row->offset;
	int i = 0;
	int64_t number = 0;
	switch (row->type) {
	case CONF_TEXT:
		return is_printable(text) ? copy(row, text, at, row->size, err)
					  : bad(err, row, (struct str){.p = "", .n = 0});
	case CONF_NAME:
		if (row->words && !word_index(row->words, text, &i))
			return word_bad(row, text, err);
		return conf_is_name(text) ? copy(row, text, at, row->size, err)
					  : bad(err, row, text);
	case CONF_HOST:
		return conf_is_host(text, false) ? copy(row, text, at, row->size, err)
						 : bad(err, row, text);
	case CONF_PATH:
		return path_parse(row, text, context->directory, at, row->size, err);
	case CONF_URL:
		return url_parse(row, text, at, row->size, err);
	case CONF_WORD:
		if (!word_index(row->words, text, &i))
			return word_bad(row, text, err);
		*(int *)at = i + row->word_first;
		return true;
	case CONF_FLAG_WORD:
		if (!word_index(row->words, text, &i))
			return word_bad(row, text, err);
		*(bool *)at = true;
		return true;
	case CONF_BOOL:
		return conf_bool_parse(text, at, err);
	case CONF_NUMBER:
		if (row->words && str_equal_z(text, row->words)) {
			*(unsigned *)at = (unsigned)row->high;
			return true;
		}
		if (!number_parse(text, INT64_MAX, &number))
			return bad(err, row, text);
		if (number < row->low || number > row->high)
			return out_of_bounds(row, text, err);
		*(unsigned *)at = (unsigned)number;
		return true;
	case CONF_SPAN:
		return span_value(row, text, at, err);
	case CONF_PERCENT:
		return percent_parse(row, text, at, err);
	case CONF_WHEN:
		return when_parse(text, at, err);
	case CONF_DAY:
		return conf_day_parse(text, at, err);
	case CONF_CLOCK:
		return clock_parse(row, text, at, err);
	case CONF_DAYS:
		*(unsigned *)at = 0;
		return day_bits(text, at) || bad(err, row, text);
	case CONF_ZONE:
		if (text.n >= ZONE_NAME_BYTES)
			return bad(err, row, text);
		return copy(row, text, ((struct zone *)at)->name, ZONE_NAME_BYTES, err);
	case CONF_ZONE_REF:
		if (text.n == 0 || text.n >= ZONE_NAME_BYTES)
			return bad(err, row, text);
		i = conf_zone_intern(context->policy, text);
		if (i < 0)
			return err_set(err, ERR_LIMIT, "more than %d time zones", ZONES_MAX);
		*(unsigned *)at = (unsigned)i;
		return true;
	case CONF_CREDENTIAL:
		return credential_parse(row, text, context, at, err);
	case CONF_KEY_TYPE:
		return key_type_parse(row, text, &context->policy->certificates, err);
	case CONF_RESTART:
		return restart_parse(row, text, context, base, err);
	case CONF_RELOAD_HOOK:
		((struct instance_policy *)base)->reload_how = RELOAD_HOOK;
		return path_parse(row, text, context->directory, at, row->size, err);
	case CONF_HOSTS:
	case CONF_PATH_MAP:
	case CONF_HEADERS:
	case CONF_TYPE_N:
		break;
	}
	ASSERT(row->type != CONF_TYPE_N);
	return bad(err, row, text);
}

static bool hosts_parse(const struct conf_row *row, const struct yaml_node *node, void *base,
			struct err *err)
{
	char(*hosts)[HOST_BYTES_MAX] = (void *)((char *)base + row->offset);
	unsigned n = 0;
	const struct yaml_node *item = node->kind == YAML_IS_LIST ? node->first : node;
	for (; item; item = node->kind == YAML_IS_LIST ? item->next : NULL) {
		if (item->kind != YAML_IS_SCALAR || !conf_is_host(item->text, row->low == 1)) {
			err->line = item->line;
			err->column = item->column;
			return bad(err, row,
				   item->kind == YAML_IS_SCALAR ? item->text
								: STR("a list or map"));
		}
		if (n >= (unsigned)row->high)
			return err_set(err, ERR_LIMIT, "more than %" PRId64 " hosts", row->high);
		if (!copy(row, item->text, hosts[n], HOST_BYTES_MAX, err))
			return false;
		for (unsigned i = 0; i < n; i++)
			if (strcmp(hosts[i], hosts[n]) == 0)
				return err_set(err, ERR_INVALID, "'%s' stands here twice",
					       hosts[n]);
		n++;
	}
	memcpy((char *)base + row->count_offset, &n, sizeof(n));
	return true;
}

static bool days_parse(const struct conf_row *row, const struct yaml_node *node, void *base,
		       struct err *err)
{
	unsigned days = 0;
	for (const struct yaml_node *item = node->first; item; item = item->next)
		if (item->kind != YAML_IS_SCALAR || !day_bits(item->text, &days)) {
			err->line = item->line;
			err->column = item->column;
			return bad(err, row,
				   item->kind == YAML_IS_SCALAR ? item->text
								: STR("a list or map"));
		}
	if (days == 0)
		return err_set(err, ERR_INVALID, "an empty list of days never opens");
	*(unsigned *)((char *)base + row->offset) = days;
	return true;
}

static bool path_map_parse(const struct conf_row *row, const struct yaml_node *node,
			   struct instance_policy *i, struct err *err)
{
	unsigned n = 0;
	for (const struct yaml_node *item = node->first; item; item = item->next, n++) {
		if (n >= PATH_MAPS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d paths", PATH_MAPS_MAX);
		err->line = item->key_line;
		err->column = item->key_column;
		if (item->kind != YAML_IS_SCALAR || item->text.n == 0 || item->text.p[0] != '/' ||
		    item->key.p[0] != '/' || !is_printable(item->key))
			return bad(err, row, is_printable(item->key) ? item->key : STR(""));
		if (!path_parse(row, item->key, "", i->paths[n].from, sizeof(i->paths[n].from),
				err) ||
		    !path_parse(row, item->text, "", i->paths[n].to, sizeof(i->paths[n].to), err))
			return false;
	}
	i->paths_n = n;
	return true;
}

/* A header that carries a secret by its nature: its value would stand in this file. */
static bool is_secret_header(const char *name)
{
	static const char *const parts[] = {"authorization", "cookie",  "token", "secret",
					    "password",      "api-key", "apikey"};
	char small[64] = "";
	for (size_t i = 0; name[i] && i + 1 < sizeof(small); i++)
		small[i] = lower(name[i]);
	for (size_t i = 0; i < ARRAY_N(parts); i++)
		if (strstr(small, parts[i]))
			return true;
	return false;
}

static bool headers_parse(const struct conf_row *row, const struct yaml_node *node,
			  struct alert_policy *a, struct err *err)
{
	unsigned n = 0;
	for (const struct yaml_node *item = node->first; item; item = item->next, n++) {
		if (n >= ALERT_HEADERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d headers", ALERT_HEADERS_MAX);
		err->line = item->key_line;
		err->column = item->key_column;
		if (!conf_is_name(item->key) || item->kind != YAML_IS_SCALAR)
			return bad(err, row, is_printable(item->key) ? item->key : STR(""));
		if (!copy(row, item->key, a->headers[n].name, sizeof(a->headers[n].name), err))
			return false;
		if (is_secret_header(a->headers[n].name))
			return err_set(err, ERR_INVALID,
				       "header '%s' would hold a secret, and a secret never stands "
				       "in this file; use `secret`, which signs the body",
				       a->headers[n].name);
		if (!is_printable(item->text))
			return err_set(err, ERR_INVALID,
				       "the value of header '%s' holds a control character",
				       a->headers[n].name);
		if (!copy(row, item->text, a->headers[n].value, sizeof(a->headers[n].value), err))
			return false;
	}
	a->headers_n = n;
	return true;
}

bool conf_value_parse(const struct conf_row *row, const struct yaml_node *node,
		      const struct conf_value_context *context, void *base, struct err *err)
{
	err->line = node->line;
	err->column = node->column;
	if (row->type == CONF_HOSTS && node->kind != YAML_IS_MAP &&
	    !(node->kind == YAML_IS_SCALAR && node->text.n == 0))
		return hosts_parse(row, node, base, err);
	if (row->type == CONF_DAYS && node->kind == YAML_IS_LIST)
		return days_parse(row, node, base, err);
	if (row->type == CONF_PATH_MAP && node->kind == YAML_IS_MAP)
		return path_map_parse(row, node, base, err);
	if (row->type == CONF_HEADERS && node->kind == YAML_IS_MAP)
		return headers_parse(row, node, base, err);
	if (node->kind != YAML_IS_SCALAR || row->type == CONF_PATH_MAP ||
	    row->type == CONF_HEADERS) {
		auto_buf struct buf allowed = {0};
		conf_allowed_print(row, &allowed);
		return err_set(err, ERR_INVALID, "%s cannot stand here; allowed: %s",
			       node->kind == YAML_IS_MAP    ? "a map"
			       : node->kind == YAML_IS_LIST ? "a list"
							    : "a single value",
			       buf_z(&allowed));
	}
	if (node->text.n == 0) {
		auto_buf struct buf allowed = {0};
		conf_allowed_print(row, &allowed);
		return err_set(err, ERR_INVALID, "no value; allowed: %s", buf_z(&allowed));
	}
	return scalar_parse(row, node->text, context, base, err);
}
