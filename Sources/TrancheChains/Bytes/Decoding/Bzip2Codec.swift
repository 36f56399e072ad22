import CCodecs
import Tranche

/// Bzip2: streams one after the other, several in what pbzip2 makes; one can go on where a stream
/// begins.
struct Bzip2Codec: ByteCodec {
    let name = "bzip2"
    private let library: Library

    /// Opens the library.
    ///
    /// - Throws: ``DecodingFault`` when it is not there.
    init() throws(DecodingFault) {
        library = try Library.found.get()
    }

    var restartKey: String? { name }
    // Each takes up to 4 MB.
    var openPlaces: Int { 3 }

    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder {
        Bzip2Decoder(library, hasStream: !state.isEmpty)
    }

    /// The functions of libbz2 that are used.
    fileprivate struct Library: Sendable {
        typealias Stream = UnsafeMutablePointer<tranche_bzip2_stream>
        typealias Begin = @convention(c) (Stream, Int32, Int32) -> Int32
        typealias Call = @convention(c) (Stream) -> Int32

        static let found = Result<Library, DecodingFault> { () throws(DecodingFault) in
            try Library()
        }

        let begin: Begin
        let decompress: Call
        let end: Call

        init() throws(DecodingFault) {
            guard let library = SharedLibrary("libbz2.so.1.0"),
                let begin = library.function("BZ2_bzDecompressInit", as: Begin.self),
                let decompress = library.function("BZ2_bzDecompress", as: Call.self),
                let end = library.function("BZ2_bzDecompressEnd", as: Call.self)
            else { throw .missing("libbz2-1.0") }
            self.begin = begin
            self.decompress = decompress
            self.end = end
        }
    }
}

/// Decompresses streams.
private final class Bzip2Decoder: SequentialDecoder {
    private let library: Bzip2Codec.Library
    // The library keeps its address, so it has one of its own.
    private let stream: UnsafeMutablePointer<tranche_bzip2_stream>
    private var isOpen = false
    /// Whether a whole stream was read.
    private var hasStream: Bool

    init(_ library: Bzip2Codec.Library, hasStream: Bool) {
        self.library = library
        self.hasStream = hasStream
        stream = .allocate(capacity: 1)
        stream.initialize(to: tranche_bzip2_stream())
    }

    deinit {
        if isOpen { _ = library.end(stream) }
        stream.deallocate()
    }

    var isAtStart: Bool { !isOpen && hasStream }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if !isOpen {
            // Padding, as behind what is gzip: bzip2 takes what is no stream there for nothing.
            let zeros = hasStream ? input.prefix { $0 == 0 }.count : 0
            if zeros > 0 || input.isEmpty { return DecodingStep(taken: zeros, given: 0) }
            stream.pointee = tranche_bzip2_stream()
            guard library.begin(stream, 0, 0) == 0 else {
                throw DecodingFault(reason: "there is no memory to read it", isOfMachine: true)
            }
            isOpen = true
        }
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = UnsafeMutableRawPointer(output.baseAddress)?
            .assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_out = UInt32(output.count)
        let result = library.decompress(stream)
        let step = DecodingStep(
            taken: input.count - Int(stream.pointee.avail_in),
            given: output.count - Int(stream.pointee.avail_out)
        )
        // Source: bzlib.h.
        switch result {
        case 0:
            if isLast, step.taken == 0, step.given == 0 { throw .cutOff }
            return step
        case 4:
            _ = library.end(stream)
            isOpen = false
            hasStream = true
            return step
        case -5:
            throw DecodingFault(
                reason: hasStream
                    ? "what follows its last stream is not bzip2"
                    : "it does not begin as bzip2 does"
            )
        case -4: throw DecodingFault(reason: "a block is invalid, or its checksum is wrong")
        default: throw DecodingFault(reason: "error \(result)")
        }
    }
}
