/// What the indexes of a source's table say of its column of ids, where none says that no id stands
/// twice.
package struct SourceIndex: Sendable, Hashable {
    /// Whether one begins with the column, so that ids are found without reading all rows.
    package var isThere: Bool
    /// What mends it.
    package var remedy: Remedy

    /// A statement that makes an index.
    package struct Remedy: Sendable, Hashable {
        /// The statement, its names quoted as the database reads them.
        package var statement: String
        /// Whether the index is one of which no id stands twice.
        package var isUnique: Bool

        package init(_ statement: String, isUnique: Bool) {
            self.statement = statement
            self.isUnique = isUnique
        }
    }

    package init(isThere: Bool, remedy: Remedy) {
        self.isThere = isThere
        self.remedy = remedy
    }
}
