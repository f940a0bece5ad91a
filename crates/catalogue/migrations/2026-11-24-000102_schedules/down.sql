DROP TABLE source_fetch_windows;
DROP TABLE schedule_runs;
DROP TABLE source_schedules;
