import Tranche
import TrancheOrchestrator

/// The databases that applied pipelines name, read once for one look at any number of runs.
actor AppliedDatabases {
    private var outcome: Result<[AppliedDatabase], any Error>?
    private var isReading = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// The databases; who asks while another reads them waits for that.
    ///
    /// - Parameter inventory: Where the pipelines are applied.
    /// - Returns: The databases, of which nothing is looked up yet.
    /// - Throws: `TrancheError` of the store, to all who ask; `CancellationError`.
    func all(in inventory: Inventory) async throws -> [AppliedDatabase] {
        while true {
            if let outcome { return try outcome.get() }
            if !isReading { return try await read(inventory) }
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func read(_ inventory: Inventory) async throws -> [AppliedDatabase] {
        isReading = true
        defer {
            isReading = false
            let all = waiting
            waiting = []
            for one in all { one.resume() }
        }
        do {
            let databases = try await AppliedPipelines(inventory).namedDatabases()
            outcome = .success(databases)
            return databases
        } catch let error as CancellationError {
            // Another's cancellation is none of those who wait.
            throw error
        } catch {
            outcome = .failure(error)
            throw error
        }
    }
}
