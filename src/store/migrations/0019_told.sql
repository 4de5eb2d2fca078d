-- What a story is told of changes with it and with its notices: its version says that one of these did.

ALTER TABLE story ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER notice_came AFTER INSERT ON notice BEGIN
  UPDATE story SET version = version + 1 WHERE id = NEW.story_id;
END;
CREATE TRIGGER notice_changed AFTER UPDATE ON notice BEGIN
  UPDATE story SET version = version + 1 WHERE id = NEW.story_id OR id = OLD.story_id;
END;
CREATE TRIGGER notice_went AFTER DELETE ON notice BEGIN
  UPDATE story SET version = version + 1 WHERE id = OLD.story_id;
END;
