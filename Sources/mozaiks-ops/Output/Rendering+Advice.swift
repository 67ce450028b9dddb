import Model

extension Advice {
    /// For people, with who wrote it; at most 100 columns wide.
    var lines: [String] {
        var lines = Help.wrap(summary, width: 100) + [""]
        lines += Help.wrap("Likely cause: \(likelyCause)", width: 100)
        lines.append("Playbook: " + (playbook.map { "\($0) (mozaiks-ops playbooks show \($0))" } ?? "none fits"))
        for (index, step) in steps.enumerated() { lines += Help.wrap("\(index + 1). \(step)", width: 100) }
        let percent = Int((confidence * 100).rounded())
        return lines + ["", "Written by \(by), not checked by a person. It says that it is \(percent) % sure."]
    }
}
