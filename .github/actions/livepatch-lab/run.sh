#!/usr/bin/env bash
# The steps of a CI job, for GitHub and GitLab alike: prepare, matrix or merge. Everything comes in by environment variables.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
lpl() { node "$root/lab/bin/lpl.mjs" "$@"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Who may use KVM decides udev; whether it works here decides the lab, by booting a guest. Elsewhere it emulates.
enable_kvm() {
  [ -e /dev/kvm ] || { echo "no /dev/kvm here: guests are emulated"; return; }
  [ -w /dev/kvm ] || as_root chmod 0666 /dev/kvm || echo "/dev/kvm is not ours: guests are emulated"
}

# Ubuntu 24.04 lets only programs with an AppArmor profile make user namespaces; bubblewrap has none there.
allow_namespaces() {
  local knob=/proc/sys/kernel/apparmor_restrict_unprivileged_userns
  if [ -e "$knob" ] && [ "$(cat "$knob")" = 1 ]; then
    echo 0 | as_root tee "$knob" > /dev/null || echo "user namespaces stay restricted"
  fi
}

prepare() {
  enable_kvm
  allow_namespaces
  (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  lpl doctor --fix
}

# The matrix file may be of a fork's pull request: nothing of it reaches a shell.
run_matrix() {
  local words=("${LPL_MATRIX:?which matrix file}" --shard "${LPL_SHARD:-1/1}" --out "$LPL_OUT")
  if [ -n "${LPL_JOBS:-}" ]; then words+=(--jobs "$LPL_JOBS"); fi
  if [ -n "${GITHUB_ACTIONS:-}" ]; then words+=(--annotations github); fi
  lpl matrix "${words[@]}"
}

merge() {
  local words=(--out "$LPL_OUT")
  if [ -n "${GITHUB_ACTIONS:-}" ]; then words+=(--annotations github); fi
  lpl merge "${LPL_SHARDS:?directory that holds the shards}"/* "${words[@]}"
}

# The summary is written of a red matrix, too; the exit code is the matrix's.
with_summary() {
  local code=0
  "$@" || code=$?
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -e "$LPL_OUT/matrix.md" ]; then
    cat "$LPL_OUT/matrix.md" >> "$GITHUB_STEP_SUMMARY"
  fi
  return "$code"
}

: "${LPL_OUT:=livepatch-lab}"
case "${1:-}" in
  prepare) prepare ;;
  matrix) with_summary run_matrix ;;
  merge) with_summary merge ;;
  *) echo "usage: run.sh prepare|matrix|merge" >&2; exit 2 ;;
esac
