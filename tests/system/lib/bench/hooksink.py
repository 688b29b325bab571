# SPDX-License-Identifier: Apache-2.0
"""A webhook receiver that checks signatures by the Standard Webhooks text itself, with nothing of rotad's in it."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import ssl
import threading
import time

AGE_S = 300


def new_secret():
    return "whsec_" + base64.b64encode(os.urandom(24)).decode()


def verdict(secret, headers, body, now):
    """"" when the message is signed with this secret and fresh, else what is wrong."""
    try:
        ident, stamp, signatures = (headers["webhook-" + k] for k in ("id", "timestamp", "signature"))
    except KeyError as e:
        return "no header %s" % e
    if not ident or "." in ident:
        return "bad webhook-id"
    if not stamp.isdigit() or abs(now - int(stamp)) > AGE_S:
        return "timestamp %s is not within %d s" % (stamp, AGE_S)
    key = base64.b64decode(secret[len("whsec_"):], validate=True)
    want = base64.b64encode(hmac.new(key, ("%s.%s." % (ident, stamp)).encode() + body, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest("v1," + want, s) for s in signatures.split()):
        return "no signature matches"
    return ""


class Message:
    def __init__(self, wrong, headers, body):
        self.wrong, self.headers, self.body = wrong, headers, body
        try:
            whole = json.loads(body)
            self.json = whole["data"]  # the envelope of Standard Webhooks: type, timestamp, data
            if not whole["type"].endswith(self.json["event"]):
                self.wrong = wrong or "type '%s' is not that of event '%s'" % (whole["type"], self.json["event"])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.json, self.wrong = {}, wrong or "the body is not as Standard Webhooks has it"


class HookSink:
    """http:// on loopback, or https:// with a certificate. `answer` is the status it gives."""

    def __init__(self, secret, pem=None, answer=204, host="127.0.0.1", name="localhost"):
        self.secret, self.answer, self.messages, self.lock = secret, answer, [], threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self):
                n = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(min(n, 1 << 20))
                headers = {k.lower(): v for k, v in self.headers.items()}
                with sink.lock:
                    sink.messages.append(Message(verdict(sink.secret, headers, body, time.time()), headers, body))
                self.send_response(sink.answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *a):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        if pem:
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.load_cert_chain(pem)
            self.server.socket = ctx.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "%s://%s:%d/hook" % ("https" if pem else "http", name, self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    def all(self):
        with self.lock:
            return list(self.messages)
