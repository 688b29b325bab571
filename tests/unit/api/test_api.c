/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket among many connections: one user cannot keep the others out. */
#include "lib/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "lib/tempdir.h"

enum { OF_ONE_USER = 32, TRIED = 40, TURNS = 200 };

static void never(void *self, struct api_call *call)
{
	(void)self;
	(void)call;
	fail_msg("nobody asked anything");
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0 && copy_z(to.sun_path, sizeof(to.sun_path), path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Those that the other side has not closed. */
static unsigned open_n(const int *fds, unsigned n)
{
	unsigned open = 0;
	for (unsigned i = 0; i < n; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		open += poll(&p, 1, 0) == 0;
	}
	return open;
}

static void turn(struct api *a)
{
	for (unsigned i = 0; i < TURNS; i++)
		(void)api_run(a);
}

static void one_user_takes_half_of_the_connections_at_most(void **state)
{
	const char *path = tempdir_path(state, "sock");
	const struct api_owner owner = {.submit = never};
	struct err err = ERR_INIT;
	struct api *a = NULL;
	int fds[TRIED], listening = -1;
	assert_true(api_listen(path, &listening, &err));
	assert_true(api_new(listening, &owner, &a, &err));
	for (unsigned i = 0; i < TRIED; i++) {
		fds[i] = connect_to(path);
		turn(a);
	}
	assert_int_equal(open_n(fds, TRIED), OF_ONE_USER);
	assert_int_equal(open_n(fds, OF_ONE_USER), OF_ONE_USER); /* the first come */
	close(fds[0]);
	turn(a);
	fds[0] = connect_to(path); /* one that ended makes room for one */
	turn(a);
	assert_int_equal(open_n(fds, TRIED), OF_ONE_USER);
	for (unsigned i = 0; i < TRIED; i++)
		close(fds[i]);
	turn(a);
	api_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_user_takes_half_of_the_connections_at_most,
					    tempdir_setup, tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
