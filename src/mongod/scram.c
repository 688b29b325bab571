/* SPDX-License-Identifier: Apache-2.0 */
/* SCRAM: SaltedPassword := PBKDF2(password, salt, i); ClientKey := HMAC(SaltedPassword, "Client
 * Key"); ClientProof := ClientKey XOR HMAC(H(ClientKey), AuthMessage); RFC 5802 section 3. */
#include "mongod/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { SALT_BYTES_MAX = 256, HASH_BYTES_MAX = 32, MD5_BYTES = 16 };

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
	size_t n;
} hashes[SCRAM_N] = {
    [SCRAM_SHA_256] = {.name = "SCRAM-SHA-256", .md = EVP_sha256, .n = 32},
    [SCRAM_SHA_1] = {.name = "SCRAM-SHA-1", .md = EVP_sha1, .n = 20},
};

const char *scram_name(enum scram_hash hash)
{
	return hashes[hash].name;
}

bool scram_first(struct scram *s, enum scram_hash hash, const char *user,
		 const unsigned char *nonce, struct buf *ret, struct err *err)
{
	struct buf name = {.max = sizeof(s->user)};
	*s = (struct scram){.hash = hash, .hash_n = hashes[hash].n};
	for (const char *c = user; *c; c++) { /* section 5.1: ',' and '=' are written in hex */
		if (*c == ',')
			buf_adds(&name, "=2C");
		else if (*c == '=')
			buf_adds(&name, "=3D");
		else
			buf_addc(&name, *c);
	}
	(void)EVP_EncodeBlock((unsigned char *)s->nonce, nonce, SCRAM_NONCE_BYTES);
	int n = snprintf(s->client_first_bare, sizeof(s->client_first_bare), "n=%s,r=%s",
			 buf_z(&name), s->nonce);
	bool fits = !name.failed && n > 0 && (size_t)n < sizeof(s->client_first_bare) &&
		    copy_z(s->user, sizeof(s->user), user);
	buf_fini(&name);
	if (!fits)
		return err_set(err, ERR_LIMIT, "the user's name is too long");
	buf_addf(ret, "n,,%s", s->client_first_bare);
	return buf_ok(ret, err);
}

/* "r=...,s=...,i=...": attributes in this order, further ones are let pass. */
static bool attribute(struct str *rest, char letter, struct str *ret)
{
	struct str part;
	if (!str_cut(rest, ',', &part) || part.n < 2 || part.p[0] != letter || part.p[1] != '=')
		return false;
	*ret = (struct str){.p = part.p + 2, .n = part.n - 2};
	return true;
}

/* Strict base64 of at most max bytes. -1 when it is none. */
static int base64_decode(struct str text, unsigned char *out, size_t max)
{
	unsigned char all[SALT_BYTES_MAX / 3 * 4 + 8];
	if (text.n == 0 || text.n % 4 != 0 || text.n / 4 * 3 > sizeof(all))
		return -1;
	int n = EVP_DecodeBlock(all, (const unsigned char *)text.p, (int)text.n);
	if (n < 0)
		return -1;
	for (size_t i = text.n; i-- > text.n - 2 && text.p[i] == '=';)
		n--;
	if ((size_t)n > max)
		return -1;
	memcpy(out, all, (size_t)n);
	return n;
}

static bool number(struct str text, int *ret)
{
	int64_t v = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || v > SCRAM_ITERATIONS_MAX)
			return false;
		v = v * 10 + (text.p[i] - '0');
	}
	*ret = (int)v;
	return text.n > 0 && v >= SCRAM_ITERATIONS_MIN && v <= SCRAM_ITERATIONS_MAX;
}

static bool hmac(const struct scram *s, const unsigned char *key, const void *text, size_t n,
		 unsigned char *out)
{
	unsigned out_n = 0;
	return HMAC(hashes[s->hash].md(), key, (int)s->hash_n, text, n, out, &out_n) &&
	       out_n == s->hash_n;
}

/* MongoDB's SCRAM-SHA-1 takes as password the hex MD5 of "user:mongo:password". */
static bool legacy_digest(const struct scram *s, struct str password, char out[2 * MD5_BYTES + 1])
{
	unsigned char md5[MD5_BYTES];
	unsigned n = 0;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1 &&
		  EVP_DigestUpdate(c, s->user, strlen(s->user)) == 1 &&
		  EVP_DigestUpdate(c, ":mongo:", 7) == 1 &&
		  EVP_DigestUpdate(c, password.p, password.n) == 1 &&
		  EVP_DigestFinal_ex(c, md5, &n) == 1 && n == MD5_BYTES;
	EVP_MD_CTX_free(c);
	for (size_t i = 0; ok && i < MD5_BYTES; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", md5[i]);
	wipe(md5, sizeof(md5));
	return ok;
}

/* All that is derived from the password: on the stack of one call, wiped at its end. */
struct derived {
	unsigned char salted[HASH_BYTES_MAX], client[HASH_BYTES_MAX], stored[HASH_BYTES_MAX],
	    server[HASH_BYTES_MAX], signature[HASH_BYTES_MAX];
	char legacy[2 * MD5_BYTES + 1];
};

static bool derive(struct scram *s, struct derived *d, struct str password,
		   const unsigned char *salt, int salt_n, int iterations, const struct buf *auth)
{
	const EVP_MD *md = hashes[s->hash].md();
	unsigned n = 0;
	if (s->hash == SCRAM_SHA_1) {
		if (!legacy_digest(s, password, d->legacy))
			return false;
		password = str_of(d->legacy);
	}
	return PKCS5_PBKDF2_HMAC(password.p, (int)password.n, salt, salt_n, iterations, md,
				 (int)s->hash_n, d->salted) == 1 &&
	       hmac(s, d->salted, "Client Key", 10, d->client) &&
	       hmac(s, d->salted, "Server Key", 10, d->server) &&
	       EVP_Digest(d->client, s->hash_n, d->stored, &n, md, NULL) == 1 &&
	       hmac(s, d->stored, auth->p, auth->n, d->signature) &&
	       hmac(s, d->server, auth->p, auth->n, s->server_proof);
}

bool scram_final(struct scram *s, struct str server_first, struct str password, struct buf *ret,
		 struct err *err)
{
	struct str rest = server_first, nonce, salt_text, count_text;
	unsigned char salt[SALT_BYTES_MAX], proof[HASH_BYTES_MAX];
	char proof_text[HASH_BYTES_MAX * 2];
	int iterations = 0;
	auto_buf struct buf auth = {.max = 4096};

	if (server_first.n > SCRAM_MESSAGE_BYTES_MAX || !attribute(&rest, 'r', &nonce) ||
	    !attribute(&rest, 's', &salt_text) || !attribute(&rest, 'i', &count_text))
		return err_set(err, ERR_PROTOCOL, "the server's first SCRAM message is malformed");
	/* The server's nonce begins with ours and adds to it: else it answers somebody else. */
	if (!str_starts(nonce, str_of(s->nonce)) || nonce.n == strlen(s->nonce))
		return err_set(err, ERR_CRYPTO, "the server's SCRAM nonce is not made from ours");
	int salt_n = base64_decode(salt_text, salt, sizeof(salt));
	if (salt_n <= 0 || !number(count_text, &iterations))
		return err_set(err, ERR_PROTOCOL, "the server's SCRAM salt or count is invalid");
	for (size_t i = 0; s->hash == SCRAM_SHA_256 && i < password.n; i++)
		if ((unsigned char)password.p[i] > 0x7e || (unsigned char)password.p[i] < 0x20)
			return err_set(err, ERR_UNSUPPORTED,
				       "the password has characters outside printable ASCII");

	buf_addf(&auth, "%s,%.*s,c=biws,r=%.*s", s->client_first_bare, (int)server_first.n,
		 server_first.p, (int)nonce.n, nonce.p);
	if (!buf_ok(&auth, err))
		return false;
	struct derived d = {.legacy = ""};
	bool ok = derive(s, &d, password, salt, salt_n, iterations, &auth);
	for (size_t i = 0; ok && i < s->hash_n; i++)
		proof[i] = d.client[i] ^ d.signature[i];
	wipe(&d, sizeof(d));
	if (!ok)
		return err_set(err, ERR_CRYPTO, "%s could not be computed", scram_name(s->hash));
	(void)EVP_EncodeBlock((unsigned char *)proof_text, proof, (int)s->hash_n);
	buf_addf(ret, "c=biws,r=%.*s,p=%s", (int)nonce.n, nonce.p, proof_text);
	return buf_ok(ret, err);
}

bool scram_check(const struct scram *s, struct str server_final, struct err *err)
{
	struct str rest = server_final, text;
	unsigned char shown[HASH_BYTES_MAX];
	if (server_final.n > SCRAM_MESSAGE_BYTES_MAX || !attribute(&rest, 'v', &text))
		return err_set(err, ERR_PROTOCOL, "the server's last SCRAM message is malformed");
	if (base64_decode(text, shown, sizeof(shown)) != (int)s->hash_n ||
	    CRYPTO_memcmp(shown, s->server_proof, s->hash_n) != 0)
		return err_set(err, ERR_CRYPTO,
			       "the server did not show that it knows the key: it is not the one "
			       "it claims to be");
	return true;
}
