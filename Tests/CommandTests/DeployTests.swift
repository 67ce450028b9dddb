import Glibc
import TestKit
import Testing

/// Files of docs/deploy/ for other people's platforms, and the packages that `make package` builds.
@Suite struct DeployTests {
    /// By the schemas and clients of those platforms; see deploy.py.
    @Test func thePlatformsFilesAreAsTheirReadersWantThem() throws {
        let folder = TemporaryFolder()
        let python = Fixtures.repository + "/.build/venv/bin/python"
        try #require(access(python, X_OK) == 0, "run .ci/setup: it installs the validators")
        let ending = try RunningProgram(
            python, [Fixtures.repository + "/Tests/CommandTests/deploy.py", Shell.program, Fixtures.repository, folder.path],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], in: folder.path, atMost: 120
        ).waitForEnd()
        #expect(ending.code == 0 && ending.output.isEmpty, "\(ending.everything)")
    }

    /// Runs a script of packaging/ with the program that is tested; what it prints last is the file.
    private func package(_ script: String, _ folder: TemporaryFolder) throws -> (file: String, said: String) {
        let ending = try RunningProgram(
            Fixtures.repository + "/packaging/" + script, [Shell.program, folder.path("out")],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder.path], in: folder.path, atMost: 240
        ).waitForEnd()
        try #require(ending.code == 0, "\(ending.everything)")
        let line = String(try #require(ending.output.split(separator: "\n").last))
        return (String(line.prefix { $0 != ":" }), line)
    }

    private func run(_ words: [String], in folder: TemporaryFolder) throws -> RunningProgram.Ending {
        try RunningProgram(words[0], Array(words.dropFirst()), environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"], in: folder.path, atMost: 120).waitForEnd()
    }

    @Test(.enabled(if: access("/usr/bin/dpkg-shlibdeps", X_OK) == 0)) func theDebianPackageHoldsWhatPeopleLookFor() throws {
        let folder = TemporaryFolder()
        let (file, _) = try package("deb", folder)
        let root = folder.path("root")
        #expect(try run(["/usr/bin/dpkg-deb", "-x", file, root], in: folder).code == 0)
        #expect(try run(["/usr/bin/dpkg-deb", "-e", file, folder.path("control")], in: folder).code == 0)
        for path in [
            "usr/bin/mozaiks-ops", "usr/lib/systemd/system/mozaiks-ops.service", "usr/lib/systemd/system/mozaiks-ops-check.timer",
            "usr/share/man/man1/mozaiks-ops.1.gz", "usr/share/man/man1/mozaiks-ops-check.1.gz", "usr/share/bash-completion/completions/mozaiks-ops",
            "usr/share/zsh/vendor-completions/_mozaiks-ops", "usr/share/fish/vendor_completions.d/mozaiks-ops.fish",
            "usr/share/doc/mozaiks-ops/copyright", "usr/share/doc/mozaiks-ops/changelog.gz", "etc/mozaiks-ops/policies/ops_policy.default.yaml",
        ] { #expect(access(root + "/" + path, R_OK) == 0, "\(path)") }
        let control = String(decoding: folder.read("control/control") ?? [], as: UTF8.self)
        for word in ["Package: mozaiks-ops\n", "libcurl4", "libsqlite3-0", "ca-certificates"] { #expect(control.contains(word), "\(control)") }
        #expect(String(decoding: folder.read("control/conffiles") ?? [], as: UTF8.self).contains("/etc/mozaiks-ops/mozaiks-ops.yaml\n"))
        let unit = String(decoding: folder.read("root/usr/lib/systemd/system/mozaiks-ops.service") ?? [], as: UTF8.self)
        #expect(unit.hasPrefix("[Unit]\n") && unit.contains("ExecStart=/usr/bin/mozaiks-ops run") && !unit.contains("/usr/local"))
        // Commented out: it names no runtime, and says so.
        let daemon = try run([root + "/usr/bin/mozaiks-ops", "config", "check", "--config", root + "/etc/mozaiks-ops/mozaiks-ops.yaml"], in: folder)
        #expect(daemon.code == 78 && daemon.errors.contains("no runtime to watch"), "\(daemon.everything)")
        try installsAndGoes(file, folder)
        guard access("/usr/bin/lintian", X_OK) == 0 else { return }
        // A binary of the tests is linked with the Swift libraries of the machine; that of a release is not.
        let tags = "custom-library-search-path,unstripped-binary-or-object"
        let looked = try run(["/usr/bin/lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags", tags, file], in: folder)
        #expect(looked.code == 0, "\(looked.everything)")
    }

    /// In a root of its own, with its scripts: nothing of it is left after a purge.
    private func installsAndGoes(_ file: String, _ folder: TemporaryFolder) throws {
        guard geteuid() == 0 else { return }
        for path in ["dpkg", "dpkg/var", "dpkg/var/lib", "dpkg/var/lib/dpkg", "dpkg/var/lib/dpkg/info", "dpkg/var/lib/dpkg/updates"] { mkdir(folder.path(path), 0o755) }
        folder.write("", to: "dpkg/var/lib/dpkg/status")
        func dpkg(_ words: String...) throws {
            let ending = try run(
                ["/usr/bin/dpkg", "--root=" + folder.path("dpkg"), "--force-script-chrootless", "--force-depends", "--log=/dev/null"] + words, in: folder)
            #expect(ending.code == 0, "\(words): \(ending.everything)")
        }
        try dpkg("--install", file)
        #expect(access(folder.path("dpkg/usr/bin/mozaiks-ops"), X_OK) == 0)
        mkdir(folder.path("dpkg/var/lib/private"), 0o755)
        mkdir(folder.path("dpkg/var/lib/private/mozaiks-ops"), 0o700)
        try dpkg("--remove", "mozaiks-ops")
        #expect(access(folder.path("dpkg/usr/bin/mozaiks-ops"), F_OK) != 0)
        #expect(access(folder.path("dpkg/etc/mozaiks-ops/mozaiks-ops.yaml"), F_OK) == 0, "what people wrote stays")
        #expect(access(folder.path("dpkg/var/lib/private/mozaiks-ops"), F_OK) == 0, "and the journal")
        try dpkg("--purge", "mozaiks-ops")
        for path in ["etc/mozaiks-ops", "var/lib/private/mozaiks-ops", "usr/share/doc/mozaiks-ops"] {
            #expect(access(folder.path("dpkg/" + path), F_OK) != 0, "\(path)")
        }
    }

    @Test func theTarballRunsWithoutAnyLibraryOfTheMachine() throws {
        let folder = TemporaryFolder()
        let (file, _) = try package("tarball", folder)
        #expect(try run(["/bin/tar", "-xzf", file], in: folder).code == 0)
        let name = String(try #require(file.split(separator: "/").last).dropLast(".tar.gz".count))
        let version = try Shell().run("--version").output
        #expect(try run([folder.path(name + "/mozaiks-ops"), "--version"], in: folder).output == version)
        guard geteuid() == 0, let loader = folder.names(in: name + "/lib")?.first(where: { $0.hasPrefix("ld-linux") }) else { return }
        // In a root with nothing else in it but what a kernel gives.
        let root = folder.path(name)
        mkdir(root + "/proc", 0o755)
        let bare = try run(
            ["/usr/bin/unshare", "-m", "/bin/sh", "-c", "mount -t proc proc '\(root)/proc' && exec chroot '\(root)' /lib/\(loader) --library-path /lib /libexec/mozaiks-ops --version"],
            in: folder)
        #expect(bare.output == version, "\(bare.everything)")
    }

    @Test func theImageIsWholeAndRunsAsNobodyOnAReadOnlyRoot() throws {
        let folder = TemporaryFolder()
        let (file, said) = try package("image", folder)
        #expect(said.contains(" MB packed"))
        let script = Fixtures.repository + "/packaging/oci.py"
        let unpacked = try run(["/usr/bin/python3", script, "verify", file, "--unpack", folder.path("root")], in: folder)
        #expect(unpacked.code == 0, "\(unpacked.everything)")
        // One byte of the layer is another: the check looks.
        let name = try #require(file.split(separator: "/").last)
        var bytes = try #require(folder.read("out/" + name))
        bytes[bytes.count / 2] ^= 1
        folder.write(bytes, to: "spoilt.tar")
        #expect(try run(["/usr/bin/python3", script, "verify", folder.path("spoilt.tar")], in: folder).code == 1)
        guard geteuid() == 0 else { return }
        let inside = """
            mount --bind '\(folder.path("root"))' '\(folder.path("root"))' && mount -o remount,ro,bind '\(folder.path("root"))' \
            && mount -t proc proc '\(folder.path("root"))/proc' && exec chroot --userspec=65532:65532 '\(folder.path("root"))' /usr/bin/mozaiks-ops
            """
        let version = try run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", inside + " --version"], in: folder)
        let expected = try Shell().run("--version").output
        #expect(version.output == expected, "\(version.everything)")
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        let check = try run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", inside + " evaluate --url \(silent)"], in: folder)
        #expect(check.output.contains("/api/health unreachable"), "\(check.everything)")
    }
}
