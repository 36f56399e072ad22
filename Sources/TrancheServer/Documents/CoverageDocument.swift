import Tranche

/// What has become of the ids of a run.
package struct CoverageDocument: Codable, Sendable, Hashable {
    package let from: Int64
    package let to: Int64
    /// Where the source ends; `null` where nobody knows.
    package let sourceEnd: Int64?
    package let pieces: [Piece]

    /// Ids that share a state.
    package struct Piece: Codable, Sendable, Hashable {
        package let from: Int64
        package let to: Int64
        package let status: Coverage.State
    }

    init(_ coverage: Coverage, sourceEnd: Int64?) {
        from = coverage.ids.lowerBound
        to = coverage.ids.upperBound
        self.sourceEnd = sourceEnd
        pieces = coverage.pieces.map {
            Piece(from: $0.ids.lowerBound, to: $0.ids.upperBound, status: $0.state)
        }
    }

    enum CodingKeys: String, CodingKey {
        case from, to
        case sourceEnd = "source_end"
        case pieces
    }
}
