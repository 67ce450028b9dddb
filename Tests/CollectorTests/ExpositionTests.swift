import Model
import Testing

@testable import Collector

/// Pages of metrics, by what the specifications of both formats say and their own readers' tests look at.
@Suite struct ExpositionTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        var dialects = MetricsPage.Dialect.allCases
        let page: String
        /// Families that are described, and samples as they were read.
        var families: [String] = []
        let samples: [String]

        var testDescription: String { name }
    }

    static func read(_ page: String, _ dialect: MetricsPage.Dialect) throws(ExpositionFault) -> MetricsPage {
        try read(Array(page.utf8), dialect)
    }

    static func read(_ bytes: [UInt8], _ dialect: MetricsPage.Dialect) throws(ExpositionFault) -> MetricsPage {
        let result = bytes.withUnsafeBytes { bytes -> Result<MetricsPage, ExpositionFault> in
            do throws(ExpositionFault) { return .success(try Exposition.read(bytes, dialect)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    static func lines(_ page: MetricsPage) -> [String] {
        page.samples.map { sample in
            let labels = page.labels(of: sample).map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            let name = page.names[Int(sample.name)]
            let at = sample.timestamp.map { " @\($0.milliseconds)" } ?? ""
            return "\(page.families[name.family].name)/\(name.text){\(labels)} \(sample.value)\(at)"
        }
    }

    static let both: [Case] = [
        Case(
            name: "a counter", page: "# TYPE a counter\n# HELP a help\na_total 1\n", families: ["a counter"], samples: ["a/a_total{} 1.0"]),
        Case(
            name: "a count beyond 63 bits", page: "# TYPE a counter\na_total 9223372036854775808\n", families: ["a counter"],
            samples: ["a/a_total{} 9.223372036854776e+18"]),
        Case(name: "a gauge", page: "# HELP a help\n# TYPE a gauge\na 1.2\n", families: ["a gauge"], samples: ["a/a{} 1.2"]),
        Case(
            name: "a summary with its quantiles", page: "# TYPE a summary\na_count 1\na_sum 2\na{quantile=\"0.5\"} 0.7\n",
            families: ["a summary"], samples: ["a/a_count{} 1.0", "a/a_sum{} 2.0", "a/a{quantile=0.5} 0.7"]),
        Case(
            name: "a histogram",
            page: "# TYPE a histogram\na_bucket{le=\"1\"} 0\na_bucket{le=\"+Inf\"} 3\na_count 3\na_sum 2\na_created 1520430000.123\n",
            families: ["a histogram"],
            samples: [
                "a/a_bucket{le=1} 0.0", "a/a_bucket{le=+Inf} 3.0", "a/a_count{} 3.0", "a/a_sum{} 2.0", "a/a_created{} 1520430000.123",
            ]),
        Case(name: "no description", page: "a 1\n", families: ["a unknown"], samples: ["a/a{} 1.0"]),
        Case(
            name: "braces within a value", page: "a{foo=\"bar\",bar=\"b{a}z\"} 1\n", families: ["a unknown"],
            samples: ["a/a{foo=bar,bar=b{a}z} 1.0"]),
        Case(name: "an empty help", page: "# HELP a \na 1\n", families: ["a unknown"], samples: ["a/a{} 1.0"]),
        Case(
            name: "what is no number of this world", page: "a +Inf\nb -Inf\nc NaN\n",
            families: ["a unknown", "b unknown", "c unknown"], samples: ["a/a{} inf", "b/b{} -inf", "c/c{} nan"]),
        Case(name: "no labels in braces", page: "a{} 1\n", families: ["a unknown"], samples: ["a/a{} 1.0"]),
        Case(
            name: "a label without a text is a label", page: "a{foo=\"\"} 2\n", families: ["a unknown"], samples: ["a/a{foo=} 2.0"]),
        Case(
            name: "escapes", page: #"a{b="q\"q",c="n\nn",d="b\\b",e="o\o",f="\\n"} 1"# + "\n", families: ["a unknown"],
            samples: ["a/a{b=q\"q,c=n\nn,d=b\\b,e=o\\o,f=\\n} 1.0"]),
        Case(
            name: "names in quotes", page: "# TYPE \"a.b\" gauge\n{\"a.b\",\"l.m\"=\"佖佥\"} 1\n{x=\"1\",\"a.b\"} 2\n",
            families: ["a.b gauge"], samples: ["a.b/a.b{l.m=佖佥} 1.0", "a.b/a.b{x=1} 2.0"]),
        Case(
            name: "names with colons", page: "job:a:rate5m 1e-3\n", families: ["job:a:rate5m unknown"],
            samples: ["job:a:rate5m/job:a:rate5m{} 0.001"]),
    ]

    static let text: [Case] = [
        Case(name: "a counter by its bare name", page: "# TYPE a counter\na 1\n", families: ["a counter"], samples: ["a/a{} 1.0"]),
        Case(
            name: "blanks and tabs anywhere",
            page:
                "#\tTYPE \ta\tcounter\n \ta  1\na{ foo = \"bar\" } 1\na\t\t{\t\tfoo\t\t=\t\t\"baz\"\t\t}\t\t2 \na{foo=\"bez\"}6\n",
            families: ["a counter"], samples: ["a/a{} 1.0", "a/a{foo=bar} 1.0", "a/a{foo=baz} 2.0", "a/a{foo=bez} 6.0"]),
        Case(
            name: "commas that stand alone", page: "a{foo=\"bar\",} 1\nb{,} 2\nc{ , } 3\n",
            families: ["a unknown", "b unknown", "c unknown"], samples: ["a/a{foo=bar} 1.0", "b/b{} 2.0", "c/c{} 3.0"]),
        Case(
            name: "remarks and empty lines", page: "\n# a remark. about nothing\n#\n# TYPE\n# HELP\n# UNIT a s\n# EOF\na 1\n",
            families: ["a unknown"], samples: ["a/a{} 1.0"]),
        Case(
            name: "timestamps in milliseconds", page: "a 1\t000\nb 88   1234566000   \nc 1 -5\n",
            families: ["a unknown", "b unknown", "c unknown"],
            samples: ["a/a{} 1.0 @0", "b/b{} 88.0 @1234566000", "c/c{} 1.0 @0"]),
        Case(name: "line ends of Windows", page: "# TYPE a gauge\r\na 1\r\n\r\n", families: ["a gauge"], samples: ["a/a{} 1.0"]),
        Case(name: "no line end at the end", page: "a 1", families: ["a unknown"], samples: ["a/a{} 1.0"]),
        Case(name: "nothing at all", page: "", samples: []),
        Case(
            name: "a family in two parts, described twice", page: "# TYPE a gauge\na{b=\"1\"} 1\nc 1\n# TYPE a counter\na{b=\"2\"} 2\n",
            families: ["a gauge", "c unknown"], samples: ["a/a{b=1} 1.0", "c/c{} 1.0", "a/a{b=2} 2.0"]),
        Case(
            name: "untyped, as Redis' exporter has it", page: "# TYPE r untyped\nr{port=\"6380\"} 10.0\n", families: ["r unknown"],
            samples: ["r/r{port=6380} 10.0"]),
        Case(
            name: "a name that needs quotes and escapes", page: #"{"my.m{} # = \" \n","x. }}{{ # HELP"="\n y } \" v"} 1"# + "\n",
            families: ["my.m{} # = \" \n unknown"], samples: ["my.m{} # = \" \n/my.m{} # = \" \n{x. }}{{ # HELP=\n y } \" v} 1.0"]),
    ]

    static let openMetrics: [Case] = [
        Case(
            name: "exemplars are read and dropped",
            page: """
                # TYPE a histogram
                a_bucket{le="1"} 0 # {a="b"} 0.5
                a_bucket{le="2"} 2 123 # {a="c",d="e"} 0.5
                a_bucket{le="+Inf"} 3 # {} 4 123.5

                """, families: ["a histogram"],
            samples: ["a/a_bucket{le=1} 0.0", "a/a_bucket{le=2} 2.0 @123000", "a/a_bucket{le=+Inf} 3.0"]),
        Case(
            name: "timestamps in seconds", page: "a 1 0.0\nb 1 1.1\nc 1 1.5e3\nd 1 12345678901234567890.1\n",
            families: ["a unknown", "b unknown", "c unknown", "d unknown"],
            samples: ["a/a{} 1.0 @0", "b/b{} 1.0 @1100", "c/c{} 1.0 @1500000", "d/d{} 1.0 @253402300799999"]),
        Case(
            name: "a unit", page: "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n", families: ["a_seconds gauge seconds"],
            samples: ["a_seconds/a_seconds{} 1.0"]),
        Case(
            name: "an info and a set of states",
            page: "# TYPE a info\na_info{version=\"1\"} 1\n# TYPE b stateset\nb{b=\"on\"} 1\nb{b=\"off\"} 0\n",
            families: ["a info", "b stateSet"], samples: ["a/a_info{version=1} 1.0", "b/b{b=on} 1.0", "b/b{b=off} 0.0"]),
        Case(
            name: "a histogram of gauges", page: "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 3\na_gcount 3\na_gsum 2\n",
            families: ["a gaugeHistogram"], samples: ["a/a_bucket{le=+Inf} 3.0", "a/a_gcount{} 3.0", "a/a_gsum{} 2.0"]),
    ]

    static func families(_ page: MetricsPage) -> [String] {
        page.families.map { "\($0.name) \($0.kind)" + ($0.unit.isEmpty ? "" : " " + $0.unit) }
    }

    @Test(arguments: both) func `what both formats have in common`(_ example: Case) throws {
        for dialect in MetricsPage.Dialect.allCases {
            let page = try Self.read(example.page + (dialect == .openMetrics ? "# EOF\n" : ""), dialect)
            #expect(Self.families(page) == example.families)
            #expect(Self.lines(page) == example.samples)
        }
    }

    @Test(arguments: text) func `the text format`(_ example: Case) throws {
        let page = try Self.read(example.page, .text)
        #expect(Self.families(page) == example.families)
        #expect(Self.lines(page) == example.samples)
    }

    @Test(arguments: openMetrics) func `OpenMetrics`(_ example: Case) throws {
        for end in ["# EOF\n", "# EOF"] {
            let page = try Self.read(example.page + end, .openMetrics)
            #expect(Self.families(page) == example.families)
            #expect(Self.lines(page) == example.samples)
        }
    }

    // MARK: What is refused

    /// A broken page with the line that is to blame.
    static let broken: [(page: String, line: Int)] = [
        ("a\n", 1), ("a \n", 1), ("a{a=1} 1\n", 1), ("a{a=\"1} 1\n", 1), ("a{a='1'} 1\n", 1), ("a{a=\"1\"b=\"2\"} 1\n", 1),
        ("a{a=\"1\",,b=\"2\"} 1\n", 1), ("ok 1\n0a 1\n", 2), ("a.b 1\n", 1), ("a-b 1\n", 1), ("a a\n", 1), ("a 1z\n", 1), ("a 1_0\n", 1),
        ("a 0x10\n", 1), ("a 1 z\n", 1), ("a 1 1z\n", 1), ("a 1 1.1.1\n", 1), ("# TYPE a meh\n", 1), ("# TYPE a gauge gauge\n", 1),
        ("# TYPE a.b gauge\n", 1), ("a{a=\"1\",a=\"2\"} 1\n", 1), ("a{=\"1\"} 1\n", 1), ("{} 1\n", 1), ("{a=\"1\"} 1\n", 1),
        ("a{a=\"1\"\n", 1), ("a{\"a\" 1\n", 1), ("a 1 NaN\n", 1), ("é 1\n", 1), ("a 1\nb 2\n\"c\" 1\n", 3),
    ]

    static let brokenText: [(page: String, line: Int)] = [
        ("a{b=\"c\",, } 1\n", 1), ("a 1 1.5\n", 1), ("a 1 2 3\n", 1), ("a 1 # {a=\"b\"} 0.5\n", 1), ("{\"a\"=\"b\",c=\"d\"} 1\n", 1),
    ]

    static let brokenOpenMetrics: [(page: String, line: Int)] = [
        ("", 0), ("a 1\n", 1), ("a 1\n# EOF\nblah", 3), ("a 1\n# EOFblah", 2), ("a 1\n# EOF \n", 2), ("\na 1\n# EOF\n", 1),
        ("a{a=\"1\",b=\"2\",} 1\n# EOF\n", 1), ("# HELP\n# EOF\n", 1), ("# HELP a\n# EOF\n", 1), ("# HELP a\t\n# EOF\n", 1),
        (" # HELP a meh\n# EOF\n", 1), ("# TYPE\n# EOF\n", 1), ("# TYPE a \n# EOF\n", 1), ("# TYPE a gauge \n# EOF\n", 1),
        ("# UNIT a\n# EOF\n", 1), ("# UNIT a seconds\n# EOF\n", 1), ("# UNIT a_seconds seconds \n# EOF\n", 1),
        ("# TYPE x_u info\n# UNIT x_u u\n# EOF\n", 2), ("# TYPE x_u stateset\n# UNIT x_u u\n# EOF\n", 2), ("# a remark\n# EOF\n", 1),
        ("a  1\n# EOF\n", 1), ("a 1\t\n# EOF\n", 1), ("a 1 \n# EOF\n", 1), ("a 1\r\n# EOF\n", 1), ("a{ b=\"c\"} 1\n# EOF\n", 1),
        ("a_bucket{le=\"+Inf\"} 1 #\n# EOF\n", 1), ("a_bucket{le=\"+Inf\"} 1# {} 1\n# EOF\n", 1),
        ("a_bucket{le=\"+Inf\"} 1 #{} 1\n# EOF\n", 1), ("a_bucket{le=\"+Inf\"} 1 # {}1\n# EOF\n", 1),
        ("a_bucket{le=\"+Inf\"} 1 # {} 1 \n# EOF\n", 1), ("a_bucket{le=\"+Inf\"} 1 # {} 1 1 \n# EOF\n", 1), ("a 1 # {} 1 NaN\n# EOF\n", 1),
        ("# TYPE a gauge\n# TYPE a counter\n# EOF\n", 2), ("a 1\nb 1\na 2\n# EOF\n", 3), ("# TYPE a counter\na 1\n# EOF\n", 2),
        ("# TYPE a histogram\na 1\n# EOF\n", 2),
    ]

    @Test(arguments: broken) func `one line that cannot be read is named`(_ page: String, _ line: Int) {
        for dialect in MetricsPage.Dialect.allCases {
            #expect(throws: ExpositionFault.self) { try Self.read(page + (dialect == .openMetrics ? "# EOF\n" : ""), dialect) }
            do { _ = try Self.read(page, dialect) } catch { #expect(error.line == line, "\(error)") }
        }
    }

    @Test(arguments: brokenText) func `what the text format has not`(_ page: String, _ line: Int) {
        do {
            _ = try Self.read(page, .text)
            Issue.record("read")
        } catch { #expect(error.line == line, "\(error)") }
    }

    @Test(arguments: brokenOpenMetrics) func `what OpenMetrics forbids`(_ page: String, _ line: Int) {
        do {
            _ = try Self.read(page, .openMetrics)
            Issue.record("read")
        } catch { #expect(error.line == line, "\(error)") }
    }

    @Test func `a label's value that is no UTF-8 is refused, and so is a page that is too long`() {
        #expect(throws: ExpositionFault.self) { try Self.read(Array("a{b=\"".utf8) + [0xFF] + Array("\"} 1\n".utf8), .text) }
        #expect(throws: ExpositionFault.self) { try Self.read([UInt8](repeating: 10, count: Exposition.longestPage + 1), .text) }
        #expect(throws: ExpositionFault.self) {
            try Self.read(String(repeating: "a 1\n", count: Exposition.mostSamples + 1), .text)
        }
        let names = (0...Exposition.mostFamilies).map { "a\($0) 1\n" }.joined()
        #expect(throws: ExpositionFault.self) { try Self.read(names, .text) }
        let labels = (0...Exposition.mostLabels).map { "l\($0)=\"\"" }.joined(separator: ",")
        #expect(throws: ExpositionFault.self) { try Self.read("a{\(labels)} 1\n", .text) }
    }

    @Test(
        arguments: [
            (nil, .text), ("text/plain", .text), ("text/plain; version=0.0.4; charset=utf-8", .text), ("TEXT/PLAIN;version=1.0.0", .text),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics), ("application/openmetrics-text", .openMetrics),
            ("text/html", nil), ("application/json", nil), ("application/vnd.google.protobuf; proto=x", nil),
        ] as [(String?, MetricsPage.Dialect?)])
    func `the content type says how a page is written`(_ type: String?, _ dialect: MetricsPage.Dialect?) {
        #expect(Exposition.dialect(type) == dialect)
    }

    // MARK: Bytes of strangers

    /// Pages with bytes changed, cut out and doubled are read or refused: nothing traps, and a page that is read holds together.
    @Test(arguments: MetricsPage.Dialect.allCases) func `changed pages are read or refused`(_ dialect: MetricsPage.Dialect) {
        let seeds = (Self.both + (dialect == .text ? Self.text : Self.openMetrics)).map { Array($0.page.utf8) }
        let marks: [UInt8] = Array("{}\"\\,=# \n\r\t0.eE+-NIF_:aé".utf8) + [0x00, 0xFF, 0x80]
        var random = UInt64(0x9E37_79B9_7F4A_7C15)
        func next(_ bound: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random % UInt64(bound))
        }
        for _ in 0..<20_000 {
            var page = seeds[next(seeds.count)]
            for _ in 0...next(4) {
                let place = next(page.count + 1)
                switch next(4) {
                case 0: page.insert(marks[next(marks.count)], at: place)
                case 1 where place < page.count: page[place] = marks[next(marks.count)]
                case 2 where place < page.count: page.remove(at: place)
                default: page.insert(contentsOf: seeds[next(seeds.count)].prefix(next(40)), at: place)
                }
            }
            guard let read = try? Self.read(page, dialect) else { continue }
            for sample in read.samples {
                #expect(read.names[Int(sample.name)].family < read.families.count)
                #expect(Int(sample.labels.upperBound) <= read.labels.count)
            }
        }
    }
}
