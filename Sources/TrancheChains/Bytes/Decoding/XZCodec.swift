import CCodecs
import Tranche

/// Xz: streams one after the other, with zeros between them; one can go on where a stream begins.
///
/// Source: The .xz file format 1.1.0.
struct XZCodec: ByteCodec {
    let name = "xz"
    private let library: Library

    /// Opens the library.
    ///
    /// - Throws: ``DecodingFault`` when it is not there.
    init() throws(DecodingFault) {
        library = try Library.found.get()
    }

    var restartKey: String? { name }
    // Each takes 9 MiB as xz is used mostly, and 65 MiB with -9.
    var openPlaces: Int { 2 }

    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder {
        XZDecoder(library, hasStream: !state.isEmpty)
    }

    /// The functions of liblzma that are used.
    fileprivate struct Library: Sendable {
        typealias Stream = UnsafeMutablePointer<tranche_xz_stream>
        typealias Begin = @convention(c) (Stream, UInt64, UInt32) -> Int32
        typealias Call = @convention(c) (Stream, Int32) -> Int32
        typealias End = @convention(c) (Stream) -> Void

        static let found = Result<Library, DecodingFault> { () throws(DecodingFault) in
            try Library()
        }

        let begin: Begin
        let decode: Call
        let end: End

        init() throws(DecodingFault) {
            guard let library = SharedLibrary("liblzma.so.5"),
                let begin = library.function("lzma_stream_decoder", as: Begin.self),
                let decode = library.function("lzma_code", as: Call.self),
                let end = library.function("lzma_end", as: End.self)
            else { throw .missing("liblzma5") }
            self.begin = begin
            self.decode = decode
            self.end = end
        }
    }
}

/// Decompresses streams.
private final class XZDecoder: SequentialDecoder {
    private let library: XZCodec.Library
    private let stream: UnsafeMutablePointer<tranche_xz_stream>
    private var isOpen = false
    /// Whether a whole stream was read.
    private var hasStream: Bool

    init(_ library: XZCodec.Library, hasStream: Bool) {
        self.library = library
        self.hasStream = hasStream
        stream = .allocate(capacity: 1)
        stream.initialize(to: tranche_xz_stream())
    }

    deinit {
        if isOpen { library.end(stream) }
        stream.deallocate()
    }

    var isAtStart: Bool { !isOpen && hasStream }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if !isOpen {
            let zeros = hasStream ? input.prefix { $0 == 0 }.count : 0
            if zeros > 0 || input.isEmpty { return DecodingStep(taken: zeros, given: 0) }
            stream.pointee = tranche_xz_stream()
            guard library.begin(stream, .max, 0) == 0 else {
                throw DecodingFault(reason: "there is no memory to read it", isOfMachine: true)
            }
            isOpen = true
        }
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = output.count
        let result = library.decode(stream, 0)
        let step = DecodingStep(
            taken: input.count - stream.pointee.avail_in,
            given: output.count - stream.pointee.avail_out
        )
        // Source: lzma/base.h, lzma_ret.
        switch result {
        case 0, 10:
            if isLast, step.taken == 0, step.given == 0 { throw .cutOff }
            return step
        case 1:
            library.end(stream)
            isOpen = false
            hasStream = true
            return step
        case 5, 6:
            throw DecodingFault(reason: "there is no memory to read it", isOfMachine: true)
        case 7:
            throw DecodingFault(
                reason: hasStream
                    ? "what follows its last stream is not xz" : "it does not begin as xz does"
            )
        case 8: throw DecodingFault(reason: "it uses what this version of liblzma does not know")
        case 9: throw DecodingFault(reason: "a block is invalid, or its checksum is wrong")
        default: throw DecodingFault(reason: "error \(result)")
        }
    }
}
