// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/question_faces.hpp"

#include <fmt/format.h>

#include <utility>

namespace rig::decklink::card {

namespace {

template <class Type>
abi::Result answer(Type* out, Type value) {
  if (out == nullptr) return abi::kNullPointer;
  *out = value;
  return abi::kOk;
}

/// The result of a question whose code is not known, with an answer that cannot be mistaken for one.
template <class Type>
abi::Result unknown(Type* out) {
  if (out == nullptr) return abi::kNullPointer;
  *out = {};
  return abi::kInvalidArgument;
}

}  // namespace

// Attributes

abi::Result AttributesFace::GetFlag(abi::Code what, bool* out) {
  switch (what) {
    case abi::kAttributeInternalKeying:
    case abi::kAttributeExternalKeying:
    case abi::kAttributeReferenceInput:
    case abi::kAttributeIdleOutput: return answer(out, true);
    case abi::kAttributeHdrMetadata: return answer(out, false);
    default: return unknown(out);
  }
}

abi::Result AttributesFace::GetInt(abi::Code what, std::int64_t* out) {
  switch (what) {
    case abi::kAttributeMinimumPreroll: return answer<std::int64_t>(out, card_.settings().minimum_preroll);
    case abi::kAttributeMaxAudioChannels: return answer<std::int64_t>(out, 16);
    case abi::kAttributePersistentId:
    case abi::kAttributeDeviceGroupId: return answer(out, card_.persistent_id());
    case abi::kAttributeTopologicalId: return answer<std::int64_t>(out, card_.number() + 1);
    case abi::kAttributeSubDeviceCount: return answer<std::int64_t>(out, 1);
    case abi::kAttributeSubDeviceIndex: return answer<std::int64_t>(out, 0);
    case abi::kAttributeIoSupport: return answer<std::int64_t>(out, abi::kIoPlayback);
    case abi::kAttributeDuplex: return answer<std::int64_t>(out, abi::kDuplexSimplex);
    case abi::kAttributeOutputConnections: return answer<std::int64_t>(out, 1);
    default: return unknown(out);
  }
}

abi::Result AttributesFace::GetFloat(abi::Code /*what*/, double* out) { return unknown(out); }

abi::Result AttributesFace::GetString(abi::Code what, const char** out) {
  switch (what) {
    case abi::kAttributeVendorName: return hand_out("Emulated", out);
    case abi::kAttributeModelName: return hand_out("Emulated Playout Card", out);
    case abi::kAttributeDisplayName: return hand_out(card_.display_name().c_str(), out);
    case abi::kAttributeDeviceHandle: return hand_out(fmt::format("emulated:{}", card_.number()).c_str(), out);
    default: return unknown(out);
  }
}

// Configuration

ConfigurationFace::ConfigurationFace(abi::Unknown& device, Card& card) : Face(device) {
  values_.emplace(abi::kConfigSerialNumber, card.serial_number());
  values_.emplace(abi::kConfigLowLatency, false);
  values_.emplace(abi::kConfigIdleOperation, std::int64_t{abi::kIdleLastFrame});
  values_.emplace(abi::kConfigReferenceOffset, std::int64_t{0});
}

abi::Result ConfigurationFace::set(abi::Code what, Value value) {
  if (what == abi::kConfigSerialNumber) return abi::kAccessDenied;
  const std::lock_guard lock(mutex_);
  values_.insert_or_assign(what, std::move(value));
  return abi::kOk;
}

template <class Type>
abi::Result ConfigurationFace::get(abi::Code what, Type* out) {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(what);
  const Type* value = found == values_.end() ? nullptr : std::get_if<Type>(&found->second);
  return value == nullptr ? unknown(out) : answer(out, *value);
}

abi::Result ConfigurationFace::SetFlag(abi::Code what, bool value) { return set(what, value); }
abi::Result ConfigurationFace::GetFlag(abi::Code what, bool* out) { return get(what, out); }
abi::Result ConfigurationFace::SetInt(abi::Code what, std::int64_t value) { return set(what, value); }
abi::Result ConfigurationFace::GetInt(abi::Code what, std::int64_t* out) { return get(what, out); }
abi::Result ConfigurationFace::SetFloat(abi::Code what, double value) { return set(what, value); }
abi::Result ConfigurationFace::GetFloat(abi::Code what, double* out) { return get(what, out); }

abi::Result ConfigurationFace::SetString(abi::Code what, const char* value) {
  return value == nullptr ? abi::kNullPointer : set(what, std::string(value));
}

abi::Result ConfigurationFace::GetString(abi::Code what, const char** out) {
  std::string value;
  const abi::Result result = get(what, &value);
  return result == abi::kOk ? hand_out(value.c_str(), out) : unknown(out);
}

// Status

abi::Result StatusFace::GetFlag(abi::Code what, bool* out) {
  if (gone()) return abi::kFailed;
  if (what != abi::kStatusReferenceLocked) return unknown(out);
  return answer(out, (card_.reference_status() & abi::kReferenceLocked) != 0);
}

abi::Result StatusFace::GetInt(abi::Code what, std::int64_t* out) {
  if (gone()) return abi::kFailed;
  const Mode* mode = card_.video().mode();
  switch (what) {
    case abi::kStatusOutputMode:
    case abi::kStatusReferenceMode: return mode == nullptr ? unknown(out) : answer<std::int64_t>(out, mode->code);
    case abi::kStatusBusy: return answer<std::int64_t>(out, mode == nullptr ? 0 : abi::kBusyPlayback);
    default: return unknown(out);
  }
}

abi::Result StatusFace::GetFloat(abi::Code /*what*/, double* out) { return gone() ? abi::kFailed : unknown(out); }

abi::Result StatusFace::GetString(abi::Code /*what*/, const char** out) { return gone() ? abi::kFailed : unknown(out); }

abi::Result StatusFace::GetBytes(abi::Code /*what*/, void* /*buffer*/, std::uint32_t* size) {
  return gone() ? abi::kFailed : unknown(size);
}

// Keyer

abi::Result KeyerFace::note(const char* what, std::uint32_t value) {
  if (card_.recorder().logs()) {
    card_.recorder().log(
        fmt::format(R"({{"event":"keyer","card":{},"what":"{}","value":{}}})", card_.number(), what, value));
  }
  return abi::kOk;
}

// The library

abi::Result ApiInformationObject::GetFlag(abi::Code /*what*/, bool* out) { return unknown(out); }

abi::Result ApiInformationObject::GetInt(abi::Code what, std::int64_t* out) {
  return what == abi::kApiVersion ? answer(out, version_) : unknown(out);
}

abi::Result ApiInformationObject::GetFloat(abi::Code /*what*/, double* out) { return unknown(out); }

abi::Result ApiInformationObject::GetString(abi::Code what, const char** out) {
  if (what != abi::kApiVersion) return unknown(out);
  return hand_out(fmt::format("{}.{}.{} (emulated)", version_ >> 24, version_ >> 16 & 255, version_ >> 8 & 255).c_str(),
                  out);
}

}  // namespace rig::decklink::card
