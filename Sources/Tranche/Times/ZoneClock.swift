import FoundationEssentials

/// What clocks on the wall show in a time zone.
package struct ZoneClock: Sendable, Hashable {
    private let name: String
    private let rules: ZoneRules

    /// Takes a zone by its IANA name.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a name that is not known, with the nearest.
    package init(_ name: String) throws {
        // There are names such as `GMT+3` as well, whose sign people read either way.
        guard Self.universal.contains(name) || Self.isRegion(name) || Self.isPlain(name) else {
            throw TrancheError(.invalidArgument, Self.fault(of: name))
        }
        // An abbreviation that is no name, such as `IST`, is that of several zones.
        guard let rules = ZoneRules.named(name) else {
            throw TrancheError(
                .invalidArgument,
                ZoneDatabase.isInstalled
                    ? Self.fault(of: name)
                    : "time zone '\(name)' cannot be read: there is no time zone database in "
                        + "/usr/share/zoneinfo; install Debian's package tzdata"
            )
        }
        self.name = name
        self.rules = rules
    }

    /// Takes a zone by any name that the database has, or by an abbreviation such as `CET`.
    ///
    /// - Returns: `nil` for a name that is not known.
    package init?(anyName name: String) {
        let abbreviated = TimeZone.abbreviationDictionary[name]
        guard let rules = ZoneRules.named(name) ?? abbreviated.flatMap(ZoneRules.named) else {
            return nil
        }
        self.name = name
        self.rules = rules
    }

    /// Whether the clock is that of UTC in summer and winter.
    package var isUniversal: Bool { Self.universal.contains(name) }

    /// Whether two clocks are of zones of the same name.
    package static func == (one: Self, other: Self) -> Bool { one.name == other.name }

    /// Adds the zone's name.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// How far clocks are ahead of UTC, in seconds.
    ///
    /// - Parameter second: The moment, in seconds since 1970.
    /// - Returns: The seconds; below 0 west of Greenwich.
    package func offset(at second: Int64) -> Int64 {
        rules.offset(at: second)
    }

    /// The first moment at which clocks show a time; if they skip it, the moment of the skip.
    ///
    /// - Parameter local: What clocks show, in seconds since they showed 1970.
    /// - Returns: The moment, in seconds since 1970.
    package func instant(of local: Int64) -> Int64 {
        // No zone is further from UTC than a day, nor skips more than one.
        let (early, late) = (local - Self.reach, local + Self.reach)
        let offsets = Set([offset(at: early), offset(at: local), offset(at: late)])
        let moments = offsets.map { local - $0 }.filter { $0 + offset(at: $0) == local }
        if let first = moments.min() { return first }
        // Before the gap clocks show less than the time, and more from its end on.
        var (before, after) = (early, late)
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if middle + offset(at: middle) < local { before = middle } else { after = middle }
        }
        return after
    }

    /// The first moment after another at which clocks show a time, or skip it.
    ///
    /// - Parameters:
    ///   - local: What clocks show, in seconds since they showed 1970.
    ///   - second: The other moment, in seconds since 1970.
    /// - Returns: The moment; `nil` where that time has passed.
    package func moment(showing local: Int64, after second: Int64) -> Int64? {
        let near = [local - Self.reach, local, local + Self.reach, second]
        let moments = Set(near.map { local - offset(at: $0) }).filter {
            $0 > second && $0 + offset(at: $0) == local
        }
        if let first = moments.min() { return first }
        let first = instant(of: local)
        return first > second ? first : nil
    }

    /// The first moment at which clocks are put forward or back within a time; `nil` for none.
    ///
    /// - Parameters:
    ///   - start: The moment after which to look, in seconds since 1970.
    ///   - end: The last moment to look at; at most some hours later, as one change is found.
    /// - Returns: The first moment that has the other offset.
    package func change(after start: Int64, through end: Int64) -> Int64? {
        let offset = offset(at: start)
        guard start < end, self.offset(at: end) != offset else { return nil }
        var (before, after) = (start, end)
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if self.offset(at: middle) == offset { before = middle } else { after = middle }
        }
        return after
    }

    /// The least time on the wall that clocks have not shown before a moment.
    ///
    /// Where clocks were put back shortly before, that is more than they show at the moment: what
    /// they show for the second time counts as the first. Where they are put forward at the
    /// moment, it is less: what they skip counts as the moment.
    ///
    /// - Parameter second: The moment, in seconds since 1970.
    /// - Returns: What clocks show, in seconds since they showed 1970.
    package func unseen(at second: Int64) -> Int64 {
        let local = second + offset(at: second - 1)
        guard let change = change(after: second - 86_400, through: second) else { return local }
        return max(local, change + offset(at: change - 1))
    }

    /// Two days, in seconds.
    private static let reach: Int64 = 172_800
    private static let universal: Set<String> = ["UTC", "GMT", "Etc/UTC", "Etc/GMT"]

    /// Whether a name looks like `Region/City`, as those that have a newer name do as well.
    private static func isRegion(_ name: String) -> Bool {
        name.contains("/")
            && name.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || "0123456789/_-+".unicodeScalars.contains($0))
            }
    }

    /// Whether a name looks like those without a region, such as `CET`, `EST5EDT` or `GB-Eire`:
    /// what has a sign before a digit is read either way, and `Factory` is no zone.
    private static func isPlain(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x41...0x5A).contains(first), name != "Factory" else {
            return false
        }
        var isAfterSign = false
        for byte in name.utf8 {
            let isDigit = (0x30...0x39).contains(byte)
            let isLetter = (0x41...0x5A).contains(byte & 0xDF) && byte >= 0x41
            guard isDigit || isLetter || byte == 0x2D, !(isAfterSign && isDigit) else {
                return false
            }
            isAfterSign = byte == 0x2D
        }
        return true
    }

    private static func fault(of name: String) -> String {
        let shown = name.map { $0.isNewline ? " " : String($0) }.joined().cut(to: 41)
        let names = ZoneDatabase.regions + universal
        let byCity =
            name.contains("/") || name.count > 60
            ? nil : names.first { $0.lowercased().hasSuffix("/" + name.lowercased()) }
        let byCase = names.first { $0.lowercased() == name.lowercased() }
        let nearest = byCase ?? byCity ?? (name.count > 60 ? nil : NearestName(names).to(name))
        let question = nearest.map { "; did you mean '\($0)'?" } ?? ""
        return "'\(shown)' is not a time zone\(question); "
            + "give an IANA name such as Europe/Berlin or UTC"
    }
}
