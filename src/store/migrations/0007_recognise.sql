-- What is compared of each notice, and how documents that repeat it, or tell of the same event, are found.

ALTER TABLE notice ADD COLUMN copy_of INTEGER; -- the one whose text it repeats, which itself repeats none

-- One row for each notice, as it was compared last.
CREATE TABLE likeness (
  notice_id INTEGER NOT NULL PRIMARY KEY REFERENCES notice (id),
  copy_of   INTEGER NOT NULL,                  -- the notice that its group of copies began with; itself
  source_id TEXT    NOT NULL,
  at        INTEGER NOT NULL,                  -- published, or else first seen
  passages  INTEGER NOT NULL,                  -- different runs of three words
  sample    BLOB    NOT NULL,                  -- hashes of some of them, ascending; 8 octets each, little-endian
  marks     TEXT    NOT NULL,                  -- JSON: identifiers, versions, dates, words of the title
  language  TEXT    NOT NULL,                  -- primary subtag
  title     TEXT    NOT NULL,                  -- words without endings, separated by spaces
  names     TEXT    NOT NULL,                  -- proper names and numbers, separated by spaces
  vector    BLOB    NOT NULL                   -- words with weights: hash, 8 octets, and 1/65536, 4 octets, little-endian
) STRICT;
CREATE INDEX likeness_group ON likeness (copy_of, notice_id);
CREATE INDEX likeness_at ON likeness (at);

-- Notices that were stored without being compared: those of before this step, and what could not be.
CREATE TABLE likeness_pending (
  notice_id INTEGER NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO likeness_pending (notice_id) SELECT id FROM notice;

-- In how many documents a passage, a word, a name, a version stands, and which were the last ones. Key 0 counts them all.
CREATE TABLE posting (
  key     INTEGER NOT NULL PRIMARY KEY,        -- hash
  count   INTEGER NOT NULL,
  day     INTEGER NOT NULL,                    -- since 1970: of the last one
  notices BLOB    NOT NULL                     -- number, 8 octets, and day, 4 octets, little-endian; oldest first
) STRICT;

-- Runs of words that a source says in all of its documents, such as menus.
CREATE TABLE refrain (
  source_id TEXT NOT NULL PRIMARY KEY,
  runs      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
