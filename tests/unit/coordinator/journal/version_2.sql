-- A run of commands that a program of journal version 2 has written, and that was killed.
PRAGMA application_id = 1382238769;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE run (
  run_id            TEXT NOT NULL,
  pause_min_ns      INTEGER NOT NULL,
  pause_max_ns      INTEGER NOT NULL,
  seed              INTEGER NOT NULL,
  collection_method TEXT NOT NULL,
  wait_timeout_ns   INTEGER,
  request           TEXT NOT NULL,
  created_unix_ns   INTEGER NOT NULL,
  state             TEXT NOT NULL DEFAULT 'running',
  finished_unix_ns  INTEGER,
  startup_ns        INTEGER,
  planning_ns       INTEGER,
  validation_ns     INTEGER,
  cpu_seconds       REAL,
  peak_rss_bytes    INTEGER,
  exit_status       INTEGER,
  signal            INTEGER
);
INSERT INTO run VALUES('b16f0bb801166d75ebe672909456618b',0,0,0,'gather',NULL,'{"arguments":["-w","1","-j","1","--retries","1","--journal","run.db","-a","in","--shell","echo got {}; test {} != b -a {} != c || exit 3; test {} != d || sleep 100"],"asked":{"colsep":"","command":"''echo got {}; test {} != b -a {} != c || exit 3; test {} != d || sleep 100''","cwd":"","env":[],"input":"5008597256016062995","shell":true,"task_count":4},"folder":"/tmp/v2"}',1796042399040797570,'running',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE epoch (
  epoch        INTEGER PRIMARY KEY,
  pid          INTEGER NOT NULL,
  boot_id      TEXT NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  boottime_ns  INTEGER NOT NULL,
  unix_ns      INTEGER NOT NULL,
  shift_ns     INTEGER NOT NULL
);
INSERT INTO epoch VALUES(1,14783,'433ffb82-8777-4c11-a782-baa401be22f5',773952339593,773952339763,1796042399084408385,0);
CREATE TABLE session (
  session                INTEGER PRIMARY KEY,
  session_id             TEXT NOT NULL,
  name                   TEXT NOT NULL,
  host                   TEXT NOT NULL,
  pid                    INTEGER NOT NULL,
  slots                  INTEGER NOT NULL,
  is_local               INTEGER NOT NULL,
  welcomed_ns            INTEGER NOT NULL,
  last_report            INTEGER NOT NULL DEFAULT 0,
  stale                  INTEGER NOT NULL DEFAULT 0,
  state                  TEXT NOT NULL DEFAULT 'present',
  end_reason             TEXT NOT NULL DEFAULT '',
  goodbye_reports        INTEGER,
  goodbye_outcomes       INTEGER,
  goodbye_cpu_seconds    REAL,
  goodbye_peak_rss_bytes INTEGER,
  clock_bound_ns         INTEGER,
  begun                  INTEGER NOT NULL DEFAULT 0,
  ended                  INTEGER NOT NULL DEFAULT 0
);
INSERT INTO session VALUES(0,'8c506bca233153e0822c98f1f431bcf7','vm-14798','vm',14798,1,1,774112776267,3,2,'present','',NULL,NULL,NULL,NULL,NULL,6,3);
CREATE TABLE batch (
  first_accepted INTEGER PRIMARY KEY,
  session        INTEGER REFERENCES session,
  arrived_ns     INTEGER NOT NULL,
  clock_bound_ns INTEGER,
  digest         INTEGER
);
INSERT INTO batch VALUES(1,0,774145935132,457899,4361752029965791729);
CREATE TABLE outcome (
  accepted      INTEGER PRIMARY KEY,
  task          INTEGER NOT NULL,
  attempt       INTEGER NOT NULL,
  outcome       INTEGER NOT NULL,
  pause_ns      INTEGER,
  started_ns    INTEGER NOT NULL,
  elapsed_ns    INTEGER NOT NULL,
  dispatched_ns INTEGER NOT NULL
);
INSERT INTO outcome VALUES(1,0,1,0,0,774136078160,3789964,774124273238);
CREATE TABLE odd_result (
  task      INTEGER NOT NULL,
  result_ns INTEGER NOT NULL
);
CREATE TABLE command (
  accepted       INTEGER PRIMARY KEY,
  ended          INTEGER NOT NULL,
  exit_status    INTEGER NOT NULL,
  signal         INTEGER NOT NULL,
  error          TEXT NOT NULL,
  elapsed_ns     INTEGER NOT NULL,
  cpu_ns         INTEGER NOT NULL,
  peak_rss_bytes INTEGER NOT NULL,
  stdout         BLOB NOT NULL,
  stderr         BLOB NOT NULL,
  stdout_dropped INTEGER NOT NULL,
  stderr_dropped INTEGER NOT NULL
);
INSERT INTO command VALUES(1,0,0,0,'',3789964,810000,3047424,X'676f7420610a',X'',0,0);
CREATE TABLE input (
  part INTEGER PRIMARY KEY,
  text BLOB NOT NULL
);
INSERT INTO input VALUES(1,X'610a620a630a640a');
CREATE TABLE standard_input (
  bytes BLOB NOT NULL
);
CREATE TABLE counters (
  epoch               INTEGER NOT NULL,
  accepted            INTEGER NOT NULL,
  published           INTEGER NOT NULL,
  first_dispatch_ns   INTEGER,
  attempts_total      INTEGER NOT NULL,
  attempts_retried    INTEGER NOT NULL,
  attempts_adopted    INTEGER NOT NULL,
  stale               INTEGER NOT NULL,
  reports_repeated    INTEGER NOT NULL,
  wait_timeout_passed INTEGER NOT NULL,
  stop_requested      INTEGER NOT NULL
);
INSERT INTO counters VALUES(1,1,1,774124273238,4,0,0,0,0,0,0);
CREATE TABLE job (
  job          INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL,
  state        TEXT NOT NULL,
  task_count   INTEGER NOT NULL,
  input_error  TEXT NOT NULL,
  source        TEXT NOT NULL,
  last_added_ns INTEGER
);
INSERT INTO job VALUES(1,'exec','closed',4,'','',NULL);
CREATE TABLE segment (
  first       INTEGER PRIMARY KEY,
  count       INTEGER NOT NULL,
  job         INTEGER NOT NULL REFERENCES job,
  first_index INTEGER NOT NULL
);
INSERT INTO segment VALUES(0,4,1,0);
CREATE TABLE output (
  accepted     INTEGER PRIMARY KEY,
  session      INTEGER NOT NULL REFERENCES session,
  attempt      INTEGER NOT NULL,
  epoch        INTEGER NOT NULL,
  stdout_bytes INTEGER NOT NULL,
  stderr_bytes INTEGER NOT NULL
);
CREATE TABLE history (
  task      INTEGER PRIMARY KEY,
  attempts  INTEGER NOT NULL,
  unstarted INTEGER NOT NULL,
  losses    INTEGER NOT NULL,
  failures  INTEGER NOT NULL
);
INSERT INTO history VALUES(1,1,0,0,1);
INSERT INTO history VALUES(2,1,0,0,1);
CREATE TABLE checksum (commits INTEGER NOT NULL, log_needed INTEGER NOT NULL, tables INTEGER NOT NULL, run INTEGER NOT NULL, epoch INTEGER NOT NULL, session INTEGER NOT NULL, batch INTEGER NOT NULL, history INTEGER NOT NULL, odd_result INTEGER NOT NULL, command INTEGER NOT NULL, input INTEGER NOT NULL, standard_input INTEGER NOT NULL, counters INTEGER NOT NULL, job INTEGER NOT NULL, segment INTEGER NOT NULL, output INTEGER NOT NULL, own INTEGER NOT NULL);
INSERT INTO checksum VALUES(8,0,6831712870540924066,-5923578193449392520,1644995201063285237,2242415144910655668,4361752029965791729,8294974554985458657,0,-8606000399204737859,-6302784663610747032,0,3223039158600694381,-4829726655855934135,1354039391937490874,0,3742557154366804022);
CREATE VIEW result AS
SELECT
  task,
  CASE outcome.outcome WHEN 0 THEN 'succeeded' WHEN 1 THEN 'failed' WHEN 2 THEN 'timed_out'
    WHEN 3 THEN 'cancelled' WHEN 4 THEN 'lost' END AS outcome,
  attempt,
  session_id AS worker,
  pause_ns / 1e9 AS pause_seconds,
  CASE WHEN batch.session IS NOT NULL THEN (started_ns - zero_ns) / 1e9 END AS started_seconds,
  (started_ns + elapsed_ns - zero_ns) / 1e9 AS finished_seconds,
  CASE WHEN outcome.outcome = 0 THEN max(elapsed_ns - pause_ns, 0) / 1e9 END AS lateness_seconds,
  (batch.clock_bound_ns +
    (abs(arrived_ns - started_ns - elapsed_ns) * 200 + 999999) / 1000000) / 1e9
    AS finished_bound_seconds,
  accepted
FROM
  (SELECT coalesce((SELECT first_dispatch_ns FROM counters),
    (SELECT started_ns + elapsed_ns FROM outcome WHERE accepted = 1)) AS zero_ns)
  CROSS JOIN outcome
  JOIN batch ON first_accepted =
    (SELECT max(first_accepted) FROM batch WHERE first_accepted <= outcome.accepted)
  LEFT JOIN session USING (session)
ORDER BY started_ns + elapsed_ns, task;
COMMIT;
