// SPDX-License-Identifier: Apache-2.0
// The declarations against the published tables of ids and slots. A vtable has no names: one method out of order, or a
// destructor left out where another interface derives from it, and a card calls something else.
#include <catch2/catch.hpp>

#include "decklink/decklink_abi.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace abi = rig::decklink::abi;

namespace {

/// By the Itanium C++ ABI a pointer to a virtual method holds one more than the method's offset in the vtable.
template <class Method>
std::ptrdiff_t slot(Method method) {
  static_assert(sizeof method == 2 * sizeof(std::ptrdiff_t));
  std::ptrdiff_t words[2];
  std::memcpy(words, &method, sizeof words);
  REQUIRE(words[0] % 2 == 1);
  return (words[0] - 1) / static_cast<std::ptrdiff_t>(sizeof(void*));
}

std::string text(const abi::InterfaceId& id) {
  std::string out;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02X", unsigned{id.bytes[i]});
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += digits;
  }
  return out;
}

/// The methods that both eras' outputs have, from EnableVideoOutput's successors on: era B's are `shift` further.
template <class Output>
void check_output_slots(std::ptrdiff_t shift) {
  CHECK(slot(&Output::DoesSupportVideoMode) == 3);
  CHECK(slot(&Output::GetDisplayMode) == 4);
  CHECK(slot(&Output::GetDisplayModeIterator) == 5);
  CHECK(slot(&Output::SetScreenPreviewCallback) == 6);
  CHECK(slot(&Output::EnableVideoOutput) == 7);
  CHECK(slot(&Output::DisableVideoOutput) == 8);
  CHECK(slot(&Output::CreateAncillaryData) == 11 + shift);
  CHECK(slot(&Output::DisplayVideoFrameSync) == 12 + shift);
  CHECK(slot(&Output::ScheduleVideoFrame) == 13 + shift);
  CHECK(slot(&Output::SetScheduledFrameCompletionCallback) == 14 + shift);
  CHECK(slot(&Output::GetBufferedVideoFrameCount) == 15 + shift);
  CHECK(slot(&Output::EnableAudioOutput) == 16 + shift);
  CHECK(slot(&Output::DisableAudioOutput) == 17 + shift);
  CHECK(slot(&Output::WriteAudioSamplesSync) == 18 + shift);
  CHECK(slot(&Output::BeginAudioPreroll) == 19 + shift);
  CHECK(slot(&Output::EndAudioPreroll) == 20 + shift);
  CHECK(slot(&Output::ScheduleAudioSamples) == 21 + shift);
  CHECK(slot(&Output::GetBufferedAudioSampleFrameCount) == 22 + shift);
  CHECK(slot(&Output::FlushBufferedAudioSamples) == 23 + shift);
  CHECK(slot(&Output::SetAudioCallback) == 24 + shift);
  CHECK(slot(&Output::StartScheduledPlayback) == 25 + shift);
  CHECK(slot(&Output::StopScheduledPlayback) == 26 + shift);
  CHECK(slot(&Output::IsScheduledPlaybackRunning) == 27 + shift);
  CHECK(slot(&Output::GetScheduledStreamTime) == 28 + shift);
  CHECK(slot(&Output::GetReferenceStatus) == 29 + shift);
  CHECK(slot(&Output::GetHardwareReferenceClock) == 30 + shift);
  CHECK(slot(&Output::GetFrameCompletionReferenceTimestamp) == 31 + shift);
}

}  // namespace

TEST_CASE("DeckLink ABI: ids read as they are published", "[decklink][abi]") {
  CHECK(text(abi::Unknown::kId) == "00000000-0000-0000-C000-000000000046");
  CHECK(text(abi::Device::kId) == "C418FBDD-0587-48ED-8FE5-640F0A14AF91");
  CHECK(text(abi::Iterator::kId) == "50FB36CD-3063-4B73-BDBB-958087F2D8BA");
  CHECK(text(abi::DisplayMode::kId) == "3EB2C1AB-0A3D-4523-A3AD-F40D7FB14E78");
  CHECK(text(abi::DisplayModeIterator::kId) == "9C88499F-F601-4021-B80B-032E4EB41C35");
  CHECK(text(abi::Timecode::kId) == "BC6CFBD3-8317-4325-AC1C-1216391E9340");
  CHECK(text(abi::AudioCallback::kId) == "403C681B-7F46-4A12-B993-2BB127084EE6");
  CHECK(text(abi::ProfileAttributes::kId) == "17D4BF8E-4911-473A-80A0-731CF6FF345B");
  CHECK(text(abi::ProfileAttributes::kOldId) == "ABC11843-D966-44CB-96E2-A1CB5D3135C4");
  CHECK(text(abi::ApiInformation::kId) == "7BEA3C68-730D-4322-AF34-8A7152B532A4");
  CHECK(text(abi::Configuration::kId) == "912F634B-2D4E-40A4-8AAB-8D80B73F1289");
  CHECK(text(abi::Status::kId) == "5F558200-4028-49BC-BEAC-DB3FA4A96E46");
  CHECK(text(abi::Keyer::kId) == "89AFCAF5-65F8-421E-98F7-96FE5F5BFBA3");
  CHECK(text(abi::Discovery::kId) == "CDBF631C-BC76-45FA-B44D-C55059BC6101");
  CHECK(text(abi::DiscoveryCallback::kId) == "4997053B-0ADF-4CC8-AC70-7A50C4BE728F");
  CHECK(text(abi::kFrameMetadataId) == "E232A5B7-4DB4-44C9-9152-F47C12E5F051");
  CHECK(text(abi::kFrameMetadataOldId) == "D5973DC9-6432-46D0-8F0B-2496F8A1238F");
  CHECK(text(abi::era_a::VideoFrame::kId) == "3F716FE0-F023-4111-BE5D-EF4414C05B17");
  CHECK(text(abi::era_a::MutableVideoFrame::kId) == "69E2639F-40DA-4E19-B6F2-20ACE815C390");
  CHECK(text(abi::era_a::VideoOutputCallback::kId) == "20AA5225-1958-47CB-820B-80A8D521A6EE");
  CHECK(text(abi::era_a::Output::kId) == "BE2D9020-461E-442F-84B7-E949CB953B9D");
  CHECK(text(abi::era_b::VideoFrame::kId) == "6502091C-615F-4F51-BAF6-45C4256DD5B0");
  CHECK(text(abi::era_b::MutableVideoFrame::kId) == "CF9EB134-0374-4C5B-95FA-1EC14819FF62");
  CHECK(text(abi::era_b::VideoBuffer::kId) == "CCB4B64A-5C86-4E02-B778-885D352709FE");
  CHECK(text(abi::era_b::VideoOutputCallback::kId) == "5BE6DF26-02CE-433E-99D9-9A87C3AC171F");
  CHECK(text(abi::era_b::Output::kId) == "1A8077F1-9FE2-4533-8147-2294305E253F");
  CHECK(text(abi::era_b::Output::kNewId) == "5F227C95-39D7-46C7-8B7D-9C81795FBBE4");
}

TEST_CASE("DeckLink ABI: codes and results are the published numbers", "[decklink][abi]") {
  CHECK(abi::code("2vuy") == 0x32767579u);
  CHECK(abi::code("pal ") == 0x70616C20u);
  CHECK(static_cast<std::uint32_t>(abi::kAccessDenied) == 0x80000009u);
  CHECK_FALSE(abi::succeeded(abi::kUnexpected));
  CHECK(abi::succeeded(abi::kFalse));
  CHECK(abi::min_row_bytes(abi::kFormatUyvy, 1920) == 3840);
  CHECK(abi::min_row_bytes(abi::kFormatV210, 1920) == 5120);
  CHECK(abi::min_row_bytes(abi::kFormatV210, 1280) == 3456);
  CHECK(abi::min_row_bytes(abi::kFormatBgra, 1280) == 5120);
  CHECK(abi::min_row_bytes(abi::kFormatR210, 1920) == 7680);
  CHECK(abi::min_row_bytes(abi::kFormatR12b, 1920) == 8640);
  CHECK(abi::min_row_bytes(abi::code("none"), 1920) == 0);
}

TEST_CASE("DeckLink ABI: every method of the small interfaces sits in its slot", "[decklink][abi]") {
  CHECK(slot(&abi::Unknown::QueryInterface) == 0);
  CHECK(slot(&abi::Unknown::AddRef) == 1);
  CHECK(slot(&abi::Unknown::Release) == 2);
  CHECK(slot(&abi::Iterator::Next) == 3);
  CHECK(slot(&abi::Device::GetModelName) == 3);
  CHECK(slot(&abi::Device::GetDisplayName) == 4);
  CHECK(slot(&abi::DisplayModeIterator::Next) == 3);
  CHECK(slot(&abi::AudioCallback::RenderAudioSamples) == 3);

  CHECK(slot(&abi::DisplayMode::GetName) == 3);
  CHECK(slot(&abi::DisplayMode::GetDisplayMode) == 4);
  CHECK(slot(&abi::DisplayMode::GetWidth) == 5);
  CHECK(slot(&abi::DisplayMode::GetHeight) == 6);
  CHECK(slot(&abi::DisplayMode::GetFrameRate) == 7);
  CHECK(slot(&abi::DisplayMode::GetFieldDominance) == 8);
  CHECK(slot(&abi::DisplayMode::GetFlags) == 9);

  CHECK(slot(&abi::Timecode::GetBCD) == 3);
  CHECK(slot(&abi::Timecode::GetComponents) == 4);
  CHECK(slot(&abi::Timecode::GetString) == 5);
  CHECK(slot(&abi::Timecode::GetFlags) == 6);
  CHECK(slot(&abi::Timecode::GetTimecodeUserBits) == 7);

  CHECK(slot(&abi::Keyer::Enable) == 3);
  CHECK(slot(&abi::Keyer::SetLevel) == 4);
  CHECK(slot(&abi::Keyer::RampUp) == 5);
  CHECK(slot(&abi::Keyer::RampDown) == 6);
  CHECK(slot(&abi::Keyer::Disable) == 7);

  CHECK(slot(&abi::Discovery::InstallDeviceNotifications) == 3);
  CHECK(slot(&abi::Discovery::UninstallDeviceNotifications) == 4);
  CHECK(slot(&abi::DiscoveryCallback::DeviceArrived) == 3);
  CHECK(slot(&abi::DiscoveryCallback::DeviceRemoved) == 4);
}

TEST_CASE("DeckLink ABI: questions and settings sit in their slots", "[decklink][abi]") {
  CHECK(slot(&abi::ProfileAttributes::GetFlag) == 3);
  CHECK(slot(&abi::ProfileAttributes::GetInt) == 4);
  CHECK(slot(&abi::ProfileAttributes::GetFloat) == 5);
  CHECK(slot(&abi::ProfileAttributes::GetString) == 6);

  CHECK(slot(&abi::ApiInformation::GetFlag) == 3);
  CHECK(slot(&abi::ApiInformation::GetInt) == 4);
  CHECK(slot(&abi::ApiInformation::GetFloat) == 5);
  CHECK(slot(&abi::ApiInformation::GetString) == 6);

  CHECK(slot(&abi::Status::GetFlag) == 3);
  CHECK(slot(&abi::Status::GetInt) == 4);
  CHECK(slot(&abi::Status::GetFloat) == 5);
  CHECK(slot(&abi::Status::GetString) == 6);
  CHECK(slot(&abi::Status::GetBytes) == 7);

  CHECK(slot(&abi::Configuration::SetFlag) == 3);
  CHECK(slot(&abi::Configuration::GetFlag) == 4);
  CHECK(slot(&abi::Configuration::SetInt) == 5);
  CHECK(slot(&abi::Configuration::GetInt) == 6);
  CHECK(slot(&abi::Configuration::SetFloat) == 7);
  CHECK(slot(&abi::Configuration::GetFloat) == 8);
  CHECK(slot(&abi::Configuration::SetString) == 9);
  CHECK(slot(&abi::Configuration::GetString) == 10);
  CHECK(slot(&abi::Configuration::WriteConfigurationToPreferences) == 11);
}

TEST_CASE("DeckLink ABI: frames and callbacks of 11.5 sit in their slots", "[decklink][abi]") {
  using abi::era_a::MutableVideoFrame;
  using abi::era_a::VideoFrame;
  using abi::era_a::VideoOutputCallback;
  CHECK(slot(&VideoFrame::GetWidth) == 3);
  CHECK(slot(&VideoFrame::GetHeight) == 4);
  CHECK(slot(&VideoFrame::GetRowBytes) == 5);
  CHECK(slot(&VideoFrame::GetPixelFormat) == 6);
  CHECK(slot(&VideoFrame::GetFlags) == 7);
  CHECK(slot(&VideoFrame::GetBytes) == 8);
  CHECK(slot(&VideoFrame::GetTimecode) == 9);
  CHECK(slot(&VideoFrame::GetAncillaryData) == 10);
  CHECK(slot(&MutableVideoFrame::SetFlags) == 13);
  CHECK(slot(&MutableVideoFrame::SetTimecode) == 14);
  CHECK(slot(&MutableVideoFrame::SetTimecodeFromComponents) == 15);
  CHECK(slot(&MutableVideoFrame::SetAncillaryData) == 16);
  CHECK(slot(&MutableVideoFrame::SetTimecodeUserBits) == 17);
  CHECK(slot(&VideoOutputCallback::ScheduledFrameCompleted) == 3);
  CHECK(slot(&VideoOutputCallback::ScheduledPlaybackHasStopped) == 4);
}

TEST_CASE("DeckLink ABI: frames, buffers and callbacks of 14.3 sit in their slots", "[decklink][abi]") {
  using abi::era_b::MutableVideoFrame;
  using abi::era_b::VideoBuffer;
  using abi::era_b::VideoFrame;
  using abi::era_b::VideoOutputCallback;
  CHECK(slot(&VideoFrame::GetWidth) == 3);
  CHECK(slot(&VideoFrame::GetHeight) == 4);
  CHECK(slot(&VideoFrame::GetRowBytes) == 5);
  CHECK(slot(&VideoFrame::GetPixelFormat) == 6);
  CHECK(slot(&VideoFrame::GetFlags) == 7);
  CHECK(slot(&VideoFrame::GetTimecode) == 8);
  CHECK(slot(&VideoFrame::GetAncillaryData) == 9);
  CHECK(slot(&MutableVideoFrame::SetFlags) == 12);
  CHECK(slot(&MutableVideoFrame::SetTimecode) == 13);
  CHECK(slot(&MutableVideoFrame::SetTimecodeFromComponents) == 14);
  CHECK(slot(&MutableVideoFrame::SetAncillaryData) == 15);
  CHECK(slot(&MutableVideoFrame::SetTimecodeUserBits) == 16);
  CHECK(slot(&MutableVideoFrame::SetInterfaceProvider) == 17);
  CHECK(slot(&VideoBuffer::GetBytes) == 3);
  CHECK(slot(&VideoBuffer::StartAccess) == 4);
  CHECK(slot(&VideoBuffer::EndAccess) == 5);
  CHECK(slot(&VideoOutputCallback::ScheduledFrameCompleted) == 3);
  CHECK(slot(&VideoOutputCallback::ScheduledPlaybackHasStopped) == 4);
}

TEST_CASE("DeckLink ABI: every method of both outputs sits in its slot", "[decklink][abi]") {
  check_output_slots<abi::era_a::Output>(0);
  CHECK(slot(&abi::era_a::Output::SetVideoOutputFrameMemoryAllocator) == 9);
  CHECK(slot(&abi::era_a::Output::CreateVideoFrame) == 10);

  check_output_slots<abi::era_b::Output>(1);
  CHECK(slot(&abi::era_b::Output::CreateVideoFrame) == 9);
  CHECK(slot(&abi::era_b::Output::CreateVideoFrameWithBuffer) == 10);
  CHECK(slot(&abi::era_b::Output::RowBytesForPixelFormat) == 11);
}
