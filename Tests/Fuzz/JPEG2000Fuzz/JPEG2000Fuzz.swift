public import FuzzDriver
import FuzzPixelProperties

/// The entry that the package manager's linking expects of a program.
@_cdecl("JPEG2000Fuzz_main")
public func main(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    // The callback only hands libFuzzer's pointer on.
    unsafe FuzzDriver.run(count, arguments) { unsafe FuzzDriver.check(JPEG2000Target.self, $0, $1) }
}
