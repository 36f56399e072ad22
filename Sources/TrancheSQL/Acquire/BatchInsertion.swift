import FoundationEssentials
import Tranche

/// Inserts one new batch of a run: the statement is put together once.
struct BatchInsertion: Sendable {
    private let template: SQLTemplate

    init<Database>(_ request: AcquireRequest, in store: SQLInventoryStore<Database>) {
        let columns = request.givenColumns
        let blanks = SQLTemplate.blankValues(columns.count + 5)
        let given = SQLStatement(
            table: "given",
            columns,
            rows: [Array(blanks.prefix(columns.count))]
        )
        let others = SQLTemplate.blanks(blanks.count).dropFirst(columns.count)
        let values = Array(others)
        let insert = store.insertGiven(
            request,
            startedAt: store.dialect.instant(values[0]),
            leaseEnd: store.dialect.instant(values[1]),
            completion: values[2],
            identifier: values[3],
            config: store.dialect.json(of: values[4])
        )
        template = SQLTemplate(
            "WITH \(given)\n\(insert)\nRETURNING id, batch_id_start",
            values: blanks.count
        )
    }

    /// The statement that inserts a batch; it gives its number and its first id.
    ///
    /// - Parameters:
    ///   - given: The batch, as ``AcquireRequest/given(_:by:)`` tells it.
    ///   - request: What was asked for.
    ///   - now: The inventory's time.
    ///   - leaseEnd: When the lease ends.
    ///   - completion: 0 where completions are to be numbered, else `nil`.
    /// - Returns: The statement.
    func statement(
        for given: [Value],
        of request: AcquireRequest,
        now: Date,
        leaseEnd: Date,
        completion: Int64?
    ) -> SQLStatement {
        template.filled(
            with: given + [
                .integer(now.milliseconds), .integer(leaseEnd.milliseconds), Value(completion),
                Value(request.jobIdentifier), Value(request.config),
            ]
        )
    }
}

extension AcquireRequest {
    /// The columns of a table `given` of new batches; see
    /// ``SQLInventoryStore/insertGiven(_:startedAt:leaseEnd:completion:identifier:config:)``.
    var givenColumns: [String] {
        [
            "given_kind", "given_worker", "given_start", "given_end", "given_cover", "given_ids",
            "given_count", "given_weight", "given_token",
        ] + (definition.key == nil ? [] : ["given_key"])
            + (definition.time == nil ? [] : ["given_from", "given_to"])
    }

    /// A new batch as a row of these columns.
    func given(_ batch: BatchRecord, by token: String) -> [Value] {
        var values = [
            Value(batch.kind.rawValue), Value(batch.worker), Value(batch.idStart),
            Value(batch.idEnd), Value(batch.coverStart), Value(batch.itemIDs?.packed),
            Value(Int64(batch.count)), Value(batch.weight), Value(token),
        ]
        if definition.key != nil { values.append(Value(batch.itemKey)) }
        if definition.time != nil {
            values.append(Value(batch.interval?.from.milliseconds))
            values.append(Value(batch.interval?.to.milliseconds))
        }
        return values
    }
}
