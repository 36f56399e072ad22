public import FoundationEssentials

/// Ids behind a run's cursor that were not handed out and may still be committed.
///
/// A gap is a range. In an exact one no id was handed out; in a coarse one, which stands for many
/// small ones, some were, and it is looked at by counting.
public struct Gap: Sendable, Hashable {
    /// The gap's number in the inventory; 0 before it is kept.
    public var id: Int64
    /// The ids.
    public var range: ClosedRange<Int64>
    /// How many ids of the range the source had at the last look that were handed out; 0 in an
    /// exact gap, `nil` when the ids are to be compared at the next look.
    public var known: Int?
    /// The writers that may still commit an id of it; empty once that is disproved.
    public var holders: Set<String>
    /// The server's life in which ``holders`` have their names.
    public var epoch: String
    /// When it was found.
    public var foundAt: Date
    /// When it is looked at next.
    public var nextLook: Date
    /// When it is no longer looked at, once it is closed.
    public var watchUntil: Date
    /// How often it was looked at or changed: a look is of use only while this is the same.
    public var looks: Int
    /// Whether ids of it are handed out again although they were handed out before.
    public var isRedo: Bool

    /// Makes a gap.
    public init(
        id: Int64 = 0,
        range: ClosedRange<Int64>,
        known: Int? = 0,
        holders: Set<String> = [],
        epoch: String = "",
        foundAt: Date,
        nextLook: Date,
        watchUntil: Date,
        looks: Int = 0,
        isRedo: Bool = false
    ) {
        self.id = id
        self.range = range
        self.known = known
        self.holders = holders
        self.epoch = epoch
        self.foundAt = foundAt
        self.nextLook = nextLook
        self.watchUntil = watchUntil
        self.looks = looks
        self.isRedo = isRedo
    }

    /// Whether a writer may still commit an id of it, as far as is known.
    public var isOpen: Bool { !holders.isEmpty }

    /// Whether it is so narrow that a look at it costs little, whatever a filter leaves out in it.
    public var isNarrow: Bool {
        range.upperBound / Self.narrow - range.lowerBound / Self.narrow <= 1
    }

    /// Ids of a stretch of the id space; a narrow gap touches two of them at most.
    public static let narrow: Int64 = 256

    /// Whether no id of it was handed out.
    public var isExact: Bool { known == 0 }

    /// When a gap that was looked at a number of times is looked at again.
    ///
    /// An open one every second; a closed one after 1 s, 2 s, 4 s, … up to 10 minutes.
    static func wait(afterLooks looks: Int, isOpen: Bool) -> Duration {
        isOpen ? .seconds(1) : min(longestWait, .seconds(1 << min(looks, 10)))
    }

    /// The longest wait for the next look.
    package static let longestWait = Duration.seconds(600)

    /// After when no look is to come: one that does was set by a clock that was set back since, and
    /// is due.
    package static func latestLook(from now: Date) -> Date {
        now.addingTimeInterval(longestWait.seconds + 1)
    }
}

/// The result of a look at a gap.
public struct GapCheck: Sendable, Hashable {
    /// The gap as it was when it was looked at.
    public var gap: Gap
    /// Items of the gap that were not handed out, ascending; not more than ``limit``.
    public var found: [Item]
    /// Whether there are more than ``found``.
    public var hasMore: Bool
    /// How many ids of the range the source had that were handed out.
    public var known: Int
    /// The gap's writers that are still there, under the names of ``epoch``.
    public var holders: Set<String>
    /// The server's life at the look.
    public var epoch: String

    /// Most items kept of a look.
    public static let limit = 4096

    /// Makes a look.
    public init(
        gap: Gap,
        found: [Item],
        hasMore: Bool = false,
        known: Int,
        holders: Set<String> = [],
        epoch: String = ""
    ) {
        self.gap = gap
        self.found = found
        self.hasMore = hasMore
        self.known = known
        self.holders = holders
        self.epoch = epoch
    }
}
