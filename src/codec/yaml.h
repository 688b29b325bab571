/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text into a small tree with places, strict and bounded: what a person writes by hand, not
 * what a machine could. Knows no key; conf/ and codec/mongod_options.h do. */
#ifndef CODEC_YAML_H
#define CODEC_YAML_H

#include "base/arena.h"
#include "base/limits.h"

enum yaml_kind { YAML_IS_SCALAR, YAML_IS_MAP, YAML_IS_LIST };

/* One node. Its memory and all strings are the document's. */
struct yaml_node {
	enum yaml_kind kind;
	int line, column; /* 1-based place of the value */
	struct str key;   /* in a map: its key, NUL-terminated; else empty */
	int key_line, key_column;
	struct str
	    text; /* SCALAR: NUL-terminated, without NUL inside; "" also for an empty value */
	bool is_quoted;
	unsigned children_n;
	struct yaml_node *first, *next; /* children in order; next sibling */
};

struct yaml_doc {
	struct arena arena;
	struct yaml_node *root; /* NULL: nothing but comments */
};

/* Parse text of at most CONF_BYTES_MAX. UTF-8 only, a byte order mark is fine. Refused: anchors,
 * aliases, tags, merge keys, several documents, duplicate keys, keys that are no plain text,
 * nesting beyond YAML_DEPTH_MAX, more than YAML_NODES_MAX nodes, control characters. err.line and
 * err.column name the place. End with yaml_fini(). Errors: ERR_SYNTAX, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool yaml_parse(struct str text, struct yaml_doc *ret, struct err *err);
void yaml_fini(struct yaml_doc *doc); /* accepts a zeroed one */
#define auto_yaml __attribute__((cleanup(yaml_fini)))

/* The value of a key; NULL when absent or when map is no map. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

#endif
