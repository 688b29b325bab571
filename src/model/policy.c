/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults of the policy values, and how modes combine. Where they come from is conf/. */
#include "model/policy.h"

#include <stdio.h>
#include <string.h>

const char *mode_name(enum mode mode)
{
	static const char *const names[MODE_N] = {
	    [MODE_OFF] = "off",
	    [MODE_OBSERVE] = "observe",
	    [MODE_ASK] = "ask",
	    [MODE_ACT] = "act",
	};
	ASSERT((unsigned)mode < MODE_N);
	return names[mode];
}

const char *kind_name(enum kind kind)
{
	static const char *const names[KIND_N] = {
	    [KIND_KEYFILE] = "keyfile",
	    [KIND_CERTIFICATES] = "certificates",
	    [KIND_AUTHORITIES] = "authorities",
	};
	ASSERT((unsigned)kind < KIND_N);
	return names[kind];
}

enum mode policy_mode(const struct policy *p, enum kind kind)
{
	switch (kind) {
	case KIND_KEYFILE:
		return mode_careful(p->mode, p->keyfile.mode);
	case KIND_CERTIFICATES:
		return mode_careful(p->mode, p->certificates.mode);
	case KIND_AUTHORITIES:
		return mode_careful(p->mode, p->authorities_mode);
	case KIND_N:
		break;
	}
	return MODE_OBSERVE;
}

int64_t keyfile_due_us(const struct keyfile_policy *k, bool stands_by)
{
	/* One that stands by lies on disk for two periods and goes in one pass (PROTOCOL 1). */
	return stands_by ? (k->max_age_us - k->ride_along_us) / 2
			 : k->max_age_us - 2 * k->ride_along_us;
}

enum mode instance_mode(const struct policy *p, const struct instance_policy *i, enum kind kind)
{
	return mode_careful(policy_mode(p, kind), i->mode);
}

bool config_unit_socket(const char *path, char out[UNIT_SOCKET_BYTES])
{
	static const char folder[] = "/run/", file[] = "/rotad.sock";
	if (strncmp(path, folder, strlen(folder)) != 0)
		return false;
	const char *name = path + strlen(folder);
	const size_t n = strcspn(name, "/");
	if (n == 0 || name[0] == '.' || strcmp(name + n, file) != 0)
		return false;
	const int wanted = snprintf(out, UNIT_SOCKET_BYTES, "%s%.*s.sock", folder, (int)n, name);
	return wanted < UNIT_SOCKET_BYTES;
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->state_directory, sizeof(c->state_directory), "/var/lib/rotad");
	snprintf(c->socket, sizeof(c->socket), "/run/rotad/rotad.sock");
	c->policy.mode = MODE_OBSERVE;
	c->policy.authorities_mode = MODE_OBSERVE;
	c->policy.zones_n = 1;
	snprintf(c->policy.zones[0].name, sizeof(c->policy.zones[0].name), "UTC");
	c->policy.keyfile = (struct keyfile_policy){
	    .mode = MODE_OBSERVE,
	    .writer = WRITER_ROTAD,
	    .strategy = STRATEGY_TWO_PASS,
	    .min_age_us = US_DAY,
	    .max_parallel = 1,
	    .on_foreign_write = FOREIGN_RESTORE,
	    .other_users = OTHER_USERS_WAIT,
	};
	c->policy.certificates = (struct certificates_policy){
	    .mode = MODE_OBSERVE,
	    .renew_at_ppm = 670000,
	    .outage_budget_us = 10 * US_DAY,
	    .is_key_same = true,
	};
	c->schedule.poll_us = 5 * US_MIN;
}

const struct authority_policy *config_find_authority(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->authorities_n; i++)
		if (strcmp(c->authorities[i].name, name) == 0)
			return &c->authorities[i];
	return NULL;
}

const struct instance_policy *config_find_instance(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->instances_n; i++)
		if (strcmp(c->instances[i].name, name) == 0)
			return &c->instances[i];
	return NULL;
}
