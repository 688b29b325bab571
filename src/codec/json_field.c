/* SPDX-License-Identifier: Apache-2.0 */
/* Field by field, both ways. Numbers keep their full range: jansson's integers have 64 bits. */
#include "codec/json_field.h"

#include <limits.h>
#include <string.h>

/* Read and write through memcpy: a field may be anywhere in its struct. */
#define LOAD(type, p)                                                                              \
	({                                                                                         \
		type v_;                                                                           \
		memcpy(&v_, (p), sizeof(v_));                                                      \
		v_;                                                                                \
	})
#define STORE(type, p, value)                                                                      \
	do {                                                                                       \
		type v_ = (type)(value);                                                           \
		memcpy((p), &v_, sizeof(v_));                                                      \
	} while (0)

static json_t *one_print(const struct json_field *f, const char *p)
{
	switch (f->kind) {
	case JSON_KIND_TEXT:
		return json_stringn(p, strnlen(p, f->n));
	case JSON_KIND_BOOL:
		return json_boolean(LOAD(bool, p));
	case JSON_KIND_INT:
		return json_integer(LOAD(int, p));
	case JSON_KIND_UNSIGNED:
		return json_integer(LOAD(unsigned, p));
	case JSON_KIND_INT64:
	case JSON_KIND_WALL:
		return json_integer(LOAD(int64_t, p));
	case JSON_KIND_DOUBLE:
		return json_real(LOAD(double, p));
	}
	ASSERT(false);
	return NULL;
}

bool json_fields_print(const struct json_field *fields, size_t fields_n, const void *from,
		       json_t *object, struct err *err)
{
	for (size_t i = 0; i < fields_n; i++)
		if (json_object_set_new(object, fields[i].name,
					one_print(&fields[i], (const char *)from + fields[i].at)) !=
		    0)
			return err_set(err, ERR_PROTOCOL, "'%s' cannot be written as JSON",
				       fields[i].name);
	return true;
}

static bool number_in(const json_t *value, json_int_t min, json_int_t max)
{
	return json_is_integer(value) && json_integer_value(value) >= min &&
	       json_integer_value(value) <= max;
}

static bool one_parse(const struct json_field *f, const json_t *value, char *p)
{
	switch (f->kind) {
	case JSON_KIND_TEXT:
		return json_is_string(value) &&
		       copy_str(p, f->n,
				(struct str){.p = json_string_value(value),
					     .n = json_string_length(value)});
	case JSON_KIND_BOOL:
		if (!json_is_boolean(value))
			return false;
		STORE(bool, p, json_is_true(value));
		return true;
	case JSON_KIND_INT:
		if (!number_in(value, INT_MIN, INT_MAX))
			return false;
		STORE(int, p, json_integer_value(value));
		return true;
	case JSON_KIND_UNSIGNED:
		if (!number_in(value, 0, UINT_MAX))
			return false;
		STORE(unsigned, p, json_integer_value(value));
		return true;
	case JSON_KIND_INT64:
	case JSON_KIND_WALL:
		if (!json_is_integer(value))
			return false;
		STORE(int64_t, p, json_integer_value(value));
		return true;
	case JSON_KIND_DOUBLE:
		if (!json_is_number(value))
			return false;
		STORE(double, p, json_number_value(value));
		return true;
	}
	ASSERT(false);
	return false;
}

bool json_fields_parse(const struct json_field *fields, size_t fields_n, const json_t *object,
		       void *to, struct err *err)
{
	for (size_t i = 0; i < fields_n; i++)
		if (!one_parse(&fields[i], json_object_get(object, fields[i].name),
			       (char *)to + fields[i].at))
			return err_set(err, ERR_PROTOCOL, "'%s' is missing or invalid",
				       fields[i].name);
	return true;
}
