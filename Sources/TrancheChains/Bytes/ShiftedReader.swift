import Tranche

/// Content whose first byte has an offset above 0.
struct ShiftedReader: ByteReader {
    private let content: any ByteReader
    private let base: Int64

    init(_ content: any ByteReader, by base: Int64) {
        self.content = content
        self.base = base
    }

    var name: String { content.name }
    var formatNotes: [String] { content.formatNotes }
    var encoding: String? { content.encoding }

    func state() async throws -> ByteState {
        var state = try await content.state()
        state.size = state.size > .max - base ? .max : state.size + base
        return state
    }

    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        let shifted = range.lowerBound - base..<range.upperBound - base
        return try await content.read(shifted, goingOnTo: end == .max ? .max : end - base)
    }

    func checksum() async throws -> String? {
        try await content.checksum()
    }
}
