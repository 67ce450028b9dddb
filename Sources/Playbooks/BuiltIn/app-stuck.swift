extension BuiltInPlaybooks {
    /// `playbooks/app-stuck.md`, byte for byte.
    static let appStuck = #"""
        ---
        id: app-stuck
        title: An app's runs start and nothing moves in them
        when: For 3m an app started within ten minutes runs that do not end and took less than a tenth of its usual turns, while the others' turns went on.
        ---

        ## What it means

        People of this app start runs and get no answer; the other apps' runs go on, so provider and runtime are fine for them. What this app alone uses does not answer: a tool, a model or a key of its own, an approval that nobody gives.

        ## How to confirm

        ```
        curl -sS http://127.0.0.1:8000/metrics/perf/aggregate \
          | jq '.chats[] | select(.app_id == "APP_ID" and .ended_at == null) | {started_at, agent_turns, tool_calls}' | tail -40
        ```

        Many open chats with `agent_turns: 0`, or whose counters stay as they are for a minute: they wait. The runtime's log of one of these chats says for what.

        ## Safe actions

        - Ask the tenant whether a workflow, a tool or a key was changed, and when.
        - Ask the tool that the workflow calls by hand, with a time limit.

        ## What needs a person

        - Taking the workflow, or the tool, out of service until it answers.
        - A restart does not help while that waits for the same thing, and ends everybody's runs.

        ## How to undo

        mozaiks-ops does nothing about this by itself. The incident ends when the app's runs move or end again, or when nobody starts any.

        """#
}
