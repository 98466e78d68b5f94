// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/output_face.hpp"

namespace rig::decklink::card {

void mutate(abi::era_a::Output& /*output*/) {}

}  // namespace rig::decklink::card
