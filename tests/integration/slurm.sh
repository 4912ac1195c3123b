#!/usr/bin/env bash
# A run under Slurm: a private cluster of three nodes on this machine, loopback only, without
# accounting, and the two batch scripts of deploy/slurm in it.
#   tests/integration/slurm.sh PROGRAMS_FOLDER
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
programs=$(realpath "${1:?the folder of rollcall and rollcall-worker}")
scripts=$(realpath "$(dirname "$0")/../../deploy/slurm")

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip 'a private Slurm cluster needs root here'
for program in munged slurmctld slurmd sbatch scontrol sinfo; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done

folder=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
host=$(uname -n)

# A daemon that has ended may stay a zombie where nobody reaps it.
runs() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }

stop_cluster() {
  local file pid
  local -a pids=()
  for file in "$folder"/*.pid; do
    [ ! -f "$file" ] || pids+=("$(cat "$file")")
  done
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
AuthInfo=socket=$folder/run/munge
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
CONF
  local i
  for i in 1 2 3; do
    mkdir "$folder/spool.n$i"
    echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=4" \
      "RealMemory=1000 State=UNKNOWN" >>"$folder/slurm.conf"
  done
  echo 'PartitionName=main Nodes=n[1-3] Default=YES State=UP' >>"$folder/slurm.conf"
}

# Waits up to 60 s for a command to succeed.
eventually() {
  local deadline=$((SECONDS + 60))
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

run_in_one_allocation() {
  local job
  job=$(sbatch --parsable --nodes=2 "$scripts/rollcall.sbatch" \
    sleep --task-count 200 --pause-min 0.1 --pause-max 1)
  eventually job_has_ended "$job"
  job_is_completed "$job" || { scontrol show job "$job"; diagnose; exit 1; }
  expect_line "rollcall-$job.out" '^200 async tasks finished in '
  expect_line "rollcall-$job.out" '^200 async tasks validated in '
  expect_line "rollcall-$job.out" '^workers +2$'
  echo 'one allocation: passed'
}

join_a_run_that_goes_on() {
  local job coordinator
  rollcall sleep --task-count 40 --pause 0.5 --slots 1 --workers 1 --output json \
    --access-file "$PWD/run.access" >run.json 2>run.log &
  coordinator=$!
  eventually file_exists "$PWD/run.access"
  job=$(sbatch --parsable --nodes=1 --ntasks=2 "$scripts/join.sbatch" "$PWD/run.access")
  wait "$coordinator"
  eventually job_has_ended "$job"
  job_is_completed "$job" || { scontrol show job "$job"; diagnose; exit 1; }
  expect_line run.json '"validated": true'
  [ "$(grep -c '"session":' run.json)" -ge 3 ] || { echo 'nobody joined'; cat run.json; exit 1; }
  echo 'joined a run that goes on: passed'
}

configure
start_cluster
export PATH=$programs:$PATH
cd "$folder/job"
run_in_one_allocation
join_a_run_that_goes_on
