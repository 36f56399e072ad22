import Tranche

/// How records are spelt in a file.
protocol RecordFileFormat: Sendable {
    /// The suffix of a file's name.
    var suffix: String { get }

    /// Appends a record.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - places: For each field of the file's header, where the record has it; `nil` where both
    ///     are alike, or the format has no header.
    ///   - bytes: Where to append.
    func append(_ record: Record, at places: [Int?]?, to bytes: inout [UInt8])
}
