"""Many idle sessions in one process: idle_sessions.py ACCESS_FILE COUNT.

Each session has its own socket and CURVE handshake. The sessions report that they are draining, so
they get no work and last until the run ends. Exits with status 0 if all of them receive a Shutdown.
"""
import os
import secrets
import sys
import time

import zmq
import wire_pb2 as wire
from link import Link, session_of

# Connections in progress at once. More than the listen queue of the coordinator holds
# (limits::backlog) would delay each other.
AT_ONCE = 100


class Session:
    def __init__(self, context, access_file):
        self.link = Link(access_file, loss=0, context=context)
        self.link.connect()
        self.secret, self.nonce = secrets.token_bytes(16), secrets.randbits(64)
        self.id, self.welcome, self.over = session_of(self.secret), None, False
        self.interval, self.heartbeat_at = 1.0, 0.0
        self.send_hello()

    def send_hello(self):
        self.link.send(b"", 0, self.id, {"hello": wire.Hello(
            secret=self.secret, nonce=self.nonce, slots=1, **self.link.identity("idle"))})

    def send(self, **body):
        self.link.send(self.welcome.run, self.welcome.epoch, self.id, body)

    def receive(self, now):
        for message in self.link.messages():
            kind = message.WhichOneof("body")
            if kind == "welcome":
                self.welcome = message
                self.interval = message.welcome.heartbeat_interval_ns / 1e9
                self.heartbeat_at = now + self.interval * secrets.randbelow(1000) / 1000
                self.send(inventory=wire.Inventory(nonce=self.nonce, draining=True))
            elif kind == "shutdown":
                self.send(goodbye=wire.Goodbye())
                self.over = True
            elif kind == "reject" and message.reject.reason == wire.REJECT_REASON_SAY_HELLO:
                self.send_hello()  # after a reconnect
            elif kind == "reject":
                sys.exit(f"rejected: {message.reject.text.decode()}")


def main():
    access_file, count = sys.argv[1], int(sys.argv[2])
    while not os.path.exists(access_file):
        time.sleep(0.05)
    context = zmq.Context()
    context.max_sockets = count + 16
    sessions, poller, opened = {}, zmq.Poller(), 0
    while sessions or opened < count:
        joining = sum(session.welcome is None for session in sessions.values())
        for _ in range(min(count - opened, AT_ONCE - joining)):
            session = Session(context, access_file)
            sessions[session.link.socket] = session
            poller.register(session.link.socket, zmq.POLLIN)
            opened += 1
        ready, now = poller.poll(50), time.monotonic()
        for ready_socket, _ in ready:
            session = sessions[ready_socket]
            session.receive(now)
            if session.over:
                poller.unregister(ready_socket)
                del sessions[ready_socket]
        for session in sessions.values():
            if session.welcome is not None and now >= session.heartbeat_at:
                session.send(heartbeat=wire.Heartbeat(draining=True))
                session.heartbeat_at = now + session.interval


if __name__ == "__main__":
    main()
