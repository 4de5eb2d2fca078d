-- What the crawler remembers besides pages: where it stands in a list of files, what robots.txt says, what is still to be
-- read of a document, what the operator was told.

ALTER TABLE source ADD COLUMN read_up_to TEXT;                    -- the last file read, of a list of files
ALTER TABLE source ADD COLUMN moved_times INTEGER NOT NULL DEFAULT 0; -- runs in a row in which it redirected there for good
ALTER TABLE source ADD COLUMN page TEXT NOT NULL DEFAULT '';      -- the notices that its last page listed, by number

-- What robots.txt of an origin says (RFC 9309).
CREATE TABLE robots (
  origin     TEXT    NOT NULL PRIMARY KEY,
  asked_at   INTEGER NOT NULL,                 -- when it was asked for last
  status     INTEGER,                          -- of that answer; NULL: none came
  read_at    INTEGER,                          -- when `rules` were read; NULL: never
  rules      TEXT    NOT NULL                  -- what of it is for this crawler; '' when there is no such file
) STRICT, WITHOUT ROWID;

-- What is read of a document at an address of its own: its full text, or the details that a list leaves out.
CREATE TABLE detail (
  notice_id   INTEGER NOT NULL PRIMARY KEY REFERENCES notice (id),
  source_id   TEXT    NOT NULL REFERENCES source (id),
  url         TEXT    NOT NULL,
  nature      TEXT,                            -- that the list states
  categories  TEXT    NOT NULL,                -- that the list states, one a line
  state       TEXT    NOT NULL CHECK (state IN ('due','read','failed','reserved')),
  due         INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  fingerprint TEXT    NOT NULL,                -- of what was read last; '' before
  problem     TEXT    NOT NULL,                -- why it could not be read, for operators
  read_at     INTEGER
) STRICT;
CREATE INDEX detail_due ON detail (source_id, state, due);
CREATE INDEX detail_fingerprint ON detail (source_id, fingerprint);

-- What is wrong with a source in a way that somebody must look at, from its first sign to its end.
CREATE TABLE alarm (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  source_id  TEXT    NOT NULL REFERENCES source (id),
  kind       TEXT    NOT NULL,                 -- failing, gone, blocked, empty, silent, missed, same_page, moved
  since      INTEGER NOT NULL,
  detail     TEXT    NOT NULL,
  told       INTEGER,                          -- when the operator was told
  ended      INTEGER,
  told_ended INTEGER                           -- when the operator was told that it ended
) STRICT;
CREATE INDEX alarm_source ON alarm (source_id, ended);
