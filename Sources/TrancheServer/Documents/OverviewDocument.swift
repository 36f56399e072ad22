package import FoundationEssentials
package import Tranche

/// The first screen: whether all is well, how much there is to do, and which jobs need somebody.
package struct OverviewDocument: Codable, Sendable, Hashable {
    package let inventory: InventoryDocument
    package let asOf: Date
    package internal(set) var verdict: Verdict
    package let numbers: Numbers
    /// Those that need somebody first.
    package internal(set) var jobs: [Job]
    /// How many runs there are beside those.
    package internal(set) var moreJobs: Int
    package internal(set) var budgets: [BudgetDocument]
    /// How many budgets there are beside those.
    package internal(set) var moreBudgets: Int
    package internal(set) var workers: [Worker]
    /// How many workers there are beside those.
    package internal(set) var moreWorkers: Int
    package internal(set) var changes: [ChangeDocument]

    /// Whether somebody is needed.
    package struct Verdict: Codable, Sendable, Hashable {
        package let ok: Bool
        package internal(set) var problems: [Problem]
        /// How many there are beside those.
        package internal(set) var moreProblems: Int
        /// What does not go on though nothing is wrong: work that nobody takes, or that somebody
        /// stopped.
        package internal(set) var notes: [Problem]
        /// How many there are beside those.
        package internal(set) var moreNotes: Int

        enum CodingKeys: String, CodingKey {
            case ok, problems
            case moreProblems = "more_problems"
            case notes
            case moreNotes = "more_notes"
        }
    }

    /// Something that needs somebody, or that does not go on.
    package struct Problem: Codable, Sendable, Hashable {
        package let text: String
        package let kind: String
        package let job: String?
        package let meta: String?
        package let run: String?
        /// Since when it is so, as far as is known.
        package let since: Date?
        /// Why it is so; `null` where nobody knows, or the text says it.
        package let reason: String?
    }

    /// How much there is to do, and was done.
    package struct Numbers: Codable, Sendable, Hashable {
        package let waiting: Amount
        /// How long the oldest item has waited at least, in seconds.
        package let oldestSeconds: Double?
        package let inFlight: Int
        /// What succeeded in the last hour.
        package let doneLastHour: Amount
        package let failedLastHour: Int
        /// Batches that failed for good or were quarantined in the last day.
        package let failedLastDay: Int
        /// Whether there are more than are counted.
        package let isFailedCut: Bool
        /// The minutes of the last hour, the oldest first; `null` where nobody looked.
        package let series: [Minute]

        enum CodingKeys: String, CodingKey {
            case waiting
            case oldestSeconds = "oldest_seconds"
            case inFlight = "in_flight"
            case doneLastHour = "done_last_hour"
            case failedLastHour = "failed_last_hour"
            case failedLastDay = "failed_last_day"
            case isFailedCut = "failed_cut"
            case series
        }
    }

    /// Items, and what they weigh.
    package struct Amount: Codable, Sendable, Hashable {
        package let batches: Int?
        package let items: Int
        package let weight: Double
        package let isExact: Bool

        enum CodingKeys: String, CodingKey {
            case batches, items, weight
            case isExact = "exact"
        }
    }

    /// A minute of the last hour.
    package struct Minute: Codable, Sendable, Hashable {
        package let at: Date
        package let doneBatches: Int?
        package let doneItems: Int?
        package let failed: Int?
        package let waitingItems: Int?
        /// How long the oldest item had waited then, in seconds; 0 where none waited.
        package let oldestSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case at
            case doneBatches = "done_batches"
            case doneItems = "done_items"
            case failed
            case waitingItems = "waiting_items"
            case oldestSeconds = "oldest_seconds"
        }
    }

    /// A run.
    package struct Job: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let status: String
        package let backlog: Amount?
        package let oldestSeconds: Double?
        package let drainSeconds: Drain?
        package let held: Int
        package let parallelism: Int?
        package let doneLastHour: Int
        package let failed: Int
        /// Why it is not faster, in a phrase.
        package let phrase: String
        /// What became of its ids; `null` where nobody knows, or too many jobs have one.
        package internal(set) var coverage: CoverageDocument?
        package let backfills: [Backfill]

        enum CodingKeys: String, CodingKey {
            case job, meta, run, status, backlog
            case oldestSeconds = "oldest_seconds"
            case drainSeconds = "drain_seconds"
            case held, parallelism
            case doneLastHour = "done_last_hour"
            case failed, phrase, coverage, backfills
        }
    }

    /// How long it takes until nothing waits, in seconds.
    package struct Drain: Codable, Sendable, Hashable {
        package let low: Double
        package let high: Double
    }

    /// A bounded run of a job.
    package struct Backfill: Codable, Sendable, Hashable {
        package let run: String
        package let status: String
        /// How much of its ids it has passed, 0 to 100; `null` where nobody knows.
        package let percent: Double?
        package let drainSeconds: Drain?
        package let failed: Int
        package let phrase: String

        enum CodingKeys: String, CodingKey {
            case run, status, percent
            case drainSeconds = "drain_seconds"
            case failed, phrase
        }
    }

    /// Who holds batches, or is at work and holds none now.
    package struct Worker: Codable, Sendable, Hashable {
        package let worker: String
        package let jobs: [String]
        package let batches: Int
        /// Since when it holds the oldest of them; `null` for one that holds none.
        package let since: Date?
        /// When its next lease ends.
        package let leaseExpiresAt: Date?
        /// The version of its program; `null` where that is not known.
        package let version: String?
        /// Whether that is older than the server's.
        package let isOlder: Bool
        /// When it last gave a sign of life, as far as is known.
        package let seenAt: Date?

        enum CodingKeys: String, CodingKey {
            case worker, jobs, batches, since
            case leaseExpiresAt = "lease_expires_at"
            case version
            case isOlder = "older"
            case seenAt = "seen_at"
        }
    }

    enum CodingKeys: String, CodingKey {
        case inventory
        case asOf = "as_of"
        case verdict, numbers, jobs
        case moreJobs = "more_jobs"
        case budgets
        case moreBudgets = "more_budgets"
        case workers
        case moreWorkers = "more_workers"
        case changes
    }
}

/// The inventory, as its page names it.
package struct InventoryDocument: Codable, Sendable, Hashable {
    package let name: String
    package let colour: String?
    package let role: String?
    package let version: String
    /// Whether the caller can change nothing.
    package let readOnly: Bool
    /// Why nobody can change anything here; `null` where the inventory can be changed.
    package let readOnlyReason: String?

    enum CodingKeys: String, CodingKey {
        case name, colour, role, version
        case readOnly = "read_only"
        case readOnlyReason = "read_only_reason"
    }
}
