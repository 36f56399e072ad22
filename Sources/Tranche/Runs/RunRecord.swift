public import Foundation

/// A run as the inventory keeps it.
public struct RunRecord: Sendable, Hashable {
    /// What names the run.
    public var key: RunKey
    /// What the source is, as canonical JSON; `nil` for an adopted run not acquired from yet.
    public var definition: String?
    /// The ids that the run may use.
    public var bounds: IDBounds
    /// The id up to which the run has passed; `nil` before the first.
    public var cursor: Int64?
    /// The id at which the last tile ends; `nil` before the first.
    public var tileEnd: Int64?
    /// How the run treats its batches.
    public var policy: RunPolicy
    /// Why nothing is handed out, when somebody paused the run.
    public var pauseReason: String?
    /// When an item was first seen that was too little for a batch of `minWeight`.
    public var pendingSince: Date?
    /// When the run began.
    public var createdAt: Date

    /// Makes a record.
    public init(
        key: RunKey,
        definition: String?,
        bounds: IDBounds,
        cursor: Int64? = nil,
        tileEnd: Int64? = nil,
        policy: RunPolicy,
        pauseReason: String? = nil,
        pendingSince: Date? = nil,
        createdAt: Date
    ) {
        self.key = key
        self.definition = definition
        self.bounds = bounds
        self.cursor = cursor
        self.tileEnd = tileEnd
        self.policy = policy
        self.pauseReason = pauseReason
        self.pendingSince = pendingSince
        self.createdAt = createdAt
    }

    /// Whether the cursor stands at the run's upper end.
    public var isAtEnd: Bool {
        guard let cursor, let upper = bounds.upper else { return false }
        return cursor >= upper
    }

    /// Checks that a request means the same source and bounds as the run.
    ///
    /// - Parameters:
    ///   - asked: The definition asked for.
    ///   - text: Its canonical text, when it is known already.
    ///   - askedBounds: The bounds asked for.
    /// - Throws: ``TrancheError`` `.redefined`, saying what differs.
    public func requireSame(
        definition asked: SourceDefinition,
        text: String? = nil,
        bounds askedBounds: IDBounds
    ) throws {
        if let definition, try definition != text ?? asked.canonicalText {
            let known = try JSONText.decode(SourceDefinition.self, from: definition)
            throw TrancheError(
                .redefined,
                "\(key) is known with another definition (asked for: "
                    + (asked.difference(to: known) ?? "the same")
                    + "); use what it was begun with, another job name, or 'tranche redefine'"
            )
        }
        if bounds != askedBounds {
            throw TrancheError(
                .redefined,
                "\(key) is known with the bounds \(bounds), asked for were \(askedBounds); "
                    + "use the same, another run name, or 'tranche redefine'"
            )
        }
    }
}
