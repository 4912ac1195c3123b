"""Hosts in network namespaces on one machine, and the switch between them.

The switch is a thread that reads frames from the TAP device of each host and writes them to the
others. It can delay and drop frames and disconnect hosts, whatever the kernel was built with. Needs
root.
"""
import fcntl
import heapq
import itertools
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
LONGEST_FRAME, IDLE_SECONDS = 65536, 0.05


class NotPossible(Exception):
    """This machine cannot run the network. The message is the reason."""


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPossible(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def open_tap(name):
    try:
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    except OSError as error:
        raise NotPossible(f"/dev/net/tun: {error.strerror}") from None
    return tap


class Network:
    """Hosts 1 to `count`. Host N has the addresses 10.77.0.N and fd77::N, the name hostN, and the
    address 10.78.0.N on another interface."""

    def __init__(self, count):
        self.prefix = f"rollcall{os.getpid()}"
        self.delay = self.loss = 0.0  # one-way delay in seconds; share of dropped frames
        self.disconnected = set()  # hosts
        self.has_ipv6 = True
        self.taps, self.namespaces = {}, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.forward_frames, daemon=True)
        try:
            for host in range(1, count + 1):
                self.add_host(host, count)
        except NotPossible:
            self.remove()
            raise
        self.thread.start()

    def namespace(self, host):
        return f"{self.prefix}-{host}"

    def add_host(self, host, count):
        namespace, device = self.namespace(host), f"rc{os.getpid()}h{host}"
        os.makedirs(f"/etc/netns/{namespace}", exist_ok=True)  # becomes /etc of `ip netns exec`
        self.namespaces.append(namespace)
        with open(f"/etc/netns/{namespace}/hosts", "w", encoding="ascii") as names:
            names.write("127.0.0.1 localhost\n")
            names.writelines(f"10.77.0.{n} host{n}\n" for n in range(1, count + 1))
        ip("netns", "add", namespace)
        self.taps[host] = open_tap(device)
        ip("link", "set", device, "netns", namespace)
        ip("-n", namespace, "link", "set", "lo", "up")
        ip("-n", namespace, "addr", "add", f"10.77.0.{host}/24", "dev", device)
        ip("-n", namespace, "link", "set", device, "up")
        try:
            ip("-n", namespace, "addr", "add", f"fd77::{host}/64", "dev", device, "nodad")
        except NotPossible:
            self.has_ipv6 = False
        ip("-n", namespace, "addr", "add", f"10.78.0.{host}/32", "dev", "lo")
        ip("-n", namespace, "route", "add", "10.78.0.0/24", "dev", device)

    def command_on(self, host, command):
        return ["ip", "netns", "exec", self.namespace(host), *command]

    def remove(self):
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join()
        for tap in self.taps.values():
            os.close(tap)
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
            shutil.rmtree(f"/etc/netns/{namespace}", ignore_errors=True)

    def forward_frames(self):
        in_flight, numbers = [], itertools.count()  # (due, number, target, frame)
        while not self.stopping.is_set():
            wait = in_flight[0][0] - time.monotonic() if in_flight else IDLE_SECONDS
            ready, _, _ = select.select(list(self.taps.values()), [], [],
                                        min(IDLE_SECONDS, max(0, wait)))
            for source, tap in self.taps.items():
                if tap in ready:
                    frame = os.read(tap, LONGEST_FRAME)
                    for target in self.targets_of(source):
                        due = time.monotonic() + self.delay
                        heapq.heappush(in_flight, (due, next(numbers), target, frame))
            while in_flight and in_flight[0][0] <= time.monotonic():
                _, _, target, frame = heapq.heappop(in_flight)
                try:
                    os.write(self.taps[target], frame)
                except OSError:
                    pass  # the queue is full or the device is not up: the frame is lost

    def targets_of(self, source):
        if source in self.disconnected:
            return []
        return [target for target in self.taps
                if target != source and target not in self.disconnected
                and random.random() >= self.loss]
