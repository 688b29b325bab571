/* SPDX-License-Identifier: Apache-2.0 */
/* mongod: see src/LAYERS. Placeholder so that the library has a member; delete with the first real
 * file. */
extern int placeholder_mongod;
int placeholder_mongod = 1;
