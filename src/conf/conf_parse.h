/* SPDX-License-Identifier: Apache-2.0 */
/* rotad.yaml from text to struct config by the table, with all errors at once. What one key alone
 * cannot tell is conf_check; reading the file is conf_load. */
#ifndef CONF_CONF_PARSE_H
#define CONF_CONF_PARSE_H

#include "codec/yaml.h"
#include "conf/conf_table.h"

/* One thing wrong in a text. */
struct conf_fault {
	bool is_warning;  /* the text can be used all the same */
	int line, column; /* 1-based; 0: of the whole file */
	char text[512];   /* no secret, no newline */
};
struct conf_faults {
	unsigned n;
	struct conf_fault faults[CONF_ERRORS_MAX];
	unsigned errors_n, warnings_n; /* all of them, those without room included */
};
void conf_fault_add(struct conf_faults *f, bool is_warning, int line, int column,
		    const char *format, ...) PRINTF(5, 6);
/* "rotad.yaml:12:3: ...": one a line, and how many more there are. */
void conf_faults_print(const struct conf_faults *f, const char *path, struct buf *out);
/* Make one error of them: the first, with its place, and how many more. Always returns false. */
bool conf_faults_err(const struct conf_faults *f, const char *path, struct err *err);

enum { CONF_FROM_DEFAULT, CONF_FROM_HOST, CONF_FROM_SCHEDULE };

/* Where a value stands. */
struct conf_origin {
	unsigned char from;    /* CONF_FROM_... */
	unsigned short policy; /* SCHEDULE: which, from 0 */
	int line, column;
};

/* A configuration and where each of its values comes from. About 1 MiB: on the heap. */
struct conf {
	struct config config;
	struct conf_origin origins[CONF_ROWS_MAX][CONF_ELEMENTS_MAX];
	/* where each element of a list begins, by enum conf_base */
	struct conf_origin elements[CONF_BASE_N][CONF_ELEMENTS_MAX];
};
struct conf *conf_new(void); /* all defaults; NULL when memory ran out; end with conf_free() */
void conf_free(struct conf *c);
static inline void cleanup_conf(struct conf **c)
{
	conf_free(*c);
}
#define auto_conf __attribute__((cleanup(cleanup_conf)))
struct conf_origin *conf_origin_of(struct conf *c, const struct conf_row *row, unsigned i);
const struct conf_origin *conf_origin_get(const struct conf *c, const struct conf_row *row,
					  unsigned i);

/* Parse text into *ret, which holds defaults. path names the file; relative paths in it start from
 * its directory. False when there was an error; *ret is then half filled and good for nothing. */
MUST_CHECK bool conf_parse(struct str text, const char *path, struct conf *ret,
			   struct conf_faults *faults);

/* The same for a map of another file, a policy of the schedule: only keys that may stand there.
 * Keys in skip[] are the caller's own. policy_i goes into the origins. */
MUST_CHECK bool conf_parse_policy(const struct yaml_node *map, const char *const *skip,
				  unsigned policy_i, struct conf *ret, struct conf_faults *faults);

/* Index of the zone of that name in policy.zones, added when new. -1 when ZONES_MAX is reached. */
int conf_zone_intern(struct policy *p, struct str name);

/* Which of the words is nearest to what was written: NULL when none is near. words are space
 * separated. */
MUST_CHECK bool conf_nearest(struct str written, const char *words, struct str *ret);

#endif
