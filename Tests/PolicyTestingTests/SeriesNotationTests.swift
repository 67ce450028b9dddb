import Model
import Testing

@testable import PolicyTesting

@Suite struct SeriesNotationTests {
    private static func values(_ numbers: Double...) -> [Evidence] { numbers.map { .value($0) } }

    /// (text, unit, steps)
    static let texts: [(String, Unit, [Evidence])] = [
        ("6x3", .runs, values(6, 6, 6)), ("6x2 8", .runs, values(6, 6, 8)), ("0x2", .runs, values(0, 0)),
        ("40%x2", .percent, values(40, 40)), ("40 45%", .percent, values(40, 45)),
        ("1.5sx2", .seconds, values(1.5, 1.5)), ("200ms", .seconds, values(0.2)), ("2m", .seconds, values(120)),
        ("3USD/hx2", .dollarsPerHour, values(3, 3)), ("5/minx2", .perMinute, values(5, 5)),
        ("10+5x4", .runs, values(10, 15, 20, 25)), ("30-10x3", .runs, values(30, 20, 10)),
        ("1s+500msx3", .seconds, values(1, 1.5, 2)), ("inf", .number, [.value(.infinity)]),
        ("_", .runs, [.missing(.tooLittleData)]), ("_x2 1", .runs, [.missing(.tooLittleData), .missing(.tooLittleData), .value(1)]),
        ("_dead_counterx2", .runs, [.missing(.deadCounter), .missing(.deadCounter)]),
        ("_error(500)x1 _no_traffic", .runs, [.missing(.error(status: 500)), .missing(.noTraffic)]),
        ("  6x1\n 7x1 ", .runs, values(6, 7)),
    ]

    @Test(arguments: texts) func reads(_ text: String, _ unit: Unit, _ steps: [Evidence]) throws {
        #expect(try SeriesNotation(text, unit: unit).steps == steps)
    }

    @Test func aSingleItemHoldsThroughout() throws {
        let constant = try SeriesNotation("5", unit: .runs)
        #expect(constant.isConstant && constant.at(1_000) == .value(5))
        let once = try SeriesNotation("5x1", unit: .runs)
        #expect(!once.isConstant && once.at(0) == .value(5) && once.at(1) == nil)
    }

    /// A line that is drawn ahead crosses zero: that is what is asked of it.
    @Test func belowZeroWhereThatCanBe() throws {
        #expect(try SeriesNotation("5%x2 -3%x2", unit: .percent, mayBeNegative: true).steps == Self.values(5, 5, -3, -3))
        #expect(try SeriesNotation("4-3x3 -1+2x2", unit: .number, mayBeNegative: true).steps == Self.values(4, 1, -2, -1, 1))
        #expect(try SeriesNotation("-5", unit: .number, mayBeNegative: true).isConstant)
        #expect(throws: SeriesNotation.Fault.self) { try SeriesNotation("--5", unit: .number, mayBeNegative: true) }
        #expect(throws: SeriesNotation.Fault.self) { try SeriesNotation("5--5x2", unit: .number, mayBeNegative: true) }
    }

    /// (text, unit, the part that is wrong, what is said)
    static let faults: [(String, Unit, String, String)] = [
        ("6 eight", .runs, "eight", "'eight' is no value here"), ("40%", .runs, "40%", "'40%' is no value here"),
        ("6x", .runs, "6x", "'6x' is no value here"), ("6x0", .runs, "6x0", "at least once"),
        ("-5", .runs, "-5", "'-5' is no value here"), ("10-5x4", .runs, "10-5x4", "falls below 0"),
        ("1 _nosuchx3", .runs, "_nosuchx3", "no reason 'nosuch'"), ("", .runs, "", "no values"), (" ", .runs, " ", "no values"),
        ("5x999999999999", .runs, "5x999999999999", "more than 100000 steps"),
        ("5x99999999999999999999", .runs, "5x99999999999999999999", "at least once"),
        ("nan", .runs, "nan", "is no value"), ("1e9x2", .runs, "1e9x2", "is no value"), ("x5", .runs, "x5", "is no value"),
        ("5x60000 5x60000", .runs, "5x60000", "more than"), ("\u{0}", .runs, "\u{0}", "is no value"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ unit: Unit, _ part: String, _ says: String) throws {
        do throws(SeriesNotation.Fault) {
            _ = try SeriesNotation(text, unit: unit)
            Issue.record("'\(text)' was read")
        } catch {
            #expect(error.message.contains(says), "\(error.message)")
            let bytes = Array(text.utf8)
            #expect(String(decoding: bytes[error.range.clamped(to: 0..<bytes.count)], as: UTF8.self) == part)
        }
    }

    /// Whatever bytes come, an answer or a fault within the text.
    @Test func takesAnyBytes() {
        var seed: UInt64 = 5
        func roll(_ sides: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(sides))
        }
        let alphabet = Array("0123456789x_+-.%/ minsUSDhé_no_traffic()".unicodeScalars)
        for _ in 0..<3_000 {
            var text = ""
            for _ in 0..<roll(14) { text.unicodeScalars.append(alphabet[roll(alphabet.count)]) }
            do throws(SeriesNotation.Fault) {
                let read = try SeriesNotation(text, unit: .perMinute)
                #expect(!read.steps.isEmpty && read.steps.allSatisfy { ($0.value ?? 0) >= 0 })
            } catch {
                #expect(error.range.upperBound <= max(1, text.utf8.count))
            }
        }
    }
}
