/* SPDX-License-Identifier: Apache-2.0 */
/* Errors across the socketpair. The text is made by our own helper, yet it is read as if a stranger
 * had written it: bounded, and never an "ERR_NONE". */
#include "codec/json_err.h"

#include <limits.h>
#include <string.h>

#include "base/buf.h"

json_t *json_err_print(const struct err *err)
{
	json_t *contexts = json_array();
	for (unsigned i = 0; i < err->contexts_n; i++)
		(void)json_array_append_new(contexts, json_string(err->contexts[i]));
	/* "s?": a text that is no UTF-8 (a server's message) must not lose the whole error. */
	json_t *text = json_string(err->text);
	if (!text)
		text = json_string("(the error's text was not UTF-8)");
	json_t *subject = json_string(err->subject);
	if (!subject)
		subject = json_string("");
	return json_pack("{s:s, s:i, s:i, s:i, s:o, s:o, s:o}", "kind", err_kind_name(err->kind),
			 "sys", err->sys, "line", err->line, "column", err->column, "subject",
			 subject, "text", text, "contexts", contexts);
}

static enum err_kind kind_of(const char *name)
{
	for (int k = ERR_NONE + 1; name && k < ERR_N; k++)
		if (strcmp(err_kind_name((enum err_kind)k), name) == 0)
			return (enum err_kind)k;
	return ERR_NONE;
}

static int int_of(const json_t *object, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(object, name));
	return v > INT_MIN && v < INT_MAX ? (int)v : 0;
}

void json_err_parse(const json_t *object, struct err *ret)
{
	const char *text = json_string_value(json_object_get(object, "text"));
	const char *subject = json_string_value(json_object_get(object, "subject"));
	const json_t *contexts = json_object_get(object, "contexts");
	enum err_kind kind = kind_of(json_string_value(json_object_get(object, "kind")));

	*ret = ERR_INIT;
	if (kind == ERR_NONE || !text) {
		(void)err_set(ret, ERR_PROTOCOL, "the error told is not understood");
		return;
	}
	(void)err_set(ret, kind, "%s", text);
	ret->sys = int_of(object, "sys");
	ret->line = int_of(object, "line");
	ret->column = int_of(object, "column");
	err_subject(ret, subject);
	for (size_t i = 0; i < json_array_size(contexts) && i < ERR_CONTEXTS_MAX; i++) {
		const char *context = json_string_value(json_array_get(contexts, i));
		if (context)
			(void)err_in(ret, "%s", context);
	}
}
