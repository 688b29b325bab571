/* SPDX-License-Identifier: Apache-2.0 */
/* api: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_api;
int placeholder_api = 1;
