/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of rotad.yaml, one row each: the parser, `rotactl config show`, the manual and the
 * merging of the schedule all follow from these rows. Behaviour between keys is conf_check. */
#ifndef CONF_CONF_TABLE_H
#define CONF_CONF_TABLE_H

#include "model/policy.h"

/* What a value looks like in YAML and what it is in the struct. */
enum conf_type {
	CONF_TEXT,        /* printable text -> char[size] */
	CONF_NAME,        /* letters, digits, '.', '_', '-' -> char[size] */
	CONF_HOST,        /* host name or address, with or without port -> char[size] */
	CONF_HOSTS,       /* one, or a list of them -> char[max][HOST_BYTES_MAX] and a count */
	CONF_PATH,        /* relative to the file's own directory -> char[size], absolute */
	CONF_URL,         /* https://, or http:// where that is allowed -> char[size] */
	CONF_WORD,        /* one of `words` -> an enum, first word = word_first */
	CONF_FLAG_WORD,   /* the one word of `words` -> bool */
	CONF_BOOL,        /* true, false */
	CONF_NUMBER,      /* unsigned, low .. high, or the word for high */
	CONF_SPAN,        /* "90d" -> int64_t microseconds, low .. high; 0 or `words` where given */
	CONF_PERCENT,     /* "67%" -> unsigned, parts per million, low .. high */
	CONF_WHEN,        /* date or UTC time -> struct wall */
	CONF_DAY,         /* date -> int64_t days since 1970-01-01 */
	CONF_CLOCK,       /* "02:00" -> int, seconds since midnight */
	CONF_DAYS,        /* weekdays -> unsigned bits */
	CONF_ZONE,        /* time zone -> struct zone (its name; loaded later) */
	CONF_ZONE_REF,    /* time zone -> unsigned, in policy.zones */
	CONF_CREDENTIAL,  /* credential:NAME or file:PATH -> struct credential_ref */
	CONF_KEY_TYPE,    /* "same" or a kind of key -> in struct certificates_policy */
	CONF_RESTART,     /* a way to restart -> restart_how (word_first) and restart_name */
	CONF_RELOAD_HOOK, /* path of a program -> reload_how and reload_hook */
	CONF_PATH_MAP,    /* a map of paths -> struct path_map[] and a count */
	CONF_HEADERS,     /* a map of HTTP headers -> alert_policy.headers */
	CONF_TYPE_N
};
/* "duration", for people. */
const char *conf_type_name(enum conf_type type);

/* Which struct a row's offset counts from. */
enum conf_base {
	CONF_IN_CONFIG,
	CONF_IN_INSTANCE,
	CONF_IN_AUTHORITY,
	CONF_IN_WINDOW,
	CONF_IN_FREEZE,
	CONF_IN_ALERT,
	CONF_BASE_N
};

/* How a policy of the schedule meets the host's own value. The schedule fills what the host leaves
 * open, and can only make more careful what it says. */
enum conf_merge {
	CONF_MERGE_NEVER,   /* the host's alone: refused in a schedule */
	CONF_MERGE_CEILING, /* the smaller wins, the host's default included: never lifted */
	CONF_MERGE_LOW,     /* the smaller wins where both speak */
	CONF_MERGE_HIGH,    /* the larger wins where both speak */
	CONF_MERGE_FILL,    /* the host's wins where it speaks; of the schedule the last */
	CONF_MERGE_ADD,     /* lists: all of both (windows, freezes) */
};

enum conf_reload {
	CONF_LIVE,          /* taken over at the next round after a reload */
	CONF_RESTART_DAEMON /* told at a reload; takes effect at the next start of rotad */
};

enum conf_need { CONF_MAY, CONF_MUST };

struct conf_row {
	const char *path; /* "instances[].restart.drain", "authorities.*.type" */
	enum conf_type type;
	enum conf_base base;
	size_t offset, size; /* of the value in the base struct, bytes */
	size_t count_offset; /* lists: of their `unsigned` count */
	const char *words;   /* WORD: all, space separated; SPAN: "server=-1 never=0"; NUMBER: a
				word for `high` */
	int word_first;      /* WORD: value of the first; RESTART: the restart_how */
	int64_t low, high;   /* bounds as the type says; lists: high is the most elements */
	enum conf_need need; /* MUST: each element of the list needs it */
	enum conf_merge merge;
	enum conf_reload reload;
	/* What of it this rotad does not obey yet: a value above `obeyed` (a list: more elements)
	 * is refused with this text, "renew the CA itself", and what to write, "observe". NULL: all
	 * of it is obeyed. */
	const char *not_yet, *instead;
	int64_t obeyed;
	const char *help; /* one line, no full stop */
};
extern const struct conf_row conf_table[];
extern const size_t conf_table_n;
enum { CONF_ROWS_MAX = 112, CONF_ELEMENTS_MAX = 64 };

/* The lists (and the map of authorities): how an element is made. */
struct conf_section {
	const char *path; /* "instances[]" */
	enum conf_base base;
	size_t offset, element_size; /* of the array in struct config */
	size_t count_offset;
	unsigned max;
	enum conf_merge merge;
};
extern const struct conf_section conf_sections[];
extern const size_t conf_sections_n;

/* NULL when there is none. */
const struct conf_row *conf_find(struct str path);
const struct conf_section *conf_find_section(struct str path);
const struct conf_section *conf_section_of(enum conf_base base); /* not for CONFIG */
/* Where the row's base struct is, for element i (0 for CONFIG). */
void *conf_base_at(struct config *c, enum conf_base base, unsigned i);
/* How many elements there are; 1 for CONFIG. */
unsigned conf_base_n(const struct config *c, enum conf_base base);
/* Give a fresh element its defaults. */
void conf_element_init(enum conf_base base, void *element);

/* Append the value as it would be written in rotad.yaml, with its units; "" for nothing set.
 * Secrets are references only, so there is nothing to hide. */
void conf_value_print(const struct conf_row *row, const struct config *c, unsigned i,
		      struct buf *out);
/* The same of the default. */
void conf_default_print(const struct conf_row *row, struct buf *out);
/* Is what it says here more than this rotad does? Always false without not_yet. */
bool conf_is_not_yet(const struct conf_row *row, const struct config *c, unsigned i);
/* "observe, ask or act", "a duration, 1m to 1d": what is allowed. */
void conf_allowed_print(const struct conf_row *row, struct buf *out);
/* A duration as configuration writes it: "1h30m", "90d", "0". */
void conf_span_print(int64_t us, struct buf *out);

#endif
