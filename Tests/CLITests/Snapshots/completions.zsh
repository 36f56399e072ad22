#compdef tranche
# Completions of tranche for zsh: put this as _tranche into a folder of $fpath.
_tranche() {
    local -a commands
    commands=(
        'migrate:Make, update or remove the inventory'\''s tables'
        'acquire:Hand out one batch'
        'succeed:Record that a batch is done'
        'fail:Record that a batch failed'
        'heartbeat:Extend the lease of a batch'
        'release:Give batches back unharmed'
        'work:Run a program for each batch of a job'
        'backfill:Run a program for each batch of an id range, under a run'\''s name'
        'load:Load the records of a file, validated, in batches, into a database or files'
        'register:Register the files of a folder or bucket in a table, as items of a job'
        'plan:Show the batches that would be handed out, and hand out none'
        'status:Show the runs, how far they are, and how much waits'
        'metrics:Print the runs as metrics, in the text format of Prometheus'
        'report:Write a page that shows the runs\: how far, how fast, what failed, who holds what'
        'batches:List batches, the newest first'
        'gaps:List ids that were passed over and may still be committed'
        'history:Show what happened to one item, and to what was made of it'
        'logs:Show what a program wrote while it worked on a batch'
        'audit:Compare what a run handed out with what its source has'
        'retry:Offer failed batches again, or others at once'
        'split:Split a failed batch into two batches that are offered at once'
        'redrive:Make quarantined items batches again'
        'pause:Hand out no more batches of a run'
        'resume:Let a run go on that was paused or cancelled'
        'cancel:Cancel a run, or one batch of it'
        'set:Change how much of a run is held at once, and how it ranks among others'
        'restore:Put the parallelism of a run back to what it was'
        'budget:Say how much may be held at once by all runs of a budget'
        'probe:Hold back a budget or a run by a question\: a query, an address, a time of day'
        'changes:List who changed budgets and runs, when and why'
        'page:Name what follows a page of '\''pages\:NAME'\'', or list the pages'
        'workflow:Begin a run that is described in a file; watch and steer it from anywhere'
        'run:Run the inputs, processes and links that a file describes'
        'apply:Make a pipeline'\''s file what is run under its name, and show what differs'
        'pipeline:Show which pipelines are applied, by whom and since when; remove one'
        'check:Say what is wrong with a pipeline'\''s file, with line and column'
        'graph:Print which processes of a pipeline'\''s file run on what'
        'schema:Print the JSON Schema of a pipeline'\''s file, for editors'
        'input:List the logs of inputs, and install what records changes of tables'
        'redefine:Change what was set when a run began'
        'compact:Pack old succeeded batches into the archive'
        'forget:Remove what is known of a job, or of one run of it'
        'export:Write the inventory, or a job of it, as lines of JSON'
        'import:Read what '\''tranche export'\'' wrote, all or nothing'
        'completions:Print completions for a shell'
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
            _arguments \
                ':up|down|status:(up down status)' \
                '--to[the version to come to; 0 with down removes the inventory]:N:' \
                '--dry-run[print the SQL and change nothing]' \
                '--yes[with down\: remove rows without asking]' \
                '*--bounded[the job becomes a run of its name with these bounds]:JOB=20..80:' \
                '--zone[what its times mean, as Europe/Berlin; the server'\''s by default]:ZONE:' \
                '--lease[when rows left running are offered again; 60s by default]:TIME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        acquire)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, table\:NAME, inventory\:JOB for the batches of a job that succeeded, csv\:PATH or jsonl\:PATH for the records of a file, gs\://BUCKET/NAME or s3\://BUCKET/NAME for those of an object, mongodb\://HOST/DATABASE.COLLECTION for the documents of a collection, pages\:NAME for pages that are found one from another; a job that has begun knows it, and all below]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes; of a collection as JSON]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[the column that says when an item was made\: with --settle-lag, only what is older is handed out]:COLUMN:' \
                '--key[the column at whose borders batches are cut\: none holds items of two keys. Items of a key should follow each other, or batches are small]:COLUMN:' \
                '--upstream-run[of inventory\:JOB, only the batches of this run; all by default, '\'''\'' for the open-ended one]:RUN:' \
                '--upstream-meta[the upstream job'\''s table, where it has several]:TABLE:' \
                '--first[of pages\:NAME, the first page'\''s cursor; needed until the inventory knows it]:CURSOR:' \
                '--repeated[of pages\:NAME, what a cursor means that another page has already\: an error, which is the default, or the end for now]:fails|ends:' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--root-ids[of inventory\:JOB, only batches that hold one of these ids of the first table; needs --run]:A..B:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch; 1000 by default where nothing else bounds it]:N|none:' \
                '--target-time[how long a batch should take, in place of --weight\: found from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: least weight, at first; 1 by default]:WEIGHT:' \
                '--most-weight[with --target-time\: most weight of a batch]:WEIGHT:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--on-exhausted[what then becomes of the batch\: it stays failed, or is split by weight, down to single items, which are quarantined; fail by default]:fail|split:(fail split)' \
                '--extended-retries[try a batch that stays failed once more after this time, again and again\: when there is nothing else, and for one hand-out in ten; none by default]:TIME|none:' \
                '--execution[at-most-once\: a batch that work has begun on is never worked on again by itself, whatever ended the work; at-least-once by default]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long an open transaction that writes to the table is waited for; what it commits later makes late batches; 60s by default]:TIME:' \
                '--settle-lag[how long ids must have been known before they are handed out; 0 by default]:TIME:' \
                '--watch[how long ids that were passed over are looked for; 24h by default]:TIME:' \
                '--parallelism[most batches of the run; 0 hands out nothing]:N:' \
                '--per-key[most batches of one key; for a run with --key]:N:' \
                '*--budget[a budget that the run refers to; several are all asked]:NAME:' \
                '--share[its part of a budget beside others that wait; 1 unless set]:N:' \
                '--priority[who comes first under a budget\: higher ones; 0 unless set]:N:' \
                '--request[a token of your own\: the same one gives the same batch]:TOKEN:' \
                '--columns[give each item "row"\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--exit-when-idle[the exit status when there was nothing to do; 3 by default, Airflow skips at 99]:CODE:' \
                '--format[how it is written; by its name by default. tsv\: with \\t, \\n and \\\\ and no quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY does]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB are parted by ; or tab or |]:TEXT:' \
                '--quote[what encloses fields; " by default, '\'''\'' for nothing]:C:' \
                '--escape[what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a delimiter or line end text]:C:' \
                '*--null[what is null where it stands without quotes, besides an empty field; several with commas]:TEXT:' \
                '--keep-empty[take an empty field for empty text, not for null]' \
                '--skip-lines[pass over so many lines at the beginning; 0 guesses none]:N:' \
                '--comment[pass over lines that begin with it, such as #]:TEXT:' \
                '--header[the fields'\'' names, where the file has none; with --skip-lines 1 in place of those that it has]:A,B,…:' \
                '--header-lines[how many records the header has, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[let records have more or fewer fields than the header]' \
                '--replace-invalid[replace bytes that are no UTF-8, rather than refuse records]' \
                '--json-layout[where records of JSON end\: at line feeds, or as values of an array or one after the other; by the content'\''s look by default]:auto|lines|values:(auto lines values)' \
                '--json-nan[what becomes of NaN and Infinity in JSON; refused by default]:refuse|accept|null:(refuse accept null)' \
                '--encoding[its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte order mark says]:NAME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        succeed)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--result[what came out of it; kept with the batch]:JSON:' \
                '--logging[free text; kept with the batch]:TEXT:' \
                '--bad-ids[the items to blame, such as 5,9..12\: they are quarantined, and all the others are done]:IDS:' \
                '--bad[the same with what is wrong with each, such as \[{"id"\: 5, "error"\: "no such day"}\]]:JSON:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        fail)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--error[what went wrong; kept with the attempt]:TEXT:' \
                '--transient[trying again may help\: it says nothing about the items, and does not count towards splitting]' \
                '--bad-ids[the items to blame, such as 5,9..12\: they are quarantined, and all the others are a batch again at once]:IDS:' \
                '--bad[the same with what is wrong with each, such as \[{"id"\: 5, "error"\: "no such day"}\]]:JSON:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        heartbeat)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--note[left for the next attempt, which gets it as TRANCHE_NOTE; at most 8 KiB]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        release)
            _arguments \
                ':BATCH:' \
                '--attempt[with BATCH\: the attempt that holds it]:N:' \
                '--for[until later\: 1s to 15m; it is offered at once by default]:TIME:' \
                '--park[with --for\: park this budget of the run as long, so that nobody tries]:BUDGET:' \
                '--reason[with --for\: why; kept with the attempt]:TEXT:' \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--since[those whose last attempt ended since\: 2h ago, or 2026-11-28T08\:00]:TIME:' \
                '--until[those whose last attempt ended until then]:TIME:' \
                '--of-worker[those that this worker held last]:NAME:' \
                '--ids[those with one of these items, such as 5,9..12]:IDS:' \
                '--dry-run[show which, and change nothing]' \
                '--yes[do not ask, where it is asked]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        work)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, table\:NAME, inventory\:JOB for the batches of a job that succeeded, csv\:PATH or jsonl\:PATH for the records of a file, gs\://BUCKET/NAME or s3\://BUCKET/NAME for those of an object, mongodb\://HOST/DATABASE.COLLECTION for the documents of a collection, pages\:NAME for pages that are found one from another; a job that has begun knows it, and all below]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes; of a collection as JSON]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[the column that says when an item was made\: with --settle-lag, only what is older is handed out]:COLUMN:' \
                '--key[the column at whose borders batches are cut\: none holds items of two keys. Items of a key should follow each other, or batches are small]:COLUMN:' \
                '--upstream-run[of inventory\:JOB, only the batches of this run; all by default, '\'''\'' for the open-ended one]:RUN:' \
                '--upstream-meta[the upstream job'\''s table, where it has several]:TABLE:' \
                '--first[of pages\:NAME, the first page'\''s cursor; needed until the inventory knows it]:CURSOR:' \
                '--repeated[of pages\:NAME, what a cursor means that another page has already\: an error, which is the default, or the end for now]:fails|ends:' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--root-ids[of inventory\:JOB, only batches that hold one of these ids of the first table; needs --run]:A..B:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch; 1000 by default where nothing else bounds it]:N|none:' \
                '--target-time[how long a batch should take, in place of --weight\: found from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: least weight, at first; 1 by default]:WEIGHT:' \
                '--most-weight[with --target-time\: most weight of a batch]:WEIGHT:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--on-exhausted[what then becomes of the batch\: it stays failed, or is split by weight, down to single items, which are quarantined; fail by default]:fail|split:(fail split)' \
                '--extended-retries[try a batch that stays failed once more after this time, again and again\: when there is nothing else, and for one hand-out in ten; none by default]:TIME|none:' \
                '--execution[at-most-once\: a batch that work has begun on is never worked on again by itself, whatever ended the work; at-least-once by default]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long an open transaction that writes to the table is waited for; what it commits later makes late batches; 60s by default]:TIME:' \
                '--settle-lag[how long ids must have been known before they are handed out; 0 by default]:TIME:' \
                '--watch[how long ids that were passed over are looked for; 24h by default]:TIME:' \
                '--parallelism[most batches of the run; 0 hands out nothing]:N:' \
                '--per-key[most batches of one key; for a run with --key]:N:' \
                '*--budget[a budget that the run refers to; several are all asked]:NAME:' \
                '--share[its part of a budget beside others that wait; 1 unless set]:N:' \
                '--priority[who comes first under a budget\: higher ones; 0 unless set]:N:' \
                '--columns[each line gets "row"\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--lines[the payloads alone as lines, in place of JSON]' \
                '--args[the payloads as arguments, as xargs gives them\: last, or where {} is an argument, which means --args too]' \
                '--placeholder[the argument that stands for the items in place of {}; '\'''\'' for none]:TEXT:' \
                '--persistent[one process per worker, which gets one batch after the other and answers each with a line\: for programs that take long to start]' \
                '--workers[programs at a time; 1 by default]:N:' \
                '--prefetch[batches that each worker acquires ahead; 0 by default]:K:' \
                '--grace[after a stop signal, how long programs may go on; 5s by default]:TIME:' \
                '--timeout[how long a program may take for a batch; no bound by default]:TIME:' \
                '--idle[how long a program may write no line; no bound by default]:TIME:' \
                '*--param[given to the program as TRANCHE_PARAM_NAME]:NAME=VALUE:' \
                '--exit-when-idle[the exit status when there was nothing to do; 0 by default, Airflow skips at 99]:CODE:' \
                '--log[lines on standard error with time, level, job, batch and worker; quiet\: warnings and errors alone]:json|text|quiet:(json text quiet)' \
                '--drain[end when the run is complete; the default]' \
                '--follow[never end\: wait for new items]' \
                '--format[how it is written; by its name by default. tsv\: with \\t, \\n and \\\\ and no quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY does]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB are parted by ; or tab or |]:TEXT:' \
                '--quote[what encloses fields; " by default, '\'''\'' for nothing]:C:' \
                '--escape[what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a delimiter or line end text]:C:' \
                '*--null[what is null where it stands without quotes, besides an empty field; several with commas]:TEXT:' \
                '--keep-empty[take an empty field for empty text, not for null]' \
                '--skip-lines[pass over so many lines at the beginning; 0 guesses none]:N:' \
                '--comment[pass over lines that begin with it, such as #]:TEXT:' \
                '--header[the fields'\'' names, where the file has none; with --skip-lines 1 in place of those that it has]:A,B,…:' \
                '--header-lines[how many records the header has, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[let records have more or fewer fields than the header]' \
                '--replace-invalid[replace bytes that are no UTF-8, rather than refuse records]' \
                '--json-layout[where records of JSON end\: at line feeds, or as values of an array or one after the other; by the content'\''s look by default]:auto|lines|values:(auto lines values)' \
                '--json-nan[what becomes of NaN and Infinity in JSON; refused by default]:refuse|accept|null:(refuse accept null)' \
                '--encoding[its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte order mark says]:NAME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        backfill)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, table\:NAME, inventory\:JOB for the batches of a job that succeeded, csv\:PATH or jsonl\:PATH for the records of a file, gs\://BUCKET/NAME or s3\://BUCKET/NAME for those of an object, mongodb\://HOST/DATABASE.COLLECTION for the documents of a collection, pages\:NAME for pages that are found one from another; a job that has begun knows it, and all below]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes; of a collection as JSON]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[the column that says when an item was made\: with --settle-lag, only what is older is handed out]:COLUMN:' \
                '--key[the column at whose borders batches are cut\: none holds items of two keys. Items of a key should follow each other, or batches are small]:COLUMN:' \
                '--upstream-run[of inventory\:JOB, only the batches of this run; all by default, '\'''\'' for the open-ended one]:RUN:' \
                '--upstream-meta[the upstream job'\''s table, where it has several]:TABLE:' \
                '--first[of pages\:NAME, the first page'\''s cursor; needed until the inventory knows it]:CURSOR:' \
                '--repeated[of pages\:NAME, what a cursor means that another page has already\: an error, which is the default, or the end for now]:fails|ends:' \
                '--run[name of a bounded run]:RUN:' \
                '--from[the lowest id of the run]:ID:' \
                '--to[the highest id of the run]:ID:' \
                '--root-ids[of inventory\:JOB, only batches that hold one of these ids of the first table; needs --run]:A..B:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch; 1000 by default where nothing else bounds it]:N|none:' \
                '--target-time[how long a batch should take, in place of --weight\: found from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: least weight, at first; 1 by default]:WEIGHT:' \
                '--most-weight[with --target-time\: most weight of a batch]:WEIGHT:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--on-exhausted[what then becomes of the batch\: it stays failed, or is split by weight, down to single items, which are quarantined; fail by default]:fail|split:(fail split)' \
                '--extended-retries[try a batch that stays failed once more after this time, again and again\: when there is nothing else, and for one hand-out in ten; none by default]:TIME|none:' \
                '--execution[at-most-once\: a batch that work has begun on is never worked on again by itself, whatever ended the work; at-least-once by default]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long an open transaction that writes to the table is waited for; what it commits later makes late batches; 60s by default]:TIME:' \
                '--settle-lag[how long ids must have been known before they are handed out; 0 by default]:TIME:' \
                '--watch[how long ids that were passed over are looked for; 24h by default]:TIME:' \
                '--parallelism[most batches of the run; 0 hands out nothing]:N:' \
                '--per-key[most batches of one key; for a run with --key]:N:' \
                '*--budget[a budget that the run refers to; several are all asked]:NAME:' \
                '--share[its part of a budget beside others that wait; 1 unless set]:N:' \
                '--priority[who comes first under a budget\: higher ones; 0 unless set]:N:' \
                '--columns[each line gets "row"\: these columns of the item, or all, as a JSON object]:A,B|'\''*'\'':' \
                '--lines[the payloads alone as lines, in place of JSON]' \
                '--args[the payloads as arguments, as xargs gives them\: last, or where {} is an argument, which means --args too]' \
                '--placeholder[the argument that stands for the items in place of {}; '\'''\'' for none]:TEXT:' \
                '--persistent[one process per worker, which gets one batch after the other and answers each with a line\: for programs that take long to start]' \
                '--workers[programs at a time; 1 by default]:N:' \
                '--prefetch[batches that each worker acquires ahead; 0 by default]:K:' \
                '--grace[after a stop signal, how long programs may go on; 5s by default]:TIME:' \
                '--timeout[how long a program may take for a batch; no bound by default]:TIME:' \
                '--idle[how long a program may write no line; no bound by default]:TIME:' \
                '*--param[given to the program as TRANCHE_PARAM_NAME]:NAME=VALUE:' \
                '--exit-when-idle[the exit status when there was nothing to do; 0 by default, Airflow skips at 99]:CODE:' \
                '--log[lines on standard error with time, level, job, batch and worker; quiet\: warnings and errors alone]:json|text|quiet:(json text quiet)' \
                '--format[how it is written; by its name by default. tsv\: with \\t, \\n and \\\\ and no quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY does]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB are parted by ; or tab or |]:TEXT:' \
                '--quote[what encloses fields; " by default, '\'''\'' for nothing]:C:' \
                '--escape[what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a delimiter or line end text]:C:' \
                '*--null[what is null where it stands without quotes, besides an empty field; several with commas]:TEXT:' \
                '--keep-empty[take an empty field for empty text, not for null]' \
                '--skip-lines[pass over so many lines at the beginning; 0 guesses none]:N:' \
                '--comment[pass over lines that begin with it, such as #]:TEXT:' \
                '--header[the fields'\'' names, where the file has none; with --skip-lines 1 in place of those that it has]:A,B,…:' \
                '--header-lines[how many records the header has, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[let records have more or fewer fields than the header]' \
                '--replace-invalid[replace bytes that are no UTF-8, rather than refuse records]' \
                '--json-layout[where records of JSON end\: at line feeds, or as values of an array or one after the other; by the content'\''s look by default]:auto|lines|values:(auto lines values)' \
                '--json-nan[what becomes of NaN and Infinity in JSON; refused by default]:refuse|accept|null:(refuse accept null)' \
                '--encoding[its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte order mark says]:NAME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        load)
            _arguments \
                '*:FILE:_files' \
                '--format[how it is written; by its name by default. tsv\: with \\t, \\n and \\\\ and no quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY does]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB are parted by ; or tab or |]:TEXT:' \
                '--quote[what encloses fields; " by default, '\'''\'' for nothing]:C:' \
                '--escape[what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a delimiter or line end text]:C:' \
                '*--null[what is null where it stands without quotes, besides an empty field; several with commas]:TEXT:' \
                '--keep-empty[take an empty field for empty text, not for null]' \
                '--skip-lines[pass over so many lines at the beginning; 0 guesses none]:N:' \
                '--comment[pass over lines that begin with it, such as #]:TEXT:' \
                '--header[the fields'\'' names, where the file has none; with --skip-lines 1 in place of those that it has]:A,B,…:' \
                '--header-lines[how many records the header has, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[let records have more or fewer fields than the header]' \
                '--replace-invalid[replace bytes that are no UTF-8, rather than refuse records]' \
                '--json-layout[where records of JSON end\: at line feeds, or as values of an array or one after the other; by the content'\''s look by default]:auto|lines|values:(auto lines values)' \
                '--json-nan[what becomes of NaN and Infinity in JSON; refused by default]:refuse|accept|null:(refuse accept null)' \
                '--encoding[its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte order mark says]:NAME:' \
                '--map[JSON with new names, groups and constants\: "rename", "group", "constant"]:FILE:' \
                '--clean[leave out what are no letters, digits or the like]' \
                '--schema[a JSON Schema that records must meet; converts their fields]:FILE:' \
                '--strict-types[judge values by the schema as they are\: a text is no number, null is a value]' \
                '--rejects[where records go that are refused; with --schema FILE.error.jsonl by default]:FILE:' \
                '--max-rejects[most of them in a batch, else it fails]:N|P%:' \
                '--drop-unknown[leave out fields that the table has no column for; refused by default]' \
                '--add-columns[add columns for them to the table]' \
                '--to[table\:NAME beside the inventory, sqlite\:PATH or postgresql\://… with --table, mongodb\://host/database.collection, csv\:PATH, jsonl\:PATH, webhook\:https\://…, cypher\:http\://host\:7474/database with --cypher, or none to write nothing (TRANCHE_SINK)]:SINK:' \
                '--table[the table in that database]:TABLE:' \
                '--key[the fields that name a row\: one that is there is replaced]:A,B,…:' \
                '--create-table[make the table, with --key as its key, if there is none\: of types that the schema says, or else that the first 10000 records of each file hold without loss; --dry-run shows it]' \
                '--create-index[make the unique index of --key in MongoDB, if there is none]' \
                '--each[send a webhook each record as a request, rather than each batch]' \
                '--cypher[the statement that a graph runs, with records as $batch\: UNWIND $batch AS row MERGE …]:FILE:' \
                '--file-per-batch[keep a file for each batch in the folder PATH]' \
                '--overwrite[replace what others left at PATH, or as file of rejects; refused by default]' \
                '--promise[what the sink must promise; idempotent by default. MongoDB then writes a batch in a transaction]:atLeastOnce|idempotent|transactional:(atLeastOnce idempotent transactional)' \
                '--job[name of the job; load by default]:JOB:' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--again[load what was loaded before anew, and into another target if you like\: as a run of that name, which goes on when it is given again]:NAME:' \
                '--from[the lowest offset of the run; needs --run]:OFFSET:' \
                '--to-offset[the highest offset of the run; needs --run]:OFFSET:' \
                '--weight[most bytes of a batch; 8MiB by default]:BYTES:' \
                '--count[most records of a batch]:N:' \
                '--workers[batches at a time; 1 by default]:N:' \
                '--prefetch[batches that each worker acquires ahead; 0 by default]:K:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--follow[never end\: wait for the file to grow]' \
                '--log[lines on standard error with time, level, job, batch and worker; quiet\: warnings and errors alone]:json|text|quiet:(json text quiet)' \
                '--replaced[with --follow\: give up what was not read of the file that stood there before]' \
                '--grace[after a stop signal, how long batches may go on; 5s by default]:TIME:' \
                '--exit-when-idle[the exit status when there was nothing to do; 0 by default, Airflow skips at 99]:CODE:' \
                '--dry-run[check the records and count what would be refused; show what would be read, made and written, and write nothing]' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--on-exhausted[what then becomes of the batch\: it stays failed, or is split by weight, down to single items, which are quarantined; fail by default]:fail|split:(fail split)' \
                '--extended-retries[try a batch that stays failed once more after this time, again and again\: when there is nothing else, and for one hand-out in ten; none by default]:TIME|none:' \
                '--execution[at-most-once\: a batch that work has begun on is never worked on again by itself, whatever ended the work; at-least-once by default]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long an open transaction that writes to the table is waited for; what it commits later makes late batches; 60s by default]:TIME:' \
                '--settle-lag[how long ids must have been known before they are handed out; 0 by default]:TIME:' \
                '--watch[how long ids that were passed over are looked for; 24h by default]:TIME:' \
                '--parallelism[most batches of the run; 0 hands out nothing]:N:' \
                '*--budget[a budget that the run refers to; several are all asked]:NAME:' \
                '--share[its part of a budget beside others that wait; 1 unless set]:N:' \
                '--priority[who comes first under a budget\: higher ones; 0 unless set]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        register)
            _arguments \
                ':PLACE:' \
                '--table[\[schema.\]table of the items; made if there is none]:TABLE:' \
                '--dry-run[count what is new, and register nothing]' \
                '*--suffix[only files whose names end with it, such as .csv]:TEXT:' \
                '--flat[not those in folders of the folder]' \
                '--watch[go on, and register files as they come, until a signal]' \
                '--quiet[how long a file must not have changed; 2s by default, 0 for folders into which whole files are moved]:TIME:' \
                '--every[with --watch\: how often all is looked through; 10s by default]:TIME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        plan)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, table\:NAME, inventory\:JOB for the batches of a job that succeeded, csv\:PATH or jsonl\:PATH for the records of a file, gs\://BUCKET/NAME or s3\://BUCKET/NAME for those of an object, mongodb\://HOST/DATABASE.COLLECTION for the documents of a collection, pages\:NAME for pages that are found one from another; a job that has begun knows it, and all below]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes; of a collection as JSON]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--settle-column[the column that says when an item was made\: with --settle-lag, only what is older is handed out]:COLUMN:' \
                '--key[the column at whose borders batches are cut\: none holds items of two keys. Items of a key should follow each other, or batches are small]:COLUMN:' \
                '--upstream-run[of inventory\:JOB, only the batches of this run; all by default, '\'''\'' for the open-ended one]:RUN:' \
                '--upstream-meta[the upstream job'\''s table, where it has several]:TABLE:' \
                '--first[of pages\:NAME, the first page'\''s cursor; needed until the inventory knows it]:CURSOR:' \
                '--repeated[of pages\:NAME, what a cursor means that another page has already\: an error, which is the default, or the end for now]:fails|ends:' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--root-ids[of inventory\:JOB, only batches that hold one of these ids of the first table; needs --run]:A..B:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch; 1000 by default where nothing else bounds it]:N|none:' \
                '--target-time[how long a batch should take, in place of --weight\: found from the latest batches]:TIME:' \
                '--least-weight[with --target-time\: least weight, at first; 1 by default]:WEIGHT:' \
                '--most-weight[with --target-time\: most weight of a batch]:WEIGHT:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--limit[most batches to plan; 100 by default]:N:' \
                '--format[how it is written; by its name by default. tsv\: with \\t, \\n and \\\\ and no quotes; mysql\: as INTO OUTFILE writes it, and mariadb --batch with --null NULL --header-lines 1; pgcopy\: as PostgreSQL'\''s COPY does]:csv|jsonl|tsv|mysql|pgcopy:(csv jsonl tsv mysql pgcopy)' \
                '--delimiter[what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB are parted by ; or tab or |]:TEXT:' \
                '--quote[what encloses fields; " by default, '\'''\'' for nothing]:C:' \
                '--escape[what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a delimiter or line end text]:C:' \
                '*--null[what is null where it stands without quotes, besides an empty field; several with commas]:TEXT:' \
                '--keep-empty[take an empty field for empty text, not for null]' \
                '--skip-lines[pass over so many lines at the beginning; 0 guesses none]:N:' \
                '--comment[pass over lines that begin with it, such as #]:TEXT:' \
                '--header[the fields'\'' names, where the file has none; with --skip-lines 1 in place of those that it has]:A,B,…:' \
                '--header-lines[how many records the header has, whose names are joined; 0 for none]:N:' \
                '--fit-ragged[let records have more or fewer fields than the header]' \
                '--replace-invalid[replace bytes that are no UTF-8, rather than refuse records]' \
                '--json-layout[where records of JSON end\: at line feeds, or as values of an array or one after the other; by the content'\''s look by default]:auto|lines|values:(auto lines values)' \
                '--json-nan[what becomes of NaN and Infinity in JSON; refused by default]:refuse|accept|null:(refuse accept null)' \
                '--encoding[its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte order mark says]:NAME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        status)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--wide[all columns, however wide they are]' \
                '--all[all runs; without, the 50 that need somebody first]' \
                '--watch[show it again and again until a signal]' \
                '--every[with --watch\: how often; 2s by default]:TIME:' \
                '--check[exit with 1 where a run is held or stuck, has failed batches, or is beyond what follows, and say which]' \
                '--max-age[with --check\: how long the oldest item may wait, such as 1h]:TIME:' \
                '--max-backlog[with --check\: how many items of a run may wait]:N:' \
                '--max-failed[with --check\: how many batches of a run may have failed for good or be quarantined; 0 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        metrics)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--to[a file that is replaced as a whole, such as one that the node exporter'\''s textfile collector reads; standard output by default]:FILE:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        report)
            _arguments \
                ':FILE:' \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--title[its title; the inventory'\''s name by default]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        batches)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--status[one of running, succeeded, failed, released, split, quarantined, cancelled, stuck, deferred, begun]:STATUS:(running succeeded failed released split quarantined cancelled stuck deferred begun)' \
                '--limit[most batches; 50 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        gaps)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        history)
            _arguments \
                '--meta[the item'\''s table, as it was given, or inventory\:JOB]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--id[the item'\''s id; the completion with inventory\:JOB]:ID:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        logs)
            _arguments \
                '--batch[the batch'\''s number]:N:' \
                '--attempt[the attempt; the last that has ended by default]:M:' \
                '--follow[go on showing what is written, by this attempt and by those that follow, until the batch has ended for good]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        audit)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--from[the lowest id to look at]:ID:' \
                '--to[the highest id to look at]:ID:' \
                '--budget[end after this time; the next audit goes on there]:TIME:' \
                '--repair[queue the ids that appeared for a late batch]' \
                '--redo-range[with --repair, queue also ids that may have been handed out before\: those of taken over batches that differ, and all from --from to --to]' \
                '--thorough[compare the ids of every batch; by default counts and sums, and the ids where these differ and, in turn, of one batch in 16]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        retry)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '*--batch[this batch; all of the run by default]:N:' \
                '--cancelled[those that were cancelled, and no others]' \
                '--may-repeat[those, too, that may have been executed (--execution at-most-once)]' \
                '--now[with --batch\: also one that waits for its next try, or that is done, which is done again]' \
                '--status[those that are failed, stuck, cancelled, waiting, succeeded; failed by default]:STATUS:(failed stuck cancelled waiting succeeded)' \
                '--ids[those with one of these items, such as 5,9..12]:IDS:' \
                '--error[those with this in their error, in the same letters]:TEXT:' \
                '--since[those whose last attempt ended since\: 2h ago, or 2026-11-28T08\:00]:TIME:' \
                '--until[those whose last attempt ended until then]:TIME:' \
                '--of-worker[those that this worker held last]:NAME:' \
                '--dry-run[show which, and change nothing]' \
                '--yes[do not ask, where it is asked]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        split)
            _arguments \
                ':BATCH:' \
                '--dry-run[say what it would give]' \
                '--may-repeat[although it may have been executed (--execution at-most-once)]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        redrive)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--ids[these items, such as 5,9..12; all of the run by default]:IDS:' \
                '--error[those with this in their error, in the same letters]:TEXT:' \
                '--since[those whose last attempt ended since\: 2h ago, or 2026-11-28T08\:00]:TIME:' \
                '--until[those whose last attempt ended until then]:TIME:' \
                '--of-worker[those that this worker held last]:NAME:' \
                '--start[so many at first, and more only once these have ended]:N:' \
                '--grow[with --start\: how many times as many come next; 2]:FACTOR:' \
                '--stop-on-failure[with --start\: no more once one fails again]' \
                '--dry-run[show which, and change nothing]' \
                '--yes[do not ask, where it is asked]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        pause)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--reason[why; shown to whoever asks for work]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        resume)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--batches[so many batches alone, whoever takes them; then it is paused again]:N:' \
                '--reason[why, of a cancelled run; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        cancel)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--batch[this batch alone; the run with all its batches by default]:N:' \
                '--reason[why; shown to whoever works on it, or asks for work]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        set)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--parallelism[most batches of the run; 0 hands out nothing]:N|none:' \
                '--per-key[most batches of one key; for a run with --key]:N:' \
                '--no-per-key[any number of batches of one key]' \
                '*--budget[a budget that the run refers to; several are all asked]:NAME:' \
                '--share[its part of a budget beside others that wait; 1 unless set]:N:' \
                '--priority[who comes first under a budget\: higher ones; 0 unless set]:N:' \
                '--no-budget[the run refers to no budget any more]' \
                '--reason[why; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        restore)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--reason[why; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        budget)
            _arguments \
                ':set|list|show|pause|resume|park|unpark|remove:(set list show pause resume park unpark remove)' \
                ':NAME:' \
                '--batches[most batches at once; 0 hands out nothing]:N|none:' \
                '--weight[most weight at once\: 500, 64MiB, 1.5GB]:WEIGHT|none:' \
                '--rate[how much weight is let in per time\: 1GiB/min, 500/s]:WEIGHT/TIME|none:' \
                '--burst[the most that a rate keeps for later; what it gives in its time unless set]:WEIGHT:' \
                '--for[with park\: how long nothing is handed out\: 30s, at most 15m]:TIME:' \
                '--reason[why; '\''tranche changes'\'' shows it]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        probe)
            _arguments \
                ':set|list|show|ask|remove:(set list show ask remove)' \
                ':NAME:' \
                '--sql[a query whose first column is true or a number other than 0 to go on; a second column is the reason]:QUERY:' \
                '--database[where the query is run, without a password; the inventory by default]:URL:' \
                '--http[an address that answers 200 to 299 to go on]:URL:' \
                '--window[the time of day in which to go on]:HH\:MM-HH\:MM:' \
                '--zone[the window'\''s time zone\: Europe/Berlin, UTC]:ZONE:' \
                '--every[how long an answer counts; 30s unless set]:TIME:' \
                '--timeout[how long an answer may take; 5s unless set]:TIME:' \
                '--unreachable[what it means that it cannot be asked; hold unless set]:hold|go:(hold go)' \
                '--reason[why; '\''tranche changes'\'' shows it]:TEXT:' \
                '--budget[all runs under this budget]:NAME:' \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        changes)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--budget[those of a budget]:NAME:' \
                '--limit[at most so many, the latest first; 50 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        page)
            _arguments \
                ':next|list:(next list)' \
                ':CURSOR:' \
                '--end[no page follows, ever]' \
                '--end-for-now[no page follows as yet]' \
                '--page-weight[what the page weighs; 1 by default]:WEIGHT:' \
                '--batch[the batch that holds it; TRANCHE_BATCH by default, its last page is meant]:BATCH:' \
                '--attempt[the attempt that holds it; TRANCHE_ATTEMPT by default]:N:' \
                '--meta[the pages, with list or by hand]:pages\:NAME:' \
                '--after[the page'\''s number; with list, those behind it]:NUMBER:' \
                '--limit[with list\: at most so many; 100 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        workflow)
            _arguments \
                ':start|list|show|work|result|snapshot|pause|resume|cancel:(start list show work result snapshot pause resume cancel)' \
                ':FILE:' \
                '*--param[a parameter of the workflow]:NAME=VALUE:' \
                '--work[work on it in this process, too]' \
                '--dry-run[check the workflow, and begin nothing]' \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--follow[never end\: wait for new items]' \
                '--grace[after a stop signal, how long batches may go on; 5s by default]:TIME:' \
                '--log[lines on standard error with time, level, job, batch and worker; quiet\: warnings and errors alone]:json|text|quiet:(json text quiet)' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--reason[why; with start, pause, resume and cancel]:TEXT:' \
                '--to[with snapshot\: a folder, s3\://… or gs\://…, or a sink such as table\:NAME; else it is printed]:PLACE:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        run)
            _arguments \
                ':FILE:' \
                '--drain[work on what there is now, and end]' \
                '--apply[apply the file first, as '\''tranche apply'\'' does]' \
                '--grace[after a stop signal, how long processes may go on; 5s by default]:TIME:' \
                '--log[lines on standard error with time, level, job, batch and worker; quiet\: warnings and errors alone]:json|text|quiet:(json text quiet)' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        apply)
            _arguments \
                ':FILE:' \
                '--dry-run[show what differs, and apply nothing]' \
                '--expect-generation[apply only where generation N is applied now; 0 for none]:N:' \
                '--overwrite-budgets[set budgets that somebody has set by hand to what FILE says]' \
                '--reason[why; '\''tranche pipeline history'\'' shows it]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        pipeline)
            _arguments \
                ':list|show|history|remove:(list show history remove)' \
                ':NAME:' \
                '--limit[with history\: at most so many, the latest first; 50]:N:' \
                '--reason[with remove\: why]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        check)
            _arguments \
                ':FILE:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        graph)
            _arguments \
                ':FILE:' \
                '--format[for people, for Graphviz or for Mermaid; text by default]:text|dot|mermaid:(text dot mermaid)' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        schema)
            _arguments \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        input)
            _arguments \
                ':list|show|add|remove|status|forget:(list show add remove status forget)' \
                ':NAME:' \
                ':INPUT:' \
                ':READER:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        redefine)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--uid[the id'\''s column]:COLUMN:' \
                '--item[the payload'\''s column; '\'''\'' for none]:COLUMN:' \
                '--weight-column[the weight'\''s column; '\'''\'' for none]:COLUMN:' \
                '--where[the condition that items must meet; '\'''\'' for none]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently]' \
                '--settle-column[when an item was made; '\'''\'' for none]:COLUMN:' \
                '--database[they are in the database that is configured now]' \
                '--same[what stands under the name now is what stood there\: go on behind the cursor]' \
                '--restart[begin the run anew; what it handed out is kept as a run of its own, ~1]' \
                '--all[with --database\: all jobs over tables, at once]' \
                '--from-database[only those known with this database, as '\''status --json'\'' names it, or sqlite\:PATH; implies --all --database]:NAME:' \
                '--from[the lowest id; '\'''\'' for none]:ID:' \
                '--to[the highest id; '\'''\'' for none]:ID:' \
                '--lease[how long a batch is held without a heartbeat]:TIME:' \
                '--max-attempts[failures after which a batch stays failed]:N:' \
                '--backoff[wait after the first failure, then doubled]:TIME:' \
                '--backoff-limit[the longest such wait]:TIME:' \
                '--on-exhausted[what then becomes of the batch\: it stays failed, or is split by weight, down to single items, which are quarantined]:fail|split:(fail split)' \
                '--extended-retries[try a batch that stays failed once more after this time, again and again\: when there is nothing else, and for one hand-out in ten]:TIME|none:' \
                '--execution[at-most-once\: a batch that work has begun on is never worked on again by itself, whatever ended the work]:at-least-once|at-most-once:(at-least-once at-most-once)' \
                '--settle-wait[how long an open transaction that writes to the table is waited for; what it commits later makes late batches]:TIME:' \
                '--settle-lag[how long ids must have been known before they are handed out]:TIME:' \
                '--watch[how long ids that were passed over are looked for]:TIME:' \
                '--dry-run[say what would change]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        compact)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--keep[leave what ended in this time as it is; 30d by default]:TIME:' \
                '--dry-run[count, and change nothing]' \
                '--yes[give up results and logs without asking]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        forget)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[this run alone, '\'''\'' for the open-ended one; all of the job by default]:RUN:' \
                '--dry-run[show which, and change nothing]' \
                '--yes[do not ask, where it is asked]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        export)
            _arguments \
                ':FILE:' \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table or inventory\:JOB, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        import)
            _arguments \
                ':FILE:' \
                '--dry-run[find out if all would be taken, and change nothing]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
        completions)
            _arguments \
                ':bash|zsh:(bash zsh)' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[the usual options; -h too]' \
                '--help-all[all options, and more to know]' ;;
    esac
}
compdef _tranche tranche
