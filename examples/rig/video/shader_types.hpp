// SPDX-License-Identifier: Apache-2.0
// Joins the shaders of a folder to the layer types of a show: a package that changes on disk becomes a change of type, which is
// prepared when its build starts and committed when it can be drawn.
#pragma once

#include "adapters/notice.hpp"
#include "video/shader_library.hpp"

#include <relume/relume.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rig {

/// Package names that would take the place of a type of the rig itself.
bool is_reserved_package(std::string_view name);

/// Reads the packages of a folder; those that cannot be used are told and left out.
/// \throws RigError the folder cannot be read, or nothing in it can be used.
std::vector<ShaderPackage> load_packages(const std::string& folder, const NoticeSink& notices);

/// For all threads: that of the builder, and the one that follows the stack.
class ShaderTypes {
 public:
  using ShaderOf = std::function<ShaderRef(const std::string&)>;

  /// \param declared what the show was opened with.
  /// \param changed called with the lock held, so that handles and shaders that it finds belong together.
  ShaderTypes(relume::Show& show, std::string folder, std::vector<ShaderPackage> declared,
              std::function<void(const ShaderOf&)> changed, NoticeSink notices);

  /// Takes what was built at the start, before anything watches. The show is told of what has changed since it was opened; the
  /// same again is no change.
  void begin(const std::vector<ShaderRef>& shaders, const std::vector<ShaderFailure>& failures);

  /// Calls `changed`: the stack is another one.
  void refresh();

  /// What the library is to call; borrows this object.
  ShaderEvents events();

  /// Why types have no shader, or not their newest; by name.
  std::map<std::string, std::string> failures() const;

 private:
  void build_started(const ShaderPackage& package);
  bool built(const ShaderRef& shader);
  void failed(const std::string& name, const std::string& why);
  void prepare(const ShaderPackage& package);
  bool commit(const ShaderRef& shader);
  void give_up(const std::string& name, const std::string& why);
  void tell_failure(const std::string& name, const std::string& why);
  ShaderRef shader_of(const std::string& name) const;

  relume::Show& show_;
  std::string folder_;
  std::function<void(const ShaderOf&)> changed_;
  NoticeSink notices_;
  mutable std::mutex mutex_;  // guards what follows, and the order of commits and `changed`
  std::map<std::string, ShaderPackage> declared_;
  std::map<std::string, ShaderRef> shaders_;
  std::map<std::string, relume_type_change> prepared_;
  std::map<std::string, std::string> failures_;
};

}  // namespace rig
