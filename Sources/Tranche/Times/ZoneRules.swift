import Synchronization

/// When clocks in a time zone were and will be changed, as the system's time zone database says.
///
/// The files are read here, and not by Foundation: its tables would be half of the program. Source:
/// RFC 8536, The Time Zone Information Format.
final class ZoneRules: Sendable {
    /// The moments of changes, ascending, in seconds since 1970 UTC.
    private let changes: [Int64]
    /// How far clocks are ahead of UTC from each of them on.
    private let offsets: [Int64]
    /// How far they are ahead before the first.
    private let first: Int64
    /// What holds from the last change on; `nil` where that is its offset.
    private let rule: ZoneRule?

    private init(changes: [Int64], offsets: [Int64], first: Int64, rule: ZoneRule?) {
        self.changes = changes
        self.offsets = offsets
        self.first = first
        self.rule = rule
    }

    /// How far clocks are ahead of UTC at a moment, in seconds.
    func offset(at second: Int64) -> Int64 {
        guard let last = changes.last else { return rule?.offset(at: second) ?? first }
        if second >= last, let rule { return rule.offset(at: second) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    // MARK: - Finding

    private static let known = Mutex<[String: ZoneRules]>([:])

    /// The rules of a zone; `nil` where the database does not have it.
    static func named(_ name: String) -> ZoneRules? {
        if ["UTC", "GMT", "Etc/UTC", "Etc/GMT"].contains(name) {
            return ZoneRules(changes: [], offsets: [], first: 0, rule: nil)
        }
        if let found = known.withLock({ $0[name] }) { return found }
        guard let bytes = ZoneDatabase.contents(of: name), let rules = ZoneRules(bytes) else {
            return nil
        }
        known.withLock { $0[name] = rules }
        return rules
    }
}

extension ZoneRules {
    /// Reads a file of the database; `nil` for one that is not sound.
    convenience init?(_ bytes: [UInt8]) {
        var file = ZoneFile(bytes)
        guard var counts = file.header() else { return nil }
        if counts.version >= 2 {
            // The first part is for readers of 32-bit times.
            guard file.skip(counts.size(ofTimes: 4)), let next = file.header() else { return nil }
            counts = next
        }
        let width = counts.version >= 2 ? 8 : 4
        guard let body = file.take(counts.size(ofTimes: width)) else { return nil }
        let times = (0..<counts.times).map { ZoneFile.integer(body, at: $0 * width, width) }
        let kinds = counts.times * width
        let types = kinds + counts.times
        func offset(of kind: Int) -> Int64? {
            kind < counts.types ? ZoneFile.integer(body, at: types + kind * 6, 4) : nil
        }
        let offsets = (0..<counts.times).compactMap { offset(of: Int(body[kinds + $0])) }
        guard let first = offset(of: 0), offsets.count == times.count,
            zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        var rule: ZoneRule?
        if counts.version >= 2, let text = file.footer(), !text.isEmpty {
            guard let read = ZoneRule(text) else { return nil }
            rule = read
        }
        self.init(changes: times, offsets: offsets, first: first, rule: rule)
    }
}

/// The parts of a file of the time zone database, one after the other.
private struct ZoneFile {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// How many entries a part has.
    struct Counts {
        var version: Int
        var zoneMarks: Int
        var wallMarks: Int
        var leaps: Int
        var times: Int
        var types: Int
        var letters: Int

        func size(ofTimes width: Int) -> Int {
            times * (width + 1) + types * 6 + letters + leaps * (width + 4) + wallMarks + zoneMarks
        }
    }

    mutating func header() -> Counts? {
        guard let bytes = take(44), bytes.starts(with: Array("TZif".utf8)) else { return nil }
        let version = bytes[4] >= 0x32 ? Int(bytes[4]) - 0x30 : 1
        let counts = (0..<6).map { Int(Self.integer(bytes, at: 20 + $0 * 4, 4)) }
        guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
        return Counts(
            version: version,
            zoneMarks: counts[0],
            wallMarks: counts[1],
            leaps: counts[2],
            times: counts[3],
            types: counts[4],
            letters: counts[5]
        )
    }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    /// The text between the two line breaks at the end.
    func footer() -> String? {
        guard rest.first == 0x0A, let end = rest.dropFirst().firstIndex(of: 0x0A) else {
            return nil
        }
        return String(validating: rest[rest.startIndex + 1..<end], as: UTF8.self)
    }

    static func integer(_ bytes: [UInt8], at place: Int, _ width: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in bytes[place..<place + width] { value = value << 8 | UInt64(byte) }
        return width == 4
            ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
