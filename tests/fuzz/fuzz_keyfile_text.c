/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes have a verdict; an accepted ring is valid, prints, and reads back as itself. */
#include <stdlib.h>
#include <string.h>

#include "codec/keyfile_text.h"
#include "fuzz/fuzz.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyfile_text k, again;
	struct keyring ring = {.n = 0};
	struct secret text;
	struct err err = ERR_INIT;
	MUST(keyfile_text_judge((const char *)data, size, &k, &err));
	bool ok = keyfile_parse((const char *)data, size, &ring, &err);
	MUST(ok == (k.verdict != KEYFILE_REFUSED));
	MUST(ok ? err.kind == ERR_NONE : err.kind != ERR_NONE);
	MUST(k.ring.n == ring.n);
	if (!ok) {
		MUST(k.ring.n == 0);
		return 0;
	}
	MUST(ring.n >= 1 && ring.n <= KEYS_PER_FILE_MAX);
	MUST(keyfile_print(&ring, &text, &err));
	MUST(keyfile_text_judge(text.p, text.n, &again, &err));
	MUST(again.verdict != KEYFILE_REFUSED && again.ring.n == ring.n);
	for (unsigned i = 0; i < ring.n; i++)
		MUST(secret_equal(&again.ring.keys[i].text, &ring.keys[i].text));
	secret_fini(&text);
	keyring_fini(&ring);
	keyfile_text_fini(&again);
	keyfile_text_fini(&k);
	return 0;
}
