-- That nothing is due is told by the database alone: also without those sources that are no longer watched, whose time
-- never comes.

ALTER TABLE source ADD COLUMN watched INTEGER NOT NULL DEFAULT 1; -- 0: not in the settings of the last command
DROP INDEX source_due;
CREATE INDEX source_due ON source (watched, next_check_at, last_fetch_at);
