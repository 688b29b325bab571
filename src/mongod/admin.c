/* SPDX-License-Identifier: Apache-2.0 */
/* replSetStepDown, setParameter, rotateCertificates. */
#include "mongod/admin.h"

static bool change(const struct ask *a, bson_t *command, struct err *err)
{
	auto_bson reply = BSON_INITIALIZER;
	BSON_APPEND_UTF8(command, "$db", "admin");
	return session_run(a->pool, &a->target, &a->login, a->deadline, command, false, &reply,
			   err);
}

bool admin_step_down(const struct ask *a, int64_t seconds, int64_t catch_up_s, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	BSON_APPEND_INT64(&command, "replSetStepDown", seconds);
	BSON_APPEND_INT64(&command, "secondaryCatchUpPeriodSecs", catch_up_s);
	return change(a, &command, err) || err_in(err, "asking for a step-down");
}

bool admin_set_parameter(const struct ask *a, const char *name, int64_t value, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "setParameter", 1);
	BSON_APPEND_INT64(&command, name, value);
	return change(a, &command, err) || err_in(err, "setting parameter '%s'", name);
}

bool admin_rotate_certificates(const struct ask *a, const char *message, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "rotateCertificates", 1);
	if (message && message[0])
		BSON_APPEND_UTF8(&command, "message", message);
	return change(a, &command, err) || err_in(err, "reloading certificates");
}
