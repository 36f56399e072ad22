import Tranche
import TrancheSQL

/// Whether the inventory can only be looked at: one on a standby, one that a role may only read,
/// or a file that cannot be written.
struct ReadOnly: Sendable {
    private let reading: SharedReading<String?>

    /// What kind of refusal it is.
    static let code = "read_only"

    /// Describes the access to an inventory.
    ///
    /// - Parameters:
    ///   - store: What is changed.
    ///   - clock: By which it is asked anew after 5 s: a standby may become the server that is
    ///     written to.
    init(_ store: any InventoryStore, clock: any Clock<Duration>) {
        let telling = store as? any WriteAccessTelling
        reading = SharedReading(age: .seconds(5), clock: clock) { _ in
            try await telling?.readOnlyReason()
        }
    }

    /// Why nothing can be changed, in words; `nil` where it can, or where the inventory cannot be
    /// asked now.
    var reason: String? {
        get async {
            do {
                return try await reading.value
            } catch {
                // What is asked of the inventory next tells that.
                return nil
            }
        }
    }

    /// Refuses a change.
    ///
    /// - Throws: ``Refusal`` 403.
    func refuseChange() async throws {
        guard let reason = await reason else { return }
        throw Refusal(
            403,
            Self.code,
            "the inventory can only be looked at here: \(reason); ask a server that may change it"
        )
    }
}
