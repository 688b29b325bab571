/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names: print, parse and the part that makes a member. Strings are compared as
 * UTF-8 bytes: mongod also normalises Unicode (RFC 4518), so where the two differ we refuse a
 * certificate that mongod would take, never the other way round. */
#include "codec/dn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "codec/openssl_err.h"

static void cleanup_openssl(unsigned char **p)
{
	OPENSSL_free(*p);
}
#define auto_openssl __attribute__((cleanup(cleanup_openssl)))

void dn_escape(struct buf *out, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		bool at_end = i + 1 == value.n;
		if (c < 0x20 || c >= 0x7f) {
			buf_addf(out, "\\%02X", c);
			continue;
		}
		if (strchr(",+\"\\<>;", c) || (i == 0 && (c == ' ' || c == '#')) ||
		    (at_end && c == ' '))
			buf_addc(out, '\\');
		buf_addc(out, (char)c);
	}
}

/* "OU=mongo" of one entry. */
static bool print_entry(const X509_NAME *name, int i, struct buf *out, struct err *err)
{
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(object);
	char oid[128];
	if (nid == NID_undef) {
		int n = OBJ_obj2txt(oid, sizeof(oid), object, 1);
		if (n < 0 || (size_t)n >= sizeof(oid))
			return err_set(err, ERR_LIMIT, "an attribute type of the name is too long");
	}
	auto_openssl unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (n < 0)
		return openssl_err(err, ERR_INVALID, "an attribute of the name is no text");
	buf_adds(out, nid == NID_undef ? oid : OBJ_nid2sn(nid));
	buf_addc(out, '=');
	dn_escape(out, (struct str){.p = (const char *)utf8, .n = (size_t)n});
	return true;
}

static bool count_fits(const X509_NAME *name, struct err *err)
{
	if (X509_NAME_entry_count(name) <= DN_ENTRIES_MAX)
		return true;
	return err_set(err, ERR_LIMIT, "the name has more than %d attributes", DN_ENTRIES_MAX);
}

static bool give(const struct buf *text, char out[DN_BYTES_MAX], struct err *err)
{
	if (!buf_ok(text, err))
		return false;
	if (text->n >= DN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the name is longer than %d bytes",
			       DN_BYTES_MAX - 1);
	return copy_z(out, DN_BYTES_MAX, buf_z(text));
}

bool dn_print(const X509_NAME *name, char out[DN_BYTES_MAX], struct err *err)
{
	auto_buf struct buf text = {.max = 16 * DN_BYTES_MAX};
	int set = -1;
	if (!count_fits(name, err))
		return false;
	for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
		int this_set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i));
		if (set >= 0)
			buf_addc(&text, this_set == set ? '+' : ',');
		set = this_set;
		if (!print_entry(name, i, &text, err))
			return false;
	}
	return give(&text, out, err);
}

static bool makes_a_member(const X509_NAME *name, int i)
{
	int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i)));
	return nid == NID_organizationName || nid == NID_organizationalUnitName ||
	       nid == NID_domainComponent;
}

bool dn_membership(const X509_NAME *name, char out[DN_BYTES_MAX], struct err *err)
{
	struct buf entries[DN_ENTRIES_MAX] = {0};
	unsigned n = 0;
	auto_buf struct buf text = {.max = 16 * DN_BYTES_MAX};
	bool ok = count_fits(name, err);
	for (int i = 0; ok && i < X509_NAME_entry_count(name); i++) {
		if (!makes_a_member(name, i))
			continue;
		struct buf entry = {.max = 16 * DN_BYTES_MAX};
		ok = print_entry(name, i, &entry, err) && buf_ok(&entry, err);
		unsigned at = n++; /* insertion sort: a handful of entries */
		while (at > 0 && strcmp(buf_z(&entries[at - 1]), buf_z(&entry)) > 0) {
			entries[at] = entries[at - 1];
			at--;
		}
		entries[at] = entry;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_addc(&text, ',');
		buf_adds(&text, buf_z(&entries[i]));
		buf_fini(&entries[i]);
	}
	return ok && give(&text, out, err);
}

/* One attribute of a text: its type, its unescaped value, and whether a '+' follows. */
struct dn_part {
	ASN1_OBJECT *type;
	struct buf value;
	bool is_joined; /* with the next part, in one RDN */
};

static bool syntax(struct err *err, struct str whole, const char *at, const char *what)
{
	err->column = (int)(at - whole.p) + 1;
	return err_set(err, ERR_SYNTAX, "name, character %d: %s", err->column, what);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_type(struct str type, struct str whole, ASN1_OBJECT **ret, struct err *err)
{
	char name[128], upper[128];
	if (!type.n || !copy_str(name, sizeof(name), type))
		return syntax(err, whole, type.p, "an attribute type (CN, O, OU, ...) is missing");
	for (size_t i = 0; i <= type.n; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	ASN1_OBJECT *object = OBJ_txt2obj(upper, 0);
	if (!object)
		object = OBJ_txt2obj(name, 0);
	if (!object) {
		(void)openssl_err(&(struct err){0}, ERR_SYNTAX, "unknown"); /* empties the queue */
		return syntax(err, whole, type.p, "an unknown attribute type");
	}
	*ret = object;
	return true;
}

/* The value up to an unescaped ',' ';' '+' or the end; *p is left there. */
static bool parse_value(const char **p, const char *end, struct str whole, struct buf *out,
			struct err *err)
{
	size_t kept = 0; /* length up to the last byte that is no bare trailing space */
	while (*p < end && **p == ' ')
		(*p)++;
	if (*p < end && **p == '#')
		return syntax(err, whole, *p, "values in hexadecimal form are not supported");
	while (*p < end && **p != ',' && **p != ';' && **p != '+') {
		char c = **p;
		if (c == '"' || c == '<' || c == '>')
			return syntax(err, whole, *p, "this character needs a \\ before it");
		if (c == '\\') {
			if (end - *p < 2)
				return syntax(err, whole, *p, "a \\ at the end");
			int high = hex_digit((*p)[1]);
			int low = end - *p > 2 ? hex_digit((*p)[2]) : -1;
			if (high >= 0 && low < 0)
				return syntax(err, whole, *p,
					      "a \\ and only one hexadecimal digit");
			if (high >= 0) {
				buf_addc(out, (char)(high * 16 + low));
				*p += 3;
			} else {
				buf_addc(out, (*p)[1]);
				*p += 2;
			}
			kept = out->n;
			continue;
		}
		buf_addc(out, c);
		if (c != ' ')
			kept = out->n;
		(*p)++;
	}
	if (!buf_ok(out, err))
		return false;
	if (out->p) {
		out->n = kept;
		out->p[kept] = '\0';
	}
	return true;
}

static bool parse_parts(struct str text, struct dn_part parts[DN_ENTRIES_MAX], unsigned *ret_n,
			struct err *err)
{
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		while (p < end && *p == ' ')
			p++;
		const char *equals = memchr(p, '=', (size_t)(end - p));
		if (!equals)
			return syntax(err, text, p, "'TYPE=value' expected");
		if (*ret_n == DN_ENTRIES_MAX)
			return err_set(err, ERR_LIMIT, "the name has more than %d attributes",
				       DN_ENTRIES_MAX);
		struct dn_part *part = &parts[(*ret_n)++];
		part->value.max = DN_BYTES_MAX;
		struct str type = str_trim((struct str){.p = p, .n = (size_t)(equals - p)});
		if (!parse_type(type, text, &part->type, err))
			return false;
		p = equals + 1;
		if (!parse_value(&p, end, text, &part->value, err))
			return false;
		if (p == end)
			return true;
		part->is_joined = *p++ == '+';
		if (p == end)
			return syntax(err, text, p - 1, "a separator at the end");
	}
	return true;
}

X509_NAME *dn_parse(struct str text, struct err *err)
{
	struct dn_part parts[DN_ENTRIES_MAX] = {0};
	unsigned n = 0;
	AUTO(X509_NAME) name = NULL;
	bool ok = text.n < DN_BYTES_MAX;
	if (!ok)
		(void)err_set(err, ERR_LIMIT, "the name is longer than %d bytes", DN_BYTES_MAX - 1);
	ok = ok && parse_parts(text, parts, &n, err);
	if (ok) {
		name = X509_NAME_new();
		ok = name || openssl_err(err, ERR_MEMORY, "making a name");
	}
	/* RFC 2253 writes the last RDN first. */
	for (unsigned i = n; ok && i > 0; i--) {
		const struct dn_part *part = &parts[i - 1];
		ok = X509_NAME_add_entry_by_OBJ(name, part->type, MBSTRING_UTF8,
						(const unsigned char *)buf_z(&part->value),
						(int)part->value.n, -1, part->is_joined ? -1 : 0) ||
		     openssl_err(err, ERR_SYNTAX, "attribute %u of the name is not valid", i);
	}
	for (unsigned i = 0; i < n; i++) {
		ASN1_OBJECT_free(parts[i].type);
		buf_fini(&parts[i].value);
	}
	return ok ? take(&name) : NULL;
}

bool dn_membership_of(const char *text, char out[DN_BYTES_MAX], struct err *err)
{
	AUTO(X509_NAME) name = dn_parse(str_of(text), err);
	return name && dn_membership(name, out, err);
}
