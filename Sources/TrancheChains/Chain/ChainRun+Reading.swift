import Tranche

extension ChainRun {
    /// Reads all of a batch, ahead of its writing.
    func read(_ batch: Batch, _ progress: BatchProgress) async throws -> ReadBatch {
        var content = ReadBatch()
        let faults = FaultList()
        let records: ChunkReader<Record>
        let onFault = { (fault: RecordFault) in
            faults.list.append(fault)
            let first = RefusedRecord(faults.list.first ?? fault, by: .source)
            try options.maxRejects?.require(faults.list.count, of: batch.record, suchAs: first)
        }
        if let supply {
            records = try await supply.records(onFault: onFault)
        } else if let source = source as? any RecordMetaSource {
            records = try await source.records(of: batch.record, onFault: onFault)
        } else {
            records = ItemRecords.reader(of: batch)
        }
        while let chunk = try await records.next() {
            content.chunks.append(chunk)
            progress.report()
        }
        content.faults = faults.list
        return content
    }

    /// Collects what a source tells while it is read, by one task.
    private final class FaultList {
        var list: [RecordFault] = []
    }

    /// The records of a batch, as they were read ahead or as they are read now.
    func reader(
        of batch: Batch,
        read content: ReadBatch?,
        _ context: BatchContext,
        _ progress: BatchProgress
    ) async throws -> ChunkReader<Record> {
        context.counters.add(0, to: CounterName.read)
        let records: ChunkReader<Record>
        let onFault = { (fault: RecordFault) in
            context.counters.add(1, to: CounterName.read)
            try context.reject(fault, by: .source)
        }
        if let content {
            records = content.reader(onFault: onFault)
        } else if let supply {
            records = try await supply.records(onFault: onFault)
        } else if let source = source as? any RecordMetaSource {
            records = try await source.records(of: batch.record, onFault: onFault)
        } else {
            records = ItemRecords.reader(of: batch)
        }
        var last: RecordBlock?
        return ChunkReader {
            // Where steps refuse all of a chunk, nothing comes to whoever asks them.
            progress.report()
            try await flush(context)
            guard let chunk = try await records.next() else { return nil }
            context.counters.add(chunk.count, to: CounterName.read)
            // What is read at once is mostly one block.
            let isOneBlock = chunk.first?.block === chunk.last?.block
            for run in isOneBlock ? [chunk[...]] : chunk.blockRuns {
                guard let block = run.first?.block, block !== last else { continue }
                last = block
                if block.surplus > 0 {
                    context.counters.add(block.surplus, to: CounterName.surplus)
                }
            }
            return chunk
        }
    }
}
