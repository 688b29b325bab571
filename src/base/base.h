/* SPDX-License-Identifier: Apache-2.0 */
/* The few words every file of rotad speaks: attributes, ASSERT, array length. libc only; knows no
 * noun of rotad. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(format_i, args_i) __attribute__((format(printf, format_i, args_i)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Stop the program: one of our own mistakes was found. Stays on in release builds; data from files,
 * sockets and users never reaches one unchecked. */
NORETURN void assert_failed(const char *what, const char *file, int line);
#define ASSERT(x) ((x) ? (void)0 : assert_failed(#x, __FILE__, __LINE__))
#define STATIC_ASSERT(x, why) _Static_assert(x, why)

#endif
