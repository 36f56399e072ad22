import FoundationEssentials
import Tranche

/// Inserts one new batch of a run: the statement is put together once.
///
/// It gives the batch's number and its first id, and what room budgets have left behind it.
struct BatchInsertion: Sendable {
    private let template: SQLTemplate
    /// The budgets that are asked; `nil` where none is.
    let budgetIDs: [Int64]?

    /// Puts the statement together.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - ids: The budgets of the run, if the statement asks them: they had much room when they
    ///     were asked last.
    ///   - store: The store.
    init<Database>(
        _ request: AcquireRequest,
        under ids: [Int64]?,
        in store: SQLInventoryStore<Database>
    ) {
        budgetIDs = ids
        let columns = request.givenColumns
        let blanks = SQLTemplate.blankValues(columns.count + 10)
        let given = SQLStatement(
            table: "given",
            columns,
            rows: [Array(blanks.prefix(columns.count))]
        )
        let values = Array(SQLTemplate.blanks(blanks.count).dropFirst(columns.count))
        let now = store.dialect.instant(values[0])
        let insert = store.insertGiven(
            request,
            startedAt: now,
            leaseEnd: store.dialect.instant(values[1]),
            completion: values[2],
            identifier: values[3],
            config: store.dialect.json(of: values[4])
        )
        var statement: SQLStatement = "WITH \(given)\n\(insert)\nRETURNING id, batch_id_start"
        if let ids {
            let need = BudgetNeed(
                batches: values[6],
                weight: values[7],
                twice: (values[8], values[9])
            )
            let room = store.ampleRoom(for: need, in: ids, now: now)
            statement = store.insertLetIn(given, insert, in: room, of: values[5], for: need)
        }
        template = SQLTemplate(statement, values: blanks.count)
    }

    /// The statement for a batch.
    ///
    /// - Parameters:
    ///   - given: The batch, as ``AcquireRequest/given(_:by:)`` tells it.
    ///   - request: What was asked for.
    ///   - run: The run, as it is handed out from.
    ///   - now: The inventory's time.
    ///   - leaseEnd: When the lease ends.
    ///   - use: All that is let in by the budgets.
    /// - Returns: The statement.
    func statement(
        for given: [Value],
        of request: AcquireRequest,
        _ run: RunRecord,
        now: Date,
        leaseEnd: Date,
        letIn use: BudgetUse
    ) -> SQLStatement {
        template.filled(
            with: given + [
                .integer(now.milliseconds), .integer(leaseEnd.milliseconds),
                Value(run.isUpstream ? Int64(0) : nil), Value(request.jobIdentifier),
                Value(request.config), .integer(run.id), .integer(Int64(use.batches)),
                .real(use.weight), .integer(Int64(2 * use.batches)),
                .real(use.weight + use.weight),
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
