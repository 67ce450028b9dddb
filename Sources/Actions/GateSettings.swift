import Model
import Settings
import YAML

/// The gate that a reverse proxy asks.
public struct GateSettings: Sendable {
    public let listen: ListenAddress
    /// What a refused user reads; nil: the built-in text.
    public let text: String?
    public let origin: SettingOrigin

    private static let listen = SettingKey("listen", .address, isRequired: true, "Address and port, such as `127.0.0.1:9464`")
    private static let text = SettingKey(
        "text", .text(), fallback: "a text that says what is held and until when", "What a user reads who is refused")
    public static let key = SettingKey(
        "gate", .section(SettingSection([listen, text])), "The gate that a reverse proxy or the runtime's extension asks")

    /// - Parameter actions: the section that it stands in.
    /// - Returns: nil where it is absent, or reported.
    public init?(_ actions: Fields, _ reader: SettingReader) {
        guard let entry = actions.entry(GateSettings.key),
            let fields = Fields(entry.value, "'gate'", reader.reporter, place: entry.key.start)
        else { return nil }
        let listen = fields.node(GateSettings.listen).flatMap { reader.listen($0, open: "The gate") }
        text = reader.text(fields, GateSettings.text)
        fields.finish()
        guard let listen else { return nil }
        self.listen = listen
        origin = reader.origin(entry.key)
    }

    /// For `config show`.
    public var entries: [SettingEntry] {
        [SettingEntry(key: "actions.gate.listen", value: listen.description, origin: origin)]
    }
}
