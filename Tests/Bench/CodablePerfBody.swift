/// A perf body as one would declare it for `JSONDecoder`.
struct CodablePerfBody: Decodable {
    struct Chat: Decodable {
        let chat_id: String
        let app_id: String
        let workflow_name: String
        let user_id: String
        let started_at: String
        let ended_at: String?
        let runtime_sec: Double
        let agent_turns: Int64
        let tool_calls: Int64
        let errors: Int64
        let last_turn_duration_sec: Double?
        let prompt_tokens: Int64
        let completion_tokens: Int64
        let cost: Double
    }

    let active_chats: Int64
    let tracked_chats: Int64
    let total_agent_turns: Int64
    let total_tool_calls: Int64
    let total_errors: Int64
    let total_prompt_tokens: Int64
    let total_completion_tokens: Int64
    let total_cost: Double
    let chats: [Chat]
}
