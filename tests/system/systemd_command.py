"""Expands ExecStart= of a unit as systemd.service(5) describes: systemd_command.py UNIT INSTANCE.

Takes the values of variables from its own environment. Prints the words of the command line, each with a NUL
after it.
"""

import os
import re
import shlex
import sys


def exec_start(unit):
    lines = unit.replace("\\\n", " ").splitlines()
    (value,) = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    if "\\" in value:
        sys.exit("systemd_command.py: escapes are not supported")
    return value


def expanded(word, instance):
    """The words that systemd passes for one word of the command line."""
    word = re.sub("%(.)", lambda match: {"i": instance, "%": "%"}[match[1]], word)
    if name := re.fullmatch(r"\$(\w+)", word):
        return shlex.split(os.environ[name[1]])
    # Other variables need braces.
    variable = r"\$\$|\$\{(\w+)\}"
    return [re.sub(variable, lambda match: os.environ[match[1]] if match[1] else "$", word)]


def main():
    path, instance = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        words = shlex.split(exec_start(file.read()))
    for word in words:
        for result in expanded(word, instance):
            sys.stdout.write(result + "\0")


main()
