// SPDX-License-Identifier: Apache-2.0
// OpenGL without a window system: EGL's surfaceless platform, which Mesa serves with a GPU or in software.
#pragma once

#include "video/gl_error.hpp"

namespace rig {

/// EGL's connection, an EGLDisplay. EGL has one for each process and platform, so it is opened once and stays to the end:
/// closing it would unload a driver that may still have threads. \throws GlError
void* gl_display();

/// An OpenGL 4.3 core context of its own; it shares no object with any other.
class GlContext {
 public:
  /// \throws GlError
  GlContext();
  ~GlContext();
  GlContext(const GlContext&) = delete;
  GlContext& operator=(const GlContext&) = delete;

  /// Makes a context current in this thread, for as long as it lives. A context may move between threads that way.
  class Current {
   public:
    /// \throws GlError another thread has it.
    explicit Current(const GlContext& context);
    ~Current();
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;

   private:
    void* display_;
  };

 private:
  void* display_;
  void* handle_;  // an EGLContext
};

}  // namespace rig
