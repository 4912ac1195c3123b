"""Where figures were taken, and with what."""

import os
import platform
import re
import subprocess
from pathlib import Path


def output_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def first_match(pattern, path):
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found.group(1).strip() if found else ""


def machine():
    kilobytes = first_match(r"^MemTotal:\s*(\d+)", "/proc/meminfo")
    return {
        "processor": first_match(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo") or platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": round(int(kilobytes or 0) / 2**20),
        "system": first_match(r'^PRETTY_NAME="?([^"\n]*)', "/etc/os-release"),
        "kernel": platform.release(),
    }


def package(name):
    return output_of("dpkg-query", "-W", "-f", "${Version}", name)


def versions(rollcall):
    """`rollcall`: the program that is measured."""
    return {
        "rollcall": output_of(str(rollcall), "--version"),
        "commit": output_of("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "compiler": output_of("c++", "--version").splitlines()[:1],
        "libzmq": package("libzmq3-dev"),
        "protobuf": package("libprotobuf-dev"),
        "python": platform.python_version(),
    }


def load():
    """Processes that want to run, on the average of the last minute."""
    return round(os.getloadavg()[0], 2)
