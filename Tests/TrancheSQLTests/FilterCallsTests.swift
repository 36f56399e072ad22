import Testing
import TrancheSQL

@Suite("A filter's words tell what it calls")
struct FilterCallsTests {
    typealias Call = FilterCalls.Call

    static let filters: [(filter: String, calls: Set<Call>)] = [
        ("a = 1", []),
        ("lower(a) = 'x'", [Call("lower", arguments: 1)]),
        ("LOWER (a) = 'x'", [Call("lower", arguments: 1)]),
        ("random() < 5", [Call("random", arguments: 0)]),
        ("random /* no */ ( ) < 5", [Call("random", arguments: 0)]),
        ("random -- no\n( ) < 5", [Call("random", arguments: 0)]),
        ("pg_catalog.now() > a", [Call("now", arguments: 0)]),
        ("\"Odd\"(a, 'b,c', (1)) > 0", [Call("Odd", arguments: 3)]),
        ("[random]() > 0", [Call("random", arguments: 0)]),
        ("`random`() > 0", [Call("random", arguments: 0)]),
        ("größe(a) > 1e5", [Call("größe", arguments: 1)]),
        (
            "f(g(a, b), h())",
            [
                Call("f", arguments: 2), Call("g", arguments: 2), Call("h", arguments: 0),
            ]
        ),
        ("a in (1, 2)", [Call("in", arguments: 2)]),
        ("a = 'now()' -- random()", []),
        ("a = 'it''s now()'", []),
        (#"a = E'it\'s now()' and b = 'x'"#, []),
        ("a = $$now()$$ and b = $x$ random() $x$", []),
        ("a = 1 /* random() ", []),
        ("(a) = 1", []),
    ]

    @Test("Names before parentheses are calls, not in literals and comments", arguments: filters)
    func calls(_ expected: (filter: String, calls: Set<Call>)) {
        #expect(FilterCalls(in: expected.filter).calls == expected.calls)
    }

    @Test("Words are those outside quotes, in lower case")
    func words() {
        let found = FilterCalls(in: #"a > CURRENT_DATE and "now" = 'Today' and b$1 = 2 -- c"#)
        #expect(found.words == ["a", "current_date", "and", "b$1"])
    }

    @Test("Literals are told without quotes, in lower case")
    func literals() {
        let found = FilterCalls(
            in: #"a = 'NOW' or b = "Utc" or c = 'it''s' or d = $q$x'$q$ or e = ''"#
        )
        #expect(found.literals == ["now", "utc", "it's", "x'", ""])
    }
}
