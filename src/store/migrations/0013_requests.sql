-- Who wishes to become a subscriber, until it is confirmed or forgotten; and what was written to whom about it.

CREATE TABLE request (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  address   TEXT    NOT NULL,                  -- as given
  folded    TEXT    NOT NULL,                  -- in lower case
  wishes    TEXT    NOT NULL,                  -- JSON: cadence, sections and so on, as stated
  shown     TEXT    NOT NULL CHECK (shown <> ''),  -- the words that are agreed to, as shown
  version   TEXT    NOT NULL,                  -- of those words
  how       TEXT    NOT NULL CHECK (how <> ''),    -- by which means it was asked
  asked     INTEGER NOT NULL,
  expires   INTEGER NOT NULL,                  -- after that, its link is refused
  token     TEXT    NOT NULL,                  -- SHA-256 of the token of its link
  confirmed INTEGER NOT NULL,                  -- when; 0 before that. What is confirmed is kept as the proof
  subscriber_id INTEGER REFERENCES subscriber (id)   -- what became of it; none before that
) STRICT;
CREATE INDEX request_folded ON request (folded, id);
CREATE INDEX request_open ON request (confirmed, expires);
CREATE INDEX request_subscriber ON request (subscriber_id);

-- When a letter was last written to a subscriber.
CREATE TABLE letter (
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  kind          TEXT    NOT NULL,
  at            INTEGER NOT NULL,
  until         INTEGER NOT NULL,              -- of a renewal: by when an answer is waited for; 0 when none is
  PRIMARY KEY (subscriber_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_until ON letter (kind, until);
