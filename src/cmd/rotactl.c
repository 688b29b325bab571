/* SPDX-License-Identifier: Apache-2.0 */
/* main() of rotactl. What it does is in ctl.c and the verbs. */
#include "base/secret.h"
#include "cmd/ctl.h"

int main(int argc, char **argv)
{
	secret_process_init();
	return (int)ctl_main(argc, argv, stdout, stderr);
}
