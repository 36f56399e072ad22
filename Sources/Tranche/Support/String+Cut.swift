extension String {
    /// The text as far as it fits, with a mark where something was left out.
    ///
    /// - Parameter count: Most characters, the mark among them; above 0.
    /// - Returns: The text, or its beginning with the mark.
    package func cut(to count: Int) -> String {
        guard let end = index(startIndex, offsetBy: count, limitedBy: endIndex), end < endIndex
        else { return self }
        return self[..<index(before: end)] + "…"
    }
}
