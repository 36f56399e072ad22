import Tranche

extension StatusReading {
    /// Looks at the runs that are meant, and at their sources; says which could not be looked at.
    init(
        _ selection: RunSelection,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        try await self.init(silently: selection, inventory, context)
        for words in faultWords { try context.note(words) }
    }

    /// Looks at them, and says nothing.
    init(
        silently selection: RunSelection,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        try await self.init(selection, in: inventory, source: context.sourceFinder())
    }

    /// Which sources could not be looked at, and why.
    var faultWords: [String] { Set(faults.values).sorted() }
}
