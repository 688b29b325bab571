/* SPDX-License-Identifier: Apache-2.0 */
/* Every event that rotad can tell, one row each: the name that receivers match on, how grave it is
 * unless the case says otherwise, journald's message id (fixed for ever), and what it means. The
 * texts of one case are written by who tells it. */
#ifndef MODEL_EVENT_TABLE_H
#define MODEL_EVENT_TABLE_H

#include "model/event.h"

/* X(SYMBOL, "name", severity without SEVERITY_, "message id: 32 hex digits", "meaning",
 *   "how things stand then, and whether a member may be restarted", "what rotad does about it", "what
 *   a person can do": all three for warnings and worse, "" below, where nobody has to do anything)
 * doc/3am.md is made of it (doc/3am.py), and `rotactl explain NAME`. */
/* clang-format off */
#define EVENT_TABLE(X) \
	X(ROTATION_STARTED, "rotation-started", NOTICE, "288ca968aad1e7806563cbdc7019bbe7", \
	  "A rotation began: all rotads of the cluster rehearsed their part and the proposal stands.", "", "", "") \
	X(ROTATION_WAITING, "rotation-waiting", WARNING, "8dfb12a881a01507507185196e5fa0bc", \
	  "A rotation has not moved for longer than it may; where it waits is safe and may stay so.", \
	  "The set runs. rotactl status says in its first lines whether a member may be restarted.", \
	  "Looks again all the time, and goes on by itself once nothing holds it up.", \
	  "rotactl explain names who or what it waits for. To stay exactly here: rotactl pause. Before the last vote there is a way back: rotactl abort") \
	X(ROTATION_DONE, "rotation-done", NOTICE, "0481e16a0955512df89a604071cb74b3", \
	  "A rotation is complete: the new key or certificate is accepted and the old one proven refused.", "", "", "") \
	X(ROTATION_ABORTED, "rotation-aborted", WARNING, "d32e01108a54cd008cd11a157185d8d0", \
	  "A rotation was taken back to the key or certificate before it.", \
	  "All members share the key, or serve the certificate, of before.", \
	  "Took it back in turn; the key that was given up is burnt and never used again.", \
	  "See why: rotactl history. Then order it anew: rotactl rotate keyfile") \
	X(ROTATION_HELD, "rotation-held", WARNING, "7a92ab6482f8827ab8bc497f3eb82a8b", \
	  "All rotations of the cluster are held until a person resumes them.", \
	  "The set runs and stays as it is. Nothing begins, nothing goes on.", \
	  "Stopped everywhere, also on the other hosts.", \
	  "rotactl explain tells who held it and why. Once that is mended: rotactl resume") \
	X(ROTATION_RESUMED, "rotation-resumed", NOTICE, "365485b6b322d7b1d03fc5f00e6148e0", \
	  "A held or paused rotation goes on.", "", "", "") \
	X(PLAN_WAITS_FOR_APPROVAL, "plan-waits-for-approval", NOTICE, "644972268e6f7eb8e89319cbda60ac7a", \
	  "Mode ask: a plan is ready and waits for rotactl approve.", "", "", "") \
	X(KEYRING_WRITTEN, "keyring-written", INFO, "103276249d230d340bc09bb811211685", \
	  "A keyfile was replaced; it holds the pivot.", "", "", "") \
	X(VOTED, "voted", INFO, "1c0f63b58e154e659edee5e77c7d2b6f", \
	  "A member voted for the new key: its file holds both keys, its process takes the new one alone.", "", "", "") \
	X(KEY_RETIRED, "key-retired", NOTICE, "4c3d3e21eddbb70391f92306fd2256c8", \
	  "A key left every keyring and is proven refused by every member.", "", "", "") \
	X(TURN_STARTED, "turn-started", INFO, "fde4fa2d0c164337836364ef5c823062", \
	  "One member is about to be restarted or reloaded; the others keep both majorities.", "", "", "") \
	X(TURN_DONE, "turn-done", INFO, "3290d7b2b8705613199459311c4d4be2", \
	  "A member is back: it answers, the others see it healthy, its lag is below the limit.", "", "", "") \
	X(TURN_ROLLED_BACK, "turn-rolled-back", CRITICAL, "4be6a85137b30dc66c21ff719fe5099b", \
	  "A turn failed; the files before it were put back and the member is healthy again.", \
	  "The member is back with its previous file. All members share one key.", \
	  "Put the previous file back, started mongod again, and held the cluster.", \
	  "Its log says why it did not start: rotactl explain has the line. Mend that, then: rotactl resume. Or give the rotation up: rotactl abort") \
	X(MEMBER_NOT_BACK, "member-not-back", CRITICAL, "5efecb67e63c1f64e1f3044498ed7032", \
	  "A member did not come back after its turn and could not be rolled back.", \
	  "One member is down. Restart no other one: the set is one failure from a stop.", \
	  "Tried the previous file too. It never kills a mongod and starts no other one.", \
	  "On that host look at mongod's log and start it by hand: its keyfile holds a key that all share. Then: rotactl resume") \
	X(MEMBER_STARTING_LONG, "member-starting-long", WARNING, "106039fb6891b322889334f19b4312a6", \
	  "A member is alive and still recovering; rotad waits and never ends it.", \
	  "One member is away while it recovers. Restart no other one.", \
	  "Waits, however long it takes; it never ends a mongod that works.", \
	  "Watch mongod's log there. It goes on by itself when the member is back") \
	X(MEMBER_UNREACHABLE, "member-unreachable", WARNING, "5e4d33c1794f7b01fa1d7973803735d8", \
	  "A member does not answer; nothing that needs it goes on.", \
	  "One member is away. Restart no other one.", \
	  "Nothing: it starts only a mongod that it stopped itself. The rotation waits.", \
	  "Start or mend that member. If it is gone for good: rotactl rotate keyfile --without MEMBER, or take it out of the set") \
	X(NEWCOMER_WITHOUT_KEY, "newcomer-without-key", WARNING, "785969c3bffe4b4d2eaf244d7f14bd10", \
	  "A member joined during a rotation and does not accept the new key yet; nothing is narrowed before it does.", \
	  "The set runs. Both keys are accepted by all others.", \
	  "Narrows no file before the new member accepts the new key.", \
	  "Install and start rotad on the new member, or take it out of the set until the rotation is over") \
	X(MEMBER_DECLARED_DEAD, "member-declared-dead", WARNING, "4e6b35c495884c709663283850de6f4d", \
	  "A person declared a member dead: the rotation goes on without it, and its key is not waited for.", \
	  "The rotation goes on without that member, which is shut out by the new key.", \
	  "Noted who said it, in the ledger and in the history.", \
	  "Should it come back: start its rotad first, which gets the key. Was it not you? rotactl pause") \
	X(DEAD_MEMBER_ALIVE, "dead-member-alive", WARNING, "b58b46c237de43569bfcba50a377bcc5", \
	  "A member that was declared dead answers and does not accept the key: no further turn is taken.", \
	  "The set runs. That member cannot reach the others with the key it has.", \
	  "Takes no further turn before it has the present key.", \
	  "Start rotad on that member: it gets the key and is restarted in its own turn. Or stop its mongod") \
	X(MEMBER_WITHOUT_ROTAD, "member-without-rotad", WARNING, "1e70489c73e9db84d85ca18e2c9b4b37", \
	  "A member of the set has no rotad that speaks for it.", \
	  "The set runs and stays as it is.", \
	  "Nothing begins, and nothing is narrowed, without that member's word.", \
	  "On that host: systemctl status rotad; then rotactl doctor. A host without rotad needs it installed") \
	X(STEP_DOWN_REFUSED, "step-down-refused", WARNING, "4c1eaf1a00898ba3a36c58ece4c0c532", \
	  "The primary refused to step down; its turn rests.", \
	  "The primary is primary and takes writes; it was not restarted.", \
	  "Asked once. It asks again after a rest of 15 minutes.", \
	  "Why could no secondary take over? rs.status() (lag, health), rs.conf() (priorities). Sooner than that: rotactl resume") \
	X(PENDING_CHANGE, "pending-change", WARNING, "2781886fbab6be0f541aa0792d112344", \
	  "A restart would change more than the key: binary, configuration, unit or files differ from those in use.", \
	  "mongod runs on as it was started. No rotation begins, for it would restart it.", \
	  "Nothing: whether that change is wanted only a person knows.", \
	  "Restart that member at a time of your own, by hand; or say instances[].pendingChanges: allow") \
	X(FOREIGN_WRITE, "foreign-write", CRITICAL, "56318b5c5aa7506953e70f191fc84acf", \
	  "A file that rotad keeps was replaced by something else.", \
	  "That member runs on. Do NOT restart it before the file is right: rotactl status says so.", \
	  "Held the cluster, and put the file back once, where all its keys were known.", \
	  "Find who wrote it (owner, time and marker are in the alert): a playbook, Puppet, a cron job. Take the keyfile from it, then: rotactl resume") \
	X(FOREIGN_WRITE_HARMLESS, "foreign-write-harmless", WARNING, "7b7ff3a216a766e5c9e5d371f98bf094", \
	  "A file that rotad keeps was replaced by something else, with content that keeps the set whole.", \
	  "The file keeps the key that all share: any member may be restarted.", \
	  "Noted it and goes on from what is there.", \
	  "Find who wrote it before the next rotation: rotactl doctor names what it can see") \
	X(SECOND_WRITER, "second-writer", CRITICAL, "2ff5ad6f99594a41c91ce99381ec05bd", \
	  "Something writes the keyfile again and again; rotad does not fight it and writes nothing more.", \
	  "That member runs on. Do NOT restart it before the file is right.", \
	  "Writes nothing more there, and holds the cluster.", \
	  "Stop the other writer (see the alert). Then put the file right: rotactl keyfile check FILE, and rotactl resume. If it shall stay: keyfile.writer: external") \
	X(FILE_RESTORED, "file-restored", NOTICE, "02054068d7164f8f9499616ffcf9a8b0", \
	  "A foreign write was undone once; the wished file is back.", "", "", "") \
	X(KEYFILE_GUESSABLE, "keyfile-guessable", WARNING, "b163628de0c945e81799fc4d691405aa", \
	  "A key is short or simple enough to be guessed from what goes over the network.", \
	  "The members share it, and all is well with them.", \
	  "Nothing: a key is replaced by an order or by age.", \
	  "rotactl rotate keyfile: the new key is a long random one") \
	X(KEYFILE_UNREADABLE, "keyfile-unreadable", CRITICAL, "6850029838c71d66d36856c274c493d8", \
	  "The keyfile cannot be read or mongod would refuse it at its next start.", \
	  "mongod runs on. Do NOT restart it: it would not start.", \
	  "Wrote nothing: whose change this is, it cannot know.", \
	  "rotactl keyfile check FILE says what is wrong (mode, owner, an ACL, its text) and what mends it") \
	X(KEYRINGS_DIFFER, "keyrings-differ", CRITICAL, "5e7fb4421a1075465b61df323279f50b", \
	  "Members do not all share one key; a restart of the wrong one would part the set.", \
	  "Who is connected stays connected. Do NOT restart a member before this is mended: it might not find back into the set.", \
	  "Nothing begins, and no member is restarted, before they share one.", \
	  "rotactl verify shows who accepts which key. Bring that member's rotad up; it puts the file right. Without one: copy the keyfile of a member that is well") \
	X(ACT_FAILED, "act-failed", WARNING, "b319e2efefbe4d329428be4d4cf54c91", \
	  "Something that rotad did for this member failed; it is looked at again soon.", \
	  "Files in use are whole; nothing else was touched.", \
	  "Stopped there, and looks again soon.", \
	  "The alert has the error with its cause. rotactl explain shows whether it went on since") \
	X(STATE_UNWRITABLE, "state-unwritable", CRITICAL, "642fe96dcc054f15a898888d31525015", \
	  "rotad cannot write its own state; what needs a durable record waits.", \
	  "mongod runs on.", \
	  "What needs a durable record waits. Nothing is restarted.", \
	  "On that host: df and ls -ld of the state directory (/var/lib/rotad); it must be rotad's user's, and writable") \
	X(DISK_FULL, "disk-full", CRITICAL, "5a6895840a31a697bf787b0336777ea4", \
	  "A file system that rotad must write to is full.", \
	  "mongod runs on, but a full disk may stop it as well. The file in use is whole.", \
	  "Wrote nothing in its place. It goes on by itself.", \
	  "Make room on the file system that the alert names") \
	X(KEY_USED_BY_OTHERS, "key-used-by-others", WARNING, "dda018d6a9a94e90a95caefb2ce2c4fb", \
	  "Somebody at an address that is no member's is logged in with the key; he loses it when the old key goes.", \
	  "The set runs. Any member may be restarted.", \
	  "Waits before the old key goes (in an emergency it does not).", \
	  "Who is at that address? Give him a user of his own, or the new key: keyfile.otherUsers in rotad.yaml(5)") \
	X(FILE_UNSAFE, "file-unsafe", WARNING, "113f28202c5e4abbec1dbad408f5f8e6", \
	  "A file could not be replaced safely and was left as it is.", \
	  "The file in use is unchanged.", \
	  "Wrote nothing.", \
	  "The alert names the reason: hard links, an immutable flag, a directory of root's (rotactl adopt mends that). rotactl doctor names the others") \
	X(ROTATION_REFUSED, "rotation-refused", WARNING, "0144c1fb8a69f7328c005cbfa49be97e", \
	  "A rotation did not begin, because it could not end: somebody or something is missing.", \
	  "Nothing was changed.", \
	  "Nothing begins that could not end. It begins by itself once this is mended.", \
	  "rotactl explain shows every gate. To withdraw the order: rotactl abort") \
	X(CERTIFICATE_RENEWED, "certificate-renewed", NOTICE, "a0f61c26dd34e326a51f46b2eef9f4e3", \
	  "A new certificate is served, and every other member trusts it.", "", "", "") \
	X(CERTIFICATE_REFUSED, "certificate-refused", WARNING, "e2714db137501d57d3d175d641c059f9", \
	  "A certificate that an authority issued was not installed.", \
	  "The certificate in use is unchanged and served.", \
	  "Installed nothing: mongod would have accepted it, its peers or clients would not.", \
	  "Send the reason in the alert to the people of the CA. Then: rotactl rotate certificates --member MEMBER") \
	X(CERTIFICATE_ROLLED_BACK, "certificate-rolled-back", CRITICAL, "467fdaf0366e5f0038169af90df72caf", \
	  "A new certificate did not hold from outside; the one before is back.", \
	  "The previous certificate is back and served; no other member was touched.", \
	  "Took it back by itself. The next try comes in 24 hours.", \
	  "The alert names which look failed. Mend that, then: rotactl rotate certificates --member MEMBER") \
	X(CERTIFICATE_EXPIRING, "certificate-expiring", WARNING, "3d00aacf5cec697276ab4fee29953b66", \
	  "A certificate ends soon and is not renewed yet.", \
	  "It is still valid and served.", \
	  "Asks the authority again and again, where it is to renew.", \
	  "rotactl explain tells what keeps the new one. By hand: rotactl cert request, then rotactl cert import FILE") \
	X(CERTIFICATE_EXPIRED, "certificate-expired", CRITICAL, "0668d88f269f8752307bfa8411d975cf", \
	  "A certificate has ended.", \
	  "New connections fail, and a restart of mongod would fail. Who is connected stays connected. Do NOT restart it.", \
	  "Asks the authority, where it is to renew.", \
	  "rotactl rotate certificates --member MEMBER; where no authority answers: rotactl ca issue member, or the people of the CA") \
	X(CERTIFICATE_NOT_SERVED, "certificate-not-served", WARNING, "fa75284da7bd40f6acecbf31b01eca9f", \
	  "The certificate on disk is not the one that is served.", \
	  "The one that is served stays in use until mongod loads the other.", \
	  "Nothing: rotad loads only what it has checked and put there itself.", \
	  "rotactl cert check FILE; if it is good: db.adminCommand({rotateCertificates: 1}) on that member") \
	X(CERTIFICATE_UNFIT, "certificate-unfit", WARNING, "a2e7e7810af24f0aa80ccaa36738a430", \
	  "A member serves a certificate that its own CAFile does not trust, or that does not name it.", \
	  "Peers and clients that check it refuse new connections to this member.", \
	  "Nothing: rotad replaces a certificate by an order, by age or by its end.", \
	  "rotactl cert check PEM --ca CAFILE says what is wrong. Then: rotactl rotate certificates --member MEMBER") \
	X(CERTIFICATE_REQUEST_WAITING, "certificate-request-waiting", NOTICE, "ffb954bdc865f9c8c79788d63ce1b19d", \
	  "A certificate request waits for a person at the authority.", "", "", "") \
	X(AUTHORITY_EXPIRING, "authority-expiring", WARNING, "956a5c276f29b045c19489f4728fb11b", \
	  "A certificate authority's own certificate ends soon.", \
	  "After its end every certificate that it issued counts for nothing.", \
	  "Nothing: rotad does not renew authorities yet.", \
	  "A new CA goes into every CAFile beside the old one, long before the old one leaves it") \
	X(AUTHORITY_UNREACHABLE, "authority-unreachable", WARNING, "e01329a0d8328a7e4d258239c3b564b4", \
	  "An authority does not answer; what it should issue is retried.", \
	  "The certificate in use is unchanged and served.", \
	  "Asks again with the same request.", \
	  "Look at the authority and the way to it; the alert has the error") \
	X(AUTHORITY_REFUSED, "authority-refused", WARNING, "053976a607dd68fc9b9f575b1fe1aa55", \
	  "An authority said no to a request.", \
	  "The certificate in use is unchanged and served.", \
	  "Wrote nothing; asks again later.", \
	  "The alert has the authority's words. Once it is mended: rotactl rotate certificates --member MEMBER") \
	X(CRL_EXPIRING, "crl-expiring", WARNING, "2a050ec80c1694351e68294db0f442e1", \
	  "A revocation list ends soon; after its end every peer is refused.", \
	  "After its end mongod refuses every certificate, those of its peers as well.", \
	  "Nothing: a revocation list comes from the authority's people.", \
	  "A new CRLFile on every member, then db.adminCommand({rotateCertificates: 1}) on each") \
	X(CRL_EXPIRED, "crl-expired", CRITICAL, "a24a96db4f56c720a251d19ec94c69c5", \
	  "A revocation list has ended.", \
	  "mongod refuses every new connection with a certificate, also its peers'. Do NOT restart a member.", \
	  "Nothing: a revocation list comes from the people of the CA.", \
	  "A new CRLFile on every member, then db.adminCommand({rotateCertificates: 1}) on each") \
	X(HOOK_FAILED, "hook-failed", WARNING, "b35621518655c2219ad06688ae4db16f", \
	  "The changed hook ended with an error; it is owed, retried and ages.", \
	  "mongod is not concerned: the file is in place.", \
	  "Tries the hook again, at growing intervals.", \
	  "The alert has its last words. Run it by hand as rotad's user") \
	X(RESTART_FAILED, "restart-failed", WARNING, "6772a3e5471740e998d490f199b133af", \
	  "A restart, by unit or hook, did not happen; it is owed, retried and ages.", \
	  "mongod runs on as before.", \
	  "Tries again, at growing intervals; the turn is given back meanwhile.", \
	  "The alert has the error: polkit, the job unit, the hook. rotactl doctor asks them one by one") \
	X(RESTART_OVERDUE, "restart-overdue", WARNING, "accac591c9876748c0fb0fb3f4184834", \
	  "A restart, by unit or hook, did not end in time; it may still act, so the turn is kept.", \
	  "Whether the member is up, rotactl status says. Restart no other one.", \
	  "Keeps the turn: what was started may still act.", \
	  "On that host: systemctl list-jobs, or look after the hook. Once nothing acts there any more: rotactl turn release") \
	X(CLAIM_STUCK, "claim-stuck", CRITICAL, "be522068c195740eb7c6753628c82506", \
	  "A rotad holds an acting claim and does not move; a person must look.", \
	  "Waiting harms nobody; nobody else takes a turn.", \
	  "Nothing: only its holder or a person may give an acting turn back.", \
	  "On the host that has the turn: systemctl status rotad. If nothing acts there any more: rotactl turn release") \
	X(LEDGER_UNREACHABLE, "ledger-unreachable", WARNING, "418e60638174d7ec38a43a1f0926ee13", \
	  "The ledger cannot be read or written; nothing disruptive is done meanwhile.", \
	  "mongod runs on. No rotation begins, none goes on with a restart.", \
	  "Tries again all the time and goes on by itself.", \
	  "Is there a primary (rotactl status)? May rotad read it: rotactl user --for rotad") \
	X(LEDGER_OLDER_THAN_ANCHOR, "ledger-older-than-anchor", CRITICAL, "b1d91bae85afbdbd545231bfbce8604c", \
	  "The ledger is older than what this host has seen: a restored dump or a clone; rotad only observes.", \
	  "All members run on. Nothing is written, nothing begins.", \
	  "Only looks. What was voted stands on each host's disk.", \
	  "What changed it: a restored dump, a dropped collection, a clone? Bring its last state back, or make it anew by what the members hold: rotactl ledger rebuild") \
	X(LEDGER_UNKNOWN_PROTOCOL, "ledger-unknown-protocol", CRITICAL, "44cd40675fb5498f876bbc63ef651c51", \
	  "The ledger speaks a protocol that this rotad does not know; it does nothing until all are of one release.", \
	  "All members run on. Nothing is written, nothing begins.", \
	  "Waits until all are of one release.", \
	  "One release of rotad on all hosts of the cluster: rotad --version") \
	X(LEDGER_CROWDED, "ledger-crowded", WARNING, "ffa5692c4f50081f943e9adb9c464f6a", \
	  "The ledger holds many more documents than rotad leaves in it; at its bound the oldest envelopes, orders and requests are not read.", \
	  "The set runs, rotations go on.", \
	  "Removes what nothing needs any more.", \
	  "The alert says what there is much of. Who gives so many orders?") \
	X(IDENTITY_NEW, "identity-new", NOTICE, "f9c8e4c4b6167c66f6605b37144e6069", \
	  "A rotad made its identity on this host.", "", "", "") \
	X(IDENTITY_REVOKED, "identity-revoked", WARNING, "e676a0a424654838b82161d9e4b1ec21", \
	  "A person revoked the identity of a host: it receives no key and nothing that it says is believed any more.", \
	  "That host gets no key; no restart hangs on this.", \
	  "Believes nothing more that it says, from that generation on.", \
	  "Was it you? Then rotate: rotactl rotate keyfile --emergency. If not: rotactl trust list, and find out who") \
	X(IDENTITY_NOT_ADMITTED, "identity-not-admitted", WARNING, "d9564232dffea617c87eaf8ff76536ee", \
	  "A rotad speaks that nobody admitted; nothing is sealed for it.", \
	  "The set runs. No key is sealed for that host.", \
	  "Nothing.", \
	  "rotactl trust list. If that host lost its state directory, on each other host: rotactl trust confirm HOST --fingerprint ...") \
	X(IDENTITY_DOUBLED, "identity-doubled", CRITICAL, "69328bd67c10a4cfc53b406b2d4c605e", \
	  "Two processes use one identity: a cloned host. Both get nothing.", \
	  "What either has voted stands, so nothing is lost. No rotation begins, no key is sealed for it.", \
	  "Seals nothing for that identity. It goes on an hour after the last sign of the other.", \
	  "Find the copy (a cloned image, a copied state directory), stop rotad there and remove its state directory. No copy known: rotactl trust revoke") \
	X(LOGIN_REFUSED, "login-refused", WARNING, "5f52c91430734650a43d6f4ffc303a81", \
	  "The user or certificate that rotad was given cannot log in; it goes on as __system by the keys it holds.", \
	  "The set runs.", \
	  "Goes on as __system by the keys it holds, and tries the login again every 10 minutes.", \
	  "rotactl user --for rotad prints the user and role it needs; see login: in rotad.yaml(5)") \
	X(CLOCK_JUMPED, "clock-jumped", WARNING, "ba70801c385e823a5a9c6f8557b28750", \
	  "The wall clock moved by more than time passed, or differs from the others'; nothing is called expired meanwhile.", \
	  "mongod runs on.", \
	  "Calls nothing expired, renews nothing and begins nothing while the clock is in doubt.", \
	  "On that host: timedatectl; chronyc tracking") \
	X(VERSION_UNTESTED, "version-untested", WARNING, "536bf2279c89612cb64ed48ddb093cba", \
	  "A server version that rotad was not tested with: it only observes there.", \
	  "Everything is watched. No rotation begins.", \
	  "Looks and tells, and changes nothing.", \
	  "A release of rotad that knows this server, or instances[].acceptUntested: true") \
	X(CONFIGURATION_LOADED, "configuration-loaded", INFO, "781f375526ac3f14314c40ed600e4317", \
	  "The configuration was read.", "", "", "") \
	X(CONFIGURATION_REFUSED, "configuration-refused", WARNING, "3fbf162a351fc8a73700f26008426b77", \
	  "The configuration has an error; the one before stays in use.", \
	  "The configuration before it is in use.", \
	  "Kept it.", \
	  "rotactl config check names the line. Then: systemctl reload rotad") \
	X(MODE_CHANGED, "mode-changed", NOTICE, "3691b7909b702f064ae5a950fc72338d", \
	  "The mode of this host changed.", "", "", "") \
	X(SCHEDULE_APPLIED, "schedule-applied", NOTICE, "561af6245c7c224bd365d70dafd302e9", \
	  "A new central schedule is in use.", "", "", "") \
	X(SCHEDULE_REFUSED, "schedule-refused", WARNING, "5b405c8aed629bfc86807d987865f900", \
	  "The central schedule was not taken: signature, serial or content is wrong; the last good one stays.", \
	  "The last good schedule is in use.", \
	  "Kept it.", \
	  "The alert says what is wrong: signature, serial or content. rotactl schedule check FILE before it is published") \
	X(SCHEDULE_UNREACHABLE, "schedule-unreachable", WARNING, "2e0a880d24e2669f167f955d7a443010", \
	  "The central schedule cannot be fetched; the last good one stays.", \
	  "The last good schedule is in use.", \
	  "Fetches it again, at growing intervals.", \
	  "Look at the server of schedule.url and the way to it") \
	X(FREEZE_BROKEN, "freeze-broken", WARNING, "09bb4ab7c337998250db4fd263bb49e0", \
	  "A freeze was broken, as it says itself or by a person.", \
	  "A rotation goes on during a freeze, as somebody said.", \
	  "Noted who said so, in the history.", \
	  "Was it not you? rotactl pause") \
	X(OPERATOR_ACT, "operator-act", NOTICE, "8a3f6bd3f91390a9396bf9dda8a55b8a", \
	  "A person did something with rotactl.", "", "", "") \
	X(REHEARSAL_FAILED, "rehearsal-failed", WARNING, "e40e91635cdefc2ee08109f685ca8e43", \
	  "This host could not take its turn now.", \
	  "Nothing was changed.", \
	  "Told all others; nothing begins before this host is ready.", \
	  "On that host: rotactl doctor, each finding with what mends it") \
	X(HELPER_FAILED, "helper-failed", WARNING, "345a532e400c8d1a005846df03347b7d", \
	  "A helper process ended or did not answer and was replaced.", \
	  "mongod runs on.", \
	  "Starts the helper anew, at the latest every 30 s.", \
	  "On that host: journalctl -u rotad. Is the package whole, is there memory?") \
	X(SECRET_NOT_LOCKED, "secret-not-locked", NOTICE, "94424ffed55c8305d30bfbcb00af44bd", \
	  "Memory of a secret could not be locked: it might be swapped out.", "", "", "") \
	X(ALERT_UNDELIVERED, "alert-undelivered", WARNING, "226b688e2735e1838c570a53f9982f2a", \
	  "An alert target does not take alerts; they wait in the spool.", \
	  "The cluster is not concerned; its alerts are kept.", \
	  "Tries again, at growing intervals.", \
	  "rotactl alert test NAME shows the answer of the receiver") \
	X(ALERT_DROPPED, "alert-dropped", WARNING, "b37ec3a1c0c9951cf5762ef351d338f3", \
	  "The spool is full; the oldest alerts were dropped.", \
	  "The cluster is not concerned; old alerts are lost.", \
	  "Dropped the oldest.", \
	  "Mend the target (rotactl alert test NAME); what was lost stands in rotactl history") \
	X(ALERT_REFUSED, "alert-refused", WARNING, "4e540f033ca5901449870923a9b21d79", \
	  "An alert target refused one alert again and again; it was given up so that the others can go.", \
	  "The cluster is not concerned.", \
	  "Gave that one alert up, so that the others can go.", \
	  "The receiver's answer is in the text: does it take this message at all?") \
	X(ALERT_TARGET_GONE, "alert-target-gone", CRITICAL, "493efbedbcdc1f9dc1eb40126fe777b1", \
	  "The receiver of an alert target said that it is gone for ever (410); the target is switched off.", \
	  "The cluster is not concerned, but nobody hears of it by this target.", \
	  "Switched the target off.", \
	  "Correct alerts[].url, then: systemctl reload rotad; rotactl alert test NAME") \
	X(ALERT_TEST, "alert-test", NOTICE, "8b1a722829f7e0712b5f1f7ec307c651", \
	  "A person tried the alert path with rotactl alert test.", "", "", "") \
	X(HEARTBEAT, "heartbeat", INFO, "8d07b4fef7fe737f6ed8d7eae1ae599b", \
	  "rotad and its alert path live.", "", "", "") \
	X(STARTED, "started", INFO, "be31d8976c90876b737f57018de8b841", \
	  "rotad started.", "", "", "") \
	X(STOPPING, "stopping", INFO, "3a8fbb7181d874d19907cb0abe753f4d", \
	  "rotad ends; everything stays as it is and safe.", "", "", "") \
	X(INTERNAL_ERROR, "internal-error", CRITICAL, "20a277b06fea91e9e7e8b71ecde72331", \
	  "rotad found a mistake of its own.", \
	  "Files in use are whole; what it was about to do was not done.", \
	  "Refused its own plan, and looks again.", \
	  "rotactl explain, journalctl -u rotad; report it with both. The cluster waits meanwhile: mode observe is safe")
/* clang-format on */

enum event_kind {
#define X(symbol, ...) EVENT_##symbol,
	EVENT_TABLE(X)
#undef X
	    EVENT_N
};

struct event_row {
	const char *name;
	enum severity severity;
	const char *message_id; /* 32 lower-case hex digits */
	const char *meaning;    /* one sentence or two, for `rotactl explain NAME` and the manual */
	const char *now, *did, *you; /* the other rows of an alert, as far as they hold in every case;
					"" below a warning */
};
extern const struct event_row event_table[EVENT_N];

/* NULL when there is no such event. */
const struct event_row *event_row_find(const char *name);
/* An event with its name, severity, cluster and subject filled in; the texts are the caller's.
 * cluster and subject may be NULL; too long ones are cut, for they are for people here. */
struct event event_of(enum event_kind kind, const char *cluster, const char *subject);

#endif
