/* SPDX-License-Identifier: Apache-2.0 */
/* net: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_net;
int placeholder_net = 1;
