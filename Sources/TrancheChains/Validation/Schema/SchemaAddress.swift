/// Addresses by which schemas refer to each other.
enum SchemaAddress {
    /// An address without its fragment, and the fragment.
    static func parts(_ address: String) -> (base: String, fragment: String) {
        guard let mark = address.firstIndex(of: "#") else { return (address, "") }
        return (String(address[..<mark]), String(address[address.index(after: mark)...]))
    }

    /// An address that is read relative to another.
    ///
    /// Source: RFC 3986, section 5.2.
    ///
    /// - Parameters:
    ///   - address: The address, without a fragment.
    ///   - base: What it is relative to.
    /// - Returns: The whole address.
    static func resolve(_ address: String, against base: String) -> String {
        if address.isEmpty { return base }
        if scheme(of: address) != nil { return address }
        let scheme = scheme(of: base) ?? ""
        let rest = base.dropFirst(scheme.count)
        if address.hasPrefix("//") { return scheme + address }
        var authority = Substring()
        if rest.hasPrefix("//") {
            authority = rest.prefix(2) + rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        }
        let path = rest.dropFirst(authority.count).prefix { $0 != "?" }
        if address.hasPrefix("?") { return scheme + authority + path + address }
        if address.hasPrefix("/") { return scheme + authority + flattened(address) }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? (authority.isEmpty ? "" : "/")
        return scheme + authority + flattened(folder + address)
    }

    /// The scheme with its colon; `nil` when there is none.
    private static func scheme(of address: String) -> Substring? {
        let name = address.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0))
        }
        guard let first = name.first, first.isLetter, address.dropFirst(name.count).first == ":"
        else {
            return nil
        }
        return address.prefix(name.count + 1)
    }

    /// A path without `.` and `..`.
    private static func flattened(_ text: String) -> String {
        let query = text.firstIndex(of: "?") ?? text.endIndex
        var output: [Substring] = []
        let segments = text[..<query].split(separator: "/", omittingEmptySubsequences: false)
        for (place, segment) in segments.enumerated() {
            let isLast = place == segments.count - 1
            switch segment {
            case ".": if isLast { output.append("") }
            case "..":
                if output.count > 1 || output.first?.isEmpty == false { output.removeLast() }
                if isLast { output.append("") }
            default: output.append(segment)
            }
        }
        return output.joined(separator: "/") + text[query...]
    }

    /// The names of a JSON pointer; `nil` when it is none.
    static func names(of pointer: String) -> [String]? {
        if pointer.isEmpty { return [] }
        guard pointer.hasPrefix("/") else { return nil }
        return pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            String($0.replacing("~1", with: "/").replacing("~0", with: "~"))
        }
    }

    /// A pointer with a name more.
    static func pointer(_ pointer: String, _ name: String) -> String {
        "\(pointer)/\(name.replacing("~", with: "~0").replacing("/", with: "~1"))"
    }
}
