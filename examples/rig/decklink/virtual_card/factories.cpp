// SPDX-License-Identifier: Apache-2.0
// What the library exports, beside the control entry (exports.map).
#include "decklink/virtual_card/discovery.hpp"
#include "decklink/virtual_card/question_faces.hpp"
#include "decklink/virtual_card/registry.hpp"

namespace abi = rig::decklink::abi;
namespace card = rig::decklink::card;

#define VIRTUAL_CARD_EXPORT extern "C" __attribute__((visibility("default")))

VIRTUAL_CARD_EXPORT abi::Iterator* CreateDeckLinkIteratorInstance_0004();
VIRTUAL_CARD_EXPORT abi::Discovery* CreateDeckLinkDiscoveryInstance_0003();
VIRTUAL_CARD_EXPORT abi::ApiInformation* CreateDeckLinkAPIInformationInstance_0001();

abi::Iterator* CreateDeckLinkIteratorInstance_0004() { return new card::DeviceIterator(); }

abi::Discovery* CreateDeckLinkDiscoveryInstance_0003() { return new card::DiscoveryObject(); }

abi::ApiInformation* CreateDeckLinkAPIInformationInstance_0001() {
  return new card::ApiInformationObject(card::Registry::instance().api_version());
}

namespace {

/// When the process ends, however the client left the card.
__attribute__((destructor)) void finish() {
  if (card::Registry* registry = card::Registry::existing()) registry->finish();
}

}  // namespace
