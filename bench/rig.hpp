// SPDX-License-Identifier: Apache-2.0
// The show that is measured: layers of one type of 512 float parameters that glide, and one source that may hold them
// all.
#pragma once

#include <relume/relume.hpp>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temp_folder.hpp"

namespace relume::bench {

inline constexpr std::int64_t kFrame = 22'727'272;  // 44 Hz
inline constexpr std::int64_t kLayerParams = 512;   // or all, in a smaller show
inline constexpr std::int64_t kSmoothing =
    100'000'000'000;  // nothing arrives while it is measured: 1e-4 of the range is
                      // left after some 40,000 frames
inline constexpr float kPersisted = 0.5F, kCommitted = 0.25F, kTarget = 1;  // of what is filled, and of what glides
inline constexpr std::int64_t kShow = 262'144;                              // 512 layers
inline constexpr std::int64_t kArtNet = 16'777'216;                         // 32,768 universes: the whole address space

/// Bytes of a figure that the kernel gives in kB on a line of its own, such as "MemAvailable".
inline double kernel_figure(const std::string& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + ":", 0) == 0) return 1024.0 * std::stod(line.substr(name.size() + 1));
  }
  throw std::runtime_error(file + " does not tell " + name);
}

/// What this process has written; the pages of programs and libraries that it runs are not in it.
inline double private_bytes() { return kernel_figure("/proc/self/smaps_rollup", "Private_Dirty"); }

/// Whether so much memory can be had: the kernel ends whatever it likes when there is less than was asked for.
inline bool memory_available(double gib) { return kernel_figure("/proc/meminfo", "MemAvailable") > gib * (1 << 30); }
inline constexpr const char* kNoMemory = "not enough memory is available for a show of this size";

/// A show folder on the disk and a runtime directory in memory, gone at the end.
struct Place {
  test::TempFolder disk;
  test::TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/bench.show";
};

/// Of each layer of a show.
inline std::int64_t layer_params(std::int64_t parameters) { return std::min(kLayerParams, parameters); }

inline Schema rig_schema(std::int64_t parameters) {
  std::vector<Param> params;
  for (std::int64_t i = 0; i < layer_params(parameters); ++i) {
    params.push_back(Param("p" + std::to_string(i), RELUME_FLOAT).range(0, 1).smoothing(kSmoothing));
  }
  Schema schema;
  schema.type("fixture", params);
  for (std::int64_t i = 0; i < parameters / layer_params(parameters); ++i)
    schema.layer("l" + std::to_string(i), "fixture");
  return schema;
}

inline relume_show_options rig_options(std::int64_t parameters, const Place* place) {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  if (place != nullptr) {
    options.folder = place->folder.c_str();
    options.runtime_dir = place->runtime.path().c_str();
  }
  options.max_layers = static_cast<std::uint32_t>(parameters / layer_params(parameters));
  options.max_slots = static_cast<std::uint32_t>(parameters);
  options.max_readers = 2;
  options.max_retained = RELUME_NONE;
  options.max_contended = 1;
  return options;
}

class Rig {
 public:
  /// @param place nullptr: nothing outlives the process, there is no mirror.
  /// @param automated how many parameters its source can hold.
  Rig(std::int64_t parameters, const Place* place, std::int64_t automated)
      : Rig(Show(rig_schema(parameters), rig_options(parameters, place)), static_cast<std::uint32_t>(parameters),
            static_cast<std::uint32_t>(automated)) {}
  Rig(const Schema& schema, const relume_show_options& options)
      : Rig(Show(schema, options), options.max_slots, options.max_slots) {}
  /// A show that was opened elsewhere, with the capacities that it was opened with.
  Rig(Show&& opened, std::uint32_t slots, std::uint32_t automated)
      : show(std::move(opened)), reader(show.reader()), automated_(automated) {
    all.reserve(slots);
    for (const relume_layer layer : show.layers()) {
      relume_param param{0};
      for (std::uint32_t i = 0; relume_param_at(show.get(), layer, i, &param, nullptr) == RELUME_OK; ++i)
        all.push_back(param);
    }
    if (all.size() != slots) throw std::runtime_error("the show has not the parameters that it should have");
    frame();
  }

  /// Memory of its own lists, which is none of the show's.
  std::size_t list_bytes() const {
    std::size_t bytes = all.capacity() * sizeof(relume_param) + order_.capacity() * sizeof(std::uint32_t);
    for (const Glide& glide : glides) bytes += glide.params.capacity() * sizeof(std::uint32_t);
    return bytes;
  }

  void open_source() {
    relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
    options.max_params = automated_;
    options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
    source.emplace(show.source(options));
  }

  void compose() { show.compose(now += kFrame); }
  Frame frame() {
    compose();
    return reader.acquire();
  }

  /// Gives every parameter a persisted and a committed value.
  void fill_tiers() {
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    std::vector<relume_change> changes;
    for (std::size_t begin = 0; begin < all.size(); begin += kLayerParams) {
      const std::size_t end = std::min<std::size_t>(begin + kLayerParams, all.size());
      for (const std::uint32_t kind : {RELUME_CHANGE_PERSIST, RELUME_CHANGE_SET}) {
        changes.clear();
        for (std::size_t i = begin; i < end; ++i) {
          relume_change change{};
          change.kind = kind;
          change.param = all[i];
          change.value = scalar(kind == RELUME_CHANGE_SET ? kCommitted : kPersisted);
          changes.push_back(change);
        }
        if (relume_apply(show.get(), changes.data(), changes.size(), &outcome, nullptr) != RELUME_OK)
          throw std::runtime_error("a change-set was refused");
      }
      compose();
    }
    filled = true;
  }

  /// Sends so many parameters on a glide that lasts longer than a measurement: chosen at random, or all of them in their
  /// order. Those that glide already are among them.
  void glide(std::int64_t count) {
    if (!source) open_source();
    if (order_.empty()) {
      order_.resize(all.size());
      std::iota(order_.begin(), order_.end(), std::uint32_t{0});
      if (static_cast<std::size_t>(count) < all.size()) std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
    }
    Glide more{now, {}};
    // At once: what a growing list leaves behind on the heap would count as the show's memory.
    more.params.reserve(std::max(static_cast<std::size_t>(count), gliding_) - gliding_);
    while (static_cast<std::int64_t>(gliding_) < count) {
      const std::uint32_t i = order_[gliding_++];
      if (source->write(all[i], scalar(kTarget), now) != RELUME_OK) throw std::runtime_error("automation was refused");
      more.params.push_back(i);
    }
    glides.push_back(std::move(more));
    for (int i = 0; i < 8; ++i) frame();  // each of the frame buffers once
  }

  /// How many parameters glide in the newest frame.
  std::int64_t moving() { return frame()->moving; }

  Show show;
  Reader reader;
  std::optional<Source> source;
  std::vector<relume_param> all;
  std::int64_t now = kFrame;
  bool filled = false;  // fill_tiers
  struct Glide {
    std::int64_t since;
    std::vector<std::uint32_t> params;  // which of all
  };
  std::vector<Glide> glides;

 private:
  std::uint32_t automated_;
  std::vector<std::uint32_t> order_;  // in which parameters start to glide
  std::size_t gliding_ = 0;           // how many of them do
};

/// Values from 0 to 1, none of them twice in 16 million: what is written is never what was there.
class Values {
 public:
  relume_value next() { return scalar(static_cast<float>(++count_ & 0xffffffU) * 0x1p-24F); }

 private:
  std::uint32_t count_ = 0;
};

}  // namespace relume::bench
