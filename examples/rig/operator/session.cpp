// SPDX-License-Identifier: Apache-2.0
#include "operator/session.hpp"

#include "adapters/clock.hpp"
#include "adapters/osc_socket.hpp"
#include "operator/disk_requests.hpp"
#include "operator/requests.hpp"
#include "operator/watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <thread>

namespace rig {
namespace {

constexpr std::int64_t kRecoveryWait = 3 * kSecond;
constexpr std::int64_t kSlice = 50 * kMillisecond;
constexpr std::int64_t kWatchPeriod = 250 * kMillisecond;
// Of the 2 s that a rig has for its end the close may take 1.5.
constexpr std::int64_t kCloseDeadline = 1'500 * kMillisecond;
constexpr std::int64_t kChoiceWait = 250 * kMillisecond;

const char* rung_name(std::uint32_t rung) {
  switch (rung) {
    case RELUME_RUNG_MIRROR: return "mirror";
    case RELUME_RUNG_CHECKPOINT: return "checkpoint";
    case RELUME_RUNG_DOCUMENT: return "document";
    case RELUME_RUNG_GENERATION: return "generation";
    default: return "defaults";
  }
}

std::string ready_words(const OperatorOptions& options, const relume::Show& show, const OscSocket& osc,
                        const Stage& stage) {
  const relume_recovery recovery = show.recovery();
  const relume_show_info info = show.info();
  return fmt::format("ready show={} recovered={} revision={} age_ms={} restarts={} osc={} {} mirror={} refused={}",
                     options.show, rung_name(recovery.rung), recovery.revision,
                     recovery.age_ns < 0 ? std::string("unknown") : fmt::format("{}", recovery.age_ns / kMillisecond),
                     info.restarts, to_string(osc.place()), stage.words(),
                     info.mirror_path[0] == 0 ? "none" : info.mirror_path, recovery.refused);
}

/// Whether one of the signals that end the rig has come, waiting for the next signal so long at most.
bool ended(Signals& signals, Stage& stage, std::int64_t timeout_ns) {
  const Signals::Came came = signals.wait(timeout_ns);
  if (came == Signals::Came::look) stage.show_picture();
  return came == Signals::Came::end;
}

/// Waits until recovery has looked at every file, in slices, so that a signal need not wait for a slow disk too.
/// \return whether the rig is to end.
bool wait_for_recovery(const relume::Show& show, Signals& signals, Stage& stage, const NoticeSink& warn) {
  for (const std::int64_t deadline = monotonic_now() + kRecoveryWait; monotonic_now() < deadline;) {
    const relume_result result = relume_recovery_wait(show.get(), kSlice, nullptr);
    if (ended(signals, stage, 0)) return true;
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

/// Everything from the open show on. The order is the contract: the recovered look is out, ready line, OSC.
/// \return false: a thread that is stuck in the disk is still inside the show, which must not be closed then.
bool run_show(relume::Show& show, const Console& console, const OperatorOptions& options, Signals& signals,
              const Program& program) {
  const NoticeSink warn = [&console](const Notice& notice) { console.warn(notice); };
  OscSocket osc(options.osc, warn);
  const std::unique_ptr<Stage> stage = program.stage(show);
  stage->start();
  const bool ends_already = wait_for_recovery(show, signals, *stage, warn);
  console.say(ready_words(options, show, osc, *stage), program.output_taken);
  Watch watch(show, options.show, warn);
  watch.look();
  DiskRequests disk(show);
  Requests requests(show, open_source(show), disk, warn, {[&] { stage->follow(); }, [&] { stage->reload(); }});
  {
    const OscThread intake(osc, requests);
    for (bool end = ends_already; !end; end = ended(signals, *stage, kWatchPeriod)) {
      watch.look();
      stage->look();
    }
  }
  stage->stop();
  return disk.finish(kChoiceWait);
}

}  // namespace

relume_show_options operator_show(const OperatorOptions& options) {
  relume_show_options show = RELUME_SHOW_OPTIONS_INIT;
  show.folder = options.show.c_str();
  show.runtime_dir = options.runtime_dir.c_str();
  show.on_damaged = options.on_damaged;
  // A rig ends within 2 s of its signal, and this is most of it.
  show.close_deadline_ns = kCloseDeadline;
  return show;
}

int run_session(const Console& console, const OperatorOptions& options, Signals& signals, const Program& program) {
  try {
    relume::Show show(program.schema, program.show);
    if (program.opened) program.opened(show);
    if (!run_show(show, console, options, signals, program)) {
      console.fail(kExitUnsaved, {"ended while a choice about the document was under way and the disk did not answer",
                                  options.show, "check the disk; the mirror has the show"});
      _exit(kExitUnsaved);  // without the destructors, which would wait for that thread
    }
    show.close();
    return kExitClean;
  } catch (const relume::Error& error) {
    if (error.code() == RELUME_E_OWNED) {
      return console.fail(kExitOwned,
                          {error.what(), options.show, "end the other program, or take another folder with --show"});
    }
    if (error.code() == RELUME_E_UNSAVED) {
      return console.fail(kExitUnsaved,
                          {error.what(), options.show, "check the disk; until a power cut, the mirror has it"});
    }
    return console.fail(kExitRuntime, {error.what(), options.show, "check the show folder and the runtime directory"});
  } catch (const NetworkError& error) {
    return console.fail(kExitRuntime, {error.what(), error.where(), error.remedy()});
  } catch (const RigError& error) { return console.fail(error.exit_code(), error.notice()); }
}

int run_program(const Console& console, const std::function<int()>& body) {
  try {
    return body();
  } catch (const UsageError& error) {
    return console.fail(kExitUsage, {error.what(), "the command line", fmt::format("see {} --help", console.name())});
  } catch (const RigError& error) {
    return console.fail(error.exit_code(), error.notice());
  } catch (const std::exception& error) {
    return console.fail(kExitRuntime, {error.what(), "the rig", "this should not happen; please report it"});
  }
}

}  // namespace rig
