// SPDX-License-Identifier: Apache-2.0
#include "video/shader_types.hpp"

#include "operator/console.hpp"
#include "operator/names.hpp"

#include <fmt/format.h>

#include <utility>

namespace rig {

bool is_reserved_package(std::string_view name) { return name == kMasterType || name == "group"; }

std::vector<ShaderPackage> load_packages(const std::string& folder, const NoticeSink& notices) {
  std::vector<ShaderPackage> packages;
  try {
    for (const std::string& name : list_packages(folder)) {
      try {
        if (is_reserved_package(name)) throw PackageError(fmt::format("{}: the name is one of the rig's own", name));
        const PackageTexts texts = read_texts(folder, name);
        packages.push_back(parse_package(name, texts.json, texts.source));
      } catch (const PackageError& error) {
        notices({fmt::format("shader package left out ({})", error.what()), folder, "correct it; it is taken then"});
      }
    }
  } catch (const PackageError& error) {
    throw RigError(kExitUsage, {error.what(), folder, "name a folder of shader packages with --shaders DIR"});
  }
  if (packages.empty()) {
    throw RigError(kExitUsage, {"no shader package can be used", folder,
                                "put NAME.frag and NAME.json there, or name another folder with --shaders DIR"});
  }
  return packages;
}

ShaderTypes::ShaderTypes(relume::Show& show, std::string folder, std::vector<ShaderPackage> declared,
                         std::function<void(const ShaderOf&)> changed, NoticeSink notices)
    : show_(show), folder_(std::move(folder)), changed_(std::move(changed)), notices_(std::move(notices)) {
  for (ShaderPackage& package : declared) declared_.emplace(package.name, std::move(package));
}

void ShaderTypes::begin(const std::vector<ShaderRef>& shaders, const std::vector<ShaderFailure>& failures) {
  const std::lock_guard lock(mutex_);
  for (const ShaderRef& shader : shaders) {
    prepare(shader->package());
    commit(shader);
  }
  for (const ShaderFailure& failure : failures) {
    // One that is not declared has been told when the folder was read.
    if (declared_.count(failure.name) != 0) give_up(failure.name, failure.why);
  }
}

void ShaderTypes::refresh() {
  const std::lock_guard lock(mutex_);
  changed_([this](const std::string& name) { return shader_of(name); });
}

ShaderEvents ShaderTypes::events() {
  return {[this](const ShaderPackage& package) { build_started(package); },
          [this](const ShaderRef& shader) { return built(shader); },
          [this](const std::string& name, const std::string& why) { failed(name, why); }, notices_};
}

std::map<std::string, std::string> ShaderTypes::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void ShaderTypes::build_started(const ShaderPackage& package) {
  const std::lock_guard lock(mutex_);
  prepare(package);
}

bool ShaderTypes::built(const ShaderRef& shader) {
  const std::lock_guard lock(mutex_);
  if (!commit(shader)) return false;
  changed_([this](const std::string& name) { return shader_of(name); });
  return true;
}

void ShaderTypes::failed(const std::string& name, const std::string& why) {
  const std::lock_guard lock(mutex_);
  give_up(name, why);
}

void ShaderTypes::prepare(const ShaderPackage& package) {
  const std::string& name = package.name;
  if (is_reserved_package(name)) return tell_failure(name, "the name is one of the rig's own");
  const relume::LayerType type(name, package.declaration(), package.version);
  const relume_layer_type_def def = type.def();
  relume_type_change change{0};
  relume_error error = RELUME_ERROR_INIT;
  if (relume_type_prepare(show_.get(), &def, &change, &error) != RELUME_OK) return tell_failure(name, error.message);
  prepared_[name] = change;
}

/// False: the show goes on with the type, and the rig with the shader, that it has.
bool ShaderTypes::commit(const ShaderRef& shader) {
  const std::string& name = shader->name();
  const auto prepared = prepared_.find(name);
  if (prepared == prepared_.end()) return false;  // told by prepare()
  const relume_type_change change = prepared->second;
  prepared_.erase(prepared);
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  relume_error error = RELUME_ERROR_INIT;
  if (relume_type_commit(show_.get(), change, &outcome, &error) != RELUME_OK) {
    tell_failure(name, error.message);
    return false;
  }
  shaders_[name] = shader;
  declared_.insert_or_assign(name, shader->package());
  failures_.erase(name);
  if (outcome.cleared_values != 0 || outcome.clamped_values != 0) {
    notices_({fmt::format("of the layers of {}, {} values fit its new declarations no more and were cleared, {} were "
                          "clamped",
                          name, outcome.cleared_values, outcome.clamped_values),
              folder_, "set them anew; an earlier state is in the checkpoint's history"});
  }
  return true;
}

void ShaderTypes::give_up(const std::string& name, const std::string& why) {
  if (is_reserved_package(name)) return tell_failure(name, why);  // that type is not the package's
  // Declarations that cannot be read never got as far as a change.
  const auto prepared = prepared_.find(name);
  relume_result recorded = RELUME_OK;
  if (prepared != prepared_.end()) {
    recorded = relume_type_abort(show_.get(), prepared->second, why.c_str(), nullptr);
    prepared_.erase(prepared);
  } else {
    recorded = relume_type_fail(show_.get(), name.c_str(), why.c_str(), nullptr);
  }
  if (recorded != RELUME_OK)
    notices_({fmt::format("the failure of {} could not be recorded", name), folder_, relume_result_name(recorded)});
  tell_failure(name, why);
}

void ShaderTypes::tell_failure(const std::string& name, const std::string& why) {
  failures_[name] = why;
  const bool drawn = shaders_.count(name) != 0;
  notices_({fmt::format("shader {} not taken ({})", name, why), folder_,
            drawn ? "correct it; the last good one goes on" : "correct it; its layers are not drawn until then"});
}

ShaderRef ShaderTypes::shader_of(const std::string& name) const {
  const auto found = shaders_.find(name);
  return found != shaders_.end() ? found->second : nullptr;
}

}  // namespace rig
