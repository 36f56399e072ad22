/// Which columns of an item's row a program is given beside the item.
package enum RowColumns: Sendable, Hashable {
    /// All that the source has.
    case all
    /// Those of these names, in this order; one that a record does not have is null.
    case named([String])

    /// Finds out whether a source has the columns.
    ///
    /// - Parameter source: The open source.
    /// - Returns: The source, which reads no other columns where it can.
    /// - Throws: ``TrancheError`` `.invalidSource` where it has no such column, or none at all.
    package func limiting(_ source: any MetaSource) throws -> any RecordMetaSource {
        let table = source.definition.table
        guard let source = source as? any RecordMetaSource else {
            throw TrancheError(
                .invalidSource,
                "the items of '\(table)' have no columns: each is given whole; leave --columns out",
                field: ["columns"]
            )
        }
        guard case .named(let names) = self else { return source }
        guard let fields = source.fields else { return source }
        for name in names where fields.place(of: name) == nil {
            let known = fields.names.map { "'\($0)'" }.joined(separator: ", ")
            throw TrancheError(
                .invalidSource,
                "'\(table)' has no column '\(name)' for --columns; it has \(known)",
                field: ["columns"]
            )
        }
        return source.limited(to: names)
    }

    /// The names of the columns that a record is shown with.
    package func names(of record: Record) -> [String] {
        switch self {
        case .all: record.fields.names
        case .named(let names): names
        }
    }
}
