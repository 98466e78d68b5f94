// SPDX-License-Identifier: Apache-2.0
// The command line of relume-video.
#pragma once

#include "decklink/decklink_mode.hpp"
#include "operator/command_line.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rig {

struct PictureOptions {
  std::string device = "none";         ///< virtual, auto or none
  const DeckLinkMode* mode = nullptr;  ///< size and rate, with a card or without
  std::uint64_t frames = 0;            ///< 0: until a signal
  std::string png;                     ///< empty: no picture is written
  std::string raw;                     ///< empty: none; "-": standard output
  std::string shaders;                 ///< folder of the packages
  std::int64_t time_zero_ns = 0;
  std::optional<std::int64_t> at_ns;  ///< show time that stands still
};

struct VideoOptions : OperatorOptions, PictureOptions {};

/// Adds --device, --mode, --frames, --png, --raw, --shaders, --time-zero and --at; they are read in the course of parsing.
void add_picture_options(CLI::App& app, PictureOptions& options);

/// Reads the command line. Nothing: --help or --version was asked for and has been printed.
/// \throws UsageError
std::optional<VideoOptions> parse_video_options(int argc, const char* const* argv);

}  // namespace rig
