public import FuzzDriver
import FuzzGatewayProperties

/// The entry that the package manager's linking expects of a program.
@_cdecl("ConsentFuzz_main")
public func main(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    // The callback only hands libFuzzer's pointer on.
    unsafe FuzzDriver.run(count, arguments) { unsafe FuzzDriver.check(ConsentTarget.self, $0, $1) }
}
