"""Verifications a second by dcap-qvl (PyPI; its core is Rust) of one SGX or TDX quote, everything parsed each time.

usage: verify_dcap.py FOLDER UNIX-SECONDS [SECONDS]
FOLDER has quote, tcb_info, qe_identity, pck_crl, root_ca_crl and the issuer chains, each in a file of that name.
"""
import json
import os
import sys
import time
from urllib.parse import unquote

import dcap_qvl


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def text(folder, name):
    return unquote(read(folder, name).decode())


def crl(folder, name):
    data = read(folder, name)
    return data if data[:1] == b"\x30" else bytes.fromhex(data.decode().strip())


def signed(folder, name, key):
    """The document's own bytes, and its signature."""
    whole = read(folder, name).decode()
    start = whole.index(":", whole.index(f'"{key}"')) + 1
    _, end = json.JSONDecoder().raw_decode(whole[start:].lstrip())
    body = whole[start:].lstrip()[:end]
    return body, bytes.fromhex(json.loads(whole)["signature"])


def main():
    folder, at = sys.argv[1], int(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 2.0
    tcb_info, tcb_signature = signed(folder, "tcb_info", "tcbInfo")
    qe_identity, qe_signature = signed(folder, "qe_identity", "enclaveIdentity")
    collateral = dcap_qvl.QuoteCollateralV3(
        pck_crl_issuer_chain=text(folder, "pck_crl_issuer_chain"), root_ca_crl=crl(folder, "root_ca_crl"),
        pck_crl=crl(folder, "pck_crl"), tcb_info_issuer_chain=text(folder, "tcb_info_issuer_chain"),
        tcb_info=tcb_info, tcb_info_signature=tcb_signature,
        qe_identity_issuer_chain=text(folder, "qe_identity_issuer_chain"), qe_identity=qe_identity,
        qe_identity_signature=qe_signature)
    quote = read(folder, "quote")
    print("status", dcap_qvl.verify(quote, collateral, at).status)
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        dcap_qvl.verify(quote, collateral, at)
        count += 1
    print("cold", count / (time.process_time() - start))


if __name__ == "__main__":
    main()
