/// An item with the row that it stands for, as a program is given it.
package struct ItemRow: Sendable {
    /// The item.
    package let item: Item
    /// The item's row; `nil` where none is asked for, and where what should be one is none.
    package var row: Record?
    /// Why what should be a row is none.
    package var fault: RecordFault?
    /// The columns that are asked for; `nil` for no row.
    let columns: RowColumns?
    /// Fields whose texts are JSON.
    let jsonFields: Set<String>

    /// The item as a JSON object, appended to bytes: `id`, `item` and `weight`, and `row` where
    /// columns are asked for; `error` too, where the row is null since it is none.
    package func appendJSON(to output: inout [UInt8]) {
        item.appendJSON(to: &output)
        guard let columns else { return }
        output.removeLast()
        output += #","row":"#.utf8
        if let row {
            row.appendJSON(to: &output, columns.names(of: row), json: jsonFields)
        } else {
            output += "null".utf8
        }
        if let fault {
            output += #","error":"#.utf8
            let words = fault.errors.map(\.description).joined(separator: "; ")
            JSONBytes.append(words.utf8, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }
}

/// Reads the items of a batch with their rows, ascending by id.
///
/// Items and rows are read side by side, each in steps: one that vanished from the source between
/// the two is left out. A reader belongs to one task.
package final class ItemRows {
    private var items: BatchItems.Iterator
    private let columns: RowColumns?
    private let source: (any RecordMetaSource)?
    private let batch: Batch
    private let faults = Faults()
    private var reader: ChunkReader<Record>?
    private var chunk: [Record] = []
    private var place = 0
    /// The last id that was read, so that reading can begin anew.
    private var last: Int64?
    private var isAtEnd = false

    /// Collects what a source tells while it is read, by one task.
    private final class Faults {
        var byID: [Int64: RecordFault] = [:]
    }

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - columns: The columns of the rows; `nil` (the default) for items alone.
    /// - Throws: ``TrancheError`` `.invalidSource` where the source has no such columns.
    package init(of batch: Batch, _ columns: RowColumns? = nil) throws {
        self.batch = batch
        self.columns = columns
        source = try columns?.limiting(batch.source)
        items = batch.itemStream.makeAsyncIterator()
    }

    /// Reads the next item.
    ///
    /// - Returns: The item; `nil` after the last.
    /// - Throws: The source's failure; `CancellationError`.
    package func next() async throws -> ItemRow? {
        while let item = try await items.next() {
            var found = ItemRow(item: item, columns: columns, jsonFields: source?.jsonFields ?? [])
            guard source != nil else { return found }
            found.row = try await row(item.id)
            found.fault = found.row == nil ? faults.byID.removeValue(forKey: item.id) : nil
            if found.row != nil || found.fault != nil { return found }
        }
        return nil
    }

    private func row(_ id: Int64) async throws -> Record? {
        while !isAtEnd {
            while place < chunk.count {
                let next = chunk[place]
                if next.id > id { return nil }
                place += 1
                if next.id == id { return next }
            }
            chunk = try await nextChunk() ?? []
            (place, isAtEnd) = (0, chunk.isEmpty)
        }
        return nil
    }

    /// Reads on; from the beginning, past what was read, where the source went away meanwhile.
    private func nextChunk() async throws -> [Record]? {
        guard let source else { return nil }
        return try await batch.inventory.retrying(within: batch.lease) { _ in
            do {
                if reader == nil { reader = try await opened(source) }
                while let records = try await reader?.next() {
                    let fresh = records.filter { record in last.map { record.id > $0 } ?? true }
                    guard let newest = fresh.last else { continue }
                    last = newest.id
                    return fresh
                }
                return nil
            } catch {
                reader = nil
                throw error
            }
        }
    }

    private func opened(_ source: any RecordMetaSource) async throws -> ChunkReader<Record> {
        try await source.records(of: batch.record) { [faults] in faults.byID[$0.id] = $0 }
    }
}

@available(*, unavailable)
extension ItemRows: Sendable {}
