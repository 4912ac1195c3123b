#!/usr/bin/env bash
# Runs under Slurm: a private cluster of three nodes on this machine, loopback only, without
# accounting, and the two batch scripts of deploy/slurm in it.
#   tests/system/slurm.sh PROGRAMS_FOLDER [PART...]
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
programs=$(realpath "${1:?the folder of rollcall and rollcall-worker}")
shift
parts=(one_allocation join_a_run queued_again worker_node_fails coordinator_node_fails)
[ $# -eq 0 ] || parts=("$@")
here=$(realpath "$(dirname "$0")")
scripts=$(realpath "$here/../../deploy/slurm")

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip 'a private Slurm cluster needs root here'
for program in munged slurmctld slurmd sbatch scontrol sinfo; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done

folder=$(mktemp -d)
host=$(uname -n)
port=$(python3 "$here/free_port.py" 4)

# What Slurm has started on a node of this cluster, by process id.
processes_of_node() {
  { grep -lzx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ |
    xargs -r grep -lzxF "SLURM_CONF=$folder/slurm.conf" | cut -d / -f 3; } 2>/dev/null || true
}

# A daemon that has ended may stay a zombie where nobody reaps it.
runs() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }

stop_cluster() {
  local file pid
  local -a pids=()
  for file in "$folder"/*.pid; do
    [ ! -f "$file" ] || pids+=("$(cat "$file")")
  done
  scancel --full --user=root 2>/dev/null || true
  for pid in $(processes_of_node '.*'); do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    while runs "$pid"; do sleep 0.1; done # what still runs still writes into the folder
  done
  rm -rf "$folder"
}
trap stop_cluster EXIT

configure() {
  mkdir -p "$folder"/{state,log,munge,run,job}
  chmod 755 "$folder" "$folder/run"
  chmod 700 "$folder/munge"
  (umask 077 && head -c 128 /dev/urandom >"$folder/munge/key")
  cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
SlurmdTimeout=10
CONF
  local i
  for i in 1 2 3; do
    mkdir "$folder/spool.n$i"
    echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=4" \
      "RealMemory=1000 State=UNKNOWN" >>"$folder/slurm.conf"
  done
  echo 'PartitionName=main Nodes=n[1-3] Default=YES State=UP' >>"$folder/slurm.conf"
}

# Waits up to 180 s for a command to succeed.
eventually() {
  local deadline=$((SECONDS + 180))
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "never true: $*"; diagnose; return 1; }
    sleep 0.2
  done
}

diagnose() { tail -n 20 "$folder"/log/* "$folder"/job/*.out 2>/dev/null || true; }

start_cluster() {
  munged --force --key-file="$folder/munge/key" --socket="$folder/run/munge" \
    --pid-file="$folder/munged.pid" --log-file="$folder/log/munged" --seed-file="$folder/munge/seed"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -f "$SLURM_CONF"
  local i
  for i in 1 2 3; do slurmd -N "n$i" -f "$SLURM_CONF"; done
  eventually three_nodes_idle
}

three_nodes_idle() { [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = 3 ]; }
job_has_ended() { scontrol show job "$1" | grep -Eq 'JobState=(COMPLETED|FAILED|CANCELLED|NODE_FAIL)'; }
job_is_completed() { scontrol show job "$1" | grep -q 'JobState=COMPLETED'; }
file_exists() { [ -f "$1" ]; }

expect_line() {
  grep -Eq "$2" "$1" || { echo "no line \"$2\" in $1:"; cat "$1"; diagnose; exit 1; }
}

expect_completed() {
  eventually job_has_ended "$1"
  job_is_completed "$1" || { scontrol show job "$1"; diagnose; exit 1; }
}

one_allocation() {
  local job
  job=$(sbatch --parsable --nodes=2 "$scripts/rollcall.sbatch" \
    sleep --task-count 200 --pause-min 0.1 --pause-max 1)
  expect_completed "$job"
  expect_line "rollcall-$job.out" '^200 async tasks finished in '
  expect_line "rollcall-$job.out" '^200 async tasks validated in '
  expect_line "rollcall-$job.out" '^workers +2$'
}

# start_coordinator NAME ARGUMENT...: outside of Slurm, for workers of its jobs.
start_coordinator() {
  local name=$1
  shift
  rollcall sleep "$@" --output json --access-file "$PWD/$name.access" >"$name.json" 2>"$name.log" &
  coordinator=$!
  eventually file_exists "$PWD/$name.access"
}

join_a_run() {
  local job coordinator
  start_coordinator joined --task-count 40 --pause 0.5 --slots 1 --workers 1
  job=$(sbatch --parsable --nodes=1 --ntasks=2 "$scripts/join.sbatch" "$PWD/joined.access")
  wait "$coordinator"
  expect_completed "$job"
  expect_line joined.json '"validated": true'
  [ "$(grep -c '"session":' joined.json)" -ge 3 ] || { echo 'nobody joined'; cat joined.json; exit 1; }
}

# A run of a job that takes long enough to be broken off.
submit_long_run() {
  sbatch --parsable --nodes=2 "$scripts/rollcall.sbatch" \
    sleep --task-count 80 --pause-min 0.5 --pause-max 15
}

tasks_done_by() { [ -f "$1" ] && [ "$(ends_in "$1" | wc -l)" -ge "$2" ]; }
runs_again() { scontrol show job "$1" | grep -q 'Restarts=1'; }

ends_in() { grep -o '^Task [0-9]* - done with' "$1"; }

# What was done before is not done again: the lines of both times tell of each task. Those whose
# writing was not certain when it was broken off are written again, but by far not all.
expect_went_on() {
  local job=$1 file=rollcall-$1.out before both
  expect_completed "$job"
  runs_again "$job" || { scontrol show job "$job"; exit 1; }
  expect_line "$file" '^80 async tasks validated in '
  expect_line "$file" '^outcomes +80 succeeded$'
  [ "$(ends_in "$file" | sort -u | wc -l)" = 80 ] || { cat "$file"; echo 'a task has no line'; exit 1; }
  before=$(ends_in "$file.before" | wc -l)
  both=$(ends_in "$file" | wc -l)
  [ "$both" -lt $((80 + before)) ] || { cat "$file"; echo "begun anew after $before"; exit 1; }
  rollcall validate "rollcall-$job.journal"
}

queued_again() {
  local job
  job=$(submit_long_run)
  eventually tasks_done_by "rollcall-$job.out" 10
  scontrol requeue "$job"
  cp "rollcall-$job.out" "rollcall-$job.out.before"
  expect_went_on "$job"
}

# Its daemon and all that it has started, at once, as when the power goes.
fail_node() {
  local -a pids
  mapfile -t pids < <(cat "$folder/slurmd.$1.pid"; step_daemons_of "$1"; processes_of_node "$1")
  kill -KILL "${pids[@]}" 2>/dev/null || true
}

# The parents of a node's processes that are Slurm's.
step_daemons_of() {
  local pid parent
  for pid in $(processes_of_node "$1"); do
    parent=$(awk '/^PPid:/ {print $2}' "/proc/$pid/status" 2>/dev/null) || continue
    ! grep -q slurmstepd "/proc/$parent/comm" 2>/dev/null || echo "$parent"
  done | sort -u
}

first_node_of() { scontrol show job "$1" | sed -n 's/.* BatchHost=//p; s/^ *BatchHost=//p' | head -n 1; }
restart_node() {
  slurmd -N "$1" -f "$SLURM_CONF"
  eventually three_nodes_idle
}

worker_node_fails() {
  local job coordinator node
  start_coordinator node --task-count 60 --pause 8 --workers 0 --liveness 3s --join-timeout 3m
  # --no-requeue: the other worker goes on alone. One that is queued again would join anew.
  job=$(sbatch --parsable --no-requeue --nodes=1 --ntasks=1 --export=ALL "$scripts/join.sbatch" \
    "$PWD/node.access")
  eventually has_workers 1
  node=$(first_node_of "$job")
  fail_node "$node"
  sbatch --parsable --nodes=1 --ntasks=1 --exclude="$node" "$scripts/join.sbatch" "$PWD/node.access" >other
  wait "$coordinator" || { cat node.log; exit 1; }
  expect_completed "$(cat other)"
  expect_line node.json '"validated": true'
  expect_line node.json '"lost": true'
  restart_node "$node"
}

has_workers() { [ "$(rollcall status --output json 2>/dev/null | grep -c '"session":')" -ge "$1" ]; }

coordinator_node_fails() {
  local job node
  job=$(submit_long_run)
  eventually tasks_done_by "rollcall-$job.out" 10
  node=$(first_node_of "$job")
  fail_node "$node"
  cp "rollcall-$job.out" "rollcall-$job.out.before"
  expect_went_on "$job"
  [ "$(first_node_of "$job")" != "$node" ] || { echo "it is on $node again"; exit 1; }
  restart_node "$node"
}

configure
start_cluster
export PATH=$programs:$PATH XDG_RUNTIME_DIR=$folder/run
cd "$folder/job"
for part in "${parts[@]}"; do
  begun=$SECONDS
  "$part"
  echo "$part: passed in $((SECONDS - begun)) s"
done
