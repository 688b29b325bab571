/* SPDX-License-Identifier: Apache-2.0 */
/* notify: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_notify;
int placeholder_notify = 1;
