/// Gzip: members one after the other, each a header, deflated bytes, and a checksum.
///
/// Source: RFC 1952.
struct GzipCodec: ByteCodec {
    let name: String
    private let intel: IntelInflate?

    /// Makes a codec.
    ///
    /// - Parameters:
    ///   - name: What people call the file, which another format may be made to look like.
    ///   - usesIntel: Whether Intel's library is used where it is there; it is three times as fast
    ///     as zlib.
    init(named name: String = "gzip", usesIntel: Bool = true) {
        self.name = name
        intel = usesIntel ? IntelInflate.library : nil
    }

    var restartKey: String? { intel.map { "gzip \($0.version)" } ?? "gzip zlib" }

    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder {
        try GzipDecoder(intel, from: state)
    }
}

/// Inflates one member of a gzip file after the other.
final class GzipDecoder: SequentialDecoder {
    private let intel: IntelInflate?
    /// What inflates the member under way; `nil` between two.
    private var member: (any MemberInflater)?
    /// Kept from member to member: there may be thousands.
    private var spare: (any MemberInflater)?
    /// Whether a whole member was read.
    private var hasMember: Bool
    var seeksRestart = false

    init(_ intel: IntelInflate?, from state: [UInt8]) throws(DecodingFault) {
        self.intel = intel
        hasMember = !state.isEmpty
        guard hasMember, state != restartAtStart else { return }
        if let intel {
            member = try IntelInflater(intel, from: state)
        } else {
            member = try ZlibInflater(from: state)
        }
    }

    var isAtStart: Bool { member == nil && hasMember }

    func restartState() -> [UInt8]? { member?.restartState() }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if member == nil {
            // Padding: tapes and block devices fill up with zeros.
            let zeros = input.prefix { $0 == 0 }.count
            if zeros == input.count || (zeros > 0 && hasMember) {
                return DecodingStep(taken: zeros, given: 0)
            }
            guard input.count >= 2 || isLast else { return DecodingStep(taken: 0, given: 0) }
            guard input.count >= 2, input[0] == 0x1F, input[1] == 0x8B else {
                throw DecodingFault(
                    reason: hasMember
                        ? "what follows its last member is not gzip"
                        : "it does not begin as gzip does"
                )
            }
            member = try begin()
        }
        guard let member else { return DecodingStep(taken: 0, given: 0) }
        let (step, isOver) = try member.inflate(input, output, stopsAtBlocks: seeksRestart)
        if isOver {
            hasMember = true
            spare = member
            self.member = nil
        } else if step.taken == 0, step.given == 0, isLast {
            throw .cutOff
        }
        return step
    }

    private func begin() throws(DecodingFault) -> any MemberInflater {
        if let spare {
            try spare.begin()
            return spare
        }
        if let intel { return try IntelInflater(intel) }
        return try ZlibInflater()
    }
}

/// Inflates a member of a gzip file, from its header to its checksum.
protocol MemberInflater: AnyObject {
    /// Begins another member.
    func begin() throws(DecodingFault)

    /// Inflates some bytes.
    ///
    /// - Parameters:
    ///   - input: What follows.
    ///   - output: Where to write to.
    ///   - stopsAtBlocks: Whether to stop where a block ends.
    /// - Returns: How much was done; and whether the member has ended, and its checksum is right.
    /// - Throws: ``DecodingFault``.
    func inflate(
        _ input: UnsafeBufferPointer<UInt8>,
        _ output: UnsafeMutableBufferPointer<UInt8>,
        stopsAtBlocks: Bool
    ) throws(DecodingFault) -> (step: DecodingStep, isOver: Bool)

    /// What is needed to go on from here; `nil` when there is no going on from here.
    func restartState() -> [UInt8]?
}
