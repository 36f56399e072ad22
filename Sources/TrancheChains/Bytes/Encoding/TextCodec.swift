/// Text in another encoding than UTF-8.
///
/// What is not valid in the encoding becomes bytes that are not UTF-8, so that the record it is in
/// is refused, or the bytes replaced, as in any other file.
struct TextCodec: ByteCodec {
    /// What stands for a byte that is not valid: it is in no UTF-8.
    static let invalid: UInt8 = 0xFF

    let name: String
    /// How many bytes the byte order mark has.
    private let markLength: Int
    private let table: SingleByteTable?

    /// Makes a codec.
    ///
    /// - Parameters:
    ///   - name: The encoding's name; of the UTFs, with the order of bytes.
    ///   - markLength: How many bytes at the beginning are a byte order mark.
    init(_ name: String, markLength: Int = 0) {
        self.name = name
        self.markLength = markLength
        table = name.hasPrefix("UTF-") ? nil : SingleByteTable(name)
    }

    // Earlier versions made two bytes of the line end NEL.
    var restartKey: String? { table?.joinsLineEnds ?? false ? "\(name) lf" : name }
    var note: String { "read as \(name)" }
    var encoding: String? { name }

    func decoder(from state: [UInt8]) throws(DecodingFault) -> any SequentialDecoder {
        TextDecoder(try converter(), markLength: state.isEmpty ? markLength : 0)
    }

    private func converter() throws(DecodingFault) -> any TextConverter {
        if let table { return table }
        switch name {
        case "UTF-16LE": return UTF16Converter(isBigEndian: false)
        case "UTF-16BE": return UTF16Converter(isBigEndian: true)
        case "UTF-32LE": return UTF32Converter(isBigEndian: false)
        case "UTF-32BE": return UTF32Converter(isBigEndian: true)
        default:
            guard let converter = IconvConverter(name) else {
                throw DecodingFault(
                    reason: "iconv does not know the encoding \(name) here",
                    isOfMachine: true
                )
            }
            return converter
        }
    }
}

/// Turns text into UTF-8.
protocol TextConverter {
    /// Whether one can go on from where it is with a new converter.
    var isAtBoundary: Bool { get }

    /// Converts some bytes.
    ///
    /// - Parameters:
    ///   - input: What follows.
    ///   - isLast: Whether nothing comes behind it: what is cut off is not valid then.
    ///   - output: Where to write to: room for 64 bytes or more.
    /// - Returns: How much was taken and written; neither when more input is needed.
    func convert(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingStep
}

/// Turns text into UTF-8, in pieces of any size.
final class TextDecoder: SequentialDecoder {
    private static let room = 64

    private let converter: any TextConverter
    private var mark: Int
    /// What was converted and had no room.
    private var pending: ArraySlice<UInt8> = []

    init(_ converter: any TextConverter, markLength: Int) {
        self.converter = converter
        mark = markLength
    }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if mark > 0, !input.isEmpty {
            let count = min(mark, input.count)
            mark -= count
            return DecodingStep(taken: count, given: 0)
        }
        var taken = 0
        if pending.isEmpty {
            if output.count >= Self.room {
                return converter.convert(input, isLast: isLast, into: output)
            }
            let converted = [UInt8](unsafeUninitializedCapacity: Self.room) { buffer, count in
                let step = converter.convert(input, isLast: isLast, into: buffer)
                taken = step.taken
                count = step.given
            }
            pending = converted[...]
        }
        let count = min(pending.count, output.count)
        _ = output.update(fromContentsOf: pending.prefix(count))
        pending = pending.dropFirst(count)
        return DecodingStep(taken: taken, given: count)
    }

    func restartState() -> [UInt8]? {
        // Behind the beginning there is no byte order mark to be left out.
        mark == 0 && pending.isEmpty && converter.isAtBoundary ? restartAtStart : nil
    }
}
