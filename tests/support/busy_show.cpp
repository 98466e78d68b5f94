// SPDX-License-Identifier: Apache-2.0
#include "busy_show.hpp"

#include <algorithm>

namespace relume::test {
namespace {

constexpr std::int64_t kTau = 100'000'000;

std::vector<Param> fixture_params() {
  std::vector<Param> params;
  for (int i = 0; i < 56; ++i)
    params.push_back(Param("level-" + std::to_string(i), RELUME_FLOAT).range(0, 1).smoothing(kTau));
  params.push_back(Param("on", RELUME_BOOL));
  params.push_back(Param("count", RELUME_INT).range(-100, 100).clamp());
  params.push_back(Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"}));
  params.push_back(Param("offset", RELUME_TIME));
  params.push_back(Param("position", RELUME_VEC2).range(-1, 1).smoothing(kTau));
  params.push_back(Param("direction", RELUME_VEC3).range(-1, 1).smoothing(kTau));
  params.push_back(Param("plane", RELUME_VEC4).range(-1, 1));
  params.push_back(Param("color", RELUME_COLOR).range(0, 1).smoothing(kTau).commit(RELUME_COMMIT_PERSIST));
  return params;
}

Schema busy_schema() {
  Schema schema;
  schema.type("fixture", fixture_params());
  for (int i = 0; i < BusyShow::kLayers; ++i) schema.layer("fixture-" + std::to_string(i), "fixture");
  return schema;
}

relume_show_options busy_options(const std::string& folder, const std::string& runtime_dir, std::uint32_t flags) {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.black_box_bytes = 1U << 20U;  // what compose writes there is realtime too
  options.flags = flags;
  options.folder = folder.empty() ? nullptr : folder.c_str();
  options.runtime_dir = runtime_dir.empty() ? nullptr : runtime_dir.c_str();
  options.max_layers = 128;
  options.max_slots = 16'384;
  options.max_retained = 64;
  options.settle_ns = 200'000'000;
  options.control_period_ns = 1'000'000;
  return options;
}

}  // namespace

BusyShow::BusyShow(const std::string& folder, const std::string& runtime_dir, std::uint32_t flags)
    : show(busy_schema(), busy_options(folder, runtime_dir, flags)) {
  relume_error error = RELUME_ERROR_INIT;
  detail::check(relume_reader_open(show.get(), &reader, &error), error);
  detail::check(relume_source_open(show.get(), nullptr, &source, &error), error);
  run.resize(56);
  detail::check(relume_stream_open(show.get(), nullptr, show.param("fixture-7/level-0"), run.size(), &stream, &error),
                error);
  for (int i = 0; i < kLayers; ++i) {
    const relume_layer layer = show.layer("fixture-" + std::to_string(i));
    const std::uint32_t count = show.layer_info(layer).param_count;
    for (std::uint32_t n = 0; n < count; ++n) {
      relume_param param{0};
      detail::check(relume_param_at(show.get(), layer, n, &param, &error), error);
      params.push_back(param);
      infos_.push_back(show.param_info(param));
      if (infos_.back().type == RELUME_FLOAT) floats.push_back(param);
    }
  }
  batch.resize(kBatch);
  retained.reserve(64);
  chosen_.resize(16);
  values_.resize(16);
  draw_batch();
  show.compose(now_ns);
  frame = relume_reader_acquire(reader);
}

BusyShow::~BusyShow() {
  release_frames();
  relume_stream_close(stream);
  relume_source_close(source);
  relume_reader_close(reader);
}

relume_value BusyShow::random_value(const relume_param_info& info) {
  std::uniform_real_distribution<float> unit(0.0F, 1.0F);
  const float a = unit(random_), b = unit(random_), c = unit(random_), d = unit(random_);
  switch (info.type) {
    case RELUME_BOOL: return boolean(a < 0.5F);
    case RELUME_INT: return integer(static_cast<std::int32_t>(a * 300.0F) - 150);
    case RELUME_ENUM: return choice(static_cast<std::int32_t>(a * 2.99F));
    case RELUME_TIME: return time(static_cast<std::int64_t>(a * 1e9F));
    case RELUME_VEC2: return vec2(a, b);
    case RELUME_VEC3: return vec3(a, b, c);
    case RELUME_VEC4: return vec4(a, b, c, d);
    case RELUME_COLOR: return color(a, b, c, d);
    default: return scalar(a);
  }
}

void BusyShow::operate() {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const std::size_t n = random_() % params.size();
    chosen_[i] = params[n];
    values_[i] = random_value(infos_[n]);
  }
  show.set_many(chosen_.data(), values_.data(), chosen_.size());
  show.persist(chosen_[0], values_[0]);
  switch (++operations % 16) {
    case 3: show.store(); break;
    case 5:  // of the same shape: every handle stays valid
      show.commit_type(show.prepare_type(LayerType("fixture", fixture_params(), ++fixture_version_)));
      break;
    case 6: show.add_layer("guest", "fixture", show.layer("fixture-7")); break;
    case 8: show.bypass_layer(show.layer("guest"), true); break;
    case 9: show.move_layer(show.layer("guest")); break;
    case 11: show.remove_layer(show.layer("guest")); break;
    case 13: show.revert(show.layer("fixture-1")); break;
    case 15: show.reset(show.layer("fixture-2")); break;
    default: break;
  }
}

void BusyShow::draw_batch() {
  std::uniform_real_distribution<float> unit(0.0F, 1.0F);
  const std::size_t moving = std::min<std::size_t>(floats.size(), 1024);
  for (relume_overlay_value& one : batch) {
    one = relume_overlay_value{floats[next_float_++ % moving], scalar(unit(random_)), 0, 0};
  }
}

void BusyShow::release_frames() {
  for (const relume_frame* one : retained) relume_frame_release(one);
  retained.clear();
}

}  // namespace relume::test
