-- What a source's pages were read with, from which visit on its address is today's, and what a visit brought.

ALTER TABLE source ADD COLUMN settings TEXT NOT NULL DEFAULT '';        -- hash of those that its pages are read by; '' before this step
ALTER TABLE source ADD COLUMN newest TEXT NOT NULL DEFAULT '';          -- of them: which files of a list are read
ALTER TABLE source ADD COLUMN extractor INTEGER NOT NULL DEFAULT 0;     -- the version of what read them
ALTER TABLE source ADD COLUMN former_visits INTEGER NOT NULL DEFAULT 0; -- the last visit to a former address of it

ALTER TABLE fetch ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0; -- entries that it had not listed before, whoever brought them first
UPDATE fetch SET arrived = new WHERE new > 0;
DROP INDEX fetch_new;
CREATE INDEX fetch_arrived ON fetch (source_id, id) WHERE arrived > 0;

-- `alarm_open` answers for all that it was asked.
DROP INDEX alarm_source;
CREATE INDEX alarm_ended ON alarm (ended) WHERE ended IS NOT NULL;
