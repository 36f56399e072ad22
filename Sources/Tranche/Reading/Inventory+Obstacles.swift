extension Inventory {
    /// Reads what stands in the way of a run.
    ///
    /// - Parameter run: The run.
    /// - Returns: The budgets that let nothing of it in, or would not now, whether or not it has
    ///   work; none where nothing limits it.
    /// - Throws: ``TrancheError`` of the store.
    package func obstacles(of run: RunRecord) async throws -> [RunStatus.Waiting] {
        guard run.isLimited else { return [] }
        return try await budgets(ofAll: [run]).obstacles(of: run.key)
    }
}
