package import FoundationEssentials

extension HumanText {
    /// How long ago something was, such as `3 min`.
    package static func age(since time: Date, at now: Date) -> String {
        let words = relative(min(time, now), to: now)
        return words.hasSuffix(" ago") ? String(words.dropLast(4)) : "0 s"
    }

    /// A time that is known as a range, such as `3-5 min`, or `now`.
    package static func range(_ shortest: Double, _ longest: Double) -> String {
        func words(_ seconds: Double) -> String {
            let start = Date(timeIntervalSince1970: 0)
            let words = relative(start.addingTimeInterval(max(0, seconds)), to: start)
            return words == "now" ? "0 s" : String(words.dropFirst(3))
        }
        let (low, high) = (words(shortest), words(longest))
        if low == high { return low }
        let (from, to) = (low.split(separator: " "), high.split(separator: " "))
        return from.count == 2 && to.count == 2 && from[1] == to[1]
            ? "\(from[0])-\(to[0]) \(to[1])" : "\(low) - \(high)"
    }
}
