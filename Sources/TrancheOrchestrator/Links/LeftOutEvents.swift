import Tranche

/// The events of a batch on which the process does not run.
struct LeftOutEvents: Sendable {
    /// How many are of no operation of the link.
    var others = 0
    /// The numbers of those that are superseded, ascending, each with that of the last event about
    /// the same.
    var superseded: [(number: Int64, by: Int64)] = []

    /// Why they are left out, such as `event 3 is superseded by event 7`.
    ///
    /// - Parameter isAll: Whether the batch has no others.
    /// - Returns: The words.
    func words(ofAll isAll: Bool) -> String {
        let supersededWords = superseded.last.map { last in
            guard superseded.count > 1 else {
                return "event \(last.number) is superseded by event \(last.by)"
            }
            let subject = self.subject(superseded.count, isAll && others == 0)
            return "\(subject) are superseded by later ones, the last by event \(last.by)"
        }
        var otherWords: String?
        if others > 0 {
            let verb = others == 1 ? "is" : "are"
            let subject = self.subject(others, isAll && superseded.isEmpty)
            otherWords = "\(subject) \(verb) of no operation of the link"
        }
        return [supersededWords, otherWords].compactMap { $0 }.joined(separator: "; ")
    }

    private func subject(_ count: Int, _ isAll: Bool) -> String {
        if isAll, count == 1 { return "the event" }
        return (isAll ? "all " : "") + HumanText.count(count, "event")
    }
}
