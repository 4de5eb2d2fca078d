-- What concerns local authorities, on which shelves a story stands, what editors decided of it, which notices are kept
-- apart or are perhaps one, and which vulnerabilities are exploited.

ALTER TABLE notice ADD COLUMN also TEXT NOT NULL DEFAULT '';              -- other sections that it stands in, separated by spaces
ALTER TABLE notice ADD COLUMN relevance INTEGER NOT NULL DEFAULT 0;       -- points that the rules give and take
ALTER TABLE notice ADD COLUMN relevance_because TEXT NOT NULL DEFAULT ''; -- one reason a line, in French
ALTER TABLE notice ADD COLUMN placed TEXT NOT NULL DEFAULT 'automatic' CHECK (placed IN ('automatic','editor')); -- in its story

ALTER TABLE story ADD COLUMN also TEXT NOT NULL DEFAULT '';               -- of its lead
ALTER TABLE story ADD COLUMN relevance INTEGER NOT NULL DEFAULT 0;        -- the greatest of its notices
ALTER TABLE story ADD COLUMN relevance_because TEXT NOT NULL DEFAULT '';  -- of that one
ALTER TABLE story ADD COLUMN title TEXT NOT NULL DEFAULT '';              -- an editor's; '': that of the lead
ALTER TABLE story ADD COLUMN edited TEXT NOT NULL DEFAULT '';             -- fields that are an editor's, separated by spaces
ALTER TABLE story ADD COLUMN merged_into INTEGER REFERENCES story (id);   -- the one that took its notices; it has none itself
CREATE INDEX story_merged ON story (merged_into) WHERE merged_into IS NOT NULL;

-- Every section that a story stands in, its own and the others: what a section's feed lists.
CREATE TABLE story_shelf (
  section  TEXT    NOT NULL,
  story_id INTEGER NOT NULL REFERENCES story (id),
  PRIMARY KEY (section, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX story_shelf_story ON story_shelf (story_id);
INSERT INTO story_shelf (section, story_id) SELECT section, id FROM story;
DROP INDEX story_section;

-- Two notices that no program puts into one story. `a` is the smaller number.
CREATE TABLE apart (
  a  INTEGER NOT NULL REFERENCES notice (id),
  b  INTEGER NOT NULL REFERENCES notice (id),
  by TEXT    NOT NULL,                         -- 'automatic', or the editor
  at INTEGER NOT NULL,
  PRIMARY KEY (a, b),
  CHECK (a < b)
) STRICT, WITHOUT ROWID;
CREATE INDEX apart_b ON apart (b);

-- Two notices that are perhaps one document, or tell perhaps of one event: for an editor to decide.
CREATE TABLE suspicion (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  notice_id INTEGER NOT NULL REFERENCES notice (id), -- the later one
  other_id  INTEGER NOT NULL REFERENCES notice (id),
  kind      TEXT    NOT NULL CHECK (kind IN ('copy','event')),
  because   TEXT    NOT NULL,                  -- in French, for editors
  at        INTEGER NOT NULL,
  settled   INTEGER,                           -- when they came into one story, or were told apart
  UNIQUE (notice_id, other_id, kind)
) STRICT;
CREATE INDEX suspicion_other ON suspicion (other_id);
CREATE INDEX suspicion_open ON suspicion (id) WHERE settled IS NULL;

-- Vulnerabilities that are exploited, as a source lists them.
CREATE TABLE exploited (
  cve       TEXT    NOT NULL PRIMARY KEY,
  since     INTEGER NOT NULL,                  -- when the source listed it, or it was first read there
  source_id TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Which warnings and advisories name a vulnerability.
CREATE TABLE notice_cve (
  cve       TEXT    NOT NULL,
  notice_id INTEGER NOT NULL REFERENCES notice (id),
  PRIMARY KEY (cve, notice_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_cve_notice ON notice_cve (notice_id);
