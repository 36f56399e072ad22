import Tranche

/// The processes that are at work on the inventory, asked for now and then: each records itself
/// once a minute.
struct WorkersAtWork: Sendable {
    private let reading: SharedReading<[WorkerStatus]>

    /// How old an answer may be that is given again.
    private static let age = Duration.seconds(15)

    init(_ inventory: Inventory, _ clock: any Clock<Duration>) {
        reading = SharedReading(age: Self.age, clock: clock) { _ in
            do {
                let store = inventory.store as? any WorkerRecordingStore
                return try await store?.recordedWorkers() ?? []
            } catch let error as CancellationError {
                throw error
            } catch {
                // Their versions are unknown then; what they hold, the inventory tells.
                return []
            }
        }
    }

    /// The processes; none where they cannot be asked for.
    var all: [WorkerStatus] { get async throws { try await reading.value } }
}
