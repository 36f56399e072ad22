import Foundation
import Tranche

/// Where an actor waits for its turn, and tells what it did.
struct Gate: Sendable {
    let actor: String
    let column: StepLog.Column
    let log: StepLog
    /// Waits for the turn; until a time, when there is one.
    let wait: @Sendable (_ step: String, _ time: Date?) async throws -> Void
    /// Says whether the connection is lost with the next request.
    let losses: LostConnections?

    func pass(_ step: String) async throws {
        try await wait(step, nil)
    }

    func note(_ text: String) {
        log.note(column, "\(actor) \(text)")
    }

    /// Makes a request; its connection may be lost before it is made, or before it is answered.
    func lose<R>(_ step: String, _ request: () async throws -> R) async throws -> R {
        let moment = losses?.next()
        if moment == .before { throw loss(of: step, "before it was made") }
        let answer = try await request()
        if moment == .after { throw loss(of: step, "before it was answered") }
        return answer
    }

    private func loss(of step: String, _ moment: String) -> TrancheError {
        note("\(step): the connection is lost \(moment)")
        return TrancheError(.storeUnavailable, "the connection is lost \(moment)")
    }
}
