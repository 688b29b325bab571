/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as text: what `rotactl config show` prints, and the manual's table of keys. */
#ifndef CONF_CONF_PRINT_H
#define CONF_CONF_PRINT_H

#include "conf/conf_parse.h"

enum conf_print_what {
	CONF_PRINT_SET,      /* what was written, by the host or the schedule */
	CONF_PRINT_EFFECTIVE /* and all defaults that have a value */
};
/* Append the configuration as YAML that parses back to the same, each value with where it comes
 * from as a comment when with_origins. Secrets are references, so nothing is hidden. */
void conf_print(const struct conf *c, enum conf_print_what what, bool with_origins,
		struct buf *out);

/* "line 12", "schedule 412, policy 2", "default". serial is of the schedule that was merged in.
 * out_n at least 64. Returns out. */
const char *conf_origin_print(const struct conf_origin *o, uint64_t serial, char *out,
			      size_t out_n);

/* Append all keys in the form of the manual (scdoc): section "KEYS" of rotad.yaml(5). */
void conf_print_manual(struct buf *out);

#endif
