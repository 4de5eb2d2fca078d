-- A reader may ask for nothing until a day.

ALTER TABLE subscriber ADD COLUMN paused_until INTEGER NOT NULL DEFAULT 0;   -- the end of the pause; 0: none
