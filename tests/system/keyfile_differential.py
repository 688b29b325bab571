#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotactl keyfile check against a real mongod, file by file.

Every file of a fixed table and of a seeded generator is given to both. Shown: rotactl accepts nothing that
mongod refuses; it refuses what mongod accepts only by the rules named in STRICTER; both count the same number
of keys; and on a sample the very characters rotactl read are a login at that mongod, others are not.

A mongod with the storage engine "devnull" reads its keyfile, says how many keys it has, listens, and is ended:
0.2 s a file. With --quick it gets no data directory and stops behind the keyfile: 0.05 s, but nothing is counted."""
import argparse
import collections
import concurrent.futures
import hashlib
import itertools
import json
import os
import queue
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

STRICTER = {  # mongod starts, rotad refuses; the reason of each is in src/codec/keyfile_text.h
    "quoted-strings-without-sequence", "quoted-string-without-end", "second-document", "ignored-rest", "control-character", "utf-16",
    "lone-carriage-return", "yaml-tag", "yaml-directive", "alias-inside-itself", "too-many-anchors", "too-deep",
    "too-large",
}
K1, K2, K3 = "Kx7Qm2Vb9TzR", "Lp4Wd8Nc1YsG", "Hf6Ju3Ea5XoI"
B1, B2 = "A1b2C3d4" * 126, "Z9y8X7w6" * 126  # 1,008 characters


def lines(text, n=64):
    return "\n".join(text[i:i + n] for i in range(0, len(text), n))


TABLE = [  # name, text or bytes, mode
    ("plain", K1), ("plain, line end", K1 + "\n"), ("as openssl writes it", lines(B1) + "\n"),
    ("two keys", f"- {K1}\n- {K2}\n"), ("two long keys", f"- {B1}\n- {B2}\n"), ("one key in a list", f"- {K1}\n"),
    ("comments", f"# a\n- {K1} # b\n# c\n- {K2}\n#d"), ("flow", f"[{K1}, {K2}]\n"), ("flow over lines", f"[\n {K1},\n {K2}\n]\n"),
    ("flow, last comma", f"[{K1},]"), ("flow, two commas", f"[{K1},,{K2}]"), ("flow, no end", f"[{K1}"), ("flow, empty", "[]"),
    ("flow, wrong end", f"[{K1}}}"), ("CRLF", f"- {K1}\r\n- {K2}\r\n"), ("CRLF, plain", f"{K1}\r\n{K2}\r\n"), ("BOM", f"\ufeff- {K1}\n- {K2}\n"),
    ("tab behind the dash", f"-\t{K1}\n-\t{K2}\n"), ("block scalars in a list", f"- |\n  {K1}\n- >\n  {K2}\n"),
    ("block scalar", f"|\n {lines(B1).replace(chr(10), chr(10) + ' ')}\n"), ("folded", f">\n {K1}\n {K2}\n"), ("block scalar, strip", f"|-\n {K1}\n"),
    ("block scalar, indent 2", f"- |2\n    {K1}\n"), ("block scalar, indent 0", f"|0\n{K1}\n"), ("block scalar, comment", f"|#c\n {K1}\n"),
    ("block scalar, text", f"| x\n {K1}\n"), ("block scalar, tab", f"|\n\t{K1}\n"), ("block scalar, dedent", f"|\n  {K1}\n {K2}\n"),
    ("plain over lines in a list", f"- {K1}\n  {K2}\n"), ("same key twice", f"- {K1}\n- {K1}\n"), ("quoted twice", f"'{K1}'\n'{K2}'\n"),
    ("double quoted twice", f'"{K1}"\n"{K2}"\n'), ("quoted twice in a line", f"'{K1}' '{K2}'\n"), ("quoted with comma", f"'{K1}', '{K2}'\n"),
    ("quoted, then plain", f"'{K1}'\n{K2}\n"), ("quoted, then list", f"'{K1}'\n- {K2}\n"), ("quoted, then mapping", f"'{K1}'\na: {K2}\n"),
    ("quoted, then bad", f"'{K1}'\n@\n"), ("two lines", f"{K1}\n{K2}\n"), ("comment between", f"{K1}\n# c\n{K2}\n"), ("indented comment between", f"{K1}\n  # c\n{K2}\n"),
    ("two documents", f"{K1}\n---\n{K2}\n"), ("two documents, lists", f"- {K1}\n---\n- {K2}\n"), ("document start", f"---\n- {K1}\n"),
    ("document start in line", f"--- {K1}\n"), ("list behind document start", f"--- - {K1}\n"), ("two starts", f"---\n---\n{K1}\n"), ("document end", f"- {K1}\n...\n"),
    ("document ends", f"{K1}\n...\n...\n"), ("end first", f"...\n{K1}\n"), ("text behind the end", f"{K1}\n...\n{K2}\n"), ("start, nothing", f"{K1}\n---\n"),
    ("an empty key", f'- {K1}\n- ""\n'), ("second too short", f"- {K1}\n- abcde\n"), ("5", "abcde"), ("6", "abcdef"), ("1024", "a" * 1024), ("1025", "a" * 1025),
    ("6 with blanks", "a b c d e f"), ("5 with blanks", "a b c d e"), ("second too long", f"- {K1}\n- {'a' * 1025}\n"), ("three keys", f"- {K1}\n- {K2}\n- {K3}\n"),
    ("three keys, nested", f"- - {K1}\n  - {K2}\n- {K3}\n"), ("nested", f"- - {K1}\n- - - {K2}\n"), ("nested flow", f"- [{K1}]\n- [[{K2}]]\n"), ("empty", ""), ("white space", " \n\t\n"),
    ("comments only", "# a\n# b\n"), ("mapping", f"a: {K1}\n"), ("mapping in a list", f"- a: {K1}\n"), ("mapping in flow", f"[a: {K1}]"), ("flow mapping", f"{{a: {K1}}}"),
    ("explicit key", f"? {K1}\n"), ("null", "null"), ("tilde", "~"), ("null in a list", f"- {K1}\n-\n"), ("null in a list, middle", f"-\n- {K1}\n"), ("NULL", "- NULL\n"),
    ("a number", "12345678"), ("a truth value", "- trueab\n"), ("URL-safe -", "abc-defgh"), ("URL-safe _", "abc_defgh"), ("padding", "YWJjZGVmZw=="), ("padding inside", "YWJjZGVmZw==YWJj"),
    ("a dot", "abc.def"), ("UTF-8", "abcdéfgh"), ("UTF-8 in a comment", f"{K1} # é\n"), ("bad UTF-8 in a comment", K1.encode() + b" # \xff\n"), ("UTF-16", K1.encode("utf-16")),
    ("UTF-16LE", K1.encode("utf-16-le")), ("UTF-16BE", K1.encode("utf-16-be")), ("UTF-32", K1.encode("utf-32")), ("NUL", f"{K1}\0"), ("NUL inside", f"abc\0defgh"), ("NUL in a comment", f"{K1} #\0\n"),
    ("EOT in a comment", f"{K1} #\4\n"), ("EOT behind", f"{K1}\n\4"), ("escape character", f"{K1}\x1b"), ("DEL in a comment", f"{K1} #\x7f"), ("vertical tab", f"abc\vdef\n"), ("form feed", f"\fabcdef\n"),
    ("lone CR", f"{K1}\r{K2}\n"), ("lone CR in a comment", f"{K1} # c\r{K2}\n"), ("old Mac list", f"- {K1}\r- {K2}\r"), ("double quoted", f'"{K1}"'), ("single quoted", f"'{K1}'"),
    ("double quoted list", f'- "{K1}"\n- "{K2}"\n'), ("escape x", '"\\x41bcdef"'), ("escape u", '"\\u0041bcdef"'), ("escape U", '"\\U00000041bcdef"'), ("escape, outside", '"\\u00e9bcdefg"'),
    ("escape, short", '"\\x4"'), ("escape unknown", '"\\qabcdef"'), ("escape slash", '"\\/bcdef"'), ("escape n", '"abc\\ndef"'), ("escape 0", '"abc\\0def"'), ("escaped line end", '"abc\\\n  def"'),
    ("escaped quote", '"abc\\"def"'), ("doubled quote", "'abc''def'"), ("quoted over lines", f"'{K1}\n  {K2}'\n"), ("quoted, no end", f"'{K1}\n"), ("quoted, document inside", f"'{K1}\n---\n{K2}'\n"),
    ("quoted, comment touches", f"'{K1}'#c\n"), ("plain, hash inside", f"{K1}#{K2}\n"), ("anchor", f"- &a {K1}\n"), ("anchor and alias", f"- &a {K1}\n- *a\n"), ("anchor of a list", f"- &a [{K1}]\n- *a\n"),
    ("anchor of two", f"- &a [{K1}, {K2}]\n"), ("anchor of two, twice", f"- &a [{K1}, {K2}]\n- *a\n"), ("alias unknown", f"- {K1}\n- *b\n"), ("alias in itself", f"&a [*a, {K1}]"), ("anchor alone", f"&a"),
    ("anchor, then line", f"&a\n- {K1}\n"), ("anchor before a long key", f"&a {K1}\n{K2}\n"), ("anchor before lines in a list", f"- &a {K1}\n  {K2}\n"), ("anchor before a block scalar", f"- &a |\n  {K1}\n"),
    ("anchor before a deeper block scalar", f"- &a |\n   {K1}\n"), ("two anchors", f"- &a &b {K1}\n"), ("anchor before alias", f"- &b {K1}\n- &a *b\n"), ("empty anchor", f"- & {K1}\n"), ("tag", f"- !x {K1}\n"),
    ("tag str", f"- !!str {K1}\n"), ("tag, quoted", f"!!binary '{K1}'\n"), ("verbatim tag", f"!<tag:yaml.org,2002:str> {K1}"), ("YAML directive", f"%YAML 1.2\n---\n{K1}\n"), ("TAG directive", f"%TAG ! x\n---\n{K1}\n"),
    ("percent", f"- %{K1}\n"), ("list less indented", f"  - {K1}\n- {K2}\n"), ("list more indented", f"- '{K1}'\n  - '{K2}'\n"), ("list indented", f"   - {K1}\n   - {K2}\n"), ("dash without blank", f"-{K1}\n"),
    ("tab before the dash", f"\t- {K1}\n"), ("tab before a key", f"\t{K1}\n"), ("tab in a list's key", f"- {K1}\n\t{K2}\n"), ("tab in a key", f"{K1}\t{K2}\n"), ("list, then text", f"- {K1}\n{K2}\n"),
    ("list, then a mapping", f"- {K1}\nabc: {K2}\n"), ("list, then a bad character", f"- {K1}\n_{K2}\n"),
    ("list, then a bad start", f"- {K1}\n@{K2}\n"), ("list, then a brace", f"- {K1}\n{{{K2}}}\n"), ("list, then a quoted one without end", f"- {K1}\n'{K2}"), ("list, then deeper text", f"- '{K1}'\n   {K2}\n"), ("list in a flow", f"[- {K1}]"), ("question in flow", f"[a?b{K1}]"), ("colon at end", f"{K1}:"), ("colon inside", f"ab:{K1}"), ("at sign", f"@{K1}"), ("backtick", f"`{K1}`"),
    ("64 KiB", K1 + "\n#" + "x" * (65536 - len(K1) - 2)), ("64 KiB and one", K1 + "\n#" + "x" * (65536 - len(K1) - 1)), ("16 deep", "[" * 16 + K1 + "]" * 16), ("17 deep", "[" * 17 + K1 + "]" * 17),
    ("16 deep, block", "- " * 16 + K1), ("17 deep, block", "- " * 17 + K1), ("17 anchors", "[" + ",".join(f"&a{i} []" for i in range(17)) + f",{K1}]"), ("16 anchors", "[" + ",".join(f"&a{i} []" for i in range(16)) + f",{K1}]"),
    ("Ansible managed", f"# Ansible managed\n- {K1}\n"), ("indented text", f"    {K1}\n  {K2}\n"), ("a line of dots", f"{K1}\n....\n"), ("dashes", f"{K1}\n----\n"), ("bare dash", "-"), ("bare bracket", "["), ("bare quote", "'"), ("bare pipe", "|"),
] + [("mode %04o" % m, f"- {K1}\n", m) for m in (0o400, 0o600, 0o700, 0o1600, 0o4600, 0o640, 0o604, 0o620, 0o610, 0o660, 0o440, 0o601, 0o644)]


class Generator:
    """Files near the edge: well-formed shapes in many styles, then, half of the time, a few bytes changed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.keys = []

    def key(self):
        r = self.r
        n = r.choice([6, 6, 7, 8, 12, 16, 24, 40] + ([5, 1024, 1025] if r.random() < 0.1 else []))
        k = "".join(r.choice("ABCDEFabcdefxyz0123456789+/") for _ in range(n))
        if r.random() < 0.1:
            k = k[:-1] + "="
        k = r.choice(self.keys) if self.keys and r.random() < 0.15 else k
        self.keys.append(k)
        return k

    def split(self, k, sep):
        if self.r.random() < 0.35 and len(k) > 3:
            at = self.r.randrange(1, len(k))
            return k[:at] + sep + k[at:]
        return k

    def scalar(self, indent, in_flow):
        r, k = self.r, self.key()
        pad = " " * max(0, indent + r.choice([-1, 0, 0, 0, 1, 2]))
        style = r.choice("ppppsddd" if in_flow else "ppppsddbbf")
        if r.random() < 0.12:
            pad += r.choice(["\t", "# c\n", "\n"])
        if style == "p":
            return self.split(k, r.choice([" ", "\n" + pad, "\t", " #c\n" + pad, "\n\n" + pad, "\n#c\n" + pad]) if r.random() < 0.8 else "#")
        if style == "s":
            return "'" + self.split(k, r.choice([" ", "\n" + pad, "''", "\t", "\n---\n"])) + "'"
        if style == "d":
            at = r.randrange(len(k))
            esc = r.choice(["\\x%02x" % ord(k[at]), "\\u%04X" % ord(k[at]), "\\n" + k[at], "\\" + k[at], k[at], k[at], "\\\n" + pad + k[at], "\\ " + k[at]])
            return '"' + self.split(k[:at] + esc + k[at + 1:], r.choice([" ", "\n" + pad, "\t"])) + '"'
        head = ("|" if style == "b" else ">") + r.choice(["", "", "-", "+", "1", "2", "2-", "+1", " ", " # c", "#c", " x"])
        return head + "\n" + pad + " " + self.split(k, "\n" + pad + r.choice([" ", "  ", ""]))

    def props(self):
        x = self.r.random()
        if x < 0.08:
            return self.r.choice(["&a ", "&b ", "&a\n", "&a  "])
        if x < 0.11:
            return self.r.choice(["!!str ", "! ", "!x "])
        return ""

    def node(self, depth, indent, in_flow):
        r = self.r
        if r.random() < 0.08:
            return "*" + r.choice("ab")
        if depth == 0 or r.random() < (0.45 if depth > 2 else 0.7):
            return self.props() + self.scalar(indent, in_flow)
        n = r.choice([1, 1, 2, 2, 2, 3, 0])
        if in_flow or r.random() < 0.4:
            sep = r.choice([", ", ",", ",\n" + " " * indent, " ,"])
            return self.props() + "[" + r.choice(["", " ", "\n"]) + sep.join(self.node(depth - 1, indent, True) for _ in range(n)) + r.choice(["", "", " ", ","]) + "]"
        out = []
        for i in range(n):
            gap = r.choice([" ", " ", " ", "  ", "\t", "\n" + " " * (indent + 2)])
            lead = "" if i == 0 else " " * max(0, indent + (r.choice([-1, 1]) if r.random() < 0.06 else 0))
            out.append(lead + "-" + gap + self.node(depth - 1, indent + 1 + len(gap), False))
        return r.choice(["\n", "\n", "\n", " # c\n", "\n\n", "\n#c\n", "\n" + " " * (indent + 1) + "# c\n"]).join(out)

    def file(self):
        r = self.r
        self.keys = []
        head = r.choice([""] * 12 + ["---\n", "--- ", "# c\n", "\n", "%YAML 1.2\n---\n", "...\n"])
        tail = r.choice(["\n"] * 10 + ["", "\n...\n", "\n---\n", "\n# c", " # c\n", "\n'abcdef'\n", "\nabcdef\n", "\n- abcdef\n", ", abcdef\n", "\n\t\n"])
        text = head + self.node(r.choice([1, 1, 2, 3]), 0, False) + tail
        if r.random() < 0.4:
            for _ in range(r.choice([1, 1, 2, 3])):
                at = r.randrange(len(text) + 1)
                what = r.random()
                if what < 0.4:
                    text = text[:at] + r.choice(list(" \t\n\n-:,[]{}#&*!|>'\"%@`?=+/._") + ["- ", " #", ": ", "\n- ", "---\n", "\n ", "''", "\v"]) + text[at:]
                elif what < 0.7:
                    text = text[:at] + text[at + 1:]
                elif what < 0.85:
                    text = text[:at]
                else:
                    to = r.randrange(len(text) + 1)
                    text = text[:at] + text[min(at, to):max(at, to)] + text[at:]
        data = text.encode()
        if r.random() < 0.1:
            data = data.replace(b"\n", b"\r\n")
        if r.random() < 0.03:
            data = b"\xef\xbb\xbf" + data
        if r.random() < 0.02:
            at = r.randrange(len(data) + 1)
            data = data[:at] + bytes([r.choice([0, 4, 13, 27, 127, 133, 255, 12])]) + data[at:]
        return data


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Mongod:
    """What a mongod makes of a keyfile: started or not, and how many keys."""

    def __init__(self, binary, folder, quick):
        self.binary, self.quick = binary, quick
        self.dbpath = os.path.join(folder, "db-%d" % threading.get_ident())
        if not quick:
            os.makedirs(self.dbpath, exist_ok=True)

    def run(self, keyfile, while_up=None):
        for _ in range(3):
            answer = self.try_run(keyfile, while_up)
            if answer["what"] != "port taken":
                return answer
        return answer

    def try_run(self, keyfile, while_up):
        port = free_port()
        argv = [self.binary, "--keyFile", keyfile, "--dbpath", self.dbpath, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
        if not self.quick:
            argv += ["--storageEngine", "devnull", "--setParameter", "disableLogicalSessionCacheRefresh=true"]
        p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        guard = threading.Timer(30, p.kill)
        guard.start()
        keys, up, ids, texts = 1, False, set(), []
        try:
            for raw in p.stdout:
                try:
                    line = json.loads(raw)
                except ValueError:
                    continue
                ids.add(line["id"])
                if line["id"] in (20254, 20255, 20256, 20258):
                    texts.append(str(line.get("attr", {}).get("error", {}).get("errmsg", line["msg"]))[:60])
                if line["id"] == 22147:
                    keys = 2
                if line["id"] == 23016:
                    up = True
                    logins = while_up(port) if while_up else None
                    break
            if up:
                p.kill()
        finally:
            guard.cancel()
            p.stdout.close()
            code = p.wait()
        if up:
            return {"what": "starts", "keys": keys, "logins": logins, "why": ""}
        if self.quick and 20557 in ids and code == 100:
            return {"what": "starts", "keys": None, "logins": None, "why": ""}
        if 20575 in ids or ids & {20254, 20255, 20256, 20258}:
            return {"what": "refuses", "keys": 0, "logins": None, "why": "; ".join(texts)}
        if code == 48:
            return {"what": "port taken", "keys": 0, "logins": None, "why": ""}
        return {"what": "crashes" if code < 0 else "exit %d" % code, "keys": 0, "logins": None, "why": ""}


def rotactl(binary, verb, keyfile):
    p = subprocess.run([binary, "--json", "keyfile", verb, keyfile], capture_output=True, timeout=20)
    if p.returncode not in (0, 2) or p.stderr:
        raise RuntimeError("rotactl exit %d: %s" % (p.returncode, p.stderr.decode(errors="replace")[-2000:]))
    return p.returncode, json.loads(p.stdout)


def fingerprint(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()[:16]


def candidates(keys):
    """The keys a file may hold: those it was made of, and their joins."""
    keys = list(dict.fromkeys(keys))[:4]
    joined = ["".join(c) for n in (1, 2, 3) for c in itertools.permutations(keys, n)]
    return {fingerprint(k): k for k in joined}


def login_probe(wanted, refused):
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure

    def probe(port):
        out = []
        for key in wanted + refused:
            c = MongoClient("127.0.0.1", port, username="__system", password=key, authSource="local", authMechanism="SCRAM-SHA-256",
                            directConnection=True, serverSelectionTimeoutMS=10000, appname="rotad-proof")
            try:
                c.admin.command("connectionStatus")
                out.append(True)
            except OperationFailure as e:
                if e.code != 18:
                    raise
                out.append(False)
            finally:
                c.close()
        return out
    return probe


def judge(case, tools, opts):
    """One file: (class of agreement, text for the reader)."""
    name, data, mode, keys, wants_login = case
    mongod = tools.get()
    fd, path = tempfile.mkstemp(prefix="key-", dir=opts.folder)
    try:
        os.write(fd, data)
        os.close(fd)
        os.chmod(path, mode)
        code, ours = rotactl(opts.rotactl, "check", path)
        probe, expected = None, None
        if code == 0 and wants_login and not opts.quick:
            known = candidates(keys)
            prints = rotactl(opts.rotactl, "fingerprint", path)[1]["fingerprints"]
            if all(p in known for p in prints):
                wanted = [known[p] for p in prints]
                refused = [k for k in known.values() if k not in wanted][:1]
                expected = [True] * len(wanted) + [False] * len(refused)
                probe = login_probe(wanted, refused)
        theirs = mongod.run(path, probe)
    finally:
        os.unlink(path)
        tools.put(mongod)
    rules = {f["name"] for f in ours.get("findings", []) if f["weight"] == "refused"}
    shown = "%s: rotactl %s (%s keys; %s), mongod %s (%s keys) %s\n    %r" % (
        name, ours["verdict"], ours["keys"], ", ".join(sorted(rules)), theirs["what"], theirs["keys"], theirs["why"], data[:300])
    starts = theirs["what"] == "starts"
    if theirs["what"].startswith(("exit", "port")):
        return "NOT TOLD", shown
    if code == 0 and not starts:
        return "LAXER", shown
    if code == 0 and theirs["keys"] not in (None, ours["keys"]):
        return "OTHER NUMBER OF KEYS", shown
    if theirs["logins"] is not None and theirs["logins"] != expected:
        return "OTHER KEYS", shown
    if code == 0:
        return "both accept, logins proven" if expected else "both accept", shown
    if not starts:
        return "both refuse", shown
    if ours["mongod"] == "refuses":
        return "STRICTER WITHOUT KNOWING IT", shown
    if not rules <= STRICTER:
        return "STRICTER BY NO NAMED RULE", shown
    return "stricter: " + ", ".join(sorted(rules)), shown


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--mongod", default=os.environ.get("MONGOD") or shutil.which("mongod"))
    a.add_argument("--rotactl", default=os.environ.get("ROTACTL") or os.path.join(os.environ.get("TOP_BUILDDIR", "."), "src/cmd/rotactl"))
    a.add_argument("--cases", type=int, default=200, help="generated files")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--logins", type=int, default=40, help="accepted files whose keys are tried")
    a.add_argument("--jobs", type=int, default=2)
    a.add_argument("--quick", action="store_true", help="verdicts only")
    a.add_argument("--files", default="", help="a folder of further files, for instance what a fuzzer found")
    a.add_argument("--show", default="", help="print the files whose class begins so")
    opts = a.parse_args()
    if not opts.mongod or not os.access(opts.mongod, os.X_OK) or not os.access(opts.rotactl, os.X_OK):
        sys.exit("keyfile_differential: needs a mongod (--mongod or MONGOD) and rotactl (--rotactl or ROTACTL)")
    begin = time.monotonic()
    cases = []
    for row in TABLE:
        data = row[1] if isinstance(row[1], bytes) else row[1].encode()
        cases.append((row[0], data, row[2] if len(row) > 2 else 0o600, [K1, K2, B1, B2], True))
    g = Generator(opts.seed)
    for i in range(opts.cases):
        data = g.file()
        cases.append(("seed %d file %d" % (opts.seed, i), data, 0o600, list(g.keys), i < opts.logins * 4))
    for f in sorted(os.listdir(opts.files)) if opts.files else []:
        with open(os.path.join(opts.files, f), "rb") as handle:
            cases.append((f, handle.read(), 0o600, [], False))
    if opts.logins == 0:
        cases = [c[:4] + (False,) for c in cases]
    counts, bad = collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="rotad-keyfile-") as folder, concurrent.futures.ThreadPoolExecutor(opts.jobs) as pool:
        opts.folder = folder
        tools = queue.Queue()
        for i in range(opts.jobs):
            m = Mongod(opts.mongod, folder, opts.quick)
            m.dbpath = os.path.join(folder, "db-%d" % i)
            if not opts.quick:
                os.makedirs(m.dbpath, exist_ok=True)
            tools.put(m)
        for what, shown in pool.map(lambda c: judge(c, tools, opts), cases):
            counts[what] += 1
            if what.isupper():
                bad.append(what + "  " + shown)
            elif opts.show and what.startswith(opts.show):
                print(what + "  " + shown)
    print("%d files (%d of the table, %d generated from seed %d, %d given), %.0f s" % (
        len(cases), len(TABLE), opts.cases, opts.seed, len(cases) - len(TABLE) - opts.cases, time.monotonic() - begin))
    for what, n in sorted(counts.items()):
        print("  %5d  %s" % (n, what))
    print("\n".join(bad[:50]))
    if not any(w.startswith("both accept") for w in counts) or not counts["both refuse"]:
        sys.exit("keyfile_differential: a run in which nothing is accepted or nothing refused shows nothing")
    if bad:
        sys.exit("keyfile_differential: %d files are judged otherwise than by mongod" % len(bad))


main()
