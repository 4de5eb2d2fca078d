-- Letters besides bulletins; who works on a delivery; by whom an attempt was answered.

-- Each run of a sender. What it records counts only while a delivery is still its own.
CREATE TABLE sender (
  epoch INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  place INTEGER NOT NULL UNIQUE,               -- the lock that it holds while it lives
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery_now (
  id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  bulletin_id   INTEGER REFERENCES bulletin (id),      -- none: it is a letter
  subscriber_id INTEGER REFERENCES subscriber (id),    -- none: a letter to somebody who is no subscriber
  letter        TEXT    NOT NULL,              -- which letter; '' for a bulletin
  address       TEXT    NOT NULL,              -- '' for the subscriber's own
  particulars   TEXT    NOT NULL,              -- JSON: what a letter says besides; '' for a bulletin
  message_id    TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued','claimed','at_data','sent','deferred','failed','ambiguous','cancelled')),
  attempts      INTEGER NOT NULL,
  due           INTEGER NOT NULL,              -- next try, or end of the lease of who works on it
  expires       INTEGER NOT NULL,              -- after that, a temporary refusal is final
  ended         INTEGER,
  sender        INTEGER NOT NULL,              -- the epoch of who works on it, or did last; 0 before that
  UNIQUE (bulletin_id, subscriber_id),
  CHECK ((bulletin_id IS NULL) = (letter <> '')),
  CHECK (subscriber_id IS NOT NULL OR address <> '')
) STRICT;

CREATE TABLE attempt_now (
  delivery_id INTEGER NOT NULL REFERENCES delivery_now (id),
  number      INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  state       TEXT    NOT NULL,                -- what it came to; at_data: broken off behind the final dot
  code        INTEGER NOT NULL,                -- SMTP reply code, 0 when none came
  enhanced    TEXT    NOT NULL,                -- RFC 3463
  text        TEXT    NOT NULL,
  host        TEXT    NOT NULL,                -- who answered; '' where nobody was asked
  operator    TEXT    NOT NULL,                -- who keeps the reader's mailbox, or the relay; '' where that is not known
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_now (id, bulletin_id, subscriber_id, letter, address, particulars, message_id, state, attempts, due,
                          expires, ended, sender)
  SELECT id, bulletin_id, subscriber_id, '', '', '', message_id, state, attempts, due, expires, ended, 0 FROM delivery;
INSERT INTO attempt_now (delivery_id, number, at, state, code, enhanced, text, host, operator)
  SELECT delivery_id, number, at, state, code, enhanced, text, '', '' FROM attempt;
DROP TABLE attempt;
DROP TABLE delivery;
ALTER TABLE delivery_now RENAME TO delivery;
ALTER TABLE attempt_now RENAME TO attempt;

CREATE INDEX delivery_due ON delivery (state, due, id);
CREATE INDEX delivery_subscriber ON delivery (subscriber_id, id);
CREATE INDEX delivery_message ON delivery (message_id);
CREATE INDEX attempt_at ON attempt (operator, at);

-- How an operator of mailboxes, or a relay, may be written to just now.
CREATE TABLE operator (
  id       TEXT    NOT NULL PRIMARY KEY,
  next     INTEGER NOT NULL,                   -- when the next message keeps to the rate (GCRA: theoretical arrival time)
  slowed   INTEGER,                            -- when it last complained that there was too much
  failures INTEGER NOT NULL,                   -- in a row, that were not one reader's
  closed   INTEGER,                            -- until when nothing is sent
  reply    TEXT    NOT NULL                    -- what it said last when it complained
) STRICT, WITHOUT ROWID;

-- Who takes the mail of a domain (RFC 5321 5.1).
CREATE TABLE exchanger (
  domain   TEXT    NOT NULL PRIMARY KEY,
  operator TEXT    NOT NULL,
  hosts    TEXT    NOT NULL,                   -- JSON: in order of preference
  until    INTEGER NOT NULL                    -- when it is to be asked again
) STRICT, WITHOUT ROWID;
