import ArgumentParser
import DICOMCore
import Logging

/// What the server is to do: command line over environment over defaults, checked.
struct ServerSettings: Sendable {
    let aet: AETitle
    let dicomPort: Int
    let httpPort: Int
    let bind: String
    let opensAccess: Bool
    let logLevel: Logger.Level

    /// Whether only this machine can reach the archive.
    var isOnLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(bind) }

    init(_ command: ServeCommand) throws {
        aet = try command.aet ?? Environment["AET"].map(aeTitle) ?? AETitle(literal: "CASSETTE")
        dicomPort = try Self.port(command.dicomPort, "DICOM_PORT", "--dicom-port") ?? 11_112
        httpPort = try Self.port(command.httpPort, "HTTP_PORT", "--http-port") ?? 8_080
        bind = command.bind ?? Environment["BIND"] ?? "127.0.0.1"
        opensAccess = command.open
        let level = command.logLevel ?? Environment["LOG_LEVEL"] ?? "info"
        guard let parsed = Logger.Level(rawValue: level) else {
            throw ValidationError("'\(level)' is no log level: use debug, info, notice, warning or error")
        }
        logLevel = parsed
        guard !opensAccess || isOnLoopback else {
            throw ValidationError("--open lets anyone in and works on loopback only: leave --bind out, or --open")
        }
    }

    private static func port(_ typed: Int?, _ variable: String, _ option: String) throws -> Int? {
        var port = typed
        if port == nil, let text = Environment[variable] {
            guard let number = Int(text) else {
                throw ValidationError("CASSETTE_\(variable) is '\(text)', which is no number")
            }
            port = number
        }
        guard let port else { return nil }
        guard (0...65_535).contains(port) else { throw ValidationError("\(option) is a number from 0 to 65535") }
        return port
    }
}
