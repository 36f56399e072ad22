#!/bin/sh
# Counts the items of each batch, in one process per batch, or with --persistent in one for many:
#
#   tranche work --job count --meta files --count 100 -- clients/shell/worker.sh
#   tranche work --job count --meta files --count 100 --persistent -- clients/shell/worker.sh
#
# Standard output belongs to the results: send all else to standard error. Standard input is empty
# for what is run here, which would read items from it: they come by 3, which is closed for that, such
# as in `ssh host uptime 3<&-`.
exec 3<&0 </dev/null
count=0
case ${TRANCHE_PERSISTENT-} in
'')
    # The lines are the items of one batch, which ends with this process.
    if [ -z "${TRANCHE_BATCH-}" ]; then
        echo "this program is run by 'tranche work': there is no TRANCHE_BATCH" >&2
        exit 64
    fi
    while read -r line <&3; do count=$((count + 1)); done
    echo "worked on batch $TRANCHE_BATCH" >&2
    # With an exit status above 0 the batch would fail; 75 means that another try may help.
    echo "{\"items\":$count}"
    exit 0
    ;;
1) ;;
*)
    echo "tranche speaks protocol $TRANCHE_PERSISTENT, and this program 1" >&2
    exit 64
    ;;
esac
while read -r line <&3; do
    case $line in
    '{"batch":'*)
        batch=${line#'{"batch":'}
        batch=${batch%%,*}
        count=0
        ;;
    '{"end":'*)
        echo "worked on batch $batch" >&2
        # With "exit" above 0 the batch would fail; 75 means that another try may help.
        echo "{\"done\":$batch,\"result\":{\"items\":$count}}"
        ;;
    *) count=$((count + 1)) ;;
    esac
done
