package import FoundationEssentials

/// A transaction that a run waits for, as far as the server shows it.
package struct WriterDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let name: String
    package let pid: Int?
    package let user: String
    package let application: String
    package let client: String
    package let state: String
    package let stateSince: Date?
    package let begunAt: Date?
    package let query: String
    package let prepared: String?

    /// Makes the document of a writer.
    package init(_ writer: SourceWriter, of key: RunKey) {
        job = key.job
        meta = key.metaTable
        run = key.run
        name = writer.name
        pid = writer.process
        user = writer.user
        application = writer.application
        client = writer.client
        state = writer.state
        stateSince = writer.stateSince
        begunAt = writer.since
        query = redacted(writer.query)
        prepared = writer.prepared
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, name, pid, user, application, client, state
        case stateSince = "state_since"
        case begunAt = "begun_at"
        case query, prepared
    }
}
