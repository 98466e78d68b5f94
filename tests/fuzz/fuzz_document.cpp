// SPDX-License-Identifier: Apache-2.0
// Any bytes as a show document: refused with a reason, or read to a state that is written as a document which proves itself, and
// from then on stays the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "persistence/document_codec.hpp"

namespace {

using namespace relume::core;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string encode(const SavedShow& show, const DocumentHeader& header) {
  Stack stack(kMaxLayers, kMaxDocumentSlots);
  for (const SavedLayer& layer : show.stack.layers) {
    const Layer* made = nullptr;
    require(!stack.restore(layer.key, layer.type, layer.id, layer.flags, layer.first_slot, made));
  }
  stack.set_next_layer_id(show.stack.next_layer_id);
  return encode_document(header, stack, show.objects, [&](std::uint32_t i) { return show.block(i); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  DocumentHeader header;
  std::string reason;
  const DocumentVerdict verdict = prove_document(bytes, header, reason);
  require((verdict == DocumentVerdict::ok) == reason.empty());
  // Also what does not prove itself: whoever can write here can write a checksum.
  SavedShow show;
  if (const Fault fault = decode_document(bytes, show)) {
    require(fault.code == RELUME_E_INVALID && !fault.culprit.empty() && !fault.message.empty());
    return 0;
  }
  header.head = show.head;
  const std::string written = encode(show, header);
  DocumentHeader again;
  require(prove_document(written, again, reason) == DocumentVerdict::ok && again.head == show.head && !again.by_hand);
  SavedShow read;
  require(!decode_document(written, read) && read.objects == show.objects);
  require(encode(read, header) == written);
  return 0;
}
