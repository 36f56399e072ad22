import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

private let compiler = "/usr/bin/cc"

/// What the program does with the HTTP library's form of answers, as a library before it tells.
@Suite(
    "Answers that are sent many times",
    .timeLimit(.minutes(5)),
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: compiler),
        "there is no C compiler: apt-get install gcc"
    )
)
struct KeptAnswerTests {
    @Test("An answer that anybody may ask for is made once, and the library counts who sends it")
    func once() async throws {
        let served = try await Served()
        defer { served.running.send(SIGKILL) }
        let answers = try await served.ask("nothing", times: 20)
        #expect(answers.count == 20)
        #expect(Set(answers).count == 1)
        #expect(await eventually { served.forms().map(\.users) == [1] })
        #expect(served.forms().map(\.sent) == [20])
    }

    @Test("The form of an answer is freed when another one takes its place")
    func freed() async throws {
        let served = try await Served()
        defer { served.running.send(SIGKILL) }
        _ = await served.bench.run("acquire", "--job", "j", "--meta", "files")
        var shared = 0
        for reason in ["one", "two", "three"] {
            let paused = await served.bench.run("pause", "--job", "j", "--reason", reason)
            #expect(paused.status == .done)
            let isShared = try await eventually {
                let answers = try await served.ask("v1/runs/j/-", times: 3)
                return answers.allSatisfy { $0.contains(reason) }
                    && served.forms().filter { $0.sent > 1 }.count > shared
            }
            #expect(isShared, "\(reason): \(served.forms())")
            shared = served.forms().filter { $0.sent > 1 }.count
        }
        #expect(await eventually { served.forms().filter { $0.users > 0 }.count <= 1 })
    }

    /// A server whose library tells in a file what becomes of answers.
    private struct Served {
        let bench: CommandLineBench
        let running: RunningProgram
        private let url: String
        private let told: String

        /// What became of a form that the library has of an answer.
        struct Form: Sendable {
            let bytes: Int
            /// How often it was sent.
            var sent = 0
            /// Who still has it: who made it, and each connection that sends it.
            var users = 1
        }

        init() async throws {
            bench = try await CommandLineBench()
            told = bench.path("told")
            try bench.write(KeptAnswerTests.source, to: "teller.c")
            let compiled = try await Executable(compiler).run([
                "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", bench.path("libmicrohttpd.so.12"),
                bench.path("teller.c"), "-l:libmicrohttpd.so.12",
            ])
            #expect(compiled.code == 0, "\(compiled.errors)")
            let port = try LocalListener.freePort()
            var environment = bench.environment
            environment["TRANCHE_LIBRARIES"] = bench.folder.path
            environment["TOLD"] = told
            running = try Executable.tranche.start(
                ["serve", "--listen", "127.0.0.1:\(port)"],
                environment: environment
            )
            url = "http://127.0.0.1:\(port)"
            try await LocalListener.waitForSomebody(on: port)
        }

        /// Asks for the same again and again on one connection; the answers.
        func ask(_ path: String, times: Int) async throws -> [String] {
            let asked = [String](repeating: "\(url)/\(path)", count: times)
            let outcome = try await Executable("/usr/bin/curl").run(["-sS", "-m", "60"] + asked)
            #expect(outcome.code == 0, "\(outcome.errors)")
            return outcome.output.split(separator: "\n").map(String.init)
        }

        /// The forms that the library was asked for, in that order.
        func forms() -> [Form] {
            var forms: [Form] = []
            // An address is given out again once a form is freed.
            var places: [Substring: Int] = [:]
            let lines = (try? String(contentsOfFile: told, encoding: .utf8)) ?? ""
            for words in lines.split(separator: "\n").map({ $0.split(separator: " ") }) {
                if words[0] == "made" {
                    places[words[1]] = forms.count
                    forms.append(Form(bytes: Int(words[2]) ?? 0))
                } else if let place = places[words[1]] {
                    forms[place].sent += words[0] == "sent" ? 1 : 0
                    forms[place].users += words[0] == "sent" ? 1 : -1
                }
            }
            return forms
        }
    }

    /// A library before libmicrohttpd, which writes down what is made, sent and let go of.
    fileprivate static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>

        static void *of_library(const char *name) {
            return dlsym(dlopen("libmicrohttpd.so.12", RTLD_NOW), name);
        }

        static void tell(const char *what, void *made, size_t bytes) {
            char line[80];
            int length = snprintf(line, sizeof line, "%s %p %zu\n", what, made, bytes);
            int file = open(getenv("TOLD"), O_WRONLY | O_CREAT | O_APPEND, 0600);
            if (write(file, line, length) != length) abort();
            close(file);
        }

        void *MHD_create_response_from_buffer(size_t bytes, void *start, int mode) {
            void *(*make)(size_t, void *, int) = of_library("MHD_create_response_from_buffer");
            void *made = make(bytes, start, mode);
            tell("made", made, bytes);
            return made;
        }

        int MHD_queue_response(void *connection, unsigned status, void *made) {
            int (*send)(void *, unsigned, void *) = of_library("MHD_queue_response");
            int is_sent = send(connection, status, made);
            if (is_sent) tell("sent", made, 0);
            return is_sent;
        }

        void MHD_destroy_response(void *made) {
            void (*let_go)(void *) = of_library("MHD_destroy_response");
            tell("left", made, 0);
            let_go(made);
        }
        """#
}
