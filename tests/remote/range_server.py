"""Serves a folder's files by ranges on loopback, well or badly, over TLS or not.

  range_server.py FOLDER PORT-FILE [--tls CERTIFICATE KEY] [--fault NAME [ARGUMENT]]

Faults: whole (200 for everything), redirect, short (half of what it announces), wrong (another range), endless (headers
without an end), gzip (encoded, though nobody asked for that), mute (no answer), flaky (every third request is lost, every fifth is 503), die N (ends itself at request
N), swap N FILE (serves FILE's bytes from request N on), gone N (404 from request N on). Every request is one line on
standard output: method, path, Range. FOLDER/pause: while that file is there, requests after the third wait.
"""
import gzip
import http.server
import os
import socket
import ssl
import sys
import threading
import time

folder, port_file, options = sys.argv[1], sys.argv[2], sys.argv[3:]
fault = options[options.index("--fault") + 1:] if "--fault" in options else [""]
count = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self):
        global count
        with lock:
            count += 1
            number = count
            print(self.command, self.path, self.headers.get("Range", "-"), flush=True)
        while number > 3 and os.path.exists(folder + "/pause"):
            time.sleep(0.05)
        name, after = fault[0], int(fault[1]) if len(fault) > 1 else 0
        if name == "die" and number >= after:
            os._exit(0)
        if name == "mute":
            time.sleep(600)
        if name == "redirect":
            return self.say(302, {"Location": "/other"})
        if name == "endless":
            self.wfile.write(b"HTTP/1.1 206 P\r\n")
            while True:
                self.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
        if name == "flaky" and number > 3 and number % 3 == 0:
            return self.hang_up()
        if name == "flaky" and number > 3 and number % 5 == 0:
            return self.say(503, {"Retry-After": "0"})
        if name == "gone" and number >= after:
            return self.say(404, {})
        path = folder + self.path.split("?")[0]
        if name == "swap" and number >= after:
            path = folder + "/" + fault[2]
        if not os.path.isfile(path):
            return self.say(404, {})
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if name == "whole":
                return self.say(200, {}, file.read())
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            first, last = int(first), min(int(last), size - 1)
            if name == "wrong" and first > 0:
                first, last = first - 1, last - 1
            if name == "gzip":
                file.seek(first)
                body = gzip.compress(file.read(last - first + 1))
                return self.say(206, {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Encoding": "gzip"}, body)
            if first > last:
                return self.say(416, {"Content-Range": f"bytes */{size}"})
            file.seek(first)
            body = file.read(last - first + 1)
        if name == "short" and first > 0 and last < size - 1:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            return self.hang_up()
        self.say(206, {"Content-Range": f"bytes {first}-{last}/{size}"}, body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if "--tls" in options:
    at = options.index("--tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options[at + 1], options[at + 2])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(port_file + ".new", "w") as out:
    out.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
