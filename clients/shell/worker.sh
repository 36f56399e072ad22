#!/bin/sh
# Counts the items of each batch, in one process for many batches:
#
#   tranche work --job count --meta files --count 100 --persistent -- clients/shell/worker.sh
#
# Standard output belongs to the answers: send all else to standard error.
while read -r line; do
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
