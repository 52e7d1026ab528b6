#!/usr/bin/env bash
# Runs docs/study.md's recipe for many machines under a real SLURM: a job array over 64 shards of a generated file, with one
# task killed in the middle and one run a second time; then compares what merge gives with one run over all rows.
#
#   apt-get install --no-install-recommends slurmctld slurmd slurm-client munge     # Debian; as root
#   scripts/slurm/run.sh
#
# CI does not run it. It starts a cluster of one node, this machine, with configuration, keys, state and logs in a temporary
# folder, and ends it at the end. No systemd and no cgroups are needed: processes are tracked by proctrack/linuxproc. A run takes
# about two minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "slurm: expected $program (Debian: slurmctld slurmd slurm-client munge), got none"; exit 1; }
done
[ -f "$root/dist/cli/orthonorm.js" ] || { echo "slurm: expected dist/cli/orthonorm.js (npm run build), got none"; exit 1; }

work=$(mktemp -d)
daemons=()
finish() {
  status=$?
  for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  if [ "$status" = 0 ]; then rm -rf "$work"; else echo "slurm: failed; logs are in $work" >&2; fi
}
trap finish EXIT

# Waits until a command succeeds, for three minutes at most.
await() {
  local until=$((SECONDS + 180))
  while [ "$SECONDS" -lt "$until" ]; do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.02
  done
  echo "slurm: expected within three minutes: $*" >&2
  return 1
}

# --- the cluster -----------------------------------------------------------------------------------------------------------
mkdir -p "$work/munge" "$work/state" "$work/spool" "$work/bin"
chmod 755 "$work"
chmod 700 "$work/munge"
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 600 "$work/munge/key"
node=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=orthonorm
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$((20000 + RANDOM % 10000))
SlurmdPort=$((30000 + RANDOM % 10000))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
# a requeued task may start once the credential of its first run has expired: 120 s unless it is said
AuthInfo=socket=$work/munge/socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
CONF
export SLURM_CONF="$work/slurm.conf"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
  --log-file="$work/munge/log" --seed-file="$work/munge/seed" 2>"$work/munge/stderr" &
daemons+=($!)
await test -S "$work/munge/socket"
slurmctld -D -f "$SLURM_CONF" 2>"$work/slurmctld.stderr" &
daemons+=($!)
slurmd -D -N "$node" -f "$SLURM_CONF" 2>"$work/slurmd.stderr" &
daemons+=($!)
idle() { [ "$(sinfo --noheader --format=%T)" = idle ]; }
await idle
echo "SLURM $(slurmctld -V | cut -d' ' -f2), $(nproc) CPUs, Node $(node --version)"

# --- the shards, and the command as users have it -------------------------------------------------------------------------
cd "$work"
"$root/node_modules/.bin/tsx" "$here/shards.ts" "$work"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$(command -v node)" "$root/dist/cli/orthonorm.js" >"$work/bin/orthonorm"
chmod +x "$work/bin/orthonorm"
export PATH="$work/bin:$PATH"

# --- the array -------------------------------------------------------------------------------------------------------------
state_of() { squeue --noheader --states=all --format=%T --job "$1"; }
is() { [ "$(state_of "$1")" = "$2" ]; }

killed=23
again=5
job=$(sbatch --parsable "$here/array.sh")

# The task runs in steps of some milliseconds until it has its shard open, so that the kill meets it while it reads.
reader() { pgrep --full --exact "[^ ]*node $root/dist/cli/orthonorm.js study shard-$killed.safetensors .*"; }
reads() { ls -l "/proc/$pid/fd" | grep --quiet "/shard-$killed.safetensors$"; }
await reader
pid=$(reader)
kill -STOP "$pid"
until reads; do
  kill -CONT "$pid"
  sleep 0.005
  kill -STOP "$pid" || { echo "slurm: expected to meet task $killed while it reads, got a task that had ended"; exit 1; }
done
scancel --signal=KILL --full "${job}_$killed"
await is "${job}_$killed" CANCELLED
[ ! -e "sums-$killed.json" ] || { echo "slurm: expected no sums of the killed task, got a file"; exit 1; }
echo "task $killed killed while it read its shard: $(state_of "${job}_$killed"), nothing written"
scontrol requeue "${job}_$killed"

await is "${job}_$again" COMPLETED
before=$(sha256sum <"sums-$again.json")
scontrol requeue "${job}_$again"
done_all() { [ "$(squeue --noheader --array --states=all --format=%T --job "$job" | sort | uniq -c | xargs)" = "64 COMPLETED" ]; }
await done_all
echo "task $killed and task $again requeued: 64 of 64 completed"
[ "$(sha256sum <"sums-$again.json")" = "$before" ] || { echo "slurm: expected the same sums from task $again, got others"; exit 1; }
echo "task $again, run twice: the same bytes"

# --- the merge, and one run --------------------------------------------------------------------------------------------------
sbatch --wait --output=merge.txt --wrap="orthonorm merge sums-*.json --json merged.json" >/dev/null
orthonorm study shard-*.safetensors --pool gpt2 --json shards.json >/dev/null
orthonorm study whole.safetensors --pool gpt2 --json whole.json >/dev/null
for run in shards whole; do
  echo "merged, beside one run over $run: $("$root/node_modules/.bin/tsx" "$here/compare.ts" merged.json "$run.json")"
done
