import Model

/// Keeps out texts that speak as if somebody had acted, that ask for what breaks things, or that turn on the reader.
enum SpokenActions {
    /// The writer is a program that has done nothing.
    private static let persons: Set<String> = [
        "i", "im", "ive", "we", "weve", "my", "our", "ours", "me", "mine", "myself", "ourselves",
    ]
    /// Words that no text of a model's needs.
    private static let forbidden: Set<String> = [
        "delete", "deletes", "deleting", "drop", "dropping", "destroy", "destroying", "wipe", "wiping", "erase", "erasing",
        "truncate", "purge", "purging", "kill", "killing", "terminate", "terminating", "shutdown", "reboot", "rebooting",
        "uninstall", "revoke", "overwrite", "rollback", "bypass", "bypassing", "ignore", "ignoring", "disregard", "disable",
        "disabling", "sudo", "rm", "chmod", "chown", "curl", "wget", "bash", "kubectl", "docker", "systemctl", "ssh", "exec",
        "password", "passwords", "passphrase", "credential", "credentials", "secret", "secrets", "apikey", "jailbreak",
        "instruction", "instructions", "mozaiks", "silence", "mute", "suppress", "acknowledge",
        "unplug", "ban", "banning", "suspend", "evict", "refund", "pay", "click", "download", "visit", "transfer",
        "approve", "approves", "approving", "rollbacks", "deactivate", "deactivating", "whitelist", "allowlist",
    ]
    /// The same in two words and more.
    private static let phrases: [[String]] = [
        ["turn", "off"], ["turning", "off"], ["switch", "off"], ["shut", "down"], ["shutting", "down"], ["shut", "off"],
        ["roll", "back"], ["api", "key"], ["private", "key"], ["access", "key"], ["language", "model"], ["as", "an", "ai"],
        ["factory", "reset"], ["hard", "reset"], ["scale", "to", "zero"], ["stop", "the"], ["stop", "all"], ["stop", "it"],
        ["stop", "monitoring"], ["pause", "all"], ["throttle", "all"], ["remove", "the"], ["remove", "all"],
        ["take", "down"], ["close", "the"], ["no", "action", "is", "needed"], ["no", "action", "needed"],
        ["false", "alarm"], ["nothing", "is", "wrong"], ["all", "is", "well"], ["log", "in", "to"], ["sign", "in"],
        ["call", "this"], ["system", "prompt"], ["resolve", "this"], ["resolve", "the", "incident"], ["raise", "the", "limit"],
        ["lift", "the", "limit"], ["remove", "limits"],
    ]
    /// What a program could claim to have done, as the participle says it.
    private static let done: Set<String> = [
        "restarted", "rebooted", "throttled", "paused", "disabled", "enabled", "reverted", "scaled", "fixed", "resolved",
        "repaired", "mitigated", "notified", "informed", "contacted", "escalated", "applied", "executed", "deployed",
        "stopped", "killed", "blocked", "unblocked", "banned", "raised", "increased", "lowered", "reduced", "adjusted",
        "configured", "reconfigured", "removed", "deleted", "cleared", "acknowledged", "silenced", "approved", "updated",
        "patched", "upgraded", "migrated", "moved", "rerouted", "drained", "evicted", "terminated", "limited", "capped",
        "suspended", "performed", "implemented", "completed", "taken", "initiated", "triggered", "closed", "handled",
        "addressed", "remediated", "corrected", "recovered", "restored", "released", "lifted", "opened",
    ]
    private static let auxiliaries: Set<String> = [
        "has", "have", "had", "was", "were", "been", "is", "are", "got", "being", "be", "am", "already", "successfully", "now",
        "automatically", "just", "also", "since", "then", "temporarily", "immediately",
    ]

    /// - Parameter actions: what was really done, by the decisions that the model was given.
    static func faults(_ text: String, done actions: Set<ActionKind>) -> [Fault] {
        let words = words(text)
        var faults: [Fault] = []
        if let person = words.first(where: { persons.contains($0.text) }) {
            faults.append(Fault(.claim, "", "\(Fault.quoted(person.text)): speak of the incident, not of the writer"))
        }
        for word in words where forbidden.contains(word.text) {
            faults.append(Fault(.forbidden, "", "\(Fault.quoted(word.text)) is not a step to suggest"))
        }
        for phrase in phrases where stands(phrase, in: words) {
            faults.append(Fault(.forbidden, "", "\(Fault.quoted(phrase.joined(separator: " "))) is not to be said"))
        }
        faults += restarts(words)
        faults += claims(words, actions)
        return faults
    }

    private struct Word {
        let text: String
        /// First of its sentence.
        let isFirst: Bool
    }

    private static func words(_ text: String) -> [Word] {
        var words: [Word] = []
        var isFirst = true
        let bare = text.replacing(bytesOf: "'", with: "").replacing(bytesOf: "’", with: "")
        for token in TextToken.split(bare) {
            switch token {
            case .word(let word), .name(let word):
                words.append(Word(text: word.lowercased(), isFirst: isFirst))
                isFirst = false
            case .mark(let mark): if ".!?:;".contains(mark) { isFirst = true }
            case .figure: isFirst = false
            }
        }
        return words
    }

    private static func stands(_ phrase: [String], in words: [Word]) -> Bool {
        words.indices.contains { start in
            start + phrase.count <= words.count && zip(phrase, words[start...]).allSatisfy { $0 == $1.text }
        }
    }

    /// `plan a restart` is for a person to weigh; `restart the runtime` is an order that ends what runs.
    private static func restarts(_ words: [Word]) -> [Fault] {
        words.indices.contains { index in
            guard words[index].text == "restart" || words[index].text == "restarting" else { return false }
            return index == 0 || words[index].isFirst
                || !["a", "the", "last", "recent", "of", "since", "after", "before", "every"].contains(words[index - 1].text)
        } ? [Fault(.forbidden, "", "\"restart\" is a person's decision: say what to look at before it")] : []
    }

    /// `was throttled`, `Restarted the runtime`: a claim, unless the decisions say so.
    private static func claims(_ words: [Word], _ actions: Set<ActionKind>) -> [Fault] {
        words.indices.compactMap { index in
            let word = words[index].text
            guard done.contains(word), !isTrue(word, actions) else { return nil }
            let isClaim = words[index].isFirst || index > 0 && auxiliaries.contains(words[index - 1].text)
            return isClaim ? Fault(.claim, "", "\(Fault.quoted(word)) claims something that the decisions do not say") : nil
        }
    }

    private static func isTrue(_ word: String, _ actions: Set<ActionKind>) -> Bool {
        switch word {
        case "throttled", "limited", "capped": actions.contains(.throttle)
        case "paused": actions.contains(.pause)
        case "disabled": actions.contains(.disablePack)
        case "opened": true
        default: false
        }
    }
}
