import Tranche
import TrancheChains

/// The option that names the encoding of a file's text.
enum EncodingOption {
    static let option = CommandDescription.Option(
        "encoding",
        "NAME",
        "its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what its byte "
            + "order mark says"
    )

    /// Reads it.
    ///
    /// - Parameter arguments: As given.
    /// - Returns: The encoding; `nil` when none was named.
    /// - Throws: ``UsageError`` for a name that is not known.
    static func encoding(_ arguments: Arguments) throws -> TextEncoding? {
        try arguments.value("encoding") { text in
            do {
                return try TextEncoding(text)
            } catch let error as TrancheError {
                throw ValueError(error.message)
            }
        }
    }
}
