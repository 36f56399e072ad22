ALTER TABLE {inventory_run}
    DROP COLUMN source_mark,
    DROP COLUMN source_witness,
    DROP COLUMN rewound_id,
    DROP COLUMN hold_reason;
