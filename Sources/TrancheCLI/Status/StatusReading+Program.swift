import Tranche

extension StatusReading {
    /// Looks at the runs that are meant, and at their sources; says which could not be looked at.
    init(
        _ selection: RunSelection,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        try await self.init(selection, in: inventory) { run, inventory in
            try await context.source(of: run, in: inventory)
        }
        for words in Set(faults.values).sorted() { try context.note(words) }
    }
}
