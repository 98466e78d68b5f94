// SPDX-License-Identifier: Apache-2.0
// When a package whose files change is ready to be read. Editors save in many small steps, and a file that is half written is
// as good as any to whoever looks too early.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rig {

/// For one thread. Time is an argument.
class ShaderChanges {
 public:
  /// \param quiet_ns how long nothing must have happened to any file of a package.
  /// \param patience_ns the same while one of its files is open for writing.
  ShaderChanges(std::int64_t quiet_ns, std::int64_t patience_ns) : quiet_ns_(quiet_ns), patience_ns_(patience_ns) {}

  /// A file was written to, and is still open. Files of no package are ignored here and below.
  void writing(const std::string& file, std::int64_t now_ns);
  /// A file was closed after writing, or has come or gone as a whole.
  void settled(const std::string& file, std::int64_t now_ns);
  /// Nobody knows what happened to this package.
  void unknown(const std::string& package, std::int64_t now_ns);

  /// The packages that are ready, each once, sorted.
  std::vector<std::string> take_ready(std::int64_t now_ns);
  /// When the next one will be, if nothing more happens.
  std::optional<std::int64_t> next_ns() const;

 private:
  struct Pending {
    std::int64_t ready_ns = 0;
    std::set<std::string> open_files;
  };
  void defer(Pending& pending, std::int64_t now_ns) const;

  std::int64_t quiet_ns_;
  std::int64_t patience_ns_;
  std::map<std::string, Pending> pending_;  // by package
};

}  // namespace rig
