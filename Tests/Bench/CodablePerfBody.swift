/// A perf body as one would declare it for `JSONDecoder`.
struct CodablePerfBody: Decodable {
    struct Chat: Decodable {
        let chatID: String
        let appID: String
        let workflowName: String
        let userID: String
        let startedAt: String
        let endedAt: String?
        let runtimeSeconds: Double
        let agentTurns: Int64
        let toolCalls: Int64
        let errors: Int64
        let lastTurnSeconds: Double?
        let promptTokens: Int64
        let completionTokens: Int64
        let cost: Double

        enum CodingKeys: String, CodingKey {
            case chatID = "chat_id"
            case appID = "app_id"
            case workflowName = "workflow_name"
            case userID = "user_id"
            case startedAt = "started_at"
            case endedAt = "ended_at"
            case runtimeSeconds = "runtime_sec"
            case agentTurns = "agent_turns"
            case toolCalls = "tool_calls"
            case errors
            case lastTurnSeconds = "last_turn_duration_sec"
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
            case cost
        }
    }

    let trackedChats: Int64
    let agentTurns: Int64
    let toolCalls: Int64
    let errors: Int64
    let promptTokens: Int64
    let completionTokens: Int64
    let cost: Double
    let chats: [Chat]

    enum CodingKeys: String, CodingKey {
        case trackedChats = "tracked_chats"
        case agentTurns = "total_agent_turns"
        case toolCalls = "total_tool_calls"
        case errors = "total_errors"
        case promptTokens = "total_prompt_tokens"
        case completionTokens = "total_completion_tokens"
        case cost = "total_cost"
        case chats
    }
}
