import CZlib

/// Inflates a member with zlib.
///
/// A restart point lies where a block ends: the bits of a byte that were not used, and what was
/// inflated last. From there on it is zlib's to inflate only, so the checksum is reckoned here.
///
/// Source: zlib 1.2.13, examples/zran.c.
final class ZlibInflater: MemberInflater {
    private static let window = 1 << 15

    private var stream = z_stream()
    /// Whether a stream is open.
    private var isOpen = false
    /// The checksum and size so far, where they are reckoned here.
    private var check: (crc: UInt, size: UInt32)?
    /// What came of the trailer, where it is read here.
    private var trailer: [UInt8]?
    private var size: UInt32 = 0
    /// The last byte that was taken.
    private var lastByte: UInt8 = 0
    private var isAtBlock = false

    /// Begins a member.
    init() throws(DecodingFault) {
        try begin()
    }

    /// Goes on in the midst of one.
    init(from state: [UInt8]) throws(DecodingFault) {
        guard state.count > 10 else { throw Self.unusable }
        let bits = Int32(state[0])
        let crc = state[2..<6].reversed().reduce(UInt(0)) { $0 << 8 | UInt($1) }
        size = state[6..<10].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        check = (crc, size)
        guard tranche_begin_inflate(&stream, -15) == Z_OK else { throw Self.noMemory }
        isOpen = true
        if bits > 0 {
            let value = Int32(state[1]) >> (8 - bits)
            guard bits < 8, inflatePrime(&stream, bits, value) == Z_OK else { throw Self.unusable }
        }
        let result = state[10...].withUnsafeBufferPointer {
            inflateSetDictionary(&stream, $0.baseAddress, UInt32($0.count))
        }
        guard result == Z_OK else { throw Self.unusable }
    }

    deinit {
        if isOpen { inflateEnd(&stream) }
    }

    private static var unusable: DecodingFault {
        DecodingFault(reason: "a restart point cannot be used", isOfMachine: true)
    }

    private static var noMemory: DecodingFault {
        DecodingFault(reason: "there is no memory to read it", isOfMachine: true)
    }

    func begin() throws(DecodingFault) {
        // 31: a gzip header with the largest window.
        let result = isOpen ? inflateReset2(&stream, 31) : tranche_begin_inflate(&stream, 31)
        guard result == Z_OK else { throw Self.noMemory }
        isOpen = true
        check = nil
        trailer = nil
        size = 0
        isAtBlock = false
    }

    func inflate(
        _ input: UnsafeBufferPointer<UInt8>,
        _ output: UnsafeMutableBufferPointer<UInt8>,
        stopsAtBlocks: Bool
    ) throws(DecodingFault) -> (step: DecodingStep, isOver: Bool) {
        if trailer != nil { return try readTrailer(input) }
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        let status = CZlib.inflate(&stream, stopsAtBlocks ? Z_BLOCK : Z_NO_FLUSH)
        let step = DecodingStep(
            taken: input.count - Int(stream.avail_in),
            given: output.count - Int(stream.avail_out)
        )
        if step.taken > 0 { lastByte = input[step.taken - 1] }
        size &+= UInt32(truncatingIfNeeded: step.given)
        if let known = check {
            let crc = crc32_z(known.crc, output.baseAddress, step.given)
            check = (step.given > 0 ? crc : known.crc, size)
        }
        // Behind a block that is not the last, and not behind the header, where there is no window.
        isAtBlock = stream.data_type & 128 != 0 && stream.data_type & 64 == 0 && size > 0
        switch status {
        case Z_OK, Z_BUF_ERROR: return (step, false)
        case Z_STREAM_END:
            isAtBlock = false
            guard check != nil else { return (step, true) }
            trailer = []
            let rest = UnsafeBufferPointer(rebasing: input[step.taken...])
            let (more, isOver) = try readTrailer(rest)
            return (DecodingStep(taken: step.taken + more.taken, given: step.given), isOver)
        default:
            let reason = stream.msg.map { String(cString: $0) } ?? "error \(status)"
            throw DecodingFault(reason: reason)
        }
    }

    /// Reads the checksum and the size.
    private func readTrailer(
        _ input: UnsafeBufferPointer<UInt8>
    ) throws(DecodingFault) -> (step: DecodingStep, isOver: Bool) {
        var found = trailer ?? []
        let more = input.prefix(8 - found.count)
        found += more
        trailer = found
        let step = DecodingStep(taken: more.count, given: 0)
        guard found.count == 8, let check else { return (step, false) }
        let crc = found[..<4].reversed().reduce(UInt(0)) { $0 << 8 | UInt($1) }
        let length = found[4...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard crc == check.crc else { throw DecodingFault(reason: "its checksum is wrong") }
        guard length == check.size else { throw DecodingFault(reason: "its length is wrong") }
        return (step, true)
    }

    func restartState() -> [UInt8]? {
        guard isAtBlock else { return nil }
        let bits = UInt8(stream.data_type & 7)
        // While zlib reads the gzip trailer itself, it keeps the checksum so far here.
        let crc = check?.crc ?? stream.adler
        var state: [UInt8] = [bits, lastByte]
        for shift in stride(from: UInt(0), to: 32, by: 8) {
            state.append(UInt8(truncatingIfNeeded: crc >> shift))
        }
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            state.append(UInt8(truncatingIfNeeded: size >> shift))
        }
        var isKnown = false
        let window = [UInt8](unsafeUninitializedCapacity: Self.window) { buffer, count in
            var length: UInt32 = 0
            isKnown = inflateGetDictionary(&stream, buffer.baseAddress, &length) == Z_OK
            count = isKnown ? Int(length) : 0
        }
        return isKnown ? state + window : nil
    }
}
