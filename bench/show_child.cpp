// SPDX-License-Identifier: Apache-2.0
// One life of a show of 262,144 parameters, as a process of its own that is watched from outside:
//   show_child prepare FOLDER RUNTIME_DIR   gives every parameter a known value, and dies
//   show_child first FOLDER RUNTIME_DIR     says when the first frame with those values was there, and dies
//   show_child memory FOLDER RUNTIME_DIR    says what memory the show takes once everything in it was touched
// To die is to be killed: what the next life finds is a mirror, not a clean close.
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "child_process.hpp"
#include "rig.hpp"

namespace {

using namespace relume;
using namespace relume::bench;

float known_value(std::size_t i) { return static_cast<float>(i % 997) / 997.0F; }

relume_show_options options_of(char** argv) {
  relume_show_options options = rig_options(kShow, nullptr);
  options.flags = 0;
  options.folder = argv[2];
  options.runtime_dir = argv[3];
  return options;
}

void prepare(char** argv) {
  Rig rig(rig_schema(kShow), options_of(argv));
  for (std::size_t i = 0; i < rig.all.size(); ++i) rig.show.set(rig.all[i], scalar(known_value(i)));
  raise(SIGKILL);
}

void first(char** argv) {
  Show show(rig_schema(kShow), options_of(argv));
  Reader reader = show.reader();
  show.compose(kFrame);
  const Frame frame = reader.acquire();
  const bool there = frame.at(show.param("l511/p511"))->f == known_value(kShow - 1);
  const std::int64_t now = monotonic_ns();
  bool right = there && show.recovery().rung == RELUME_RUNG_MIRROR;
  std::size_t i = 0;
  for (const relume_layer layer : show.layers()) {
    relume_param param{0};
    for (std::uint32_t n = 0; relume_param_at(show.get(), layer, n, &param, nullptr) == RELUME_OK; ++n, ++i)
      right = right && frame.at(param)->f == known_value(i);
  }
  right = right && i == static_cast<std::size_t>(kShow);
  std::printf("%lld\n", right ? static_cast<long long>(now) : -1);
  std::fflush(stdout);
  raise(SIGKILL);
}

/// Of the mapping of one file. The kernel calls shared memory private while nobody else has mapped it.
double private_bytes_of(const std::string& path) {
  std::ifstream lines("/proc/self/smaps");
  double bytes = 0;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(0, line.find(' '));
    if (name.find('-') != std::string::npos) inside = line.find(path) != std::string::npos;
    if (inside && (name == "Private_Dirty:" || name == "Private_Clean:"))
      bytes += 1024.0 * std::stod(line.substr(name.size()));
  }
  return bytes;
}

void memory(char** argv) {
  const double nothing = private_bytes();
  relume_show_options options = options_of(argv);
  options.flags = RELUME_SHOW_NO_THREADS;
  Rig rig(rig_schema(kShow), options);
  Reader second = rig.show.reader();
  const double without_source = private_bytes();
  rig.open_source();
  const double source = private_bytes() - without_source;
  rig.source.reset();
  rig.compose();  // the source ends here, and the next one takes its memory
  rig.fill_tiers();
  rig.glide(kShow);
  static_cast<void>(second.acquire());
  if (rig.moving() != kShow) throw std::runtime_error("not everything glides");
  const double mirror = private_bytes_of(rig.show.info().mirror_path);
  const double list = static_cast<double>(rig.all.capacity() * sizeof(relume_param));  // the host's own
  const double all = private_bytes();
  // The composer holds a root, as a snapshot does, while every page is replaced.
  for (const relume_param param : rig.all) rig.show.set(param, scalar(0.75F));
  const double snapshot = private_bytes() - all;
  std::printf("%.0f %.0f %.0f %.0f\n", all - nothing - mirror - source - list, mirror, snapshot, source);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 4 ? argv[1] : "";
  try {
    if (what == "prepare") return prepare(argv), 1;
    if (what == "first") return first(argv), 1;
    if (what == "memory") return memory(argv), 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "show_child: error: %s\n", error.what());
    return 1;
  }
  std::fprintf(stderr, "usage: show_child prepare|first|memory FOLDER RUNTIME_DIR\n");
  return 2;
}
