import CPosix
import FoundationEssentials
import Glibc

/// An encoding that the C library converts.
///
/// The library keeps a state that nobody can copy. In most encodings there is none behind a line
/// feed; in those that shift there may be, and they have no restart points.
final class IconvConverter: TextConverter {
    private static let newline: UInt8 = 0x0A
    /// What begins the names of encodings in which bytes before tell what a byte means, or whose
    /// units have several bytes, of which one may be that of a line feed.
    ///
    /// Source: glibc 2.36, iconvdata, those with `EXTRA_LOOP_DECLS` that shift; gconv_builtin.h and
    /// gconv-modules for the names of UCS-2 and UCS-4.
    private static let shifting = [
        "ISO-2022", "ISO2022", "UTF-7", "UTF7", "HZ", "IBM93", "IBM13", "CP93", "CP13", "CSISO2022",
        "IBM-93", "IBM-13", "CSIBM93", "CSIBM13", "SCSU", "UNICODE", "UCS", "CSUNICODE", "CSUCS",
        "TSCII", "CSISO10646", "ISO-10646", "10646-1", "OSF000101", "WCHAR_T", "INTERNAL",
    ]

    private let descriptor: iconv_t
    private let canRestart: Bool
    private(set) var isAtBoundary = false
    private var isFlushed = false

    /// Begins to convert; `nil` when the encoding is not known.
    init?(_ name: String) {
        guard let descriptor = iconv_open("UTF-8", name),
            Int(bitPattern: descriptor) != -1
        else { return nil }
        self.descriptor = descriptor
        canRestart = !Self.shifting.contains { name.hasPrefix($0) }
    }

    deinit {
        iconv_close(descriptor)
    }

    func convert(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingStep {
        // Up to the end of a line, where one can go on behind it; where one cannot, it may be half
        // of a character.
        let end = canRestart ? input.lastIndex(of: Self.newline) : nil
        let line = end.map { $0 + 1 } ?? input.count
        let part = UnsafeBufferPointer(rebasing: input[..<line])
        var (taken, given) = (0, 0)
        isAtBoundary = false
        while taken < part.count, given < output.count {
            let (step, fault) = call(part, taken, output, given)
            taken += step.taken
            given += step.given
            if fault == 0 || fault == E2BIG { break }
            // Cut off at the end: the rest may come.
            if fault == EINVAL, !isLast, line == input.count { break }
            guard taken < part.count, given < output.count else { break }
            output[given] = TextCodec.invalid
            given += 1
            taken += 1
            // What comes next is read as if it were the first.
            iconv(descriptor, nil, nil, nil, nil)
        }
        isAtBoundary = canRestart && taken > 0 && input[taken - 1] == Self.newline
        if isLast, taken == input.count, taken == 0, !isFlushed {
            // A character that might have been composed with a next one.
            isFlushed = true
            given += flush(output)
        }
        return DecodingStep(taken: taken, given: given)
    }

    /// Calls the library for a part of the input.
    private func call(
        _ input: UnsafeBufferPointer<UInt8>,
        _ taken: Int,
        _ output: UnsafeMutableBufferPointer<UInt8>,
        _ given: Int
    ) -> (step: DecodingStep, fault: Int32) {
        guard let source = input.baseAddress, let target = output.baseAddress else {
            return (DecodingStep(taken: 0, given: 0), 0)
        }
        var next: UnsafeMutablePointer<CChar>? = UnsafeMutableRawPointer(
            mutating: source + taken
        ).assumingMemoryBound(to: CChar.self)
        var left = input.count - taken
        var place: UnsafeMutablePointer<CChar>? = UnsafeMutableRawPointer(target + given)
            .assumingMemoryBound(to: CChar.self)
        var room = output.count - given
        let result = iconv(descriptor, &next, &left, &place, &room)
        let fault = result == -1 ? errno : 0
        let step = DecodingStep(
            taken: input.count - taken - left,
            given: output.count - given - room
        )
        return (step, fault)
    }

    private func flush(_ output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var place: UnsafeMutablePointer<CChar>? = UnsafeMutableRawPointer(output.baseAddress)?
            .assumingMemoryBound(to: CChar.self)
        var room = output.count
        iconv(descriptor, nil, nil, &place, &room)
        return output.count - room
    }

    /// What a single byte is.
    enum Character: Hashable {
        /// A character in UTF-8.
        case character([UInt8])
        /// Nothing by itself, and nothing as the first of several.
        case invalid
        /// The first of several, or one that waits for the next.
        case incomplete
    }

    /// Converts a byte by itself.
    func character(_ byte: UInt8) -> Character {
        var fault: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16) { output, count in
            withUnsafeBytes(of: byte) { input in
                let input = input.bindMemory(to: UInt8.self)
                let (step, found) = call(input, 0, output, 0)
                fault = found
                count = step.given
            }
        }
        if fault == EILSEQ { return .invalid }
        return fault != 0 || bytes.isEmpty ? .incomplete : .character(bytes)
    }
}
