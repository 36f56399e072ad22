public import FoundationEssentials

/// A process that works on an inventory.
public struct WorkerStatus: Sendable, Hashable {
    /// The name under which it holds batches, without the number of a worker.
    public var name: String
    /// Its version; `nil` where it did not record one.
    public var program: String?
    /// The last migration that it knows; `nil` where it did not record one.
    public var knows: Int?
    /// When it last said that it works; `nil` where it never did.
    public var seenAt: Date?

    /// Makes the status of a process; by default nothing but its name is known.
    package init(name: String, program: String? = nil, knows: Int? = nil, seenAt: Date? = nil) {
        self.name = name
        self.program = program
        self.knows = knows
        self.seenAt = seenAt
    }

    /// Whether it still counts as at work: it records itself once a minute.
    package func isSeen(at now: Date) -> Bool {
        seenAt.map { now.timeIntervalSince($0) < 180 } ?? false
    }
}

extension String {
    /// The name of a process, of that of one of its workers: `etl-1:4711` of `etl-1:4711/2`.
    package var withoutWorkerNumber: String {
        guard let slash = lastIndex(of: "/") else { return self }
        let number = self[index(after: slash)...]
        return !number.isEmpty && number.allSatisfy(\.isNumber) ? String(self[..<slash]) : self
    }
}
