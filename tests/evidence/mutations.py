#!/usr/bin/env python3
"""Evidence and what vouches for it with one thing changed: flipped bits, cuts, additions. None may be accepted, none may
crash or hang the tool. Of a log, what no register vouches for (an event's type, its hint) may change, nothing else.

usage: mutations.py BRUME FOLDER COUNT [OPTION...]   (FOLDER has case/evidence; OPTIONs are for `evidence verify`)
"""
import json
import os
import random
import shutil
import subprocess
import sys

# Where a change says the same as before: a letter's case in hex, white space around JSON and PEM.
SAME = set(b" \t\r\n")


def mutate(data, chance):
    """Another content, and what was done."""
    how = chance.choice(("flip", "flip", "flip", "byte", "cut", "cut-middle", "insert", "append"))
    at = chance.randrange(len(data))
    if how == "flip":
        bits = (1, 2, 4, 8, 16, 64, 128)  # not 32: that is a letter's case
        return data[:at] + bytes([data[at] ^ chance.choice(bits)]) + data[at + 1:], f"flip at {at}"
    if how == "byte":
        return data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:], f"byte at {at}"
    if how == "cut":
        return data[:at], f"cut at {at}"
    if how == "cut-middle":
        return data[:at] + data[at + 1:], f"without byte {at}"
    extra = bytes([chance.randrange(1, 256)])
    if how == "insert":
        return data[:at] + extra + data[at:], f"{extra.hex()} inserted at {at}"
    return data + extra, f"{extra.hex()} appended"


def text_of(data):
    """What counts of a text: without its white space."""
    if any(byte > 0x7e or (byte < 0x20 and byte not in SAME) for byte in data):
        return data
    return bytes(byte for byte in data if byte not in SAME)


def replayed(brume, path):
    """What a log replays to in the bank that is quoted, or None."""
    done = subprocess.run([brume, "evidence", "show", "--json", path], capture_output=True, timeout=20)
    return json.loads(done.stdout).get("replayed", {}).get("sha256") if done.returncode == 0 else None


def same_log(brume, before, after):
    found = replayed(brume, before)
    return found is not None and found == replayed(brume, after)


def unused(done, name):
    """Whether the file says no more what it is, and nothing of it was needed."""
    parts = {part["name"]: part for part in json.loads(done.stdout)["collateral"]}
    return name != "evidence" and parts[name]["use"] is None


def main():
    brume, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    options = sys.argv[4:]
    chance = random.Random(os.path.basename(folder.rstrip("/")))
    work = f"{folder}/mutated"
    bad = []
    codes = {}
    names = sorted(os.listdir(f"{folder}/case"))
    for number in range(count):
        # Half of them in the evidence, half in what lies beside it.
        name = "evidence" if number % 2 == 0 else chance.choice(names)
        with open(f"{folder}/case/{name}", "rb") as file:
            before = file.read()
        after, what = mutate(before, chance)
        if text_of(after) == text_of(before):
            continue
        shutil.copytree(f"{folder}/case", work)
        with open(f"{work}/{name}", "wb") as file:
            file.write(after)
        try:
            done = subprocess.run([brume, "evidence", "verify", f"{work}/evidence", "--collateral", work, "--json", *options],
                                  capture_output=True, timeout=20)
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = "hangs"
        codes[code] = codes.get(code, 0) + 1
        if code not in (1, 3) and not (code == 0 and (
                unused(done, name) or same_log(brume, f"{folder}/case/{name}", f"{work}/{name}"))):
            bad.append(f"{name}, {what}: {code}")
        shutil.rmtree(work)
    print(f"exit codes: {codes}")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
