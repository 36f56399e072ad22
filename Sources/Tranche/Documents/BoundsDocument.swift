/// The ids that a run may use; an end that is open is `null`.
package struct BoundsDocument: Codable, Sendable, Hashable {
    package let from: Int64?
    package let to: Int64?

    /// Makes the document of bounds.
    package init(_ bounds: IDBounds) {
        from = bounds.lower
        to = bounds.upper
    }
}
