/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, for whom, and what a person can do: caller-owned, fixed size, never allocates.
 *
 * Anything that can fail returns bool (or a pointer) and takes a `struct err *` last. It is set
 * exactly once, by who detects the fault; each layer above may add one context with err_in(). ret_
 * outputs are untouched on failure. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

/* When trying again may help. */
enum err_retry {
	RETRY_NOW,          /* at once */
	RETRY_LATER,        /* after a back-off */
	RETRY_AFTER_CHANGE, /* when an input changed: a file, the configuration, the deployment */
	RETRY_OPERATOR,     /* when a person did something */
	RETRY_NEVER,
	RETRY_N
};

/* X(NAME, retry class, short text, advice). The text is for people, the NAME for machines (JSON,
 * journal). */
#define ERR_KINDS(X)                                                                               \
	X(NONE, RETRY_NOW, "no error", "")                                                         \
	X(SYNTAX, RETRY_AFTER_CHANGE, "syntax error", "correct the text at the place named")       \
	X(INVALID, RETRY_AFTER_CHANGE, "invalid value", "correct the value named")                 \
	X(LIMIT, RETRY_AFTER_CHANGE, "limit reached", "make the input smaller")                    \
	X(MEMORY, RETRY_LATER, "out of memory", "free memory on this host")                        \
	X(SYSTEM, RETRY_LATER, "system call failed", "look at the error of the system named")      \
	X(NOT_FOUND, RETRY_AFTER_CHANGE, "not found", "check the path or name")                    \
	X(PERMISSION, RETRY_OPERATOR, "permission denied", "check owner, mode and labels")         \
	X(UNSAFE_FILE, RETRY_OPERATOR, "file cannot be replaced safely", "see the reason named")   \
	X(DISK_FULL, RETRY_LATER, "no space left", "free space on that file system")               \
	X(CHANGED, RETRY_NOW, "changed under us", "look again")                                    \
	X(TIMEOUT, RETRY_LATER, "deadline passed", "check that the peer answers")                  \
	X(UNREACHABLE, RETRY_LATER, "not reachable", "check address, network and that it runs")    \
	X(REFUSED, RETRY_OPERATOR, "refused", "see the reason named")                              \
	X(AUTH, RETRY_OPERATOR, "login refused", "check the credentials")                          \
	X(CONFLICT, RETRY_NOW, "somebody else was first", "look again")                            \
	X(AMBIGUOUS, RETRY_LATER, "outcome unknown", "look again before acting")                   \
	X(PROTOCOL, RETRY_LATER, "answer not understood", "check the versions on both sides")      \
	X(CRYPTO, RETRY_OPERATOR, "cryptographic check failed", "do not use this material")        \
	X(UNTRUSTED, RETRY_OPERATOR, "signer not admitted", "rotactl trust list")                  \
	X(UNSUPPORTED, RETRY_NEVER, "not supported", "see the manual")                             \
	X(HOOK, RETRY_LATER, "hook failed", "run the hook by hand and mend it")                    \
	X(BUG, RETRY_NEVER, "internal error", "please report this")

enum err_kind {
#define X(name, retry, text, advice) ERR_##name,
	ERR_KINDS(X)
#undef X
	    ERR_N
};

enum {
	ERR_TEXT_BYTES = 768,
	ERR_SUBJECT_BYTES = 256,
	ERR_CONTEXTS_MAX = 4,
	ERR_CONTEXT_BYTES = 160
};

struct err {
	enum err_kind kind;
	int sys;          /* errno, or 0 */
	int line, column; /* 1-based place in a text, or 0 */
	unsigned contexts_n;
	char subject[ERR_SUBJECT_BYTES]; /* the member, certificate or path concerned; may be "" */
	char text[ERR_TEXT_BYTES];       /* what is wrong; no secret, no trailing newline */
	char contexts[ERR_CONTEXTS_MAX]
		     [ERR_CONTEXT_BYTES]; /* "reading keyfile of rs0-a", innermost first */
};

#define ERR_INIT ((struct err){.kind = ERR_NONE})

/* Set err: kind and printf text. Returns false, so that callers may `return err_set(...)`. Keeps a
 * subject already given. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) PRINTF(3, 4);
/* The same for a failed system call: appends the text of errno_value; ENOSPC and EDQUOT become
 * ERR_DISK_FULL, EACCES, EPERM and EROFS become ERR_PERMISSION, ENOENT becomes ERR_NOT_FOUND,
 * ENOMEM becomes ERR_MEMORY, else ERR_SYSTEM. */
bool err_sys(struct err *err, int errno_value, const char *format, ...) PRINTF(3, 4);
/* Name whom it concerns. */
void err_subject(struct err *err, const char *subject);
/* Add one context, once per layer. Returns false. Beyond ERR_CONTEXTS_MAX the outermost is kept. */
bool err_in(struct err *err, const char *format, ...) PRINTF(2, 3);
void err_clear(struct err *err);

const char *err_kind_name(enum err_kind kind); /* "DISK_FULL" */
const char *err_kind_text(enum err_kind kind);
const char *err_kind_advice(enum err_kind kind);
enum err_retry err_kind_retry(enum err_kind kind);
/* Print "context: subject: text" into out (NUL-terminated, at most out_n bytes). Returns out. */
const char *err_print(const struct err *err, char *out, size_t out_n);

#endif
