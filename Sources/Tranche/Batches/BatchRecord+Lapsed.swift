package import FoundationEssentials

extension BatchRecord {
    /// Whether it still runs by the records, though its lease is over: nobody holds it any more.
    package func hasLapsed(at now: Date) -> Bool {
        status == .running && leaseExpiresAt.map { $0 <= now } ?? false
    }
}
