extension BuiltInPlaybooks {
    /// `playbooks/app-slow.md`, byte for byte.
    static let appSlow = #"""
        ---
        id: app-slow
        title: An app's turns take far longer than usual
        when: For 5m the slowest twentieth of an app's turns took more than ten seconds and three times its usual (or half of its turns three times theirs), half of its turns five seconds, while those of the others were as always.
        ---

        ## What it means

        People of this app wait for their answers; those of the other apps do not, so the runtime and the provider are fine for them. What this app alone uses has become slow: a tool, a model or a key of its own, a longer prompt.

        ## How to confirm

        ```
        curl -sS http://127.0.0.1:8000/metrics/perf/aggregate \
          | jq '.chats[] | select(.app_id == "APP_ID") | {workflow_name, agent_turns, last_turn_duration_sec}' | tail -40
        ```

        `last_turn_duration_sec` stands far above that of other apps' chats, in one workflow or in all of them. A turn's duration includes the time that a person took to answer: a workflow that asks them something new looks the same.

        ## Safe actions

        - Ask the tenant whether a workflow, a tool or a model was changed, and when.
        - Ask the tool that the workflow calls by hand, with a time limit.

        ## What needs a person

        - Another model, or another tool, for the workflow.
        - A restart does not help while what it waits for is slow, and ends everybody's runs.

        ## How to undo

        mozaiks-ops does nothing about this by itself. The incident ends when the app's turns are as quick as usual.

        """#
}
