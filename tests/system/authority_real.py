#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real authorities issue through rotad's adapters: certmonger's own local-submit, and a real OpenBao by token and by AppRole.

usage: authority_real.py [exec] [vault]     both by default; what is missing is a failure, never a skip.
OpenBao comes from contrib/openbao-get."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import nest  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402

TOP = os.environ.get("TOP_SRCDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
BUILD = os.environ.get("TOP_BUILDDIR") or os.getcwd()
DRIVE = os.path.join(BUILD, "tests", "system", "authority_drive")
NET = os.path.join(BUILD, "src", "cmd", "rotad-net")
LOCAL_SUBMIT = "/usr/lib/certmonger/local-submit"
SUBJECT = "CN=db1.example.test,OU=mongo,O=Acme"
NAMES = ["db1.example.test", "10.0.0.7"]


def drive(policy, token="", **more):
    wanted = dict({"policy": policy, "token": token, "keyType": "P-256", "subject": SUBJECT, "names": NAMES}, **more)
    r = subprocess.run([DRIVE, NET], input=json.dumps(wanted), stdout=subprocess.PIPE, text=True, timeout=120)
    if r.returncode:
        raise RuntimeError("authority_drive: exit %d: %s" % (r.returncode, r.stdout))
    return json.loads(r.stdout)


def words(a):
    return (a.get("words") or a.get("error") or {}).get("text", "")


def well(a):
    return a.get("outcome") == "issued" and a.get("keyMatches") and "BEGIN CERTIFICATE" in a.get("pem", "")


def program(tmp, name, text):
    path = os.path.join(tmp, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def certmonger(checks, tmp):
    ca = os.path.join(tmp, "local-ca")
    os.mkdir(ca, 0o700)
    policy = {"type": "exec", "helper": "%s -d %s" % (LOCAL_SUBMIT, ca)}
    first = drive(policy)
    checks.that("certmonger's local-submit issues, unchanged", well(first), words(first) or "%d ms" % (first["us"] // 1000))
    checks.that("with the subject of the request", first.get("subject") == SUBJECT, first.get("subject"))
    # The bare host is DNS; certmonger's signer copies the SAN of the request as it is.
    checks.that("and its names", sorted(first.get("names", [])) == sorted(NAMES), first.get("names"))
    roots = subprocess.run([LOCAL_SUBMIT, "-d", ca], env={"CERTMONGER_OPERATION": "FETCH-ROOTS"}, stdout=subprocess.PIPE, text=True).stdout
    root, leaf = os.path.join(tmp, "root.pem"), os.path.join(tmp, "leaf.pem")
    with open(root, "w") as f:
        f.write(roots[roots.index("-----BEGIN"):])
    with open(leaf, "w") as f:
        f.write(first.get("pem", ""))
    r = subprocess.run(["openssl", "verify", "-CAfile", root, leaf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    checks.that("openssl verifies it against the signer's root", r.returncode == 0, r.stdout.strip()[-80:])
    checks.that("a second one has another serial", drive(policy).get("pem") not in (None, first.get("pem")))
    rsa = drive(policy, keyType="RSA-2048")
    checks.that("an RSA key too", well(rsa), words(rsa))

    bad = drive({"type": "exec", "helper": "%s -d %s/none/such" % (LOCAL_SUBMIT, tmp)})
    checks.that("a signer that cannot keep its files is told, nothing is issued", not bad.get("pem") and words(bad), words(bad)[:90])

    # Programs that behave as certmonger's tests let theirs behave.
    rows = [("a cookie", "echo cookie-1; exit 1", lambda a: a["outcome"] == "wait" and a["cookie"] == "cookie-1"),
            ("a cookie and a time", "echo 90; echo cookie-2; exit 5", lambda a: a["retryUs"] == 90_000_000 and a["cookie"] == "cookie-2"),
            ("a refusal", "echo no budget; exit 2", lambda a: a["outcome"] == "refused" and "no budget" in words(a)),
            ("a refusal on stderr", "echo no budget >&2; exit 2", lambda a: "no budget" in words(a)),
            ("an unreachable CA", "exit 3", lambda a: a["error"]["kind"] == "UNREACHABLE"),
            ("a helper that dies", "kill -9 $$", lambda a: a["error"]["kind"] == "HOOK"),
            ("a helper that prints without end", "yes", lambda a: a["error"]["kind"] in ("LIMIT", "TIMEOUT")),
            ("nonsense with success", "echo ok", lambda a: a["error"]["kind"] == "PROTOCOL"),
            ("shell text", "echo '$(touch %s/owned) `touch %s/owned`'; exit 2" % (tmp, tmp), lambda a: a["outcome"] == "refused")]
    for name, text, holds in rows:
        a = drive({"type": "exec", "helper": program(tmp, "helper", text)}, timeoutUs=3_000_000)
        try:
            good = holds(a)
        except (KeyError, TypeError):
            good = False
        checks.that("exec: %s" % name, good, (words(a) or a.get("cookie") or "")[:80])
    slow = drive({"type": "exec", "helper": program(tmp, "helper", "sleep 600 & sleep 600")}, timeoutUs=500_000)
    checks.that("exec: one that hangs is ended", slow.get("error", {}).get("kind") == "TIMEOUT" and slow["us"] < 12_000_000, "%d ms" % (slow["us"] // 1000))
    checks.that("nothing of a helper's words was run", not os.path.exists(os.path.join(tmp, "owned")))
    poll = drive({"type": "exec", "helper": program(tmp, "helper", 'echo "$CERTMONGER_OPERATION $CERTMONGER_CA_COOKIE"; exit 2')}, cookie="state=7&x=\"y\"")
    checks.that("exec: the cookie comes back with POLL", 'POLL state=7&x="y"' in words(poll), words(poll))


def find_bao():
    r = subprocess.run([os.path.join(TOP, "contrib", "openbao-get")], stdout=subprocess.PIPE, text=True)
    if r.returncode:
        raise RuntimeError("no OpenBao to test with")
    return r.stdout.strip()


class Bao:
    """A dev server; its API by urllib, independent of what is tested."""

    def __init__(self, tmp):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url, self.root = "http://127.0.0.1:%d" % self.port, "root-token-of-this-test"
        self.log = open(os.path.join(tmp, "bao.log"), "w")
        self.process = subprocess.Popen([find_bao(), "server", "-dev", "-dev-root-token-id=%s" % self.root, "-dev-no-store-token",
                                         "-dev-listen-address=127.0.0.1:%d" % self.port],
                                        stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(os.environ, HOME=tmp))
        wait_for("OpenBao", 30, lambda: urllib.request.urlopen(self.url + "/v1/sys/health", timeout=2).status == 200)

    def ask(self, path, body=None, token=None, method="POST"):
        r = urllib.request.Request("%s/v1/%s" % (self.url, path), method=method, data=json.dumps(body).encode() if body is not None else None,
                                   headers={"X-Vault-Token": token or self.root, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(r, timeout=30) as got:
                text = got.read()
        except urllib.error.HTTPError as e:
            raise RuntimeError("%s: %d %s" % (path, e.code, e.read())) from e
        return json.loads(text) if text else {}

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def vault(checks, tmp):
    bao = Bao(tmp)
    try:
        say("OpenBao listens")
        bao.ask("sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
        root = bao.ask("pki/root/generate/internal", {"common_name": "Root of this test", "ttl": "87000h", "key_type": "ec", "key_bits": 256})["data"]["certificate"]
        bao.ask("sys/mounts/int", {"type": "pki", "config": {"max_lease_ttl": "8760h"}})
        csr = bao.ask("int/intermediate/generate/internal", {"common_name": "Issuing CA of this test", "key_type": "ec", "key_bits": 256})["data"]["csr"]
        inter = bao.ask("pki/root/sign-intermediate", {"csr": csr, "common_name": "Issuing CA of this test", "format": "pem_bundle", "ttl": "8000h"})["data"]
        bao.ask("int/intermediate/set-signed", {"certificate": inter["certificate"] + "\n" + root})
        role = {"allow_any_name": True, "allow_ip_sans": True, "enforce_hostnames": True, "organization": "Acme", "ou": "mongo", "key_type": "any",
                "server_flag": True, "client_flag": True, "max_ttl": "2000h", "ttl": "720h"}
        bao.ask("int/roles/mongo", role)
        bao.ask("int/roles/rsa", dict(role, key_type="rsa", key_bits=2048))
        bao.ask("int/roles/narrow", dict(role, allow_any_name=False, allowed_domains="other.test", allow_subdomains=True))
        bao.ask("int/roles/other-ou", dict(role, ou="web"))
        bao.ask("sys/policies/acl/mongo", {"policy": 'path "int/sign/mongo" { capabilities = ["update"] }'})
        token = bao.ask("auth/token/create", {"policies": ["mongo"], "ttl": "1h"})["auth"]["client_token"]
        bao.ask("sys/auth/approle", {"type": "approle"})
        bao.ask("auth/approle/role/db1", {"token_policies": "mongo", "token_ttl": "10m"})
        role_id = bao.ask("auth/approle/role/db1/role-id", method="GET")["data"]["role_id"]
        secret_id = bao.ask("auth/approle/role/db1/secret-id", {})["data"]["secret_id"]

        policy = {"type": "vault", "url": bao.url, "mount": "int", "role": "mongo"}
        a = drive(policy, token + "\n")
        checks.that("OpenBao issues by a token", well(a), words(a) or "%d ms" % (a["us"] // 1000))
        checks.that("subject, names and membership are as wished", a.get("membership") == "O=Acme,OU=mongo" and sorted(a.get("names", [])) == sorted(NAMES),
                    "%s %s" % (a.get("subject"), a.get("names")))
        checks.that("the intermediate is in the answer, the root is not", a.get("certs") == 2, a.get("certs"))
        leaf, chain, top = (os.path.join(tmp, n) for n in ("bao-leaf.pem", "bao-chain.pem", "bao-root.pem"))
        parts = a.get("pem", "").split("-----END CERTIFICATE-----\n")
        for path, text in ((leaf, parts[0] + "-----END CERTIFICATE-----\n"), (chain, a.get("pem", "")), (top, root + "\n")):
            with open(path, "w") as f:
                f.write(text)
        r = subprocess.run(["openssl", "verify", "-CAfile", top, "-untrusted", chain, leaf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        checks.that("openssl verifies leaf and chain against the root", r.returncode == 0, r.stdout.strip()[-80:])
        a = drive(dict(policy, validForUs=10 * 86400 * 1_000_000), token)
        checks.that("its lifetime is the one asked for", a.get("daysLeft") in (9, 10), a.get("daysLeft"))
        a = drive(policy, token, keyType="RSA-2048")
        checks.that("an RSA key too", well(a), words(a))

        before = len(bao.ask("auth/token/accessors", method="LIST")["data"]["keys"])
        a = drive(dict(policy, user=role_id), secret_id)
        checks.that("OpenBao issues by an AppRole", well(a), words(a) or "%d ms" % (a["us"] // 1000))
        after = len(bao.ask("auth/token/accessors", method="LIST")["data"]["keys"])
        checks.that("and no token of it is left behind", after == before, "%d, %d" % (before, after))

        rows = [("a role for RSA keys says so", dict(policy, role="rsa"), bao.root, "role requires keys of type rsa", "key_type"),
                ("a role for other names says so", dict(policy, role="narrow"), bao.root, "not allowed by this role", "allowed_domains"),
                ("an unknown role", dict(policy, role="nosuch"), bao.root, "unknown role", "see role"),
                ("an unknown mount", dict(policy, mount="nosuch"), bao.root, "no handler for route", "see mount"),
                ("a token without the right", dict(policy, role="rsa"), token, "permission denied", "policy"),
                ("a token that is none", policy, "hvs.none", "permission denied", "ended"),
                ("a wrong secret id", dict(policy, user=role_id), "6f8e0b0c-0000-0000-0000-000000000000", "", "secret id"),
                ("longer than the role allows", dict(policy, validForUs=9000 * 3600 * 1_000_000, role="mongo"), token, None, None)]
        for name, p, t, said, advice in rows:
            a = drive(p, t)
            if said is None:  # OpenBao shortens it instead; what counts is that rotad sees it
                checks.that(name + ": shortened, seen", a.get("outcome") == "issued" and a.get("daysLeft", 999) < 100, a.get("daysLeft"))
                continue
            checks.that(name, a.get("outcome") == "refused" and said in words(a) and advice in words(a), words(a)[:150])
            checks.that("  and its error holds no secret", t not in json.dumps(a))
        a = drive(dict(policy, role="other-ou"), bao.root)
        checks.that("a role with another OU is seen in the answer (the preflight refuses it)", a.get("membership") == "O=Acme,OU=web", a.get("membership"))
        bao.ask("sys/seal", {})
        a = drive(policy, token)
        checks.that("a sealed one is a fault to be retried, not a refusal", a.get("error", {}).get("kind") == "UNREACHABLE", words(a)[:90])
    finally:
        bao.close()
    a = drive({"type": "vault", "url": bao.url, "mount": "int", "role": "mongo"}, "hvs.x")
    checks.that("one that is gone too", a.get("error", {}).get("kind") == "UNREACHABLE", words(a)[:90])

    a = drive({"type": "vault", "url": "http://vault.example.test:8200", "mount": "int", "role": "mongo"}, "hvs.secret")
    checks.that("plain http to another host is refused before a token leaves", a.get("error", {}).get("kind") == "INVALID", words(a)[:90])


def job():
    wanted = sys.argv[1:] or ["exec", "vault"]
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="rotad-authority.") as tmp:
        if "exec" in wanted:
            certmonger(checks, tmp)
        if "vault" in wanted:
            vault(checks, tmp)
    checks.print()
    return checks.status()


if __name__ == "__main__":
    sys.exit(nest.run(job, 300))
