/* SPDX-License-Identifier: Apache-2.0 */
/* conf: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_conf;
int placeholder_conf = 1;
