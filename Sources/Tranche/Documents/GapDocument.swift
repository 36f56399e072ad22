package import FoundationEssentials

/// A gap of a run.
package struct GapDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let idStart: Int64
    package let idEnd: Int64
    package let kind: Kind
    package let open: Bool
    package let holders: [String]
    package let foundAt: Date
    package let nextLook: Date
    package let watchUntil: Date

    /// What a gap is.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// No id of it was handed out.
        case exact
        /// Some were: it stands for many small ones.
        case coarse
        /// Ids of it are handed out again.
        case queued
    }

    /// Makes the document of a gap.
    package init(_ gap: Gap, of key: RunKey) {
        job = key.job
        meta = key.metaTable
        run = key.run
        idStart = gap.range.lowerBound
        idEnd = gap.range.upperBound
        kind = gap.isRedo ? .queued : gap.isExact ? .exact : .coarse
        open = gap.isOpen
        holders = gap.holders.sorted()
        foundAt = gap.foundAt
        nextLook = gap.nextLook
        watchUntil = gap.watchUntil
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run
        case idStart = "id_start"
        case idEnd = "id_end"
        case kind, open, holders
        case foundAt = "found_at"
        case nextLook = "next_look"
        case watchUntil = "watch_until"
    }
}
