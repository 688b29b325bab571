/* SPDX-License-Identifier: Apache-2.0 */
/* Sign with a CA on this host. What may be signed is decided by the wish and codec/ca.c. */
#include "authority/authority_local.h"

#include "base/cleanup.h"
#include "codec/ca.h"

#define DAMAGED_RETRY_US (15 * US_MIN)

bool authority_local_init(struct authority_local *ret, const struct authority_local_config *config,
			  const struct files_port *files, const struct host_port *host,
			  struct err *err)
{
	if (!config->ca_file || !config->ca_file[0] || !config->key_file || !config->key_file[0])
		return err_set(err, ERR_INVALID,
			       "a local authority needs certificate and privateKey");
	if (config->valid_for_us < 0 || config->valid_for_us > CA_LEAF_MAX_US)
		return err_set(err, ERR_INVALID, "a local authority issues for at most 825 days");
	*ret = (struct authority_local){.config = *config, .files = *files, .host = *host};
	if (!ret->config.valid_for_us)
		ret->config.valid_for_us = CA_LEAF_DEFAULT_US;
	return true;
}

static struct ca_signer *open_ca(struct authority_local *a, struct err *err)
{
	auto_buf struct buf cert = {0};
	auto_secret struct secret key = {0};
	struct file_view view = {0};
	const struct files_port *f = &a->files;
	if (!f->ops->read_text(f->self, a->config.ca_file, PEM_BYTES_MAX, &cert, NULL, err) ||
	    !f->ops->read_secret(f->self, a->config.key_file, PEM_BYTES_MAX, &key, &view, err)) {
		(void)err_in(err, "opening the local CA");
		return NULL;
	}
	if (view.mode & 077) {
		err_subject(err, a->config.key_file);
		(void)err_set(err, ERR_UNSAFE_FILE,
			      "the CA's private key can be read by others than its owner (mode "
			      "%04o): chmod 600",
			      view.mode);
		return NULL;
	}
	return ca_open(buf_str(&cert), (struct str){.p = key.p, .n = key.n}, NULL, err);
}

bool authority_local_sign(struct authority_local *a, struct str csr_pem,
			  const struct cert_wish *wish, struct wall now, struct buf *out,
			  struct err *err)
{
	struct ca_serial serial;
	AUTO(ca_signer) ca = open_ca(a, err);
	if (!ca)
		return false;
	if (!a->host.ops->random(a->host.self, serial.bytes, sizeof(serial.bytes), err))
		return err_in(err, "making a serial number");
	return ca_sign_csr(ca, csr_pem, wish, now, a->config.valid_for_us, &serial, out, err);
}

bool authority_local_probe(struct authority_local *a, struct wall now, struct wall *ret_end,
			   struct err *err)
{
	char ended[32];
	AUTO(ca_signer) ca = open_ca(a, err);
	if (!ca)
		return false;
	struct wall end = ca_view(ca)->chain_not_after;
	if (end.us <= now.us)
		return err_set(err, ERR_REFUSED, "the local CA's certificate ended %s",
			       wall_print_utc(end, ended, sizeof(ended)));
	*ret_end = end;
	return true;
}

/* What will not get better by asking again the same way. A damaged or missing file does: somebody
 * mends it, and the next try sees it. */
static bool is_refusal(enum err_kind kind)
{
	return kind == ERR_REFUSED || kind == ERR_INVALID || kind == ERR_SYNTAX ||
	       kind == ERR_CRYPTO;
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	auto_buf struct buf chain = {.max = PEM_BYTES_MAX};
	if (!authority_local_sign(self, r->csr_pem, r->wish, r->now, &chain, err)) {
		if (!is_refusal(err->kind))
			return err_in(err, "signing for %s", r->instance);
		*ret = (struct authority_answer){.outcome = AUTHORITY_REFUSED,
						 .retry_us = DAMAGED_RETRY_US};
		return true;
	}
	*ret = (struct authority_answer){.outcome = AUTHORITY_ISSUED, .chain_pem = chain};
	chain = (struct buf){0};
	return true;
}

const struct authority_ops authority_local_ops = {
    .name = "local",
    .subject_note = "signs any subject; O, OU and DC are taken from the certificate in use",
    .issue = issue,
};
