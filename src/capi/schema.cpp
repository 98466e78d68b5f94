// SPDX-License-Identifier: Apache-2.0
#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

extern "C" {

relume_result relume_schema_create(relume_schema** out_schema, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_schema == nullptr) return null_argument("out_schema");
    *out_schema = nullptr;
    *out_schema = new relume_schema;
    return {};
  });
}

void relume_schema_destroy(relume_schema* schema) { delete schema; }

relume_result relume_schema_add_type(relume_schema* schema, const relume_layer_type_def* def, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (schema == nullptr) return null_argument("schema");
    if (def == nullptr) return null_argument("def");
    relume_layer_type_def full;
    if (Fault fault = take(def, full, "relume_layer_type_def")) return fault;
    return schema->schema.add_type(full);
  });
}

relume_result relume_schema_add_layer(relume_schema* schema, const char* layer_key, const char* type_key,
                                      relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (schema == nullptr) return null_argument("schema");
    if (layer_key == nullptr) return null_argument("layer_key");
    if (type_key == nullptr) return null_argument("type_key");
    return schema->schema.add_layer(layer_key, type_key);
  });
}

relume_result relume_schema_add_record(relume_schema* schema, const char* record_key, uint32_t kind, const void* data,
                                       size_t size, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (schema == nullptr) return null_argument("schema");
    if (record_key == nullptr) return null_argument("record_key");
    if (data == nullptr && size > 0) return null_argument("data");
    return schema->schema.add_record(record_key, kind, {static_cast<const char*>(data), size});
  });
}

}  // extern "C"
