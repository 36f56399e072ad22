import Testing
import TrancheSQL

@testable import TranchePostgreSQL

@Suite("How columns are copied")
struct CopyColumnTests {
    @Test(
        "Only a type whose binary form is known is copied in binary",
        arguments: [
            ("character varying(50)", true), ("character varying", true), ("text", true),
            ("character varying(50)[]", false), ("character varying[]", false), ("text[]", false),
            ("character(3)", false), ("timestamp(3) with time zone", false), ("integer[]", false),
        ]
    )
    func kinds(type: String, isBinary: Bool) {
        let column = SQLLoad.Column(name: "v", type: type, baseType: type)
        #expect((PostgreSQLCopyColumn(column).kind != nil) == isBinary)
    }
}
