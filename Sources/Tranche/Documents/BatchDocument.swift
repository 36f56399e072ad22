package import FoundationEssentials

/// A batch as the inventory keeps it.
package struct BatchDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let job: String
    package let meta: String
    package let run: String
    package let kind: BatchKind
    package let status: BatchStatus
    package let isFinal: Bool
    package let idStart: Int64
    package let idEnd: Int64
    package let count: Int
    package let weight: Double?
    package let failures: Int
    package let worker: String?
    package let jobIdentifier: String?
    package let startedAt: Date?
    package let endedAt: Date?
    package let leaseExpiresAt: Date?
    package let retryAt: Date?
    package let result: RawJSON?
    package let logging: String?
    package let parent: Int64?
    package let completion: Int64?
    package let cause: BatchCause?
    package let deferrals: Int
    package let begunAt: Date?
    package let key: String?
    package let from: Date?
    package let to: Date?

    /// Makes the document of a batch.
    package init(_ record: BatchRecord) {
        batch = record.id
        attempt = record.attempt
        job = record.key.job
        meta = record.key.metaTable
        run = record.key.run
        kind = record.kind
        status = record.status
        isFinal = record.isFinal
        idStart = record.idStart
        idEnd = record.idEnd
        count = record.count
        weight = record.weight
        failures = record.failures
        worker = record.worker
        jobIdentifier = record.jobIdentifier
        startedAt = record.isPacked ? nil : record.startedAt
        endedAt = record.endedAt
        leaseExpiresAt = record.leaseExpiresAt
        retryAt = record.retryAt
        result = record.result.map(RawJSON.init)
        logging = record.logging
        parent = record.parent
        completion = record.completion
        cause = record.cause
        deferrals = record.deferrals
        begunAt = record.begunAt
        key = record.itemKey
        from = record.interval?.from
        to = record.interval?.to
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt, job, meta, run, kind, status
        case isFinal = "final"
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, failures, worker
        case jobIdentifier = "job_identifier"
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case leaseExpiresAt = "lease_expires_at"
        case retryAt = "retry_at"
        case result, logging, parent, completion, cause, deferrals
        case begunAt = "begun_at"
        case key, from, to
    }
}

extension BatchDocument: MemberwiseDocument {
    package func write(to members: inout MemberWriter) {
        members.add(CodingKeys.batch, batch)
        members.add(CodingKeys.attempt, attempt)
        members.add(CodingKeys.job, job)
        members.add(CodingKeys.meta, meta)
        members.add(CodingKeys.run, run)
        members.add(CodingKeys.kind, kind)
        members.add(CodingKeys.status, status)
        members.add(CodingKeys.isFinal, isFinal)
        members.add(CodingKeys.idStart, idStart)
        members.add(CodingKeys.idEnd, idEnd)
        members.add(CodingKeys.count, count)
        members.add(CodingKeys.weight, weight)
        members.add(CodingKeys.failures, failures)
        members.add(CodingKeys.worker, worker)
        members.add(CodingKeys.jobIdentifier, jobIdentifier)
        members.add(CodingKeys.startedAt, startedAt)
        members.add(CodingKeys.endedAt, endedAt)
        members.add(CodingKeys.leaseExpiresAt, leaseExpiresAt)
        members.add(CodingKeys.retryAt, retryAt)
        members.add(CodingKeys.result, result)
        members.add(CodingKeys.logging, logging)
        members.add(CodingKeys.parent, parent)
        members.add(CodingKeys.completion, completion)
        members.add(CodingKeys.cause, cause)
        members.add(CodingKeys.deferrals, deferrals)
        members.add(CodingKeys.begunAt, begunAt)
        members.add(CodingKeys.key, key)
        members.add(CodingKeys.from, from)
        members.add(CodingKeys.to, to)
    }
}
