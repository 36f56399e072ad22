/// A set of ids: how many, and which, such as `1-4,6`.
package struct IDsDocument: Codable, Sendable, Hashable {
    package let count: Int
    package let ids: String

    init(_ ids: IDRuns) {
        count = ids.count
        self.ids = ids.packed
    }
}
