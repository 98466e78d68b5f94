// SPDX-License-Identifier: Apache-2.0
//
// RealtimeSanitizer must stop this program when it is told to allocate inside a wait-free function, and let it pass otherwise.
// Its function effects are not checked: at compile time this would be an error already (tests/headers/host_loop.cpp).
#include <relume/base.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

std::mutex mutex;
void* volatile kept;

void wait_free(const char* plant) noexcept RELUME_NONBLOCKING {
  if (std::strcmp(plant, "malloc") == 0) kept = std::malloc(16);
  if (std::strcmp(plant, "mutex") == 0) mutex.lock();
  if (std::strcmp(plant, "sleep") == 0) usleep(1);
}

}  // namespace

int main(int, char** argv) {
  wait_free(argv[1] != nullptr ? argv[1] : "");
  std::puts("nothing was noticed");
}
