/// Finds where the records of some content end, without looking at their fields.
///
/// A scanner sees the same records as the parser of its format.
protocol RecordScanning: Sendable {
    /// The offset at which what is under way began.
    var lineStart: Int64 { get }
    /// The records that have ended.
    var count: Int { get }
    /// The offset of the first record that has ended; of use only when there is one.
    var firstStart: Int64 { get }
    /// The offset of the last record that has ended; of use only when there is one.
    var lastStart: Int64 { get }
    /// The offset behind the last record and what belongs to it: that from which to go on.
    var end: Int64 { get }
    /// The offset behind the text of the last record that has ended, line end included.
    var textEnd: Int64 { get }
    /// Whether what belongs to the last record, such as empty lines, goes beyond the limit: the
    /// records up to the one before it are to be scanned again.
    var isOverfull: Bool { get }
    /// What makes it impossible to go on behind the last record that has ended, in words that
    /// follow the content's name; `nil` while nothing does. It is found again by whoever scans from
    /// the last record on.
    var fault: String? { get }
    /// What may keep the record under way from ending, in words that follow its offset.
    var suspicion: String { get }

    /// Scans the next bytes.
    ///
    /// It stops before a record that would end behind `limit` with what belongs to it, unless that
    /// is the first one, and after `most` records and what belongs to the last.
    ///
    /// - Parameters:
    ///   - bytes: The bytes that follow.
    ///   - limit: The offset behind which no record but the first may end.
    ///   - most: The most records.
    /// - Returns: Whether it is done; otherwise more bytes are wanted.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int64, most: Int) -> Bool

    /// Notes that there are no more bytes: what has begun ends here.
    ///
    /// - Parameters:
    ///   - limit: As for ``scan(_:limit:most:)``.
    ///   - most: Likewise.
    mutating func finish(limit: Int64, most: Int)

    /// Takes over the records that another scanner found behind the last one.
    mutating func take(_ next: any RecordScanning)

    /// Where what follows a record and belongs to it ends, such as empty lines.
    ///
    /// - Parameters:
    ///   - bytes: Some bytes.
    ///   - start: The place behind a record.
    /// - Returns: The place behind what belongs to it.
    func endOfGap(_ bytes: [UInt8], from start: Int) -> Int
}

extension RecordScanning {
    var isOverfull: Bool { false }
}
