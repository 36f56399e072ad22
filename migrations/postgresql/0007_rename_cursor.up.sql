-- From here on an acquire leaves the run's row alone: the cursor is the later of what the row says and
-- the end of the run's last tile. Under the old name a program that knows only the row would hand ids out
-- again; it fails now, even one that is running.
ALTER TABLE {inventory_run} RENAME COLUMN cursor_id TO passed_id;
