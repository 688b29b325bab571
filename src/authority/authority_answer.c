/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and words of authorities. */
#include "authority/authority_answer.h"

#include "base/cleanup.h"
#include "codec/pem.h"

static bool is_self_issued(X509 *c)
{
	return X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
}

bool answer_chain(struct str text, struct buf *ret, unsigned *ret_certs_n, struct err *err)
{
	auto_pem struct pem_file f = {0};
	auto_buf struct buf out = {.max = PEM_BYTES_MAX};
	struct err why = ERR_INIT;
	X509 *kept[CERTS_PER_PEM_MAX];
	unsigned kept_n = 0;

	if (!pem_read(text, NULL, PEM_CHAIN, &f, &why)) {
		if (why.kind == ERR_LIMIT || why.kind == ERR_MEMORY) {
			*err = why;
			return err_in(err, "reading the authority's certificates");
		}
		return err_set(err, ERR_PROTOCOL,
			       "the authority's answer holds no usable certificate: %s", why.text);
	}
	for (unsigned i = 0; i < f.certs_n; i++)
		if (i == 0 || !is_self_issued(f.certs[i]))
			kept[kept_n++] = f.certs[i];
	if (!pem_write_certs(kept, kept_n, &out, err) || !buf_ok(&out, err))
		return false;
	*ret = out;
	*ret_certs_n = kept_n;
	out = (struct buf){0};
	return true;
}

const char *answer_words(struct str text, char *out, size_t out_n)
{
	size_t n = 0;
	text = str_trim(text);
	for (size_t i = 0; i < text.n && n + 1 < out_n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		if (c == ' ' && n && out[n - 1] == ' ')
			continue;
		out[n++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	out[n] = '\0';
	return out;
}
