/* SPDX-License-Identifier: Apache-2.0 */
/* round: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_round;
int placeholder_round = 1;
