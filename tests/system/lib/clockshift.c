/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: the wall clock of one program runs CLOCK_SHIFT_S seconds ahead; monotonic clocks and
 * waiting do not. (libfaketime also moves the waiting of threads, and rotad's own then never ends.) */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
	const char *text = getenv("CLOCK_SHIFT_S");
	return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	long r = syscall(SYS_clock_gettime, clock, ret);
	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += shift();
	return (int)r;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	long r = syscall(SYS_gettimeofday, ret, zone);
	if (r == 0 && ret)
		ret->tv_sec += shift();
	return (int)r;
}

time_t time(time_t *ret)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
