-- What each bulletin told of: the notices of its stories as they stood when it was frozen, wherever they are now.

CREATE TABLE bulletin_notice (
  notice_id   INTEGER NOT NULL REFERENCES notice (id),
  bulletin_id INTEGER NOT NULL REFERENCES bulletin (id),
  PRIMARY KEY (notice_id, bulletin_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulletin_notice_bulletin ON bulletin_notice (bulletin_id);

-- Of former bulletins: what has stood in the story since before it was frozen, and who spoke for one that was merged.
INSERT INTO bulletin_notice (notice_id, bulletin_id)
SELECT n.id, b.id
FROM bulletin_story s JOIN bulletin b ON b.id = s.bulletin_id JOIN notice n ON n.story_id = s.story_id
WHERE b.frozen >= coalesce(
  (SELECT max(d.at) FROM decision d WHERE d.notice_id = n.id AND d.verdict IN ('new', 'copy', 'joins')), n.first_seen)
UNION
SELECT n.id, b.id
FROM bulletin_story s JOIN bulletin b ON b.id = s.bulletin_id JOIN story m ON m.id = s.story_id
  JOIN notice n ON n.id = m.lead_id
WHERE b.frozen >= n.first_seen;
