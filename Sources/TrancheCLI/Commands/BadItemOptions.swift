import Tranche

/// The options that name bad items of a batch.
struct BadItemOptions: Sendable {
    /// More are no list that somebody has written.
    private static let mostBadItems = 1_000_000

    /// What is wrong with each; `nil` where nobody says.
    let reasons: [Int64: String?]

    /// The options, for a command that does something with all the others.
    static func options(_ others: String) -> [CommandDescription.Option] {
        [
            .init(
                "bad-ids",
                "IDS",
                "the items to blame, such as 5,9..12: they are quarantined, and all the others "
                    + others
            ),
            .init(
                "bad",
                "JSON",
                "the same with what is wrong with each, such as "
                    + #"[{"id": 5, "error": "no such day"}]"#
            ),
        ]
    }

    init(_ arguments: Arguments) throws {
        let ids = try arguments.value("bad-ids") { text in
            let ids = try parseIDs(text)
            guard ids.count <= Self.mostBadItems else {
                throw ValueError("these are more than \(HumanText.number(Self.mostBadItems)) ids")
            }
            return ids
        }
        let named = try arguments.value("bad") { text in
            guard let named = ProgramBlame.reasons(inList: text) else {
                throw ValueError(#"give a list, such as [{"id": 5, "error": "no such day"}]"#)
            }
            return named
        }
        var reasons = named ?? [:]
        for id in ids?.ids ?? IDRuns().ids where reasons[id] == nil {
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
    ///   - inventory: Where it is.
    ///   - context: Opens its source, which knows the weights.
    /// - Returns: The parts.
    /// - Throws: `TrancheError` `.invalidArgument` for an id that is not the batch's.
    func parts(
        of holding: AttemptKey,
        in inventory: Inventory,
        _ context: Context
    ) async throws -> [BatchPart] {
        let batch = try await inventory.batch(holding.batch)
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await context.source(of: run, in: inventory)
        let parts = try await inventory.parts(
            of: batch,
            bad: Set(reasons.keys),
            in: try await inventory.source(source)
        )
        return parts.named(reasons)
    }
}
