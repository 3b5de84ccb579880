# For the scenario tests: one line a case, "ok NAME", "not ok NAME" or "skip NAME: why".
# Each scenario has a home and a work folder of its own and takes everything down at its end.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
brume=$top/build/release/bin/brume
work=$(mktemp -d /tmp/brume-test-XXXXXX)
export BRUME_HOME=$work/home
failures=0

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1"; failures=$((failures + 1)); }
skip() { echo "skip $1: $2"; }
# expect NAME COMMAND...: the case passes if the command does.
expect() {
  local name=$1; shift
  if "$@" >"$work/out.log" 2>&1; then ok "$name"; else not_ok "$name"; sed 's/^/  | /' "$work/out.log" | tail -n 25; fi
}
# expect_refused NAME CODE TEXT COMMAND...: the command must end with CODE and say TEXT.
expect_refused() {
  local name=$1 code=$2 text=$3; shift 3
  "$@" >"$work/out.log" 2>&1
  local got=$?
  if [ $got -eq "$code" ] && grep -qE -- "$text" "$work/out.log"; then ok "$name"; else
    not_ok "$name"; echo "  | exit $got, expected $code and: $text"; sed 's/^/  | /' "$work/out.log" | tail -n 25; fi
}
# on_clusters JOB IMAGE COMMAND...: the command with a cluster's name and arguments for `run`, on two kinds of cluster: three
# workers, and one that is the next job's turn. With BRUME_TEST_MATRIX=1 on every kind.
cluster_kinds=(
  'workers-3 --engine process --workers 3 / --split-size 64K --partitions 4'
  'podman --engine podman --workers 2 / --split-size 100K --partitions 3'
  'without-tee --engine process --tee none --workers 4 / --split-size 64K --partitions 7'
  'one-worker --engine process --workers 1 / --partitions 1'
  'docker --engine docker --workers 3 / --split-size 300K --partitions 2'
  'roles --engine process --mappers 3 --reducers 2 --result-memory 0 / --split-size 128K --partitions 5'
  'enclaves --engine process --workers 2 --enclaves-per-node 3 / --partitions 6'
  'workers-10 --engine process --workers 10 --result-memory 4K / --split-size 32K --partitions 10'
)
clusters_had=0
on_clusters() {
  local job=$1 image=$2 kind turn name up run why; shift 2
  clusters_had=$((clusters_had + 1))
  turn=$((1 + clusters_had % (${#cluster_kinds[@]} - 1)))
  for kind in "${!cluster_kinds[@]}"; do
    [ "${BRUME_TEST_MATRIX:-0}" = 1 ] || [ "$kind" = 0 ] || [ "$kind" = $turn ] || continue
    read -r name up <<<"${cluster_kinds[$kind]}"
    run=${up#*/ } up=${up% / *}
    # shellcheck disable=SC2086
    {
      if ! why=$("$brume" up $up --probe 2>&1); then skip "$job-$name" "$(tail -n 1 <<<"$why")"; continue; fi
      expect "$job-$name-up" "$brume" up $up --image "$image"
      "$@" "$name" $run
    }
    expect "$job-$name-down" "$brume" down
  done
}
# The independent count: words are maximal runs of bytes outside {9,10,11,12,13,32}.
count_words() {
  LC_ALL=C tr -s '\t\n\v\f\r ' '\n' <"$1" | LC_ALL=C sed '/^$/d' | LC_ALL=C sort -S 1G | LC_ALL=C uniq -c |
    LC_ALL=C sed -E 's/^ *([0-9]+) (.*)$/\2\t\1/' | LC_ALL=C sort -S 1G -t "$(printf '\t')" -k2,2nr -k1,1 >"$2"
}
# No process of this scenario's home runs any more: none was started with it, names it, or runs below it.
nothing_left() {
  local pid left=0
  for pid in $(cd /proc && ls -d [0-9]*); do
    case "$(readlink "/proc/$pid/exe" 2>/dev/null)" in */brume | */brume-node | */conmon | */podman) ;; *) continue ;; esac
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -q "^BRUME_HOME=$work/" ||
      grep -qaF -e "$work/" "/proc/$pid/cmdline" "/proc/$pid/mountinfo" 2>/dev/null; then
      echo "still there: $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"; left=1
    fi
  done
  return $left
}
cluster_down() { "$brume" down --quiet >/dev/null 2>&1 || true; }
finish_scenario() { cluster_down; rm -rf "$work"; }
trap finish_scenario EXIT
trap 'exit 130' INT TERM
