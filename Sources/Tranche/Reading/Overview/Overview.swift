package import FoundationEssentials

/// All runs at once: whether all is well, and how much waits.
package struct Overview: Sendable {
    /// The runs, those that need somebody first.
    package let runs: [RunStatus]
    /// How many items wait: behind the cursors, and given back or to be tried again.
    package let waitingItems: Int
    /// Whether all that waits was looked at.
    package let isExact: Bool
    /// How many runs' sources could not be looked at, so that nobody knows what waits in them.
    package let unseen: Int
    /// Since when the oldest of it waits, as far as is known.
    package let oldestAt: Date?
    /// Batches that somebody holds.
    package let inFlight: Int
    /// Attempts that failed or lapsed in the last hour.
    package let failedLastHour: Int
    /// Whether there were more failures than are counted.
    package var isFailuresCut: Bool { failedLastHour >= RunSummary.Activity.mostFailures }

    /// Puts runs in order and adds them up.
    package init(_ runs: [RunStatus]) {
        // States and keys once each, not once a comparison.
        let places = runs.indices.map { place in
            let key = runs[place].run.key
            return (
                rank: runs[place].state.rank, place: place,
                names: [key.job, key.metaTable, key.run].map { NaturalOrder.Key($0) }
            )
        }
        self.runs = places.sorted { one, other in
            if one.rank != other.rank { return one.rank < other.rank }
            for (mine, theirs) in zip(one.names, other.names) where mine != theirs {
                return mine < theirs
            }
            return one.place < other.place
        }.map { runs[$0.place] }
        waitingItems = runs.reduce(0) { $0.addingClamped($1.waitingItems) }
        unseen = runs.count {
            $0.backlog == nil && $0.run.definition != nil && !$0.run.isFormer
        }
        isExact = unseen == 0 && runs.allSatisfy { $0.backlog?.isExact ?? true }
        oldestAt = runs.compactMap(\.oldestAt).min()
        inFlight = runs.reduce(0) { $0 + $1.held.batches }
        failedLastHour = runs.reduce(0) { $0 + $1.summary.lastHour.failures }
    }
}

/// The order in which people count: `job2` before `job10`.
package enum NaturalOrder {
    /// Whether a text comes before another.
    package static func isBefore(_ one: String, _ other: String) -> Bool { Key(one) < Key(other) }

    /// A text that is compared often: digits in a row are one number, and case comes last.
    package struct Key: Comparable, Sendable {
        private let parts: [Part]
        private let text: String

        /// A run of digits, without zeros in front, or of what are none.
        private struct Part: Comparable {
            var isNumber: Bool
            var text: String

            static func < (one: Part, other: Part) -> Bool {
                guard one.isNumber, other.isNumber else { return one.text < other.text }
                let (length, otherLength) = (one.text.utf8.count, other.text.utf8.count)
                return length == otherLength ? one.text < other.text : length < otherLength
            }
        }

        /// Takes a text apart.
        package init(_ text: String) {
            self.text = text
            var parts: [Part] = []
            var rest = Substring(text)
            while let first = rest.first {
                let isNumber = Self.isDigit(first)
                let part = rest.prefix { Self.isDigit($0) == isNumber }
                rest = rest[part.endIndex...]
                let kept = isNumber ? String(part.drop { $0 == "0" }) : part.lowercased()
                parts.append(Part(isNumber: isNumber, text: kept))
            }
            self.parts = parts
        }

        private static func isDigit(_ character: Character) -> Bool {
            character.isASCII && character.isNumber
        }

        /// Whether a text comes before another.
        package static func < (one: Key, other: Key) -> Bool {
            for (mine, theirs) in zip(one.parts, other.parts) where mine != theirs {
                return mine < theirs
            }
            if one.parts.count != other.parts.count { return one.parts.count < other.parts.count }
            return one.text < other.text
        }
    }
}
