package import FoundationEssentials
package import Tranche

/// What a worker asks for.
struct AcquireBody: Codable, Sendable {
    /// Who asks; the token's name by default.
    let worker: String?
    /// The run's name; the incremental one by default.
    let run: String?
    /// Most weight; what the pipeline says by default, and never more than that.
    let weight: Double?
    /// Most items; what the pipeline says by default, and never more than that.
    let count: Int?
    /// Whether items are told; true by default.
    let items: Bool?
    /// How long to wait for a batch, in seconds; 0 by default, 25 at most.
    let wait: Double?
    /// The caller's own name for the work, kept with the batch.
    let jobIdentifier: String?

    enum CodingKeys: String, CodingKey {
        case worker, run, weight, count, items, wait
        case jobIdentifier = "job_identifier"
    }
}

extension AcquireBody: PlainBody {
    init(_ members: PlainMembers) throws(PlainMembers.NotPlain) {
        worker = try members.text(CodingKeys.worker)
        run = try members.text(CodingKeys.run)
        weight = try members.number(CodingKeys.weight)
        count = try members.whole(CodingKeys.count)
        items = try members.truth(CodingKeys.items)
        wait = try members.number(CodingKeys.wait)
        jobIdentifier = try members.text(CodingKeys.jobIdentifier)
    }
}

/// A batch that was handed out.
package struct AcquiredDocument: Codable, Sendable {
    package let batch: BatchDocument
    /// Names the attempt in what ends it.
    package let token: String
    /// How long it is held without a heartbeat, in seconds.
    package let leaseSeconds: Double
    /// How often to send a heartbeat, in seconds.
    package let heartbeatEvery: Double
    /// Whether an unfiltered reader of the ids sees just these items.
    package let exact: Bool
    /// The items, ascending by id; `null` where the caller wants none, or they are too many for one
    /// answer.
    package let items: [Item]?
    /// Whether the items are left out: GET /v1/batches/{id}/items has them.
    package let moreItems: Bool

    enum CodingKeys: String, CodingKey {
        case batch, token
        case leaseSeconds = "lease_seconds"
        case heartbeatEvery = "heartbeat_every"
        case exact, items
        case moreItems = "more_items"
    }
}

extension AcquiredDocument: MemberwiseDocument {
    package func write(to members: inout MemberWriter) {
        members.add(CodingKeys.batch, batch)
        members.add(CodingKeys.token, token)
        members.add(CodingKeys.leaseSeconds, leaseSeconds)
        members.add(CodingKeys.heartbeatEvery, heartbeatEvery)
        members.add(CodingKeys.exact, exact)
        members.add(CodingKeys.items, items)
        members.add(CodingKeys.moreItems, moreItems)
    }
}

/// A page of a batch's items.
package struct ItemsPage: Codable, Sendable {
    package let items: [Item]
    /// The mark of the next page; `null` at the end.
    package let next: String?
}

/// That a batch is done.
struct SucceedBody: Codable, Sendable {
    let token: String
    /// What came out of it: any JSON.
    let result: RawJSON?
    let logging: String?
    /// The items that are not done, with what is wrong with each: they are quarantined, and all
    /// others are done.
    let bad: [BadItemBody]?
    /// Those of which nothing is said.
    let badIDs: [Value]?

    enum CodingKeys: String, CodingKey {
        case token, result, logging, bad
        case badIDs = "bad_ids"
    }
}

extension SucceedBody: PlainBody {
    init(_ members: PlainMembers) throws(PlainMembers.NotPlain) {
        guard let token = try members.text(CodingKeys.token) else {
            throw PlainMembers.NotPlain()
        }
        self.token = token
        result = try members.json(CodingKeys.result)
        logging = try members.text(CodingKeys.logging)
        bad = try members.list(CodingKeys.bad)
        badIDs = try members.list(CodingKeys.badIDs)
    }
}

/// An item that is bad.
struct BadItemBody: Codable, Sendable {
    /// Its id, or its uid where that is not an integer.
    let id: Value
    let error: String?
}

/// That a batch failed.
struct FailBody: Codable, Sendable {
    let token: String
    let error: String
    /// Whether it says nothing about the items; false by default.
    let transient: Bool?
    /// The items to blame, with what is wrong with each: they are quarantined, and the rest is a
    /// batch again.
    let bad: [BadItemBody]?
    /// Those that have the error of all.
    let badIDs: [Value]?

    enum CodingKeys: String, CodingKey {
        case token, error, transient, bad
        case badIDs = "bad_ids"
    }
}

/// That a batch is given back.
struct ReleaseBody: Codable, Sendable {
    let token: String
    /// For how long nobody is to have it, in seconds, 1 to 900; 0 by default.
    let seconds: Double?
    /// With seconds: the budget of the run to park as long.
    let park: String?
    /// With seconds: why; kept with the attempt.
    let reason: String?
}

/// That a batch is worked on.
struct HeartbeatBody: Codable, Sendable {
    let token: String
    /// A text that is left for the next attempt.
    let note: String?
}

/// That many batches are worked on.
struct HeartbeatsBody: Codable, Sendable {
    let batches: [Holding]

    struct Holding: Codable, Sendable {
        let id: Int64
        let token: String
    }
}

/// What became of heartbeats.
package struct HeartbeatsDocument: Codable, Sendable {
    package let batches: [Entry]

    /// What became of one.
    package struct Entry: Codable, Sendable {
        package let id: Int64
        /// `null` where it is lost.
        package let leaseExpiresAt: Date?
        package let error: String?
        package let code: String?

        enum CodingKeys: String, CodingKey {
            case id
            case leaseExpiresAt = "lease_expires_at"
            case error, code
        }
    }
}
