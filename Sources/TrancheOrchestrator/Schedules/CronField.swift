import Tranche

/// One field of a schedule: the numbers that it names.
struct CronField: Sendable, Hashable {
    /// Whether it begins with a star, which restricts nothing in cron(8)'s sense.
    let hasStar: Bool
    /// A bit for each number.
    private var bits: UInt64 = 0

    /// Reads a field.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ text: String, _ role: Role) throws {
        hasStar = text.hasPrefix("*")
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            for number in try Self.numbers(part, role, in: text) {
                // Sunday has two numbers.
                bits |= 1 << UInt64(role.isWeekday && number == 7 ? 0 : number)
            }
        }
    }

    func contains(_ number: Int) -> Bool {
        (0..<64).contains(number) && bits & (1 << UInt64(number)) != 0
    }

    /// The first number that is not below another.
    func first(from start: Int) -> Int? {
        guard (0..<64).contains(start) else { return nil }
        let rest = bits >> UInt64(start)
        return rest == 0 ? nil : start + rest.trailingZeroBitCount
    }

    /// What a field counts.
    struct Role {
        let name: String
        let bounds: ClosedRange<Int>
        let names: [String]
        let firstName: Int

        static let minute = Role(name: "minute", bounds: 0...59, names: [], firstName: 0)
        static let hour = Role(name: "hour", bounds: 0...23, names: [], firstName: 0)
        static let day = Role(name: "day of the month", bounds: 1...31, names: [], firstName: 0)
        static let month = Role(
            name: "month",
            bounds: 1...12,
            names: [
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ],
            firstName: 1
        )
        static let weekday = Role(
            name: "day of the week",
            bounds: 0...7,
            names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
            firstName: 0
        )

        var isWeekday: Bool { bounds.upperBound == 7 }

        /// The values that the field takes, in words.
        var allowed: String {
            let words = names.isEmpty ? "" : " or \(names[0]) to \(names[names.count - 1])"
            return "\(bounds.lowerBound) to \(bounds.upperBound)\(words), *, ranges such as "
                + "\(bounds.lowerBound + 1)-\(bounds.lowerBound + 4), steps such as */2, and "
                + "lists with commas"
        }

        /// The number that a text is.
        func number(_ text: Substring) -> Int? {
            if let index = names.firstIndex(of: text.lowercased()) { return firstName + index }
            guard (1...2).contains(text.utf8.count),
                text.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(text), bounds.contains(number)
            else { return nil }
            return number
        }
    }

    private static func numbers(
        _ part: Substring,
        _ role: Role,
        in text: String
    ) throws -> StrideThrough<Int> {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { throw fault(part, role, in: text) }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        var (first, last) = (role.bounds.lowerBound, role.bounds.upperBound)
        // A star is a week once, without the second Sunday, so that steps count as in cron(8).
        if role.isWeekday { last = 6 }
        if halves[0] != "*" {
            guard ends.count <= 2, let start = role.number(ends[0]) else {
                throw fault(part, role, in: text)
            }
            first = start
            if ends.count == 2 {
                guard let end = role.number(ends[1]) else { throw fault(part, role, in: text) }
                // `sat-sun` ends with the Sunday after.
                last = role.isWeekday && end == 0 && start > 0 ? 7 : end
            } else if halves.count == 1 || first > last {
                last = first
            }
        }
        guard first <= last else {
            throw fault(part, role, in: text, "the range ends before it begins; ")
        }
        guard halves.count == 2 else { return stride(from: first, through: last, by: 1) }
        let step = Int(halves[1]) ?? 0
        guard halves[1].utf8.allSatisfy({ (48...57).contains($0) }),
            (1...role.bounds.upperBound).contains(step)
        else {
            throw fault(part, role, in: text, "a step is 1 to \(role.bounds.upperBound); ")
        }
        return stride(from: first, through: last, by: step)
    }

    private static func fault(
        _ part: Substring,
        _ role: Role,
        in text: String,
        _ reason: String = ""
    ) -> TrancheError {
        let shown = YAMLScalar(text: String(part), isPlain: false).shownText
        return TrancheError(
            .invalidArgument,
            "'\(shown)' cannot be the \(role.name) of a schedule; \(reason)give \(role.allowed)"
        )
    }
}
