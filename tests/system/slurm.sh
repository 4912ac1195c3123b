#!/usr/bin/env bash
# Tests the batch scripts of deploy/slurm in a private Slurm cluster: three nodes on this machine,
# on loopback only, without accounting.
#   tests/system/slurm.sh PROGRAMS_DIRECTORY [PART...]
# Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
programs=$(realpath "${1:?the directory of rollcall and rollcall-worker}")
shift
parts=(one_allocation commands join_a_run requeue worker_node_fails coordinator_node_fails)
[ $# -eq 0 ] || parts=("$@")
here=$(realpath "$(dirname "$0")")
scripts=$(realpath "$here/../../deploy/slurm")

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip 'a private Slurm cluster needs root'
for program in munged slurmctld slurmd sbatch scontrol sinfo; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done

directory=$(mktemp -d)
host=$(uname -n)
port=$(python3 "$here/free_port.py" 4)

# The ids of the processes that Slurm has started on a node of this cluster.
processes_of_node() {
  { grep -lzx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ |
    xargs -r grep -lzxF "SLURM_CONF=$directory/slurm.conf" | cut -d / -f 3; } 2>/dev/null || true
}

# A daemon that has exited may remain a zombie if no process reaps it.
runs() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }

stop_cluster() {
  local file pid
  local -a pids=()
  for file in "$directory"/*.pid; do
    [ ! -f "$file" ] || pids+=("$(cat "$file")")
  done
  scancel --full --user=root 2>/dev/null || true
  for pid in $(processes_of_node '.*'); do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    while runs "$pid"; do sleep 0.1; done # a running daemon still writes to the directory
  done
  rm -rf "$directory"
}
trap stop_cluster EXIT

configure() {
  mkdir -p "$directory"/{state,log,munge,run,job}
  chmod 755 "$directory" "$directory/run"
  chmod 700 "$directory/munge"
  (umask 077 && head -c 128 /dev/urandom >"$directory/munge/key")
  cat >"$directory/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$directory/run/munge,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$directory/state
SlurmdSpoolDir=$directory/spool.%n
SlurmctldPidFile=$directory/slurmctld.pid
SlurmdPidFile=$directory/slurmd.%n.pid
SlurmctldLogFile=$directory/log/slurmctld
SlurmdLogFile=$directory/log/slurmd.%n
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
    mkdir "$directory/spool.n$i"
    echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=4" \
      "RealMemory=1000 State=UNKNOWN" >>"$directory/slurm.conf"
  done
  echo 'PartitionName=main Nodes=n[1-3] Default=YES State=UP' >>"$directory/slurm.conf"
}

# Waits up to 180 s for a command to succeed.
eventually() {
  local deadline=$((SECONDS + 180))
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "did not come true: $*"; diagnose; return 1; }
    sleep 0.2
  done
}

diagnose() { tail -n 20 "$directory"/log/* "$directory"/job/*.out 2>/dev/null || true; }

start_cluster() {
  munged --force --key-file="$directory/munge/key" --socket="$directory/run/munge" \
    --pid-file="$directory/munged.pid" --log-file="$directory/log/munged" --seed-file="$directory/munge/seed"
  export SLURM_CONF=$directory/slurm.conf
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

# The options of the script come before the `--` of the user.
commands() {
  local job
  job=$(sbatch --parsable --nodes=2 "$scripts/rollcall.sbatch" exec --summary full --range 1-6 -- \
    echo hello {})
  expect_completed "$job"
  diff <(printf 'hello %s\n' {1..6}) <(grep hello "rollcall-$job.out" | sort) || { diagnose; exit 1; }
  expect_line "rollcall-$job.out" '^workers +2$'
  rollcall validate "rollcall-$job.journal"
}

# start_coordinator NAME ARGUMENT...: starts a coordinator outside Slurm, for workers in jobs.
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
  [ "$(grep -c '"session":' joined.json)" -ge 3 ] || { echo 'no worker joined'; cat joined.json; exit 1; }
}

# Submits a run that is long enough to be interrupted.
submit_long_run() {
  sbatch --parsable --nodes=2 "$scripts/rollcall.sbatch" \
    sleep --task-count 80 --pause-min 0.5 --pause-max 15
}

tasks_done_by() { [ -f "$1" ] && [ "$(done_lines "$1" | wc -l)" -ge "$2" ]; }
was_requeued() { scontrol show job "$1" | grep -q 'Restarts=1'; }

done_lines() { grep -o '^Task [0-9]* - done with' "$1"; }

# Checks that the resumed run did not start over. Both parts of the run together print a line for each
# task. Only lines that may not have been written before the interruption are printed again.
expect_resumed() {
  local job=$1 file=rollcall-$1.out before total
  expect_completed "$job"
  was_requeued "$job" || { scontrol show job "$job"; exit 1; }
  expect_line "$file" '^80 async tasks validated in '
  expect_line "$file" '^outcomes +80 succeeded$'
  [ "$(done_lines "$file" | sort -u | wc -l)" = 80 ] || { cat "$file"; echo 'a task has no line'; exit 1; }
  before=$(done_lines "$file.before" | wc -l)
  total=$(done_lines "$file" | wc -l)
  [ "$total" -lt $((80 + before)) ] || { cat "$file"; echo "started over total $before tasks"; exit 1; }
  rollcall validate "rollcall-$job.journal"
}

requeue() {
  local job
  job=$(submit_long_run)
  eventually tasks_done_by "rollcall-$job.out" 10
  scontrol requeue "$job"
  cp "rollcall-$job.out" "rollcall-$job.out.before"
  expect_resumed "$job"
}

# Kills the daemon of a node and all processes that it has started, as in a power failure.
fail_node() {
  local -a pids
  mapfile -t pids < <(cat "$directory/slurmd.$1.pid"; step_daemons_of "$1"; processes_of_node "$1")
  kill -KILL "${pids[@]}" 2>/dev/null || true
}

# The Slurm step daemons of a node: parents of its processes.
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
  # --no-requeue: otherwise the lost worker would join again. The other worker finishes the run.
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
  expect_resumed "$job"
  [ "$(first_node_of "$job")" != "$node" ] || { echo "the job runs on $node again"; exit 1; }
  restart_node "$node"
}

configure
start_cluster
export PATH=$programs:$PATH XDG_RUNTIME_DIR=$directory/run
cd "$directory/job"
for part in "${parts[@]}"; do
  start=$SECONDS
  "$part"
  echo "$part: passed in $((SECONDS - start)) s"
done
