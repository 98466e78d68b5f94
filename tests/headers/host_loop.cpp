// SPDX-License-Identifier: Apache-2.0
//
// The render loop of a host, all of whose calls are wait-free by type: under -Wfunction-effects it compiles as it stands, and
// with any one of the planted lines it must not.
#include <relume/relume.hpp>

#include <cstdlib>
#include <mutex>

namespace {

struct Host {
  relume::Show& show;
  relume::Reader& reader;
  relume::Source& source;
  relume_param level;
  float shown = 0.0F;
  std::mutex mutex{};
  void (*callback)() = nullptr;
};

void render(Host& host, std::int64_t now_ns) noexcept RELUME_NONBLOCKING {
  const relume_overlay_value both[2] = {{host.level, relume::scalar(0.5F), 0, 0},
                                        {host.level, relume::color(1, 0, 0), 0, 0}};
  static_cast<void>(host.source.write(host.level, relume::scalar(0.25F), now_ns));
  static_cast<void>(host.source.write(both, 2, now_ns));
  static_cast<void>(host.source.release(host.level, now_ns));
  static_cast<void>(host.source.info());
  static_cast<void>(host.show.compose(now_ns));
  const relume::Frame frame = host.reader.acquire();
  if (const relume_slot* slot = frame.at(host.level)) host.shown = slot->f;
#if defined(RELUME_PLANT_MALLOC)
  std::free(std::malloc(16));
#elif defined(RELUME_PLANT_LOCK)
  const std::lock_guard<std::mutex> lock(host.mutex);
#elif defined(RELUME_PLANT_CALLBACK)
  host.callback();
#elif defined(RELUME_PLANT_MUTATION)
  const relume_value value = relume::scalar(1.0F);
  relume_value_set(host.show.get(), host.level, &value, nullptr, nullptr);
#endif
}

}  // namespace

void render_once(relume::Show& show, relume::Reader& reader, relume::Source& source) {
  Host host{show, reader, source, show.param("wash/level")};
  render(host, 0);
}
