/* SPDX-License-Identifier: Apache-2.0 */
/* authority: see src/LAYERS. Placeholder so that the library has a member; delete with the first
 * real file. */
extern int placeholder_authority;
int placeholder_authority = 1;
