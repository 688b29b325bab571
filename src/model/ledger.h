/* SPDX-License-Identifier: Apache-2.0 */
/* What rotads tell each other through the ledger (PROTOCOL.md), as plain values: proposal, vote,
 * claim, statement and the rest. codec/ledger_json.h turns them into signed documents and back; who
 * may be believed is decided there and in round/. Nothing here is secret: keys stand as numbers and
 * ids. */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include "base/clock.h"
#include "model/keyring.h"
#include "model/mongod_view.h"

enum {
	PROTOCOL_NUMBER = 1, /* a document with another one is unknown: nothing is done, told */
	SPKI_CHARS = 64, /* SHA-256 of a SubjectPublicKeyInfo, lower-case hex: an identity's name */
	DIGEST_CHARS = 64, /* SHA-256 of a document's canonical content, lower-case hex */
	TOKEN_CHARS = 32,  /* random ids: ledger, incarnation, order; lower-case hex */
	WORD_BYTES = 32,
	REASON_BYTES = 512,
};

struct spki {
	char hex[SPKI_CHARS + 1];
};
struct digest {
	char hex[DIGEST_CHARS + 1];
};
struct token {
	char hex[TOKEN_CHARS + 1];
};

/* The head of every document (PROTOCOL 7). */
struct doc_head {
	char cluster[NAME_BYTES_MAX]; /* replicaSetId, or clusterId when sharded; "local:..." for a
					 standalone */
	struct token ledger;          /* random id of this ledger */
	struct spki from;             /* the signer */
	struct token incarnation;     /* of the signer's process */
	uint64_t seq;                 /* rises per signer */
	struct wall at; /* the signer's clock; for people, never for decisions between hosts */
};

/* A key as hosts speak of it. number 0: no key. */
struct key_name {
	unsigned number; /* 1.., given by the ledger, never used again */
	struct key_id id;
};

enum strategy { STRATEGY_TWO_PASS, STRATEGY_STANDBY, STRATEGY_N };
enum urgency { URGENCY_ROUTINE, URGENCY_URGENT, URGENCY_EMERGENCY, URGENCY_N };

/* Who must vote. */
struct roll_entry {
	int64_t member; /* members[]._id; -1 for a standalone or a mongos */
	char host[HOST_BYTES_MAX];
	struct spki identity; /* of the rotad that speaks for it; of a dead one may be "" */
	bool is_dead;         /* declared dead before it was made: it has no vote */
};

/* The change itself. One document, made by compare-and-set at "proposal/GENERATION". */
struct proposal {
	struct doc_head head;
	struct digest digest;   /* of its own content: computed when read or made */
	uint64_t generation;    /* 1.., never goes back; 0: there is none */
	struct digest previous; /* of generation-1; "" for the first */
	enum strategy strategy;
	enum urgency urgency;
	struct key_name pivot, next, after; /* p, q, r; after is for standby only */
	unsigned roll_n;
	struct roll_entry roll[MEMBERS_MAX];
	int64_t config_version, config_term; /* of rs.conf when it was made */
	struct token order;                  /* the order it serves; "" for age */
	char reason[REASON_BYTES];           /* "91 days old", "quarterly, CHG41877, by alice" */
};

enum vote_word { VOTE_NONE, VOTE_YEA, VOTE_NAY };

/* Given once per member and generation, ever; kept in the anchor before it is published. */
struct vote {
	struct doc_head head;
	uint64_t generation;
	struct digest proposal;
	char host[HOST_BYTES_MAX]; /* the member voted for */
	enum vote_word word;
	char process_id[PROCESS_ID_CHARS + 1]; /* the process that accepted the new key alone */
	struct ring_ids disk, running;
	char path[PATH_BYTES_MAX / 8]; /* the file looked at */
	char reason[REASON_BYTES];     /* of a nay */
	bool is_by_operator;           /* an abort in the member's name */
};

/* "--without M": declared dead by a person. */
struct without {
	struct doc_head head;
	uint64_t generation;
	char host[HOST_BYTES_MAX];
	char who[NAME_BYTES_MAX], reason[REASON_BYTES];
};

/* The end of a generation: the old key is proven refused by every member (or, after a nay, all are
 * back). */
struct closure {
	struct doc_head head;
	bool is_given;
	uint64_t generation;
	struct digest proposal;
	bool is_carried;   /* true: the pivot is next, the old one is refused everywhere; false:
			      undone */
	unsigned proofs_n; /* refused logins that were made */
	struct {
		char host[HOST_BYTES_MAX];
		char process_id[PROCESS_ID_CHARS + 1];
	} proofs[MEMBERS_MAX];
};

/* Votes, withouts and closure of one generation and set: "roll/GENERATION". votes[i] belongs to the
 * proposal's roll[i]. */
struct roll {
	uint64_t generation;
	int64_t rev; /* of the document; 0: not there */
	struct vote votes[MEMBERS_MAX];
	bool is_without[MEMBERS_MAX]; /* declared dead, here or by the proposal */
	struct closure closure;
};

enum claim_state { CLAIM_FREE, CLAIM_WAITING, CLAIM_ACTING };
enum claim_purpose { CLAIM_FOR_RESTART, CLAIM_FOR_CERTIFICATE };

/* Who may act now (PROTOCOL 2): "claim/SET". Waiting may be taken over after 60 s without a move by
 * the observer's own boot clock; acting never runs out. */
struct claim {
	struct doc_head head;
	int64_t rev; /* of the document; 0: not there, as free */
	enum claim_state state;
	enum claim_purpose purpose;
	char host[HOST_BYTES_MAX];             /* the member to be disturbed */
	char process_id[PROCESS_ID_CHARS + 1]; /* the process it will end */
	uint64_t generation;
	uint64_t beat; /* rises while it waits */
};

/* What a rotad says of its own member, now and then: for plans, verify and the look at other sets.
 * No promise in it. "statement/HOST". It is the rehearsal too. */
struct statement {
	struct doc_head head;
	char host[HOST_BYTES_MAX];
	int64_t member;
	uint64_t generation;
	uint64_t retired; /* the last generation whose end this rotad has carried out */
	bool is_given_up; /* it knows of a nay to that generation, and writes its key no more */
	char process_id[PROCESS_ID_CHARS + 1];
	struct ring_ids disk, running;
	char version[WORD_BYTES]; /* of rotad */
	unsigned protocol;
	char mode[WORD_BYTES]; /* of the keyfile kind: observe, ask, act */
	bool is_rehearsed;
	struct wall rehearsed_at;
	char findings[REASON_BYTES]; /* why not rehearsed; "" when all is well */
	char certificate_serial[64]; /* served now */
	struct wall certificate_not_after;
	struct wall certificate_not_before;
	bool takes_certificates; /* its rotad serves certificate orders: mode and authority */
	struct token certificate_order; /* the last certificate order that this member fulfilled */
	struct token certificate_refused; /* the last one that it is over with and kept its old
					     certificate; it may be served later all the same */
	bool
	    is_certificate_taken_back; /* that one was installed and did not hold: nobody goes on */
};

/* An identity and why it is believed: "identity/SPKI". */
enum endorsement {
	ENDORSED_BY_NONE,
	ENDORSED_BY_CERTIFICATE,
	ENDORSED_BY_KEY,
	ENDORSED_BY_OPERATOR
};
struct identity {
	struct doc_head head;
	struct spki spki;
	char host[HOST_BYTES_MAX]; /* the member it speaks for */
	char sign_key[256];        /* P-256 SubjectPublicKeyInfo, DER in base64 */
	char receive_key[256]; /* the same, to seal for; signed by sign_key as part of this document
				*/
	enum endorsement how;
	bool is_admitted,
	    is_revoked; /* judged by the reader: endorsement checked, pins and revocations known */
	/* Of a host that a person confirmed with another identity since: what it said stands (its
	 * votes), but nothing is sealed for it and it speaks for no member any more. */
	bool is_superseded;
	/* Of a revoked one: what it said of generations up to this one stands, since others may
	 * have acted on it; 0: nothing does. */
	uint64_t stands_until;
	char why_not[256];
};

/* "revocation/SPKI": a person's word that an identity is nobody's any more. It receives no key, and
 * nothing that it says is believed, save of generations up to this one, the newest one as it was
 * revoked: votes only accumulate. Who remembers it writes it again where it is gone or its signer
 * is believed no more. */
struct revocation {
	struct doc_head head;
	struct spki spki;
	char host[HOST_BYTES_MAX];
	uint64_t generation;
	char who[NAME_BYTES_MAX], reason[REASON_BYTES];
};

/* What a host asks for that cannot log in anywhere: carried by a person to another host of the set,
 * which answers with an envelope for this nonce. */
struct request {
	struct doc_head head;
	char host[HOST_BYTES_MAX];
	struct token nonce;
	char receive_key[256]; /* as struct identity has it: the one that it can open with now */
};

/* A person's word: pause (hold) and resume; a foreign write holds too. "hold". */
struct hold {
	struct doc_head head;
	int64_t
	    rev; /* of the document as read: rises with each pause and resume; 0: there is none */
	bool is_on;
	char who[NAME_BYTES_MAX], why[REASON_BYTES];
};

/* An order for all rotads: "order/ID". A keyfile order is served by a proposal that names it; a
 * certificate order by each rotad whose certificate is older than the order. */
enum order_kind { ORDER_KEYFILE, ORDER_CERTIFICATES };
struct order {
	struct doc_head head;
	struct token id;
	enum order_kind kind;
	enum urgency urgency;
	char host[HOST_BYTES_MAX]; /* only this member; "" all */
	char who[NAME_BYTES_MAX], reason[REASON_BYTES], ticket[NAME_BYTES_MAX];
	bool breaks_freeze;
	int64_t max_lag_us;           /* 0: the policy's */
	char without[HOST_BYTES_MAX]; /* keyfile: the rotation that serves it begins without this
					 member, declared dead; "" none */
	uint64_t amends; /* the generation that was under way: it changes that one's terms and
			    begins nothing; 0: none was */
	uint64_t known;  /* the newest generation in the ledger when it was given; 0: none */
	/* Given by the central schedule of that serial; 0: by a person. Such a document stays when
	 * it is served, so that every host that reads the schedule finds it given. */
	uint64_t serial;
	bool is_served;
};

/* A certificate request for the issuing host, and its answer: "csr/HOST", "issued/HOST". */
struct csr_doc {
	struct doc_head head;
	char host[HOST_BYTES_MAX];
	char authority[NAME_BYTES_MAX];
	struct digest csr; /* SHA-256 of the CSR's DER */
	char csr_pem[8192];
	struct wall wanted_at;
};
struct issued_doc {
	struct doc_head head;
	char host[HOST_BYTES_MAX];
	struct digest csr; /* which it answers */
	bool is_refused;
	char why[REASON_BYTES];
	char chain_pem[16384];
};

/* The content of an envelope is in codec/envelope.h: the only secret one. */

/* What a rotad never forgets (PROTOCOL 3): STATE/anchor.json, written durably before it publishes.
 */
enum { RETIRED_MAX = 64, REVOKED_MAX = 64 };
/* How a revocation stands in the ledger, as far as this host knows. */
enum revocation_stand {
	REVOCATION_UNSAID, /* a person's word here, of which no document tells yet */
	REVOCATION_SAID,   /* its generation may rise once, to one proposed as it was written */
	REVOCATION_FINAL
};
struct anchor {
	char cluster[NAME_BYTES_MAX];
	struct token ledger;
	uint64_t generation;    /* the highest seen */
	struct digest proposal; /* of that generation */
	uint64_t schedule_serial;
	struct key_name pivot;
	struct key_name next; /* of the generation; "" when there is none */
	/* The next key after a nay, until the end of the generation is carried out here. */
	struct key_name burnt;
	/* Strategy standby: the key that stands beside the pivot for the next rotation, loaded
	 * already; "" when there is none. */
	struct key_name standby;
	struct wall standby_born;
	/* own votes of the generation, one an instance of this host */
	unsigned votes_n;
	struct {
		char host[HOST_BYTES_MAX];
		enum vote_word word;
		uint64_t generation;
	} votes[INSTANCES_MAX];
	unsigned retired_n; /* retired (refused everywhere) and burnt keys: never written again */
	struct key_name retired[RETIRED_MAX];
	/* A host may have several: the last one is its present identity, those before it are
	 * superseded. */
	unsigned pins_n;
	struct {
		char host[HOST_BYTES_MAX];
		struct spki spki;
	} pins[MEMBERS_MAX];
	/* Never believed again, whatever the ledger holds; see struct revocation. */
	unsigned revoked_n;
	struct {
		struct spki spki;
		uint64_t generation;
		enum revocation_stand stand;
	} revoked[REVOKED_MAX];
	char
	    salt_hex[65]; /* cluster salt for key ids: 32 random bytes; travels in envelopes only */
	unsigned highest_number;
	struct wall key_born; /* the pivot's birth as far as known; 0 not known */
	bool is_born_exact;   /* false: oldest evidence, "at least" */
};

#endif
