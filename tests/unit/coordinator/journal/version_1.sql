-- A run of commands that a program of journal version 1 has written, and that was killed.
PRAGMA application_id = 1382238769;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE run (
  run_id            TEXT NOT NULL,
  kind              TEXT NOT NULL,
  task_count        INTEGER NOT NULL,
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
INSERT INTO run VALUES('6b0fb5e47143338ce7c7bba0d3ccbdbb','exec',4,0,0,0,'gather',NULL,'{"arguments":["-w","1","--slots","1","--stdin","std.txt","--each-line","in.txt","--journal","run.db","--","sh","-c","echo got {}; if [ {} = b ]; then exit 3; fi; if [ {} = c ]; then sleep 2; fi"],"asked":{"colsep":"","command":"sh -c ''echo got {}; if [ {} = b ]; then exit 3; fi; if [ {} = c ]; then sleep 2; fi''","cwd":"","env":[],"input":"1502682732398059506","shell":false,"task_count":4},"folder":"/tmp/journal-v1/run3"}',1795982781644628076,'running',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE epoch (
  epoch        INTEGER PRIMARY KEY,
  pid          INTEGER NOT NULL,
  boot_id      TEXT NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  boottime_ns  INTEGER NOT NULL,
  unix_ns      INTEGER NOT NULL,
  shift_ns     INTEGER NOT NULL
);
INSERT INTO epoch VALUES(1,32406,'d1260b4c-36d9-4638-8d71-0066cb464d7b',1855224274533,1855224274603,1795982781703591872,0);
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
INSERT INTO session VALUES(0,'6f3a9dc4c8d75f04b460a81cbebb17c5','vm-32420','vm',32420,1,1,1855293786886,2,0,'present','',NULL,NULL,NULL,NULL,NULL,4,2);
CREATE TABLE batch (
  first_accepted INTEGER PRIMARY KEY,
  session        INTEGER REFERENCES session,
  arrived_ns     INTEGER NOT NULL,
  clock_bound_ns INTEGER,
  digest         INTEGER
);
INSERT INTO batch VALUES(1,0,1855309843718,270675,-7136045537650041388);
INSERT INTO batch VALUES(2,0,1855312602969,130315,6727520214644767165);
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
INSERT INTO outcome VALUES(1,0,1,0,0,1855300198096,8904390,1855295573384);
INSERT INTO outcome VALUES(2,1,1,1,0,1855311461561,874015,1855309906091);
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
INSERT INTO command VALUES(1,0,0,0,'',8904390,985000,2977792,X'676f7420610a',X'',0,0);
INSERT INTO command VALUES(2,0,3,0,'',874015,794000,2977792,X'676f7420620a',X'',0,0);
CREATE TABLE input (
  part INTEGER PRIMARY KEY,
  text BLOB NOT NULL
);
INSERT INTO input VALUES(1,X'610a620a630a640a');
CREATE TABLE standard_input (
  bytes BLOB NOT NULL
);
INSERT INTO standard_input VALUES(X'737464');
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
INSERT INTO counters VALUES(1,2,2,1855295573384,3,0,0,0,0,0,0);
CREATE TABLE history (
  task      INTEGER PRIMARY KEY,
  attempts  INTEGER NOT NULL,
  unstarted INTEGER NOT NULL,
  losses    INTEGER NOT NULL,
  failures  INTEGER NOT NULL
);
CREATE TABLE checksum (commits INTEGER NOT NULL, log_needed INTEGER NOT NULL, tables INTEGER NOT NULL, run INTEGER NOT NULL, epoch INTEGER NOT NULL, session INTEGER NOT NULL, batch INTEGER NOT NULL, history INTEGER NOT NULL, odd_result INTEGER NOT NULL, command INTEGER NOT NULL, input INTEGER NOT NULL, standard_input INTEGER NOT NULL, counters INTEGER NOT NULL, own INTEGER NOT NULL);
INSERT INTO checksum VALUES(7,0,3007141220126544338,-2577352017313305972,-744470800912903635,3961814448762639400,6727520214644767165,0,0,786265199427805780,-6302784663610747032,-3081977438176752959,-3990773889766787460,-1519224988497372453);
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
