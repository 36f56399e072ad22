/// How values are read before they meet a schema.
struct RecordReading: Sendable, Hashable {
    /// Whether all records have the same fields, as those of a table: a field without a value is as
    /// good as absent.
    var isTabular: Bool
    /// Whether texts become what the schema's types say, and null stands for no value.
    var convertsTexts: Bool
}
