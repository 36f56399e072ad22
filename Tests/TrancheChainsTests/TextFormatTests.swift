import Testing

@testable import TrancheChains

@Suite("Formats of texts")
struct TextFormatTests {
    static let cases: [(TextFormat, [String], [String])] = [
        (.date, ["2000-02-29", "1969-12-31"], ["1900-02-29", "2024-1-1", "2024-00-10", ""]),
        (
            .dateTime,
            ["2024-02-29T23:59:59Z", "1998-12-31T23:59:60Z", "1990-12-31T15:59:60.5-08:00"],
            [
                "2024-02-29 23:59:59Z", "2024-02-29T23:59:59", "1998-12-31T23:58:60Z",
                "2024-02-29T24:00:00Z",
            ]
        ),
        (
            .time, ["08:30:06Z", "08:30:06.1+00:20", "00:29:60-23:30"],
            ["08:30:06", "8:30:06Z", "08:30:06+24:00", "08:30:06.Z", "22:59:60Z"]
        ),
        (
            .duration, ["P1Y2M3DT4H5M6S", "P2W", "PT36H", "P1M", "PT0S"],
            ["P", "PT", "P1YT", "P1Y2D", "P1D2H", "P2S", "P1W2D", "1D", "-P1D", "PT0.5S"]
        ),
        (
            .email, ["a@b.c", "\"a b\"@c.d", "a@[127.0.0.1]", "a@[IPv6:::1]", "~a+b@x-y.org"],
            [
                "a", "@b", "a@", "a b@c", "a@b@c", "a@-b.c", ".a@b.c", "a..b@c.d", "a@[300.0.0.1]",
                "é@b.c",
            ]
        ),
        (.idnEmail, ["Zoé@exämple.org"], ["é"]),
        (.hostname, ["a-b.example", "1host"], ["", "a.", "-a", "a_b", "a..b", "é.org"]),
        (.ipv4, ["0.0.0.0", "255.255.255.255"], ["1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4 "]),
        (
            .ipv6, ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2::1.2.3.4"],
            [
                "1", ":1:2:3:4:5:6:7", "1::2::3", "12345::", "1:2:3:4:5:6:7", "::1.2.3", ":::",
                "::1%eth0",
            ]
        ),
        (
            .uri,
            ["http://a.b/c?d#e", "urn:x:y", "ldap://[2001:db8::7]/c", "http://a:80/%6a", "a:"],
            [
                "//a/b", "a b:c", "1a:b", "http://a/%6G", "http://a/%", "http://a:b/",
                "http://[::1.02.3.4]", "http://é/", "http://a/<>",
            ]
        ),
        (.uriReference, ["/a", "", "#f", "?q", "./a:b", "//h"], ["1:b", "\\a", "/%zz", "/[::1]"]),
        (.iri, ["http://é/ß?q"], ["/é", "http://[::x]"]),
        (.uriTemplate, ["/a/{b}{?c*,d:3}"], ["{", "}", "{a,,b}", "{a:0}", "a b"]),
        (
            .uuid, ["123e4567-e89b-12d3-a456-426614174000"],
            ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"]
        ),
        (.jsonPointer, ["", "/a~0b~1/", "/"], ["a", "/~", "/~2", "#"]),
        (.relativeJSONPointer, ["0", "1/a", "12#"], ["", "01", "-1", "1#/a", "/a"]),
        (.regex, ["a+", "(?<=a+)b", "[^]"], ["(", #"\a"#, "a**"]),
    ]

    @Test("A format takes what its standard says, and nothing else", arguments: cases)
    func formats(format: TextFormat, valid: [String], invalid: [String]) {
        func matches(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return bytes.withUnsafeBufferPointer { format.matches($0) }
        }
        for text in valid { #expect(matches(text), "\(text)") }
        for text in invalid { #expect(!matches(text), "\(text)") }
    }
}
