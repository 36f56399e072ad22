public import FoundationEssentials

/// The result of looking back after a standby had taken the place of a source's server.
///
/// An asynchronous standby may lack the last transactions of the server before it. Ids that were
/// handed out have no row there then, and are given to other rows.
public struct SourcePromotion: Sendable, Hashable, Codable {
    /// The timeline of the server before.
    public var from: Int64
    /// The timeline of the server now.
    public var to: Int64
    /// When the look was made.
    public var at: Date
    /// The lowest id that was compared; `nil` when none was.
    public var lowest: Int64?
    /// The cursor at the look.
    public var cursor: Int64
    /// How many ids were compared that had been handed out last.
    public var compared: Int
    /// How many of these had no row any more: rows that come under them are handed out.
    public var missing: Int
    /// How many were queued to be handed out again, since their rows may be other ones.
    public var redone: Int

    /// Makes a result.
    public init(
        from: Int64,
        to: Int64,
        at: Date,
        lowest: Int64? = nil,
        cursor: Int64,
        compared: Int = 0,
        missing: Int = 0,
        redone: Int = 0
    ) {
        self.from = from
        self.to = to
        self.at = at
        self.lowest = lowest
        self.cursor = cursor
        self.compared = compared
        self.missing = missing
        self.redone = redone
    }

    /// What was found, such as `a standby took the place of the source's server (timeline 1, then
    /// 2): 400 ids compared, nothing is missing`.
    package var words: String {
        let what = "a standby took the place of the source's server (timeline \(from), then \(to))"
        if missing > 0 {
            return "\(what): of the \(compared) ids handed out last \(missing) have no row any "
                + "more and are watched, \(redone) are handed out again"
        }
        return compared > 0
            ? "\(what): the \(compared) ids handed out last are all there"
            : "\(what): there was nothing to compare"
    }

    /// Whether a highest id below the cursor is what this look found, and no rewinding.
    ///
    /// - Parameters:
    ///   - highest: The source's highest id; the lowest `Int64` for none.
    ///   - cursor: The run's cursor.
    /// - Returns: Whether the ids between them are watched.
    package func covers(_ highest: Int64, through cursor: Int64) -> Bool {
        guard missing > 0, let lowest, lowest > .min, cursor == self.cursor else { return false }
        return highest >= lowest || highest == lowest - 1
    }
}

extension RunRecord {
    /// Whether a source was rewound whose highest id is this one.
    ///
    /// - Parameter highest: The highest id; `nil` for none.
    /// - Returns: Whether it is below the cursor, and not known to be for a standby that lacked
    ///   rows.
    package func isRewound(to highest: Int64?) -> Bool {
        guard let cursor, highest.map({ $0 < cursor }) ?? true else { return false }
        return !(standing.promotion?.covers(highest ?? .min, through: cursor) ?? false)
    }

    /// Why a run is held whose source was rewound, and what to do; `nil` where it was not.
    ///
    /// - Parameter highest: The source's highest id; `nil` for none.
    /// - Returns: The reason.
    package func rewinding(to highest: Int64?) -> String? {
        guard let cursor, isRewound(to: highest) else { return nil }
        let now = highest.map { "its highest id is \($0)" } ?? "it is empty"
        let command = "tranche redefine \(key.commandOptions) --restart"
        return "'\(key.metaTable)' was rewound: \(now), and the cursor of \(key) stands at "
            + "\(cursor); ids up to the cursor are not handed out again. If the content is new, "
            + "'\(command)' begins anew; what comes behind the cursor goes on"
    }
}
