# SPDX-License-Identifier: Apache-2.0
"""The ports `mongod` and `store` of a build, asked through tests/system/mongod_drive and a real rotad-mongo."""
import json
import os
import subprocess


class Answer(dict):
    """What was answered; asking for what is not there shows the whole."""

    def __missing__(self, key):
        raise KeyError("no '%s' in %s" % (key, dict(self)))


class Drive:
    """One process with a helper of its own. Call it with what to do; it gives the answer as a dict, "error" and "us" included."""

    def __init__(self, build):
        self.p = subprocess.Popen([os.path.join(build, "tests/system/mongod_drive"), os.path.join(build, "src/cmd/rotad-mongo")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, what, **request):
        self.send(what, **request)
        return self.answer()

    def send(self, what, **request):
        self.p.stdin.write(json.dumps(dict(request, do=what)) + "\n")
        self.p.stdin.flush()

    def answer(self):
        line = self.p.stdout.readline()
        if not line:
            raise RuntimeError("the driver ended with %s" % self.p.wait())
        return Answer(json.loads(line))

    def close(self):
        """Let it end; its exit status."""
        self.p.stdin.close()
        status = self.p.wait(20)
        self.p.stdout.close()
        return status


def target(member, **more):
    """A member as the port's target: by name, over TLS with its own certificate where the world has one."""
    t = dict(host=member.address, tls=bool(member.world.pki), allows_invalid_hostnames=False, timeout_us=3000000)
    if member.world.pki:
        t.update(ca_file=member.world.pki.ca, client_pem=member.pem)
    t.update(more)
    return {k: v for k, v in t.items() if v is not None}


def system(key):
    return {"how": "system", "key": key}


def kind(reply):
    """The error's kind, "" when there was an answer."""
    return reply.get("error", {}).get("kind", "")
