/* SPDX-License-Identifier: Apache-2.0 */
/* jansson's memory: everything it gives back is overwritten first, since requests to helpers carry
 * keys and passwords. */
#ifndef CODEC_JSON_MEM_H
#define CODEC_JSON_MEM_H

#include <jansson.h>

#include "base/cleanup.h"

DEFINE_AUTO(json_t, json_decref);

/* Install the wiping allocator. Once in each program, before the first value is made. */
void json_mem_init(void);
/* Free what json_dumps() returned, in whichever allocator is installed. Accepts NULL. */
void json_text_free(char *text);
DEFINE_AUTO(char, json_text_free); /* AUTO(char) is a text of json_dumps() */

#endif
