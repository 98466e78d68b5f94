// SPDX-License-Identifier: Apache-2.0
// What a rig makes of its show: lights, a picture, both. The session runs it; this is all that it knows about it.
#pragma once

#include <string>

namespace rig {

/// start(), stop() and look() are called by the main thread, follow() and reload() by the one that answers OSC, between start()
/// and stop().
class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  /// The first look is out when it returns.
  virtual void start() = 0;
  /// The last look stays where it is.
  virtual void stop() = 0;

  /// Layers were added, removed, moved, bypassed or changed their type.
  virtual void follow() = 0;
  /// The document was taken: stack, base and records are others.
  virtual void reload() = 0;

  /// Several times a second.
  virtual void look() {}
  /// Somebody wants to see the picture (SIGUSR1).
  virtual void show_picture() {}

  /// Its words of the ready line, "artnet=HOST:PORT".
  virtual std::string words() const = 0;
};

}  // namespace rig
