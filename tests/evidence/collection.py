#!/usr/bin/env python3
"""Every case of a collection of real evidence through `brume evidence verify`: exit code, status, fields.

usage: collection.py BRUME COLLECTION WORK   (one line a case: "ok NAME" or "not ok NAME: why")
"""
import json
import os
import shutil
import subprocess
import sys

STATUSES = {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate",
            "OutOfDateConfigurationNeeded", "Revoked", "TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded",
            "TcbNotSupported"}
EVIDENCE = ("quote", "report", "attest", "ccel", "eventlog", "ima", "ima_ascii", "vcek")
# A field of the collection, and where it stands in the tool's JSON.
FIELDS = {"mrenclave": "measurement", "mr_td": "measurement", "measurement": "measurement", "mrsigner": "signer",
          "isvsvn": "isv_svn", "guest_svn": "isv_svn", "report_data": "report_data", "extra_data": "report_data", "debug": "debug"}
PLATFORM = {"fmspc": "fmspc", "pce_id": "pceid", "pck_pcesvn": "pcesvn", "chip_id": "chip_id"}


def lay_out(collection, case, folder):
    """The case's files in one folder, under names that say nothing."""
    os.makedirs(folder)
    names = {}
    for number, (key, path) in enumerate(sorted(case["files"].items())):
        names[key] = f"{folder}/file-{number}"
        shutil.copy(f"{collection}/{path}", names[key])
    return names


def evidence_of(case, names):
    kind = case["type"]
    order = EVIDENCE
    if kind.startswith("tcg") or kind.startswith("ima") or kind.startswith("ccel"):
        order = ("ccel", "ima", "ima_ascii", "eventlog")
    return next(names[key] for key in order if key in names)


def run(brume, case, names, folder):
    command = [brume, "evidence", "verify", evidence_of(case, names), "--collateral", folder, "--json"]
    if isinstance(case.get("verify_at"), int):
        command += ["--at", str(case["verify_at"])]
    if case["type"] in ("dcap-synthetic", "tdx-synthetic", "sgx-quote-v3-testroot"):
        command += ["--root", names["trusted_root"]]
    if case.get("nonce_expected"):
        command += ["--nonce", case["nonce_expected"]]
    done = subprocess.run(command, capture_output=True, timeout=60)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr.decode()
    except ValueError:
        return done.returncode, {}, done.stderr.decode()


def rules(result):
    return [refusal["rule"] for refusal in result.get("refusals", [])]


def verdict_problems(case, code, result):
    """What is not as the case expects."""
    expected = case["expected"]
    verdict = expected["verdict"].split(" ")[0]
    debug = case.get("fields", {}).get("debug") is True
    found = rules(result)
    if code not in (0, 1, 3):
        return [f"exit code {code}"]
    out = []
    if (code == 0) != (result.get("verdict") == "accepted") or (code == 0) != (not found):
        out.append("exit code, verdict and refusals disagree")
    if verdict in STATUSES:
        if result.get("tcb_status") != verdict:
            out.append(f"tcb_status {result.get('tcb_status')}, not {verdict}")
        allowed = {"policy.debug"} if debug else set()
        if verdict != "UpToDate":
            allowed |= {"dcap.tcb.status", "sgx.tcb.status", "dcap.tcb.level", "sgx.tcb.level"}
        if set(found) - allowed or (code == 0) != (verdict == "UpToDate" and not debug):
            out.append(f"exit {code}, refused for {found}")
    elif verdict == "ReplayMatches" and expected.get("rtmrs_in_log") != expected.get("rtmrs_matching"):
        # One register of several fits: log and quote are not of one boot, and a log that does not fit is refused.
        if code != 1 or set(found) != {"log.register"}:
            out.append(f"exit {code}: {found}")
    elif verdict in ("Valid", "Accept", "ReplayMatches", "SameAsTrimmed"):
        allowed = {"policy.debug"} if case.get("fields", {}).get("debug_allowed") else set()
        if case["type"].startswith("snp"):  # no revocation list, or one that was not renewed, is a refusal
            allowed |= {"snp.crl.missing"} if "ark_crl" not in case["files"] else {"snp.crl.expired"}
        if verdict != "SameAsTrimmed" and (set(found) - allowed or code not in (0, 1)):
            out.append(f"exit {code}: {found}")
    elif verdict in ("TemplateDigestsMatch", "ReplayValueOnly"):  # nothing vouches for the list; its replay is told
        if code != 1 or found != ["ima.values.missing"]:
            out.append(f"exit {code}: {found}")
        for bank in ("sha1", "sha256"):
            value = expected.get(f"replayed_pcr10_{bank}")
            if value and result["claims"]["replayed"].get(bank, {}).get("10") != value:
                out.append(f"another replay in {bank}")
    elif verdict == "NoCollateral":
        if code != 1 or not all(rule.endswith("collateral.missing") or rule == "policy.debug" for rule in found):
            out.append(f"exit {code}: {found}")
    elif verdict == "NoEndorsement":
        if code != 1 or not any(rule.endswith(".missing") for rule in found):
            out.append(f"exit {code}: {found}")
    elif verdict == "MissingPckCertificate":
        if code != 1 or not any(rule.endswith("pck.missing") for rule in found):
            out.append(f"exit {code}: {found}")
    elif code == 0:
        out.append(f"accepted, not {expected['verdict']}")
    return out


def field_problems(case, result):
    out = []
    fields = case.get("fields", {})
    if case["type"].startswith(("tcg", "ccel", "ima")):
        fields = {}
    for table, where in ((FIELDS, result), (PLATFORM, result.get("platform", {}))):
        for name, key in table.items():
            if fields.get(name) is None or (name == "debug" and not isinstance(fields[name], bool)):
                continue
            if where.get(key) != fields[name]:
                out.append(f"{key} is {where.get(key)}, not {fields[name]}")
    advisories = case["expected"].get("advisory_ids")
    if advisories is not None and result.get("tcb_status") in STATUSES - {"TcbNotSupported"}:
        if not set(advisories) <= set(result.get("advisories", [])):
            out.append(f"advisories {result.get('advisories')}, not {advisories}")
    number = case["expected"].get("tcb_evaluation_data_number")
    if number is not None and result.get("tcb", {}).get("evaluation_data_number", number) != number:
        out.append("another tcb evaluation data number")
    return out


def main():
    brume, collection, work = sys.argv[1:4]
    only = sys.argv[4] if len(sys.argv) > 4 else ""
    with open(f"{collection}/MANIFEST.json") as manifest:
        cases = json.load(manifest)["cases"]
    failed = 0
    for case in cases:
        if only not in case["id"]:
            continue
        folder = f"{work}/{case['id']}"
        names = lay_out(collection, case, folder)
        try:
            code, result, errors = run(brume, case, names, folder)
            problems = verdict_problems(case, code, result)
            if code in (0, 1):
                problems += field_problems(case, result)
            if problems and errors:
                problems.append(errors.strip())
        except subprocess.TimeoutExpired:
            problems = ["does not end"]
        print(f"not ok {case['id']}: {'; '.join(problems)[:700]}" if problems else f"ok {case['id']}")
        failed += bool(problems)
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
