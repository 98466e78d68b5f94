// SPDX-License-Identifier: Apache-2.0
// Why a request was refused, in the words of the OSC contract.
#pragma once

#include <relume/base.h>
#include <relume/persistence.h>

#include <string>

namespace rig {

/// The library's name of the result; "io:<step>:<errno name>" for a system call that failed.
/// \param error what the library said, with path, step and errno name in its message.
std::string reason_of(relume_result result, const relume_error& error);

/// Of a save that ended and was not committed: "io:<step>:<errno name>", or "read-only" when the document is left alone until
/// /relume/accept.
std::string reason_of(const relume_save_result& save);

}  // namespace rig
