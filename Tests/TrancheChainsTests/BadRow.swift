import TestSupport
import Testing

/// A fault of a single record of many, and a table that does not take it.
struct BadRow: Sendable, CustomTestStringConvertible {
    let name: String
    let backend: TestDatabase.Backend
    /// Makes the tables; `@` stands for what is before their names.
    let script: String
    /// The bad record's values.
    var values: [String: Int] = [:]
    /// The bad record's text in `name`; empty for none.
    var text: String?
    /// A field that the others do not have.
    var extra: String?
    /// What it is refused with.
    let words: String

    var testDescription: String { "\(backend) \(name)" }

    private static let columns = "id bigint PRIMARY KEY, name text"
    private static let plain = "CREATE TABLE @t (\(columns), v int, r int);"

    static let postgreSQL: [BadRow] = TestDatabase.Backend.available.count < 2 ? [] : servers

    private static let servers: [BadRow] = [
        BadRow(
            "UNIQUE",
            "CREATE TABLE @t (\(columns) UNIQUE, v int, r int)",
            text: "n5",
            "Key (name)=(n5) already exists"
        ),
        BadRow(
            "UNIQUE, deferred",
            "CREATE TABLE @t (\(columns) UNIQUE DEFERRABLE INITIALLY DEFERRED, v int, r int)",
            text: "n5",
            "Key (name)=(n5) already exists"
        ),
        BadRow(
            "NOT NULL",
            "CREATE TABLE @t (\(columns) NOT NULL, v int, r int)",
            text: "",
            "\"name\""
        ),
        BadRow(
            "CHECK",
            "CREATE TABLE @t (\(columns), v int CONSTRAINT low CHECK (v < 1000), r int)",
            ["v": 5000],
            "\"low\""
        ),
        BadRow(
            "foreign key",
            """
            CREATE TABLE @p (id int PRIMARY KEY); INSERT INTO @p VALUES (1);
            CREATE TABLE @t (\(columns), v int, r int REFERENCES @p)
            """,
            ["r": 7],
            "Key (r)=(7) is not present"
        ),
        BadRow(
            "foreign key, deferred",
            """
            CREATE TABLE @p (id int PRIMARY KEY); INSERT INTO @p VALUES (1);
            CREATE TABLE @t (\(columns), v int, r int REFERENCES @p DEFERRABLE INITIALLY DEFERRED)
            """,
            ["r": 7],
            "Key (r)=(7) is not present"
        ),
        BadRow(
            "exclusion",
            "CREATE TABLE @t (\(columns), v int, r int, EXCLUDE USING btree (name WITH =))",
            text: "n5",
            "conflicting key"
        ),
        BadRow(
            "text of a number",
            "CREATE TABLE @t (\(columns), v int, r bigint)",
            ["v": 1 << 40],
            "column v"
        ),
        BadRow(
            "text of a number, as text",
            "CREATE TABLE @t (id bigint PRIMARY KEY, name numeric, v int, r int)",
            text: "x",
            "column 'name'"
        ),
        BadRow(
            "length",
            "CREATE TABLE @t (id bigint PRIMARY KEY, name varchar(8), v int, r int)",
            text: "ninechars",
            "column 'name'"
        ),
        BadRow(
            "numeric overflow",
            "CREATE TABLE @t (\(columns), v numeric(3, 0), r int)",
            ["v": 5000],
            "column 'v'"
        ),
        BadRow(
            "domain",
            "CREATE DOMAIN @low AS int CHECK (value < 1000); CREATE TABLE @t (\(columns), v @low, r int)",
            ["v": 5000],
            "domain"
        ),
        BadRow(
            "partition",
            """
            CREATE TABLE @t (\(columns), v int, r int) PARTITION BY RANGE (id);
            CREATE TABLE @t1 PARTITION OF @t FOR VALUES FROM (0) TO (100000)
            """,
            ["id": 100_000],
            "no partition"
        ),
        BadRow("trigger before", trigger("BEFORE INSERT", "TRIGGER"), ["v": 5000], "no 5000"),
        // States that statements have where no row is to blame.
        BadRow(
            "trigger, insufficient privilege",
            trigger("BEFORE INSERT", "TRIGGER", state: "42501"),
            ["v": 5000],
            "no 5000"
        ),
        BadRow(
            "constraint trigger, undefined table",
            trigger(
                "AFTER INSERT",
                "CONSTRAINT TRIGGER",
                "DEFERRABLE INITIALLY DEFERRED",
                state: "42P01"
            ),
            ["v": 5000],
            "no 5000"
        ),
        BadRow(
            "syntax error of a value",
            "CREATE TABLE @t (id bigint PRIMARY KEY, name tsquery, v int, r int)",
            text: "a &",
            "no operand in tsquery"
        ),
        BadRow("trigger after", trigger("AFTER INSERT", "TRIGGER"), ["v": 5000], "no 5000"),
        BadRow(
            "trigger at the commit",
            trigger("AFTER INSERT", "CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED"),
            ["v": 5000],
            "no 5000"
        ),
        BadRow(
            "generated column",
            """
            CREATE TABLE @t (\(columns), v int, r int, q int GENERATED ALWAYS AS (10 / (v - 5000)) STORED)
            """,
            ["v": 5000],
            "division by zero"
        ),
        BadRow(
            "identity",
            """
            CREATE TABLE @t (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, v int, r int
            )
            """,
            text: "",
            "\"name\""
        ),
        BadRow("unknown field", plain, extra: "zz", "no column 'zz'"),
    ]

    private static func trigger(
        _ when: String,
        _ kind: String,
        _ put: String = "",
        state: String = "ABC01"
    ) -> String {
        """
        \(plain)
        CREATE FUNCTION @f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF new.v = 5000 THEN RAISE EXCEPTION 'no 5000' USING ERRCODE = '\(state)'; END IF;
            RETURN new;
        END $$;
        CREATE \(kind) g \(when) ON @t \(put) FOR EACH ROW EXECUTE FUNCTION @f()
        """
    }

    static let sqlite: [BadRow] = [
        BadRow(
            "UNIQUE",
            "CREATE TABLE t (\(columns) UNIQUE, v int, r int)",
            text: "n5",
            "t.name",
            .sqlite
        ),
        BadRow(
            "NOT NULL",
            "CREATE TABLE t (\(columns) NOT NULL, v int, r int)",
            text: "",
            "t.name",
            .sqlite
        ),
        BadRow(
            "NOT NULL ON CONFLICT ROLLBACK",
            "CREATE TABLE t (\(columns) NOT NULL ON CONFLICT ROLLBACK, v int, r int)",
            text: "",
            "t.name",
            .sqlite
        ),
        BadRow(
            "CHECK",
            "CREATE TABLE t (\(columns), v int CHECK (v < 1000), r int)",
            ["v": 5000],
            "v < 1000",
            .sqlite
        ),
        BadRow(
            "foreign key",
            """
            CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
            CREATE TABLE t (\(columns), v int, r int REFERENCES p)
            """,
            ["r": 7],
            "'7' in r refers to p",
            .sqlite
        ),
        BadRow(
            "foreign key, deferred",
            """
            CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
            CREATE TABLE t (\(columns), v int, r int REFERENCES p DEFERRABLE INITIALLY DEFERRED)
            """,
            ["r": 7],
            "'7' in r refers to p",
            .sqlite
        ),
        BadRow(
            "STRICT",
            "CREATE TABLE t (id integer PRIMARY KEY, name int, v int, r int) STRICT",
            text: "x",
            "cannot store TEXT",
            .sqlite
        ),
        BadRow("RAISE(ABORT)", raising("ABORT", "BEFORE"), ["v": 5000], "no 5000", .sqlite),
        BadRow("RAISE(FAIL)", raising("FAIL", "AFTER"), ["v": 5000], "no 5000", .sqlite),
        BadRow("RAISE(ROLLBACK)", raising("ROLLBACK", "AFTER"), ["v": 5000], "no 5000", .sqlite),
        BadRow(
            "unknown field",
            "CREATE TABLE t (\(columns), v int, r int)",
            extra: "zz",
            "'zz'",
            .sqlite
        ),
    ]

    private static func raising(_ how: String, _ when: String) -> String {
        """
        CREATE TABLE t (\(columns), v int, r int);
        CREATE TRIGGER g \(when) INSERT ON t WHEN new.v = 5000
        BEGIN SELECT RAISE(\(how), 'no 5000'); END
        """
    }

    private init(
        _ name: String,
        _ script: String,
        _ values: [String: Int] = [:],
        text: String? = nil,
        extra: String? = nil,
        _ words: String,
        _ backend: TestDatabase.Backend = .postgreSQL
    ) {
        self.name = name
        self.backend = backend
        self.script = script
        self.values = values
        self.text = text
        self.extra = extra
        self.words = words
    }

    /// The text of a file of records, of which one is bad.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - place: Which is bad, from 1.
    ///   - isJSON: Whether it is JSON Lines rather than CSV.
    /// - Returns: The text.
    func file(count: Int, bad place: Int, isJSON: Bool) -> String {
        // Where names must be numbers, they are.
        let isNumeric = script.contains("name numeric") || script.contains("name int")
        var lines = isJSON ? [] : ["id,name,v,r"]
        for number in 1...count {
            let isBad = number == place
            let id = isBad ? values["id"] ?? number : number
            let v = isBad ? values["v"] ?? 1 : number % 100
            let r = isBad ? values["r"] ?? 1 : 1
            let name = (isBad ? text : nil) ?? (isNumeric ? "\(number)" : "n\(number)")
            if isJSON {
                let quoted = name.isEmpty ? "null" : "\"\(name)\""
                let last = isBad ? extra.map { ",\"\($0)\":1" } ?? "" : ""
                lines.append("{\"id\":\(id),\"name\":\(quoted),\"v\":\(v),\"r\":\(r)\(last)}")
            } else {
                lines.append("\(id),\(name),\(v),\(r)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
