/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: one user cannot keep the others out, and who may do what. */
#include "lib/test.h"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "lib/tempdir.h"

enum { OF_ONE_USER = 32, TRIED = 40, TURNS = 200 };

static void never(void *self, struct api_call *call)
{
	(void)self;
	(void)call;
	fail_msg("nobody asked anything");
}

static struct api *asked; /* by whom what_was_asked() was called */
static char by_whom[64];
static bool was_trusted;

static void what_was_asked(void *self, struct api_call *call)
{
	(void)self;
	cut_z(by_whom, sizeof(by_whom), call->who);
	was_trusted = call->may_trust;
	api_finish(asked, call, 200, STR("{}"));
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

struct who {
	uid_t uid;
	gid_t gid;
	gid_t also; /* 0: no further group */
};

/* Becomes that user, asks, and exits with the status that was answered, less 200. */
static int ask_as(const char *path, const struct who *w, const struct api_route *route,
		  const char *header)
{
	char text[512], got[64] = "";
	if (setgroups(w->also != 0, &w->also) != 0 || setgid(w->gid) != 0 || setuid(w->uid) != 0)
		return 1;
	int fd = connect_to(path);
	int n =
	    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%sConnection: close\r\n\r\n",
		     route->method, route->path, header);
	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n || recv(fd, got, sizeof(got) - 1, 0) < 12)
		return 2;
	return atoi(got + 9) - 200;
}

static unsigned answer_to(struct api *a, const char *path, const struct who *w,
			  const struct api_route *route, const char *header)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(ask_as(path, w, route, header));
	for (;;) {
		struct pollfd p = {.fd = api_fd(a), .events = POLLIN};
		(void)poll(&p, 1, 1);
		(void)api_run(a);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
	}
	assert_true(WIFEXITED(status));
	return 200 + (unsigned)WEXITSTATUS(status);
}

/* A revocation shuts out, and a ledger made anew goes on with one key of two and forgets what it
 * held: more than an order. */
static void who_gets_keys_is_decided_by_few(void **state)
{
	static const char *const few[] = {"/v1/trust/", "/v1/keyfile/", "/v1/ledger/"};
	(void)state;
	for (size_t i = 0; i < api_routes_n; i++)
		for (size_t f = 0; f < ARRAY_N(few); f++)
			if (strncmp(api_routes[i].path, few[f], strlen(few[f])) == 0 &&
			    api_routes[i].need != API_TRUSTS)
				fail_msg("%s is for more than these", api_routes[i].path);
}

static const struct api_route *route_that(enum api_need need)
{
	for (size_t i = 0; i < api_routes_n; i++)
		if (api_routes[i].need == need && !api_routes[i].is_snapshot)
			return &api_routes[i];
	fail_msg("no such route");
	return NULL;
}

/* A folder and a socket that anybody may open, so that only the table decides. */
static const char *open_socket(void **state, const struct api_owner *owner)
{
	const char *path = tempdir_path(state, "sock");
	struct err err = ERR_INIT;
	int fd = -1;
	assert_true(api_listen(path, &fd, &err));
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_true(api_new(fd, owner, &asked, &err));
	return path;
}

static void the_peers_groups_decide_who_may_change_and_nobody_else_who_gets_keys(void **state)
{
	enum { OWN = 4321, OPERATE = 5432 };
	static const struct {
		struct who who;
		bool may_change, may_trust;
	} rows[] = {
	    {{0, 0, 0}, true, true},           {{OWN, OWN, 0}, true, true},
	    {{77, 77, OPERATE}, true, false},  {{77, OPERATE, 0}, true, false},
	    {{77, OWN, 0}, false, false},      {{77, 77, 0}, false, false},
	    {{OPERATE, 77, 78}, false, false},
	};
	const struct api_owner owner = {
	    .submit = what_was_asked, .own_uid = OWN, .operate_gid = OPERATE};
	const struct api_owner no_group = {
	    .submit = what_was_asked, .own_uid = OWN, .operate_gid = (gid_t)-1};
	if (geteuid() != 0)
		return; /* nobody else can be played */
	const char *path = open_socket(state, &owner);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (unsigned need = API_READS; need <= API_TRUSTS; need++) {
			bool may = need == API_READS ||
				   (need == API_CHANGES && rows[i].may_change) ||
				   (need == API_TRUSTS && rows[i].may_trust);
			assert_int_equal(answer_to(asked, path, &rows[i].who, route_that(need), ""),
					 may ? 200 : 403);
			/* The body may ask for more than the route. */
			if (may)
				assert_int_equal(was_trusted, rows[i].may_trust);
		}
	api_free(asked);
	path = open_socket(state, &no_group);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_int_equal(answer_to(asked, path, &rows[i].who, route_that(API_CHANGES), ""),
				 rows[i].may_trust ? 200 : 403);
	api_free(asked);
}

static void a_login_is_believed_of_root_and_our_own_user_and_of_nobody_else(void **state)
{
	static const struct {
		struct who who;
		const char *header, *wanted;
	} rows[] = {
	    {{0, 0, 0}, "Rotad-Login: 77\r\n", "uid 77"},
	    {{4321, 4321, 0}, "Rotad-Login: 77\r\n", "uid 77"},
	    {{78, 78, 0}, "Rotad-Login: 77\r\n", "uid 78"},
	    {{0, 0, 0}, "", "root"},
	    {{0, 0, 0}, "Rotad-Login: 4294967295\r\n", "root"},
	    {{0, 0, 0}, "Rotad-Login: 77x\r\n", "root"},
	    {{0, 0, 0}, "Rotad-Login: 99999999999\r\n", "root"},
	};
	const struct api_owner owner = {
	    .submit = what_was_asked, .own_uid = 4321, .operate_gid = (gid_t)-1};
	char login[16] = "";
	auto_file FILE *f = fopen("/proc/self/loginuid", "re");
	bool is_known = f && fgets(login, sizeof(login), f) && strcmp(login, "4294967295") != 0;
	if (geteuid() != 0 || is_known)
		return; /* the kernel's own word comes first */
	const char *path = open_socket(state, &owner);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_int_equal(
		    answer_to(asked, path, &rows[i].who, route_that(API_READS), rows[i].header),
		    200);
		assert_string_equal(by_whom, rows[i].wanted);
	}
	api_free(asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_user_takes_half_of_the_connections_at_most,
					    tempdir_setup, tempdir_teardown),
	    cmocka_unit_test_setup_teardown(
		the_peers_groups_decide_who_may_change_and_nobody_else_who_gets_keys, tempdir_setup,
		tempdir_teardown),
	    cmocka_unit_test(who_gets_keys_is_decided_by_few),
	    cmocka_unit_test_setup_teardown(
		a_login_is_believed_of_root_and_our_own_user_and_of_nobody_else, tempdir_setup,
		tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
