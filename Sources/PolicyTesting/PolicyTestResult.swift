import Model
import Policy

/// What came of one test.
public struct PolicyTestResult: Sendable {
    /// One expectation on one subject.
    public struct Line: Sendable {
        public let origin: Origin
        public let expected: String
        /// What was instead; nil: as expected.
        public let got: String?
        /// The condition with its values at the moment that was not as expected.
        public let why: String?
    }

    public let file: String
    public let name: String
    public let origin: Origin
    public let lines: [Line]
    public let ticks: Int
    /// Rules that fired, sorted.
    public let fired: [String]
    /// Rules that something was expected of and that never fired, sorted.
    public let quiet: [String]

    public var passed: Bool { lines.allSatisfy { $0.got == nil } }
    public var failures: [Line] { lines.filter { $0.got != nil } }

    /// A unified diff of what was expected and what was.
    public var diff: String {
        var text = "--- expected, \(origin)\n+++ got\n@@ \(name) @@\n"
        for line in lines {
            guard let got = line.got else {
                text += " \(line.expected)\n"
                continue
            }
            text += "-\(line.expected)\n+\(got)\n"
            if let why = line.why { text += "#   \(why)\n" }
        }
        return text
    }

    /// For programs.
    public var document: JSON {
        [
            "file": .string(file), "name": .string(name), "origin": .string(origin.description), "passed": .bool(passed),
            "ticks": .int(Int64(ticks)), "fired": .array(fired.map(JSON.string)), "quiet": .array(quiet.map(JSON.string)),
            "expectations": .array(
                lines.map { line in
                    [
                        "origin": .string(line.origin.description), "expected": .string(line.expected),
                        "got": .optional(line.got), "why": .optional(line.why),
                    ]
                }),
        ]
    }
}

/// Results as continuous-integration services read them.
public enum JUnit {
    /// One `testsuite` for each file, one `testcase` for each test. No times: nothing here takes any.
    public static func document(_ results: [PolicyTestResult]) -> String {
        var files: [String] = []
        for result in results where !files.contains(result.file) { files.append(result.file) }
        let failed = results.count { !$0.passed }
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        text += #"<testsuites name="policy test" tests="\#(results.count)" failures="\#(failed)">"# + "\n"
        for file in files {
            let own = results.filter { $0.file == file }
            text += #"  <testsuite name="\#(escaped(file))" tests="\#(own.count)" failures="\#(own.count { !$0.passed })">"#
            text += "\n"
            for result in own {
                text += #"    <testcase classname="\#(escaped(file))" name="\#(escaped(result.name))""#
                guard !result.passed else {
                    text += "/>\n"
                    continue
                }
                let count = result.failures.count
                text += ">\n"
                text += #"      <failure message="\#(count) of \#(result.lines.count) expectations not met">"#
                text += escaped(result.diff) + "</failure>\n    </testcase>\n"
            }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    /// For text and attributes. What XML cannot hold shows as U+FFFD.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            let isAllowed = scalar == "\n" || scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
            if let entity = Markup.entity(scalar) { out += entity } else { out.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}") }
        }
        return out
    }
}
