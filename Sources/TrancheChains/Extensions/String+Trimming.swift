extension StringProtocol {
    /// The text without what meets a condition at its end.
    func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return String(self[startIndex..<end])
    }

    /// The text without what meets a condition at its beginning and end.
    func trimming(while predicate: (Character) -> Bool) -> String {
        drop(while: predicate).trimmingSuffix(while: predicate)
    }
}
