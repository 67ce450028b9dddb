extension BuiltInPlaybooks {
    /// `playbooks/runs-stuck.md`, byte for byte.
    static let runsStuck = #"""
        ---
        id: runs-stuck
        title: Runs start and nothing moves in them
        when: For 2m runs were started as before, hardly any of them ended, and less than a quarter of the usual turns were taken in them, in all and for each start.
        ---

        ## What it means

        The runtime takes runs in, its health check is good, no error is counted, and the work stands still. Most often the model provider accepts calls and does not answer them; a call without a time limit then waits for ever. A tool that never returns, or a pool of connections that is used up, looks the same.

        People try again, and their retries look like abuse. They are not. While this lasts noisy-neighbor and runtime-saturated keep quiet and nobody is held back.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS $URL/metrics/perf/aggregate | jq '[.active_chats, .total_agent_turns]'; sleep 60
        curl -sS $URL/metrics/perf/aggregate | jq '[.active_chats, .total_agent_turns]'
        ```

        More chats and the same number of turns: nothing moves. Then ask the provider yourself, with a time limit:

        ```
        curl -sS -m 20 -o /dev/null -w '%{http_code} after %{time_total} s\n' https://api.openai.com/v1/chat/completions \
          -H "Authorization: Bearer $(cat KEY_FILE)" -H 'Content-Type: application/json' \
          -d '{"model":"MODEL","messages":[{"role":"user","content":"ping"}]}'
        ```

        - 000 after 20 s: it is the provider, or the way to it. Ask from the runtime's machine too.
        - An answer: it is the runtime. `docker compose logs --since 15m RUNTIME_SERVICE | tail -50` shows what was done last before it stopped.

        ## Safe actions

        - Tell tenants: "Our model provider does not answer, please wait with retries."
        - Read the provider's status page and write down when it began.
        - Leave tenants alone. Throttling them now punishes the wrong side.

        ## What needs a person

        - Switching to another model or provider, once, for all.
        - A restart of the runtime, which ends what hangs in there, and everything else. Without an answering provider it hangs again.
        - A time limit on model calls in the runtime's configuration, so that the next time runs fail and say so.

        ## How to undo

        mozaiks-ops holds nobody back for this, so nothing of its own is to be undone; see for yourself with `mozaiks-ops actions list`. If you changed the model or the provider, change it back in a quiet moment. The incident ends by itself when runs end or move again for 5 minutes.

        """#
}
