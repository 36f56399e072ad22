/// How large batches were asked for, as it is kept with each of them.
package struct AskedSize: Sendable, Hashable {
    /// The limit; without a weight where a target time found it.
    package var limit: BatchLimit
    /// How long a batch should take; `nil` where the weight was given, or none was.
    package var targetTime: TargetTime?

    /// Reads it from the request that is kept with a batch; `nil` for a text that is not a request,
    /// and for one whose weights were those of another column.
    ///
    /// - Parameters:
    ///   - config: The JSON of the column `config`.
    ///   - weight: The column of the weights that a limit is for now; a weight that was asked for
    ///     of another one is another unit.
    package init?(config: String, weight: String?) {
        // What cannot be read was written by something else: then nothing is known.
        guard let kept = try? JSONText.decode(KeptRequest.self, from: config) else { return nil }
        limit = BatchLimit(weight: kept.batchWeight, count: kept.batchCount)
        if let milliseconds = kept.targetMilliseconds {
            limit.weight = nil
            targetTime = TargetTime(
                .milliseconds(milliseconds),
                least: kept.leastWeight ?? 1,
                most: kept.mostWeight ?? .greatestFiniteMagnitude
            )
        }
        guard limit.weight == nil && targetTime == nil || kept.metaTable.cols.weight == weight,
            isValid
        else { return nil }
    }

    private var isValid: Bool {
        do {
            try limit.validate()
            try targetTime?.validate()
            return true
        } catch {
            return false
        }
    }
}

/// What is read of a kept request; one of pybatchintory has these keys, too.
private struct KeptRequest: Decodable {
    struct MetaTable: Decodable {
        var cols: Columns
    }

    struct Columns: Decodable {
        var weight: String?
    }

    var metaTable: MetaTable
    var batchWeight: Double?
    var batchCount: Int?
    var targetMilliseconds: Int64?
    var leastWeight: Double?
    var mostWeight: Double?

    enum CodingKeys: String, CodingKey {
        case metaTable = "meta_table"
        case batchWeight = "batch_weight"
        case batchCount = "batch_count"
        case targetMilliseconds = "target_ms"
        case leastWeight = "least_weight"
        case mostWeight = "most_weight"
    }
}

extension Inventory {
    /// How large the newest batch of a run was asked for.
    ///
    /// - Parameter run: The run.
    /// - Returns: The size; `nil` where none is known: the run has no batch, it is packed, the
    ///   store does not tell, or its weights were those of another column.
    /// - Throws: ``TrancheError`` of the store.
    package func askedSize(of run: RunRecord) async throws -> AskedSize? {
        guard let store = store as? any RequestKeepingStore else { return nil }
        let config = try await retrying { _ in try await store.lastRequest(of: run.key) }
        return config.flatMap { AskedSize(config: $0, weight: run.source?.weight) }
    }
}
