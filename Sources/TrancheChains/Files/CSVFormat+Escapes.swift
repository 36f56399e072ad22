extension CSVFormat {
    /// The meaning of a byte after an escape.
    public enum Escapes: Sendable, Hashable {
        /// There are no escapes: each byte stands for itself.
        case none
        /// One ASCII character, before which a quote, delimiter, line end or itself is a byte like
        /// others.
        ///
        /// Before anything else it stays. Where fields may be enclosed in quotes it means something
        /// within them only, as Spark and MariaDB's `ENCLOSED BY '"'` write it.
        case character(Character)
        /// Those of PostgreSQL's text COPY: `\b`, `\f`, `\n`, `\r`, `\t`, `\v`, octal and
        /// hexadecimal bytes; any other byte is itself. The line `\.` ends the data.
        ///
        /// Source: PostgreSQL 15 manual, COPY, "Text Format".
        case postgreSQL
        /// Those of MariaDB's and MySQL's `LOAD DATA`: `\0`, `\b`, `\n`, `\r`, `\t`, `\Z`; any
        /// other byte is itself, line feeds and tabs among them.
        ///
        /// Source: MariaDB's documentation, LOAD DATA INFILE.
        case mariaDB
        /// Those of TSV as Miller writes it: `\t`, `\n`, `\r`, `\\`; before anything else a
        /// backslash stays.
        case tsv
    }

    /// TSV: tabs, no quotes, and ``Escapes-swift.enum/tsv``.
    public static let tsv = CSVFormat(delimiter: "\t", quote: nil, escapes: .tsv)

    /// The default format of PostgreSQL's text COPY: tabs, no quotes, `\N` for null, and no header.
    public static let postgreSQLCopy = CSVFormat(
        delimiter: "\t",
        quote: nil,
        escapes: .postgreSQL,
        nulls: ["\\N"],
        headerLines: 0
    )

    /// The default format of `INTO OUTFILE` in MariaDB and MySQL: tabs, no quotes, `\N` for null,
    /// and no header.
    public static let mariaDBOutfile = CSVFormat(
        delimiter: "\t",
        quote: nil,
        escapes: .mariaDB,
        nulls: ["\\N"],
        headerLines: 0
    )
}
