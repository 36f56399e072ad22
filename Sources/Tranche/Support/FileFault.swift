import FoundationEssentials
import Glibc

/// Why a file could not be read or written, in the system's words.
package struct FileFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the system said, such as `No such file or directory`.
    package let description: String

    /// Takes what the system's last call told.
    ///
    /// - Parameter number: The number of the error; `errno` by default.
    package init(number: Int32 = errno) { description = String(cString: strerror(number)) }

    /// Takes what Foundation threw; what it did not get from the system stays as it is.
    ///
    /// - Parameter error: The error.
    package init(_ error: any Error) { description = Self.words(of: error) }

    private static func words(of error: any Error) -> String {
        switch error {
        case let error as POSIXError: String(cString: strerror(error.code.rawValue))
        case let error as CocoaError: error.underlying.map(words) ?? words(of: error)
        default: "\(error)"
        }
    }

    private static func words(of error: CocoaError) -> String {
        switch error.code {
        case .fileReadInapplicableStringEncoding: "it is not UTF-8"
        case .fileReadNoSuchFile, .fileNoSuchFile: String(cString: strerror(ENOENT))
        case .fileReadNoPermission, .fileWriteNoPermission: String(cString: strerror(EACCES))
        case .fileWriteFileExists: String(cString: strerror(EEXIST))
        case .fileWriteOutOfSpace: String(cString: strerror(ENOSPC))
        default: "error \(error.code.rawValue) of the file system"
        }
    }
}
