-- What an attempt leaves for the next one at its batch, at most 8 KiB.
ALTER TABLE {inventory_output} ADD COLUMN note TEXT;
