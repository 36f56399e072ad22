import CPCRE2

/// A regular expression of ECMA 262, ready to be asked.
final class Pattern: Sendable {
    /// The expression as it was given.
    let text: String
    private let handle: PatternHandle

    /// Reads an expression.
    ///
    /// - Parameter text: The expression.
    /// - Throws: ``PatternTranslator/Failure``, naming what cannot be used.
    init(_ text: String) throws(PatternTranslator.Failure) {
        self.text = text
        handle = try PatternHandle(try PatternTranslator.translate(text))
    }

    /// Whether it matches somewhere in a text.
    ///
    /// - Parameters:
    ///   - text: The text; UTF-8.
    ///   - room: Room to match in.
    /// - Returns: Whether it does.
    /// - Throws: ``Undecided`` when the bounds do not suffice to find out.
    func matches(
        _ text: UnsafeBufferPointer<UInt8>,
        _ room: PatternRoom
    ) throws(Undecided) -> Bool {
        var result = room.match(handle, text, options: 0)
        if result == PCRE2_ERROR_JIT_STACKLIMIT {
            result = room.match(handle, text, options: PCRE2_NO_JIT)
        }
        switch result {
        case 0...: return true
        case PCRE2_ERROR_NOMATCH: return false
        default:
            throw Undecided(
                reason: "the pattern \(self.text) could not be decided: "
                    + PatternHandle.message(result)
            )
        }
    }
}

/// What could not be found out within the bounds; neither valid nor invalid.
struct Undecided: Error {
    var reason: String
}

/// An expression that PCRE2 has read.
struct PatternHandle: ~Copyable, @unchecked Sendable {
    // PCRE2 does not change what it has compiled: any threads may match with it at once.
    // Source: pcre2api, "Multithreading".
    fileprivate let code: OpaquePointer

    /// Reads an expression of PCRE2; freed by `pcre2_code_free`.
    init(_ pattern: String) throws(PatternTranslator.Failure) {
        let options =
            UInt32(PCRE2_UTF) | UInt32(PCRE2_DOLLAR_ENDONLY) | UInt32(PCRE2_MATCH_UNSET_BACKREF)
            | UInt32(PCRE2_NEVER_BACKSLASH_C)
        var error: Int32 = 0
        var place = 0
        let bytes = Array(pattern.utf8)
        let code = bytes.withUnsafeBufferPointer {
            tranche_pcre2_compile($0.baseAddress, $0.count, options, &error, &place)
        }
        guard let code else {
            throw PatternTranslator.Failure(message: Self.message(error))
        }
        tranche_pcre2_hurry(code)
        self.code = code
    }

    deinit { tranche_pcre2_free(code) }

    static func message(_ code: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        tranche_pcre2_message(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Room to match in, and its bounds; belongs to one task.
final class PatternRoom {
    /// How often PCRE2 may go back in one match; some hundredths of a second.
    private static let steps: UInt32 = 1_000_000
    /// How much memory one match may take, in KiB.
    private static let memory: UInt32 = 32 * 1024

    private let room: OpaquePointer?
    private let limits: OpaquePointer?

    init() {
        room = tranche_pcre2_room()
        limits = tranche_pcre2_limits(Self.steps, Self.memory)
    }

    deinit {
        tranche_pcre2_free_room(room)
        tranche_pcre2_free_limits(limits)
    }

    fileprivate func match(
        _ handle: borrowing PatternHandle,
        _ text: UnsafeBufferPointer<UInt8>,
        options: UInt32
    ) -> Int32 {
        guard let room, let limits else { return PCRE2_ERROR_NOMEMORY }
        // PCRE2 before 10.41 takes no null pointer for an empty text.
        var nothing: UInt8 = 0
        guard let start = text.baseAddress else {
            return tranche_pcre2_match(handle.code, &nothing, 0, options, room, limits)
        }
        return tranche_pcre2_match(handle.code, start, text.count, options, room, limits)
    }
}
