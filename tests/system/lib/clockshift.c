/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: the wall clock of one program runs as many seconds ahead as the file CLOCK_SHIFT_FILE says at that
 * moment; monotonic clocks and waiting do not. (libfaketime also moves the waiting of threads, and rotad's own then
 * never ends.) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
	const char *path = getenv("CLOCK_SHIFT_FILE");
	char text[24] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? atol(text) : 0;
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
