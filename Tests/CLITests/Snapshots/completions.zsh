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
        'release:Give a batch back unharmed'
        'work:Run a program for each batch of a job'
        'backfill:Run a program for each batch of an id range, under a run'\''s name'
        'plan:Show the batches that would be handed out, and hand out none'
        'status:Show the runs and how far they are'
        'batches:List batches, the newest first'
        'history:Show what happened to one item'
        'retry:Offer finally failed batches again'
        'pause:Hand out no more batches of a run'
        'resume:Let a paused run go on'
        'redefine:Change what was set when a run began'
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
                '*--bounded[the job becomes a run of its name with these bounds]:JOB=20..80:' \
                '--zone[what its times mean, as Europe/Berlin; the server'\''s by default]:ZONE:' \
                '--lease[when rows left running are offered again; 60s by default]:TIME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        acquire)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, or table\:NAME]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch]:N:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--request[a token of your own\: the same one gives the same batch]:TOKEN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        succeed)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--result[what came out of it; kept with the batch]:JSON:' \
                '--logging[free text; kept with the batch]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        fail)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--error[what went wrong; kept with the attempt]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        heartbeat)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        release)
            _arguments \
                ':BATCH:' \
                '--attempt[the attempt that holds it]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        work)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, or table\:NAME]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch]:N:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--workers[programs at a time; 1 by default]:N:' \
                '--grace[after a signal, how long programs may go on; 30s by default]:TIME:' \
                '--drain[end when the run is complete; the default]' \
                '--follow[never end\: wait for new items]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        backfill)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, or table\:NAME]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--run[name of a bounded run]:RUN:' \
                '--from[the lowest id of the run]:ID:' \
                '--to[the highest id of the run]:ID:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch]:N:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--lease[how long a batch is held without a heartbeat; 60s by default]:TIME:' \
                '--max-attempts[failures after which a batch stays failed; 3 by default]:N:' \
                '--backoff[wait after the first failure, then doubled; 5s by default]:TIME:' \
                '--backoff-limit[the longest such wait; 5m by default]:TIME:' \
                '--workers[programs at a time; 1 by default]:N:' \
                '--grace[after a signal, how long programs may go on; 30s by default]:TIME:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        plan)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[\[schema.\]table of the items, or table\:NAME]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--uid[the id'\''s column; uid by default]:COLUMN:' \
                '--item[the payload'\''s column; item by default, if there is one]:COLUMN:' \
                '--weight-column[the weight'\''s column; weight by default, if there is one]:COLUMN:' \
                '--where[a condition that items must meet, and whose answer for a row never changes]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently later; rows that begin to match behind the cursor are then missed]' \
                '--run[name of a bounded run; the open-ended one by default]:RUN:' \
                '--from[the lowest id of the run; needs --run]:ID:' \
                '--to[the highest id of the run; needs --run]:ID:' \
                '--weight[most weight of a batch, such as 250 or 64MiB]:WEIGHT:' \
                '--count[most items of a batch]:N:' \
                '--min-weight[hand out less only when it has waited for --linger]:WEIGHT:' \
                '--linger[how long too little may wait for more]:TIME:' \
                '--job-identifier[your own name for the work, kept with the batch]:TEXT:' \
                '--worker[who asks (TRANCHE_WORKER); host and process by default]:NAME:' \
                '--limit[most batches to plan; 100 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        status)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        batches)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--status[one of running, succeeded, failed, released, split, quarantined]:STATUS:(running succeeded failed released split quarantined)' \
                '--limit[most batches; 50 by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        history)
            _arguments \
                '--meta[the item'\''s table, as it was given]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--id[the item'\''s id]:ID:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        retry)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '*--batch[this batch; all of the run by default]:N:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        pause)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--reason[why; shown to whoever asks for work]:TEXT:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        resume)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        redefine)
            _arguments \
                '--job[name of the job]:JOB:' \
                '--meta[the job'\''s table, where it has several]:TABLE:' \
                '--schema[the schema, with --meta table\:NAME]:SCHEMA:' \
                '--run[name of a bounded run]:RUN:' \
                '--uid[the id'\''s column]:COLUMN:' \
                '--item[the payload'\''s column; '\'''\'' for none]:COLUMN:' \
                '--weight-column[the weight'\''s column; '\'''\'' for none]:COLUMN:' \
                '--where[the condition that items must meet; '\'''\'' for none]:SQL:' \
                '--volatile-filter[let --where call functions that may answer differently]' \
                '--database[they are in the database that is configured now]' \
                '--from[the lowest id; '\'''\'' for none]:ID:' \
                '--to[the highest id; '\'''\'' for none]:ID:' \
                '--lease[how long a batch is held without a heartbeat]:TIME:' \
                '--max-attempts[failures after which a batch stays failed]:N:' \
                '--backoff[wait after the first failure, then doubled]:TIME:' \
                '--backoff-limit[the longest such wait]:TIME:' \
                '--dry-run[say what would change]' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
        completions)
            _arguments \
                ':bash|zsh:(bash zsh)' \
                '--inventory[the inventory (TRANCHE_INVENTORY)\: sqlite\:PATH or postgresql\://…]:URL:' \
                '--meta-db[the items'\'' database (TRANCHE_META_DB); the inventory'\''s by default]:URL:' \
                '--env-file[a dotenv file with settings (TRANCHE_ENV_FILE)]:FILE:_files' \
                '--json[one JSON document on standard output]' \
                '--help[this text; -h too]' ;;
    esac
}
compdef _tranche tranche
