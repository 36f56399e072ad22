-- The time in which a batch's items lie: from a moment on until right before another one. NULL
-- where its run goes by no time.
ALTER TABLE {inventory} ADD COLUMN interval_from timestamptz;
ALTER TABLE {inventory} ADD COLUMN interval_to timestamptz;
