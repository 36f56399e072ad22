public import FoundationEssentials

/// The changes of a call to the coverage of an outbox.
public struct OutboxReport: Sendable, Hashable, Codable {
    /// The tables and partitions that are covered now and were not before, or not as they should
    /// be.
    public var covered: [Covered] = []
    /// Those that are covered no longer, in the database's spelling.
    public var givenUp: [String] = []

    /// Makes a report of nothing.
    public init() {}

    /// A table or partition that is covered.
    public struct Covered: Sendable, Hashable, Codable {
        /// `schema.table`.
        public var relation: String
        /// All that was committed later is in the log.
        public var since: Date
        /// Whether it was found later than its table and had rows by then, some of which may not be
        /// in the log.
        public var heldRows: Bool

        private enum CodingKeys: String, CodingKey {
            case relation, since
            case heldRows = "held_rows"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case covered
        case givenUp = "given_up"
    }
}
