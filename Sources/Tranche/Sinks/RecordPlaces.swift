/// The places of a batch's records among those that were made of one item, in whatever order they
/// come.
package struct RecordPlaces: Sendable {
    /// The items that were the highest so far when a record of theirs came.
    private var items = IDRuns()
    /// How many records there were of other items, and of those with several.
    private var counts: [Int64: Int] = [:]

    package init() {}

    /// The place of the next record of an item, from 0.
    package mutating func next(of item: Int64) -> Int {
        if items.last.map({ item > $0 }) ?? true {
            items.append(item)
            return 0
        }
        let place = counts[item] ?? (items.contains(item) ? 1 : 0)
        counts[item] = place + 1
        return place
    }
}
