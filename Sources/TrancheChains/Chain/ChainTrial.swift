import FoundationEssentials
package import Tranche

/// What would become of a source's records, found out without writing one.
package struct ChainTrial: Sendable {
    /// What is wrong with a record, and where it stands.
    package struct Fault: Sendable {
        /// The id: for a file the offset of its first byte.
        package var id: Int64
        /// The line on which it begins, where that is known.
        package var line: RecordLine?
        /// What is wrong with it.
        package var message: String
    }

    /// How many records were looked at.
    package internal(set) var read = 0
    /// How many would be given to the sink.
    package internal(set) var passed = 0
    /// How many would be refused before that.
    package internal(set) var rejected = 0
    /// What is wrong with the first ones.
    package internal(set) var faults: [Fault] = []
    /// Whether all records were looked at that were to be.
    package internal(set) var isWhole = true
    /// What keeps the records behind those that were looked at from being read; `nil` where nothing
    /// does, or no more were looked at.
    package internal(set) var end: TrancheError?
    /// What the fields of the records that pass hold, as far as it was asked for.
    package internal(set) var columns = SampledColumns()
}

extension SinkChain {
    /// Reads records, checks and converts them as a load would, and writes none.
    ///
    /// What a database would refuse by itself, such as a key that is there twice, is not found out.
    ///
    /// - Parameters:
    ///   - inventory: The inventory that the source is opened beside.
    ///   - source: The source.
    ///   - start: The id from which to begin; the first by default.
    ///   - last: The id behind which to end; none by default.
    ///   - most: How many records to look at, at most.
    ///   - mostFaults: The maximum number of faults to report.
    ///   - samples: Whether to find out what the fields hold.
    ///   - readingTexts: Whether texts are looked at for what they spell then.
    /// - Returns: What came of it; `nil` for a source whose records are not read so.
    /// - Throws: `TrancheError` of the source, or where source and steps do not fit together.
    package func trial(
        beside inventory: Inventory,
        _ source: any MetaSourceDescription,
        from start: Int64? = nil,
        through last: Int64? = nil,
        most: Int = .max,
        mostFaults: Int = 10,
        samples: Bool = false,
        readingTexts: Bool = false
    ) async throws -> ChainTrial? {
        guard let file = try await inventory.source(source) as? FileMetaSource else { return nil }
        let fields = try chain.fields(file.fields)
        let context = BatchContext(.trial(of: file.definition.table), sourceFields: file.fields)
        let faults = RejectCollector()
        context.rejects = [faults]
        var trial = ChainTrial()
        var isWhole = true
        // Whether a record behind the last was seen: what is wrong there is not asked for.
        var isPast = false
        var fault: TrancheError?
        trial.columns.readsTexts = readingTexts
        trial.columns.add(fields)
        let read = try await file.allRecords(from: start) { fault in
            guard fault.id <= last ?? .max else { return }
            context.counters.add(1, to: CounterName.read)
            try context.reject(fault, by: .source)
        }
        let bounded = ChunkReader<Record> {
            if isPast { return nil }
            guard context.counters[CounterName.read] < most else {
                isWhole = false
                return nil
            }
            let chunk: [Record]?
            do {
                chunk = try await read.next()
            } catch let error as TrancheError where error.code == .invalidItem {
                fault = error
                return nil
            }
            guard let chunk else { return nil }
            let own = chunk.filter { $0.id <= last ?? .max }
            guard !own.isEmpty || chunk.isEmpty else { return nil }
            isPast = own.count < chunk.count
            context.counters.add(own.count, to: CounterName.read)
            return own
        }
        let records = try chain.open(context, bounded)
        while let chunk = try await records.next() {
            try Task.checkCancellation()
            trial.passed += chunk.count
            if samples { trial.columns.add(chunk) }
            await trial.take(faults.take(), mostFaults, file)
        }
        await trial.take(faults.take(), mostFaults, file)
        trial.isWhole = isWhole
        trial.end = fault
        trial.read = context.counters[CounterName.read]
        trial.rejected = context.counters[CounterName.rejected]
        return trial
    }
}

extension Chain where Element == Record {
    /// Shows first records as they leave the chain, without those that it refuses.
    ///
    /// - Parameters:
    ///   - records: The records as the source has them.
    ///   - source: The source.
    /// - Returns: What comes of them.
    /// - Throws: `TrancheError` where source and steps do not fit together.
    package func shown(_ records: [Record], of source: any MetaSource) async throws -> [Record] {
        let fields = (source as? any RecordMetaSource)?.fields
        let context = BatchContext(.trial(of: source.definition.table), sourceFields: fields)
        context.rejects = [RejectCollector()]
        var rest: [Record]? = records
        let reader = try open(
            context,
            ChunkReader {
                defer { rest = nil }
                return rest
            }
        )
        var shown: [Record] = []
        while let chunk = try await reader.next() { shown += chunk }
        return shown
    }
}

extension ChainTrial {
    /// Keeps the first faults, each with its line.
    fileprivate mutating func take(
        _ found: [RecordFault],
        _ most: Int,
        _ file: FileMetaSource
    ) async {
        let news = found.prefix(max(0, most - faults.count))
        guard !news.isEmpty else { return }
        let lines = await file.knownLines(of: news.map(\.id))
        faults += news.map { fault in
            let message = fault.errors.map { error in
                let input = error.input.map { ", '\($0)'" } ?? ""
                return "\(error)\(input)"
            }
            return Fault(
                id: fault.id,
                line: lines[fault.id],
                message: message.joined(separator: "; ")
            )
        }
    }
}

extension BatchRecord {
    /// What stands for a batch where there is none.
    fileprivate static func trial(of table: String) -> BatchRecord {
        BatchRecord(
            id: 0,
            key: RunKey(metaTable: table, job: "trial"),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 0,
            idEnd: .max,
            coverStart: nil,
            itemIDs: nil,
            count: 0,
            weight: nil,
            startedAt: Date(timeIntervalSince1970: 0)
        )
    }
}
