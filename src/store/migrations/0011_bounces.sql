-- What came back, what is held against an address, and why one is not written to.

-- Each report of ours once, from whatever place it was read, and however often.
CREATE TABLE report (
  id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  digest        TEXT    NOT NULL UNIQUE,       -- SHA-256 of the mail as its writer left it, hexadecimal
  delivery_id   INTEGER,                       -- the message that it is about; none: a request to leave
  subscriber_id INTEGER,                       -- none: that message was to somebody who is no subscriber
  kind          TEXT    NOT NULL CHECK (kind IN ('failure','delay','success','complaint','notice','leave')),
  at            INTEGER NOT NULL,              -- when it was taken in
  action        TEXT    NOT NULL,              -- RFC 3464; of a complaint its Feedback-Type (RFC 5965); '' for a leave
  code          INTEGER NOT NULL,              -- SMTP reply code, 0 when none is told
  status        TEXT    NOT NULL,              -- RFC 3463
  diagnostic    TEXT    NOT NULL,              -- in the words of the server
  host          TEXT    NOT NULL,              -- the server that said so, or that reports it
  blames        TEXT    NOT NULL               -- a fault of the reader's, 'policy', 'ours' or ''
) STRICT;
CREATE INDEX report_delivery ON report (delivery_id, id);
CREATE INDEX report_at ON report (at);

-- Messages that an address did not take by its own fault: one a delivery, whatever its tries and reports say.
CREATE TABLE strike (
  delivery_id INTEGER NOT NULL PRIMARY KEY,
  folded      TEXT    NOT NULL,                -- the address in lower case
  fault       TEXT    NOT NULL CHECK (fault IN ('unknown','domain','disabled','full','refused')),
  at          INTEGER NOT NULL                 -- when the message was sent, not when a report of it came
) STRICT, WITHOUT ROWID;
CREATE INDEX strike_folded ON strike (folded, at);
CREATE INDEX strike_at ON strike (at);

-- What leads there: 'person' by hand, 'complaint', or a fault as above. Until now all was by hand.
ALTER TABLE suppression ADD COLUMN ground TEXT NOT NULL DEFAULT 'person';
ALTER TABLE suppression ADD COLUMN delivery_id INTEGER;       -- the message whose refusal was enough
ALTER TABLE suppression ADD COLUMN report_id INTEGER;         -- the report that told of it; none: it was refused at the door

-- Suppressions that a person lifted. Nothing here is ever changed, but for the person's erasure.
CREATE TABLE lifted (
  id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  folded  TEXT    NOT NULL,
  ground  TEXT    NOT NULL,
  why     TEXT    NOT NULL,                    -- of the suppression
  since   INTEGER NOT NULL,
  lifted  INTEGER NOT NULL,
  because TEXT    NOT NULL                     -- of its end
) STRICT;
CREATE INDEX lifted_folded ON lifted (folded, id);

-- People of whom nothing else is kept: who left, and who must not be written to.
CREATE TABLE erased (
  hash   TEXT    NOT NULL PRIMARY KEY,         -- HMAC-SHA256 of the address in lower case, hexadecimal
  ground TEXT    NOT NULL,                     -- of a suppression; '' for one who only left
  since  INTEGER NOT NULL                      -- no consent from before it counts
) STRICT, WITHOUT ROWID;

-- Letters to an address of its own.
CREATE INDEX delivery_address ON delivery (lower(address)) WHERE address <> '';
