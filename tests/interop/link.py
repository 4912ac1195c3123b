"""The connection of worker.py to the coordinator: access file, socket, envelope and columns."""
import collections
import hashlib
import itertools
import json
import os
import random
import resource
import socket
import sys
import time

import google.protobuf.message
import zmq
import wire_pb2 as wire

MAGIC, VERSION, MAX_ROWS, MAX_LISTED = 0x4C4C4F52, 2, 8192, 262144
NAMESPACE = bytes.fromhex("526f6c6c63616c6c53657373696f6e31")
Row = collections.namedtuple("Row", "task number outcome started elapsed result")


def session_of(secret):
    digest = bytearray(hashlib.sha1(NAMESPACE + secret).digest()[:16])
    digest[6], digest[8] = (digest[6] & 0x0F) | 0x50, (digest[8] & 0x3F) | 0x80
    return bytes(digest)


def column(values, rows, default):
    """Expands a short form column to one value for each row."""
    if len(values) not in (0, 1, rows):
        raise ValueError(f"a column of {len(values)} values for {rows} rows")
    return list(values) if len(values) == rows else list(values or [default]) * rows


def rows_of(assignment):
    """(task, attempt number, sleep duration, job number) of each row."""
    firsts, tasks, end = assignment.range_first_delta, [], 0
    counts = column(assignment.range_count, len(firsts), 1)
    if any(not 1 <= n <= MAX_ROWS for n in counts) or sum(counts) > MAX_ROWS:
        raise ValueError("too many attempts")
    for delta, count in zip(firsts, counts):
        tasks += range(end + delta, end + delta + count)
        end += delta + count
    if any(not 0 <= task < 2**32 - 1 for task in tasks):
        raise ValueError("invalid task id")
    jobs = [job.number for job in assignment.jobs]
    if len(set(jobs)) < len(jobs) or 0 in jobs or any(not job.kind for job in assignment.jobs):
        raise ValueError("invalid jobs")
    return list(zip(tasks, column(assignment.attempt, len(tasks), 1),
                    column(assignment.pause_ns, len(tasks), 0),
                    column(assignment.job, len(tasks), 1)))


def cancelled_in(cancel):
    """The (task, attempt number) pairs of a Cancel."""
    tasks = list(itertools.accumulate(cancel.task_delta))
    if len(tasks) > MAX_ROWS:
        raise ValueError("too many attempts")
    return set(zip(tasks, column(cancel.attempt, len(tasks), 1)))


def deltas(values):
    return [value - before for before, value in zip([0, *values], values)]


def report_columns(rows):
    return {"task_delta": deltas([row.task for row in rows]),
            "attempt": [row.number for row in rows],
            "outcome": [row.outcome for row in rows],
            "started_delta_ns": deltas([row.started for row in rows]),
            "elapsed_ns": [row.elapsed for row in rows],
            "result_ns": [row.result for row in rows]}


def listed_parts(inventory, names):
    """The parts of an inventory that lists (task, attempt number) pairs."""
    for first in range(0, max(1, len(names)), MAX_LISTED):
        names_of_part = names[first:first + MAX_LISTED]
        part = wire.Inventory(part=first // MAX_LISTED,
                              is_last_part=first + MAX_LISTED >= len(names),
                              task_delta=deltas([task for task, _ in names_of_part]),
                              attempt=[number for _, number in names_of_part])
        part.MergeFrom(inventory)
        yield part


def time_echo(coordinator_sent, worker_received):
    """(0, 0) if no message has arrived."""
    return wire.TimeEcho(coordinator_sent_ns=coordinator_sent, worker_received_ns=worker_received,
                         worker_sent_ns=time.monotonic_ns() if coordinator_sent else 0)


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_rss_bytes": used.ru_maxrss * 1024}


class Link:
    """Envelopes over one DEALER. Drops the share `loss` of them, in both directions."""

    def __init__(self, access_file, loss, context=None):
        self.access_file, self.loss = access_file, loss
        self.context, self.socket, self.access = context or zmq.Context(), None, None

    def connect(self):
        """Reads the access file, and replaces the socket if its contents have changed. Returns whether
        it did."""
        try:
            with open(self.access_file, encoding="utf-8") as file:
                access = json.load(file)
        except OSError:
            return False
        if access == self.access:
            return False
        if self.socket is not None:
            self.socket.close(0)
        self.access, self.socket = access, self.context.socket(zmq.DEALER)
        self.socket.linger, self.socket.ipv6, self.socket.maxmsgsize = 1000, True, 17 << 20
        self.socket.sndhwm = self.socket.rcvhwm = 0
        if access["server_key"]:
            self.socket.curve_serverkey = access["server_key"].encode()
            self.socket.curve_publickey = access["worker_public_key"].encode()
            self.socket.curve_secretkey = access["worker_secret_key"].encode()
        self.socket.connect(access["endpoint"])
        return True

    def identity(self, name):
        return {"host": socket.gethostname().encode()[:255], "name": name.encode()[:255],
                "pid": os.getpid(), "launch_id": self.access["ticket"] if self.access else 0,
                "kinds": [wire.TASK_KIND_SLEEP]}

    def wait(self, milliseconds):
        poller = zmq.Poller()
        if self.socket is not None:
            poller.register(self.socket, zmq.POLLIN)
        poller.poll(milliseconds)

    def send(self, run, epoch, session, body):
        message = wire.FromWorker(magic=MAGIC, protocol=VERSION, run=run, epoch=epoch,
                                  session=session, **body)
        if self.socket is not None and random.random() >= self.loss:
            self.socket.send(message.SerializeToString())

    def messages(self):
        """The received messages, up to a bound. Malformed messages are dropped."""
        for _ in range(256 if self.socket is not None else 0):
            if not self.socket.poll(0):
                return
            frames = self.socket.recv_multipart()
            if len(frames) != 1 or random.random() < self.loss:
                continue
            try:
                message = wire.FromCoordinator.FromString(frames[0])
                if message.protocol == VERSION and message.WhichOneof("body") is None:
                    raise ValueError("unknown body")
                rows_of(message.assignment)
                cancelled_in(message.cancel)
            except (ValueError, google.protobuf.message.DecodeError) as error:
                print("dropped a message:", error, file=sys.stderr)
                continue
            if message.magic == MAGIC:
                yield message

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.context.term()
