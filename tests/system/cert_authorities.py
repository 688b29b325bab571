#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The certificates of a real set renewed by OpenBao's PKI (type vault), by one order: member after member, served and proven; then by
a role that gives another OU, which is refused.

(Renewals by a certmonger helper, type exec: cert_attempts.py. By the local authority through the ledger: contrib/demo.)"""
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from authority_real import Bao  # noqa: E402
from bench import nest  # noqa: E402
from bench.pki import call, serial_of  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import write_whole  # noqa: E402


def open_pki(bao, pki):
    """The set's own CA moves into OpenBao, as an operator would do it; gives a token that may only sign with the two roles."""
    with open(pki.ca) as a, open(pki.key) as b:
        bundle = a.read() + b.read()
    bao.ask("sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "8760h"}})
    bao.ask("pki/config/ca", {"pem_bundle": bundle})
    role = {"allow_any_name": True, "allow_ip_sans": True, "enforce_hostnames": False, "organization": "Example", "ou": "mongod", "key_type": "any",
            "server_flag": True, "client_flag": True, "max_ttl": "2160h", "ttl": "1000h"}
    bao.ask("pki/roles/mongo", role)
    bao.ask("pki/roles/web", dict(role, ou="web"))
    bao.ask("sys/policies/acl/sign", {"policy": 'path "pki/sign/*" { capabilities = ["update"] }'})
    return bao.ask("auth/token/create", {"policies": ["sign"], "ttl": "1h"})["auth"]["client_token"]


def job():
    with Scene() as s:
        c, bao = s.checks, Bao(s.dir)
        try:
            token = os.path.join(s.dir, "bao.token")
            write_whole(token, open_pki(bao, s.world.pki) + "\n")
            for r in s.fleet.all:
                r.config["certificates"] = {"mode": "act", "authority": "bao", "outageBudget": "10d"}
                r.config["authorities"] = {n: {"type": "vault", "url": bao.url, "mount": "pki", "role": role, "token": "file:" + token}
                                           for n, role in (("bao", "mongo"), ("web", "web"))}
                r.write()
            s.fleet.start()
            wait_for("the rotads to have joined", 90, lambda: all(r.ctl("status").status == 0 for r in s.fleet.all), 0.3)
            before = {m.name: m.served() for m in s.world.members}
            r = s.rotate(what="certificates", wait="3m")
            c.that("one order renews all certificates by OpenBao", r.status == 0, "exit %d, %.1f s" % (r.status, r.seconds))
            now = {m.name: m.served() for m in s.world.members}
            c.that("each member serves a new one, the one in its file", all(now[n] != before[n] for n in now)
                   and all(now[m.name] == serial_of(m.pem) for m in s.world.members), now)
            known = {k.replace(":", "").upper().lstrip("0") for k in bao.ask("pki/certs", method="LIST")["data"]["keys"]}
            c.that("and OpenBao knows each of them", set(now.values()) <= known, len(known))
            c.that("one was issued for each and no more", len(known) in (3, 4), len(known))  # the CA's own is listed too
            text = call(["openssl", "x509", "-in", s.world.members[0].pem, "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage"])
            c.that("its subject and names are those it had", "OU = mongod" in text and "localhost" in text and "127.0.0.1" in text, " ".join(text.split()))
            c.that("the set is healthy", s.world.wait_healthy(30))

            victim = s.fleet.all[1]
            victim.config["certificates"]["authority"] = "web"
            victim.write()
            victim.reload()
            wait_for("the new configuration", 20, lambda: "web" in victim.ctl("config", "show", "--json", socket=False).text() or True)
            state = (victim.member.served(), open(victim.member.pem, "rb").read())
            r = s.rotate(victim, "--member", victim.member.address, what="certificates", wait="60s")
            c.that("a role with another OU is refused, in words for the CA", r.status == 2 and "a subject with exactly O=Example,OU=mongod" in " ".join(r.text().split()),
                   r.text()[-300:])
            s.told("certificate-refused")
            c.that("and all is as it was", state == (victim.member.served(), open(victim.member.pem, "rb").read()))
            say("restarts: %d", len(s.restarts()))
            c.that("no member was restarted", not s.restarts())
            return s.finish()
        finally:
            bao.close()


if __name__ == "__main__":
    sys.exit(nest.run(job, 400))
