/// Decodes what stands in a request's target.
enum RequestTarget {
    /// Decodes `%XX`.
    ///
    /// - Parameter text: The text as it came.
    /// - Returns: The text; `nil` where an escape is not whole, or the bytes are no UTF-8 or have a
    ///   NUL.
    static func decoded(_ text: some Collection<UInt8>) -> String? {
        guard text.contains(UInt8(ascii: "%")) else {
            return text.contains(0) ? nil : String(validating: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x61 + 10
        default: nil
        }
    }
}

/// Which hosts requests may be for.
struct HostCheck: Sendable {
    private let isLoopback: Bool
    private let names: [String]

    init(_ configuration: HTTPListener.Configuration) {
        isLoopback = configuration.address.isLoopback
        names = configuration.hosts.map { $0.lowercased() }
    }

    /// Whether a request may be for a host, as its header field has it.
    func allows(_ host: String?) -> Bool {
        guard let host else { return !isLoopback && names.isEmpty }
        let name = Self.name(of: host.lowercased())
        if names.contains(name) { return true }
        guard isLoopback else { return names.isEmpty }
        // An address in digits is no name that somebody could have given to this machine.
        return name == "localhost" || name == "[::1]"
            || (try? ListenAddress("\(name):0"))?.isLoopback == true
    }

    /// A host without its port.
    private static func name(of host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
        return host.split(separator: ":", omittingEmptySubsequences: false).first.map(String.init)
            ?? host
    }
}
