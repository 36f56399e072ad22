import Testing
import Tranche

@testable import TrancheHTTP

@Suite struct XMLTests {
    private func read(_ xml: String) throws -> [String] {
        try XMLTexts(Array(xml.utf8)).texts.map {
            $0.path.joined(separator: "/") + "=" + $0.text
        }
    }

    @Test func elementsEndInOrder() throws {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>\n<!-- a > b -->
            <List xmlns="http://s3/?a>b"><Key>a&amp;&lt;&gt;&quot;&apos;&#233;&#x1F600;</Key>
            <Size >12</Size ><None/><Raw><![CDATA[<&]]></Raw>\r\n</List>\n
            """
        #expect(
            try read(xml) == [
                "List/Key=a&<>\"'é😀", "List/Size=12", "List/None=", "List/Raw=<&", "List=\n",
            ]
        )
    }

    @Test(arguments: [
        "", " ", "text", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a></a>x", "<a>&no;</a>",
        "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>", "<a b='<'/>", "<a b='>", "< a/>", "<1/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><!-- </a>", "<![CDATA[x]]><a/>", "<>x</>",
    ])
    func unsoundIsRefused(xml: String) {
        #expect(throws: TrancheError.self) { try read(xml) }
    }
}
