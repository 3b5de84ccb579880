"""Data for the jobs, made here: the same bytes whenever the size is the same. Files stay in the folder given with --data."""
import array
import random
import string
import struct

from .programs import Failed, call, say

BLOCK = 16 << 20


def made(bench, name, size, write):
    """The path of a file, which `write` fills if it is not there yet."""
    path = bench.data / f"{name}-{size}"
    if not path.exists():
        say(f"making {path.name}")
        part = path.with_suffix(".part")
        with open(part, "wb") as out:
            write(out)
        part.rename(path)
    return path


def noise(bench, name, size):
    """Uniform bytes."""
    def write(out):
        chance = random.Random(name)
        for at in range(0, size, BLOCK):
            out.write(chance.randbytes(min(BLOCK, size - at)))
    return made(bench, name, size, write)


def bitmap(bench, name, size):
    """A BMP file of about that size, 24 bits a pixel, of uniform bytes."""
    pixels = size // 3
    header = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + 3 * pixels, 0, 54, 40, pixels, 1, 1, 24, 0, 3 * pixels, 0, 0, 0, 0)

    def write(out):
        out.write(header)
        chance = random.Random(name)
        for at in range(0, 3 * pixels, BLOCK):
            out.write(chance.randbytes(min(BLOCK, 3 * pixels - at)))
    return made(bench, name, size, write)


def repeated(bench, name, size, line, header=b""):
    """Lines of `line(chance)`, a block of 16 MB of them again and again."""
    def write(out):
        chance, lines, room = random.Random(name), [], min(BLOCK, size)
        while room > 0:
            lines.append(line(chance))
            room -= len(lines[-1])
        block = b"".join(lines)
        out.write(header)
        for at in range(0, size, len(block)):
            out.write(block if size - at >= len(block) else block[:block.rindex(b"\n", 0, max(size - at, len(lines[0]))) + 1])
    return made(bench, name, size, write)


def floats(bench, name, count, low, high):
    """Uniform numbers of 4 bytes."""
    def write(out):
        chance = random.Random(name)
        array.array("f", (chance.uniform(low, high) for _ in range(count))).tofile(out)
    return made(bench, name, count, write)


class Words:
    """20 000 words, few of which are frequent."""

    def __init__(self):
        chance = random.Random("words")
        self.all = ["".join(chance.choices(string.ascii_lowercase, k=2 + i % 9)).encode() for i in range(20_000)]

    def line(self, chance):
        return b" ".join(self.all[int(20_000 * chance.random() ** 3)] for _ in range(12)) + b"\n"

    def word(self, chance):
        return self.all[int(20_000 * chance.random() ** 3)] + b"\n"


def text(bench, size):
    return repeated(bench, "text", size, Words().line)


def one_a_line(bench, size):
    return repeated(bench, "words", size, Words().word)


def numbers(bench, size):
    """Fields with tabs: a name, a number, filling."""
    return repeated(bench, "fields", size, lambda c: b"w%d\t%.6f\tzzzzzzzzzzzz\n" % (c.randrange(10 ** 6), c.uniform(-1e6, 1e6)))


def csv(bench, size):
    return repeated(bench, "csv", size, lambda c: b"2024-%02d-%02d,c%d,%d\n" % (
        c.randint(1, 12), c.randint(1, 28), c.randrange(500), c.randrange(-60, 600)), b"date,carrier,delay\n")


def json_lines(bench, size):
    return repeated(bench, "json", size, lambda c: b'{"id":%d,"user":{"name":"u%d","country":"%c%c"},"ok":true}\n' % (
        c.randrange(10 ** 9), c.randrange(10 ** 6), 65 + c.randrange(26), 65 + c.randrange(26)))


def tables(bench, rows):
    """(left, right): right has a tenth of the rows, and each of its keys once."""
    def left(out):
        chance = random.Random("left")
        for at in range(0, rows, 10_000):
            out.write(b"".join(b"k%d\tl%d\n" % (chance.randrange(rows // 8 + 1), i)
                               for i in range(at, min(rows, at + 10_000))))

    def right(out):
        for at in range(0, rows // 10 + 1):
            out.write(b"k%d\tr%d\n" % (at, at * 7))
    return made(bench, "left", rows, left), made(bench, "right", rows, right)


def links(bench, count):
    """A graph whose pages have unlike many links to them."""
    def write(out):
        chance, pages = random.Random("links"), max(10, count // 10)
        for at in range(0, count, 10_000):
            out.write(b"".join(b"p%d\tp%d\n" % (chance.randrange(pages), int(pages * chance.random() ** 3))
                               for _ in range(min(10_000, count - at))))
    return made(bench, "links", count, write)


def sort_input(bench, size):
    """Records of 100 bytes that are lines of ASCII, for programs that sort lines."""
    tool = bench.build / "bin/sort_tool"
    if not tool.exists():
        raise Failed(f"{tool} is missing: cmake --build {bench.build} --target sort_tool")
    return made(bench, "records", size, lambda out: call([tool, "make", "--text", size // 100, 1], stdout=out))
