// SPDX-License-Identifier: Apache-2.0
// The numbers of the DeckLink interface on Linux: results, ids, four-character codes. See decklink_abi.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rig::decklink::abi {

// Results. The numbers are not those of Windows.
using Result = std::int32_t;
constexpr Result result_of(std::uint32_t bits) { return static_cast<Result>(bits); }
inline constexpr Result kOk = 0;
inline constexpr Result kFalse = 1;  // an iterator's end, with a null pointer
inline constexpr Result kUnexpected = result_of(0x8000FFFFu);
inline constexpr Result kNotImplemented = result_of(0x80000001u);
inline constexpr Result kOutOfMemory = result_of(0x80000002u);
inline constexpr Result kInvalidArgument = result_of(0x80000003u);
inline constexpr Result kNoInterface = result_of(0x80000004u);
inline constexpr Result kNullPointer = result_of(0x80000005u);
inline constexpr Result kBadHandle = result_of(0x80000006u);
inline constexpr Result kAborted = result_of(0x80000007u);
inline constexpr Result kFailed = result_of(0x80000008u);
inline constexpr Result kAccessDenied = result_of(0x80000009u);
constexpr bool succeeded(Result result) { return result >= 0; }

/// The 16 bytes of an interface's id, in the order in which its text form names them. Passed by value.
struct InterfaceId {
  std::array<std::uint8_t, 16> bytes;
  friend constexpr bool operator==(const InterfaceId&, const InterfaceId&) = default;
};

/// From the text form with four hyphens. A malformed text does not compile.
consteval InterfaceId interface_id(const char (&text)[37]) {
  const auto nibble = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10u;
    throw "an interface id has upper-case hexadecimal digits";
  };
  InterfaceId id{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') throw "an interface id has hyphens after 8, 12, 16 and 20 digits";
    }
    id.bytes[i] = static_cast<std::uint8_t>(nibble(text[at]) << 4 | nibble(text[at + 1]));
    at += 2;
  }
  return id;
}

/// Four-character codes have their first character in the most significant byte.
using Code = std::uint32_t;
constexpr Code code(const char (&text)[5]) {
  Code value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(text[i]);
  return value;
}

// Names of the library and of its factories. Only the iterator is there in every version.
inline constexpr const char* kLibraryName = "libDeckLinkAPI.so";
inline constexpr const char* kIteratorFactory = "CreateDeckLinkIteratorInstance_0004";
inline constexpr const char* kDiscoveryFactory = "CreateDeckLinkDiscoveryInstance_0003";
inline constexpr const char* kApiInformationFactory = "CreateDeckLinkAPIInformationInstance_0001";

// Values of methods' arguments.
enum CompletionResult : std::uint32_t { kCompleted = 0, kDisplayedLate = 1, kDropped = 2, kFlushed = 3 };
enum OutputFlags : std::uint32_t { kOutputDefault = 0, kOutputVanc = 1, kOutputVitc = 2, kOutputRp188 = 4 };
enum FrameFlags : std::uint32_t { kFrameDefault = 0, kFrameFlipVertical = 1, kFrameHdrMetadata = 2 };
enum ReferenceStatus : std::uint32_t { kReferenceUnsupported = 1, kReferenceLocked = 2 };
enum BufferAccess : std::uint32_t { kBufferRead = 1, kBufferWrite = 2 };
enum ModeFlags : std::uint32_t { kModeRec601 = 2, kModeRec709 = 4, kModeRec2020 = 8 };
inline constexpr std::uint32_t kConnectionUnspecified = 0;
inline constexpr std::uint32_t kConversionNone = code("none");
inline constexpr std::uint32_t kAudioRate = 48000;
enum AudioStream : std::uint32_t { kAudioContinuous = 0, kAudioContinuousDontResample = 1, kAudioTimestamped = 2 };

inline constexpr Code kFormatUyvy = code("2vuy");
inline constexpr Code kFormatV210 = code("v210");
inline constexpr Code kFormatArgb = 32;
inline constexpr Code kFormatBgra = code("BGRA");
inline constexpr Code kFormatR210 = code("r210");
inline constexpr Code kFormatR10l = code("R10l");
inline constexpr Code kFormatR10b = code("R10b");
inline constexpr Code kFormatR12b = code("R12B");
inline constexpr Code kFormatR12l = code("R12L");

/// The fewest bytes that a row of so many pixels takes; 0 for an unknown format. A frame's own rows may be longer.
constexpr std::int64_t min_row_bytes(Code format, std::int64_t width) {
  switch (format) {
    case kFormatUyvy: return 2 * width;
    case kFormatV210: return (width + 47) / 48 * 128;
    case kFormatArgb:
    case kFormatBgra: return 4 * width;
    case kFormatR210:
    case kFormatR10l:
    case kFormatR10b: return (width + 63) / 64 * 256;
    case kFormatR12b:
    case kFormatR12l: return 36 * width / 8;
    default: return 0;
  }
}

inline constexpr Code kFieldProgressive = code("prog");
inline constexpr Code kFieldUpperFirst = code("uppr");
inline constexpr Code kFieldLowerFirst = code("lowr");

// Display modes; the card says their size and rate.
inline constexpr Code kMode720p50 = code("hp50");
inline constexpr Code kMode720p5994 = code("hp59");
inline constexpr Code kMode720p60 = code("hp60");
inline constexpr Code kMode1080p25 = code("Hp25");
inline constexpr Code kMode1080p50 = code("Hp50");
inline constexpr Code kMode1080p5994 = code("Hp59");
inline constexpr Code kMode1080p60 = code("Hp60");

// What ProfileAttributes, Configuration, Status and ApiInformation are asked for. In brackets the type.
inline constexpr Code kAttributeMinimumPreroll = code("mprf");     // [int] frames
inline constexpr Code kAttributeMaxAudioChannels = code("mach");   // [int]
inline constexpr Code kAttributePersistentId = code("peid");       // [int]
inline constexpr Code kAttributeTopologicalId = code("toid");      // [int]
inline constexpr Code kAttributeDeviceGroupId = code("dgid");      // [int]
inline constexpr Code kAttributeSubDeviceCount = code("nsbd");     // [int]
inline constexpr Code kAttributeSubDeviceIndex = code("subi");     // [int]
inline constexpr Code kAttributeIoSupport = code("vios");          // [int] of IoSupport
inline constexpr Code kAttributeDuplex = code("dupx");             // [int] a code
inline constexpr Code kAttributeOutputConnections = code("vocn");  // [int]
inline constexpr Code kAttributeInternalKeying = code("keyi");     // [flag]
inline constexpr Code kAttributeExternalKeying = code("keye");     // [flag]
inline constexpr Code kAttributeReferenceInput = code("hrin");     // [flag]
inline constexpr Code kAttributeIdleOutput = code("idou");         // [flag]
inline constexpr Code kAttributeHdrMetadata = code("hdrm");        // [flag]
inline constexpr Code kAttributeDeviceHandle = code("devh");       // [text]
inline constexpr Code kAttributeVendorName = code("vndr");         // [text]
inline constexpr Code kAttributeDisplayName = code("dspn");        // [text]
inline constexpr Code kAttributeModelName = code("mdln");          // [text]
enum IoSupport : std::uint32_t { kIoCapture = 1, kIoPlayback = 2 };
inline constexpr Code kDuplexFull = code("dxfu");
inline constexpr Code kDuplexHalf = code("dxha");
inline constexpr Code kDuplexSimplex = code("dxsp");
inline constexpr Code kDuplexInactive = code("dxin");

inline constexpr Code kConfigSerialNumber = code("disn");     // [text]
inline constexpr Code kConfigLowLatency = code("llvo");       // [flag]
inline constexpr Code kConfigIdleOperation = code("voio");    // [int] a code
inline constexpr Code kConfigReferenceOffset = code("glot");  // [int]
inline constexpr Code kIdleBlack = code("blac");
inline constexpr Code kIdleLastFrame = code("lafa");

inline constexpr Code kStatusOutputMode = code("cvom");       // [int] a mode
inline constexpr Code kStatusReferenceLocked = code("refl");  // [flag]
inline constexpr Code kStatusReferenceMode = code("refm");    // [int] a mode
inline constexpr Code kStatusBusy = code("busy");             // [int] kBusyPlayback among its bits
inline constexpr Code kStatusTemperature = code("dtmp");      // [int]
inline constexpr std::int64_t kBusyPlayback = 2;

inline constexpr Code kApiVersion = code("vers");  // [int] 0xMMmmpp00

static_assert(sizeof(InterfaceId) == 16 && std::is_trivially_copyable_v<InterfaceId>, "ids travel in two registers");
static_assert(sizeof(bool) == 1 && sizeof(Result) == 4 && sizeof(Code) == 4);
static_assert(kFailed == -2147483640 && code("2vuy") == 0x32767579u);

}  // namespace rig::decklink::abi
