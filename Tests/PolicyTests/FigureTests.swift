import Model
import Policy
import Testing

@Suite struct FigureTests {
    static let table: [(Double, Unit, String)] = [
        (61, .percent, "61%"), (61.04, .percent, "61%"), (61.005, .percent, "61%"), (0, .percent, "0%"),
        (34, .runs, "34"), (2.5, .perMinute, "2.5/min"), (1_234.56, .perMinute, "1234.6/min"),
        (0.00004, .dollarsPerHour, "0 USD/h"), (0.12, .dollarsPerHour, "0.12 USD/h"), (12, .dollars, "12 USD"),
        (1.5, .seconds, "1.5s"), (0.0412, .seconds, "41.2ms"), (7_500, .seconds, "2h5m"), (-7_500, .seconds, "-2h5m"),
        (38_400_000, .bytes, "38.4 MB"), (512, .bytes, "512 B"), (1, .flag, "1"), (.infinity, .number, "infinite"),
        (1e15, .number, "1000000000000000"), (-0.00001, .number, "0"), (9.9999, .number, "10"),
        (123_456_789, .perMinute, "123456789/min"),
    ]

    @Test(arguments: table) func shows(_ value: Double, _ unit: Unit, _ text: String) {
        #expect(Figure.text(value, unit) == text)
    }

    @Test func showsMissingEvidenceWithItsReason() {
        #expect(Figure.text(.missing(.error(status: 500)), .percent) == "missing: error(500)")
    }
}
