import Advisor
import Ambient
import Configuration
import Model
import Playbooks
import YAML

extension Assembly {
    /// The advisor of a configuration; nil where there is none.
    public func advisor(ledger: any AdviceLedger, clock: any Clock) -> Advisor? {
        configuration.advisor.map { settings in
            Advisor(
                settings, key: settings.apiKey.map { means.secret($0, "the key of the advisor") }, client: client.using(settings.tls),
                ledger: ledger, clock: clock)
        }
    }

    /// The pages of a configuration, its own before the built-in ones of the same id.
    public static func loadPlaybooks(_ configuration: Configuration) throws(PlaybookErrors) -> PlaybookSet {
        guard let folder = configuration.playbooks.value else { return .builtIn }
        let files: [SourceFile]
        do throws(FileReading.Failure) {
            files = try FileReading.files(in: folder, endings: [".md"])
        } catch {
            throw PlaybookErrors(diagnostics: [
                Diagnostic(
                    "unreadable", "cannot read the playbooks: \(error.reason)", file: error.path, line: 0,
                    hint: "name a folder with pages such as noisy-neighbor.md in it")
            ])
        }
        return try PlaybookSet.load(files: files).get().over(.builtIn)
    }
}
