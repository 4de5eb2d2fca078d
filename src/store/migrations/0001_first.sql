-- Instants are milliseconds since 1970-01-01T00:00:00Z. Days are 'YYYY-MM-DD'. Absent text is '' unless NULL says
-- something that '' cannot. Ids that leave the process (addresses, feeds, Message-IDs) are never used again.

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of each source: when to ask again, and how it fares.
CREATE TABLE source (
  id              TEXT    NOT NULL PRIMARY KEY,
  url             TEXT    NOT NULL,            -- the configured address that the validators stand for
  etag            TEXT,                        -- as received
  last_modified   TEXT,                        -- as received
  next_check_at   INTEGER NOT NULL,
  last_fetch_at   INTEGER,
  last_success_at INTEGER,                     -- a page was read, or 304
  last_new_at     INTEGER,                     -- a new notice came
  read_since      INTEGER,                     -- entries of this address were read for the first time
  state           TEXT    NOT NULL CHECK (state IN ('new','ok','unmodified','empty','not_a_feed','failing','blocked','gone')),
  since           INTEGER NOT NULL,            -- when it came into that state
  failures        INTEGER NOT NULL,            -- in a row
  detail          TEXT    NOT NULL,            -- the cause, for operators
  moved_to        TEXT                         -- where a permanent redirect points
) STRICT, WITHOUT ROWID;
CREATE INDEX source_due ON source (next_check_at, id);

-- Hosts that asked to be left alone (Retry-After).
CREATE TABLE host (
  name       TEXT    NOT NULL PRIMARY KEY,
  held_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fetch (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  source_id TEXT    NOT NULL REFERENCES source (id),
  at        INTEGER NOT NULL,
  outcome   TEXT    NOT NULL,                  -- the source's state after it
  status    INTEGER,                           -- HTTP status, where one came
  bytes     INTEGER NOT NULL,                  -- after decompression
  millis    INTEGER NOT NULL,
  drafts    INTEGER NOT NULL,
  new       INTEGER NOT NULL,
  revised   INTEGER NOT NULL,
  detail    TEXT    NOT NULL
) STRICT;
CREATE INDEX fetch_source ON fetch (source_id, id);

CREATE TABLE problem (
  fetch_id INTEGER NOT NULL REFERENCES fetch (id),
  position INTEGER NOT NULL,
  kind     TEXT    NOT NULL,
  place    TEXT    NOT NULL,
  message  TEXT    NOT NULL,
  PRIMARY KEY (fetch_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE story (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  lead_id    INTEGER NOT NULL,                 -- a notice; 0 only inside the transaction that makes both
  section    TEXT    NOT NULL,
  nature     TEXT    NOT NULL,
  severity   TEXT    NOT NULL,
  review     TEXT    NOT NULL CHECK (review IN ('pending','approved','rejected','archived')),
  first_seen INTEGER NOT NULL,
  updated    INTEGER NOT NULL
) STRICT;
CREATE INDEX story_review ON story (review, id);
CREATE INDEX story_section ON story (section, review, id);
CREATE INDEX story_nature ON story (nature, review, id);

CREATE TABLE review (
  id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  story_id INTEGER NOT NULL REFERENCES story (id),
  decision TEXT    NOT NULL,
  by       TEXT    NOT NULL,                   -- 'automatic', or the editor
  at       INTEGER NOT NULL,
  because  TEXT    NOT NULL
) STRICT;
CREATE INDEX review_story ON review (story_id, id);

CREATE TABLE notice (
  id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  source_id    TEXT    NOT NULL REFERENCES source (id),  -- the one that brought it first
  story_id     INTEGER NOT NULL REFERENCES story (id),
  reference    TEXT,
  guid         TEXT,
  url          TEXT,
  title        TEXT    NOT NULL,
  summary      TEXT    NOT NULL,
  content      TEXT    NOT NULL,               -- sanitised HTML
  text         TEXT    NOT NULL,               -- plain
  language     TEXT    NOT NULL,
  published_at INTEGER,
  precision    TEXT,                           -- of published_at: day, minute, second
  first_seen   INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  fingerprint  TEXT    NOT NULL,               -- of title and text in normal form
  section      TEXT    NOT NULL,
  nature       TEXT    NOT NULL,
  severity     TEXT    NOT NULL,
  shelved      TEXT    NOT NULL                -- the rules that decided, one a line
) STRICT;
CREATE INDEX notice_story ON notice (story_id, id);
CREATE INDEX notice_source ON notice (source_id, id);
CREATE INDEX notice_fingerprint ON notice (fingerprint, id);

-- By which keys a document is known again. The first notice to claim a key keeps it.
CREATE TABLE identity (
  key       TEXT    NOT NULL PRIMARY KEY,
  notice_id INTEGER NOT NULL REFERENCES notice (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_notice ON identity (notice_id);

-- Which sources list a document, and in which state each of them showed it last.
CREATE TABLE sighting (
  notice_id   INTEGER NOT NULL REFERENCES notice (id),
  source_id   TEXT    NOT NULL,
  url         TEXT,
  fingerprint TEXT    NOT NULL,
  first_seen  INTEGER NOT NULL,
  PRIMARY KEY (notice_id, source_id)
) STRICT, WITHOUT ROWID;

-- A former state of a notice, as it stood until `until`.
CREATE TABLE revision (
  notice_id INTEGER NOT NULL REFERENCES notice (id),
  number    INTEGER NOT NULL,
  title     TEXT    NOT NULL,
  summary   TEXT    NOT NULL,
  content   TEXT    NOT NULL,
  text      TEXT    NOT NULL,
  until     INTEGER NOT NULL,
  PRIMARY KEY (notice_id, number)
) STRICT, WITHOUT ROWID;

-- What was decided of each draft that was not simply unchanged, and why.
CREATE TABLE decision (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  notice_id INTEGER NOT NULL REFERENCES notice (id),
  source_id TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  verdict   TEXT    NOT NULL CHECK (verdict IN ('new','same','revision','copy','joins')),
  because   TEXT    NOT NULL                   -- in French, for editors
) STRICT;
CREATE INDEX decision_notice ON decision (notice_id, id);

-- Approved stories that a cadence has not carried yet: its cursor.
CREATE TABLE waiting (
  cadence  TEXT    NOT NULL,
  story_id INTEGER NOT NULL REFERENCES story (id),
  since    INTEGER NOT NULL,
  PRIMARY KEY (cadence, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_story ON waiting (story_id);

CREATE TABLE bulletin (
  id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  cadence TEXT    NOT NULL,
  slot    INTEGER NOT NULL,                    -- the instant it fell due, or was asked for by hand
  date    TEXT    NOT NULL,                    -- the day it bears
  frozen  INTEGER NOT NULL,
  stories INTEGER NOT NULL,                    -- 0: nothing to say, nothing sent
  number  INTEGER NOT NULL,                    -- 1 for the first of its cadence that bears this day
  UNIQUE (cadence, slot)
) STRICT;
CREATE INDEX bulletin_date ON bulletin (cadence, date);

CREATE TABLE bulletin_story (
  bulletin_id INTEGER NOT NULL REFERENCES bulletin (id),
  position    INTEGER NOT NULL,
  story_id    INTEGER NOT NULL REFERENCES story (id),
  item        TEXT    NOT NULL,                -- JSON: the words in which it was frozen
  PRIMARY KEY (bulletin_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulletin_story_story ON bulletin_story (story_id);

CREATE TABLE subscriber (
  id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  address        TEXT    NOT NULL,             -- as given
  folded         TEXT    NOT NULL UNIQUE,      -- in lower case: one person, one row
  state          TEXT    NOT NULL CHECK (state IN ('active','left')),
  cadence        TEXT    NOT NULL,
  sections       TEXT    NOT NULL,             -- separated by spaces; '' is all
  natures        TEXT    NOT NULL,             -- separated by spaces; '' is all
  least_severity TEXT    NOT NULL,
  consent_what   TEXT    NOT NULL CHECK (consent_what <> ''),
  consent_when   INTEGER NOT NULL,
  consent_how    TEXT    NOT NULL CHECK (consent_how <> ''),
  added          INTEGER NOT NULL,
  left_at        INTEGER                       -- when the person last asked to be left alone
) STRICT;
CREATE INDEX subscriber_cadence ON subscriber (cadence, state, id);

-- Every consent that was ever given, the latest of which stands in `subscriber` too. Nothing here is ever changed.
CREATE TABLE consent (
  id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  what          TEXT    NOT NULL,
  given         INTEGER NOT NULL,
  how           TEXT    NOT NULL,
  recorded      INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_subscriber ON consent (subscriber_id, id);

CREATE TABLE suppression (
  folded TEXT    NOT NULL PRIMARY KEY,
  why    TEXT    NOT NULL,
  since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
  id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  bulletin_id   INTEGER NOT NULL REFERENCES bulletin (id),
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  message_id    TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued','claimed','at_data','sent','deferred','failed','ambiguous','cancelled')),
  attempts      INTEGER NOT NULL,
  due           INTEGER NOT NULL,              -- next try, or end of the lease of who works on it
  expires       INTEGER NOT NULL,              -- after that, a temporary refusal is final
  ended         INTEGER,
  UNIQUE (bulletin_id, subscriber_id)
) STRICT;
CREATE INDEX delivery_due ON delivery (state, due, id);
CREATE INDEX delivery_subscriber ON delivery (subscriber_id, id);

CREATE TABLE attempt (
  delivery_id INTEGER NOT NULL REFERENCES delivery (id),
  number      INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  state       TEXT    NOT NULL,                -- what it came to; at_data: broken off behind the final dot
  code        INTEGER NOT NULL,                -- SMTP reply code, 0 when none came
  enhanced    TEXT    NOT NULL,                -- RFC 3463
  text        TEXT    NOT NULL,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
