-- Alerts at once: for what each reader wants one, and who got which.

ALTER TABLE subscriber ADD COLUMN alerts_from TEXT NOT NULL DEFAULT '';  -- the severity from which on; '': none alone is enough
ALTER TABLE subscriber ADD COLUMN alert_words TEXT NOT NULL DEFAULT '';  -- separated by ', '
CREATE INDEX subscriber_alerts ON subscriber (id) WHERE state = 'active' AND (alerts_from <> '' OR alert_words <> '');

-- Whether a story waits because it presses more than it did: then it may be an alert, however old it is.
ALTER TABLE waiting ADD COLUMN graver INTEGER NOT NULL DEFAULT 0 CHECK (graver IN (0, 1));

-- What each reader was alerted of: the part of an alert edition that is for this reader.
CREATE TABLE alerted (
  bulletin_id   INTEGER NOT NULL REFERENCES bulletin (id),
  subscriber_id INTEGER NOT NULL,              -- of the deliveries of that bulletin
  story_id      INTEGER NOT NULL REFERENCES story (id),
  news          TEXT    NOT NULL CHECK (news IN ('alert','update','end')),
  PRIMARY KEY (bulletin_id, subscriber_id, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerted_story ON alerted (story_id, subscriber_id);

-- What a reader had no room for in the mails of one day, and no bulletin brings.
CREATE TABLE alert_held (
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  story_id      INTEGER NOT NULL REFERENCES story (id),
  news          TEXT    NOT NULL CHECK (news IN ('alert','update','end')),
  due           INTEGER NOT NULL,              -- when there is room again
  PRIMARY KEY (subscriber_id, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_held_due ON alert_held (due);
CREATE INDEX alert_held_story ON alert_held (story_id);
