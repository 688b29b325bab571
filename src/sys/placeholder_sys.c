/* SPDX-License-Identifier: Apache-2.0 */
/* sys: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_sys;
int placeholder_sys = 1;
