/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of rotactl, one row each, in the order in which help shows them.
 * X(group, name, handler, flags, synopsis, one-line help); the row also declares the handler. */
#ifndef CMD_CTL_TABLE_H
#define CMD_CTL_TABLE_H

#include "cmd/ctl.h"

/* clang-format off */
#define CTL_ROWS(X)                                                                                \
	X("look", "help", ctl_help, CTL_OFFLINE, "[VERB]",                                         \
	  "Explain a verb, or list all") \
	X("look", "status", ctl_status, CTL_DAEMON,                                                \
	  "[--instance I] [--cluster C] [--from FILE]", "Show how every instance of this host stands") \
	X("look", "explain", ctl_explain, CTL_DAEMON,                                              \
	  "[THING] [--instance I] [--cluster C] [--from FILE]",                                    \
	  "Tell why rotad does what it does, or what a name means")                                \
	X("look", "verify", ctl_verify, CTL_DAEMON,                                                \
	  "[--all] [--html FILE] [--instance I] [--cluster C] [--from FILE]",                      \
	  "Try the keys on every member now")                                                      \
	X("look", "history", ctl_history, CTL_DAEMON, "[-n N] [--all] [--instance I] [--cluster C]",       \
	  "Show what rotad did on this host")                                                      \
	X("look", "metrics", ctl_metrics, CTL_DAEMON, "[--output FILE]",                           \
	  "Print numbers for Prometheus")                                                          \
	X("act", "plan", ctl_plan, CTL_DAEMON, "[--instance I] [--cluster C] [--from FILE]",       \
	  "Show what comes next, and what is foretold")                                            \
	X("act", "rotate keyfile", ctl_rotate_keyfile, CTL_DAEMON | CTL_ROOT,                      \
	  "[--cluster C] [--instance I] [--dry-run] [--emergency [--break-freeze] [--revoke M]] "  \
	  "[--without M] [--max-lag D] "                                                           \
	  "[--reason R] [--ticket T] [--wait|-w [--timeout D]] [--yes]",                           \
	  "Order a rotation of the keyfile")                                                       \
	X("act", "rotate certificates", ctl_rotate_certificates, CTL_DAEMON | CTL_ROOT,            \
	  "[--cluster C] [--instance I] [--member M] [--dry-run] [--reason R] [--ticket T] "       \
	  "[--wait|-w [--timeout D]] [--yes]",                                                     \
	  "Order new certificates")                                                                \
	X("act", "approve", ctl_approve, CTL_DAEMON | CTL_ROOT,                                    \
	  "[ID] [--generation N] [--instance I] [--cluster C] [--yes]",                            \
	  "Approve what waits in mode ask, or another writer")                                      \
	X("act", "pause", ctl_pause, CTL_DAEMON | CTL_ROOT,                                        \
	  "[--reason R] [--instance I] [--cluster C]", "Hold the cluster where it is")             \
	X("act", "resume", ctl_resume, CTL_DAEMON | CTL_ROOT,                                      \
	  "[--reason R] [--instance I] [--cluster C]", "Go on")                                    \
	X("act", "abort", ctl_abort, CTL_DAEMON | CTL_ROOT,                                        \
	  "[--reason R] [--wait|-w [--timeout D]] [--yes] [--instance I] [--cluster C]",           \
	  "Give the rotation up, back to the key in use")                                          \
	X("act", "turn release", ctl_turn_release, CTL_DAEMON | CTL_ROOT,                          \
	  "[--yes] [--instance I] [--cluster C]", "Give back a turn whose holder is gone")         \
	X("act", "ledger rebuild", ctl_ledger_rebuild, CTL_DAEMON | CTL_ROOT,                      \
	  "[--join ID] [--reason R] [--yes] [--instance I] [--cluster C]",                         \
	  "Make a lost or stuck ledger anew")                                                      \
	X("act", "keyfile export", ctl_keyfile_export, CTL_DAEMON | CTL_ROOT,                      \
	  "--for REQUEST [--out FILE] | --next --out FILE [--instance I] [--cluster C]",           \
	  "Seal the key for a host, or hand it to its writer")                                           \
	X("act", "keyfile import", ctl_keyfile_import, CTL_DAEMON | CTL_ROOT,                      \
	  "FILE | --request [--out FILE] [--instance I] [--cluster C]",                            \
	  "Ask for the key in use, or bring it")                                                   \
	X("set up", "mode", ctl_mode, CTL_DAEMON | CTL_ROOT,                                       \
	  "WORD [--kind K | --instance I]", "Set how much rotad may do on this host")              \
	X("set up", "discover", ctl_discover, CTL_OFFLINE | CTL_ROOT, "[--output FILE | --write]", \
	  "Find the mongods of this host, write a configuration")                                  \
	X("set up", "adopt", ctl_adopt, CTL_OFFLINE | CTL_ROOT,                                    \
	  "[INSTANCE] [--dry-run] [--external] [--user NAME] [--root DIR] [--yes]",               \
	  "Make the files here such that rotad may renew them")                            \
	X("set up", "leave", ctl_leave, CTL_OFFLINE | CTL_ROOT,                                    \
	  "[INSTANCE] [--dry-run] [--user NAME] [--root DIR] [--yes]",                             \
	  "Take back what adopt did, with the bytes of today")                                     \
	X("set up", "doctor", ctl_doctor, CTL_OFFLINE | CTL_DAEMON,                                \
	  "[--all] [--user NAME] [--instance I] [--cluster C]",                                    \
	  "Ask whether this host could take its turn")                                             \
	X("set up", "trust list", ctl_trust_list, CTL_DAEMON, "[--instance I] [--cluster C]",      \
	  "List whom this host believes, and who waits to be")                     \
	X("set up", "trust confirm", ctl_trust_confirm, CTL_DAEMON | CTL_ROOT,                     \
	  "HOST --reason R [--fingerprint F] [--instance I] [--cluster C]",                        \
	  "Admit the new identity of a host that lost its state")                                  \
	X("set up", "trust revoke", ctl_trust_revoke, CTL_DAEMON | CTL_ROOT,                       \
	  "HOST|ID --reason R [--yes] [--instance I] [--cluster C]",                               \
	  "Take every say and every key from an identity")                                         \
	X("set up", "alert test", ctl_alert_test, CTL_DAEMON | CTL_ROOT, "[TARGET]",               \
	  "Test every alert target and say what it answered")                           \
	X("offline", "keyfile new", ctl_keyfile_new, CTL_OFFLINE,                                  \
	  "[--bytes N] [--out FILE] [--keep FILE]", "Make a new key as a keyfile")                 \
	X("offline", "keyfile check", ctl_keyfile_check, CTL_OFFLINE, "FILE [--percona]",          \
	  "Judge a keyfile as mongod does at its start")                                           \
	X("offline", "keyfile fingerprint", ctl_keyfile_fingerprint, CTL_OFFLINE, "FILE",          \
	  "Show a fingerprint of each key, for the eye")              \
	X("offline", "cert check", ctl_cert_check, CTL_OFFLINE,                                    \
	  "PEM [--ca FILE]... [--host NAME[,NAME]] [--peer PEM]... [--crl FILE] [--profile WORD]", \
	  "Judge a certificate as mongod and its peers do")                                        \
	X("set up", "cert request", ctl_cert_request, CTL_DAEMON,                                  \
	  "[--sheet] [--csr-out FILE] [--instance I] [--cluster C]",                               \
	  "Show the request that waits for a manual authority")                                    \
	X("set up", "cert import", ctl_cert_import, CTL_DAEMON | CTL_ROOT,                         \
	  "FILE [--reason R] [--instance I] [--cluster C]",                                        \
	  "Bring the CA's answer to that request")                                                 \
	X("offline", "ca init", ctl_ca_init, CTL_OFFLINE,                                          \
	  "DIR --name CN [--o O] [--days N] [--key-type T]", "Make a certification authority")     \
	X("offline", "ca issue", ctl_ca_issue, CTL_OFFLINE,                                        \
	  "member|server|client --ca DIR --host NAME[,NAME] [--subject DN | --cn CN --o O --ou "   \
	  "OU] [--for 90d] [--key-type T] [--csr FILE] [--out PEM]",                               \
	  "Issue a certificate")                                                                   \
	X("offline", "ca crl", ctl_ca_crl, CTL_OFFLINE,                                            \
	  "--ca DIR [--revoke PEM|SERIAL] [--for 30d] [--out FILE]",                               \
	  "Revoke a certificate and renew the CRL")                                                \
	X("offline", "user", ctl_user, CTL_OFFLINE,                                                \
	  "PEM [--role ROLE@DB]... [--member PEM] | --for rotad [PEM]",                            \
	  "Print the commands that make a database user")                                          \
	X("look", "simulate", ctl_simulate, CTL_OFFLINE | CTL_DAEMON,                              \
	  "[--members N|LETTERS | --from FILE | --instance I | --cluster C] [--days N] "           \
	  "[--fleets N] [--seed N] [--html FILE]",                                                 \
	  "Rehearse a year of rotations of this cluster")                                          \
	X("set up", "config check", ctl_config_check, CTL_OFFLINE,                                 \
	  "[FILE] [--user NAME] [--elsewhere] [--at TIME]", "Check rotad.yaml, all errors at once") \
	X("set up", "config show", ctl_config_show, CTL_OFFLINE, "[FILE] [--all] [--elsewhere] | --running [--instance I]", \
	  "Show every value in force and where it comes from")                                     \
	X("set up", "config keys", ctl_config_keys, CTL_OFFLINE, "[KEY]",                          \
	  "List the keys of rotad.yaml and what each allows")                         \
	X("set up", "schedule check", ctl_schedule_check, CTL_OFFLINE, "FILE [--signer PEM]",      \
	  "Check a central schedule as a whole")                                                   \
	X("set up", "schedule sign", ctl_schedule_sign, CTL_OFFLINE,                               \
	  "FILE --signer PEM --key FILE [--out FILE]", "Sign a central schedule")                  \
	X("set up", "schedule preview", ctl_schedule_preview, CTL_OFFLINE,                         \
	  "FILE --cluster C --host H [--at TIME] [--signer PEM]",                                  \
	  "Show what a schedule would mean for a host")                                            \
	/* each row ends with a backslash; this line is the end */
/* clang-format on */

#define X(group, name, handler, flags, synopsis, help)                                             \
	enum ctl_exit handler(struct ctl *ctl, int argc, char **argv);
CTL_ROWS(X)
#undef X

#endif
