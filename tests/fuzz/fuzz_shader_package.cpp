// SPDX-License-Identifier: Apache-2.0
// Any declarations and any shader text: refused with a reason in one line, or what they declare is a layer type that the library
// takes. The text of the shader begins behind the first NUL.
#include "video/shader_package.hpp"

#include <relume/relume.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = all.find('\0');
  const std::string source(end != std::string_view::npos ? all.substr(end + 1) : std::string_view("void main() {}"));
  try {
    const rig::ShaderPackage package = rig::parse_package("plasma", all.substr(0, end), source);
    relume::Schema().type(package.name, package.declaration(), package.version);
  } catch (const rig::PackageError& error) {
    const std::string text = error.what();
    require(!text.empty() && text.find('\n') == std::string::npos);
  }
  return 0;
}
