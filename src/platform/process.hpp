// SPDX-License-Identifier: Apache-2.0
// What the system says about this process and this boot.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "platform/files.hpp"

namespace relume::core::platform {

std::uint32_t user_id();
std::int64_t process_id();

/// Seconds since the Unix epoch at which this process started; 0 when the system does not say.
std::int64_t process_start_seconds(Files& files);

/// Identity of the running boot; all zero when the system does not say.
std::array<std::uint8_t, 16> boot_id(Files& files);

/// Bytes that nobody can guess. Throws std::system_error.
void random_bytes(void* data, std::size_t size);

}  // namespace relume::core::platform
