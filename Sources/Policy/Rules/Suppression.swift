import Model

/// Which rules keep which others quiet.
struct Suppression {
    private var victims: [String: Set<String>] = [:]
    private var causes: [String: Set<String>] = [:]

    mutating func add(cause: String, victim: String) {
        victims[cause, default: []].insert(victim)
        causes[victim, default: []].insert(cause)
    }

    /// The rules that `rule` keeps quiet, in the order of their names.
    func victims(of rule: String) -> [String] { sorted(victims[rule] ?? []) }
    /// The rules that keep `rule` quiet, in the order of their names.
    func causes(of rule: String) -> [String] { sorted(causes[rule] ?? []) }

    /// The first rule by name that would, through others or at once, keep itself quiet; nil when there is none.
    func cycle() -> String? {
        let tangled = tangle()
        return sorted(tangled).first { start in
            var seen: Set<String> = []
            var open = Array(victims[start] ?? [])
            while let next = open.popLast() {
                if next == start { return true }
                if seen.insert(next).inserted { open += victims[next] ?? [] }
            }
            return false
        }
    }

    /// What is left when rules that nobody keeps quiet are taken away, again and again: every rule of every cycle, and
    /// what cycles keep quiet. Empty in a policy without a cycle, which every start of the program finds in one pass.
    private func tangle() -> Set<String> {
        var kept = Dictionary(uniqueKeysWithValues: causes.map { ($0.key, $0.value.count) })
        var free = victims.keys.filter { kept[$0] == nil }
        while let rule = free.popLast() {
            for victim in victims[rule] ?? [] {
                guard let left = kept[victim] else { continue }
                kept[victim] = left == 1 ? nil : left - 1
                if left == 1 { free.append(victim) }
            }
        }
        return Set(kept.keys)
    }

    private func sorted(_ names: some Collection<String>) -> [String] {
        names.inByteOrder()
    }
}
