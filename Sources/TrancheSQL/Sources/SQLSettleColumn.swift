/// The words for a value of a settle column that is no point in time.
enum SQLSettleColumn {
    /// Newest entries that are looked at for whether their ages can be known.
    static let newest = 100

    /// What a value is instead.
    ///
    /// - Parameters:
    ///   - value: The value as text; `nil` for NULL.
    ///   - type: Its type's name in the database.
    ///   - column: The column.
    /// - Returns: What follows "has".
    static func fault(_ value: String?, ofType type: String, in column: String) -> String {
        guard let value else { return "NULL in the settle column '\(column)'" }
        if type == "blob" { return "bytes in the settle column '\(column)', which are no time" }
        let shown = value.count > 80 ? value.prefix(80) + "…" : value[...]
        return "'\(shown)' in the settle column '\(column)', \(kind(of: value, type))"
    }

    private static func kind(of value: String, _ type: String) -> String {
        guard let number = Double(value), type == "integer" || type == "real" else {
            return "which is not a time, or one that lies ahead"
        }
        return switch number.magnitude {
        case 2_400_000..<2_600_000:
            "which looks like a Julian day (strftime('%s', at) makes seconds of it)"
        case 1e11..<1e14:
            "which looks like milliseconds since 1970 (at / 1000.0 makes seconds of them)"
        case 1e14..<1e17:
            "which looks like microseconds since 1970 (at / 1000000.0 makes seconds of them)"
        case 1e17...:
            "which looks like nanoseconds since 1970 (at / 1000000000.0 makes seconds of them)"
        default: "which is not a number of seconds since 1970, from 1980 on until now"
        }
    }
}
