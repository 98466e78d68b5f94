// SPDX-License-Identifier: Apache-2.0
// One life of a show of 262,144 parameters, as a process of its own that is watched from outside:
//   show_child prepare FOLDER RUNTIME_DIR   gives every parameter a known value, and dies
//   show_child first FOLDER RUNTIME_DIR     says when the first frame with those values was there, and dies
//   show_child copy FOLDER RUNTIME_DIR      says when a plain copy of the mirror's bytes was there, and dies
//   show_child memory FOLDER RUNTIME_DIR    says what memory the show takes once everything in it was touched
//   show_child arrays FOLDER RUNTIME_DIR, show_child maps FOLDER RUNTIME_DIR   say the same of what is compared with it
// To die is to be killed: what the next life finds is a mirror, not a clean close.
#include <malloc.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "child_process.hpp"
#include "map_show.hpp"
#include "naive_show.hpp"
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

/// The mirror is by far the largest file of the runtime directory.
std::filesystem::path mirror_in(const std::string& runtime_dir) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(runtime_dir)) {
    if (entry.is_regular_file() && (largest.empty() || entry.file_size() > file_size(largest))) largest = entry.path();
  }
  return largest;
}

void copy(char** argv) {
  const std::filesystem::path mirror = mirror_in(argv[3]);
  std::vector<char> bytes(file_size(mirror));
  const int fd = open(mirror.c_str(), O_RDONLY | O_CLOEXEC);
  const bool whole = read(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  const std::int64_t now = monotonic_ns();
  const bool plausible = bytes.size() > kShow * sizeof(relume_slot);
  std::printf("%lld\n", whole && plausible ? static_cast<long long>(now) : -1);
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

struct Taken {
  double show, mirror, snapshot, source;
};
/// What a show takes in which everything glides and each of two readers holds a frame.
Taken memory_of_show(const relume_show_options& options) {
  malloc_trim(0);
  const double nothing = private_bytes();
  const auto parameters = static_cast<std::int64_t>(options.max_slots);
  Rig rig(rig_schema(parameters), options);
  Reader second = rig.show.reader();
  const double without_source = private_bytes();
  rig.open_source();
  const double source = private_bytes() - without_source;
  rig.source.reset();
  rig.compose();  // the source ends here, and the next one takes its memory
  rig.fill_tiers();
  rig.glide(parameters);
  for (int i = 0; i < 8; ++i) {  // each reader holds a frame while the next are built
    rig.frame();
    static_cast<void>(second.acquire());
  }
  if (rig.moving() != parameters) throw std::runtime_error("not everything glides");
  const std::string mirror_path = rig.show.info().mirror_path;
  const double mirror = mirror_path.empty() ? 0 : private_bytes_of(mirror_path);
  const double list = static_cast<double>(rig.list_bytes());
  malloc_trim(0);  // what setting this up has freed is nobody's
  const double all = private_bytes();
  // The composer holds a root, as a snapshot does, while every page is replaced.
  for (const relume_param param : rig.all) rig.show.set(param, scalar(0.75F));
  const double snapshot = private_bytes() - all;
  return {all - nothing - mirror - source - list, mirror, snapshot, source};
}

/// What a parameter more takes: the difference to a show of half the size. What a show takes once, whatever its size (types, event
/// log, queues), and what the disk side keeps (mirror, SQLite's pages), are told apart.
void memory(char** argv) {
  relume_show_options options = options_of(argv);
  options.flags = RELUME_SHOW_NO_THREADS;
  options.folder = nullptr;
  const Taken whole = memory_of_show(options);
  options.max_slots /= 2;
  options.max_layers /= 2;
  const Taken half = memory_of_show(options);
  const double all = 2 * (whole.show - half.show);
  options = options_of(argv);
  options.flags = RELUME_SHOW_NO_THREADS;
  const Taken saved = memory_of_show(options);
  std::printf("%.0f %.0f %.0f %.0f %.0f\n", all, saved.mirror, whole.snapshot, whole.source, whole.show - all);
}

template <class Make>
void memory_of(Make&& make) {
  const double nothing = private_bytes();
  const auto made = make();
  std::printf("%.0f\n", private_bytes() - nothing);
}

void memory_of_maps() {
  memory_of([] {
    MapShow map(kShow, kLayerParams, kPersisted);
    for (const std::string& route : map.routes) map.commit(route, kCommitted);
    for (const std::string& route : map.routes) map.automate(route, kTarget);
    return map;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 4 ? argv[1] : "";
  try {
    if (what == "prepare") return prepare(argv), 1;
    if (what == "first") return first(argv), 1;
    if (what == "copy") return copy(argv), 1;
    if (what == "memory") return memory(argv), 0;
    if (what == "arrays") return memory_of([] { return NaiveShow(kShow, static_cast<float>(kSmoothing)); }), 0;
    if (what == "maps") return memory_of_maps(), 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "show_child: error: %s\n", error.what());
    return 1;
  }
  std::fprintf(stderr, "usage: show_child prepare|first|copy|memory|arrays|maps FOLDER RUNTIME_DIR\n");
  return 2;
}
