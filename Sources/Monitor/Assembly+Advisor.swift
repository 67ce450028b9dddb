import Advisor
import Ambient
import Configuration
import Model
import Playbooks
import YAML

extension Assembly {
    /// Who is asked, from a configuration.
    public static func advisorSettings(_ section: AdvisorSection) -> AdvisorSettings {
        var settings = AdvisorSettings(
            provider: section.provider, baseURL: section.baseURL, model: section.model, version: section.apiVersion)
        settings.timeout = section.timeout
        settings.maxTokens = section.maxTokens
        settings.price = section.price.map {
            AdvisorSettings.TokenPrice(prompt: $0.prompt, completion: $0.completion)
        }
        return settings
    }

    /// The advisor of a configuration; nil where there is none.
    public func advisor(ledger: any AdviceLedger, clock: any Clock, _ environment: Environment) -> Advisor? {
        configuration.advisor.map { section in
            var key: (@Sendable () throws -> Secret)?
            if let source = section.apiKey {
                let secret = CachedSecret(source, what: "the key of the advisor", in: environment)
                key = { try secret.value() }
            }
            return Advisor(Assembly.advisorSettings(section), key: key, client: client.using(section.tls), ledger: ledger, clock: clock)
        }
    }

    /// The pages of a configuration, its own before the built-in ones of the same id.
    public static func loadPlaybooks(_ configuration: Configuration) throws(PlaybookErrors) -> PlaybookSet {
        guard let folder = configuration.playbooks.value else { return .builtIn }
        let files: [(path: String, bytes: [UInt8])]
        do throws(FileReading.Failure) {
            files = try FileReading.files(in: folder, endings: [".md"])
        } catch {
            throw PlaybookErrors(diagnostics: [
                Diagnostic(
                    "unreadable", "cannot read the playbooks: \(error.reason)", file: error.path, line: 0,
                    hint: "name a folder with pages such as noisy-neighbor.md in it")
            ])
        }
        return try PlaybookSet.load(files: files.map { PlaybookFile(path: $0.path, bytes: $0.bytes) }).get().over(.builtIn)
    }
}
