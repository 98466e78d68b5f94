// SPDX-License-Identifier: Apache-2.0
#include "lights/app.hpp"

#include "adapters/artnet.hpp"
#include "adapters/clock.hpp"
#include "adapters/osc_socket.hpp"
#include "lights/demo_show.hpp"
#include "lights/dmx.hpp"
#include "lights/options.hpp"
#include "lights/output.hpp"
#include "lights/patch.hpp"
#include "lights/requests.hpp"

#include <relume/relume.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rig {
namespace {

constexpr int kExitClean = 0;
constexpr int kExitRuntime = 1;
constexpr int kExitUsage = 2;
constexpr int kExitOwned = 3;

/// One line by one write, so that lines of several threads never mix.
void write_line(int fd, const std::string& line) {
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody listens; the lights go on
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void tell(const char* severity, const Notice& notice) {
  constexpr std::size_t kLongest = 2'000;
  write_line(STDERR_FILENO, fmt::format("relume-lights: {}: {}, {}: {}\n", severity, printable(notice.what, kLongest),
                                        printable(notice.where, kLongest), printable(notice.remedy, kLongest)));
}

void warn(const Notice& notice) { tell("warning", notice); }

int fail(int exit_code, const Notice& notice) {
  tell("error", notice);
  return exit_code;
}

sigset_t block_signals() {
  // A closed standard output must not end a show.
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return ends;
}

void warn_about_recovery(const relume::Show& show, const relume_recovery& recovery) {
  for (std::uint32_t i = 0; i < recovery.candidate_count; ++i) {
    const relume_candidate candidate = show.candidate(i);
    if (candidate.verdict == RELUME_VERDICT_FRESH || candidate.verdict == RELUME_VERDICT_OK) continue;
    warn({fmt::format("state refused ({})", candidate.reason), candidate.path,
          candidate.kept_as[0] == 0 ? std::string("it was left as it is")
                                    : fmt::format("it is kept as {}", candidate.kept_as)});
  }
  if (recovery.mirror == 0) {
    warn({"no mirror, so changes do not survive this process", "the runtime directory", recovery.mirror_reason});
  }
}

std::string ready_line(const LightsOptions& options, const relume_recovery& recovery, const relume_show_info& info,
                       const OscSocket& osc) {
  return fmt::format(
      "relume-lights ready show={} recovered={} revision={} age_ms={} restarts={} osc={} artnet={} mirror={} "
      "refused={}\n",
      options.show, recovery.rung == RELUME_RUNG_MIRROR ? "mirror" : "defaults", recovery.revision,
      recovery.age_ns < 0 ? std::string("unknown") : fmt::format("{}", recovery.age_ns / kMillisecond), info.restarts,
      to_string(osc.place()), to_string(options.artnet), info.mirror_path[0] == 0 ? "none" : info.mirror_path,
      recovery.refused);
}

void serve_osc(OscSocket& socket, Requests& requests) {
  std::span<const std::byte> datagram;
  Endpoint sender;
  while (socket.receive(datagram, sender)) {
    for (const std::vector<std::byte>& reply : requests.handle(datagram, monotonic_now())) socket.send(sender, reply);
  }
}

relume::Source open_source(relume::Show& show) {
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.kind = RELUME_SOURCE_OSC;
  return show.source(options);
}

/// Everything from the open show on. The order is the contract: recovered look on the wire, ready line, OSC.
void run_show(relume::Show& show, const LightsOptions& options, const Patch& patch, const sigset_t& ends) {
  OscSocket osc(options.osc, warn);
  ArtNetSender sender(options.artnet, patched_universes(patch), options.period_ns, warn);
  const relume_recovery recovery = show.recovery();
  reconcile(show, patch);
  Output output(show, DmxPacker(patch, find_params(show, patch)), sender, options.period_ns);
  output.send_first();
  write_line(STDOUT_FILENO, ready_line(options, recovery, show.info(), osc));
  sender.start();
  output.start();
  Requests requests(show, open_source(show), warn);
  warn_about_recovery(show, recovery);
  std::thread osc_thread([&] { serve_osc(osc, requests); });

  int signal = 0;
  sigwait(&ends, &signal);
  osc.interrupt();  // intake ends first
  osc_thread.join();
  output.stop();
  sender.stop();
}

int open_and_run(const LightsOptions& options, const Patch& patch, const LightsSeams& seams, const sigset_t& ends) {
  try {
    relume::Show show(demo_schema(patch), demo_options(options.show, options.runtime_dir));
    if (seams.show_opened) seams.show_opened(show.get());
    run_show(show, options, patch, ends);
    show.close();
    return kExitClean;
  } catch (const relume::Error& error) {
    if (error.code() == RELUME_E_OWNED) {
      return fail(kExitOwned,
                  {error.what(), options.show, "end the other program, or take another folder with --show"});
    }
    return fail(kExitRuntime, {error.what(), options.show, "check the show folder and the runtime directory"});
  } catch (const NetworkError& error) { return fail(kExitRuntime, {error.what(), error.where(), error.remedy()}); }
}

}  // namespace

int run_lights(int argc, char** argv, const LightsSeams& seams) {
  const sigset_t ends = block_signals();
  try {
    const std::optional<LightsOptions> options = parse_options(argc, argv);
    if (!options) return kExitClean;
    const Patch patch = options->patch.empty() ? default_patch() : read_patch(options->patch);
    return open_and_run(*options, patch, seams, ends);
  } catch (const UsageError& error) {
    return fail(kExitUsage, {error.what(), "the command line", "see relume-lights --help"});
  } catch (const PatchError& error) {
    return fail(kExitUsage, {error.what(), error.where(), "correct the patch"});
  } catch (const std::exception& error) {
    return fail(kExitRuntime, {error.what(), "the rig", "this should not happen; please report it"});
  }
}

}  // namespace rig
