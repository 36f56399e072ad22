/// A request that came to an ``HTTPListener``.
public struct HTTPServerRequest: Sendable {
    /// The method, such as `POST`, as it came.
    public var method: String
    /// The path, decoded, beginning with `/`.
    public var path: String
    /// The path's parts between its slashes, each decoded by itself: one may have a slash in it.
    public var segments: [String]
    /// The parameters of the query, decoded, in their order; a name without a value has an empty
    /// one.
    public var query: [(name: String, value: String)]
    /// The header fields.
    public var headers: HTTPFields
    /// The body, whole; empty while only the head has come.
    public var body: [UInt8]
    /// The address of the other side, without its port: that of a proxy, where there is one.
    public var remoteAddress: String

    /// Describes a request.
    public init(
        method: String,
        path: String,
        segments: [String]? = nil,
        query: [(name: String, value: String)] = [],
        headers: HTTPFields = HTTPFields(),
        body: [UInt8] = [],
        remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.segments =
            segments
            ?? path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }
}

/// Header fields in their order; names are found in any case.
public struct HTTPFields: Sendable, ExpressibleByDictionaryLiteral {
    /// The fields as they came.
    public private(set) var all: [(name: String, value: String)]

    /// Makes a list of fields.
    public init(_ fields: [(name: String, value: String)] = []) { all = fields }

    /// Makes a list of fields.
    public init(dictionaryLiteral fields: (String, String)...) {
        all = fields.map { (name: $0.0, value: $0.1) }
    }

    /// The value of the first field of a name; setting one replaces all of the name.
    public subscript(name: String) -> String? {
        get { all.first { $0.name.isSameField(as: name) }?.value }
        set {
            all.removeAll { $0.name.isSameField(as: name) }
            if let newValue { all.append((name, newValue)) }
        }
    }

    /// Adds fields whose names are not among these.
    mutating func addMissing(_ fields: [(name: String, value: String)]) {
        let missing = fields.filter { field in
            !all.contains { $0.name.isSameField(as: field.name) }
        }
        all += missing
    }

    /// The values of all fields of a name, in their order.
    public func values(of name: String) -> [String] {
        all.filter { $0.name.isSameField(as: name) }.map(\.value)
    }
}

extension String {
    /// Whether two names of header fields are the same: case counts for nothing, ASCII's alone.
    fileprivate func isSameField(as other: String) -> Bool {
        func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
        return utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { lowered($0) == lowered($1) }
    }
}
