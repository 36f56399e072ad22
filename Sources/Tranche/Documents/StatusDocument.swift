package import FoundationEssentials

/// Runs, those that need somebody first, and what they add up to.
package struct StatusDocument: Codable, Sendable, Hashable {
    package let waitingItems: Int
    package let isExact: Bool
    package let oldestAt: Date?
    package let inFlight: Int
    package let failedLastHour: Int
    package let findings: [Finding]?
    package let runs: [RunDocument]

    /// Makes the document of runs.
    ///
    /// - Parameters:
    ///   - overview: The runs.
    ///   - findings: What is wrong; `nil` where nobody asked.
    package init(_ overview: Overview, findings: [Finding]? = nil) {
        waitingItems = overview.waitingItems
        isExact = overview.isExact
        oldestAt = overview.oldestAt
        inFlight = overview.inFlight
        failedLastHour = overview.failedLastHour
        self.findings = findings
        runs = overview.runs.map(RunDocument.init)
    }

    /// Makes the document of runs that nobody put in order.
    package init(_ runs: [RunStatus]) {
        self.init(Overview(runs))
    }

    /// That something of a run is beyond its bounds.
    package struct Finding: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let kind: Kind
        package let message: String

        /// Makes a finding.
        package init(_ key: RunKey, _ kind: Kind, _ message: String) {
            job = key.job
            meta = key.metaTable
            run = key.run
            self.kind = kind
            self.message = message
        }

        /// What is wrong.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            case held, failed, age, backlog, source
        }
    }

    enum CodingKeys: String, CodingKey {
        case waitingItems = "waiting_items"
        case isExact = "is_exact"
        case oldestAt = "oldest_at"
        case inFlight = "in_flight"
        case failedLastHour = "failed_last_hour"
        case findings, runs
    }
}
