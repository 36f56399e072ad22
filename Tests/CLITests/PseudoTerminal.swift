import Foundation
import Synchronization

/// A terminal without a person: a program writes to one end, and the test reads the other.
final class PseudoTerminal: Sendable {
    /// The end for the program.
    let program: FileHandle
    private let screen: FileHandle
    private let bytes = Mutex<[UInt8]>([])
    private let queue = DispatchQueue(label: "tests.pseudo-terminal")

    // TIOCSPTLCK and TIOCGPTN, which are no simple macros. Source: Linux, asm-generic/ioctls.h.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// Opens one.
    ///
    /// - Parameter width: How many characters fit into a line.
    /// - Throws: Why there is none.
    init(width: Int = 80) throws {
        let file = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        guard file >= 0 else { throw POSIXError(.ENXIO) }
        screen = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        guard ioctl(file, Self.setLock, &isLocked) == 0, ioctl(file, Self.getNumber, &number) == 0
        else { throw POSIXError(.ENXIO) }
        let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        guard other >= 0 else { throw POSIXError(.ENXIO) }
        var size = winsize(ws_row: 24, ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(other, UInt(TIOCSWINSZ), &size) == 0 else { throw POSIXError(.ENOTTY) }
        program = FileHandle(fileDescriptor: other, closeOnDealloc: true)
        // The number is no other file's while the handle is kept.
        queue.async { [weak self, screen] in
            defer { withExtendedLifetime(screen) {} }
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(file, &buffer, buffer.count)
                guard count > 0, let self else { return }
                self.bytes.withLock { $0 += buffer[..<count] }
            }
        }
    }

    /// What was written so far.
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    /// The lines as they stood on the screen, one for each time that a line was drawn anew.
    var lines: [String] {
        text.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" })
            .map { String($0).replacing("\u{1B}[K", with: "") }
            .filter { !$0.isEmpty }
    }
}
