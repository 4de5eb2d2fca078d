-- The site: stories of one source and of one severity, newest first; how often each story is read.

CREATE INDEX notice_source_story ON notice (source_id, story_id);
CREATE INDEX story_severity ON story (severity, review, id);

-- How often the page of a story was asked for on a day, by no matter whom.
CREATE TABLE reading (
  day      TEXT    NOT NULL,                   -- where the readers live: 2026-11-26
  story_id INTEGER NOT NULL REFERENCES story (id),
  times    INTEGER NOT NULL,
  PRIMARY KEY (day, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_story ON reading (story_id);
