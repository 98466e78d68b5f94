// SPDX-License-Identifier: Apache-2.0
// The binary interface of DeckLink cards on Linux: what a host and the vendor's libDeckLinkAPI.so agree on. Own declarations
// under own names, written from the published facts; the vendor's headers make macros of its spellings.
//
// "DeckLink" is a mark of its owner. This project is not affiliated with it.
//
// What holds throughout:
//  - Itanium vtables. Slots 0 to 2 are Unknown's, and Unknown has no virtual destructor. Most interfaces declare a protected
//    one after their methods: it fills two slots, which count where another interface derives from it. The order of the
//    declarations is the interface; tests/decklink/abi_test.cpp compares every slot with a table.
//  - Interfaces that a method hands out are counted for the caller. Texts that a method hands out are malloc'ed: free() them.
//  - An id belongs to one frozen layout. era_a is what drivers from 11.5 on answer, era_b what those from 14.3 on answer too.
#pragma once

#include "decklink/decklink_values.hpp"

#include <cstdint>

namespace rig::decklink::abi {

// Interfaces of every era.

class Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("00000000-0000-0000-C000-000000000046");
  virtual Result QueryInterface(InterfaceId id, void** out) = 0;
  virtual unsigned long AddRef() = 0;
  virtual unsigned long Release() = 0;
};

class Device : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("C418FBDD-0587-48ED-8FE5-640F0A14AF91");
  virtual Result GetModelName(const char** out) = 0;
  virtual Result GetDisplayName(const char** out) = 0;

 protected:
  virtual ~Device() = default;
};

class Iterator : public Unknown {  // no destructor slots
 public:
  static constexpr InterfaceId kId = interface_id("50FB36CD-3063-4B73-BDBB-958087F2D8BA");
  virtual Result Next(Device** out) = 0;
};

class DisplayMode : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("3EB2C1AB-0A3D-4523-A3AD-F40D7FB14E78");
  virtual Result GetName(const char** out) = 0;
  virtual Code GetDisplayMode() = 0;
  virtual long GetWidth() = 0;
  virtual long GetHeight() = 0;
  virtual Result GetFrameRate(std::int64_t* duration, std::int64_t* scale) = 0;
  virtual Code GetFieldDominance() = 0;
  virtual std::uint32_t GetFlags() = 0;

 protected:
  virtual ~DisplayMode() = default;
};

class DisplayModeIterator : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("9C88499F-F601-4021-B80B-032E4EB41C35");
  virtual Result Next(DisplayMode** out) = 0;

 protected:
  virtual ~DisplayModeIterator() = default;
};

class Timecode : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("BC6CFBD3-8317-4325-AC1C-1216391E9340");
  virtual std::uint32_t GetBCD() = 0;
  virtual Result GetComponents(std::uint8_t* hours, std::uint8_t* minutes, std::uint8_t* seconds,
                               std::uint8_t* frames) = 0;
  virtual Result GetString(const char** out) = 0;
  virtual std::uint32_t GetFlags() = 0;
  virtual Result GetTimecodeUserBits(std::uint32_t* bits) = 0;

 protected:
  virtual ~Timecode() = default;
};

class AudioCallback : public Unknown {  // no destructor slots
 public:
  static constexpr InterfaceId kId = interface_id("403C681B-7F46-4A12-B993-2BB127084EE6");
  virtual Result RenderAudioSamples(bool preroll) = 0;
};

/// Questions by code. ApiInformation has the same layout under an id of its own.
class ProfileAttributes : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("17D4BF8E-4911-473A-80A0-731CF6FF345B");
  static constexpr InterfaceId kOldId = interface_id("ABC11843-D966-44CB-96E2-A1CB5D3135C4");  // to 10.x, same layout
  virtual Result GetFlag(Code what, bool* out) = 0;
  virtual Result GetInt(Code what, std::int64_t* out) = 0;
  virtual Result GetFloat(Code what, double* out) = 0;
  virtual Result GetString(Code what, const char** out) = 0;

 protected:
  virtual ~ProfileAttributes() = default;
};

class ApiInformation : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("7BEA3C68-730D-4322-AF34-8A7152B532A4");
  virtual Result GetFlag(Code what, bool* out) = 0;
  virtual Result GetInt(Code what, std::int64_t* out) = 0;
  virtual Result GetFloat(Code what, double* out) = 0;
  virtual Result GetString(Code what, const char** out) = 0;

 protected:
  virtual ~ApiInformation() = default;
};

class Configuration : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("912F634B-2D4E-40A4-8AAB-8D80B73F1289");
  virtual Result SetFlag(Code what, bool value) = 0;
  virtual Result GetFlag(Code what, bool* out) = 0;
  virtual Result SetInt(Code what, std::int64_t value) = 0;
  virtual Result GetInt(Code what, std::int64_t* out) = 0;
  virtual Result SetFloat(Code what, double value) = 0;
  virtual Result GetFloat(Code what, double* out) = 0;
  virtual Result SetString(Code what, const char* value) = 0;
  virtual Result GetString(Code what, const char** out) = 0;
  virtual Result WriteConfigurationToPreferences() = 0;

 protected:
  virtual ~Configuration() = default;
};

class Status : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("5F558200-4028-49BC-BEAC-DB3FA4A96E46");
  virtual Result GetFlag(Code what, bool* out) = 0;
  virtual Result GetInt(Code what, std::int64_t* out) = 0;
  virtual Result GetFloat(Code what, double* out) = 0;
  virtual Result GetString(Code what, const char** out) = 0;
  virtual Result GetBytes(Code what, void* buffer, std::uint32_t* size) = 0;

 protected:
  virtual ~Status() = default;
};

class Keyer : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("89AFCAF5-65F8-421E-98F7-96FE5F5BFBA3");
  virtual Result Enable(bool external) = 0;
  virtual Result SetLevel(std::uint8_t level) = 0;
  virtual Result RampUp(std::uint32_t frames) = 0;
  virtual Result RampDown(std::uint32_t frames) = 0;
  virtual Result Disable() = 0;

 protected:
  virtual ~Keyer() = default;
};

/// Called on a thread of the library's.
class DiscoveryCallback : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("4997053B-0ADF-4CC8-AC70-7A50C4BE728F");
  virtual Result DeviceArrived(Device* device) = 0;
  virtual Result DeviceRemoved(Device* device) = 0;

 protected:
  virtual ~DiscoveryCallback() = default;
};

class Discovery : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("CDBF631C-BC76-45FA-B44D-C55059BC6101");
  virtual Result InstallDeviceNotifications(DiscoveryCallback* callback) = 0;
  virtual Result UninstallDeviceNotifications() = 0;

 protected:
  virtual ~Discovery() = default;
};

/// HDR metadata of a frame: drivers ask every frame for both ids; a frame without it answers kNoInterface.
inline constexpr InterfaceId kFrameMetadataId = interface_id("E232A5B7-4DB4-44C9-9152-F47C12E5F051");
inline constexpr InterfaceId kFrameMetadataOldId = interface_id("D5973DC9-6432-46D0-8F0B-2496F8A1238F");

// Answered by drivers from 11.5 on: a frame hands out its bytes itself.
namespace era_a {

class VideoFrame : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("3F716FE0-F023-4111-BE5D-EF4414C05B17");
  virtual long GetWidth() = 0;
  virtual long GetHeight() = 0;
  virtual long GetRowBytes() = 0;
  virtual Code GetPixelFormat() = 0;
  virtual std::uint32_t GetFlags() = 0;
  virtual Result GetBytes(void** out) = 0;
  virtual Result GetTimecode(Code format, Timecode** out) = 0;
  virtual Result GetAncillaryData(void** out) = 0;

 protected:
  virtual ~VideoFrame() = default;  // slots 11 and 12: MutableVideoFrame's own methods begin at 13
};

class MutableVideoFrame : public VideoFrame {
 public:
  static constexpr InterfaceId kId = interface_id("69E2639F-40DA-4E19-B6F2-20ACE815C390");
  virtual Result SetFlags(std::uint32_t flags) = 0;
  virtual Result SetTimecode(Code format, Timecode* timecode) = 0;
  virtual Result SetTimecodeFromComponents(Code format, std::uint8_t hours, std::uint8_t minutes, std::uint8_t seconds,
                                           std::uint8_t frames, std::uint32_t flags) = 0;
  virtual Result SetAncillaryData(void* data) = 0;
  virtual Result SetTimecodeUserBits(Code format, std::uint32_t bits) = 0;

 protected:
  ~MutableVideoFrame() override = default;
};

/// Called on one thread of the library's, which has one frame's time for all that it does.
class VideoOutputCallback : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("20AA5225-1958-47CB-820B-80A8D521A6EE");
  virtual Result ScheduledFrameCompleted(VideoFrame* frame, std::uint32_t result) = 0;
  virtual Result ScheduledPlaybackHasStopped() = 0;

 protected:
  virtual ~VideoOutputCallback() = default;
};

class Output : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("BE2D9020-461E-442F-84B7-E949CB953B9D");
  virtual Result DoesSupportVideoMode(std::uint32_t connection, Code mode, Code format, std::uint32_t conversion,
                                      std::uint32_t flags, Code* actual_mode, bool* supported) = 0;
  virtual Result GetDisplayMode(Code mode, DisplayMode** out) = 0;
  virtual Result GetDisplayModeIterator(DisplayModeIterator** out) = 0;
  virtual Result SetScreenPreviewCallback(void* callback) = 0;
  virtual Result EnableVideoOutput(Code mode, std::uint32_t flags) = 0;
  virtual Result DisableVideoOutput() = 0;
  virtual Result SetVideoOutputFrameMemoryAllocator(void* allocator) = 0;
  virtual Result CreateVideoFrame(std::int32_t width, std::int32_t height, std::int32_t row_bytes, Code format,
                                  std::uint32_t flags, MutableVideoFrame** out) = 0;
  virtual Result CreateAncillaryData(Code format, void** out) = 0;
  virtual Result DisplayVideoFrameSync(VideoFrame* frame) = 0;
  virtual Result ScheduleVideoFrame(VideoFrame* frame, std::int64_t time, std::int64_t duration,
                                    std::int64_t scale) = 0;
  virtual Result SetScheduledFrameCompletionCallback(VideoOutputCallback* callback) = 0;
  virtual Result GetBufferedVideoFrameCount(std::uint32_t* out) = 0;
  virtual Result EnableAudioOutput(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels,
                                   std::uint32_t stream) = 0;
  virtual Result DisableAudioOutput() = 0;
  virtual Result WriteAudioSamplesSync(void* samples, std::uint32_t count, std::uint32_t* written) = 0;
  virtual Result BeginAudioPreroll() = 0;
  virtual Result EndAudioPreroll() = 0;
  virtual Result ScheduleAudioSamples(void* samples, std::uint32_t count, std::int64_t time, std::int64_t scale,
                                      std::uint32_t* written) = 0;
  virtual Result GetBufferedAudioSampleFrameCount(std::uint32_t* out) = 0;
  virtual Result FlushBufferedAudioSamples() = 0;
  virtual Result SetAudioCallback(AudioCallback* callback) = 0;
  virtual Result StartScheduledPlayback(std::int64_t time, std::int64_t scale, double speed) = 0;
  virtual Result StopScheduledPlayback(std::int64_t time, std::int64_t* actual, std::int64_t scale) = 0;
  virtual Result IsScheduledPlaybackRunning(bool* out) = 0;
  virtual Result GetScheduledStreamTime(std::int64_t scale, std::int64_t* time, double* speed) = 0;
  virtual Result GetReferenceStatus(std::uint32_t* out) = 0;
  virtual Result GetHardwareReferenceClock(std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                                           std::int64_t* per_frame) = 0;
  virtual Result GetFrameCompletionReferenceTimestamp(VideoFrame* frame, std::int64_t scale, std::int64_t* time) = 0;

 protected:
  virtual ~Output() = default;
};

}  // namespace era_a

// Answered by drivers from 14.3 to 15.3: a frame's bytes are its VideoBuffer's, between StartAccess and EndAccess.
namespace era_b {

class VideoBuffer : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("CCB4B64A-5C86-4E02-B778-885D352709FE");
  virtual Result GetBytes(void** out) = 0;
  virtual Result StartAccess(std::uint32_t access) = 0;
  virtual Result EndAccess(std::uint32_t access) = 0;

 protected:
  virtual ~VideoBuffer() = default;
};

class VideoFrame : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("6502091C-615F-4F51-BAF6-45C4256DD5B0");
  virtual long GetWidth() = 0;
  virtual long GetHeight() = 0;
  virtual long GetRowBytes() = 0;
  virtual Code GetPixelFormat() = 0;
  virtual std::uint32_t GetFlags() = 0;
  virtual Result GetTimecode(Code format, Timecode** out) = 0;
  virtual Result GetAncillaryData(void** out) = 0;

 protected:
  virtual ~VideoFrame() = default;  // slots 10 and 11: MutableVideoFrame's own methods begin at 12
};

class MutableVideoFrame : public VideoFrame {
 public:
  static constexpr InterfaceId kId = interface_id("CF9EB134-0374-4C5B-95FA-1EC14819FF62");
  virtual Result SetFlags(std::uint32_t flags) = 0;
  virtual Result SetTimecode(Code format, Timecode* timecode) = 0;
  virtual Result SetTimecodeFromComponents(Code format, std::uint8_t hours, std::uint8_t minutes, std::uint8_t seconds,
                                           std::uint8_t frames, std::uint32_t flags) = 0;
  virtual Result SetAncillaryData(void* data) = 0;
  virtual Result SetTimecodeUserBits(Code format, std::uint32_t bits) = 0;
  virtual Result SetInterfaceProvider(InterfaceId id, Unknown* provider) = 0;

 protected:
  ~MutableVideoFrame() override = default;
};

class VideoOutputCallback : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("5BE6DF26-02CE-433E-99D9-9A87C3AC171F");
  virtual Result ScheduledFrameCompleted(VideoFrame* frame, std::uint32_t result) = 0;
  virtual Result ScheduledPlaybackHasStopped() = 0;

 protected:
  virtual ~VideoOutputCallback() = default;
};

class Output : public Unknown {
 public:
  static constexpr InterfaceId kId = interface_id("1A8077F1-9FE2-4533-8147-2294305E253F");
  static constexpr InterfaceId kNewId = interface_id("5F227C95-39D7-46C7-8B7D-9C81795FBBE4");  // 16.0, same layout
  virtual Result DoesSupportVideoMode(std::uint32_t connection, Code mode, Code format, std::uint32_t conversion,
                                      std::uint32_t flags, Code* actual_mode, bool* supported) = 0;
  virtual Result GetDisplayMode(Code mode, DisplayMode** out) = 0;
  virtual Result GetDisplayModeIterator(DisplayModeIterator** out) = 0;
  virtual Result SetScreenPreviewCallback(void* callback) = 0;
  virtual Result EnableVideoOutput(Code mode, std::uint32_t flags) = 0;
  virtual Result DisableVideoOutput() = 0;
  virtual Result CreateVideoFrame(std::int32_t width, std::int32_t height, std::int32_t row_bytes, Code format,
                                  std::uint32_t flags, MutableVideoFrame** out) = 0;
  virtual Result CreateVideoFrameWithBuffer(std::int32_t width, std::int32_t height, std::int32_t row_bytes,
                                            Code format, std::uint32_t flags, VideoBuffer* buffer,
                                            MutableVideoFrame** out) = 0;
  virtual Result RowBytesForPixelFormat(Code format, std::int32_t width, std::int32_t* out) = 0;
  virtual Result CreateAncillaryData(Code format, void** out) = 0;
  virtual Result DisplayVideoFrameSync(VideoFrame* frame) = 0;
  virtual Result ScheduleVideoFrame(VideoFrame* frame, std::int64_t time, std::int64_t duration,
                                    std::int64_t scale) = 0;
  virtual Result SetScheduledFrameCompletionCallback(VideoOutputCallback* callback) = 0;
  virtual Result GetBufferedVideoFrameCount(std::uint32_t* out) = 0;
  virtual Result EnableAudioOutput(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels,
                                   std::uint32_t stream) = 0;
  virtual Result DisableAudioOutput() = 0;
  virtual Result WriteAudioSamplesSync(void* samples, std::uint32_t count, std::uint32_t* written) = 0;
  virtual Result BeginAudioPreroll() = 0;
  virtual Result EndAudioPreroll() = 0;
  virtual Result ScheduleAudioSamples(void* samples, std::uint32_t count, std::int64_t time, std::int64_t scale,
                                      std::uint32_t* written) = 0;
  virtual Result GetBufferedAudioSampleFrameCount(std::uint32_t* out) = 0;
  virtual Result FlushBufferedAudioSamples() = 0;
  virtual Result SetAudioCallback(AudioCallback* callback) = 0;
  virtual Result StartScheduledPlayback(std::int64_t time, std::int64_t scale, double speed) = 0;
  virtual Result StopScheduledPlayback(std::int64_t time, std::int64_t* actual, std::int64_t scale) = 0;
  virtual Result IsScheduledPlaybackRunning(bool* out) = 0;
  virtual Result GetScheduledStreamTime(std::int64_t scale, std::int64_t* time, double* speed) = 0;
  virtual Result GetReferenceStatus(std::uint32_t* out) = 0;
  virtual Result GetHardwareReferenceClock(std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                                           std::int64_t* per_frame) = 0;
  virtual Result GetFrameCompletionReferenceTimestamp(VideoFrame* frame, std::int64_t scale, std::int64_t* time) = 0;

 protected:
  virtual ~Output() = default;
};

}  // namespace era_b

// What the calling convention rests on.
static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "the interface is known for 64-bit Linux only");
static_assert(sizeof(Unknown) == sizeof(void*) && sizeof(era_a::MutableVideoFrame) == sizeof(void*) &&
                  sizeof(era_b::MutableVideoFrame) == sizeof(void*) && sizeof(era_a::Output) == sizeof(void*) &&
                  sizeof(era_b::Output) == sizeof(void*),
              "an interface is one vtable pointer");

/// The interfaces of an era, for templates that serve both.
struct EraA {
  using Output = era_a::Output;
  using VideoFrame = era_a::VideoFrame;
  using MutableVideoFrame = era_a::MutableVideoFrame;
  using VideoOutputCallback = era_a::VideoOutputCallback;
};
struct EraB {
  using Output = era_b::Output;
  using VideoFrame = era_b::VideoFrame;
  using MutableVideoFrame = era_b::MutableVideoFrame;
  using VideoOutputCallback = era_b::VideoOutputCallback;
};

}  // namespace rig::decklink::abi
