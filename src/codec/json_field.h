/* SPDX-License-Identifier: Apache-2.0 */
/* Structs as JSON objects by a table of their fields: one row serves both directions. */
#ifndef CODEC_JSON_FIELD_H
#define CODEC_JSON_FIELD_H

#include "base/clock.h"
#include "codec/json_mem.h"

enum json_kind {
	JSON_KIND_TEXT, /* char[n] */
	JSON_KIND_BOOL,
	JSON_KIND_INT,
	JSON_KIND_UNSIGNED, /* enums too */
	JSON_KIND_INT64,
	JSON_KIND_DOUBLE,
	JSON_KIND_WALL, /* microseconds */
};
struct json_field {
	const char *name;
	enum json_kind kind;
	size_t at, n; /* offset and size in bytes */
};
/* A row; the kind follows from the field's type. */
#define JSON_FIELD(type, field)                                                                      \
	{                                                                                            \
		.name = #field,                                                                    \
		.kind = _Generic(((type *)0)->field,                                               \
				 bool: JSON_KIND_BOOL,                                             \
				 int: JSON_KIND_INT,                                               \
				 unsigned: JSON_KIND_UNSIGNED,                                     \
				 int64_t: JSON_KIND_INT64,                                         \
				 double: JSON_KIND_DOUBLE,                                         \
				 struct wall: JSON_KIND_WALL,                                      \
				 char *: JSON_KIND_TEXT),                                          \
		.at = offsetof(type, field), .n = sizeof(((type *)0)->field) \
	}

/* Add all fields of *from to object. Errors: ERR_PROTOCOL (a text that is not UTF-8), ERR_MEMORY.
 */
MUST_CHECK bool json_fields_print(const struct json_field *fields, size_t fields_n,
				  const void *from, json_t *object, struct err *err);
/* Fill *to: each field must be there, of its type and within its bounds; others are let pass.
 * Errors: ERR_PROTOCOL, with *to half filled. */
MUST_CHECK bool json_fields_parse(const struct json_field *fields, size_t fields_n,
				  const json_t *object, void *to, struct err *err);

#endif
