-- Why a domain takes no mail; how operators of mailboxes took it of late; where an address finds what was sent to it.

-- '' where it takes mail; else no_name, no_record, null_mx (RFC 7505), or later when nobody could say.
ALTER TABLE exchanger ADD COLUMN failure TEXT NOT NULL DEFAULT '';

-- How many messages an operator took and refused on one day, as far as it and we were concerned: its habit.
CREATE TABLE weather (
  operator TEXT    NOT NULL,
  day      INTEGER NOT NULL,                   -- when it began, in UTC
  taken    INTEGER NOT NULL,
  refused  INTEGER NOT NULL,                   -- not for a reader's sake
  PRIMARY KEY (operator, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX weather_day ON weather (day, operator);

-- An operator that refuses, from its first refusal to the word that it is over.
CREATE TABLE storm (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  operator   TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('slow','refusing')),
  since      INTEGER NOT NULL,
  refused    INTEGER NOT NULL,                 -- as it stood when it was last looked at
  tried      INTEGER NOT NULL,
  reply      TEXT    NOT NULL,                 -- what it said most
  ended      INTEGER,
  told       INTEGER,                          -- when who runs Vigie was told
  told_ended INTEGER                           -- when he was told that it is over
) STRICT;
CREATE INDEX storm_open ON storm (operator) WHERE ended IS NULL;
CREATE INDEX storm_untold ON storm (id) WHERE told IS NULL;
CREATE INDEX storm_end_untold ON storm (id) WHERE ended IS NOT NULL AND told_ended IS NULL;

CREATE INDEX attempt_when ON attempt (at, operator);
CREATE INDEX IF NOT EXISTS delivery_address ON delivery (lower(address)) WHERE address <> '';
