/* SPDX-License-Identifier: Apache-2.0 */
/* port/http.h by the helper rotad-net: rotad itself links no HTTP and parses no stranger's bytes.
 */
#ifndef SYS_HTTP_RPC_H
#define SYS_HTTP_RPC_H

#include "port/http.h"
#include "sys/helper.h"

/* self is a struct helper that runs rotad-net. The helper gets one second more than the exchange
 * may take, so that its own word ("low speed", "connect") comes first. */
extern const struct http_ops http_rpc_ops;
/* The same in two halves. The helper must have no other user. */
extern const struct http_later_ops http_rpc_later_ops;

#endif
