"""Hosts in network namespaces on one machine, and the switch between them.

The switch is a thread that reads frames from one TAP device a host and writes them to the others:
so it can delay them, lose them and cut hosts off, whatever the kernel has been built with. Needs
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


class Impossible(Exception):
    """This machine does not let us, and why."""


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Impossible(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def open_tap(name):
    try:
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    except OSError as error:
        raise Impossible(f"/dev/net/tun: {error.strerror}") from None
    return tap


class Network:
    """Hosts 1 to `count`: 10.77.0.N, fd77::N and the name hostN, and 10.78.0.N of another interface."""

    def __init__(self, count):
        self.prefix = f"rollcall{os.getpid()}"
        self.delay = self.loss = 0.0  # seconds one way; share of the frames
        self.cut_off = set()  # hosts
        self.has_ipv6 = True
        self.taps, self.spaces = {}, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.forward_frames, daemon=True)
        try:
            for host in range(1, count + 1):
                self.add_host(host, count)
        except Impossible:
            self.remove()
            raise
        self.thread.start()

    def space(self, host):
        return f"{self.prefix}-{host}"

    def add_host(self, host, count):
        space, device = self.space(host), f"rc{os.getpid()}h{host}"
        os.makedirs(f"/etc/netns/{space}", exist_ok=True)  # becomes /etc of `ip netns exec`
        self.spaces.append(space)
        with open(f"/etc/netns/{space}/hosts", "w", encoding="ascii") as names:
            names.write("127.0.0.1 localhost\n")
            names.writelines(f"10.77.0.{n} host{n}\n" for n in range(1, count + 1))
        ip("netns", "add", space)
        self.taps[host] = open_tap(device)
        ip("link", "set", device, "netns", space)
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "addr", "add", f"10.77.0.{host}/24", "dev", device)
        ip("-n", space, "link", "set", device, "up")
        try:
            ip("-n", space, "addr", "add", f"fd77::{host}/64", "dev", device, "nodad")
        except Impossible:
            self.has_ipv6 = False
        ip("-n", space, "addr", "add", f"10.78.0.{host}/32", "dev", "lo")
        ip("-n", space, "route", "add", "10.78.0.0/24", "dev", device)

    def command_on(self, host, command):
        return ["ip", "netns", "exec", self.space(host), *command]

    def remove(self):
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join()
        for tap in self.taps.values():
            os.close(tap)
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
            shutil.rmtree(f"/etc/netns/{space}", ignore_errors=True)

    def forward_frames(self):
        under_way, numbers = [], itertools.count()  # (due, number, to, frame)
        while not self.stopping.is_set():
            wait = under_way[0][0] - time.monotonic() if under_way else IDLE_SECONDS
            ready, _, _ = select.select(list(self.taps.values()), [], [],
                                        min(IDLE_SECONDS, max(0, wait)))
            for source, tap in self.taps.items():
                if tap in ready:
                    frame = os.read(tap, LONGEST_FRAME)
                    for to in self.reached_from(source):
                        due = time.monotonic() + self.delay
                        heapq.heappush(under_way, (due, next(numbers), to, frame))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, to, frame = heapq.heappop(under_way)
                try:
                    os.write(self.taps[to], frame)
                except OSError:
                    pass  # its queue is full, or the device is not up yet: frames may be lost

    def reached_from(self, source):
        if source in self.cut_off:
            return []
        return [to for to in self.taps
                if to != source and to not in self.cut_off and random.random() >= self.loss]
