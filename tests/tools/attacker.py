#!/usr/bin/env python3
"""What a hostile host or network can do, in small commands for the scenario tests. Only Python's own library.

spawn        a container of the attacker's own making on a platform (docs/formats/platform-protocol.md)
prepare, register, stop   the platform's other requests
flood        frames of a host that has proved nothing, as many as the master takes
join         a TLS client of the attacker's own that sends evidence to a master (docs/formats/join.md)
fake-master  a TLS server with the attacker's own key, to which an enclave is led
record       every byte that crosses any interface, to a file (needs root)
peek         reads processes' memory as root: /proc/PID/mem, process_vm_readv, ptrace
spoil        flips, cuts, swaps or replays stored blocks while a run goes on
"""
import argparse
import array
import ctypes
import glob
import json
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

# ---- spawn: the platform's control socket ----


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def texts(values):
    return struct.pack("<I", len(values)) + b"".join(text(v) for v in values)


class Refused(Exception):
    pass


def admin_call(control, kind, body, descriptors=()):
    """One request; the answer's body, or Refused with the platform's reason."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(70)
    # A path may be longer than a socket address: go by the folder's descriptor.
    folder = os.open(os.path.dirname(control), os.O_PATH)
    connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(control)}")
    message = struct.pack("<BBHI", 1, kind, 0, 1) + body
    extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    connection.sendmsg([message], extra)
    answer, _, _, _ = connection.recvmsg(1 << 18, 4096)
    if len(answer) < 8:
        raise Refused("the platform hung up")
    if answer[1] == 0x81:
        size = struct.unpack_from("<I", answer, 9)[0]
        raise Refused(answer[13:13 + size].decode(errors="replace"))
    return answer[8:]


def spawn(args):
    os.makedirs(args.scratch, exist_ok=True)
    os.chown(args.scratch, 65534, 65534)
    program = ["/brume-node", "--master", args.master, "--name", args.name, "--role", "worker", "--tee", "sgx-sim",
               "--platform", "/run/brume/platform.sock", "--scratch", "/var/lib/brume", "--listen", "0",
               "--connect-limit", "5"]
    binds = [(args.scratch, "/var/lib/brume", 1)]
    for bind in args.bind:
        source, target = bind.split(":")
        binds.append((source, target, 0))
    body = text(args.label) + text(args.rootfs) + texts(program) + texts([])
    body += struct.pack("<I", len(binds))
    for source, target, writable in binds:
        body += text(source) + text(target) + bytes([writable])
    body += struct.pack("<IIB", 65534, 65534, 0) + texts([])
    with open(args.log, "ab") as log:
        answer = admin_call(args.control, 6, body, [log.fileno()])
    print(struct.unpack_from("<I", answer)[0])


def prepare(args):
    answer = admin_call(args.control, 4, text(args.label))
    print(answer[4:].decode())


def register(args):
    answer = admin_call(args.control, 5, text(args.label) + struct.pack("<IB", args.pid, args.started))
    print("pristine" if answer[0] else "registered late")


def stop(args):
    admin_call(args.control, 8, text(args.label))


# ---- join and fake-master: TLS of the attacker's own ----

ENCLAVE, HOST, HEARTBEAT = 0, 1, 2


def make_certificate(folder):
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=brume", "-days", "30"],
                   check=True, capture_output=True)
    return certificate, key


def tls_context(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    folder = tempfile.mkdtemp()
    try:
        context.load_cert_chain(*make_certificate(folder))
    finally:
        shutil.rmtree(folder)
    return context


def frame(channel, payload):
    return struct.pack("<IB", len(payload), channel) + payload


class Wire:
    """TLS inside channel 0 of a control connection."""

    def __init__(self, connection, context, server):
        self.connection = connection
        self.inside, self.outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inside, self.outside, server_side=server)
        self.buffer = b""
        self.enclave_bytes = 0

    def flush(self):
        data = self.outside.read()
        if data:
            self.connection.sendall(frame(ENCLAVE, data))

    def pump(self):
        """Takes in one more piece; False at the end."""
        try:
            data = self.connection.recv(1 << 16)
        except OSError:
            return False
        if not data:
            return False
        self.buffer += data
        while len(self.buffer) >= 5:
            size, channel = struct.unpack_from("<IB", self.buffer)
            if len(self.buffer) < 5 + size:
                break
            if channel == ENCLAVE:
                self.enclave_bytes += size
                self.inside.write(self.buffer[5:5 + size])
            self.buffer = self.buffer[5 + size:]
        return True

    def until(self, action):
        while True:
            try:
                value = action()
                self.flush()
                return value
            except ssl.SSLWantReadError:
                self.flush()
                if not self.pump():
                    raise EOFError("the connection was closed")

    def read_message(self):
        data = b""
        while len(data) < 4 or len(data) < 4 + struct.unpack_from("<I", data)[0]:
            piece = self.until(lambda: self.tls.read(1 << 16))
            if not piece:
                raise EOFError("TLS was closed")
            data += piece
        size = struct.unpack_from("<I", data)[0]
        return data[4], data[5:4 + size]

    def send_message(self, kind, body):
        self.tls.write(struct.pack("<IB", 1 + len(body), kind) + body)
        self.flush()


def sized(data):
    return struct.pack("<I", len(data)) + data


def cmw(kind, value):
    """A CBOR record: array of two, text and bytes."""

    def head(major, size):
        if size < 24:
            return bytes([major << 5 | size])
        if size < 256:
            return bytes([major << 5 | 24, size])
        return bytes([major << 5 | 25]) + struct.pack(">H", size)

    return b"\x82" + head(3, len(kind)) + kind.encode() + head(2, len(value)) + value


def join(args):
    host, port = args.master.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=10)
    hello = {"type": "hello", "name": args.name, "role": "worker", "fetch_port": 1}
    connection.sendall(b"BRM1\x01" + frame(HOST, json.dumps(hello).encode()))
    wire = Wire(connection, tls_context(False), False)
    wire.until(wire.tls.do_handshake)
    kind, challenge = wire.read_message()
    if kind != 1:
        raise SystemExit(f"expected a challenge, got message {kind}")
    if args.quote:
        with open(args.quote, "rb") as file:
            evidence = cmw("application/vnd.brume.sgx-quote", file.read())
    elif args.claim_nothing:
        evidence = cmw("application/vnd.brume.none", bytes(160))
    else:
        evidence = os.urandom(4000)
    claims = bytes([args.role]) + sized(args.name.encode())
    wire.send_message(2, sized(claims) + sized(evidence))
    if args.twice:
        wire.send_message(2, sized(claims) + sized(evidence))
    try:
        kind, body = wire.read_message()
    except (EOFError, ssl.SSLError) as error:
        print("closed:", error)
        return
    names = {3: "admitted", 4: "refused"}
    print(names.get(kind, kind), body[4:].decode(errors="replace") if kind == 4 else "")


def flood(args):
    host, port = args.master.rsplit(":", 1)
    said = {"log": {"type": "log", "text": "x\n2026-01-01 \x1b[31mdropping node 1: forged by nobody\x1b[0m\n" + "A" * 3000},
            "hello": {"type": "hello", "name": "flood", "role": "worker", "fetch_port": 9}}[args.what]
    one = frame(HOST, json.dumps(said).encode())
    connection = socket.create_connection((host, int(port)), timeout=20)
    sent = 0
    try:
        connection.sendall(b"BRM1\x01")
        for sent in range(args.count):
            connection.sendall(one)
    except (ConnectionError, TimeoutError) as error:
        print("ended:", error)
    print("frames:", sent + 1)
    connection.close()
    return 0


def handshakes(args):
    """Begins so many TLS sessions from another address of this machine, keeps the last ones open, and ends none."""
    host, port = args.master.rsplit(":", 1)
    context, held, taken = tls_context(False), [], 0
    end = time.time() + args.seconds
    while time.time() < end:
        connection = socket.create_connection((host, int(port)), timeout=20, source_address=("127.0.0.2", 0))
        connection.sendall(b"BRM1\x01")
        wire = Wire(connection, context, False)
        try:
            wire.tls.do_handshake()
        except ssl.SSLWantReadError:
            wire.flush()
        taken += wire.pump()
        held = held[-args.held:] + [connection]
    print("begun:", taken)
    if taken <= args.held:
        raise SystemExit("too few to be a flood")


def fake_master(args):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(25)
    with open(args.port_file + ".new", "w") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(args.port_file + ".new", args.port_file)
    connection, _ = listener.accept()
    connection.settimeout(10)
    preface = b""
    while len(preface) < 5:
        preface += connection.recv(5 - len(preface))
    connection.sendall(frame(HEARTBEAT, b""))  # "you have a place"
    wire = Wire(connection, tls_context(True), True)
    try:
        wire.until(wire.tls.do_handshake)
        nonce = os.urandom(32)
        wire.send_message(1, struct.pack("<HB", 1, 0) + nonce + bytes(16) + struct.pack("<QIB", 1, 1, 1))
        kind, _ = wire.read_message()
        print("evidence was given" if kind == 2 else f"message {kind}")
    except (EOFError, ssl.SSLError) as error:
        print(f"no evidence: {error}; {wire.enclave_bytes} bytes came from the enclave")


# ---- record ----


def record(args):
    """All interfaces, until SIGTERM. `args.file` gets payloads, `.ready` appears when it records."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.setsockopt(socket.SOL_SOCKET, 33, 512 << 20)  # SO_RCVBUFFORCE
    with open(args.file, "wb", buffering=1 << 20) as out:
        open(args.file + ".ready", "w").close()
        end = time.time() + args.seconds
        tap.settimeout(0.2)
        while time.time() < end and not os.path.exists(args.file + ".stop"):
            try:
                out.write(tap.recv(1 << 17))
            except socket.timeout:
                pass
        packets, drops = struct.unpack("II", tap.getsockopt(263, 6, 8))  # SOL_PACKET, PACKET_STATISTICS
    print(json.dumps({"packets": packets, "drops": drops}))


# ---- peek ----

libc = ctypes.CDLL(None, use_errno=True)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def regions(pid):
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            span, rights = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            name = line.split(maxsplit=5)[5].strip() if len(line.split(maxsplit=5)) > 5 else ""
            if name not in ("[vsyscall]", "[vvar]"):
                yield begin, end, rights, name


def read_proc_mem(pid, begin, size):
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        return os.pread(descriptor, size, begin)
    finally:
        os.close(descriptor)


def read_vm(pid, begin, size):
    buffer = ctypes.create_string_buffer(size)
    local = Iovec(ctypes.cast(buffer, ctypes.c_void_p), size)
    remote = Iovec(begin, size)
    got = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    if got < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return buffer.raw[:got]


def resident_pieces(pid, begin, end, pagemap):
    """Pieces of a region that hold pages; a gigabyte of untouched heap is not read byte by byte."""
    page, most = 4096, 1 << 22
    try:
        entries = os.pread(pagemap, (end - begin) // page * 8, begin // page * 8)
    except OSError:
        entries = b""
    if len(entries) != (end - begin) // page * 8:
        for at in range(begin, end, most):
            yield at, min(most, end - at)
        return
    words = array.array("Q", entries)
    at = 0
    while at < len(words):
        if not words[at] >> 62:
            at += 1
            continue
        start = at
        while at < len(words) and words[at] >> 62 and (at - start) * page < most:
            at += 1
        yield begin + start * page, (at - start) * page


def peek_one(pid, word, passes):
    """What each way of reading yields: bytes read, refusals, finds."""
    out = {"pid": pid}
    for name, reader in (("proc_mem", read_proc_mem), ("vm_readv", read_vm)):
        seen = {"bytes": 0, "secret_bytes": 0, "refused": 0, "found": 0}
        for _ in range(passes):
            try:
                pagemap = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY)
                spans = list(regions(pid))
            except OSError:
                seen["refused"] += 1
                break
            for begin, end, rights, mapping in spans:
                if "r" not in rights:
                    continue
                for at, size in resident_pieces(pid, begin, end, pagemap):
                    try:
                        data = reader(pid, at, size)
                    except OSError:
                        seen["refused"] += 1
                        break
                    seen["bytes"] += len(data)
                    if "secretmem" in mapping:
                        seen["secret_bytes"] += len(data)
                    seen["found"] += data.count(word)
            os.close(pagemap)
        out[name] = seen
    ctypes.set_errno(0)
    attached = libc.ptrace(16, pid, None, None)  # PTRACE_ATTACH
    if attached == 0:
        os.waitpid(pid, 0x40000000)  # __WALL
        libc.ptrace(17, pid, None, None)
    out["ptrace"] = "attached" if attached == 0 else os.strerror(ctypes.get_errno())
    return out


def peek(args):
    word = args.word.encode()
    results = []
    for pid in args.pids:
        try:
            results.append(peek_one(pid, word, args.passes))
        except (FileNotFoundError, ProcessLookupError):
            results.append({"pid": pid, "gone": True})
    print(json.dumps(results))


# ---- spoil ----


def spoil(args):
    """Until `args.stop` exists: does one thing to each stored file as it grows. Prints how often."""
    done, copies, last = 0, {}, {}
    generator = random.Random(args.seed)
    open(args.stop + ".ready", "w").close()
    while not os.path.exists(args.stop):
        for path in glob.glob(args.pattern):
            try:
                size = os.path.getsize(path)
                if size == 0 or last.get(path) == size:
                    continue
                with open(path, "r+b", buffering=0) as file:
                    if args.how == "flip":
                        at = generator.randrange(last.get(path, 0), size)
                        old = os.pread(file.fileno(), 1, at)
                        os.pwrite(file.fileno(), bytes([old[0] ^ 1 << generator.randrange(8)]), at)
                    elif args.how == "cut":
                        os.ftruncate(file.fileno(), size - min(size, generator.randrange(1, 64)))
                    elif args.how == "swap":
                        if size < 4096:
                            continue
                        half = size // 2
                        a, b = os.pread(file.fileno(), 512, 0), os.pread(file.fileno(), 512, half)
                        os.pwrite(file.fileno(), b, 0)
                        os.pwrite(file.fileno(), a, half)
                    elif args.how == "keep":
                        shutil.copyfile(path, os.path.join(args.store, f"{done}"))
                    elif args.how == "replay":
                        for old in sorted(glob.glob(os.path.join(args.store, "*"))):
                            data = open(old, "rb").read()[:size]
                            os.pwrite(file.fileno(), data, 0)
                done += 1
                last[path] = size
            except FileNotFoundError:
                pass
        time.sleep(0.001)
    print(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("spawn")
    for name in ("control", "label", "rootfs", "master", "name", "scratch", "log"):
        verb.add_argument("--" + name, required=True)
    verb.add_argument("--bind", action="append", default=[])
    verb.set_defaults(run=spawn)
    verb = verbs.add_parser("stop")
    verb.add_argument("--control", required=True)
    verb.add_argument("--label", required=True)
    verb.set_defaults(run=stop)
    verb = verbs.add_parser("prepare")
    verb.add_argument("--control", required=True)
    verb.add_argument("--label", required=True)
    verb.set_defaults(run=prepare)
    verb = verbs.add_parser("register")
    verb.add_argument("--control", required=True)
    verb.add_argument("--label", required=True)
    verb.add_argument("--pid", type=int, required=True)
    verb.add_argument("--started", action="store_true")
    verb.set_defaults(run=register)
    verb = verbs.add_parser("join")
    verb.add_argument("--master", required=True)
    verb.add_argument("--name", required=True)
    verb.add_argument("--role", type=int, default=1)
    verb.add_argument("--quote")
    verb.add_argument("--claim-nothing", action="store_true")
    verb.add_argument("--twice", action="store_true")
    verb.set_defaults(run=join)
    verb = verbs.add_parser("flood")
    verb.add_argument("--master", required=True)
    verb.add_argument("--what", required=True, choices=["log", "hello"])
    verb.add_argument("--count", type=int, required=True)
    verb.set_defaults(run=flood)
    verb = verbs.add_parser("handshakes")
    verb.add_argument("--master", required=True)
    verb.add_argument("--seconds", type=float, default=5)
    verb.add_argument("--held", type=int, default=300)
    verb.set_defaults(run=handshakes)
    verb = verbs.add_parser("fake-master")
    verb.add_argument("--port-file", required=True)
    verb.set_defaults(run=fake_master)
    verb = verbs.add_parser("record")
    verb.add_argument("--file", required=True)
    verb.add_argument("--seconds", type=float, default=120)
    verb.set_defaults(run=record)
    verb = verbs.add_parser("peek")
    verb.add_argument("--word", required=True)
    verb.add_argument("--passes", type=int, default=1)
    verb.add_argument("pids", type=int, nargs="*")
    verb.set_defaults(run=peek)
    verb = verbs.add_parser("spoil")
    verb.add_argument("--pattern", required=True)
    verb.add_argument("--how", required=True, choices=["flip", "cut", "swap", "keep", "replay"])
    verb.add_argument("--stop", required=True)
    verb.add_argument("--store")
    verb.add_argument("--seed", type=int, default=1)
    verb.set_defaults(run=spoil)
    args = parser.parse_args()
    try:
        args.run(args)
    except Refused as refused:
        print("refused:", refused)
        sys.exit(1)


main()
