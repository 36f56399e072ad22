import Synchronization
import Tranche
import TrancheChains

/// The bytes of an object.
///
/// What follows is fetched along, up to a bound, as far as the reader says that it goes on; a piece
/// is kept for a while, since the planner of a batch reads it before its worker.
final class ObjectReader: ByteReader {
    /// How much is fetched at once.
    private static let piece: Int64 = 1 << 20
    /// How much is kept.
    private static let kept = 12

    private let object: ObjectName
    private let store: any ObjectStore
    private let memory = Mutex(Memory())

    private struct Memory {
        var state: ObjectState?
        /// What was fetched last, the newest at the end.
        var pieces: [(start: Int64, bytes: [UInt8])] = []

        /// What is kept of a range, from its beginning on.
        func bytes(of range: Range<Int64>) -> ArraySlice<UInt8>? {
            for piece in pieces.reversed() {
                let end = piece.start + Int64(piece.bytes.count)
                guard piece.start <= range.lowerBound, range.lowerBound < end else { continue }
                let first = Int(range.lowerBound - piece.start)
                return piece.bytes[first..<Int(min(end, range.upperBound) - piece.start)]
            }
            return nil
        }

        mutating func keep(
            _ bytes: [UInt8],
            at start: Int64,
            of state: ObjectState,
            most: Int
        ) {
            guard self.state == state else { return }
            pieces.append((start, bytes))
            if pieces.count > most { pieces.removeFirst() }
        }
    }

    init(_ object: ObjectName, in store: any ObjectStore) {
        self.object = object
        self.store = store
    }

    var name: String { object.url }

    func state() async throws -> ByteState {
        let state = try await objectState()
        return ByteState(size: state.size, version: "\(state.tagName) \(state.tag)")
    }

    /// Looks at the object anew.
    func objectState() async throws -> ObjectState {
        let state = try await store.state(of: object)
        memory.withLock { memory in
            if memory.state != state { memory.pieces = [] }
            memory.state = state
        }
        return state
    }

    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        var known = memory.withLock { $0.state }
        if known == nil { known = try await objectState() }
        guard let state = known else { return [] }
        let wanted = range.lowerBound..<min(range.upperBound, max(state.size, range.lowerBound))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(wanted.count)
        var place = wanted.lowerBound
        while place < wanted.upperBound {
            let part = place..<wanted.upperBound
            if let found = memory.withLock({ $0.bytes(of: part) }) {
                bytes += found
                place += Int64(found.count)
                continue
            }
            let goal = min(max(end, wanted.upperBound), state.size)
            let last = max(wanted.upperBound, min(goal, place + Self.piece))
            let read = try await store.read(place..<last, of: object, in: state)
            bytes += read.prefix(part.count)
            memory.withLock { $0.keep(read, at: place, of: state, most: Self.kept) }
            place = wanted.upperBound
        }
        return bytes
    }
}
