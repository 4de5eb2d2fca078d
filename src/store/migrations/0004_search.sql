-- Looking for words in all notices. The words come folded and without their endings (`normalise::terms`), and the
-- table keeps only where each stands: the text itself is in `notice`.

CREATE VIRTUAL TABLE search USING fts5 (
  title,                                       -- with the official reference
  text,
  content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- What comes in one transaction is merged in memory; later merges are small, and made by who writes.
INSERT INTO search (search, rank) VALUES ('hashsize', 4194304);
INSERT INTO search (search, rank) VALUES ('automerge', 8);

-- Notices whose words are not in `search` yet, or are no longer those.
CREATE TABLE search_pending (
  notice_id INTEGER NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO search_pending (notice_id) SELECT id FROM notice;
