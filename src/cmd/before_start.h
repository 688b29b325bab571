/* SPDX-License-Identifier: Apache-2.0 */
/* rotad --before-start: in mongod's unit, before mongod. Never fails, never holds mongod back. */
#ifndef CMD_BEFORE_START_H
#define CMD_BEFORE_START_H

#include <stdbool.h>

#define BEFORE_START_OPTION "--before-start"
/* Is it asked for? Then nothing else of the command line may make the program fail. */
bool before_start_wanted(int argc, char *const *argv);
/* Do it, within BEFORE_START_S, and say in one line what came of it. Always 0. */
int before_start_main(int argc, char **argv);
enum { BEFORE_START_S = 9 /* of the 10 that it is given */ };

#endif
