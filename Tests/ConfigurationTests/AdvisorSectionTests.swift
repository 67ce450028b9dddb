import Advisor
import Ambient
import Model
import Testing

@testable import Configuration

/// `advisor:` of the configuration.
@Suite struct AdvisorSectionTests {
    private func load(_ advisor: String, _ more: String = "") throws(ConfigurationErrors) -> AdvisorSettings? {
        let text = "schema: mozaiks.ops/config/v1\nadvisor: \(advisor)\n\(more)\n"
        return try ConfigurationLoader(in: Environment([:]), isRoot: true)
            .read(("mozaiks-ops.yaml", Array(text.utf8))).advisor
    }

    private func faults(_ advisor: String, _ more: String = "") -> String {
        do throws(ConfigurationErrors) {
            _ = try load(advisor, more)
            return ""
        } catch {
            return error.description
        }
    }

    @Test("off unless it is there") func off() throws {
        #expect(try load("") == nil)
    }

    @Test("every key is read") func everyKey() throws {
        let section = try #require(
            try load(
                """
                {provider: azure, base_url: "https://acme.openai.azure.com/", model: gpt-4o-mini, api_key_file: /run/secrets/key,
                  api_version: 2024-10-21, timeout: 12s, max_tokens: 500, min_severity: critical,
                  budget: {tokens_per_hour: 1000, tokens_per_day: 5000, usd_per_hour: 0.25, usd_per_day: 1},
                  price: {prompt: 0.15 USD/M, completion: 0.60 USD/M}}
                """))
        #expect(section.provider == .azure && section.baseURL == "https://acme.openai.azure.com" && section.model == "gpt-4o-mini")
        #expect(section.apiKey == .file("/run/secrets/key") && section.version == "2024-10-21")
        #expect(section.timeout == .seconds(12) && section.maxTokens == 500 && section.minSeverity == .critical)
        #expect(
            section.budget
                == AdviceBudget(tokensPerHour: 1_000, tokensPerDay: 5_000, microUSDPerHour: 250_000, microUSDPerDay: 1_000_000))
        #expect(section.price == TokenPrice(promptPerMillion: 0.15, completionPerMillion: 0.6))
    }

    @Test("what is not said has a safe default") func defaults() throws {
        let section = try #require(try load("{provider: ollama, model: llama3.2}"))
        #expect(section.budget == .standard && section.minSeverity == .warning && section.apiKey == nil)
        #expect(section.timeout == .seconds(30) && section.maxTokens == 800)
        // One limit that is named leaves the others as they are.
        let other = try #require(try load("{provider: ollama, model: m, budget: {tokens_per_hour: 7}}"))
        #expect(other.budget == AdviceBudget(tokensPerHour: 7, tokensPerDay: AdviceBudget.standard.tokensPerDay))
    }

    @Test("a price may stand under prices") func prices() throws {
        let section = try load(
            "{provider: ollama, model: m, budget: {usd_per_day: 1}}", "prices: {m: {prompt: 1 USD/M, completion: 2 USD/M}}")
        #expect(section?.price?.completionPerMillion == 2)
    }

    @Test(
        "what is wrong is said, without the key",
        arguments: [
            ("{provider: openai, model: m}", "needs 'api_key_file'"),
            ("{provider: openia, model: m}", "did you mean 'openai'?"),
            ("{provider: ollama}", "needs 'model'"), ("{model: m}", "needs 'provider'"),
            ("{provider: vllm, model: m}", "needs 'base_url' with provider vllm"),
            ("{provider: azure, model: m, api_key_env: K}", "needs 'base_url' with provider azure"),
            ("{provider: openai, model: m, api_key: s3cret}", "must not stand in the file"),
            ("{provider: ollama, model: \"two words\"}", "plain characters"),
            ("{provider: ollama, model: m, timeout: 1h}", "at most 10m"),
            ("{provider: ollama, model: m, max_tokens: 5}", "at least 100"),
            ("{provider: ollama, model: m, min_severity: fatal}", "info, warning, critical"),
            ("{provider: ollama, model: m, temprature: 1}", "no key 'temprature'"),
            ("{provider: ollama, model: m, budget: {usd_per_day: 1}}", "needs the price of the model"),
            ("{provider: ollama, model: m, budget: {tokens_per_hours: 1}}", "did you mean 'tokens_per_hour'?"),
            (
                "{provider: ollama, model: m, budget: {usd_per_day: cheap}, price: {prompt: 1 USD/M, completion: 1 USD/M}}",
                "an amount in USD"
            ),
            ("{provider: ollama, model: m, price: {prompt: 1}}", "USD for a million tokens"),
            ("{provider: ollama, model: m, base_url: \"http://u:s3cret@h\"}", "credentials do not stand in a URL"),
            ("7", "must be a mapping"),
        ])
    func wrong(text: String, says: String) {
        let report = faults(text)
        #expect(report.contains(says), "\(report)")
        #expect(!report.contains("s3cret"))
    }

    @Test("config show names where the key is, and not the key") func entries() throws {
        let text = "schema: mozaiks.ops/config/v1\nadvisor: {provider: openai, model: m, api_key_env: THE_KEY}\n"
        let shown = try ConfigurationLoader(in: Environment(["THE_KEY": "s3cret"]), isRoot: true)
            .read(("mozaiks-ops.yaml", Array(text.utf8))).text
        #expect(shown.contains("advisor.api_key: from environment variable THE_KEY") && !shown.contains("s3cret"))
        #expect(shown.contains("advisor.base_url: https://api.openai.com/v1"))
        #expect(shown.contains("50000 tokens an hour, 200000 a day"))
    }
}
