/* SPDX-License-Identifier: Apache-2.0 */
/* CMS over text, the signer pinned. No chain and no time stamp: the operator names the very
 * certificate that signs, and a rising serial in the text orders what was signed. */
#include "codec/signed_text.h"

#include <limits.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/limits.h"
#include "codec/ossl.h"
#include "codec/pem.h"

#define BEGIN_LINE "# -----BEGIN CMS-----"
#define END_LINE "# -----END CMS-----"

static struct str without_cr(struct str line)
{
	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
		line.n--;
	return line;
}

bool signed_text_split(struct str text, struct signed_text *ret, struct err *err)
{
	struct str rest = text, line;
	const char *begin = NULL, *end = NULL;
	int line_i = 0;
	while (str_cut(&rest, '\n', &line)) {
		struct str s = without_cr(line);
		line_i++;
		err->line = line_i;
		if (end) {
			if (str_trim(line).n)
				return err_set(err, ERR_SYNTAX,
					       "text behind the signature, which nobody signed");
		} else if (str_equal_z(s, BEGIN_LINE)) {
			if (begin)
				return err_set(err, ERR_SYNTAX, "a second signature");
			begin = line.p;
		} else if (begin && str_equal_z(s, END_LINE)) {
			end = line.p + line.n;
		} else if (begin && !rest.p && s.n == 0) {
			break; /* behind the last newline */
		} else if (begin && (s.n < 2 || memcmp(s.p, "# ", 2) != 0)) {
			return err_set(err, ERR_SYNTAX,
				       "each line of the signature begins with '# '");
		}
	}
	if (begin && !end)
		return err_set(err, ERR_SYNTAX, "the signature has no END line");
	if (begin && end - begin > SIGNED_TEXT_SIGNATURE_MAX)
		return err_set(err, ERR_LIMIT, "the signature is longer than %d bytes",
			       SIGNED_TEXT_SIGNATURE_MAX);
	err->line = 0;
	ret->content = begin ? (struct str){.p = text.p, .n = (size_t)(begin - text.p)} : text;
	ret->signature = (struct str){.p = begin, .n = begin ? (size_t)(end - begin) : 0};
	return true;
}

static bool read_signature(struct str lines, CMS_ContentInfo **ret, struct err *err)
{
	auto_buf struct buf pem = {0};
	struct str line;
	while (str_cut(&lines, '\n', &line)) {
		struct str s = without_cr(line);
		if (s.n >= 2) {
			buf_add(&pem, s.p + 2, s.n - 2);
			buf_addc(&pem, '\n');
		}
	}
	if (!buf_ok(&pem, err))
		return false;
	AUTO(BIO) in = BIO_new_mem_buf(pem.p, (int)pem.n);
	*ret = in ? PEM_read_bio_CMS(in, NULL, NULL, NULL) : NULL;
	return *ret || openssl_err(err, ERR_SYNTAX, "the signature is no CMS");
}

static bool is_weak(const CMS_SignerInfo *info)
{
	X509_ALGOR *digest = NULL;
	/* The accessor takes no const, and only reads. */
	CMS_SignerInfo_get0_algs((CMS_SignerInfo *)(uintptr_t)info, NULL, NULL, &digest, NULL);
	const ASN1_OBJECT *name = NULL;
	if (digest)
		X509_ALGOR_get0(&name, NULL, NULL, digest);
	int nid = name ? OBJ_obj2nid(name) : NID_undef;
	return nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512;
}

bool signed_text_verify(const struct signed_text *text, struct str signers_pem, struct wall now,
			char *ret_signer, size_t ret_signer_n, struct err *err)
{
	AUTO(CMS_ContentInfo) cms = NULL;
	auto_pem struct pem_file pinned = {.certs_n = 0};
	AUTO(ossl_certs) certs = sk_X509_new_null();
	time_t now_s = now.us / US_S;
	if (text->signature.n == 0)
		return err_set(err, ERR_UNTRUSTED, "it is not signed, and a signer is configured");
	if (!pem_read(signers_pem, NULL, PEM_BUNDLE, &pinned, err))
		return err_in(err, "reading the signer's certificate");
	if (pinned.certs_n > SIGNERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d signers", SIGNERS_MAX);
	if (!read_signature(text->signature, &cms, err))
		return false;
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
	    sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) != 1)
		return err_set(err, ERR_CRYPTO, "the signature is not of exactly one signer");
	CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	X509 *signer = NULL;
	for (unsigned i = 0; i < pinned.certs_n; i++) {
		if (!certs || !sk_X509_push(certs, pinned.certs[i]))
			return err_set(err, ERR_MEMORY, "no memory for certificates");
		if (!signer && CMS_SignerInfo_cert_cmp(info, pinned.certs[i]) == 0)
			signer = pinned.certs[i];
	}
	if (!signer)
		return err_set(err, ERR_UNTRUSTED,
			       "it is signed by somebody else than the signer "
			       "configured");
	if (is_weak(info))
		return err_set(err, ERR_CRYPTO,
			       "the signature uses a weak digest; sign with "
			       "SHA-256");
	if (X509_cmp_time(X509_get0_notBefore(signer), &now_s) > 0 ||
	    X509_cmp_time(X509_get0_notAfter(signer), &now_s) < 0)
		return err_set(err, ERR_UNTRUSTED,
			       "the signer's certificate is out of its time; sign with a new one "
			       "and give it to the hosts");
	ASSERT(text->content.n <= INT_MAX);
	AUTO(BIO) content = BIO_new_mem_buf(text->content.p, (int)text->content.n);
	/* NOINTERN: only pinned certificates count, whatever the signature brings along. */
	if (!content || CMS_verify(cms, certs, NULL, content, NULL,
				   CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		return openssl_err(err, ERR_CRYPTO,
				   "the signature does not fit the text: it was "
				   "changed after it was signed");
	if (ret_signer)
		X509_NAME_oneline(X509_get_subject_name(signer), ret_signer, (int)ret_signer_n);
	return true;
}

bool signed_text_sign(struct str text, struct str signer_pem, const struct secret *key,
		      struct buf *out, struct err *err)
{
	struct signed_text parts;
	auto_pem struct pem_file signer = {.certs_n = 0};
	if (!signed_text_split(text, &parts, err))
		return false;
	if (!pem_read(signer_pem, NULL, PEM_BUNDLE, &signer, err))
		return err_in(err, "reading the signer's certificate");
	AUTO(EVP_PKEY) pkey = pem_read_key((struct str){.p = key->p, .n = key->n}, NULL, err);
	if (!pkey)
		return err_in(err, "reading the signer's key");
	if (X509_check_private_key(signer.certs[0], pkey) != 1)
		return openssl_err(err, ERR_CRYPTO,
				   "the signer's certificate and key do not match");
	/* The signature begins on a line of its own, and that newline is signed too. */
	auto_buf struct buf content = {0};
	buf_add(&content, parts.content.p, parts.content.n);
	if (content.n && content.p[content.n - 1] != '\n')
		buf_addc(&content, '\n');
	if (!buf_ok(&content, err))
		return false;
	AUTO(BIO) in = BIO_new_mem_buf(buf_z(&content), (int)content.n);
	AUTO(CMS_ContentInfo)
	cms = CMS_sign(NULL, NULL, NULL, in, CMS_BINARY | CMS_DETACHED | CMS_PARTIAL);
	if (!cms ||
	    !CMS_add1_signer(cms, signer.certs[0], pkey, EVP_sha256(),
			     CMS_BINARY | CMS_NOCERTS | CMS_NOSMIMECAP) ||
	    CMS_final(cms, in, NULL, CMS_BINARY | CMS_DETACHED) != 1)
		return openssl_err(err, ERR_CRYPTO, "signing");
	AUTO(BIO) pem = BIO_new(BIO_s_mem());
	char *p = NULL;
	if (!pem || PEM_write_bio_CMS(pem, cms) != 1)
		return openssl_err(err, ERR_CRYPTO, "writing the signature");
	long n = BIO_get_mem_data(pem, &p);
	struct str rest = {.p = p, .n = (size_t)n}, line;
	buf_add(out, buf_z(&content), content.n);
	while (str_cut(&rest, '\n', &line))
		if (line.n) {
			buf_adds(out, "# ");
			buf_add(out, line.p, line.n);
			buf_addc(out, '\n');
		}
	return buf_ok(out, err);
}
