/* SPDX-License-Identifier: Apache-2.0 */
/* struct err as JSON and back, for helpers' replies. */
#ifndef CODEC_JSON_ERR_H
#define CODEC_JSON_ERR_H

#include <jansson.h>

#include "base/err.h"

/* {"kind":"TIMEOUT","sys":0,"line":0,"column":0,"subject":"","text":"","contexts":[]}. Returns new,
 * NULL when memory ran out. */
json_t *json_err_print(const struct err *err);
/* Set *ret from such an object. What is missing, too long or of an unknown kind becomes
 * ERR_PROTOCOL; never fails and always leaves an error in *ret. */
void json_err_parse(const json_t *object, struct err *ret);

#endif
