import Ambient
import HTTP
import Model

/// How a service is asked and how its answer is read.
struct Dialect: Sendable {
    /// How the answer is bound to JSON. What a service does not know it is asked without.
    enum Binding: Hashable, Sendable {
        case schema, object, none
    }

    var settings: AdvisorSettings
    var binding = Binding.schema
    /// Newer models take the limit under another name, and refuse a temperature.
    var limitName = "max_tokens"
    var hasTemperature = true

    init(_ settings: AdvisorSettings) {
        self.settings = settings
    }

    // MARK: Asking

    var url: String {
        switch settings.provider {
        case .anthropic:
            return settings.baseURL + (settings.baseURL.hasSuffix("/v1") ? "/messages" : "/v1/messages")
        case .azure:
            let deployment = PercentEncoding.encode(settings.model.utf8)
            return "\(settings.baseURL)/openai/deployments/\(deployment)/chat/completions"
                + "?api-version=\(PercentEncoding.encode((settings.version ?? "").utf8))"
        case .openai, .ollama, .vllm, .llamacpp: return settings.baseURL + "/chat/completions"
        }
    }

    /// Header lines; the key is a secret in them.
    func headers(_ key: Secret?) -> [HTTPField] {
        var fields = [HTTPField("Content-Type", "application/json"), HTTPField("Accept", "application/json")]
        switch settings.provider {
        case .anthropic:
            fields.append(HTTPField("anthropic-version", settings.version ?? ""))
            if let key { fields.append(HTTPField("x-api-key", secret: key)) }
        case .azure: if let key { fields.append(HTTPField("api-key", secret: key)) }
        case .openai, .ollama, .vllm, .llamacpp: if let key { fields.append(.bearer(key)) }
        }
        return fields
    }

    /// The request's body, byte for byte.
    /// - Parameter room: tokens that the answer may take; nil: as configured.
    func body(_ prompt: Prompt, room: Int? = nil) -> [UInt8] {
        var other = self
        other.settings.maxTokens = room ?? settings.maxTokens
        return (settings.provider == .anthropic ? other.messages(prompt) : other.chat(prompt)).serializedBytes()
    }

    private func chat(_ prompt: Prompt) -> JSON {
        let turns = prompt.turns.map { turn -> JSON in
            ["role": .string(turn.role.rawValue), "content": .string(turn.text)]
        }
        var object: JSONObject = [:]
        if settings.provider != .azure { object.append("model", .string(settings.model)) }
        object.append("messages", .array([["role": "system", "content": .string(prompt.system)]] + turns))
        object.append(limitName, .int(Int64(settings.maxTokens)))
        if hasTemperature { object.append("temperature", 0) }
        switch binding {
        case .schema:
            object.append(
                "response_format",
                ["type": "json_schema", "json_schema": ["name": "advice", "strict": true, "schema": prompt.schema]])
        case .object: object.append("response_format", ["type": "json_object"])
        case .none: break
        }
        return .object(object)
    }

    /// Anthropic has no mode for JSON that all its models know; a tool that must be called binds the answer as well.
    private func messages(_ prompt: Prompt) -> JSON {
        var object: JSONObject = [
            "model": .string(settings.model), "max_tokens": .int(Int64(settings.maxTokens)),
            "system": .string(prompt.system),
            "messages": .array(
                prompt.turns.map { ["role": .string($0.role.rawValue), "content": .string($0.text)] }),
        ]
        if hasTemperature { object.append("temperature", 0) }
        if binding == .schema {
            object.append(
                "tools",
                [["name": "advise", "description": "Gives the answer.", "input_schema": prompt.schema]])
            object.append("tool_choice", ["type": "tool", "name": "advise"])
        }
        return .object(object)
    }

    /// The dialect without what a refusal names; nil where the refusal is about something else.
    func without(refusal text: String) -> Dialect? {
        var other = self
        let words = text.lowercased()
        if words.contains(bytesOf: "max_completion_tokens"), limitName == "max_tokens" {
            other.limitName = "max_completion_tokens"
        } else if words.contains(bytesOf: "temperature"), hasTemperature {
            other.hasTemperature = false
        } else if ["response_format", "json_schema", "json_object", "tool_choice", "tools"].contains(where: { words.contains(bytesOf: $0) }
        ),
            binding != .none
        {
            other.binding = binding == .schema && settings.provider != .anthropic ? .object : .none
        } else {
            return nil
        }
        return other
    }
}
