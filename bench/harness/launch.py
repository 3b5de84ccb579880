"""Starts one program and says what it cost: launch.py REPORT PROGRAM ARGUMENT...

A process of its own, and a small one: Linux counts the memory of whoever started a program as that program's.
"""
import json
import os
import sys
import time


def main():
    report, *arguments = sys.argv[1:]
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.execvp(arguments[0], arguments)
        except OSError as error:
            print(f"{arguments[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    cost = {"wall": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime, "peak_kb": usage.ru_maxrss,
            "status": os.waitstatus_to_exitcode(status)}
    with open(report, "w") as out:
        json.dump(cost, out)


main()
