import FoundationEssentials
import Tranche

/// Bytes that can be read from any place, such as a file or an object in a store.
public protocol ByteReader: Sendable {
    /// The name of the content, for messages; without credentials.
    var name: String { get }

    /// The decoding of the content, for people: such as `decompressed from gzip`; empty when it is
    /// read as it is stored.
    var formatNotes: [String] { get }

    /// The encoding that is turned into UTF-8; `nil` when the content is taken as UTF-8.
    var encoding: String? { get }

    /// Looks how large the content is, and which it is.
    ///
    /// - Throws: `TrancheError` `.invalidSource` (permanent) when there is no such file or object,
    ///   or it may not be read; `.sourceUnavailable` (transient) when the store cannot be reached.
    func state() async throws -> ByteState

    /// Reads bytes.
    ///
    /// - Parameters:
    ///   - range: Which; not empty.
    ///   - end: How far the reading will go on from there, at most: nothing behind it is wanted. So
    ///     what comes next can be fetched along, where a request costs more than its bytes.
    /// - Returns: The bytes: all of them, unless the content ends within the range, or what is
    ///   decoded is spoilt there: then reading on from there throws.
    /// - Throws: As ``state()``; `TrancheError` `.redefined` (permanent) when the content is found
    ///   to have changed since ``state()``; `.invalidItem` (permanent) when the range begins where
    ///   what is decoded is spoilt.
    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8]

    /// Adds up the content as it is stored, so that it can be told from another of the same size.
    ///
    /// - Returns: The sum in words; `nil` where that would mean to read very much, or where the
    ///   version tells contents apart.
    /// - Throws: As ``state()``.
    func checksum() async throws -> String?
}

extension ByteReader {
    /// The version tells contents apart.
    public func checksum() async throws -> String? { nil }

    /// Nothing is made of it.
    public var formatNotes: [String] { [] }

    /// It is UTF-8.
    public var encoding: String? { nil }

    /// Reads bytes, and nothing behind them.
    ///
    /// - Parameter range: Which; not empty.
    /// - Returns: The bytes: all of them, unless the content ends within the range.
    /// - Throws: As ``read(_:goingOnTo:)``.
    public func read(_ range: Range<Int64>) async throws -> [UInt8] {
        try await read(range, goingOnTo: range.upperBound)
    }
}

/// The knowledge about some content without reading it.
public struct ByteState: Sendable, Hashable {
    /// How many bytes there are; `Int64.max` as long as that is unknown, since they are decoded and
    /// nobody has seen their end.
    public var size: Int64
    /// How many bytes are stored: compressed ones, where they are decompressed as they are read.
    public var storedSize: Int64
    /// The mark that distinguishes this content from another, in words, such as
    /// `modified 2026-01-31T08:00:00Z` or `etag "5d41402a"`.
    public var version: String
    /// The identity of this file among files of the same name, even if they have the same bytes:
    /// for a file on disk its inode and birth; `nil` where there is none.
    public var identity: String?

    /// Makes a state.
    ///
    /// - Parameters:
    ///   - size: How many bytes there are; `Int64.max` when that is unknown.
    ///   - storedSize: How many are stored; as many by default.
    ///   - version: The mark that distinguishes this content from another.
    ///   - identity: The mark that distinguishes this file from another one.
    public init(size: Int64, storedSize: Int64? = nil, version: String, identity: String? = nil) {
        self.size = size
        self.storedSize = storedSize ?? size
        self.version = version
        self.identity = identity
    }

    /// Whether the size is known.
    public var isSizeKnown: Bool { size < .max }

    /// Whether this is the content that it was before, more being known of it by now or not.
    func isSameContent(as other: ByteState) -> Bool {
        var known = self
        known.size = other.size
        return known == other
    }
}

/// Where bytes are: a file, or an object in a store.
///
/// The modules of the stores add the ways to make one. Two are equal when they are spelt alike.
public struct ByteLocation: Sendable, Hashable {
    /// The name of the content, without credentials: for a file on disk its absolute path, links
    /// followed.
    public let name: String
    /// How it was given, where that may differ from the name.
    let spelling: String
    /// Whether what stood there before is given up, if it is another file now.
    private(set) var isReplacement = false
    /// Whether it is a file on disk.
    private(set) var isOnDisk = false
    /// The encoding of its text, where one was named.
    let encoding: TextEncoding?
    private let key: String
    private let opener: @Sendable () async throws -> any ByteReader

    /// Describes a location.
    ///
    /// - Parameters:
    ///   - name: What it is, without credentials.
    ///   - key: Its spelling, with all that distinguishes it from another.
    ///   - encoding: The encoding of its text, where one was named: what opens it sees to that.
    ///   - open: Opens it.
    public init(
        name: String,
        key: String,
        encoding: TextEncoding? = nil,
        open: @escaping @Sendable () async throws -> any ByteReader
    ) {
        self.init(name: name, key: key, spelling: name, encoding: encoding, open: open)
    }

    init(
        name: String,
        key: String,
        spelling: String,
        encoding: TextEncoding? = nil,
        open: @escaping @Sendable () async throws -> any ByteReader
    ) {
        self.name = name
        self.key = key
        self.spelling = spelling
        self.encoding = encoding
        opener = open
    }

    /// The same place, where another file that grows stands by now: what was not read of the one
    /// before is given up.
    ///
    /// - Returns: The location.
    public func replaced() -> ByteLocation {
        var location = self
        location.isReplacement = true
        return location
    }

    /// Opens what is there.
    ///
    /// - Returns: The reader.
    /// - Throws: As ``ByteReader/state()``.
    public func open() async throws -> any ByteReader {
        try await opener()
    }

    /// Whether two are spelt alike.
    public static func == (lhs: ByteLocation, rhs: ByteLocation) -> Bool {
        // Names of files that look alike may differ in their bytes.
        lhs.key.hasBytes(of: rhs.key) && lhs.isReplacement == rhs.isReplacement
    }

    /// Hashes the spelling.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }
}

extension ByteLocation {
    /// A file on disk; what is compressed, as its first bytes say, is decompressed as it is read.
    ///
    /// However a file is spelt, it is one location: its name is the absolute path with links
    /// followed, as far as the path exists.
    ///
    /// - Parameters:
    ///   - path: The file's path; a relative one is looked for in the working folder.
    ///   - encoding: The encoding of its text; by default UTF-8, or what its byte order mark says.
    /// - Returns: The location.
    public static func file(_ path: String, encoding: TextEncoding? = nil) -> ByteLocation {
        let name = ResolvedPath(path).text
        let words = encoding.map { " as \($0.name)" } ?? ""
        var location = ByteLocation(
            name: name,
            key: "file:\(name)\(words)",
            spelling: path,
            encoding: encoding
        ) {
            try await recognising(LocalFile(path), key: name, encoding: encoding)
        }
        location.isOnDisk = true
        return location
    }
}
