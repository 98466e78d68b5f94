// SPDX-License-Identifier: Apache-2.0
#include "video/gl_display.hpp"

#include <dlfcn.h>
#include <epoxy/egl.h>
#include <fmt/format.h>

#include <array>
#include <initializer_list>

namespace rig {
namespace {

constexpr const char* kPackages =
    "install Mesa's software renderer (on Debian: libegl1 libegl-mesa0 libgl1-mesa-dri libopengl0)";

// The loader of OpenGL's functions ends the process when a library is not there, so they are looked for first.
void require_library(std::initializer_list<const char*> any_of) {
  for (const char* name : any_of) {
    if (void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL)) {
      dlclose(library);
      return;
    }
  }
  throw GlError(fmt::format("no OpenGL: {} cannot be loaded; {}", *any_of.begin(), kPackages));
}

void* open_display() {
  require_library({"libEGL.so.1"});
  require_library({"libOpenGL.so.0", "libGL.so.1"});
  for (const char* extension : {"EGL_EXT_platform_base", "EGL_MESA_platform_surfaceless"}) {
    if (!epoxy_has_egl_extension(EGL_NO_DISPLAY, extension)) {
      throw GlError(fmt::format("no OpenGL: EGL does not know {}; {}", extension, kPackages));
    }
  }
  EGLDisplay display = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) != EGL_TRUE) {
    throw GlError(fmt::format("no OpenGL: EGL has no surfaceless display (EGL error {:#x}); {}",
                              static_cast<unsigned>(eglGetError()), kPackages));
  }
  return display;
}

// Which API a thread means is a state of the thread.
void bind_api() {
  if (eglBindAPI(EGL_OPENGL_API) != EGL_TRUE) {
    throw GlError(fmt::format("no OpenGL: this EGL has only OpenGL ES; {}", kPackages));
  }
}

}  // namespace

void* gl_display() {
  static void* const display = open_display();
  return display;
}

GlContext::GlContext() : display_(gl_display()), handle_(EGL_NO_CONTEXT) {
  bind_api();
  constexpr std::array<EGLint, 7> wanted{
      EGL_CONTEXT_MAJOR_VERSION,           4,       EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
      EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
  handle_ = eglCreateContext(display_, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, wanted.data());
  if (handle_ == EGL_NO_CONTEXT) {
    throw GlError(fmt::format("no context of OpenGL 4.3 core (EGL error {:#x}): the driver is too old; {}",
                              static_cast<unsigned>(eglGetError()), kPackages));
  }
}

GlContext::~GlContext() { eglDestroyContext(display_, handle_); }

GlContext::Current::Current(const GlContext& context) : display_(context.display_) {
  bind_api();
  if (eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context.handle_) != EGL_TRUE) {
    throw GlError(fmt::format("the OpenGL context cannot be used (EGL error {:#x}): is another thread drawing with it?",
                              static_cast<unsigned>(eglGetError())));
  }
}

GlContext::Current::~Current() { eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT); }

}  // namespace rig
