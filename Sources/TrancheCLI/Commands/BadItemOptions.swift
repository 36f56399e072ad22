import Tranche

/// The options that name bad items of a batch.
struct BadItemOptions: Sendable {
    /// What is wrong with each; `nil` where nobody says.
    let reasons: [ExactText: String?]
    private let ids: ItemNames?

    /// The options, for a command that does something with all the others.
    static func options(_ others: String) -> [CommandDescription.Option] {
        [
            .init(
                "bad-ids",
                "IDS",
                "bad items, such as 5,9..12: they are quarantined, and all the others "
                    + others
            ),
            .init(
                "bad",
                "JSON",
                "bad items with their errors, such as "
                    + #"[{"id": 5, "error": "no such day"}]"#
            ),
        ]
    }

    init(_ arguments: Arguments) throws {
        ids = try ItemNames("bad-ids", in: arguments)
        let named = try arguments.value("bad") { text in
            guard let named = ProgramBlame.reasons(inList: text) else {
                throw ValueError(#"give a list, such as [{"id": 5, "error": "no such day"}]"#)
            }
            return named
        }
        var reasons = named ?? [:]
        for id in try ids?.list().map(ExactText.init) ?? [] where reasons[id] == nil {
            reasons.updateValue(nil, forKey: id)
        }
        self.reasons = reasons
    }

    /// Whether none is named.
    var isEmpty: Bool { reasons.isEmpty }

    /// The parts that a batch falls into by them.
    ///
    /// - Parameters:
    ///   - holding: The batch.
    ///   - error: What is wrong with those of which nothing is said; `nil` (the default) for none.
    ///   - inventory: Where it is.
    ///   - context: Opens its source, which knows the weights.
    /// - Returns: The parts.
    /// - Throws: `TrancheError` `.invalidArgument` for an id that is not the batch's.
    func parts(
        of holding: AttemptKey,
        error: String? = nil,
        in inventory: Inventory,
        _ context: Context
    ) async throws -> [BatchPart] {
        let batch = try await inventory.batch(holding.batch)
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await inventory.source(context.source(of: run, in: inventory))
        if source.numbered == nil { _ = try ids?.ids() }
        return try await inventory.parts(of: batch, blaming: reasons, error: error, in: source)
    }
}
