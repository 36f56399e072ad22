import FoundationEssentials
import Tranche

extension OverviewDocument {
    /// Tells who holds batches, and who is at work and holds none now.
    ///
    /// - Parameters:
    ///   - open: The batches that have not succeeded, as far as they are the caller's.
    ///   - reading: What was read.
    ///   - caller: Who is told: of those that hold nothing nobody knows for which jobs they work.
    ///   - version: The server's own version.
    /// - Returns: The workers, by name; and how many others are at work that may hold batches which
    ///   were not read.
    static func workers(
        of open: [BatchRecord],
        _ reading: OverviewReading,
        for caller: Caller,
        version: String
    ) -> (known: [Worker], others: Int) {
        let recorded = Dictionary(
            reading.workers.map { ($0.name, $0) },
            uniquingKeysWith: { $1 }
        )
        let leases = Dictionary(
            reading.status.overview.runs.map { ($0.run.key, $0.run.policy.lease.seconds) },
            uniquingKeysWith: { $1 }
        )
        let held = open.filter { batch in
            batch.status == .running && !batch.hasLapsed(at: reading.asOf)
        }
        let byWorker = Dictionary(grouping: held) { $0.worker ?? "" }
        var workers = byWorker.map { name, batches in
            Worker(
                name,
                batches,
                heard: batches.compactMap { $0.heard(leases) }.max(),
                recorded[name] ?? recorded[name.withoutWorkerNumber],
                serverVersion: version
            )
        }
        var others = 0
        if caller.jobs == nil {
            let busy = Set(byWorker.keys.flatMap { [$0, $0.withoutWorkerNumber] })
            let idle = reading.workers.filter {
                $0.isSeen(at: reading.asOf) && !busy.contains($0.name)
            }
            if reading.isRunningCut {
                others = idle.count
            } else {
                workers += idle.map { Worker($0.name, [], heard: nil, $0, serverVersion: version) }
            }
        }
        return (workers.sorted { $0.worker < $1.worker }, others)
    }
}

extension OverviewDocument.Worker {
    fileprivate init(
        _ name: String,
        _ batches: [BatchRecord],
        heard: Date?,
        _ recorded: WorkerStatus?,
        serverVersion: String
    ) {
        let version = recorded?.program
        self.init(
            worker: name,
            jobs: Set(batches.map(\.key.job)).sorted(),
            batches: batches.count,
            since: batches.map(\.startedAt).min(),
            leaseExpiresAt: batches.compactMap(\.leaseExpiresAt).min(),
            version: version,
            isOlder: version.map { NaturalOrder.isBefore($0, serverVersion) } ?? false,
            seenAt: [heard, recorded?.seenAt].compactMap { $0 }.max()
        )
    }
}

extension BatchRecord {
    /// When its holder was last heard of: each heartbeat gives it a whole lease.
    fileprivate func heard(_ leases: [RunKey: Double]) -> Date? {
        guard let leaseExpiresAt, let lease = leases[key] else { return nil }
        return max(startedAt, leaseExpiresAt.addingTimeInterval(-lease))
    }
}
