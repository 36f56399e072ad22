import Tranche

/// The files that stood, one after the other, under the name of a file that grows.
///
/// The ids of each begin where those of the one before cannot reach, so that they go on ascending.
struct FileGenerations: Codable, Hashable, Sendable {
    /// How many are remembered, more where they are not read: batches of older ones cannot be read
    /// again.
    private static let most = 16

    private(set) var files: [FileGeneration]
    /// The number of the file with which a run begins; `nil` once one has handed something out, and
    /// where an earlier version did not tell it.
    var start: Int64?

    /// Begins with the first file.
    init(_ first: FileGeneration) {
        files = [first]
    }

    /// Reads what ``text`` wrote; `nil` for what something else wrote.
    init?(_ text: String) {
        guard let known = try? JSONText.decode(Self.self, from: text), !known.files.isEmpty else {
            return nil
        }
        self = known
    }

    var text: String {
        get throws { try JSONText.encode(self) }
    }

    /// The file that stands there now.
    var last: FileGeneration {
        get { files[files.count - 1] }
        set { files[files.count - 1] = newValue }
    }

    /// The number of the file with which a run goes on that has handed nothing out.
    var first: Int64 { start ?? last.number }

    /// Whether there are more than are remembered where all are read.
    var isLong: Bool { files.count > Self.most }

    /// Whether less is known than another list has.
    func isBefore(_ other: FileGenerations) -> Bool {
        (last.number, last.size) < (other.last.number, other.last.size)
    }

    /// Adds the file that has come to stand there.
    mutating func append(_ file: FileGeneration) {
        files.append(file)
    }

    /// Forgets the oldest of those that are read, where there are more than are remembered.
    ///
    /// - Parameter unread: Those that stay, however many they are.
    mutating func forget(but unread: UnreadGenerations) {
        var surplus = files.count - Self.most
        let current = last.number
        files.removeAll { file in
            guard surplus > 0, file.number != current, !unread.contains(file.number) else {
                return false
            }
            surplus -= 1
            return true
        }
    }
}

/// One of the files that stood under a name, and what tells it from others.
struct FileGeneration: Codable, Hashable, Sendable {
    /// How many ids each has: more than a file has bytes.
    static let reach: Int64 = 1 << 40
    /// How much of the beginning, and of the end of what was seen, is compared.
    static let sample: Int64 = 1 << 12
    /// A file that was put in the place of another is taken for its copy when it begins with all
    /// that was seen of that, and this was not less.
    static let tellingSize: Int64 = 256

    /// 0, 1, ….
    var number: Int64
    /// What tells it from another with the same content.
    var file: String?
    /// How many bytes of it were seen.
    var size: Int64
    /// The sum of its first bytes, and of the last ones of those that were seen.
    var head: String
    var tail: String
    /// Whether what was not read of it is given up.
    var isLost = false

    /// The id of its first byte.
    var base: Int64 { number * Self.reach }

    /// The number of the file that has an id.
    static func number(of id: Int64) -> Int64 { max(0, id / reach) }

    /// Takes samples of a file.
    init(
        number: Int64,
        _ bytes: any ByteReader,
        _ state: ByteState
    ) async throws {
        self.number = number
        file = state.identity
        size = state.size
        (head, tail) = try await Self.samples(of: bytes, size: state.size)
    }

    /// Whether a content has all that was seen of this one, as far as samples tell.
    func isBeginning(of bytes: any ByteReader, _ state: ByteState) async throws -> Bool {
        guard state.size >= size else { return false }
        return try await Self.samples(of: bytes, size: size) == (head, tail)
    }

    private static func samples(
        of bytes: any ByteReader,
        size: Int64
    ) async throws -> (head: String, tail: String) {
        guard size > 0 else { return ("", "") }
        let length = min(size, sample)
        let head = try await bytes.read(0..<length)
        let tail = try await bytes.read(size - length..<size)
        return (ContentSum.text(of: head), ContentSum.text(of: tail))
    }
}
