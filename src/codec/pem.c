/* SPDX-License-Identifier: Apache-2.0 */
/* PEM files. The blocks are found here, with bounds and line numbers; what is in them is decoded by
 * OpenSSL, block by block, so that nothing of one file is read twice or passed over in silence. */
#include "codec/pem.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "codec/openssl_err.h"

static const struct str begin_mark = {.p = "-----BEGIN ", .n = 11};
static const struct str end_mark = {.p = "-----END ", .n = 9};
static const struct str dashes = {.p = "-----", .n = 5};

static bool at_line(struct err *err, int line, enum err_kind kind, const char *what)
{
	err->line = line;
	return err_set(err, kind, "line %d: %s", line, what);
}

/* The label of a BEGIN or END line, or an empty str when it is none. */
static struct str label_of(struct str line, struct str mark)
{
	line = str_trim(line);
	if (!str_starts(line, mark) || line.n < mark.n + dashes.n)
		return (struct str){0};
	line.p += mark.n;
	line.n -= mark.n;
	if (memcmp(line.p + line.n - dashes.n, dashes.p, dashes.n) != 0)
		return (struct str){0};
	line.n -= dashes.n;
	return line;
}

static bool next_line(struct str *rest, int *line, struct str *ret)
{
	if (!rest->n || !str_cut(rest, '\n', ret))
		return false;
	if (!rest->p)
		*rest = (struct str){.p = ret->p + ret->n, .n = 0};
	(*line)++;
	return true;
}

bool pem_next(struct str *rest, int *line, struct pem_block *ret, struct err *err)
{
	struct str this_line, label = {0};
	const char *begin = NULL;
	int begin_line = 0;
	while (next_line(rest, line, &this_line)) {
		/* OpenSSL wants BEGIN at the start of its line. */
		struct str opened = str_starts(this_line, begin_mark)
					? label_of(this_line, begin_mark)
					: (struct str){0};
		if (opened.n && begin)
			return at_line(err, *line - 1, ERR_SYNTAX,
				       "a block begins before the one above has ended");
		if (opened.n) {
			label = opened;
			begin = this_line.p;
			begin_line = *line - 1;
			continue;
		}
		if (!begin || !str_starts(this_line, end_mark))
			continue;
		if (!str_equal(label_of(this_line, end_mark), label))
			return at_line(err, *line - 1, ERR_SYNTAX,
				       "this END does not belong to the block's BEGIN");
		*ret = (struct pem_block){
		    .label = label,
		    .text = {.p = begin, .n = (size_t)(this_line.p + this_line.n - begin)},
		    .line = begin_line};
		return true;
	}
	if (begin)
		return at_line(err, begin_line, ERR_SYNTAX,
			       "the block that begins here has no END line: is the file cut off?");
	err_clear(err); /* the end is told by a clean err, whatever the caller left in it */
	return false;
}

/* Never let OpenSSL ask on the terminal. */
static int give_password(char *out, int out_n, int rwflag, void *data)
{
	const struct secret *password = data;
	(void)rwflag; /* only reading */
	if (!password || password->n > (size_t)out_n)
		return -1;
	memcpy(out, password->p, password->n);
	return (int)password->n;
}

static bool is_encrypted(const struct pem_block *b)
{
	return str_equal_z(b->label, "ENCRYPTED PRIVATE KEY") ||
	       memmem(b->text.p, b->text.n, "Proc-Type: 4,ENCRYPTED", 22);
}

static EVP_PKEY *decode_key(const struct pem_block *b, const struct secret *password,
			    struct err *err)
{
	bool encrypted = is_encrypted(b);
	if (encrypted && !password) {
		(void)at_line(err, b->line, ERR_AUTH,
			      "the private key is encrypted and no password is given");
		return NULL;
	}
	AUTO(BIO) bio = BIO_new_mem_buf(b->text.p, (int)b->text.n);
	AUTO(EVP_PKEY)
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)(uintptr_t)password)
		  : NULL;
	if (!key) {
		err->line = b->line;
		if (encrypted)
			(void)openssl_err(err, ERR_AUTH,
					  "line %d: the password does not open the private key",
					  b->line);
		else
			(void)openssl_err(err, ERR_SYNTAX,
					  "line %d: the private key cannot be decoded", b->line);
		return NULL;
	}
	ERR_clear_error();
	int type = EVP_PKEY_get_base_id(key);
	if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && type != EVP_PKEY_ED25519 &&
	    type != EVP_PKEY_ED448 && type != EVP_PKEY_RSA_PSS) {
		(void)at_line(err, b->line, ERR_UNSUPPORTED,
			      "the private key is of a kind that TLS servers do not use");
		return NULL;
	}
	return take(&key);
}

static X509 *decode_cert(const struct pem_block *b, struct err *err)
{
	AUTO(BIO) bio = BIO_new_mem_buf(b->text.p, (int)b->text.n);
	AUTO(X509) cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, give_password, NULL) : NULL;
	if (!cert) {
		err->line = b->line;
		(void)openssl_err(err, ERR_SYNTAX, "line %d: the certificate cannot be decoded",
				  b->line);
		return NULL;
	}
	return take(&cert);
}

static bool is_cert_label(struct str label)
{
	return str_equal_z(label, "CERTIFICATE") || str_equal_z(label, "X509 CERTIFICATE") ||
	       str_equal_z(label, "TRUSTED CERTIFICATE");
}

static bool is_key_label(struct str label)
{
	static const struct str suffix = {.p = "PRIVATE KEY", .n = 11};
	return label.n >= suffix.n && memcmp(label.p + label.n - suffix.n, suffix.p, suffix.n) == 0;
}

static bool add_cert(struct pem_file *f, const struct pem_block *b, struct err *err)
{
	if (f->certs_n == CERTS_PER_PEM_MAX) {
		err->line = b->line;
		return err_set(err, ERR_LIMIT, "line %d: more than %d certificates in one file",
			       b->line, CERTS_PER_PEM_MAX);
	}
	X509 *cert = decode_cert(b, err);
	if (cert)
		f->certs[f->certs_n++] = cert;
	return cert;
}

static bool add_key(struct pem_file *f, const struct pem_block *b, const struct secret *password,
		    struct err *err)
{
	if (f->key)
		return at_line(err, b->line, ERR_SYNTAX,
			       "a second private key; mongod would take the first");
	f->was_encrypted = is_encrypted(b);
	f->key = decode_key(b, password, err);
	return f->key;
}

static bool read_blocks(struct str text, const struct secret *password, enum pem_want want,
			struct pem_file *f, struct err *err)
{
	struct pem_block b;
	int line = 1;
	while (pem_next(&text, &line, &b, err)) {
		bool ok = true;
		if (is_cert_label(b.label))
			ok = add_cert(f, &b, err);
		else if (is_key_label(b.label) && want != PEM_BUNDLE)
			ok = add_key(f, &b, password, err);
		else
			f->others_n++;
		if (!ok)
			return false;
	}
	return err->kind == ERR_NONE;
}

static bool is_issued_by(X509 *cert, X509 *issuer)
{
	return X509_check_issued(issuer, cert) == X509_V_OK;
}

static void move_to(struct pem_file *f, unsigned from, unsigned to)
{
	X509 *cert = f->certs[from];
	memmove(&f->certs[to + 1], &f->certs[to], (from - to) * sizeof(f->certs[0]));
	f->certs[to] = cert;
}

/* Which certificate is the leaf: the key's, else the only one that is no CA, else the first. */
static bool find_leaf(const struct pem_file *f, unsigned *ret, struct err *err)
{
	unsigned leafs_n = 0;
	*ret = 0;
	for (unsigned i = 0; i < f->certs_n; i++) {
		if (X509_check_ca(f->certs[i]) != 0)
			continue;
		if (leafs_n++ == 0)
			*ret = i;
	}
	for (unsigned i = 0; f->key && i < f->certs_n; i++)
		if (EVP_PKEY_eq(X509_get0_pubkey(f->certs[i]), f->key) == 1) {
			*ret = i;
			break;
		}
	ERR_clear_error(); /* of keys of other kinds compared */
	if (leafs_n > 1)
		return err_set(err, ERR_SYNTAX,
			       "%u certificates that are no CA's: one file holds one leaf and its "
			       "chain",
			       leafs_n);
	return true;
}

/* Leaf first, then by issuer; at most certs_n steps, so a loop ends. */
static void sort_chain(struct pem_file *f)
{
	for (unsigned at = 1; at < f->certs_n; at++) {
		unsigned i = at;
		while (i < f->certs_n && !is_issued_by(f->certs[at - 1], f->certs[i]))
			i++;
		if (i == f->certs_n)
			return;
		move_to(f, i, at);
	}
}

static bool settle(struct pem_file *f, enum pem_want want, struct err *err)
{
	unsigned leaf_i;
	if (!f->certs_n)
		return err_set(err, ERR_SYNTAX, "no certificate in it");
	if (want == PEM_BUNDLE)
		return true;
	if (want == PEM_MEMBER && !f->key)
		return err_set(err, ERR_SYNTAX, "no private key in it");
	if (!find_leaf(f, &leaf_i, err))
		return false;
	f->is_leaf_first = leaf_i == 0;
	move_to(f, leaf_i, 0);
	f->key_matches = f->key && EVP_PKEY_eq(X509_get0_pubkey(f->certs[0]), f->key) == 1;
	ERR_clear_error();
	sort_chain(f);
	return true;
}

bool pem_read(struct str text, const struct secret *password, enum pem_want want,
	      struct pem_file *ret, struct err *err)
{
	auto_pem struct pem_file f = {0};
	if (text.n > PEM_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "larger than %d KiB", PEM_BYTES_MAX / 1024);
	if (!read_blocks(text, password, want, &f, err) || !settle(&f, want, err))
		return false;
	*ret = f;
	f = (struct pem_file){0};
	return true;
}

void pem_fini(struct pem_file *f)
{
	for (unsigned i = 0; i < f->certs_n; i++)
		X509_free(f->certs[i]);
	EVP_PKEY_free(f->key);
	*f = (struct pem_file){0};
}

/* The bytes of a memory BIO; it wipes its own copy when it grows and when it is freed. */
static bool give_secret(BIO *bio, struct secret *ret, struct err *err)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	if (n <= 0 || n > PEM_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the PEM would be larger than %d KiB",
			       PEM_BYTES_MAX / 1024);
	return secret_from(ret, p, (size_t)n, err);
}

static bool put_key(BIO *bio, const EVP_PKEY *key, struct err *err)
{
	return PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ||
	       openssl_err(err, ERR_CRYPTO, "writing the private key");
}

static bool put_cert(BIO *bio, X509 *cert, struct err *err)
{
	return PEM_write_bio_X509(bio, cert) ||
	       openssl_err(err, ERR_CRYPTO, "writing a certificate");
}

bool pem_write(const struct pem_file *f, struct secret *ret, struct err *err)
{
	if (!f->certs_n || !f->key)
		return err_set(err, ERR_INVALID, "a certificate and its private key are needed");
	if (!f->key_matches)
		return err_set(err, ERR_CRYPTO,
			       "the certificate was not made for this private key");
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	if (!bio)
		return openssl_err(err, ERR_MEMORY, "writing a PEM");
	if (!put_cert(bio, f->certs[0], err) || !put_key(bio, f->key, err))
		return false;
	for (unsigned i = 1; i < f->certs_n; i++)
		if (!is_issued_by(f->certs[i], f->certs[i]) && !put_cert(bio, f->certs[i], err))
			return false;
	return give_secret(bio, ret, err);
}

bool pem_join(struct str chain_pem, const struct secret *key_pem, struct secret *ret,
	      struct err *err)
{
	auto_pem struct pem_file f = {0};
	if (!pem_read(chain_pem, NULL, PEM_CHAIN, &f, err))
		return err_in(err, "reading the new certificate");
	EVP_PKEY *key = pem_read_key((struct str){.p = key_pem->p, .n = key_pem->n}, NULL, err);
	if (!key)
		return err_in(err, "reading its private key");
	EVP_PKEY_free(f.key);
	f.key = key;
	f.key_matches = EVP_PKEY_eq(X509_get0_pubkey(f.certs[0]), key) == 1;
	ERR_clear_error();
	return pem_write(&f, ret, err);
}

EVP_PKEY *pem_read_key(struct str text, const struct secret *password, struct err *err)
{
	struct pem_block b;
	int line = 1;
	if (text.n > PEM_BYTES_MAX) {
		(void)err_set(err, ERR_LIMIT, "larger than %d KiB", PEM_BYTES_MAX / 1024);
		return NULL;
	}
	while (pem_next(&text, &line, &b, err))
		if (is_key_label(b.label))
			return decode_key(&b, password, err);
	if (err->kind == ERR_NONE)
		(void)err_set(err, ERR_SYNTAX, "no private key in it");
	return NULL;
}

bool pem_write_key(const EVP_PKEY *key, struct secret *ret, struct err *err)
{
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	if (!bio)
		return openssl_err(err, ERR_MEMORY, "writing a private key");
	return put_key(bio, key, err) && give_secret(bio, ret, err);
}

bool pem_write_certs(X509 *const *certs, unsigned certs_n, struct buf *out, struct err *err)
{
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	if (!bio)
		return openssl_err(err, ERR_MEMORY, "writing certificates");
	for (unsigned i = 0; i < certs_n; i++)
		if (!put_cert(bio, certs[i], err))
			return false;
	long n = BIO_get_mem_data(bio, &p);
	buf_add(out, p, n > 0 ? (size_t)n : 0);
	return buf_ok(out, err);
}
