-- The end of what the program of an attempt wrote, at most 64 KiB of each stream; no row where it wrote
-- nothing. It is apart from the attempt, whose row is read in lists.
CREATE TABLE {inventory_output} (
    batch_id bigint NOT NULL,
    attempt integer NOT NULL,
    standard_error text NOT NULL,
    standard_output text NOT NULL,
    PRIMARY KEY (batch_id, attempt)
);
