-- What the health of a source is told from, and how far back it is kept.

ALTER TABLE fetch ADD COLUMN missed INTEGER NOT NULL DEFAULT 0; -- 1: a full page without one known entry
ALTER TABLE host ADD COLUMN since INTEGER NOT NULL DEFAULT 0;   -- when it asked
CREATE INDEX fetch_new ON fetch (source_id, id) WHERE new > 0;
CREATE INDEX alarm_untold ON alarm (id) WHERE told IS NULL;
CREATE INDEX alarm_end_untold ON alarm (id) WHERE ended IS NOT NULL AND told_ended IS NULL;
CREATE INDEX alarm_open ON alarm (source_id) WHERE ended IS NULL;
