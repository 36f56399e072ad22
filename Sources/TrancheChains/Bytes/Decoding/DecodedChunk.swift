import Synchronization

/// Decoded bytes, as many as are decoded at once.
///
/// `@unchecked Sendable`: the memory is written by its maker, before anybody else has it, and
/// never afterwards.
final class DecodedChunk: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(capacity: Int) {
        memory = .allocate(capacity: capacity)
    }

    deinit {
        memory.deallocate()
    }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: memory[..<count]) }

    var isFull: Bool { count == memory.count }

    /// The memory that is still to be written; for the maker of the chunk.
    var rest: UnsafeMutableBufferPointer<UInt8> {
        UnsafeMutableBufferPointer(rebasing: memory[count...])
    }

    /// Notes that more was written.
    func wrote(_ more: Int) {
        count += more
    }
}

/// The chunks that were decoded last, of all readers of the process.
///
/// A chunk is read twice, by the planner of a batch and by the worker on it: one that was read
/// twice goes first. Otherwise the one furthest behind goes: it is needed last.
final class DecodedChunks: Sendable {
    /// Those of this process: 24 MiB.
    static let shared = DecodedChunks(capacity: 24 << 20)

    private let capacity: Int
    private let state = Mutex(State())

    private struct Key: Hashable {
        var reader: Int
        var index: Int64
    }

    private struct Entry {
        var chunk: DecodedChunk
        var read: Int
        var used: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var size = 0
        var clock = 0
        var readers = 0
        /// Those whose chunks are read once.
        var readOnce: Set<Int> = []
    }

    /// Makes a memory.
    ///
    /// - Parameter capacity: How many bytes are kept.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// A number for a reader, unlike that of any other.
    func makeReader() -> Int {
        state.withLock { state in
            state.readers += 1
            return state.readers
        }
    }

    /// Notes that the chunks of a reader are read once, and not twice.
    func noteReadOnce(_ reader: Int) {
        state.withLock { _ = $0.readOnce.insert(reader) }
    }

    /// A chunk that is kept.
    ///
    /// - Parameters:
    ///   - index: Which of a reader's.
    ///   - reader: The reader.
    ///   - range: Which of its bytes are read now.
    /// - Returns: The chunk; `nil` when it is not kept.
    func chunk(_ index: Int64, of reader: Int, reading range: Range<Int>) -> DecodedChunk? {
        state.withLock { state in
            state.clock += 1
            let clock = state.clock
            let key = Key(reader: reader, index: index)
            guard let found = state.entries[key]?.chunk else { return nil }
            state.entries[key]?.used = clock
            state.entries[key]?.read += min(range.upperBound, found.count) - range.lowerBound
            return found
        }
    }

    /// Keeps a chunk.
    func keep(_ chunk: DecodedChunk, _ index: Int64, of reader: Int) {
        state.withLock { state in
            state.clock += 1
            let key = Key(reader: reader, index: index)
            if let old = state.entries.removeValue(forKey: key) { state.size -= old.chunk.count }
            while !state.entries.isEmpty, state.size + chunk.count > capacity {
                guard let last = leastWanted(state) else { break }
                state.size -= state.entries.removeValue(forKey: last)?.chunk.count ?? 0
            }
            state.entries[key] = Entry(chunk: chunk, read: 0, used: state.clock)
            state.size += chunk.count
        }
    }

    private func leastWanted(_ state: State) -> Key? {
        // Such as what was planned here and is worked on by another process.
        let forgotten = state.clock - 16 * max(16, state.entries.count)
        func order(_ entry: (key: Key, value: Entry)) -> (Int, Int64) {
            let value = entry.value
            let times = state.readOnce.contains(entry.key.reader) ? 1 : 2
            if value.read >= times * value.chunk.count { return (0, Int64(value.used)) }
            if value.used < forgotten { return (1, Int64(value.used)) }
            return (2, -entry.key.index)
        }
        return state.entries.min { order($0) < order($1) }?.key
    }

    /// Forgets the chunks of a reader.
    ///
    /// - Parameters:
    ///   - reader: The reader.
    ///   - index: From which on.
    func forget(_ reader: Int, from index: Int64 = 0) {
        state.withLock { state in
            for (key, entry) in state.entries where key.reader == reader && key.index >= index {
                state.entries[key] = nil
                state.size -= entry.chunk.count
            }
        }
    }
}
