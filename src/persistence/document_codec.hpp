// SPDX-License-Identifier: Apache-2.0
// The show document: readable JSON that proves itself. docs/persistence-format.md is its specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "model/fault.hpp"
#include "persistence/saved_show.hpp"

namespace relume::core {

/// What is larger is no document: nobody writes one, nobody reads one.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 30U;
/// Slots of all layers together; a show cannot have more.
inline constexpr std::uint32_t kMaxDocumentSlots = 16'777'216;

struct DocumentHeader {
  std::uint32_t format = 1;
  ShowId show_id{};
  SavedHead head;             // restarts is not in it; accepted_ns is when its newest revision was accepted
  std::int64_t saved_ns = 0;  // realtime
  bool by_hand = false;       // its checksum is "none": somebody edited it and says so
};

/// Writes the document of a state: stack, persisted values, records, and unknown members that came from an earlier document.
std::string encode_document(const DocumentHeader& header, const Stack& stack, const ObjectTable& objects,
                            const std::function<const SavedBlock*(std::uint32_t)>& block);

enum class DocumentVerdict { ok, damaged, newer_format };

/// Proves the bytes by header, length and checksum, before anything else in them is looked at. `reason` says why not, with the
/// remedy.
DocumentVerdict prove_document(std::string_view bytes, DocumentHeader& out, std::string& reason);

/// Reads a document that proved itself. Its layers get slots from 0 up in their order. Values that do not fit the types in the
/// document are damage: the Fault (RELUME_E_INVALID) names the route. Unknown members go into out.objects.
Fault decode_document(std::string_view bytes, SavedShow& out);

}  // namespace relume::core
