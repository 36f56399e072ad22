import FoundationEssentials
package import Tranche

/// What is done with many batches: looked at first, and then with just these.
struct ActionRoutes: Sendable {
    let state: ServerState

    /// Which batches.
    struct Filter: Codable, Sendable {
        let job: String
        let meta: String?
        /// The run's name; the incremental one by default.
        let run: String?
        /// With retry: what they are; `failed` by default.
        let status: RetryAim?
        /// With retry and redrive: a text that their error has in it.
        let error: String?
        let worker: String?
        /// Only batches with one of the ids from this one on.
        let from: Int64?
        /// Only batches with one of the ids up to this one.
        let to: Int64?
        let since: String?
        let until: String?
    }

    /// What is to be looked at.
    struct Preview: Codable, Sendable {
        let action: FrozenActions.Kind
        let filter: Filter
        /// With retry: whether also those that may have been executed; false by default.
        let mayRepeat: Bool?

        enum CodingKeys: String, CodingKey {
            case action, filter
            case mayRepeat = "may_repeat"
        }
    }

    var routes: [Route] {
        [
            .post(
                "/v1/actions",
                "Look at the batches that would be changed, and change nothing.",
                role: .operate,
                body: Preview.self,
                [
                    .init(200, "How many, and the first ten.", PreviewDocument.self),
                    .init(404, "There is no such run.", RefusalDocument.self),
                ]
            ) { try await preview($0) },
            .post(
                "/v1/actions/{token}",
                "Change just the batches that were looked at.",
                role: .operate,
                body: ReasonBody.self,
                [
                    .init(200, "What was changed.", ActionDocument.self),
                    .init(410, "The preview is too old.", RefusalDocument.self),
                ]
            ) { try await act($0) },
        ]
    }

    private func preview(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(Preview.self)
        try body.validate()
        try call.require(job: body.filter.job)
        let (found, isCut) = try await find(body)
        let mayRepeat = body.mayRepeat ?? false
        let meant = mayRepeat ? found : found.filter { $0.begunAt == nil || body.action != .retry }
        let token = state.actions.freeze(
            body.action,
            meant,
            mayRepeat: mayRepeat,
            for: call.caller.principal
        )
        return try .document(
            PreviewDocument(
                count: meant.count,
                isCut: isCut,
                begun: found.count - meant.count,
                first: meant.prefix(10).map(BatchDocument.init),
                token: token,
                expiresIn: FrozenActions.seconds
            )
        )
    }

    /// Finds the batches that are meant, the oldest first.
    private func find(_ body: Preview) async throws -> (batches: [BatchRecord], isCut: Bool) {
        let filter = body.filter
        let asked = RunSelection(
            metaTable: filter.meta,
            job: filter.job,
            run: Call.run(filter.run ?? "")
        )
        let since = try Self.time(filter.since, "/filter/since")
        let until = try Self.time(filter.until, "/filter/until")
        if let since, let until, since > until {
            throw Refusal(
                400,
                "invalid_field",
                "'since' is after 'until', and nothing is between them; give 'since' the earlier",
                field: "/filter/since"
            )
        }
        let key = try await state.inventory.run(asked).key
        let aim = filter.status ?? .failed
        let statuses: [BatchStatus] =
            switch body.action {
            case .retry: aim.statuses
            case .redrive: [.quarantined]
            case .release: [.running]
            }
        let isMeant = { (batch: BatchRecord) in
            (body.action != .retry || aim.means(batch))
                && filter.ids.map { batch.holds(anyOf: $0) } ?? true
        }
        var selection = BatchSelection(
            runs: RunSelection(key),
            text: filter.error,
            worker: filter.worker,
            since: since,
            until: until,
            limit: FrozenActions.mostBatches + 1
        )
        var meant: [BatchRecord] = []
        for status in statuses {
            selection.status = status
            selection.before = nil
            // Others may hide those that are meant.
            while meant.count <= FrozenActions.mostBatches {
                let page = try await state.inventory.batches(selection)
                meant += page.filter(isMeant)
                guard page.count == selection.limit, let last = page.last else { break }
                selection.before = last.id
            }
        }
        let isCut = meant.count > FrozenActions.mostBatches
        let taken = meant.prefix(FrozenActions.mostBatches).sorted { $0.id < $1.id }
        return (taken, isCut)
    }

    private static func time(_ text: String?, _ field: String) throws -> Date? {
        guard let text else { return nil }
        do {
            return try Date(text, strategy: .iso8601)
        } catch {
            throw Refusal(
                400,
                "invalid_field",
                "'\(field)' is not a time such as 2026-11-28T08:00:00Z",
                field: field
            )
        }
    }

    private func act(_ call: Call) async throws -> HTTPServerResponse {
        let reason = try call.body(ReasonBody.self).reason
        let taken = state.actions.take(call.path["token"] ?? "", for: call.caller.principal)
        guard let action = taken else {
            throw Refusal(
                410,
                "expired",
                "this preview is used, or older than \(FrozenActions.seconds) s; look again"
            )
        }
        let inventory = state.operating(call.caller)
        switch action.kind {
        case .retry:
            let offered = try await inventory.retry(
                found: action.batches,
                mayRepeat: action.mayRepeat,
                reason: reason
            )
            return try .document(ActionDocument(action, done: offered))
        case .redrive:
            let made = try await inventory.redrive(found: action.batches, reason: reason)
            return try .document(
                ActionDocument(action, done: made.compactMap(\.parent), made: made)
            )
        case .release:
            let done = try await inventory.release(found: action.batches, reason: reason)
            return try .document(ActionDocument(action, done: done.map(\.id)))
        }
    }
}

extension ActionRoutes.Preview {
    /// Refuses what does not go with the action, as the program's commands do: it would mean
    /// nothing, and other batches would be changed than were asked for.
    fileprivate func validate() throws {
        func refuse(_ words: String, _ field: String) -> Refusal {
            Refusal(400, "invalid_field", words, field: field)
        }
        let word = action.rawValue
        if action != .retry {
            let what = action == .redrive ? "quarantined" : "held"
            if filter.status != nil {
                throw refuse(
                    "'status' goes with retry alone: \(word) takes batches that are \(what); leave "
                        + "it out",
                    "/filter/status"
                )
            }
            if mayRepeat != nil {
                throw refuse(
                    "'may_repeat' goes with retry, and not with \(word); leave it out",
                    "/may_repeat"
                )
            }
        }
        if action == .release, filter.error != nil {
            throw refuse(
                "'error' does not go with release: it takes batches that are held; leave it out",
                "/filter/error"
            )
        }
        for (text, name) in [(filter.error, "error"), (filter.worker, "worker")] where text == "" {
            throw refuse("'\(name)' is empty; give it, or leave it out", "/filter/\(name)")
        }
        if let from = filter.from, let to = filter.to, from > to {
            throw refuse(
                "the ids from \(from) to \(to) are none: the lower end is above the upper; give "
                    + "'from' the lower",
                "/filter/from"
            )
        }
    }
}

extension ActionRoutes.Filter {
    /// The ids of which a batch must have one; `nil` for any.
    fileprivate var ids: IDRuns? {
        if from == nil, to == nil { return nil }
        let (lower, upper) = (from ?? .min, to ?? .max)
        return lower <= upper ? IDRuns(lower...upper) : IDRuns()
    }
}

/// What would be changed.
package struct PreviewDocument: Codable, Sendable, Hashable {
    package let count: Int
    /// Whether there are more than are taken at once.
    package let isCut: Bool
    /// Those that were left out, since they may have been executed.
    package let begun: Int
    /// The first ten.
    package let first: [BatchDocument]
    /// Does it, once.
    package let token: String
    /// How long the token is good, in seconds.
    package let expiresIn: Int

    enum CodingKeys: String, CodingKey {
        case count
        case isCut = "cut"
        case begun, first, token
        case expiresIn = "expires_in"
    }
}

/// What was changed.
package struct ActionDocument: Codable, Sendable, Hashable {
    /// How many batches were changed.
    package let done: Int
    /// Those that were made.
    package let made: [Int64]
    /// Those that changed meanwhile, and were left alone.
    package let failed: [Left]

    /// A batch that was left alone.
    package struct Left: Codable, Sendable, Hashable {
        package let batch: Int64
        package let error: String
    }

    init(_ action: FrozenActions.Action, done: [Int64], made: [BatchRecord] = []) {
        let changed = Set(done)
        self.done = action.kind == .redrive ? made.count : done.count
        self.made = made.map(\.id)
        failed = action.batches.filter { batch in
            // One that was done has another in its place.
            !changed.contains(batch.id) && batch.status != .succeeded
        }.map { Left(batch: $0.id, error: "it changed meanwhile, and was left alone") }
    }
}
