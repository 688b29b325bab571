/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the backends, and the chain that the operator keeps beside an authority. */
#include "authority/authority_table.h"

#include <string.h>

#include "authority/authority_answer.h"
#include "base/cleanup.h"

static bool init_local(struct authority *a, struct err *err)
{
	const struct authority_local_config config = {.ca_file = a->policy->certificate,
						      .key_file = a->policy->private_key,
						      .valid_for_us = a->policy->valid_for_us};
	return authority_local_init(&a->as.local, &config, &a->parts.files, &a->parts.host, err);
}

static bool init_exec(struct authority *a, struct err *err)
{
	return authority_exec_init(&a->as.exec, a->policy, &a->parts.program, err);
}

static bool init_vault(struct authority *a, struct err *err)
{
	return authority_vault_init(&a->as.vault, a->policy, a->parts.token, &a->parts.http, err);
}

static bool init_manual(struct authority *a, struct err *err)
{
	(void)a;
	(void)err;
	return true;
}

#define SELF(member) .self_offset = offsetof(struct authority, as.member)
const struct authority_row authority_table[] = {
    {.type = "local", .ops = &authority_local_ops, .init = init_local, SELF(local)},
    {.type = "exec", .ops = &authority_exec_ops, .init = init_exec, SELF(exec)},
    {.type = "manual", .ops = &authority_manual_ops, .init = init_manual},
    {.type = "vault", .ops = &authority_vault_ops, .init = init_vault, SELF(vault)},
};
const size_t authority_table_n = ARRAY_N(authority_table);

const struct authority_row *authority_row_find(const char *type)
{
	for (size_t i = 0; i < authority_table_n; i++)
		if (strcmp(authority_table[i].type, type) == 0)
			return &authority_table[i];
	return NULL;
}

bool authority_init(struct authority *ret, const struct authority_policy *policy,
		    const struct authority_parts *parts, struct err *err)
{
	const struct authority_row *row = authority_row_find(policy->type);

	if (!row)
		return err_set(err, ERR_UNSUPPORTED,
			       "authority \"%s\": type %s cannot issue by itself", policy->name,
			       policy->type);
	*ret = (struct authority){.row = row, .policy = policy, .parts = *parts};
	return row->init(ret, err);
}

static bool chain_add(struct authority *a, struct buf *chain, struct err *err)
{
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	struct buf all = {0};
	unsigned certs_n = 0;

	/* Counts what is there; a new text only if something is missing. */
	if (!answer_chain(buf_str(chain), &all, &certs_n, err))
		return false;
	buf_fini(&all);
	if (certs_n > 1)
		return true;
	auto_buf struct buf file = {0};
	if (!a->parts.files.ops->read_text(a->parts.files.self, a->policy->chain, PEM_BYTES_MAX,
					   &file, NULL, err))
		return err_in(err, "reading the chain of authority \"%s\"", a->policy->name);
	buf_add(&text, chain->p, chain->n);
	buf_addc(&text, '\n');
	buf_add(&text, file.p, file.n);
	if (!buf_ok(&text, err))
		return false;
	if (!answer_chain(buf_str(&text), &all, &certs_n, err))
		return false;
	buf_fini(chain);
	*chain = all;
	return true;
}

bool authority_issue(struct authority *a, const struct authority_request *r,
		     struct authority_answer *ret, struct err *err)
{
	struct authority_answer answer = {0};

	if (!a->row->ops->issue((char *)a + a->row->self_offset, r, &answer, err))
		return false;
	if (answer.outcome == AUTHORITY_ISSUED && a->policy->chain[0] &&
	    !chain_add(a, &answer.chain_pem, err)) {
		buf_fini(&answer.chain_pem);
		return false;
	}
	*ret = answer;
	return true;
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	return authority_issue(self, r, ret, err);
}

struct authority_port authority_port_of(struct authority *a)
{
	static struct authority_ops ops[ARRAY_N(authority_table)];
	size_t i = (size_t)(a->row - authority_table);
	ops[i] = *a->row->ops; /* name and note of the backend, the same each time */
	ops[i].issue = issue;
	return (struct authority_port){.ops = &ops[i], .self = a};
}
