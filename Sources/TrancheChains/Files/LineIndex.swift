import CByteScan
import Synchronization
import Tranche

/// Where a record stands for people: the line on which it begins.
package struct RecordLine: Sendable, Hashable {
    /// The line, from 1; line ends within quotes count as an editor counts them.
    package var number: Int64
    /// The offset from which it is counted, where that is not the content's beginning.
    package var origin: Int64?

    /// In words: `line 12`.
    package var words: String {
        "line \(number)" + (origin.map { " from offset \($0)" } ?? "")
    }
}

/// A source whose records stand on lines.
protocol LineCounting: Sendable {
    /// Finds out on which lines records begin.
    ///
    /// - Parameter ids: The records, ascending.
    /// - Returns: The lines; none for a record where finding out would mean to read very much
    ///   again.
    /// - Throws: As reading the source does.
    func lines(of ids: [Int64]) async throws -> [Int64: RecordLine]
}

extension LineCounting {
    /// Lines as far as they can be found out: what they are told with does not fail for want of
    /// them.
    func knownLines(of ids: some Sequence<Int64>) async -> [Int64: RecordLine] {
        let sorted = Set(ids).sorted()
        return sorted.isEmpty ? [:] : (try? await lines(of: sorted)) ?? [:]
    }
}

/// Counts the lines of some content, where somebody asks for them.
///
/// Content on disk is read again for it, from what is known already. What is decoded or fetched is
/// counted while it is read for its records, so that nothing is decoded or fetched twice: each
/// worker adds the pieces that it has read.
final class LineIndex: Sendable {
    /// How many bytes are read at once.
    private static let step: Int64 = 1 << 18
    /// Pieces that follow each other become one up to this size.
    private static let largestPiece: Int64 = 1 << 20
    /// Known places beyond these are forgotten, the first ones first.
    private static let mostAnchors = 256

    /// Bytes that were read, and how many lines end in them.
    fileprivate struct Piece {
        var start: Int64
        var end: Int64
        var lines: Int64
    }

    fileprivate struct State {
        /// Where lines are known: the line at an offset; ascending, the beginning first.
        var anchors: [(offset: Int64, line: Int64)]
        /// Ascending; none overlaps another.
        var pieces: [Piece] = []
    }

    /// Whether what is read for its records is counted as well.
    let countsWhileReading: Bool
    private let mark: UInt8
    private let most: Int64
    private let state: Mutex<State>

    /// Makes an index that knows the beginning alone.
    ///
    /// - Parameters:
    ///   - start: Where the content begins.
    ///   - mark: The byte that ends a line.
    ///   - isLocal: Whether reading it again costs little.
    init(from start: Int64, mark: UInt8, isLocal: Bool) {
        self.mark = mark
        countsWhileReading = !isLocal
        most = isLocal ? 4 << 30 : 64 << 20
        state = Mutex(State(anchors: [(start, 1)]))
    }

    /// How many lines end in some bytes.
    func count(_ bytes: ArraySlice<UInt8>) -> Int64 {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            var lines = 0
            var place = 0
            while place + 64 <= buffer.count {
                lines += tranche_find64(base + place, mark).nonzeroBitCount
                place += 64
            }
            for index in place..<buffer.count where base[index] == mark { lines += 1 }
            return Int64(lines)
        }
    }

    /// Takes what was read: how many lines end in it.
    func add(_ range: Range<Int64>, lines: Int64) {
        guard !range.isEmpty else { return }
        let piece = Piece(start: range.lowerBound, end: range.upperBound, lines: lines)
        state.withLock { $0.add(piece, upTo: Self.largestPiece) }
    }

    /// Finds the lines at offsets.
    ///
    /// - Parameters:
    ///   - offsets: The offsets, ascending.
    ///   - read: Reads bytes; fewer, or none, at the content's end.
    /// - Returns: The lines, as far as they can be found by reading what may be read again.
    /// - Throws: What `read` throws; `CancellationError`.
    func lines(
        at offsets: [Int64],
        _ read: (Range<Int64>) async throws -> [UInt8]
    ) async throws -> [Int64: RecordLine] {
        guard let first = offsets.first, let last = offsets.last else { return [:] }
        var found: [Int64: RecordLine] = [:]
        guard var place = start(for: first) else { return [:] }
        for offset in offsets where offset >= place.offset {
            while place.offset < offset {
                try Task.checkCancellation()
                if let piece = piece(at: place.offset), piece.end <= offset {
                    place = (piece.end, place.line + piece.lines, place.origin)
                    continue
                }
                let end = min(offset, nextPiece(behind: place.offset), place.offset + Self.step)
                let bytes = try await read(place.offset..<end)
                guard !bytes.isEmpty else { return found }
                place.line += count(bytes[...])
                place.offset += Int64(bytes.count)
            }
            found[offset] = RecordLine(number: place.line, origin: place.origin)
        }
        if place.origin == nil, place.offset == last { note(place.line, at: last) }
        return found
    }

    // MARK: - What is known

    // None of them is inlined, as those of `MicroBatcher`: they are called between waits.

    /// Where to begin to count up to an offset; `nil` where too much would be read.
    @inline(never)
    private func start(for offset: Int64) -> (offset: Int64, line: Int64, origin: Int64?)? {
        state.withLock { state in
            guard let anchor = state.anchors.last(where: { $0.offset <= offset }) else {
                return nil
            }
            let known = state.pieces.lazy
                .filter { $0.start >= anchor.offset && $0.end <= offset }
                .reduce(0) { $0 + $1.end - $1.start }
            if offset - anchor.offset - known <= most { return (anchor.offset, anchor.line, nil) }
            // From the beginning of what was read without a gap up to there.
            var index = state.firstPiece(from: offset + 1) - 1
            guard index >= 0, state.pieces[index].end >= offset else { return nil }
            while index > 0, state.pieces[index - 1].end == state.pieces[index].start { index -= 1 }
            let start = state.pieces[index].start
            return (start, 1, start)
        }
    }

    @inline(never)
    private func piece(at offset: Int64) -> Piece? {
        state.withLock { state in
            let place = state.firstPiece(from: offset)
            guard place < state.pieces.count, state.pieces[place].start == offset else {
                return nil
            }
            return state.pieces[place]
        }
    }

    @inline(never)
    private func nextPiece(behind offset: Int64) -> Int64 {
        state.withLock { state in
            let place = state.firstPiece(from: offset + 1)
            return place < state.pieces.count ? state.pieces[place].start : .max
        }
    }

    @inline(never)
    private func note(_ line: Int64, at offset: Int64) {
        state.withLock { state in
            let place = state.anchors.firstIndex { $0.offset >= offset } ?? state.anchors.count
            if place < state.anchors.count, state.anchors[place].offset == offset { return }
            state.anchors.insert((offset, line), at: place)
            // The beginning stays.
            if state.anchors.count > Self.mostAnchors { state.anchors.remove(at: 1) }
        }
    }
}

extension LineIndex.State {
    /// Adds a piece, unless another attempt has read some of it before.
    fileprivate mutating func add(_ piece: LineIndex.Piece, upTo largest: Int64) {
        let place = firstPiece(from: piece.start)
        if place < pieces.count, pieces[place].start < piece.end { return }
        if place > 0 {
            let before = pieces[place - 1]
            if before.end > piece.start { return }
            if before.end == piece.start, piece.end - before.start <= largest {
                pieces[place - 1].end = piece.end
                pieces[place - 1].lines += piece.lines
                return
            }
        }
        pieces.insert(piece, at: place)
    }

    /// The place of the first piece that begins at an offset or behind it.
    fileprivate func firstPiece(from offset: Int64) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].start < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
