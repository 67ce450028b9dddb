import Ambient
import Model
import YAML

@testable import Configuration
@testable import Policy

/// Files that operators write. What cannot be read has at least one diagnostic, and a diagnostic shows no control characters of the file.
enum SourceReading {
    static func yaml(_ bytes: [UInt8]) -> String? {
        let reporter = Reporter(source: SourceText(file: "fuzz.yaml", bytes: bytes))
        let root = YAMLParser.parse(reporter)
        if root == nil, reporter.diagnostics.isEmpty { return "nothing was read and nothing was said" }
        return shown(reporter.diagnostics)
    }

    static func policy(_ bytes: [UInt8]) -> String? {
        let file = PolicyFile(path: "ops_policy.default.yaml", bytes: bytes)
        switch PolicyLoader.load(files: [file]) {
        case .success(let set): return shown(set.warnings)
        case .failure(let errors):
            return errors.diagnostics.contains { $0.severity == .error } ? shown(errors.diagnostics) : "refused without an error"
        }
    }

    static func condition(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            _ = try ConditionParser.parse(text)
        } catch {
            guard error.range.lowerBound >= 0, error.range.upperBound <= text.utf8.count + 1 else { return "a fault outside of the text" }
        }
        return nil
    }

    static func configuration(_ bytes: [UInt8]) -> String? {
        let loader = ConfigurationLoader(in: Environment([:]), isRoot: false)
        do {
            _ = try loader.read(("fuzz.yaml", bytes))
            return nil
        } catch {
            return error.diagnostics.contains { $0.severity == .error } ? shown(error.diagnostics) : "refused without an error"
        }
    }

    private static func shown(_ diagnostics: [Diagnostic]) -> String? {
        let isPlain = diagnostics.allSatisfy { $0.description.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\n" || $0 == "\t" } }
        return isPlain ? nil : "a diagnostic shows a control character"
    }
}
