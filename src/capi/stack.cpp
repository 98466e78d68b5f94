// SPDX-License-Identifier: Apache-2.0
#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

extern "C" {

relume_result relume_layer_find(relume_show* show, const char* layer_key, relume_layer* out_layer,
                                relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (layer_key == nullptr) return null_argument("layer_key");
    if (out_layer == nullptr) return null_argument("out_layer");
    return show->show->coordinator().find_layer(layer_key, *out_layer);
  });
}

uint32_t relume_layer_count(relume_show* show) { return show != nullptr ? show->show->coordinator().layer_count() : 0; }

relume_result relume_layer_at(relume_show* show, uint32_t position, relume_layer* out_layer, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (out_layer == nullptr) return null_argument("out_layer");
    return show->show->coordinator().layer_at(position, *out_layer);
  });
}

relume_result relume_layer_info_get(relume_show* show, relume_layer layer, relume_layer_info* info,
                                    relume_error* error) {
  return filled(info, "info", error, [&](relume_layer_info& out) -> Fault {
    return show != nullptr ? show->show->coordinator().layer_info(layer, out) : null_argument("show");
  });
}

relume_result relume_param_find(relume_show* show, const char* route, relume_param* out_param, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (route == nullptr) return null_argument("route");
    if (out_param == nullptr) return null_argument("out_param");
    return show->show->coordinator().find_param(route, *out_param);
  });
}

relume_result relume_param_at(relume_show* show, relume_layer layer, uint32_t n, relume_param* out_param,
                              relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (out_param == nullptr) return null_argument("out_param");
    return show->show->coordinator().param_at(layer, n, *out_param);
  });
}

relume_result relume_param_info_get(relume_show* show, relume_param param, relume_param_info* info,
                                    relume_error* error) {
  return filled(info, "info", error, [&](relume_param_info& out) -> Fault {
    return show != nullptr ? show->show->coordinator().param_info(param, out) : null_argument("show");
  });
}

relume_result relume_param_label_find(relume_show* show, relume_param param, const char* label, int32_t* out_index,
                                      relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (label == nullptr) return null_argument("label");
    if (out_index == nullptr) return null_argument("out_index");
    return show->show->coordinator().find_label(param, label, *out_index);
  });
}

size_t relume_param_label(relume_show* show, relume_param param, int32_t index, char* buffer, size_t size) {
  if (show == nullptr) return 0;
  std::string text;
  guarded(nullptr, [&]() -> Fault {
    text = show->show->coordinator().label(param, index);
    return {};
  });
  if (buffer != nullptr && size > 0) buffer[text.copy(buffer, size - 1)] = '\0';
  return text.size();
}

}  // extern "C"
