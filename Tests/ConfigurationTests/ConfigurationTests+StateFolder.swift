import Ambient
import Model
import TestKit
import Testing

@testable import Configuration

// Which folder the state is in, where the surroundings name one.
extension ConfigurationTests {
    @Test(arguments: [
        ("/var/lib/one", "/var/lib/one"), ("/var/lib/one:/var/lib/two", "/var/lib/one"), (":/var/lib/two", "/var/lib/two"),
    ])
    func theStateFolderIsTheFirstThatSystemdNames(list: String, folder: String) throws {
        #expect(try load(nil, ["STATE_DIRECTORY": list]).state.value.description == folder)
    }

    @Test(
        "a second folder that systemd names is not passed over without a word",
        arguments: [
            ("/var/lib/one:/var/lib/two", nil, ["'/var/lib/one', and not in '/var/lib/two'"]),
            ("/a:/b:/c", nil, ["names 3 folders", "'/a', and not in '/b', '/c'"]),
            ("/var/lib/one", nil, []), ("/var/lib/one:", nil, []), (":/var/lib/two", nil, []),
            ("/a:/b", "schema: mozaiks.ops/config/v1\nstate: /b\n", []),
        ] as [(String, String?, [String])])
    func severalStateFoldersAreWarnedAbout(list: String, file: String?, parts: [String]) throws {
        let warnings = try load(file, ["STATE_DIRECTORY": list]).warnings.filter { $0.code == "state" }
        #expect(warnings.count == (parts.isEmpty ? 0 : 1), "\(warnings)")
        for part in parts { #expect(warnings.first?.message.contains(part) == true, "\(warnings)") }
        #expect(warnings.allSatisfy { $0.file == "$STATE_DIRECTORY" && $0.severity == .warning })
    }

    @Test func aFolderOfTheUserThatIsNotAbsoluteIsIgnored() throws {
        func state(_ environment: [String: String]) throws -> String {
            try ConfigurationLoader(ConfigurationFlags(), in: Environment(environment), isRoot: false).read(nil).state.value.description
        }
        #expect(try state(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/mozaiks-ops")
        #expect(try state(["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/mozaiks-ops")
    }
}
