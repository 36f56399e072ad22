/// Packs batches into bytes and back.
///
/// A contiguous batch with dense ids takes about ten bytes. The bytes are a version, the number of
/// batches, the batches, and a checksum of four bytes. Each batch is a byte of flags, set where a
/// field is as expected from the batch before, and then what the flags do not say; numbers are
/// differences in seven-bit groups. Where any batch has an interval, the version is 2, and the
/// intervals of all follow the batches.
package enum ArchiveCodec: Sendable {
    /// Most runs of ids that the batches of one packing may have together.
    package static let mostRuns = 1 << 20

    static let version: UInt8 = 1
    /// The version of bytes with intervals; those without can be read by programs that know none.
    static let versionWithIntervals: UInt8 = 2
    private static let checksumWidth = 4
    /// Flags, end, weight and end time take a byte each at least.
    private static let leastBytes = 4

    /// Packs batches.
    ///
    /// - Parameter batches: The batches, ascending by number, each once; together they have at most
    ///   ``mostRuns`` runs of ids.
    /// - Returns: The bytes.
    package static func pack(_ batches: [ArchivedBatch]) -> [UInt8] {
        var writer = PackedWriter()
        let hasIntervals = batches.contains { $0.interval != nil }
        writer.append(byte: hasIntervals ? versionWithIntervals : version)
        writer.append(UInt64(batches.count))
        var before = Expectation()
        for batch in batches {
            write(batch, after: before, to: &writer)
            before.take(batch)
        }
        if hasIntervals { writeIntervals(of: batches, to: &writer) }
        writer.append(UInt64(checksum(of: writer.bytes[...])), width: checksumWidth)
        return writer.bytes
    }

    /// Unpacks batches.
    ///
    /// - Parameters:
    ///   - bytes: What ``pack(_:)`` gave.
    ///   - row: The number of the archive's row that holds them, for messages.
    /// - Returns: The batches, ascending by number.
    /// - Throws: ``TrancheError`` `.storeFailed` (permanent) for bytes that are not what was
    ///   packed.
    package static func unpack(_ bytes: [UInt8], row: Int64) throws -> [ArchivedBatch] {
        do {
            return try unpacked(bytes)
        } catch {
            throw TrancheError(
                .storeFailed,
                "row \(row) of the inventory's archive cannot be read: \(error.reason); restore this "
                    + "row from a backup"
            )
        }
    }

    /// 32-bit FNV-1a: it guards against accidents, not malice.
    package static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
        var hash: UInt32 = 0x811c_9dc5
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return hash
    }

    private static func unpacked(_ bytes: [UInt8]) throws(PackedBytesError) -> [ArchivedBatch] {
        guard let first = bytes.first, bytes.count > checksumWidth else {
            throw PackedBytesError("it is empty")
        }
        guard first == version || first == versionWithIntervals else {
            throw PackedBytesError("its format \(first) is unknown to this program")
        }
        let payload = bytes.dropLast(checksumWidth)
        var end = PackedReader(bytes.suffix(checksumWidth))
        guard try end.number(width: checksumWidth) == UInt64(checksum(of: payload)) else {
            throw PackedBytesError("its checksum is wrong")
        }
        var reader = PackedReader(payload.dropFirst())
        let count = try reader.int()
        guard count <= reader.left / leastBytes else {
            throw PackedBytesError("it is too short for \(count) batches")
        }
        var batches: [ArchivedBatch] = []
        batches.reserveCapacity(count)
        var before = Expectation()
        var runs = 0
        for index in 0..<count {
            let batch = try batch(after: before, from: &reader, runs: &runs)
            guard index == 0 || batch.id > before.id else {
                throw PackedBytesError("its batches do not ascend")
            }
            batches.append(batch)
            before.take(batch)
        }
        if first == versionWithIntervals { try readIntervals(of: &batches, from: &reader) }
        guard reader.left == 0 else { throw PackedBytesError("there are bytes behind its end") }
        return batches
    }
}

/// What the next batch is measured from.
private struct Expectation {
    var id: Int64 = 0
    var kind = BatchKind.incremental
    var end: Int64 = 0
    /// Where the last tile ends; batches without one may stand between tiles.
    var tileEnd: Int64 = 0
    var completion: Int64?
    var ended: Int64 = 0

    var nextCompletion: Int64? { completion.map { $0 &+ 1 } }

    mutating func take(_ batch: ArchivedBatch) {
        id = batch.id
        kind = batch.kind
        end = batch.idEnd
        if batch.isTile { tileEnd = batch.idEnd }
        completion = batch.completion
        ended = batch.endedMilliseconds
    }
}

/// Which fields are as expected, and so are left out; all eight bits are in use.
private struct Flags: OptionSet {
    let rawValue: UInt8

    /// The number follows the one before.
    static let followsID = Flags(rawValue: 1)
    /// The tile follows the one before, and its first id was handed out.
    static let followsTile = Flags(rawValue: 2)
    /// Every id of the range was handed out, and none is listed.
    static let isDense = Flags(rawValue: 4)
    /// The weight is a whole number.
    static let isWhole = Flags(rawValue: 8)
    /// The completion follows the one before, or there is none as there.
    static let followsCompletion = Flags(rawValue: 16)
    static let isFirstAttempt = Flags(rawValue: 32)
    static let isSameKind = Flags(rawValue: 64)
    static let isAdopted = Flags(rawValue: 128)
}

// MARK: - Batches

extension ArchiveCodec {
    private static func flags(_ batch: ArchivedBatch, after before: Expectation) -> Flags {
        var flags: Flags = []
        if batch.id == before.id &+ 1 { flags.insert(.followsID) }
        if batch.coverStart == before.tileEnd, batch.idStart == before.tileEnd &+ 1 {
            flags.insert(.followsTile)
        }
        if batch.itemIDs == nil, batch.idEnd &- batch.idStart == Int64(batch.count) &- 1 {
            flags.insert(.isDense)
        }
        if whole(batch.weight) != nil { flags.insert(.isWhole) }
        if batch.completion == before.nextCompletion { flags.insert(.followsCompletion) }
        if batch.attempt == 1 { flags.insert(.isFirstAttempt) }
        if batch.kind == before.kind { flags.insert(.isSameKind) }
        if batch.isAdopted { flags.insert(.isAdopted) }
        return flags
    }

    /// The weight as a whole number, where it is one and nothing is lost.
    private static func whole(_ weight: Double?) -> UInt64? {
        guard let weight, weight.sign == .plus, weight < 0x1p53 else { return nil }
        return UInt64(exactly: weight)
    }

    private static func write(
        _ batch: ArchivedBatch,
        after before: Expectation,
        to writer: inout PackedWriter
    ) {
        let flags = flags(batch, after: before)
        writer.append(byte: flags.rawValue)
        if !flags.contains(.followsID) { writer.append(batch.id, from: before.id) }
        if !flags.contains(.isSameKind) { writer.append(byte: number(of: batch.kind)) }
        if !flags.contains(.isFirstAttempt) { writer.append(UInt64(batch.attempt)) }
        if !flags.contains(.followsTile) { writePlace(batch, after: before, to: &writer) }
        writer.append(batch.idEnd, from: batch.idStart)
        if !flags.contains(.isDense) { writeIDs(batch, to: &writer) }
        if let whole = whole(batch.weight) {
            writer.append(whole)
        } else {
            writer.append(byte: batch.weight == nil ? 0 : 1)
            if let weight = batch.weight { writer.append(weight.bitPattern, width: 8) }
        }
        if !flags.contains(.followsCompletion) {
            writer.append(byte: batch.completion == nil ? 0 : 1)
            if let completion = batch.completion {
                writer.append(completion, from: before.nextCompletion ?? 0)
            }
        }
        writer.append(batch.endedMilliseconds, from: before.ended)
    }

    private static func writePlace(
        _ batch: ArchivedBatch,
        after before: Expectation,
        to writer: inout PackedWriter
    ) {
        writer.append(byte: batch.coverStart == nil ? 0 : 1)
        if let coverStart = batch.coverStart { writer.append(coverStart, from: before.tileEnd) }
        writer.append(batch.idStart, from: batch.coverStart ?? before.end)
    }

    private static func batch(
        after before: Expectation,
        from reader: inout PackedReader,
        runs: inout Int
    ) throws(PackedBytesError) -> ArchivedBatch {
        let flags = Flags(rawValue: try reader.byte())
        let id =
            flags.contains(.followsID) ? before.id &+ 1 : try reader.number(from: before.id)
        let kind = flags.contains(.isSameKind) ? before.kind : try kind(try reader.byte())
        let attempt = flags.contains(.isFirstAttempt) ? 1 : try reader.int()
        guard attempt >= 1 else { throw PackedBytesError("batch \(id) has no attempt") }
        var coverStart: Int64? = before.tileEnd
        var idStart = before.tileEnd &+ 1
        if !flags.contains(.followsTile) {
            coverStart = try isThere(&reader) ? try reader.number(from: before.tileEnd) : nil
            idStart = try reader.number(from: coverStart ?? before.end)
        }
        let idEnd = try reader.number(from: idStart)
        let (span, overflow) = idEnd.subtractingReportingOverflow(idStart)
        guard !overflow, span >= 0, span < .max else {
            throw PackedBytesError("the ids of batch \(id) are not a range")
        }
        var ids: (count: Int, itemIDs: IDRuns?) = (Int(span) + 1, nil)
        if !flags.contains(.isDense) { ids = try readIDs(from: idStart, &reader, runs: &runs) }
        let weight: Double? =
            if flags.contains(.isWhole) {
                Double(try reader.number())
            } else if try isThere(&reader) {
                Double(bitPattern: try reader.number(width: 8))
            } else {
                nil
            }
        var completion = before.nextCompletion
        if !flags.contains(.followsCompletion) {
            completion = try isThere(&reader) ? try reader.number(from: completion ?? 0) : nil
        }
        return ArchivedBatch(
            id: id,
            kind: kind,
            attempt: attempt,
            idStart: idStart,
            idEnd: idEnd,
            coverStart: coverStart,
            itemIDs: ids.itemIDs,
            count: ids.count,
            weight: weight,
            completion: completion,
            endedMilliseconds: try reader.number(from: before.ended),
            isAdopted: flags.contains(.isAdopted)
        )
    }

    private static func isThere(_ reader: inout PackedReader) throws(PackedBytesError) -> Bool {
        let byte = try reader.byte()
        guard byte <= 1 else { throw PackedBytesError("a mark is neither 0 nor 1") }
        return byte == 1
    }

    // The numbers are kept: new kinds go behind these.
    private static func number(of kind: BatchKind) -> UInt8 {
        switch kind {
        case .incremental: 0
        case .backfill: 1
        case .late: 2
        case .split: 3
        case .redrive: 4
        }
    }

    private static func kind(_ number: UInt8) throws(PackedBytesError) -> BatchKind {
        guard let kind = BatchKind.allCases.first(where: { Self.number(of: $0) == number }) else {
            throw PackedBytesError("a batch is of the unknown kind \(number)")
        }
        return kind
    }
}
