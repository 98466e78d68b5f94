// SPDX-License-Identifier: Apache-2.0
// The shaders of a folder: built at start, and again when their files change, in a thread of its own. The thread that renders
// never waits for a build and never compiles.
//
// A change takes two steps, so that a show can change its layer type in between:
//   build_started(package)  the declarations are good, compiling begins   -> relume_type_prepare
//   built(shader)           the renderer can draw with it from here on    -> relume_type_commit; layers that have the new type
//                                                                            are drawn with the new shader from then on
//   failed(name, why)       nothing changed, the last good one stays      -> relume_type_abort
// `failed` comes without `build_started` where the declarations themselves are broken or a file is missing.
#pragma once

#include "adapters/notice.hpp"
#include "video/renderer.hpp"
#include "video/shader.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rig {

/// Called by the builder's thread, one at a time; all must be set, none may throw or call stop().
struct ShaderEvents {
  std::function<void(const ShaderPackage& package)> build_started;
  /// find() has it already. False: the show does not take it; then find() has the last good one again.
  std::function<bool(const ShaderRef& shader)> built;
  /// `why` names file and line or field, such as "plasma.frag:12: `u_speeed' undeclared".
  std::function<void(const std::string& name, const std::string& why)> failed;
  /// The folder itself is gone or back.
  NoticeSink notices;
};

/// What became of one package in build_all().
struct ShaderFailure {
  std::string name;
  std::string why;
};

class ShaderLibrary {
 public:
  /// Borrows the renderer, and needs it to the end. Watches from here on, so that nothing is missed before start().
  /// \throws PackageError the folder cannot be watched.
  ShaderLibrary(Renderer& renderer, std::string folder);
  ~ShaderLibrary();
  ShaderLibrary(const ShaderLibrary&) = delete;
  ShaderLibrary& operator=(const ShaderLibrary&) = delete;

  /// Builds every package in the calling thread and returns those that cannot be built; the others are in all() then. Only
  /// before start(). \throws PackageError the folder cannot be read.
  std::vector<ShaderFailure> build_all();

  /// Begins to look at changes. \throws std::system_error there is no thread to be had.
  void start(ShaderEvents events);
  /// Ends the thread, after the build that is under way. No event comes once it has returned.
  void stop();

  /// The newest good build of a package; nullptr when there is none. Any thread, never waits for a build. Meant for whoever
  /// follows the show's stack: who draws should be handed shaders together with the layers that have them.
  ShaderRef find(const std::string& name) const;
  /// All of them, by name. Any thread.
  std::vector<ShaderRef> all() const;

 private:
  class Builder;
  std::unique_ptr<Builder> builder_;
};

}  // namespace rig
