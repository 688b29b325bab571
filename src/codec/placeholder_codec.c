/* SPDX-License-Identifier: Apache-2.0 */
/* codec: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_codec;
int placeholder_codec = 1;
