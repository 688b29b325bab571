# SPDX-License-Identifier: Apache-2.0
"""A member seen from another address: connections made here go on to it from 127.0.0.9 or whatever is given. Bytes only, so TLS passes."""
import socket
import threading


def end(s):
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Relay:
    def __init__(self, port, source="127.0.0.9"):
        self.to, self.source, self.open = port, source, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to), 5, source_address=(self.source, 0))
                far.settimeout(None)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                near.close()
                continue
            self.open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(a, b), daemon=True).start()

    @staticmethod
    def _copy(a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            end(s)

    def close(self):
        """Shut down first: a socket that is only closed stays open as long as a thread waits for it."""
        for s in [self.listener] + self.open:
            end(s)
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
