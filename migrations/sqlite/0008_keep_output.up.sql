-- The end of what the program of an attempt wrote, at most 64 KiB of each stream; no row where it wrote
-- nothing. It is apart from the attempt, whose row is read in lists.
CREATE TABLE {inventory_output} (
    batch_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    standard_error TEXT NOT NULL,
    standard_output TEXT NOT NULL,
    PRIMARY KEY (batch_id, attempt)
) STRICT;
