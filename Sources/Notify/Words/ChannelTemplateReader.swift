import Ambient
import Model
import Settings
import YAML

/// Reads the `template` or `template_file` of a channel.
struct ChannelTemplateReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    /// Bytes of a template file.
    private static let fileLimit = 64 << 10

    init(reader: SettingReader) {
        self.reader = reader
    }

    /// The channel's own texts; empty where it has none.
    /// - Parameter hasSubject: whether its messages have one.
    func read(_ channel: Fields, hasSubject: Bool) -> MessageTemplate {
        let inline = channel.entry(ChannelTemplateReader.inlineKey)
        let file = channel.node(ChannelTemplateReader.fileKey)
        if let inline, file != nil {
            reporter.report("template", "'template' stands beside 'template_file'", at: inline.key, hint: "leave one out")
        }
        if let inline {
            guard let fields = Fields(inline.value, "'template'", reporter, place: inline.key.start) else {
                return MessageTemplate()
            }
            return ChannelTemplateReader.template(fields, hasSubject: hasSubject)
        }
        return file.flatMap { self.file($0, hasSubject: hasSubject) } ?? MessageTemplate()
    }

    private func file(_ node: YAMLNode, hasSubject: Bool) -> MessageTemplate? {
        guard let path = reader.path(node, "'template_file'") else { return nil }
        let bytes: [UInt8]
        do throws(FileReading.Failure) {
            bytes = try FileReading.source(path, longest: ChannelTemplateReader.fileLimit)
        } catch {
            reporter.report("unreadable", "cannot read \(error.path): \(error.reason)", at: node)
            return nil
        }
        let own = Reporter(source: SourceText(file: path, bytes: bytes))
        var template: MessageTemplate?
        if let root = YAMLParser.parse(own), let fields = Fields(root, "a template", own) {
            template = ChannelTemplateReader.template(fields, hasSubject: hasSubject)
        }
        // Whoever names the file of a secret by mistake shall not read it in an error: only lines that begin as a
        // template's do are shown.
        reporter.adopt(own.diagnostics.map { $0.isOfTemplate ? $0 : $0.withoutSourceLine })
        return template
    }

    private static func template(_ fields: Fields, hasSubject: Bool) -> MessageTemplate {
        var template = MessageTemplate()
        template.headline = text(fields, TemplateKeys.headline, isOneLine: true)
        template.what = text(fields, TemplateKeys.what)
        template.note = text(fields, TemplateKeys.note)
        template.footer = text(fields, TemplateKeys.footer)
        if hasSubject {
            template.subject = text(fields, TemplateKeys.subject, isOneLine: true, isLasting: true)
        }
        fields.finish()
        return template
    }

    /// Not by way of the configuration's `${VARIABLE}`: no template reads the environment.
    private static func text(
        _ fields: Fields, _ key: SettingKey, isOneLine: Bool = false, isLasting: Bool = false
    ) -> MessageTemplate.Text? {
        let name = key.name
        guard let node = fields.node(key), let raw = fields.reporter.string(node, "'\(name)'") else { return nil }
        do throws(TemplateFault) {
            // A block of YAML ends in a line break that nobody means.
            let trimmed = raw.hasSuffix("\n") ? String(raw.dropLast()) : raw
            let text = try MessageTemplate.Text(trimmed, isOneLine: isOneLine)
            if isLasting, let changing = text.placeholders.first(where: { !$0.isLasting }) {
                fields.reporter.report(
                    "template", "'\(name)' cannot have {\(changing.name)}: it changes while an incident lasts", at: node,
                    hint: "mail clients hold a conversation together by its subject")
                return nil
            }
            return text
        } catch {
            let hint =
                error.unknown.map { unknown in
                    Nearest.hint(to: unknown, among: MessageTemplate.Placeholder.names)
                        ?? "known: " + MessageTemplate.Placeholder.names.joined(separator: ", ")
                } ?? error.hint
            fields.reporter.report(
                error.code, "'\(name)': \(error.message)", in: node, valueOffset: error.offset, length: error.length,
                hint: hint)
            return nil
        }
    }
}

extension Diagnostic {
    fileprivate var isOfTemplate: Bool {
        let line = (sourceLine ?? "").drop { $0 == " " || $0 == "{" || $0 == "\"" }
        return ["headline", "what", "note", "footer", "subject"].contains { line.hasPrefix($0) }
    }
}

extension MessageTemplate.Placeholder {
    fileprivate var name: String {
        switch self {
        case .fact(let fact): fact.rawValue
        case .label(let name): "labels.\(name)"
        }
    }
}

extension ChannelTemplateReader {
    static let inlineKey = SettingKey("template", .section(TemplateKeys.section), "Words of your own for its messages")
    static let fileKey = SettingKey("template_file", .path, "A file with the same keys, instead")
}

private enum TemplateKeys {
    static let headline = SettingKey("headline", .text(example: "{severity}: {app}"), "First line")
    static let what = SettingKey("what", .text(), "What happened")
    static let note = SettingKey("note", .text(), "A text of your own below it")
    static let footer = SettingKey("footer", .text(), "Last line")
    static let subject = SettingKey("subject", .text(), "Subject of a mail: with what stays the same while an incident lasts")
    static let section = SettingSection([headline, what, note, footer, subject])
}
