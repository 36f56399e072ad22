import CCodecs

/// Intel's library for inflating, ISA-L, where it is installed.
struct IntelInflate: Sendable {
    typealias Call = @convention(c) (UnsafeMutableRawPointer) -> Int32
    typealias Begin = @convention(c) (UnsafeMutableRawPointer) -> Void

    /// The library; `nil` when it is not there, or was not when this was built.
    static let library = IntelInflate()

    /// What tells its states from those of another version.
    let version: String
    let begin: Begin
    let inflate: Call
    private let beginDeflating: Begin
    private let deflateWhole: Call
    private let inflateWhole: Call

    private init?() {
        guard tranche_isal_state_size() > 0, let library = SharedLibrary("libisal.so.2"),
            let begin = library.function("isal_inflate_init", as: Begin.self),
            let inflate = library.function("isal_inflate", as: Call.self),
            let beginDeflating = library.function("isal_deflate_stateless_init", as: Begin.self),
            let deflateWhole = library.function("isal_deflate_stateless", as: Call.self),
            let inflateWhole = library.function("isal_inflate_stateless", as: Call.self)
        else { return nil }
        self.begin = begin
        self.inflate = inflate
        self.beginDeflating = beginDeflating
        self.deflateWhole = deflateWhole
        self.inflateWhole = inflateWhole
        version = "isa-l \(tranche_isal_state_size())"
    }

    /// Packs the state of an inflater.
    func pack(_ state: UnsafeRawPointer) -> [UInt8]? {
        let size = tranche_isal_state_size()
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 64) { copy in
            guard let base = copy.baseAddress else { return nil }
            base.copyMemory(from: state, byteCount: size)
            tranche_isal_tidy(base)
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: tranche_isal_stream_size(),
                alignment: 64
            )
            defer { memory.deallocate() }
            beginDeflating(memory)
            var result: Int32 = 0
            let packed = [UInt8](unsafeUninitializedCapacity: size) { output, count in
                tranche_isal_give_whole(
                    memory,
                    base.assumingMemoryBound(to: UInt8.self),
                    UInt32(size),
                    output.baseAddress,
                    UInt32(size)
                )
                result = deflateWhole(memory)
                count = result == 0 ? Int(tranche_isal_written(memory)) : 0
            }
            return result == 0 ? packed : nil
        }
    }

    /// Unpacks a state.
    ///
    /// - Returns: Whether it is one.
    func unpack(_ packed: [UInt8], into state: UnsafeMutableRawPointer) -> Bool {
        let size = tranche_isal_state_size()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { memory.deallocate() }
        begin(memory)
        let result = packed.withUnsafeBufferPointer { input in
            tranche_isal_give(
                memory,
                input.baseAddress,
                UInt32(input.count),
                state.assumingMemoryBound(to: UInt8.self),
                UInt32(size)
            )
            return inflateWhole(memory)
        }
        return result == 0 && tranche_isal_output_left(memory) == 0
            && tranche_isal_is_sound(state) != 0
    }
}

/// Inflates a member with Intel's library.
///
/// Its whole state is plain memory without addresses: a copy of it is a restart point, at any
/// place.
final class IntelInflater: MemberInflater {
    private let library: IntelInflate
    private let state: UnsafeMutableRawPointer

    /// Begins a member.
    convenience init(_ library: IntelInflate) throws(DecodingFault) {
        self.init(in: library)
        try begin()
    }

    /// Goes on in the midst of one.
    convenience init(_ library: IntelInflate, from packed: [UInt8]) throws(DecodingFault) {
        self.init(in: library)
        guard library.unpack(packed, into: state) else {
            throw DecodingFault(reason: "a restart point cannot be used", isOfMachine: true)
        }
    }

    private init(in library: IntelInflate) {
        self.library = library
        let size = tranche_isal_state_size()
        state = .allocate(byteCount: size, alignment: 64)
        state.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    deinit {
        state.deallocate()
    }

    func begin() throws(DecodingFault) {
        library.begin(state)
        tranche_isal_expect_gzip(state)
    }

    func inflate(
        _ input: UnsafeBufferPointer<UInt8>,
        _ output: UnsafeMutableBufferPointer<UInt8>,
        stopsAtBlocks: Bool
    ) throws(DecodingFault) -> (step: DecodingStep, isOver: Bool) {
        tranche_isal_give(
            state,
            input.baseAddress,
            UInt32(input.count),
            output.baseAddress,
            UInt32(output.count)
        )
        let result = library.inflate(state)
        let step = DecodingStep(
            taken: input.count - Int(tranche_isal_input_left(state)),
            given: output.count - Int(tranche_isal_output_left(state))
        )
        // Source: igzip_lib.h, return values of isal_inflate.
        switch result {
        case 0: return (step, tranche_isal_is_at_end(state) != 0)
        case 1, 2: return (step, false)
        case -1: throw DecodingFault(reason: "a block is invalid")
        case -2: throw DecodingFault(reason: "a code is invalid")
        case -3: throw DecodingFault(reason: "a distance is too far back")
        case -4: throw DecodingFault(reason: "its header or trailer is invalid")
        case -5: throw DecodingFault(reason: "its method of compression is unknown")
        case -6: throw DecodingFault(reason: "its checksum is wrong")
        default: throw DecodingFault(reason: "error \(result)")
        }
    }

    func restartState() -> [UInt8]? { library.pack(state) }
}
