/// Bytes that can be read from any place, such as a file or an object in a store.
public protocol ByteReader: Sendable {
    /// What it is, for messages; without credentials.
    var name: String { get }

    /// Looks how large the content is, and which it is.
    ///
    /// - Throws: `TrancheError` `.invalidSource` (permanent) when there is no such file or object, or it
    ///   may not be read; `.sourceUnavailable` (transient) when the store cannot be reached.
    func state() async throws -> ByteState

    /// Reads bytes.
    ///
    /// - Parameters:
    ///   - range: Which; not empty.
    ///   - end: How far the reading will go on from there, at most: nothing behind it is wanted. So what
    ///     comes next can be fetched along, where a request costs more than its bytes.
    /// - Returns: The bytes: all of them, unless the content ends within the range.
    /// - Throws: As ``state()``; `TrancheError` `.redefined` (permanent) when the content is found to have
    ///   changed since ``state()``.
    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8]

    /// Adds up the content as it is stored, so that it can be told from another of the same size.
    ///
    /// - Returns: The sum in words; `nil` where that would mean to read very much, or where the version
    ///   tells contents apart.
    /// - Throws: As ``state()``.
    func checksum() async throws -> String?
}

extension ByteReader {
    /// The version tells contents apart.
    public func checksum() async throws -> String? { nil }

    /// Reads bytes, and nothing behind them.
    ///
    /// - Parameter range: Which; not empty.
    /// - Returns: The bytes: all of them, unless the content ends within the range.
    /// - Throws: As ``read(_:goingOnTo:)``.
    public func read(_ range: Range<Int64>) async throws -> [UInt8] {
        try await read(range, goingOnTo: range.upperBound)
    }
}

/// What is known of some content without reading it.
public struct ByteState: Sendable, Hashable {
    /// How many bytes there are.
    public var size: Int64
    /// What tells this content from another, in words, such as `modified 2026-01-31T08:00:00Z` or
    /// `etag "5d41402a"`.
    public var version: String
    /// What tells this file from another one under the same name, even if that has the same bytes: for a
    /// file on disk its inode and birth; `nil` where there is no such thing.
    public var identity: String?

    /// Makes a state.
    public init(size: Int64, version: String, identity: String? = nil) {
        self.size = size
        self.version = version
        self.identity = identity
    }
}

/// Where bytes are: a file, or an object in a store.
///
/// The modules of the stores add the ways to make one. Two are equal when they are spelt alike.
public struct ByteLocation: Sendable, Hashable {
    /// What it is, without credentials: for a file on disk its absolute path, links followed.
    public let name: String
    /// How it was given, where that may differ from the name.
    let spelling: String
    /// Whether what stood there before is given up, if it is another file now.
    private(set) var isReplacement = false
    private let key: String
    private let opener: @Sendable () async throws -> any ByteReader

    /// Describes a location.
    ///
    /// - Parameters:
    ///   - name: What it is, without credentials.
    ///   - key: Its spelling, with all that tells it from another.
    ///   - open: Opens it.
    public init(
        name: String,
        key: String,
        open: @escaping @Sendable () async throws -> any ByteReader
    ) {
        self.init(name: name, key: key, spelling: name, open: open)
    }

    init(
        name: String,
        key: String,
        spelling: String,
        open: @escaping @Sendable () async throws -> any ByteReader
    ) {
        self.name = name
        self.key = key
        self.spelling = spelling
        opener = open
    }

    /// The same place, where another file that grows stands by now: what was not read of the one before is
    /// given up.
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
        lhs.key == rhs.key && lhs.isReplacement == rhs.isReplacement
    }

    /// Hashes the spelling.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }
}

extension ByteLocation {
    /// A file on disk; a name that ends in `.gz` is decompressed as it is read.
    ///
    /// However a file is spelt, it is one location: its name is the absolute path with links followed, as
    /// far as the path exists.
    ///
    /// - Parameter path: The file's path; a relative one is looked for in the working folder.
    /// - Returns: The location.
    public static func file(_ path: String) -> ByteLocation {
        let name = ResolvedPath(path).text
        return ByteLocation(name: name, key: "file:\(name)", spelling: path) {
            let file = LocalFile(path)
            return path.hasSuffix(".gz") ? GzipReader(file) : file
        }
    }
}

/// Reads compressed content, decompressed, from its beginning on.
///
/// - Parameter reader: The compressed content; a gzip file.
/// - Returns: A reader of what it holds.
package func gunzipping(_ reader: any ByteReader) -> any ByteReader {
    GzipReader(reader)
}
