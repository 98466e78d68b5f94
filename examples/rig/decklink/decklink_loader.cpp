// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_loader.hpp"

#include "decklink/decklink_error.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace rig {

using namespace decklink;

DeckLinkLibrary load_decklink(const std::string& path) {
  DeckLinkLibrary library;
  library.path = path.empty() ? abi::kLibraryName : path;
  void* const handle = dlopen(library.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    throw DeckLinkError(
        DeckLinkFault::no_library,
        fmt::format("the card's library cannot be loaded ({})", reason != nullptr ? reason : "no reason"), library.path,
        "install the card maker's Desktop Video, or name the library");
  }
  library.create_iterator = reinterpret_cast<decltype(library.create_iterator)>(dlsym(handle, abi::kIteratorFactory));
  if (library.create_iterator == nullptr) {
    throw DeckLinkError(DeckLinkFault::no_symbol, fmt::format("the library has no {}", abi::kIteratorFactory),
                        library.path, "install Desktop Video 11.5 or later, or name another library");
  }
  library.create_api_information =
      reinterpret_cast<decltype(library.create_api_information)>(dlsym(handle, abi::kApiInformationFactory));
  return library;
}

std::string decklink_version(const DeckLinkLibrary& library) {
  if (library.create_api_information == nullptr) return {};
  const Held<abi::ApiInformation> information(library.create_api_information());
  std::int64_t version = 0;
  if (!information || information->GetInt(abi::kApiVersion, &version) != abi::kOk) return {};
  return fmt::format("{}.{}.{}", version >> 24 & 0xff, version >> 16 & 0xff, version >> 8 & 0xff);
}

}  // namespace rig
