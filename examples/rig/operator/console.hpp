// SPDX-License-Identifier: Apache-2.0
// What a rig says on its standard streams, and how it ends.
#pragma once

#include "adapters/notice.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace rig {

inline constexpr int kExitClean = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitOwned = 3;
inline constexpr int kExitUnsaved = 4;

/// The rig cannot start: thrown by its parts, told and turned into the exit code by the session.
class RigError : public std::runtime_error {
 public:
  RigError(int exit_code, Notice notice)
      : std::runtime_error(notice.what), exit_code_(exit_code), notice_(std::move(notice)) {}
  int exit_code() const noexcept { return exit_code_; }
  const Notice& notice() const noexcept { return notice_; }

 private:
  int exit_code_;
  Notice notice_;
};

/// Writes each line by one write, so that lines of several threads never mix. For every thread.
class Console {
 public:
  /// \param name the program's, with which its lines begin.
  explicit Console(std::string name) : name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }

  /// "NAME: warning: what, where: remedy" on standard error.
  void warn(const Notice& notice) const;
  /// The same as an error. \return the exit code.
  int fail(int exit_code, const Notice& notice) const;
  /// "NAME: text" on standard error: nothing is wrong.
  void note(const std::string& text) const;
  /// "NAME text" on standard output, or on standard error where the output is taken by something else.
  void say(const std::string& text, bool output_taken = false) const;

 private:
  void tell(const char* severity, const Notice& notice) const;

  std::string name_;
};

}  // namespace rig
