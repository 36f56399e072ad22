internal import CDriver
package import Tranche

/// A C library that is opened when it is needed, such as libpq when a URL asks for PostgreSQL.
///
/// Nothing links it: a program that needs none of them starts without them, and runs where they are
/// not installed. Whoever connects calls ``open()`` before the library's first function.
package struct Driver: @unchecked Sendable {
    // Memory that is never freed, and that only CDriver changes, under its lock.
    private let library: OpaquePointer

    /// Makes a driver of what a C target tells of its library.
    ///
    /// - Parameter library: The `tranche_library`; it is never freed.
    package init(_ library: OpaquePointer) {
        self.library = library
    }

    /// Opens the library, unless it is open; it stays open.
    ///
    /// The first time it reads files for a few milliseconds, later it looks at a flag. Any thread
    /// may call it.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`, which is permanent, naming the package to
    ///   install, or the function that an older version lacks.
    package func open() throws(TrancheError) {
        var text = [CChar](repeating: 0, count: 512)
        let result = tranche_open_library(library, &text, text.count)
        guard result != TRANCHE_OPENED.rawValue else { return }
        let end = text.firstIndex(of: 0) ?? text.endIndex
        let problem = String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let file = String(cString: tranche_library_file(library))
        let package = String(cString: tranche_library_package(library))
        guard result == TRANCHE_INCOMPLETE.rawValue else {
            throw TrancheError(
                .invalidArgument,
                "\(file) is not there; install it with: apt install \(package) (\(problem))"
            )
        }
        let version = String(cString: tranche_library_version(library))
        throw TrancheError(
            .invalidArgument,
            "\(file) has no \(problem); version \(version) or later is wanted: "
                + "apt install \(package)"
        )
    }
}
