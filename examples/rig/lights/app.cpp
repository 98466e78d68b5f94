// SPDX-License-Identifier: Apache-2.0
#include "lights/app.hpp"

#include "adapters/artnet.hpp"
#include "adapters/clock.hpp"
#include "adapters/osc_socket.hpp"
#include "lights/demo_show.hpp"
#include "lights/disk_requests.hpp"
#include "lights/dmx.hpp"
#include "lights/options.hpp"
#include "lights/output.hpp"
#include "lights/patch.hpp"
#include "lights/requests.hpp"
#include "lights/watch.hpp"

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
constexpr int kExitUnsaved = 4;

constexpr std::int64_t kRecoveryWait = 3 * kSecond;
constexpr std::int64_t kSlice = 50 * kMillisecond;
constexpr std::int64_t kWatchPeriod = 250 * kMillisecond;
// Of the 2 s that the rig has for its end the close may take 1.5.
constexpr std::int64_t kChoiceWait = 250 * kMillisecond;

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

const char* rung_name(std::uint32_t rung) {
  switch (rung) {
    case RELUME_RUNG_MIRROR: return "mirror";
    case RELUME_RUNG_CHECKPOINT: return "checkpoint";
    case RELUME_RUNG_DOCUMENT: return "document";
    case RELUME_RUNG_GENERATION: return "generation";
    default: return "defaults";
  }
}

std::string ready_line(const LightsOptions& options, const relume_recovery& recovery, const relume_show_info& info,
                       const OscSocket& osc) {
  return fmt::format(
      "relume-lights ready show={} recovered={} revision={} age_ms={} restarts={} osc={} artnet={} mirror={} "
      "refused={}\n",
      options.show, rung_name(recovery.rung), recovery.revision,
      recovery.age_ns < 0 ? std::string("unknown") : fmt::format("{}", recovery.age_ns / kMillisecond), info.restarts,
      to_string(osc.place()), to_string(options.artnet), info.mirror_path[0] == 0 ? "none" : info.mirror_path,
      recovery.refused);
}

/// Whether one of the signals that end the rig has come, waiting for it so long at most.
bool ended(const sigset_t& ends, std::int64_t timeout_ns) {
  const timespec timeout{static_cast<time_t>(timeout_ns / kSecond), static_cast<long>(timeout_ns % kSecond)};
  return sigtimedwait(&ends, nullptr, &timeout) > 0;
}

/// Waits until recovery has looked at every file, in slices, so that a signal need not wait for a slow disk too.
/// \return whether the rig is to end.
bool wait_for_recovery(const relume::Show& show, const sigset_t& ends) {
  for (const std::int64_t deadline = monotonic_now() + kRecoveryWait; monotonic_now() < deadline;) {
    const relume_result result = relume_recovery_wait(show.get(), kSlice, nullptr);
    if (ended(ends, 0)) return true;
    if (result != RELUME_E_TIMEOUT) return false;
  }
  warn({fmt::format("the files of the show have not been looked at within {} s", kRecoveryWait / kSecond),
        "the show folder", "check the disk; the show goes on, and what is found later is told"});
  return false;
}

void serve_osc(OscSocket& socket, Requests& requests) {
  constexpr int kLookAgainMs = 5;
  std::span<const std::byte> datagram;
  Endpoint sender;
  for (;;) {
    const int timeout_ms = requests.waiting() ? kLookAgainMs : OscSocket::kForEver;
    const OscSocket::Received received = socket.receive(datagram, sender, timeout_ms);
    if (received == OscSocket::Received::interrupted) return;
    if (received == OscSocket::Received::datagram) {
      for (const auto& reply : requests.handle(datagram, sender, monotonic_now())) socket.send(sender, reply);
    }
    for (const LateAnswer& answer : requests.collect()) socket.send(answer.asker, answer.message);
  }
}

/// Answers requests until its end, which ends intake.
class OscThread {
 public:
  OscThread(OscSocket& socket, Requests& requests)
      : socket_(socket), thread_([&socket, &requests] { serve_osc(socket, requests); }) {}
  OscThread(const OscThread&) = delete;
  OscThread& operator=(const OscThread&) = delete;
  ~OscThread() {
    socket_.interrupt();
    thread_.join();
  }

 private:
  OscSocket& socket_;
  std::thread thread_;
};

relume::Source open_source(relume::Show& show) {
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.kind = RELUME_SOURCE_OSC;
  return show.source(options);
}

/// The show on the wire: patch, output and sender, which belong together.
class Light {
 public:
  Light(relume::Show& show, Patch patch, ArtNetSender& sender, std::int64_t period_ns)
      : show_(show),
        patch_(std::move(patch)),
        sender_(sender),
        output_(show, DmxPacker(patch_), find_params(show, patch_), sender, period_ns) {}

  /// The first packets go out before it returns.
  void start() {
    output_.send_first();
    sender_.start();
    output_.start();
  }
  void stop() {
    output_.stop();
    sender_.stop();
  }

  /// After a change of layers.
  void follow() { output_.follow(find_params(show_, patch_)); }

  /// After the document was taken: its patch holds now. The output pauses for less than a frame's time and goes on counting.
  void follow_patch() {
    try {
      Patch patch = recorded_patch(show_);
      if (patch.json == patch_.json) return follow();
      stop();
      patch_ = std::move(patch);
    } catch (const PatchError& error) {
      warn({fmt::format("the document's patch cannot be used ({}); the patch before it holds until the rig ends",
                        error.what()),
            error.where(), "start the rig with --patch FILE the next time"});
      return follow();
    }
    sender_.repatch(patched_universes(patch_));
    output_.repatch(DmxPacker(patch_), find_params(show_, patch_));
    sender_.start();
    output_.start();
  }

 private:
  relume::Show& show_;
  Patch patch_;
  ArtNetSender& sender_;
  Output output_;
};

/// Everything from the open show on. The order is the contract: recovered look on the wire, ready line, OSC.
/// \return false: a thread that is stuck in the disk is still inside the show, which must not be closed then.
bool run_show(relume::Show& show, const LightsOptions& options, const Patch& patch, const sigset_t& ends) {
  OscSocket osc(options.osc, warn);
  ArtNetSender sender(options.artnet, patched_universes(patch), options.period_ns, warn);
  // Only now: a start that fails for a port has changed nothing.
  if (!options.patch.empty()) import_patch(show, patch);
  Light light(show, patch, sender, options.period_ns);
  light.start();
  const bool ends_already = wait_for_recovery(show, ends);
  write_line(STDOUT_FILENO, ready_line(options, show.recovery(), show.info(), osc));
  Watch watch(show, options.show, warn);
  watch.look();
  DiskRequests disk(show);
  Requests requests(show, open_source(show), disk, warn, {[&] { light.follow(); }, [&] { light.follow_patch(); }});
  {
    const OscThread intake(osc, requests);
    for (bool end = ends_already; !end; end = ended(ends, kWatchPeriod)) watch.look();
  }
  light.stop();
  return disk.finish(kChoiceWait);
}

int open_and_run(const LightsOptions& options, const std::optional<Patch>& imported, const LightsSeams& seams,
                 const sigset_t& ends) {
  try {
    relume::Show show(demo_schema(imported ? *imported : default_patch()), demo_options(options));
    if (seams.show_opened) seams.show_opened(show.get());
    if (!run_show(show, options, imported ? *imported : recorded_patch(show), ends)) {
      fail(kExitUnsaved, {"ended while a choice about the document was under way and the disk did not answer",
                          options.show, "check the disk; the mirror has the show"});
      _exit(kExitUnsaved);  // without the destructors, which would wait for that thread
    }
    show.close();
    return kExitClean;
  } catch (const relume::Error& error) {
    if (error.code() == RELUME_E_OWNED) {
      return fail(kExitOwned,
                  {error.what(), options.show, "end the other program, or take another folder with --show"});
    }
    if (error.code() == RELUME_E_UNSAVED) {
      return fail(kExitUnsaved, {error.what(), options.show, "check the disk; until a power cut, the mirror has it"});
    }
    return fail(kExitRuntime, {error.what(), options.show, "check the show folder and the runtime directory"});
  } catch (const PatchError& error) {
    return fail(kExitUsage, {fmt::format("the show's own patch cannot be used ({}: {})", error.where(), error.what()),
                             options.show, "give another with --patch FILE"});
  } catch (const NetworkError& error) { return fail(kExitRuntime, {error.what(), error.where(), error.remedy()}); }
}

}  // namespace

int run_lights(int argc, char** argv, const LightsSeams& seams) {
  const sigset_t ends = block_signals();
  try {
    const std::optional<LightsOptions> options = parse_options(argc, argv);
    if (!options) return kExitClean;
    std::optional<Patch> imported;
    if (!options->patch.empty()) imported = read_patch(options->patch);
    return open_and_run(*options, imported, seams, ends);
  } catch (const UsageError& error) {
    return fail(kExitUsage, {error.what(), "the command line", "see relume-lights --help"});
  } catch (const PatchError& error) {
    return fail(kExitUsage, {error.what(), error.where(), "correct the patch"});
  } catch (const std::exception& error) {
    return fail(kExitRuntime, {error.what(), "the rig", "this should not happen; please report it"});
  }
}

}  // namespace rig
