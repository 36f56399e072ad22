module batcher

go 1.22
