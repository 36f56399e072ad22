import Tranche

/// The file within a zip archive that holds one, as a gzip file: both hold deflated bytes and the
/// same checksum.
///
/// Source: APPNOTE.TXT 6.3.10, .ZIP File Format Specification.
struct ZipMember: ByteReader {
    /// Its name in the archive.
    let member: String
    private let archive: any ByteReader
    private let data: Range<Int64>
    private let head: [UInt8]
    private let tail: [UInt8]
    /// Whether its bytes are compressed at all.
    let isDeflated: Bool

    var name: String { archive.name }
    var formatNotes: [String] { archive.formatNotes + ["the file '\(member)' of a zip archive"] }

    /// Finds the file in an archive.
    ///
    /// - Throws: `TrancheError` `.invalidSource` for an archive with several, or none, or one that
    ///   is not deflated.
    init(of archive: any ByteReader) async throws {
        let size = try await archive.state().size
        guard size < .max else {
            throw Self.unreadable(
                archive,
                "is a zip archive within another file",
                "take it out first"
            )
        }
        let entries = try await Self.entries(of: archive, size: size)
        if entries.contains(where: { $0.name == "[Content_Types].xml" || $0.name == "content.xml" })
        {
            throw Self.unreadable(
                archive,
                "is a workbook or document of an office program, and no text",
                "save its sheet as CSV first, such as with 'soffice --convert-to csv FILE'"
            )
        }
        let files = entries.filter { !$0.name.hasSuffix("/") && !$0.name.hasPrefix("__MACOSX/") }
        guard files.count == 1, let file = files.first else {
            let names = files.prefix(3).map(\.name).joined(separator: ", ")
            let more = files.count > 3 ? ", …" : ""
            throw Self.unreadable(
                archive,
                files.isEmpty
                    ? "is a zip archive without a file"
                    : "is a zip archive of \(files.count) files (\(names)\(more))",
                "take one out first: unzip -p FILE NAME > NAME"
            )
        }
        guard file.flags & 1 == 0, file.method == 8 || file.method == 0 else {
            throw Self.unreadable(
                archive,
                "is a zip archive whose file is encrypted, or compressed by method \(file.method)",
                "take it out first: unzip -p FILE > NAME, or 7z x FILE"
            )
        }
        let local = try await archive.read(file.offset..<file.offset + 30)
        guard local.count == 30, local.starts(with: [0x50, 0x4B, 0x03, 0x04]) else {
            throw Self.broken(archive)
        }
        let start = file.offset + 30 + Int64(local.number(26, 2)) + Int64(local.number(28, 2))
        guard start + file.size <= size else { throw Self.broken(archive) }
        self.archive = archive
        member = file.name
        data = start..<start + file.size
        isDeflated = file.method == 8
        // Source: RFC 1952, section 2.3.
        head = isDeflated ? [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] : []
        tail = isDeflated ? file.checksum : []
    }

    func state() async throws -> ByteState {
        var state = try await archive.state()
        state.size = Int64(head.count) + Int64(data.count) + Int64(tail.count)
        return state
    }

    func checksum() async throws -> String? { try await archive.checksum() }

    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        let dataStart = Int64(head.count)
        let tailStart = dataStart + Int64(data.count)
        func part(from start: Int64, to end: Int64) -> Range<Int64>? {
            let low = max(start, range.lowerBound)
            let high = min(end, range.upperBound)
            return low < high ? low - start..<high - start : nil
        }
        var bytes: [UInt8] = []
        if let part = part(from: 0, to: dataStart) {
            bytes += head[Int(part.lowerBound)..<Int(part.upperBound)]
        }
        if let part = part(from: dataStart, to: tailStart) {
            let goal = min(max(end, range.upperBound), tailStart) - dataStart
            bytes += try await archive.read(
                data.lowerBound + part.lowerBound..<data.lowerBound + part.upperBound,
                goingOnTo: data.lowerBound + max(goal, part.upperBound)
            )
        }
        if let part = part(from: tailStart, to: tailStart + Int64(tail.count)) {
            bytes += tail[Int(part.lowerBound)..<Int(part.upperBound)]
        }
        return bytes
    }

    // MARK: - The archive's directory

    private struct Entry {
        var name: String
        var flags: UInt64
        var method: UInt64
        var size: Int64
        var offset: Int64
        /// The checksum and size as gzip has them.
        var checksum: [UInt8]

        /// Reads an entry of the directory; `nil` where a number that is too large for it stands
        /// nowhere else.
        ///
        /// - Parameters:
        ///   - name: Its name.
        ///   - fixed: What each entry has.
        ///   - extra: Its extra fields.
        init?(_ name: String, _ fixed: [UInt8], _ extra: [UInt8]) {
            var rest = Self.largeNumbers(extra)[...]
            var isWhole = true
            func number(_ place: Int) -> UInt64 {
                let number = fixed.number(place, 4)
                guard number == 0xFFFF_FFFF else { return number }
                guard rest.count >= 8 else {
                    isWhole = false
                    return 0
                }
                defer { rest = rest.dropFirst(8) }
                return Array(rest.prefix(8)).number(0, 8)
            }
            // In this order, as far as they are too large.
            let (length, size, offset) = (number(24), number(20), number(42))
            guard isWhole else { return nil }
            self.name = name
            flags = fixed.number(8, 2)
            method = fixed.number(10, 2)
            self.size = Int64(clamping: size)
            self.offset = Int64(clamping: offset)
            // Of the size, gzip has the lowest 32 bits.
            let low = UInt32(truncatingIfNeeded: length)
            checksum = Array(fixed[16..<20])
            for shift in [0, 8, 16, 24] { checksum.append(UInt8(truncatingIfNeeded: low >> shift)) }
        }

        /// The content of the extra field that has numbers of eight bytes; empty where there is
        /// none.
        private static func largeNumbers(_ extra: [UInt8]) -> [UInt8] {
            var place = 0
            while place + 4 <= extra.count {
                let end = place + 4 + Int(extra.number(place + 2, 2))
                guard end <= extra.count else { return [] }
                if extra.number(place, 2) == 1 { return Array(extra[place + 4..<end]) }
                place = end
            }
            return []
        }
    }

    private static func entries(of archive: any ByteReader, size: Int64) async throws -> [Entry] {
        let (offset, length, count) = try await directory(of: archive, size: size)
        if count == 0 { return [] }
        guard offset >= 0, length > 0, offset <= size, length <= size - offset else {
            throw broken(archive)
        }
        let bytes = try await archive.read(offset..<offset + length)
        var entries: [Entry] = []
        var place = 0
        while entries.count < count {
            guard place + 46 <= bytes.count,
                bytes[place..<place + 4].elementsEqual([0x50, 0x4B, 1, 2])
            else { throw broken(archive) }
            let fixed = Array(bytes[place..<place + 46])
            let (nameLength, extraLength) = (Int(fixed.number(28, 2)), Int(fixed.number(30, 2)))
            let behind = place + 46 + nameLength + extraLength
            guard behind <= bytes.count else { throw broken(archive) }
            let name = bytes[place + 46..<place + 46 + nameLength]
            let extra = Array(bytes[place + 46 + nameLength..<behind])
            guard let entry = Entry(String(decoding: name, as: UTF8.self), fixed, extra),
                entry.offset <= size - 30, entry.size <= size
            else { throw broken(archive) }
            entries.append(entry)
            place = behind + Int(fixed.number(32, 2))
        }
        return entries
    }

    /// Where the directory is, how long, and how many entries it has.
    ///
    /// What is too large for the record at the end stands in one that a locator before it leads to.
    private static func directory(
        of archive: any ByteReader,
        size: Int64
    ) async throws -> (offset: Int64, length: Int64, count: Int64) {
        let start = max(0, size - (1 << 16) - 22 - 20)
        let tail = try await archive.read(start..<size)
        let mark: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
        guard tail.count >= 22,
            let end = stride(from: tail.count - 22, through: 0, by: -1)
                .first(where: { tail[$0..<$0 + 4].elementsEqual(mark) })
        else { throw broken(archive) }
        let record = Array(tail[end...])
        let (count, length) = (Int64(record.number(10, 2)), Int64(record.number(12, 4)))
        let offset = Int64(record.number(16, 4))
        guard count == 0xFFFF || length == 0xFFFF_FFFF || offset == 0xFFFF_FFFF else {
            return (offset, length, count)
        }
        guard end >= 20, tail[end - 20..<end - 16].elementsEqual([0x50, 0x4B, 0x06, 0x07]) else {
            throw broken(archive)
        }
        let place = Int64(clamping: Array(tail[end - 20..<end]).number(8, 8))
        guard place <= size - 56 else { throw broken(archive) }
        let large = try await archive.read(place..<place + 56)
        guard large.count == 56, large.starts(with: [0x50, 0x4B, 0x06, 0x06]) else {
            throw broken(archive)
        }
        return (
            Int64(clamping: large.number(48, 8)), Int64(clamping: large.number(40, 8)),
            Int64(clamping: large.number(32, 8))
        )
    }

    private static func broken(_ archive: any ByteReader) -> TrancheError {
        unreadable(
            archive,
            "begins as a zip archive does, and has no directory at its end",
            "is it complete?"
        )
    }

    private static func unreadable(
        _ archive: any ByteReader,
        _ what: String,
        _ remedy: String
    ) -> TrancheError {
        TrancheError(.invalidSource, "'\(archive.name)' \(what); \(remedy)")
    }
}

extension [UInt8] {
    /// A number, its lowest byte first.
    fileprivate func number(_ place: Int, _ length: Int) -> UInt64 {
        self[place..<place + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
