import CMicrohttpd
import FoundationEssentials
import Glibc
import Tranche

/// The socket that connections are accepted from.
enum ListeningSocket {
    /// The most connections that wait to be accepted.
    private static let backlog: Int32 = 512

    /// Makes a socket that listens.
    ///
    /// - Parameter address: Where.
    /// - Returns: The socket, to be closed, and where it listens.
    /// - Throws: What keeps it from listening.
    static func open(
        _ address: ListenAddress
    ) throws(HTTPListenerError) -> (socket: Int32, address: ListenAddress) {
        let (file, code) = address.withSocketAddress { pointer, length, family -> (Int32, Int32) in
            let kind =
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
                | Int32(SOCK_CLOEXEC.rawValue)
            let file = socket(family, kind, 0)
            guard file >= 0 else { return (-1, errno) }
            var yes: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            // What was closed a moment ago does not keep the port.
            setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, size)
            guard bind(file, pointer, length) == 0, listen(file, backlog) == 0 else {
                let code = errno
                close(file)
                return (-1, code)
            }
            return (file, 0)
        }
        guard file >= 0 else { throw error(code, address) }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let port = withUnsafeMutablePointer(to: &storage) { pointer -> UInt16 in
            let raw = UnsafeMutableRawPointer(pointer)
            getsockname(file, raw.assumingMemoryBound(to: sockaddr.self), &length)
            // The port stands at the same place in both families.
            return UInt16(bigEndian: raw.assumingMemoryBound(to: sockaddr_in.self).pointee.sin_port)
        }
        return (file, address.with(port: port))
    }

    private static func error(_ code: Int32, _ address: ListenAddress) -> HTTPListenerError {
        let words = String(cString: strerror(code))
        switch code {
        case EADDRINUSE:
            return HTTPListenerError(
                .addressInUse,
                "\(address) is in use by another program; stop that, or listen elsewhere"
            )
        case EACCES:
            return HTTPListenerError(
                .addressRefused,
                "this program may not listen on \(address) (\(words)); ports below 1024 are for root"
            )
        case EADDRNOTAVAIL:
            return HTTPListenerError(
                .addressRefused,
                "\(address) is not an address of this machine (\(words)); give one that it has"
            )
        default:
            return HTTPListenerError(.outOfResources, "\(address) cannot be listened on: \(words)")
        }
    }

    /// An address in digits, without its port.
    static func text(of storage: inout sockaddr_storage, _ length: socklen_t) -> String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let size = socklen_t(text.count)
        let code = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, length, &text, size, nil, 0, NI_NUMERICHOST)
            }
        }
        guard code == 0 else { return "" }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The texts of the files for TLS.
struct TLSTexts {
    let certificate: String
    let key: String

    init(_ files: HTTPListener.TLSFiles) throws(HTTPListenerError) {
        certificate = try Self.text(files.certificate)
        key = try Self.text(files.key)
    }

    private static func text(_ path: String) throws(HTTPListenerError) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw HTTPListenerError(
                .invalidCertificate,
                "\(path) cannot be read for TLS: \(FileFault(error))"
            )
        }
    }

    static func refused(_ files: HTTPListener.TLSFiles?) -> HTTPListenerError {
        HTTPListenerError(
            .invalidCertificate,
            "\(files?.certificate ?? "") and \(files?.key ?? "") are no certificate with its private "
                + "key; give both as PEM"
        )
    }
}
