"""Passes TCP connections on to a server on loopback; while a file is there, requests of all but the first two
connections are held back, one line "held" each.   hold_proxy.py SERVER-PORT PORT-FILE HOLD-FILE
"""
import os
import socket
import sys
import threading
import time

server_port, port_file, hold = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def copy(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, number):
    if number > 2:
        print("held", flush=True)
        while os.path.exists(hold):
            time.sleep(0.05)
    server = socket.create_connection(("127.0.0.1", server_port))
    threading.Thread(target=copy, args=(server, client), daemon=True).start()
    copy(client, server)


listener = socket.create_server(("127.0.0.1", 0), backlog=64)
with open(port_file + ".new", "w") as out:
    out.write(str(listener.getsockname()[1]))
os.rename(port_file + ".new", port_file)
number = 0
while True:
    client, _ = listener.accept()
    number += 1
    threading.Thread(target=serve, args=(client, number), daemon=True).start()
