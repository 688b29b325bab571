/* SPDX-License-Identifier: Apache-2.0 */
/* plan: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_plan;
int placeholder_plan = 1;
