// SPDX-License-Identifier: Apache-2.0
#include "model/classification.hpp"

#include <cstring>

using namespace relume::core;

extern "C" {

relume_result relume_classification(size_t n, relume_field* out) RELUME_NONBLOCKING {
  if (out == nullptr || out->struct_size < 2 * sizeof(std::uint32_t)) return RELUME_E_INVALID;
  if (out->struct_size > sizeof *out) return RELUME_E_VERSION;
  if (n >= kFieldKinds.size()) return RELUME_E_RANGE;
  const FieldKind& kind = kFieldKinds[n];
  const relume_field full{out->struct_size, kind.field_class, kind.kept_in, 0, kind.name, kind.meaning};
  std::memcpy(out, &full, out->struct_size);
  return RELUME_OK;
}

}  // extern "C"
