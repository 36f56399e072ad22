import CPosix
import FoundationEssentials

/// A library that is opened when it is needed, as only few users need it.
///
/// It is never closed, so that its functions can be called at any time.
struct SharedLibrary: @unchecked Sendable {
    // A handle of dlopen may be used by several threads at once.
    private let handle: UnsafeMutableRawPointer

    /// Opens a library; `nil` when there is none.
    ///
    /// - Parameter name: The file's name with the version of its interface, such as `libzstd.so.1`.
    init?(_ name: String) {
        guard let handle = dlopen(name, RTLD_NOW) else { return nil }
        self.handle = handle
    }

    /// A function of the library.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: What it is in C.
    /// - Returns: The function; `nil` when the library has none.
    func function<Function>(_ name: String, as type: Function.Type) -> Function? {
        guard let symbol = dlsym(handle, name) else { return nil }
        return unsafeBitCast(symbol, to: type)
    }
}
