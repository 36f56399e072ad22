package import TrancheSQL

/// The migrations of an inventory in PostgreSQL.
package let postgreSQLMigrations = MigrationSet(
    migrations: [
        Migration(
            version: 1,
            name: "create_inventory",
            up: PackageResources._001_create_inventory_up_sql,
            down: PackageResources._001_create_inventory_down_sql
        ),
        Migration(
            version: 2,
            name: "create_run",
            up: PackageResources._002_create_run_up_sql,
            down: PackageResources._002_create_run_down_sql
        ),
        Migration(
            version: 3,
            name: "watch_gaps",
            up: PackageResources._003_watch_gaps_up_sql,
            down: PackageResources._003_watch_gaps_down_sql
        ),
        Migration(
            version: 4,
            name: "number_completions",
            up: PackageResources._004_number_completions_up_sql,
            down: PackageResources._004_number_completions_down_sql
        ),
        Migration(
            version: 5,
            name: "create_archive",
            up: PackageResources._005_create_archive_up_sql,
            down: PackageResources._005_create_archive_down_sql
        ),
        Migration(
            version: 6,
            name: "identify_source",
            up: PackageResources._006_identify_source_up_sql,
            down: PackageResources._006_identify_source_down_sql
        ),
        Migration(
            version: 7,
            name: "rename_cursor",
            up: PackageResources._007_rename_cursor_up_sql,
            down: PackageResources._007_rename_cursor_down_sql
        ),
        Migration(
            version: 8,
            name: "keep_output",
            up: PackageResources._008_keep_output_up_sql,
            down: PackageResources._008_keep_output_down_sql
        ),
        Migration(
            version: 9,
            name: "create_budget",
            up: PackageResources._009_create_budget_up_sql,
            down: PackageResources._009_create_budget_down_sql
        ),
        Migration(
            version: 10,
            name: "cancel_runs",
            up: PackageResources._010_cancel_runs_up_sql,
            down: PackageResources._010_cancel_runs_down_sql
        ),
        Migration(
            version: 11,
            name: "create_page",
            up: PackageResources._011_create_page_up_sql,
            down: PackageResources._011_create_page_down_sql
        ),
        Migration(
            version: 12,
            name: "count_deferrals",
            up: PackageResources._012_count_deferrals_up_sql,
            down: PackageResources._012_count_deferrals_down_sql
        ),
        Migration(
            version: 13,
            name: "find_stuck",
            up: PackageResources._013_find_stuck_up_sql,
            down: PackageResources._013_find_stuck_down_sql
        ),
        Migration(
            version: 14,
            name: "create_workflow",
            up: PackageResources._014_create_workflow_up_sql,
            down: PackageResources._014_create_workflow_down_sql
        ),
        Migration(
            version: 15,
            name: "add_target_weight",
            up: PackageResources._015_add_target_weight_up_sql,
            down: PackageResources._015_add_target_weight_down_sql
        ),
        Migration(
            version: 16,
            name: "share_budget",
            up: PackageResources._016_share_budget_up_sql,
            down: PackageResources._016_share_budget_down_sql
        ),
        Migration(
            version: 17,
            name: "create_probe",
            up: PackageResources._017_create_probe_up_sql,
            down: PackageResources._017_create_probe_down_sql
        ),
        Migration(
            version: 18,
            name: "bound_budget",
            up: PackageResources._018_bound_budget_up_sql,
            down: PackageResources._018_bound_budget_down_sql
        ),
        Migration(
            version: 19,
            name: "begin_batches",
            up: PackageResources._019_begin_batches_up_sql,
            down: PackageResources._019_begin_batches_down_sql
        ),
        Migration(
            version: 20,
            name: "limit_keys",
            up: PackageResources._020_limit_keys_up_sql,
            down: PackageResources._020_limit_keys_down_sql
        ),
        Migration(
            version: 21,
            name: "create_event",
            up: PackageResources._021_create_event_up_sql,
            down: PackageResources._021_create_event_down_sql
        ),
        Migration(
            version: 22,
            name: "find_failed",
            up: PackageResources._022_find_failed_up_sql,
            down: PackageResources._022_find_failed_down_sql
        ),
        Migration(
            version: 23,
            name: "create_pipeline",
            up: PackageResources._023_create_pipeline_up_sql,
            down: PackageResources._023_create_pipeline_down_sql
        ),
        Migration(
            version: 24,
            name: "tally_runs",
            up: PackageResources._024_tally_runs_up_sql,
            down: PackageResources._024_tally_runs_down_sql
        ),
        Migration(
            version: 25,
            name: "keep_note",
            up: PackageResources._025_keep_note_up_sql,
            down: PackageResources._025_keep_note_down_sql
        ),
        Migration(
            version: 26,
            name: "let_through",
            up: PackageResources._026_let_through_up_sql,
            down: PackageResources._026_let_through_down_sql
        ),
        Migration(
            version: 27,
            name: "keep_interval",
            up: PackageResources._027_keep_interval_up_sql,
            down: PackageResources._027_keep_interval_down_sql
        ),
        Migration(
            version: 28,
            name: "number_uids",
            up: PackageResources._028_number_uids_up_sql,
            down: PackageResources._028_number_uids_down_sql
        ),
        Migration(
            version: 29,
            name: "record_worker",
            up: PackageResources._029_record_worker_up_sql,
            down: PackageResources._029_record_worker_down_sql
        ),
        Migration(
            version: 30,
            name: "keep_timeline",
            up: PackageResources._030_keep_timeline_up_sql,
            down: PackageResources._030_keep_timeline_down_sql
        ),
    ],
    adoption: PackageResources.adopt_pybatchintory_sql
)
