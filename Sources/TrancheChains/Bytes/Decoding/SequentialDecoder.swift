/// Turns bytes into others, such as compressed ones into what they hold, in their order.
///
/// Used by one place of a ``RestartableReader`` alone.
protocol SequentialDecoder: AnyObject {
    /// Decodes some bytes.
    ///
    /// - Parameters:
    ///   - input: What follows what was taken before; empty only at the end.
    ///   - isLast: Whether nothing comes behind the input.
    ///   - output: Where to write to; not empty.
    /// - Returns: How much was taken and written. Neither means that more input is needed, and
    ///   behind the last that this is the end.
    /// - Throws: ``DecodingFault`` for input that is not as it must be.
    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep

    /// Whether a new decoder could go on from here.
    var isAtStart: Bool { get }

    /// What a decoder needs to go on from here; `nil` when there is no going on from here.
    func restartState() -> [UInt8]?

    /// Whether decoding is to stop at places from which one can go on, where they are rare.
    var seeksRestart: Bool { get set }
}

extension SequentialDecoder {
    var isAtStart: Bool { false }

    func restartState() -> [UInt8]? { nil }

    var seeksRestart: Bool {
        get { false }
        set {}
    }
}

/// The state of a decoder that has nothing to know but that something came before.
let restartAtStart: [UInt8] = [1]

/// What a decoder did.
struct DecodingStep: Sendable, Hashable {
    /// The bytes of the input that were taken.
    var taken: Int
    /// The bytes that were written.
    var given: Int
}

/// Why something cannot be decoded.
struct DecodingFault: Error, Sendable, Hashable {
    /// The fault, such as `invalid distance too far back`.
    var reason: String
    /// Whether trying again may help, since a library or memory is missing.
    var isOfMachine = false

    /// It ends before its end.
    static var cutOff: DecodingFault {
        DecodingFault(reason: "it ends in the midst of its compressed content; is it complete?")
    }

    /// A library is not there.
    ///
    /// - Parameter package: Debian's package that has it.
    /// - Returns: The fault.
    static func missing(_ package: String) -> DecodingFault {
        DecodingFault(
            reason:
                "the library that decompresses it is missing; install the package \(package), or "
                + "decompress the file first",
            isOfMachine: true
        )
    }
}

/// A way in which content is stored.
protocol ByteCodec: Sendable {
    /// Its name, such as `gzip`.
    var name: String { get }
    /// What tells its restart points from those of others; `nil` when they are good in this process
    /// alone.
    var restartKey: String? { get }
    /// What was done to read the content, for people.
    var note: String { get }
    /// The encoding that is turned into UTF-8, where that is what it does.
    var encoding: String? { get }
    /// How many decoders may be kept open, given the memory that each takes.
    var openPlaces: Int { get }

    /// Makes a decoder.
    ///
    /// - Parameter state: What ``SequentialDecoder/restartState()`` gave, ``restartAtStart`` where
    ///   the decoder was at a start, and nothing for the beginning.
    /// - Returns: A decoder.
    /// - Throws: ``DecodingFault`` when a library is missing, or the state cannot be used.
    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder
}

extension ByteCodec {
    var restartKey: String? { nil }
    var note: String { "decompressed from \(name)" }
    var encoding: String? { nil }
    var openPlaces: Int { 6 }
}
