#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real set survives every bad certificate: its authority hands out one after another, each for the key of the request or for
another's, and rotad installs none. Then it takes a good one of each kind.

usage: cert_attempts.py [all|sample]

The authority is a program (certmonger's helper protocol) that hands each request to this test and waits for its answer. For each bad
one: `rotactl rotate certificates --member M --wait` ends with 2 and the CA operator's words, the alert "certificate-refused" comes with
the same, every member serves what it served, the file is untouched, the set is healthy; no write fails from the beginning to the end.
A good one ends with 0 and is served."""
import os
import re
import shutil
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.pki import call, crl, sign  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, table, wait_for  # noqa: E402
from bench.world import write_whole  # noqa: E402

AUTHORITY = """#!/bin/sh
cd '%s' || exit 4
printf '%%s\\n' "$CERTMONGER_CSR" >csr.new && mv csr.new csr || exit 4
n=0
until [ -e answer ]; do n=$((n + 1)); [ $n -lt 1000 ] || exit 3; sleep 0.02; done
cat answer
status=$(cat status)
rm -f answer
exit "$status"
"""
REVOKED = "0BAD0BAD"
SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
EKU = "extendedKeyUsage=serverAuth,clientAuth\n"


def utc(days):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))


class Clerk:
    """The CA's operator: takes the request of one member, gives what the case wants."""

    def __init__(self, scene, member):
        self.scene, self.member, self.n = scene, member, 0
        self.dir = os.path.join(scene.dir, "authority-" + member.name)
        os.makedirs(self.dir)
        self.program = os.path.join(self.dir, "helper")
        write_whole(self.program, AUTHORITY % self.dir, 0o700)

    def at(self, name):
        return os.path.join(self.dir, name)

    def subject(self, dn="/O=Example/OU=mongod/CN=%s"):
        return dn % self.member.name if "%" in dn else dn

    def certificate(self, ext=SAN + EKU, dn="/O=Example/OU=mongod/CN=%s", csr=None, start=-1, end=90, other_ca=False, **more):
        """A certificate for the request that lies there, or for another one."""
        self.n += 1
        pki = self.scene.other if other_ca else self.scene.world.pki
        out = sign(csr or self.at("csr"), self.at("%d.crt" % self.n), pki.ca, pki.key, ext, self.subject(dn), utc(start), utc(end), **more)
        with open(out) as f:
            return f.read()

    def foreign(self, key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """Key and request of somebody else: the key's text and the request's file."""
        call(["openssl", "req", "-new", *key, "-nodes", "-keyout", self.at("foreign.key"), "-out", self.at("foreign.csr"), "-subj", self.subject()])
        with open(self.at("foreign.key")) as f:
            return f.read(), self.at("foreign.csr")

    def serve(self, make):
        """Wait for the request and answer it with make(clerk): a text, or (exit status, text)."""
        wait_for("a request of %s" % self.member.name, 30, lambda: os.path.exists(self.at("csr")), 0.01)
        answer = make(self)
        status, text = answer if isinstance(answer, tuple) else (0, answer)
        write_whole(self.at("status"), "%d\n" % status)
        os.unlink(self.at("csr"))
        write_whole(self.at("answer"), text)


def request_key(clerk):
    return call(["openssl", "req", "-in", clerk.at("csr"), "-noout", "-text"])


def mixed(clerk):
    """The right certificate for the wrong key, with that key beside it."""
    key, csr = clerk.foreign()
    return clerk.certificate(csr=csr) + key


def small(clerk):
    return clerk.certificate(csr=clerk.foreign(("-newkey", "rsa:1024"))[1])


def stale_crl(clerk):
    """A good certificate, but the CRL on this host's disk has ended: a start of mongod with it would part it from all."""
    shutil.copy(clerk.scene.crl_ended, clerk.member.dir + "/crl.pem")
    return clerk.certificate()


def put_crl_back(clerk):
    shutil.copy(clerk.scene.crl, clerk.member.dir + "/crl.pem")


def trust_both(clerk):
    """This host trusts a second CA already, its peers do not yet."""
    with open(clerk.member.ca, "a") as out, open(clerk.scene.other.ca) as f:
        out.write(f.read())
    with open(clerk.member.dir + "/crl.pem", "a") as out, open(crl(clerk.at("other.crl"), clerk.scene.other.ca, clerk.scene.other.key)) as f:
        out.write(f.read())
    return clerk.certificate(other_ca=True)


def trust_one(clerk):
    put_crl_back(clerk)
    shutil.copy(clerk.scene.world.pki.ca, clerk.member.ca)


def cut(clerk):
    return clerk.certificate()[:300]


# name, what the CA hands out, what the refusal says, what is put right after it; the first five are the sample of suite ci
BAD = [
    ("SAN of another host", lambda c: c.certificate("subjectAltName=DNS:db1.corp.local\n" + EKU), r"names db1\.corp\.local.*ask the CA for: SAN DNS:localhost", None),
    ("EKU serverAuth only", lambda c: c.certificate(SAN + "extendedKeyUsage=serverAuth\n"), r"serverAuth only.*ask the CA for: EKU serverAuth AND clientAuth", None),
    ("other OU", lambda c: c.certificate(dn="/O=Example/OU=other/CN=%s"), r"O, OU and DC.*ask the CA for: a subject with exactly O=Example,OU=mongod", None),
    ("of another CA", lambda c: c.certificate(other_ca=True), r"does not chain", None),
    ("of a CA that this host trusts and its peers do not", trust_both, r"localhost:\d+.*(refuse|accept)", trust_one),
    ("CN right, SAN wrong", lambda c: c.certificate("subjectAltName=DNS:x.corp.local\n" + EKU, dn="/O=Example/OU=mongod/CN=localhost"), r"ask the CA for: SAN DNS:localhost", None),
    ("one name of two", lambda c: c.certificate("subjectAltName=DNS:localhost\n" + EKU), r"127\.0\.0\.1.*SAN.*IP:127\.0\.0\.1", None),
    ("EKU clientAuth only", lambda c: c.certificate(SAN + "extendedKeyUsage=clientAuth\n"), r"clientAuth only.*EKU serverAuth AND clientAuth", None),
    ("EKU any", lambda c: c.certificate(SAN + "extendedKeyUsage=anyExtendedKeyUsage\n"), r"neither.*EKU serverAuth AND clientAuth", None),
    ("one OU more", lambda c: c.certificate(dn="/O=Example/OU=mongod/OU=more/CN=%s"), r"exactly O=Example,OU=mongod", None),
    ("OU missing", lambda c: c.certificate(dn="/O=Example/CN=%s"), r"exactly O=Example,OU=mongod", None),
    ("case of O", lambda c: c.certificate(dn="/O=example/OU=mongod/CN=%s"), r"exactly O=Example,OU=mongod", None),
    ("no O, OU, DC", lambda c: c.certificate(dn="/CN=%s"), r"\(none\).*exactly O=Example,OU=mongod", None),
    ("DC in place of O", lambda c: c.certificate(dn="/DC=Example/OU=mongod/CN=%s"), r"exactly O=Example,OU=mongod", None),
    ("expired", lambda c: c.certificate(start=-30, end=-1), r"ended .*a new certificate", None),
    ("not yet valid", lambda c: c.certificate(start=2, end=90), r"not valid before", None),
    ("ends sooner than the outage budget", lambda c: c.certificate(end=3), r"are left.*a lifetime of more than", None),
    ("for another's key", lambda c: c.certificate(csr=c.foreign()[1]), r"key", None),
    ("for another's key, with that key", mixed, r"key", None),
    ("RSA-1024 of somebody else", small, r"key", None),
    ("signed with SHA-1", lambda c: c.certificate(md="sha1"), r"SHA1.*SHA-256 or better", None),
    ("a CA", lambda c: c.certificate(SAN + EKU + "basicConstraints=CA:true\n"), r"CA:FALSE", None),
    ("revoked", lambda c: c.certificate(serial=REVOKED), r"revoked", None),
    ("good, beside a CRL that has ended", stale_crl, r"CRL ended.*fresh CRL", put_crl_back),
    ("cut in the certificate", cut, r"no END|END", None),
    ("garbage", lambda c: "this is no PEM\n", r"certificate", None),
    ("empty", lambda c: "", r"certificate", None),
    ("the CA's own and no other", lambda c: open(c.scene.world.pki.ca).read(), r"key|leaf|CA", None),
    ("the certificate in use once more", lambda c: open(c.member.pem).read(), r"key", None),
    ("the authority says no", lambda c: (2, "your quota is used up; ask +1 555 0100\n"), r"your quota is used up; ask \+1 555 0100", None),
]
# name, certificates.keyType, what the CA hands out
GOOD = [
    ("P-256", "same", lambda c: c.certificate()),
    ("no EKU at all", "same", lambda c: c.certificate(SAN)),
    ("RSA-2048", "rsa-2048", lambda c: c.certificate()),
    ("Ed25519", "ed25519", lambda c: c.certificate()),
    ("P-384", "p-384", lambda c: c.certificate()),
    ("the CA's certificate first, a country more", "p-256", lambda c: open(c.scene.world.pki.ca).read() + c.certificate(dn="/C=DE/O=Example/OU=mongod/CN=%s")),
    ("O and OU in another order", "same", lambda c: c.certificate(dn="/OU=mongod/CN=%s/O=Example")),
]
KEYS = {"rsa-2048": "RSA|rsaEncryption", "ed25519": "ED25519", "p-384": "P-384|secp384r1", "p-256": "P-256|prime256v1"}


class Attempts:
    def __init__(self, scene, clerks):
        self.s, self.clerks, self.rows = scene, clerks, []

    def state(self):
        return {m.name: (m.served(), open(m.pem, "rb").read()) for m in self.s.world.members}

    def order(self, clerk, make):
        """Order a certificate for the clerk's member and answer the request; gives rotactl's result."""
        r, result = self.s.fleet.of(clerk.member), []

        def ask():
            result.append(r.ctl("rotate", "certificates", "--member", clerk.member.address, "--reason", "attempt", "--yes", "--wait", "--timeout",
                                "60s", timeout=240))
        t = threading.Thread(target=ask)
        t.start()
        try:
            clerk.serve(make)
        finally:
            t.join()
        return result[0]

    def bad(self, clerk, name, make, words, mend):
        before, seen, start = self.state(), len(self.s.events("certificate-refused")), time.monotonic()
        r = self.order(clerk, make)
        text = " ".join(r.text().split())
        ok = r.status == 2 and re.search(words, text)
        self.s.checks.that("%s, to %s: refused in words for the CA" % (name, clerk.member.name), ok, text[-260:] if ok else "exit %d: %s" % (r.status, r.text()[-700:]))
        told = []
        try:
            told = wait_for("the alert", 15, lambda: [m for m in self.s.events("certificate-refused")[seen:] if re.search(words, m.json.get("what", ""))], 0.05)
        except TimeoutError:
            pass
        good = told and all(told[0].json.get(k) for k in ("headline", "what", "now", "we_did", "you"))
        after = self.state()
        healthy = self.s.world.is_healthy()
        rest = [f for f in ("request.key", "staged.pem") if os.path.exists(os.path.join(self.s.fleet.of(clerk.member).state, clerk.member.name, f))]
        self.s.checks.that("  told, all serve what they served, files untouched, healthy, no key left behind", good and before == after and healthy and not rest,
                           "%.1f s" % (time.monotonic() - start) if good and before == after and healthy and not rest else
                           "told %s, as before %s, healthy %s, left behind %s: %s" % (bool(told), before == after, healthy, rest,
                                                                                      [m.json.get("what") for m in self.s.events("certificate-refused")[seen:]]))
        if mend:
            mend(clerk)
        self.rows.append((name, clerk.member.name, "refused" if r.status == 2 else "exit %d" % r.status, "%.1f" % (time.monotonic() - start)))

    def good(self, clerk, name, key_type, make):
        r = self.s.fleet.of(clerk.member)
        if r.config["certificates"].get("keyType", "same") != key_type:
            r.config["certificates"]["keyType"] = key_type
            r.write()
            r.reload()
            time.sleep(0.5)
        before, start, asked = self.state(), time.monotonic(), []

        def made(c):
            asked.append(request_key(c))
            return make(c)
        result = self.order(clerk, made)
        after = self.state()
        changed = [n for n in after if after[n] != before[n]]
        files = self.s.fleet.of(clerk.member).state
        rest = [f for f in ("request.key", "request.csr", "staged.pem") if os.path.exists(os.path.join(files, clerk.member.name, f))]
        ok = result.status == 0 and changed == [clerk.member.name] and re.search(KEYS.get(key_type, ""), asked[0] if asked else "") and not rest
        self.s.checks.that("%s, to %s: installed and served" % (name, clerk.member.name), ok,
                           "%.1f s" % (time.monotonic() - start) if ok else "exit %d, changed %s, left behind %s: %s" % (result.status, changed, rest, result.text()[-700:]))
        self.s.checks.that("  and the set is healthy", self.s.world.wait_healthy(20))
        self.rows.append((name, clerk.member.name, "installed" if result.status == 0 else "exit %d" % result.status, "%.1f" % (time.monotonic() - start)))


def make_crls(scene):
    """Before the first mongod starts: a CRL that is fresh, and one that has ended, both with the serial number of a case."""
    pki = scene.world.pki
    scene.crl = crl(os.path.join(scene.dir, "fresh.crl"), pki.ca, pki.key, [REVOKED], end=utc(20))
    scene.crl_ended = crl(os.path.join(scene.dir, "ended.crl"), pki.ca, pki.key, [REVOKED], utc(-30), utc(-1))


def job():
    sample = sys.argv[1:] == ["sample"]
    holder = []

    def crl_line(member):
        s = holder[0]
        if not hasattr(s, "crl"):
            make_crls(s)
        shutil.copy(s.crl, member.dir + "/crl.pem")
        return "    CRLFile: %s/crl.pem\n" % member.dir

    def other_ca(scene):
        holder.append(scene)
        scene.other = type(scene.world.pki)(os.path.join(scene.dir, "other"), os.environ["ROTACTL"])
        scene.other.init("Another CA")

    programs = {}
    with Scene(before=other_ca, tls_lines=crl_line, certificates={}, authorities={}) as s:
        for m in s.world.members:
            clerk = programs[m.name] = Clerk(s, m)
            r = s.fleet.of(m)
            r.config["certificates"] = {"mode": "act", "authority": "house", "outageBudget": "10d", "keyType": "same"}
            r.config["authorities"] = {"house": {"type": "exec", "helper": clerk.program, "timeout": "25s"}}
            r.write()
        s.fleet.start()
        primary = s.world.primary()
        clerks = [programs[m.name] for m in s.world.members if m is not primary][:1] + [programs[primary.name]]
        wait_for("the rotads to have joined", 60, lambda: all(r.ctl("status").status == 0 for r in s.fleet.all), 0.3)
        a = Attempts(s, clerks)
        for n, (name, make, words, mend) in enumerate(BAD[:5] if sample else BAD):
            a.bad(clerks[n % 2], name, make, words, mend)
        for n, (name, key_type, make) in enumerate(GOOD[:2] if sample else GOOD):
            a.good(clerks[1 if name == "RSA-2048" else 0], name, key_type, make)
        table(a.rows, ("certificate", "member", "end", "seconds"))
        say("%d bad ones, %d good ones", len(BAD), len(GOOD))
        s.checks.that("no member was restarted", not s.restarts())
        return s.finish()


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["all"], ["sample"]):
        sys.exit(__doc__)
    sys.exit(nest.run(job, 880))
