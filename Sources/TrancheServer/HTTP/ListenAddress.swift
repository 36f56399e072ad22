import CMicrohttpd
import Glibc

/// Where to listen: an address in digits, and a port.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address: of IPv4, or of IPv6 without brackets.
    public let host: String
    /// The port; 0 for any that is free.
    public let port: UInt16
    private let isIPv6: Bool

    /// Reads an address.
    ///
    /// - Parameter text: `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`, which is the first. A
    ///   name is none: asking for what it means would take time.
    /// - Throws: ``HTTPListenerError`` `.invalidAddress`, with what to give.
    public init(_ text: String) throws(HTTPListenerError) {
        let wrong = HTTPListenerError(
            .invalidAddress,
            "'\(text.prefix(200))' is not an address to listen on; give digits and a port, such as "
                + "127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080"
        )
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { throw wrong }
        var host = String(text[..<colon])
        if host == "localhost" { host = "127.0.0.1" }
        let isIPv6 = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        if isIPv6 { host = String(host.dropFirst().dropLast()) }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, host, &bytes) == 1 else { throw wrong }
        (self.host, self.port, self.isIPv6) = (host, port, isIPv6)
    }

    /// Whether nobody outside this machine can reach the address.
    public var isLoopback: Bool { isIPv6 ? host == "::1" : host.hasPrefix("127.") }

    /// The address as it is read.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The same with another port.
    func with(port: UInt16) -> ListenAddress {
        ListenAddress(host: host, port: port, isIPv6: isIPv6)
    }

    private init(host: String, port: UInt16, isIPv6: Bool) {
        (self.host, self.port, self.isIPv6) = (host, port, isIPv6)
    }

    /// Lends the address as the system has it.
    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t, Int32) -> R) -> R {
        var storage = sockaddr_storage()
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            let length: Int
            if isIPv6 {
                let address = raw.assumingMemoryBound(to: sockaddr_in6.self)
                address.pointee.sin6_family = sa_family_t(AF_INET6)
                address.pointee.sin6_port = port.bigEndian
                inet_pton(AF_INET6, host, &address.pointee.sin6_addr)
                length = MemoryLayout<sockaddr_in6>.size
            } else {
                let address = raw.assumingMemoryBound(to: sockaddr_in.self)
                address.pointee.sin_family = sa_family_t(AF_INET)
                address.pointee.sin_port = port.bigEndian
                inet_pton(AF_INET, host, &address.pointee.sin_addr)
                length = MemoryLayout<sockaddr_in>.size
            }
            return body(
                raw.assumingMemoryBound(to: sockaddr.self),
                socklen_t(length),
                isIPv6 ? AF_INET6 : AF_INET
            )
        }
    }
}
