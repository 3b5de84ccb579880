# For the scenarios that play an attacker: tools, honest work that must go on, and questions to a master.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
attacker() { python3 "$top/tests/tools/attacker.py" "$@"; }
sim_pki_tool=$top/build/release/bin/sim_pki_tool
attack_node=$top/build/release/bin/attack_node
cluster_file() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$BRUME_HOME/cluster/cluster.json" "$1"; }
master_address() { echo "127.0.0.1:$(cluster_file master_port)"; }

# node_is NAME STATE PATTERN [SECONDS]: the latest record of that name says so; rules of refusals and reasons are searched.
node_is() {
  "$brume" nodes --json >"$work/nodes.json" 2>&1
  python3 - "$brume" "$@" <<'PY'
import json, re, subprocess, sys, time
brume, name, state, pattern = sys.argv[1:5]
end = time.time() + float(sys.argv[5] if len(sys.argv) > 5 else 20)
node = None
while time.time() < end:
    nodes = [n for n in json.loads(subprocess.run([brume, "nodes", "--json"], capture_output=True).stdout or "[]") if n["name"] == name]
    if nodes:
        node = nodes[-1]
        said = " ".join(r["rule"] for r in node["refusals"]) + " " + node.get("why", "")
        if node["state"] == state and re.search(pattern, said):
            print(said)
            sys.exit(0)
    time.sleep(0.1)
print(f"{name}: expected {state} and {pattern}, got", json.dumps(node, indent=1))
sys.exit(1)
PY
}
refused_by() { expect "$1" node_is "$2" refused "$3" "${4:-20}"; }

# Honest nodes count on, again and again, while attackers come and go; every result must be right.
honest_work_begins() { # honest_work_begins TEXT EXPECTED
  rm -f "$work/honest.stop"; : >"$work/honest.log"
  ( while [ ! -e "$work/honest.stop" ]; do
      if "$brume" run word_count --input "$1" --output "$work/honest.out" --quiet >>"$work/honest.err" 2>&1 && cmp -s "$work/honest.out" "$2"; then
        echo right; else echo wrong; fi >>"$work/honest.log"
      sleep 0.3
    done ) &
  honest=$!
}
honest_work_was_right() { # honest_work_was_right NAME
  touch "$work/honest.stop"; wait "$honest"
  local right wrong
  right=$(grep -c right "$work/honest.log"); wrong=$(grep -c wrong "$work/honest.log")
  if [ "$right" -ge 1 ] && [ "$wrong" -eq 0 ]; then ok "$1"; echo "  | $right runs of the honest nodes, all right"; else
    not_ok "$1"; echo "  | $right right, $wrong wrong"; tail -n 5 "$work/honest.err" | sed 's/^/  | /'; fi
}
# Unpacks a one-layer OCI layout, as a host does that starts containers by itself.
unpack_layout() { # unpack_layout LAYOUT FOLDER
  python3 - "$1" "$2" <<'PY'
import json, os, sys, tarfile
layout, out = sys.argv[1:]
blob = lambda d: os.path.join(layout, "blobs", *d["digest"].split(":"))
index = json.load(open(os.path.join(layout, "index.json")))
manifest = json.load(open(blob(index["manifests"][0])))
os.umask(0)
os.makedirs(out, mode=0o755)
for layer in manifest["layers"]:
    with tarfile.open(blob(layer)) as tar:
        for member in tar:
            tar.extract(member, out, filter="fully_trusted") if hasattr(tarfile, "data_filter") else tar.extract(member, out)
            if not member.issym(): os.chmod(os.path.join(out, member.name), member.mode)
PY
}
