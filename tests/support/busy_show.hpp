// SPDX-License-Identifier: Apache-2.0
//
// A show in which everything happens at once, for the realtime tests: 4,224 parameters of every type in 66 layers, an operator
// who sets, persists, stores, reloads the type and rebuilds the stack, and a source under whose automation a thousand of them glide.
#pragma once

#include <relume/relume.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace relume::test {

class BusyShow {
 public:
  static constexpr int kLayers = 66;
  static constexpr std::size_t kBatch = 256;

  /// @param folder empty: nothing outlives the process. @param flags as relume_show_options.
  BusyShow(const std::string& folder, const std::string& runtime_dir, std::uint32_t flags);
  ~BusyShow();
  BusyShow(const BusyShow&) = delete;
  BusyShow& operator=(const BusyShow&) = delete;

  /// The operator's part of one frame's time: a change-set of values; now and then a persist, a store, a revert or a layer.
  void operate();
  /// Fills `batch` with new automation for the floats of some layers.
  void draw_batch();
  /// Lets go of the frames that `retained` holds.
  void release_frames();
  /// A 44 Hz step of the clock.
  std::int64_t tick() { return now_ns += 22'727'272; }

  Show show;
  relume_reader* reader = nullptr;
  relume_source* source = nullptr;
  relume_stream* stream = nullptr;      ///< over the levels of one layer
  std::vector<float> run;               ///< its values
  const relume_frame* frame = nullptr;  ///< acquired last
  std::int64_t now_ns = 1'000'000'000;
  std::vector<relume_param> params;  ///< all of the first kLayers layers
  std::vector<relume_param> floats;  ///< those that glide
  std::vector<relume_overlay_value> batch;
  std::vector<const relume_frame*> retained;
  std::uint64_t operations = 0;

 private:
  relume_value random_value(const relume_param_info& info);

  std::mt19937 random_{20261121};
  std::vector<relume_param_info> infos_;
  std::vector<relume_param> chosen_;
  std::vector<relume_value> values_;
  std::size_t next_float_ = 0;
  std::uint32_t fixture_version_ = 1;
};

}  // namespace relume::test
