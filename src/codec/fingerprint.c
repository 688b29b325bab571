/* SPDX-License-Identifier: Apache-2.0 */
/* One line: how a key's fingerprint is written. */
#include "codec/fingerprint.h"

#include "codec/base64.h"
#include "codec/digest.h"

#define HEAD "sha256:"
enum { FINGERPRINT_DIGEST_BYTES = 8 };
STATIC_ASSERT(sizeof(HEAD) + FINGERPRINT_DIGEST_BYTES * 2 == KEY_FINGERPRINT_BYTES, "it fits");

bool key_fingerprint(const struct key *key, char out[KEY_FINGERPRINT_BYTES], struct err *err)
{
	unsigned char digest[SHA256_BYTES];
	if (!sha256((struct str){.p = key->text.p, .n = key->text.n}, digest, err))
		return false;
	bool fits = copy_z(out, KEY_FINGERPRINT_BYTES, HEAD);
	ASSERT(fits);
	hex_print(digest, FINGERPRINT_DIGEST_BYTES, out + sizeof(HEAD) - 1);
	wipe(digest, sizeof(digest));
	return true;
}
