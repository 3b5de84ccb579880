#!/usr/bin/env python3
"""MRENCLAVE of an enclave program, written from the SDM and docs/formats/sgx-sim.md alone.

A second implementation, for the test that compares it with src/measure. Usage: mrenclave.py PROGRAM
"""
import hashlib
import struct
import sys

PAGE = 4096
R, W, X, TCS, REG = 1, 2, 4, 0x100, 0x200


def up(value, unit):
    return -(-value // unit) * unit


def measure(elf):
    phoff, shoff = struct.unpack_from("<QQ", elf, 32)
    phnum, = struct.unpack_from("<H", elf, 56)
    shnum, shstrndx = struct.unpack_from("<HH", elf, 60)
    entry, = struct.unpack_from("<Q", elf, 24)

    sections = [struct.unpack_from("<IIQQQQ", elf, shoff + 64 * i) for i in range(shnum)]
    names = sections[shstrndx][4]
    config = None
    for name, kind, _, _, offset, size in sections:
        text = elf[names + name:elf.index(b"\0", names + name)]
        if kind == 1 and text == b".brume.config":
            config = elf[offset:offset + size]
    assert config is not None and config[:8] == b"BRMCONF1"
    heap_size, stack_size = struct.unpack_from("<QQ", config, 16)

    pages = {}  # offset -> (flags, content or None where it is not extended)
    end = 0
    for i in range(phnum):
        kind, flags, offset, address, _, file_size, memory_size, _ = struct.unpack_from("<IIQQQQQQ", elf, phoff + 56 * i)
        if kind != 1:
            continue
        first = address // PAGE * PAGE
        end = up(address + memory_size, PAGE)
        image = bytearray(end - first)
        image[address - first:address - first + file_size] = elf[offset:offset + file_size]
        secinfo = REG | (R if flags & 4 else 0) | (W if flags & 2 else 0) | (X if flags & 1 else 0)
        for at in range(first, end, PAGE):
            pages[at] = (secinfo, bytes(image[at - first:at - first + PAGE]))

    stack = end + PAGE
    tcs = stack + stack_size
    ssa = tcs + PAGE
    heap = up(ssa + 3 * PAGE, 2 << 20)
    size = 1
    while size < heap + heap_size:
        size *= 2
    for at in range(stack, tcs, PAGE):
        pages[at] = (REG | R | W, None)
    control = struct.pack("<QQQIIQQQQII", 0, 0, ssa, 0, 2, entry, 0, tcs, tcs, 0xFFFFFFFF, 0xFFFFFFFF)
    pages[tcs] = (TCS, control.ljust(PAGE, b"\0"))
    for at in (ssa, ssa + PAGE):
        pages[at] = (REG | R | W, bytes(PAGE))
    for at in range(heap, heap + heap_size, PAGE):
        pages[at] = (REG | R | W, None)

    hashed = hashlib.sha256(b"ECREATE\0" + struct.pack("<IQ", 1, size) + bytes(44))
    for at in sorted(pages):
        flags, content = pages[at]
        hashed.update(b"EADD\0\0\0\0" + struct.pack("<QQ", at, flags) + bytes(40))
        if content is None:
            continue
        for part in range(0, PAGE, 256):
            hashed.update(b"EEXTEND\0" + struct.pack("<Q", at + part) + bytes(48) + content[part:part + 256])
    return hashed.hexdigest()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as program:
        print(measure(program.read()))
