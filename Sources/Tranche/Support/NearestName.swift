/// Finds what somebody may have meant.
package struct NearestName {
    private let names: [String]

    /// Takes the names that there are.
    package init(_ names: [String]) {
        self.names = names
    }

    /// The name that the fewest edits lead to; `nil` when all are far away.
    package func to(_ asked: String) -> String? {
        let ranked = names.map { (name: $0, edits: Self.edits(from: asked, to: $0)) }
        guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        return best.edits <= max(1, best.name.count / 3) ? best.name : nil
    }

    /// Insertions, deletions and replacements between two names.
    package static func edits(from first: String, to second: String) -> Int {
        let second = Array(second)
        var row = Array(0...second.count)
        for (index, character) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[second.count]
    }
}
