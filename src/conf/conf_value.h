/* SPDX-License-Identifier: Apache-2.0 */
/* One value of rotad.yaml from its YAML node into its struct, by the type of its row. Knows no
 * other key. */
#ifndef CONF_CONF_VALUE_H
#define CONF_CONF_VALUE_H

#include "codec/yaml.h"
#include "conf/conf_table.h"

/* What a value may need to know of its file. */
struct conf_value_context {
	const char *directory; /* for relative paths: absolute, or "" for "." */
	struct policy *policy; /* whose zones are used */
};

/* Parse node into the field of base that row describes. The text of err never holds a secret; the
 * place is the node's. Errors: ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool conf_value_parse(const struct conf_row *row, const struct yaml_node *node,
				 const struct conf_value_context *context, void *base,
				 struct err *err);

/* "2026-12-20" as days since 1970-01-01; a real date only. */
MUST_CHECK bool conf_day_parse(struct str text, int64_t *ret, struct err *err);
/* true/yes/on, false/no/off would be YAML 1.1: only true and false are taken. */
MUST_CHECK bool conf_bool_parse(struct str text, bool *ret, struct err *err);
/* Letters, digits, '.', '_', '-'; not beginning with '.' or '-'. */
bool conf_is_name(struct str text);
/* A host name or address with or without port; patterns may hold * ? [ ]. */
bool conf_is_host(struct str text, bool wildcard);

#endif
