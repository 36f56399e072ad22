#compdef tranche
# Completions of tranche for zsh: put this as _tranche into a folder of $fpath.
_tranche() {
    local -a commands
    commands=(
        'migrate:Create, update or remove the tables of the inventory'
        'acquire:Hand out one batch'
        'succeed:Record that a batch is done'
        'fail:Record that a batch failed'
        'heartbeat:Extend the lease of a batch'
        'release:Give batches back unharmed'
        'work:Run a program for each batch of a job'
        'backfill:Run a program for each batch of a range of ids or times, under a run'\''s name'
        'load:Load the records of a file, validated, in batches, into a database or files'
        'register:Register the files of a folder or bucket in a table, as items of a job'
        'plan:Show the batches that would be handed out, without handing out any'
        'status:Show the runs, how far they are, and how much waits'
        'metrics:Print metrics of the runs, in the text format of Prometheus'
        'report:Write a page that shows the runs\: how far, how fast, what failed, who holds what'
        'serve:Serve the inventory over HTTP\: a page, REST, events and metrics'
        'batches:List batches, the newest first'
        'gaps:List ids that were passed over and may still be committed'
        'history:Show what happened to one item, and to the batches made from it'
        'logs:Show what a program wrote while it worked on a batch'
        'audit:Compare the ids that a run handed out with its source'
        'retry:Offer failed batches again, or others at once'
        'split:Split a failed batch into two batches that are offered at once'
        'redrive:Offer quarantined items again, as batches'
        'pause:Hand out no more batches of a run'
        'resume:Continue a run that was paused or cancelled'
        'cancel:Cancel a run, or one batch of it'
        'set:Change how much of a run workers hold at once, and its rank among other runs'
        'restore:Undo the last change of the parallelism of a run'
        'budget:Limit how much all runs of a budget hold at once'
        'probe:Hold back a budget or a run by a probe\: a query, a URL, a time of day'
        'changes:List who changed budgets and runs, when and why'
        'page:Name the page that follows a page of '\''pages\:NAME'\'', or list the pages'
        'workflow:Start a run that a file describes; watch and control it from anywhere'
        'run:Run the inputs, processes and links that a file describes'
        'apply:Apply the file of a pipeline under its name, and show what differs'
        'pipeline:Show which pipelines are applied, by whom and since when; remove one'
        'check:Check the file of a pipeline; report faults with line and column'
        'graph:Print the graph of a pipeline\: which process gets the events of which input'
        'schema:Print the JSON Schema of a pipeline'\''s file, for editors'
        'input:List the logs of inputs; record changes of PostgreSQL tables; run a schedule now'
        'reap:Stop and remove containers that lost workers have left on this host'
        'redefine:Change what was set when a run began'
        'compact:Pack old succeeded batches into the archive'
        'forget:Remove all records of a job, or of one run of it'
        'export:Write the inventory, or one job of it, as JSON Lines'
        'import:Import a file of '\''tranche export'\'', all or nothing'
        'completions:Print completions for a shell'
        'man:Write the manual pages into a folder'
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
        migrate)
            _arguments -S \
                ':what to do:(up down status)' \
                '--to[target version; with down, 0 removes the inventory]:N:' \
                '--dry-run[print the SQL and change nothing]' \
                '--yes[do not ask for confirmation\: with up, to leave old workers behind; with down, to remove rows]' \
                '*--bounded[bounds of the run that replaces the job]:JOB=20..80:' \
                '--zone[time zone of its times, such as Europe/Berlin (default\: the server'\''s)]:ZONE:' \
                '--lease[when rows left running are offered again (default\: 60s)]:TIME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        acquire)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[source of the items\: \[schema.\]TABLE or table\:NAME; inventory\:JOB, the succeeded batches of a job; csv\:PATH or jsonl\:PATH, the records of a file; gs\://BUCKET/NAME or s3\://BUCKET/NAME, the records of an object; mongodb\://HOST/DATABASE.COLLECTION, the documents of a collection; pages\:NAME, pages that each name the next one. A job that has begun remembers it and the options below]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--uid[id column (default\: uid). It holds integers or, in the inventory'\''s own database, unique uuids, texts or times, which Tranche numbers as it finds them. A search that finds none reads up to 131,072 of them, unless --settle-column has an index or the uids rise with time]:COLUMN:' \
                '--item[payload column (default\: item, if the table has it)]:COLUMN:' \
                '--weight-column[weight column (default\: weight, if the table has it)]:COLUMN:' \
                '--where[condition that items must meet; its answer for a row must never change; JSON for a collection]:SQL:' \
                '--volatile-filter[allow --where to call functions whose answer may change; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[column with the time when an item was created; with --settle-lag, only older items are handed out; Tranche finds new uids that are not integers by it]:COLUMN:' \
                '--key[column that separates batches\: a batch has items of one key only. Items of a key should be neighbours, otherwise batches are small]:COLUMN:' \
                '--time-column[column with the time of an item, for --by, and for times in --from and --to]:COLUMN:' \
                '--by[cut batches at full hours, days or months; TRANCHE_FROM and TRANCHE_TO have the interval of a batch]:hour|day|month:(hour day month)' \
                '--zone[time zone of --by, --from and --to, such as Europe/Berlin (default\: UTC)]:ZONE:' \
                '--time-as[how to read times that name no zone\: as times in UTC or in --zone, or as numbers since 1970]:utc|zone|seconds|milliseconds:(utc zone seconds milliseconds)' \
                '--upstream-run[with inventory\:JOB\: only the batches of this run, '\'''\'' for the open-ended run (default\: all runs)]:RUN:' \
                '--upstream-meta[table of the upstream job, if it has several]:TABLE:' \
                '--first[with pages\:NAME\: cursor of the first page; needed until the inventory knows it]:CURSOR:' \
                '--repeated[with pages\:NAME\: whether a cursor that another page already has is an error, or the end for now (default\: fails)]:fails|ends:(fails ends)' \
                '--run[name of a bounded run (default\: the open-ended run)]:RUN:' \
                '--from[lowest id of the run, or with --time-column its first time, such as 2026-01-31 or 2026-01-31T08\:00; needs --run]:ID|TIME:' \
                '--to[highest id of the run, or the time at which it ends, which is not part of it; needs --run]:ID|TIME:' \
                '--root-ids[with inventory\:JOB\: only batches that contain one of these ids of the first table; needs --run]:A..B:' \
                '--weight[maximum weight per batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[maximum number of items per batch. Without a limit the job continues with that of its newest batch; a new job has 1000 items per batch]:N|none:(none)' \
                '--target-time[how long a batch should take; replaces --weight, which then follows from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: minimum weight, also of the first batch (default\: 1)]:WEIGHT:' \
                '--most-weight[with --target-time\: maximum weight per batch]:WEIGHT:' \
                '--min-weight[minimum weight; smaller batches wait for --linger]:WEIGHT:' \
                '--linger[how long an undersized batch waits for more items]:TIME:' \
                '--job-identifier[your own label for the work, stored with the batch]:TEXT:' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--lease[how long a worker may hold a batch without a heartbeat (default\: 60s)]:TIME:' \
                '--max-attempts[failures after which a batch stays failed (default\: 3)]:N:' \
                '--backoff[wait after the first failure; each further failure doubles it (default\: 5s)]:TIME:' \
                '--backoff-limit[longest wait after a failure (default\: 5m)]:TIME:' \
                '--on-exhausted[what happens to the batch after --max-attempts\: it stays failed, or is split by weight until single bad items are left, which are quarantined (default\: fail)]:fail|split:(fail split)' \
                '--extended-retries[interval at which a batch that stays failed is tried again, without end\: when nothing else is left to do, and for one hand-out in ten (default\: none)]:TIME|none:(none)' \
                '--execution[at-most-once\: a batch on which work has begun is never handed out again automatically, however the work ended (default\: at-least-once)]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long to wait for an open transaction that writes to the table; rows that it commits later form late batches (default\: 60s)]:TIME:' \
                '--settle-lag[how long ids must be known before they are handed out (default\: 0)]:TIME:' \
                '--watch[how long to look for ids that were passed over (default\: 24h)]:TIME:' \
                '--parallelism[maximum number of batches at once; 0 hands out nothing]:N:' \
                '--per-key[maximum number of batches per key at once; for runs with --key]:N:' \
                '*--budget[budget that limits the run; with several, each must have room]:NAME:' \
                '--share[share of the run among the runs that wait for a budget (initially 1)]:N:' \
                '--priority[priority of the run under a budget; higher goes first (initially 0)]:N:' \
                '--request[your own token; the same token returns the same batch]:TOKEN:' \
                '--columns[add "row" to each item\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--exit-when-idle[exit status when there was nothing to do (default\: 3); Airflow skips a task at 99]:CODE:' \
                '--format[file format (default\: by its name). tsv\: with \\t, \\n and \\\\ and without quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY writes it]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[field delimiter of a CSV file, up to four bytes (default\: comma; or ; tab or | if the first 64 KiB use it)]:TEXT:' \
                '--quote[quote character (default\: "); '\'''\'' for none]:C:' \
                '--escape[escape character for quotes within quotes, such as \\; without quotes, for delimiters and line ends]:C:' \
                '*--null[unquoted text that means null, besides an empty field; separate several by commas]:TEXT:' \
                '--keep-empty[read an empty field as empty text, not as null]' \
                '--skip-lines[number of lines to skip at the beginning; 0 turns guessing off]:N:' \
                '--comment[skip lines that begin with TEXT, such as #]:TEXT:' \
                '--header[field names, if the file has none; with --skip-lines 1 they replace the names in the file]:A,B,…:' \
                '--header-lines[number of header records, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[accept records with more or fewer fields than the header]' \
                '--replace-invalid[replace invalid UTF-8 instead of rejecting the record]' \
                '--json-layout[where JSON records end\: at line feeds, or after each value of an array or of a sequence (default\: guessed)]:auto|lines|values:(auto lines values)' \
                '--json-nan[how to treat NaN and Infinity in JSON (default\: refuse)]:refuse|accept|null:(refuse accept null)' \
                '--encoding[character encoding, such as latin1, windows-1252 or shift_jis (default\: by the byte order mark, otherwise UTF-8)]:NAME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        succeed)
            _arguments -S \
                ':BATCH:' \
                '--attempt[attempt that holds it]:N:' \
                '--result[result of the batch; stored with it; - reads it from standard input, of at most 1 MiB]:JSON:' \
                '--logging[free text; stored with the batch]:TEXT:' \
                '--bad-ids[bad items, such as 5,9..12\: they are quarantined, and all the others are done]:IDS:' \
                '--bad[bad items with their errors, such as \[{"id"\: 5, "error"\: "no such day"}\]]:JSON:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        fail)
            _arguments -S \
                ':BATCH:' \
                '--attempt[attempt that holds it]:N:' \
                '--error[what went wrong; stored with the attempt; - reads it from standard input, of at most 1 MiB]:TEXT:' \
                '--transient[another attempt may help\: the failure says nothing about the items, and does not count towards splitting]' \
                '--bad-ids[bad items, such as 5,9..12\: they are quarantined, and all the others are a batch again at once]:IDS:' \
                '--bad[bad items with their errors, such as \[{"id"\: 5, "error"\: "no such day"}\]]:JSON:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        heartbeat)
            _arguments -S \
                ':BATCH:' \
                '--attempt[attempt that holds it]:N:' \
                '--note[note for the next attempt, which reads it as TRANCHE_NOTE; at most 8 KiB]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        release)
            _arguments -S \
                '::BATCH:' \
                '--attempt[with BATCH\: attempt that holds it]:N:' \
                '--for[offer it later, after 1s to 15m (default\: at once)]:TIME:' \
                '--park[with --for\: park this budget of the run for the same time]:BUDGET:' \
                '--reason[with --for\: reason, stored with the attempt; with --job\: reason, shown by '\''tranche changes'\'']:TEXT:' \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--since[only batches whose attempt began since\: 2h (ago), or 2026-11-28T08\:00]:TIME:' \
                '--until[only batches whose attempt began until then]:TIME:' \
                '--of-worker[only batches that this worker holds]:NAME:' \
                '--ids[only batches with one of these items, such as 5,9..12, or uids that are not integers; one that has a comma stands in double quotes]:IDS:' \
                '--dry-run[show the selection, and change nothing]' \
                '--yes[do not ask for confirmation]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        work)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[source of the items\: \[schema.\]TABLE or table\:NAME; inventory\:JOB, the succeeded batches of a job; csv\:PATH or jsonl\:PATH, the records of a file; gs\://BUCKET/NAME or s3\://BUCKET/NAME, the records of an object; mongodb\://HOST/DATABASE.COLLECTION, the documents of a collection; pages\:NAME, pages that each name the next one. A job that has begun remembers it and the options below]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--uid[id column (default\: uid). It holds integers or, in the inventory'\''s own database, unique uuids, texts or times, which Tranche numbers as it finds them. A search that finds none reads up to 131,072 of them, unless --settle-column has an index or the uids rise with time]:COLUMN:' \
                '--item[payload column (default\: item, if the table has it)]:COLUMN:' \
                '--weight-column[weight column (default\: weight, if the table has it)]:COLUMN:' \
                '--where[condition that items must meet; its answer for a row must never change; JSON for a collection]:SQL:' \
                '--volatile-filter[allow --where to call functions whose answer may change; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[column with the time when an item was created; with --settle-lag, only older items are handed out; Tranche finds new uids that are not integers by it]:COLUMN:' \
                '--key[column that separates batches\: a batch has items of one key only. Items of a key should be neighbours, otherwise batches are small]:COLUMN:' \
                '--time-column[column with the time of an item, for --by, and for times in --from and --to]:COLUMN:' \
                '--by[cut batches at full hours, days or months; TRANCHE_FROM and TRANCHE_TO have the interval of a batch]:hour|day|month:(hour day month)' \
                '--zone[time zone of --by, --from and --to, such as Europe/Berlin (default\: UTC)]:ZONE:' \
                '--time-as[how to read times that name no zone\: as times in UTC or in --zone, or as numbers since 1970]:utc|zone|seconds|milliseconds:(utc zone seconds milliseconds)' \
                '--upstream-run[with inventory\:JOB\: only the batches of this run, '\'''\'' for the open-ended run (default\: all runs)]:RUN:' \
                '--upstream-meta[table of the upstream job, if it has several]:TABLE:' \
                '--first[with pages\:NAME\: cursor of the first page; needed until the inventory knows it]:CURSOR:' \
                '--repeated[with pages\:NAME\: whether a cursor that another page already has is an error, or the end for now (default\: fails)]:fails|ends:(fails ends)' \
                '--run[name of a bounded run (default\: the open-ended run)]:RUN:' \
                '--from[lowest id of the run, or with --time-column its first time, such as 2026-01-31 or 2026-01-31T08\:00; needs --run]:ID|TIME:' \
                '--to[highest id of the run, or the time at which it ends, which is not part of it; needs --run]:ID|TIME:' \
                '--root-ids[with inventory\:JOB\: only batches that contain one of these ids of the first table; needs --run]:A..B:' \
                '--weight[maximum weight per batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[maximum number of items per batch. Without a limit the job continues with that of its newest batch; a new job has 1000 items per batch]:N|none:(none)' \
                '--target-time[how long a batch should take; replaces --weight, which then follows from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: minimum weight, also of the first batch (default\: 1)]:WEIGHT:' \
                '--most-weight[with --target-time\: maximum weight per batch]:WEIGHT:' \
                '--min-weight[minimum weight; smaller batches wait for --linger]:WEIGHT:' \
                '--linger[how long an undersized batch waits for more items]:TIME:' \
                '--job-identifier[your own label for the work, stored with the batch]:TEXT:' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--lease[how long a worker may hold a batch without a heartbeat (default\: 60s)]:TIME:' \
                '--max-attempts[failures after which a batch stays failed (default\: 3)]:N:' \
                '--backoff[wait after the first failure; each further failure doubles it (default\: 5s)]:TIME:' \
                '--backoff-limit[longest wait after a failure (default\: 5m)]:TIME:' \
                '--on-exhausted[what happens to the batch after --max-attempts\: it stays failed, or is split by weight until single bad items are left, which are quarantined (default\: fail)]:fail|split:(fail split)' \
                '--extended-retries[interval at which a batch that stays failed is tried again, without end\: when nothing else is left to do, and for one hand-out in ten (default\: none)]:TIME|none:(none)' \
                '--execution[at-most-once\: a batch on which work has begun is never handed out again automatically, however the work ended (default\: at-least-once)]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long to wait for an open transaction that writes to the table; rows that it commits later form late batches (default\: 60s)]:TIME:' \
                '--settle-lag[how long ids must be known before they are handed out (default\: 0)]:TIME:' \
                '--watch[how long to look for ids that were passed over (default\: 24h)]:TIME:' \
                '--parallelism[maximum number of batches at once; 0 hands out nothing]:N:' \
                '--per-key[maximum number of batches per key at once; for runs with --key]:N:' \
                '*--budget[budget that limits the run; with several, each must have room]:NAME:' \
                '--share[share of the run among the runs that wait for a budget (initially 1)]:N:' \
                '--priority[priority of the run under a budget; higher goes first (initially 0)]:N:' \
                '--columns[add "row" to each line\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--lines[pass only the payloads, as lines, instead of JSON]' \
                '--args[pass the payloads as arguments, as xargs does\: at the end, or in place of an argument {}, which implies --args]' \
                '--placeholder[argument that stands for the items instead of {}; '\'''\'' for none, and {} is passed on]:TEXT:' \
                '--persistent[one process per worker, which reads batch after batch and answers each with a line; for programs that start slowly]' \
                '--workers[number of programs at a time (default\: 1)]:N:' \
                '--prefetch[number of batches that each worker acquires ahead (default\: 0)]:K:' \
                '--grace[how long programs may continue after a stop signal (default\: 5s)]:TIME:' \
                '--timeout[maximum time of a program for a batch (default\: none)]:TIME:' \
                '--idle[maximum time without a line of output (default\: none)]:TIME:' \
                '*--param[parameter for the program, as TRANCHE_PARAM_NAME]:NAME=VALUE:' \
                '--exit-when-idle[exit status when there was nothing to do (default\: 0); Airflow skips a task at 99]:CODE:' \
                '--log[format of messages on standard error, each with time, level, job, batch and worker; quiet\: only warnings and errors]:json|text|quiet:(json text quiet)' \
                '--dry-run[show the next batch as CMD would get it (arguments, variables, first lines of standard input); nothing is acquired or written]' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--drain[end when the run is complete (the default)]' \
                '--follow[never end; wait for new items]' \
                '--format[file format (default\: by its name). tsv\: with \\t, \\n and \\\\ and without quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY writes it]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[field delimiter of a CSV file, up to four bytes (default\: comma; or ; tab or | if the first 64 KiB use it)]:TEXT:' \
                '--quote[quote character (default\: "); '\'''\'' for none]:C:' \
                '--escape[escape character for quotes within quotes, such as \\; without quotes, for delimiters and line ends]:C:' \
                '*--null[unquoted text that means null, besides an empty field; separate several by commas]:TEXT:' \
                '--keep-empty[read an empty field as empty text, not as null]' \
                '--skip-lines[number of lines to skip at the beginning; 0 turns guessing off]:N:' \
                '--comment[skip lines that begin with TEXT, such as #]:TEXT:' \
                '--header[field names, if the file has none; with --skip-lines 1 they replace the names in the file]:A,B,…:' \
                '--header-lines[number of header records, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[accept records with more or fewer fields than the header]' \
                '--replace-invalid[replace invalid UTF-8 instead of rejecting the record]' \
                '--json-layout[where JSON records end\: at line feeds, or after each value of an array or of a sequence (default\: guessed)]:auto|lines|values:(auto lines values)' \
                '--json-nan[how to treat NaN and Infinity in JSON (default\: refuse)]:refuse|accept|null:(refuse accept null)' \
                '--encoding[character encoding, such as latin1, windows-1252 or shift_jis (default\: by the byte order mark, otherwise UTF-8)]:NAME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' \
                '*:::program: _normal' ;;
        backfill)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[source of the items\: \[schema.\]TABLE or table\:NAME; inventory\:JOB, the succeeded batches of a job; csv\:PATH or jsonl\:PATH, the records of a file; gs\://BUCKET/NAME or s3\://BUCKET/NAME, the records of an object; mongodb\://HOST/DATABASE.COLLECTION, the documents of a collection; pages\:NAME, pages that each name the next one. A job that has begun remembers it and the options below]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--uid[id column (default\: uid). It holds integers or, in the inventory'\''s own database, unique uuids, texts or times, which Tranche numbers as it finds them. A search that finds none reads up to 131,072 of them, unless --settle-column has an index or the uids rise with time]:COLUMN:' \
                '--item[payload column (default\: item, if the table has it)]:COLUMN:' \
                '--weight-column[weight column (default\: weight, if the table has it)]:COLUMN:' \
                '--where[condition that items must meet; its answer for a row must never change; JSON for a collection]:SQL:' \
                '--volatile-filter[allow --where to call functions whose answer may change; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[column with the time when an item was created; with --settle-lag, only older items are handed out; Tranche finds new uids that are not integers by it]:COLUMN:' \
                '--key[column that separates batches\: a batch has items of one key only. Items of a key should be neighbours, otherwise batches are small]:COLUMN:' \
                '--time-column[column with the time of an item, for --by, and for times in --from and --to]:COLUMN:' \
                '--by[cut batches at full hours, days or months; TRANCHE_FROM and TRANCHE_TO have the interval of a batch]:hour|day|month:(hour day month)' \
                '--zone[time zone of --by, --from and --to, such as Europe/Berlin (default\: UTC)]:ZONE:' \
                '--time-as[how to read times that name no zone\: as times in UTC or in --zone, or as numbers since 1970]:utc|zone|seconds|milliseconds:(utc zone seconds milliseconds)' \
                '--upstream-run[with inventory\:JOB\: only the batches of this run, '\'''\'' for the open-ended run (default\: all runs)]:RUN:' \
                '--upstream-meta[table of the upstream job, if it has several]:TABLE:' \
                '--first[with pages\:NAME\: cursor of the first page; needed until the inventory knows it]:CURSOR:' \
                '--repeated[with pages\:NAME\: whether a cursor that another page already has is an error, or the end for now (default\: fails)]:fails|ends:(fails ends)' \
                '--run[name of a bounded run]:RUN:' \
                '--from[lowest id of the run, or with --time-column its first time, such as 2026-01-31 or 2026-01-31T08\:00]:ID|TIME:' \
                '--to[highest id of the run, or the time at which it ends, which is not part of it]:ID|TIME:' \
                '--root-ids[with inventory\:JOB\: only batches that contain one of these ids of the first table; needs --run]:A..B:' \
                '--weight[maximum weight per batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[maximum number of items per batch. Without a limit the job continues with that of its newest batch; a new job has 1000 items per batch]:N|none:(none)' \
                '--target-time[how long a batch should take; replaces --weight, which then follows from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: minimum weight, also of the first batch (default\: 1)]:WEIGHT:' \
                '--most-weight[with --target-time\: maximum weight per batch]:WEIGHT:' \
                '--min-weight[minimum weight; smaller batches wait for --linger]:WEIGHT:' \
                '--linger[how long an undersized batch waits for more items]:TIME:' \
                '--job-identifier[your own label for the work, stored with the batch]:TEXT:' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--lease[how long a worker may hold a batch without a heartbeat (default\: 60s)]:TIME:' \
                '--max-attempts[failures after which a batch stays failed (default\: 3)]:N:' \
                '--backoff[wait after the first failure; each further failure doubles it (default\: 5s)]:TIME:' \
                '--backoff-limit[longest wait after a failure (default\: 5m)]:TIME:' \
                '--on-exhausted[what happens to the batch after --max-attempts\: it stays failed, or is split by weight until single bad items are left, which are quarantined (default\: fail)]:fail|split:(fail split)' \
                '--extended-retries[interval at which a batch that stays failed is tried again, without end\: when nothing else is left to do, and for one hand-out in ten (default\: none)]:TIME|none:(none)' \
                '--execution[at-most-once\: a batch on which work has begun is never handed out again automatically, however the work ended (default\: at-least-once)]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long to wait for an open transaction that writes to the table; rows that it commits later form late batches (default\: 60s)]:TIME:' \
                '--settle-lag[how long ids must be known before they are handed out (default\: 0)]:TIME:' \
                '--watch[how long to look for ids that were passed over (default\: 24h)]:TIME:' \
                '--parallelism[maximum number of batches at once; 0 hands out nothing]:N:' \
                '--per-key[maximum number of batches per key at once; for runs with --key]:N:' \
                '*--budget[budget that limits the run; with several, each must have room]:NAME:' \
                '--share[share of the run among the runs that wait for a budget (initially 1)]:N:' \
                '--priority[priority of the run under a budget; higher goes first (initially 0)]:N:' \
                '--columns[add "row" to each line\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--lines[pass only the payloads, as lines, instead of JSON]' \
                '--args[pass the payloads as arguments, as xargs does\: at the end, or in place of an argument {}, which implies --args]' \
                '--placeholder[argument that stands for the items instead of {}; '\'''\'' for none, and {} is passed on]:TEXT:' \
                '--persistent[one process per worker, which reads batch after batch and answers each with a line; for programs that start slowly]' \
                '--workers[number of programs at a time (default\: 1)]:N:' \
                '--prefetch[number of batches that each worker acquires ahead (default\: 0)]:K:' \
                '--grace[how long programs may continue after a stop signal (default\: 5s)]:TIME:' \
                '--timeout[maximum time of a program for a batch (default\: none)]:TIME:' \
                '--idle[maximum time without a line of output (default\: none)]:TIME:' \
                '*--param[parameter for the program, as TRANCHE_PARAM_NAME]:NAME=VALUE:' \
                '--exit-when-idle[exit status when there was nothing to do (default\: 0); Airflow skips a task at 99]:CODE:' \
                '--log[format of messages on standard error, each with time, level, job, batch and worker; quiet\: only warnings and errors]:json|text|quiet:(json text quiet)' \
                '--dry-run[show the next batch as CMD would get it (arguments, variables, first lines of standard input); nothing is acquired or written]' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--format[file format (default\: by its name). tsv\: with \\t, \\n and \\\\ and without quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY writes it]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[field delimiter of a CSV file, up to four bytes (default\: comma; or ; tab or | if the first 64 KiB use it)]:TEXT:' \
                '--quote[quote character (default\: "); '\'''\'' for none]:C:' \
                '--escape[escape character for quotes within quotes, such as \\; without quotes, for delimiters and line ends]:C:' \
                '*--null[unquoted text that means null, besides an empty field; separate several by commas]:TEXT:' \
                '--keep-empty[read an empty field as empty text, not as null]' \
                '--skip-lines[number of lines to skip at the beginning; 0 turns guessing off]:N:' \
                '--comment[skip lines that begin with TEXT, such as #]:TEXT:' \
                '--header[field names, if the file has none; with --skip-lines 1 they replace the names in the file]:A,B,…:' \
                '--header-lines[number of header records, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[accept records with more or fewer fields than the header]' \
                '--replace-invalid[replace invalid UTF-8 instead of rejecting the record]' \
                '--json-layout[where JSON records end\: at line feeds, or after each value of an array or of a sequence (default\: guessed)]:auto|lines|values:(auto lines values)' \
                '--json-nan[how to treat NaN and Infinity in JSON (default\: refuse)]:refuse|accept|null:(refuse accept null)' \
                '--encoding[character encoding, such as latin1, windows-1252 or shift_jis (default\: by the byte order mark, otherwise UTF-8)]:NAME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' \
                '*:::program: _normal' ;;
        load)
            _arguments -S \
                '*:FILE:_files' \
                '--format[file format (default\: by its name). tsv\: with \\t, \\n and \\\\ and without quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY writes it]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[field delimiter of a CSV file, up to four bytes (default\: comma; or ; tab or | if the first 64 KiB use it)]:TEXT:' \
                '--quote[quote character (default\: "); '\'''\'' for none]:C:' \
                '--escape[escape character for quotes within quotes, such as \\; without quotes, for delimiters and line ends]:C:' \
                '*--null[unquoted text that means null, besides an empty field; separate several by commas]:TEXT:' \
                '--keep-empty[read an empty field as empty text, not as null]' \
                '--skip-lines[number of lines to skip at the beginning; 0 turns guessing off]:N:' \
                '--comment[skip lines that begin with TEXT, such as #]:TEXT:' \
                '--header[field names, if the file has none; with --skip-lines 1 they replace the names in the file]:A,B,…:' \
                '--header-lines[number of header records, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[accept records with more or fewer fields than the header]' \
                '--replace-invalid[replace invalid UTF-8 instead of rejecting the record]' \
                '--json-layout[where JSON records end\: at line feeds, or after each value of an array or of a sequence (default\: guessed)]:auto|lines|values:(auto lines values)' \
                '--json-nan[how to treat NaN and Infinity in JSON (default\: refuse)]:refuse|accept|null:(refuse accept null)' \
                '--encoding[character encoding, such as latin1, windows-1252 or shift_jis (default\: by the byte order mark, otherwise UTF-8)]:NAME:' \
                '--map[JSON file with new names, groups and constants\: "rename", "group", "constant"]:FILE:_files' \
                '--clean[strip all characters except letters, digits and the like]' \
                '--schema[JSON Schema that records must meet; it also converts their fields]:FILE:_files' \
                '--strict-types[validate values without conversion\: a text is not a number, null is a value]' \
                '--rejects[file for rejected records (default with --schema\: FILE.error.jsonl)]:FILE:_files' \
                '--max-rejects[fail a batch with more rejects than this]:N|P%:' \
                '--drop-unknown[drop fields without a column in the table (default\: reject the record)]' \
                '--add-columns[add columns for such fields to the table]' \
                '--to[table\:NAME beside the inventory, sqlite\:PATH or postgresql\://… with --table, mongodb\://host/database.collection, csv\:PATH, jsonl\:PATH, webhook\:https\://…, cypher\:http\://host\:7474/database with --cypher, or none to write nothing (TRANCHE_SINK)]:SINK:' \
                '--table[table in that database]:TABLE:' \
                '--key[fields that identify a row; an existing row is replaced. Of rows with one key in different batches the one that is written last counts\: with --workers, or where a batch is tried again, it need not be the last of the file]:A,B,…:' \
                '--create-table[create the table, with --key as its key, if it does not exist; one that does stays as it is. Its types come from the schema, otherwise from the first 10000 records of each file; --dry-run shows it]' \
                '--create-index[create the unique index of --key in MongoDB, if it does not exist]' \
                '--each[send a webhook one request per record, not per batch]' \
                '--cypher[statement for a graph, with the records as $batch\: UNWIND $batch AS row MERGE …]:FILE:_files' \
                '--file-per-batch[write one file per batch into the folder PATH]' \
                '--overwrite[replace an existing file at PATH, or of rejects (default\: refuse)]' \
                '--promise[promise that the sink must give (default\: idempotent). With transactional, MongoDB writes a batch in a transaction]:atLeastOnce|idempotent|transactional:(atLeastOnce idempotent transactional)' \
                '--job[name of the job (default\: load)]:JOB:' \
                '--run[name of a bounded run (default\: the open-ended run)]:RUN:' \
                '--again[load everything again, also into another target, as a run of this name; the same name continues it]:NAME:' \
                '--from[lowest offset of the run; needs --run]:OFFSET:' \
                '--to-offset[highest offset of the run; needs --run]:OFFSET:' \
                '--weight[maximum bytes per batch (default\: 8MiB)]:BYTES:' \
                '--count[maximum number of records per batch]:N:' \
                '--workers[number of batches at a time (default\: 1)]:N:' \
                '--prefetch[number of batches that each worker acquires ahead (default\: 0)]:K:' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--follow[never end; wait for the file to grow]' \
                '--log[format of messages on standard error, each with time, level, job, batch and worker; quiet\: only warnings and errors]:json|text|quiet:(json text quiet)' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--replaced[with --follow\: give up the unread rest of the file that was there before]' \
                '--grace[how long batches may continue after a stop signal (default\: 5s)]:TIME:' \
                '--timeout[maximum time of a batch (default\: none)]:TIME:' \
                '--idle[maximum time of a batch without progress (default\: none)]:TIME:' \
                '--exit-when-idle[exit status when there was nothing to do (default\: 0); Airflow skips a task at 99]:CODE:' \
                '--dry-run[check all records, count rejects, show what would be read, created and written; write nothing]' \
                '--lease[how long a worker may hold a batch without a heartbeat (default\: 60s)]:TIME:' \
                '--max-attempts[failures after which a batch stays failed (default\: 3)]:N:' \
                '--backoff[wait after the first failure; each further failure doubles it (default\: 5s)]:TIME:' \
                '--backoff-limit[longest wait after a failure (default\: 5m)]:TIME:' \
                '--on-exhausted[what happens to the batch after --max-attempts\: it stays failed, or is split by weight until single bad items are left, which are quarantined (default\: fail)]:fail|split:(fail split)' \
                '--extended-retries[interval at which a batch that stays failed is tried again, without end\: when nothing else is left to do, and for one hand-out in ten (default\: none)]:TIME|none:(none)' \
                '--execution[at-most-once\: a batch on which work has begun is never handed out again automatically, however the work ended (default\: at-least-once)]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long to wait for an open transaction that writes to the table; rows that it commits later form late batches (default\: 60s)]:TIME:' \
                '--settle-lag[how long ids must be known before they are handed out (default\: 0)]:TIME:' \
                '--watch[how long to look for ids that were passed over (default\: 24h)]:TIME:' \
                '--parallelism[maximum number of batches at once; 0 hands out nothing]:N:' \
                '*--budget[budget that limits the run; with several, each must have room]:NAME:' \
                '--share[share of the run among the runs that wait for a budget (initially 1)]:N:' \
                '--priority[priority of the run under a budget; higher goes first (initially 0)]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        register)
            _arguments -S \
                ':PLACE:_files' \
                '--table[\[schema.\]table of the items; created if it does not exist]:TABLE:' \
                '--dry-run[count new files, and register nothing]' \
                '*--suffix[only files whose names end with TEXT, such as .csv]:TEXT:' \
                '--flat[leave out subfolders]' \
                '--watch[keep running, and register files as they arrive, until a signal]' \
                '--quiet[how long a file must be unchanged (default\: 2s); 0 for folders into which finished files are moved]:TIME:' \
                '--every[with --watch\: interval of full scans (default\: 10s)]:TIME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        plan)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[source of the items\: \[schema.\]TABLE or table\:NAME; inventory\:JOB, the succeeded batches of a job; csv\:PATH or jsonl\:PATH, the records of a file; gs\://BUCKET/NAME or s3\://BUCKET/NAME, the records of an object; mongodb\://HOST/DATABASE.COLLECTION, the documents of a collection; pages\:NAME, pages that each name the next one. A job that has begun remembers it and the options below]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--uid[id column (default\: uid). It holds integers or, in the inventory'\''s own database, unique uuids, texts or times, which Tranche numbers as it finds them. A search that finds none reads up to 131,072 of them, unless --settle-column has an index or the uids rise with time]:COLUMN:' \
                '--item[payload column (default\: item, if the table has it)]:COLUMN:' \
                '--weight-column[weight column (default\: weight, if the table has it)]:COLUMN:' \
                '--where[condition that items must meet; its answer for a row must never change; JSON for a collection]:SQL:' \
                '--volatile-filter[allow --where to call functions whose answer may change; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[column with the time when an item was created; with --settle-lag, only older items are handed out; Tranche finds new uids that are not integers by it]:COLUMN:' \
                '--key[column that separates batches\: a batch has items of one key only. Items of a key should be neighbours, otherwise batches are small]:COLUMN:' \
                '--time-column[column with the time of an item, for --by, and for times in --from and --to]:COLUMN:' \
                '--by[cut batches at full hours, days or months; TRANCHE_FROM and TRANCHE_TO have the interval of a batch]:hour|day|month:(hour day month)' \
                '--zone[time zone of --by, --from and --to, such as Europe/Berlin (default\: UTC)]:ZONE:' \
                '--time-as[how to read times that name no zone\: as times in UTC or in --zone, or as numbers since 1970]:utc|zone|seconds|milliseconds:(utc zone seconds milliseconds)' \
                '--upstream-run[with inventory\:JOB\: only the batches of this run, '\'''\'' for the open-ended run (default\: all runs)]:RUN:' \
                '--upstream-meta[table of the upstream job, if it has several]:TABLE:' \
                '--first[with pages\:NAME\: cursor of the first page; needed until the inventory knows it]:CURSOR:' \
                '--repeated[with pages\:NAME\: whether a cursor that another page already has is an error, or the end for now (default\: fails)]:fails|ends:(fails ends)' \
                '--run[name of a bounded run (default\: the open-ended run)]:RUN:' \
                '--from[lowest id of the run, or with --time-column its first time, such as 2026-01-31 or 2026-01-31T08\:00; needs --run]:ID|TIME:' \
                '--to[highest id of the run, or the time at which it ends, which is not part of it; needs --run]:ID|TIME:' \
                '--root-ids[with inventory\:JOB\: only batches that contain one of these ids of the first table; needs --run]:A..B:' \
                '--weight[maximum weight per batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[maximum number of items per batch. Without a limit the job continues with that of its newest batch; a new job has 1000 items per batch]:N|none:(none)' \
                '--target-time[how long a batch should take; replaces --weight, which then follows from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: minimum weight, also of the first batch (default\: 1)]:WEIGHT:' \
                '--most-weight[with --target-time\: maximum weight per batch]:WEIGHT:' \
                '--min-weight[minimum weight; smaller batches wait for --linger]:WEIGHT:' \
                '--linger[how long an undersized batch waits for more items]:TIME:' \
                '--job-identifier[your own label for the work, stored with the batch]:TEXT:' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--limit[maximum number of batches to plan (default\: 100)]:N:' \
                '--format[file format (default\: by its name). tsv\: with \\t, \\n and \\\\ and without quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY writes it]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[field delimiter of a CSV file, up to four bytes (default\: comma; or ; tab or | if the first 64 KiB use it)]:TEXT:' \
                '--quote[quote character (default\: "); '\'''\'' for none]:C:' \
                '--escape[escape character for quotes within quotes, such as \\; without quotes, for delimiters and line ends]:C:' \
                '*--null[unquoted text that means null, besides an empty field; separate several by commas]:TEXT:' \
                '--keep-empty[read an empty field as empty text, not as null]' \
                '--skip-lines[number of lines to skip at the beginning; 0 turns guessing off]:N:' \
                '--comment[skip lines that begin with TEXT, such as #]:TEXT:' \
                '--header[field names, if the file has none; with --skip-lines 1 they replace the names in the file]:A,B,…:' \
                '--header-lines[number of header records, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[accept records with more or fewer fields than the header]' \
                '--replace-invalid[replace invalid UTF-8 instead of rejecting the record]' \
                '--json-layout[where JSON records end\: at line feeds, or after each value of an array or of a sequence (default\: guessed)]:auto|lines|values:(auto lines values)' \
                '--json-nan[how to treat NaN and Infinity in JSON (default\: refuse)]:refuse|accept|null:(refuse accept null)' \
                '--encoding[character encoding, such as latin1, windows-1252 or shift_jis (default\: by the byte order mark, otherwise UTF-8)]:NAME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        status)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--wide[all columns, however wide they are]' \
                '--all[all runs (default\: the 50 that need attention most)]' \
                '--watch[show it again and again until a signal]' \
                '--every[with --watch\: interval (default\: 2s)]:TIME:' \
                '--check[exit with 1 where a run is held or stuck, has failed batches, or is beyond what follows, and say which]' \
                '--max-age[with --check\: how long the oldest item may wait, such as 1h]:TIME:' \
                '--max-backlog[with --check\: how many items of a run may wait]:N:' \
                '--max-failed[with --check\: how many batches of a run may have failed for good or be quarantined; 0 by default]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        metrics)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--to[file to replace, such as one for the textfile collector of the node exporter (default\: standard output)]:FILE:_files' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        report)
            _arguments -S \
                ':FILE:_files' \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--title[title of the page (default\: the inventory'\''s name)]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        serve)
            _arguments -S \
                '--listen[address and port; 127.0.0.1\:7483 by default]:ADDRESS:' \
                '--base[what a proxy has before all paths, such as /tranche]:PATH:_files' \
                '*--host[a host that requests may be for, as behind a proxy]:NAME:' \
                '--tls-cert[the certificate of TLS, as PEM]:FILE:_files' \
                '--tls-key[its private key, as PEM]:FILE:_files' \
                '--insecure[without TLS, also where others can listen in]' \
                '--tokens[who may do what\: lines of NAME ROLE\[,ROLE\] SHA256 \[JOB,JOB\]]:FILE:_files' \
                '--operate[without tokens\: everybody may operate]' \
                '--work[without tokens\: everybody may acquire batches]' \
                '--new-token[print the line of a new token, and the token itself on standard error]:NAME:' \
                '*--role[with --new-token\: look, work or operate; look by default]:ROLE:(look work operate)' \
                '*--job[with --new-token\: this job alone]:JOB:' \
                '--pipeline[a pipeline'\''s file\: what callers may acquire are its jobs]:FILE:_files' \
                '--name[the inventory'\''s name on the page]:TEXT:' \
                '--colour[the page'\''s colour]:#RRGGBB:' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--max-age[longest wait of the oldest item of a run, such as 1h (default\: any)]:TIME:' \
                '--max-backlog[maximum number of waiting items of a run (default\: any)]:N:' \
                '--max-failed[maximum number of batches of a run that failed for good or are quarantined (default\: 0)]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        batches)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--status[one of running, succeeded, failed, released, split, quarantined, cancelled, stuck, deferred, begun]:STATUS:(running succeeded failed released split quarantined cancelled stuck deferred begun)' \
                '--limit[maximum number of batches (default\: 50)]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        gaps)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        history)
            _arguments -S \
                '--meta[table of the item, as given to the job, or inventory\:JOB]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--id[id of the item, or its uid that is not an integer; with inventory\:JOB its completion number]:ID:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        logs)
            _arguments -S \
                '--batch[number of the batch]:N:' \
                '--attempt[the attempt (default\: the last one that has ended)]:M:' \
                '--follow[keep showing the output of this attempt and of later ones, until the batch ends for good]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        audit)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--from[lowest id to compare]:ID:' \
                '--to[highest id to compare]:ID:' \
                '--budget[maximum duration; the next audit continues there]:TIME:' \
                '--repair[queue ids that appeared, for a late batch]' \
                '--redo-range[with --repair\: also queue ids that may have been processed before\: differing ids of adopted batches, and all ids from --from to --to]' \
                '--thorough[compare the ids of every batch (default\: counts and sums; ids only where these differ, and of one batch in 16 by turns)]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        retry)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '*--batch[this batch (default\: all of the run)]:N:' \
                '--cancelled[only batches that were cancelled]' \
                '--may-repeat[also batches that may have been executed (--execution at-most-once)]' \
                '--now[with --batch\: also a batch that waits for its next attempt, or one that succeeded, which is then processed again]' \
                '--status[only batches in this state\: failed, stuck, cancelled, waiting, succeeded (default\: failed)]:STATUS:(failed stuck cancelled waiting succeeded)' \
                '--ids[only batches with one of these items, such as 5,9..12, or uids that are not integers; one that has a comma stands in double quotes]:IDS:' \
                '--error[only batches whose error contains TEXT (case-sensitive)]:TEXT:' \
                '--since[only batches whose last attempt ended since\: 2h (ago), or 2026-11-28T08\:00]:TIME:' \
                '--until[only batches whose last attempt ended until then]:TIME:' \
                '--of-worker[only batches that this worker held last]:NAME:' \
                '--dry-run[show the selection, and change nothing]' \
                '--yes[do not ask for confirmation]' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        split)
            _arguments -S \
                ':BATCH:' \
                '--dry-run[show the two batches, and change nothing]' \
                '--may-repeat[split a batch that may have been executed (--execution at-most-once)]' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        redrive)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--ids[these items, such as 5,9..12 or uids, "a,b" with a comma (default\: all of the run)]:IDS:' \
                '--error[only batches whose error contains TEXT (case-sensitive)]:TEXT:' \
                '--since[only batches whose last attempt ended since\: 2h (ago), or 2026-11-28T08\:00]:TIME:' \
                '--until[only batches whose last attempt ended until then]:TIME:' \
                '--of-worker[only batches that this worker held last]:NAME:' \
                '--start[number of batches at first; more follow once these have ended]:N:' \
                '--grow[with --start\: growth per step (default\: 2)]:FACTOR:' \
                '--stop-on-failure[with --start\: stop after a batch that fails again]' \
                '--dry-run[show the selection, and change nothing]' \
                '--yes[do not ask for confirmation]' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        pause)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--reason[reason; workers of the run and '\''tranche changes'\'' show it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        resume)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--batches[number of batches to hand out; the run is then paused again]:N:' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        cancel)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--batch[this batch only (default\: the run with all its batches)]:N:' \
                '--reason[reason; workers of the run see it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        set)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--parallelism[maximum number of batches at once; 0 hands out nothing]:N|none:(none)' \
                '--per-key[maximum number of batches per key at once; for runs with --key]:N:' \
                '--no-per-key[any number of batches per key]' \
                '*--budget[budget that limits the run; with several, each must have room]:NAME:' \
                '--share[share of the run among the runs that wait for a budget (initially 1)]:N:' \
                '--priority[priority of the run under a budget; higher goes first (initially 0)]:N:' \
                '--no-budget[remove the run from all budgets]' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        restore)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        budget)
            _arguments -S \
                ':what to do:(set list show pause resume park unpark remove)' \
                '::NAME:' \
                '--batches[maximum number of batches at once; 0 hands out nothing]:N|none:(none)' \
                '--weight[maximum weight at once\: 500, 64MiB, 1.5GB]:WEIGHT|none:(none)' \
                '--rate[maximum weight per time\: 1GiB/min, 500/s]:WEIGHT/TIME|none:(none)' \
                '--burst[weight that a rate may save up (default of a new rate\: its weight)]:WEIGHT:' \
                '--for[with park\: how long nothing is handed out\: 30s, at most 15m]:TIME:' \
                '--until[with park, instead of --for\: when it ends\: 2026-11-28T08\:30\:00Z]:TIME:' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        probe)
            _arguments -S \
                ':what to do:(set list show ask remove)' \
                '::NAME:' \
                '--sql[query whose first column is true, or a number other than 0, to go on; a second column is the reason]:QUERY:' \
                '--database[database of the query, without a password (default\: the inventory)]:URL:' \
                '--http[URL that answers 200 to 299 to go on]:URL:' \
                '--window[time of day in which to go on]:HH\:MM-HH\:MM:' \
                '--zone[time zone of the window\: Europe/Berlin, UTC]:ZONE:' \
                '--every[how long an answer counts (default\: 30s)]:TIME:' \
                '--timeout[how long an answer may take (default\: 5s)]:TIME:' \
                '--unreachable[what to do when the probe cannot be asked (default\: hold)]:hold|go:(hold go)' \
                '--reason[reason; '\''tranche changes'\'' shows it]:TEXT:' \
                '--budget[all runs under this budget]:NAME:' \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        changes)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--budget[only changes of this budget]:NAME:' \
                '--limit[maximum number of changes, the latest first (default\: 50)]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        page)
            _arguments -S \
                ':what to do:(next list)' \
                '::CURSOR:' \
                '--end[no page follows, ever]' \
                '--end-for-now[no page follows yet]' \
                '--page-weight[weight of the page (default\: 1)]:WEIGHT:' \
                '--batch[batch that holds the page (default\: TRANCHE_BATCH); its last page counts]:BATCH:' \
                '--attempt[attempt that holds the page (default\: TRANCHE_ATTEMPT)]:N:' \
                '--meta[the pages, with list or by hand]:pages\:NAME:' \
                '--after[number of the page; with list, only pages after it]:NUMBER:' \
                '--limit[with list\: maximum number of pages (default\: 100)]:N:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        workflow)
            _arguments -S \
                ':what to do:(start list show work result snapshot pause resume cancel)' \
                '::FILE:_files' \
                '*--param[parameter of the workflow]:NAME=VALUE:' \
                '--work[also process batches here]' \
                '--dry-run[check the workflow, and start nothing]' \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--follow[never end; wait for new items]' \
                '--grace[how long batches may continue after a stop signal (default\: 5s)]:TIME:' \
                '--log[format of messages on standard error, each with time, level, job, batch and worker; quiet\: only warnings and errors]:json|text|quiet:(json text quiet)' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--reason[reason; with start, pause, resume and cancel]:TEXT:' \
                '--to[with snapshot\: a folder, s3\://… or gs\://…, or a sink such as table\:NAME (default\: standard output)]:PLACE:_files' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        run)
            _arguments -S \
                ':FILE:_files' \
                '--drain[process the events that exist now, and end]' \
                '--apply[apply FILE first, as '\''tranche apply'\'' does]' \
                '--grace[how long processes may continue after a stop signal (default\: 5s)]:TIME:' \
                '--log[format of messages on standard error, each with time, level, job, batch and worker; quiet\: only warnings and errors]:json|text|quiet:(json text quiet)' \
                '--worker[worker name recorded with each batch (TRANCHE_WORKER; default\: host and process)]:NAME:' \
                '--lineage[receiver of the OpenLineage events of each attempt (OPENLINEAGE_URL; default\: none)]:URL|FILE:_files' \
                '--lineage-namespace[namespace of the job in these events (OPENLINEAGE_NAMESPACE)]:NAME:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        apply)
            _arguments -S \
                ':FILE:_files' \
                '--dry-run[show the difference, and apply nothing]' \
                '--expect-generation[apply only if the current generation is N; 0 for none]:N:' \
                '--overwrite-budgets[also set budgets that were changed by hand]' \
                '--reason[reason; '\''tranche pipeline history'\'' shows it]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        pipeline)
            _arguments -S \
                ':what to do:(list show history remove)' \
                '::NAME:' \
                '--limit[with history\: maximum number of generations, the latest first (default\: 50)]:N:' \
                '--reason[with remove\: reason]:TEXT:' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        check)
            _arguments -S \
                ':FILE:_files' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        graph)
            _arguments -S \
                ':FILE:_files' \
                '--format[for people, for Graphviz or for Mermaid (default\: text)]:text|dot|mermaid:(text dot mermaid)' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        schema)
            _arguments -S \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        input)
            _arguments -S \
                ':what to do:(list show add remove status forget run)' \
                '::NAME:' \
                '::INPUT:' \
                '::READER:' \
                '--at[the time of the schedule that was missed, such as 2026-11-29T02\:00\:00+01\:00 (default\: now)]:TIME:' \
                '--pipeline[the pipeline'\''s file (default\: the applied pipeline that has the input)]:FILE:_files' \
                '--reason[reason, kept in the event]:TEXT:' \
                '--dry-run[show the event, or what would be removed, and change nothing]' \
                '--yes[with remove\: do not ask for confirmation]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        reap)
            _arguments -S \
                '*--engine[container engine, as unix\:///PATH or tcp\://HOST\:PORT (DOCKER_HOST; default\: the first of podman'\''s and docker'\''s usual sockets)]:ADDRESS:' \
                '*--pipeline[the engines of the containers in FILE, and its inventory]:FILE:_files' \
                '--dry-run[show the selection, and change nothing]' \
                '--yes[do not ask for confirmation]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        redefine)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--uid[id column]:COLUMN:' \
                '--item[payload column; '\'''\'' for none]:COLUMN:' \
                '--weight-column[weight column; '\'''\'' for none]:COLUMN:' \
                '--where[condition that items must meet; '\'''\'' for none]:SQL:' \
                '--volatile-filter[allow --where to call functions whose answer may change]' \
                '--settle-column[column with the time when an item was created; '\'''\'' for none]:COLUMN:' \
                '--database[the items are in the database that is configured now]' \
                '--same[the source has the same content as before; continue after the cursor]' \
                '--fit-ragged[of a CSV file\: accept records with more or fewer fields than the header]' \
                '--replace-invalid[of a file\: replace invalid UTF-8 instead of rejecting the record]' \
                '--restart[the content is new; restart the run, and keep its batches as a run of its own, ~1]' \
                '--all[with --database\: all jobs over tables, at once]' \
                '--from-database[only jobs recorded with this database, as '\''status --json'\'' names it, or sqlite\:PATH; implies --all --database]:NAME:' \
                '--from[lowest id, or first time of a run that goes by times; '\'''\'' for none]:ID|TIME:' \
                '--to[highest id, or the time at which the run ends; '\'''\'' for none]:ID|TIME:' \
                '--lease[how long a worker may hold a batch without a heartbeat]:TIME:' \
                '--max-attempts[failures after which a batch stays failed]:N:' \
                '--backoff[wait after the first failure; each further failure doubles it]:TIME:' \
                '--backoff-limit[longest wait after a failure]:TIME:' \
                '--on-exhausted[what happens to the batch after --max-attempts\: it stays failed, or is split by weight until single bad items are left, which are quarantined]:fail|split:(fail split)' \
                '--extended-retries[interval at which a batch that stays failed is tried again, without end\: when nothing else is left to do, and for one hand-out in ten]:TIME|none:(none)' \
                '--execution[at-most-once\: a batch on which work has begun is never handed out again automatically, however the work ended]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long to wait for an open transaction that writes to the table; rows that it commits later form late batches]:TIME:' \
                '--settle-lag[how long ids must be known before they are handed out]:TIME:' \
                '--watch[how long to look for ids that were passed over]:TIME:' \
                '--dry-run[show what would change]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        compact)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--keep[leave batches that ended within this time (default\: 30d)]:TIME:' \
                '--dry-run[count, and change nothing]' \
                '--yes[discard results and logs without asking]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        forget)
            _arguments -S \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[only this run, '\'''\'' for the open-ended run (default\: all runs)]:RUN:' \
                '--dry-run[show the selection, and change nothing]' \
                '--yes[do not ask for confirmation]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        export)
            _arguments -S \
                '::FILE:_files' \
                '--job[name of the job]:JOB:' \
                '--meta[table or inventory\:JOB of the job, if it has several]:TABLE:' \
                '--schema[schema of the table, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--overwrite[replace an existing FILE (default\: refuse)]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        import)
            _arguments -S \
                ':FILE:_files' \
                '--dry-run[check whether all records fit, and change nothing]' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        completions)
            _arguments -S \
                ':what to do:(bash zsh fish)' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
        man)
            _arguments -S \
                ':DIR:_files' \
                '--inventory[inventory database (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[database of the items (TRANCHE_META_DB; default\: the inventory'\''s)]:URL:' \
                '--env-file[dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[show the usual options; also -h]' \
                '--help-all[show all options and notes]' ;;
    esac
}
# As a file of $fpath this is the function itself, the first time; else it is sourced.
if [ "$funcstack[1]" = _tranche ]; then
    _tranche "$@"
else
    compdef _tranche tranche
fi
