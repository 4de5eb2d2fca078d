-- What presses goes before what can wait: alerts and most letters before digests.

ALTER TABLE delivery ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;   -- 1: before what is not
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (state, urgent, due, id);
UPDATE delivery SET urgent = 1
  WHERE state IN ('queued', 'claimed', 'at_data', 'deferred', 'ambiguous')
    AND (letter IN ('confirmation', 'welcome', 'goodbye') OR bulletin_id IN (SELECT id FROM bulletin WHERE cadence = 'alert'));
