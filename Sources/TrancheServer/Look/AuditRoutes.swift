import Synchronization
import Tranche

/// What compares that which was handed out with what sources have; it changes nothing.
struct AuditRoutes: Sendable {
    let state: ServerState

    /// For how long a request looks at a source, in seconds.
    private static let seconds = (usual: 5, most: 20)

    var routes: [Route] {
        [
            .get(
                "/v1/runs/{job}/{run}/audit",
                "Compare the ids that a run handed out with its source, and change nothing.",
                query: [
                    .meta, .init("from", .id, "The lowest id to compare."),
                    .init("to", .id, "The highest id to compare."),
                    .init("after", .id, "The mark 'next_id' of the part before."),
                    .init(
                        "seconds",
                        .whole(0...Self.seconds.most),
                        "How long to look: \(Self.seconds.usual) by default, and 0 for one step."
                    ),
                    .init(
                        "thorough",
                        .words(Truth.allCases.map(\.rawValue)),
                        "Whether the ids of every batch are compared; false by default."
                    ),
                ],
                AuditDocument.self
            ) { try await audit($0) }
        ]
    }

    private enum Truth: String, CaseIterable {
        case yes = "true"
        case no = "false"
    }

    private func audit(_ call: Call) async throws -> HTTPServerResponse {
        let ids = IDBounds(lower: try call.id("from"), upper: try call.id("to"))
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw Refusal(
                400,
                "invalid_parameter",
                "the ids from \(lower) to \(upper) are none: the lower end is above the upper; "
                    + "give 'from' the lower",
                field: "from"
            )
        }
        let mark = try call.id("after")
        let seconds = try call.number("seconds", Self.seconds.usual, in: 0...Self.seconds.most)
        let options = AuditOptions(
            ids: ids,
            budget: .seconds(seconds),
            isThorough: try call.word("thorough", Truth.self) == .yes
        )
        let run = try await state.run(of: call)
        let inventory = state.inventory
        return try await state.audits.withOne {
            let source = try await state.source(run, inventory)
            let report = try await inventory.auditPart(
                run.key,
                from: source,
                options: options,
                after: mark
            )
            let risks = try await inventory.source(source).risks
            return try .document(AuditDocument(report, of: run.key, risks: risks))
        }
    }
}

/// The audits that go on at once, each of which reads much of a source: few of them.
final class AuditSlots: Sendable {
    /// The most at once.
    static let most = 2

    private let taken = Mutex(0)

    /// Audits, unless too many do already.
    ///
    /// - Parameter body: The audit.
    /// - Returns: What `body` returns.
    /// - Throws: ``Refusal`` 503 where too many do; what `body` throws.
    func withOne(
        _ body: () async throws -> HTTPServerResponse
    ) async throws -> HTTPServerResponse {
        let isFree = taken.withLock { taken in
            guard taken < Self.most else { return false }
            taken += 1
            return true
        }
        guard isFree else {
            throw Refusal(
                503,
                "busy",
                "\(Self.most) audits go on here, and there are no more at once; come again when "
                    + "one of them is over",
                headers: ["Retry-After": "5"]
            )
        }
        defer { taken.withLock { $0 -= 1 } }
        return try await body()
    }
}
