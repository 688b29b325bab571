/* SPDX-License-Identifier: Apache-2.0 */
/* What a rehearsal came to, as the one JSON document that text, --json and the page are made of. */
#ifndef CMD_CTL_SIMULATE_H
#define CMD_CTL_SIMULATE_H

#include <jansson.h>

#include "base/buf.h"

/* The document as a page of its own: no script, nothing fetched. Texts in it are escaped. */
void simulate_page(const json_t *doc, struct buf *ret);

#endif
