import ArgumentParser

/// Measures parts of the archive by themselves.
@main
struct CassetteBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cassette-bench",
        abstract: "Measures parts of the archive by themselves, in processor time.",
        subcommands: [
            ReadBenchmark.self, PixelBenchmark.self, WorkerBenchmark.self, KeyBenchmark.self, TextBenchmark.self,
            LeakBenchmark.self,
        ]
    )
}
