# The clang that comes with Swift knows function effects and RealtimeSanitizer; Debian's do not. It is found by the folder of
# the `swift` command, never by the bare name clang++, which may be Debian's.
find_program(RELUME_SWIFT swift REQUIRED)
file(REAL_PATH ${RELUME_SWIFT} RELUME_SWIFT_REAL)
cmake_path(GET RELUME_SWIFT_REAL PARENT_PATH RELUME_SWIFT_BIN)
set(CMAKE_C_COMPILER ${RELUME_SWIFT_BIN}/clang)
set(CMAKE_CXX_COMPILER ${RELUME_SWIFT_BIN}/clang++)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-fuse-ld=lld")
