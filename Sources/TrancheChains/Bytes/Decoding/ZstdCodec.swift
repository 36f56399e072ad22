import CCodecs
import Tranche

/// Zstandard: frames one after the other, some of which hold nothing to decode.
///
/// One can go on where a frame begins; there are several in what pzstd and those who write seekable
/// files make.
///
/// Source: RFC 8878.
struct ZstdCodec: ByteCodec {
    let name = "zstd"
    private let library: Library

    /// Opens the library.
    ///
    /// - Throws: ``DecodingFault`` when it is not there.
    init() throws(DecodingFault) {
        library = try Library.found.get()
    }

    var restartKey: String? { name }
    // A decoder keeps a window of up to 8 MiB, and of 128 MiB in files made so on purpose.
    var openPlaces: Int { 3 }

    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder {
        guard let stream = library.create() else {
            throw DecodingFault(reason: "there is no memory to read it", isOfMachine: true)
        }
        return ZstdDecoder(stealing: stream, library, hasFrame: !state.isEmpty)
    }

    /// The functions of libzstd that are used.
    fileprivate struct Library: Sendable {
        typealias Decompress =
            @convention(c) (
                OpaquePointer, UnsafeMutablePointer<tranche_zstd_buffer>,
                UnsafeMutablePointer<tranche_zstd_buffer>
            ) -> Int

        static let found = Result<Library, DecodingFault> { () throws(DecodingFault) in
            try Library()
        }

        let create: @convention(c) () -> OpaquePointer?
        let free: @convention(c) (OpaquePointer) -> Int
        let decompress: Decompress
        let isError: @convention(c) (Int) -> UInt32
        let errorName: @convention(c) (Int) -> UnsafePointer<CChar>

        init() throws(DecodingFault) {
            guard let library = SharedLibrary("libzstd.so.1"),
                let create = library.function(
                    "ZSTD_createDStream",
                    as: (@convention(c) () -> OpaquePointer?).self
                ),
                let free = library.function(
                    "ZSTD_freeDStream",
                    as: (@convention(c) (OpaquePointer) -> Int).self
                ),
                let decompress = library.function("ZSTD_decompressStream", as: Decompress.self),
                let isError = library.function(
                    "ZSTD_isError",
                    as: (@convention(c) (Int) -> UInt32).self
                ),
                let errorName = library.function(
                    "ZSTD_getErrorName",
                    as: (@convention(c) (Int) -> UnsafePointer<CChar>).self
                )
            else { throw .missing("libzstd1") }
            self.create = create
            self.free = free
            self.decompress = decompress
            self.isError = isError
            self.errorName = errorName
        }
    }
}

/// Decompresses frames.
private final class ZstdDecoder: SequentialDecoder {
    /// Source: zstd_errors.h, `ZSTD_error_frameParameter_windowTooLarge`.
    private static let windowTooLarge = -16
    /// Likewise, `ZSTD_error_prefix_unknown`.
    private static let unknownPrefix = -10

    private let library: ZstdCodec.Library
    private let stream: OpaquePointer
    /// Whether a frame has ended and no other begun.
    private(set) var isAtStart = true
    /// Whether a whole frame was read.
    private var hasFrame: Bool

    /// Takes a stream, which it frees.
    init(stealing stream: OpaquePointer, _ library: ZstdCodec.Library, hasFrame: Bool) {
        self.stream = stream
        self.library = library
        self.hasFrame = hasFrame
    }

    deinit {
        _ = library.free(stream)
    }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if isAtStart {
            // Padding, as behind what is gzip.
            let zeros = hasFrame ? input.prefix { $0 == 0 }.count : 0
            if zeros > 0 || input.isEmpty { return DecodingStep(taken: zeros, given: 0) }
        }
        var source = tranche_zstd_buffer(
            memory: UnsafeMutableRawPointer(mutating: input.baseAddress),
            size: input.count,
            place: 0
        )
        var target = tranche_zstd_buffer(
            memory: UnsafeMutableRawPointer(output.baseAddress),
            size: output.count,
            place: 0
        )
        let result = library.decompress(stream, &target, &source)
        guard library.isError(result) == 0 else {
            if result == Self.windowTooLarge {
                throw DecodingFault(
                    reason:
                        "it needs a window of more than 128 MiB; decompress it first: "
                        + "zstd -d --long=31 FILE",
                    isOfMachine: true
                )
            }
            if result == Self.unknownPrefix, hasFrame {
                throw DecodingFault(reason: "what follows its last frame is not zstd")
            }
            throw DecodingFault(reason: String(cString: library.errorName(result)))
        }
        isAtStart = result == 0
        hasFrame = hasFrame || isAtStart
        let step = DecodingStep(taken: source.place, given: target.place)
        if isLast, !isAtStart, step.taken == 0, step.given == 0 { throw .cutOff }
        return step
    }
}
