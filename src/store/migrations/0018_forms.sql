-- What forms of the site asked for: kept when they are answered, done right behind it, and then gone.

CREATE TABLE form (
  id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  folded TEXT    NOT NULL,                     -- the address that was given, in lower case
  asked  TEXT    NOT NULL,                     -- JSON: what for
  at     INTEGER NOT NULL
) STRICT;
CREATE INDEX form_folded ON form (folded);
