// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_player.hpp"

#include "adapters/clock.hpp"
#include "decklink/decklink_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rig {

using namespace decklink;

namespace {

constexpr std::int64_t kFirstLookPause = 250 * kMillisecond;
constexpr std::int64_t kLongestLookPause = 4 * kSecond;
constexpr std::int64_t kCalm = 5 * kSecond;

const DeckLinkMode& checked_mode(const DeckLinkOptions& options) {
  const std::uint32_t most = std::max({options.preroll, options.depth, options.frames});
  if (most > kMostDeckLinkFrames) {
    throw DeckLinkError(DeckLinkFault::bad_option, fmt::format("{} frames are too many", most), "the card's options",
                        fmt::format("ask for {} at most", kMostDeckLinkFrames));
  }
  const DeckLinkMode* const mode = find_decklink_mode(options.mode);
  if (mode != nullptr) return *mode;
  std::string known;
  for (const DeckLinkMode& each : decklink_modes()) known += fmt::format(" {}", each.name);
  throw DeckLinkError(DeckLinkFault::bad_option, fmt::format("there is no mode \"{}\"", printable(options.mode)),
                      "the card's options", "choose one of" + known);
}

}  // namespace

DeckLinkPlayer::DeckLinkPlayer(DeckLinkOptions options, NoticeSink notices)
    : options_(std::move(options)),
      mode_(checked_mode(options_)),
      notices_(std::move(notices)),
      events_(std::make_shared<CardEvents>(2 * kMostDeckLinkFrames)) {
  results_.reserve(2 * kMostDeckLinkFrames);
}

DeckLinkPlayer::~DeckLinkPlayer() { close(); }

void DeckLinkPlayer::open(DeckLinkLibrary library, std::int64_t now_ns) {
  close();
  library_ = std::move(library);
  now_ns_ = now_ns;
  now_ = {};
  pictures_.store(0, std::memory_order_relaxed);
  refused_.store(0, std::memory_order_relaxed);
  events_->clear_callback_times();
  limit_told_ = false;
  calm_ns_ = now_ns;
  begin(choose_card(library_, options_.device));
  publish();
}

void DeckLinkPlayer::begin(CardDevice card) {
  session_ = std::make_unique<CardSession>(std::move(card), mode_, options_, events_);
  identity_ = session_->identity();
  now_.preroll = session_->preroll();
  now_.depth = session_->depth();
  now_.latency_ns = mode_.nanoseconds(now_.depth) / mode_.slots;
  now_.state = DeckLinkState::warming;
  slots_.emplace(session_->preroll());
  copies_left_ = 0;
  on_air_ = 0;
  warm_until_ns_ = now_ns_ + options_.warm_up_ns;
  second_ns_ = now_ns_;
  const std::lock_guard lock(mutex_);
  pool_ = session_->pool();
}

void DeckLinkPlayer::step(std::int64_t now_ns) {
  now_ns_ = now_ns;
  if (now_.state == DeckLinkState::lost) {
    if (now_ns >= look_ns_) look_again();
  } else if (session_) {
    if (const std::optional<Failure> failure = serve()) lose(*failure);
  }
  publish();
}

std::optional<DeckLinkPlayer::Failure> DeckLinkPlayer::serve() {
  absorb();
  if (auto failure = look()) return failure;
  if (auto failure = top_up()) return failure;
  if (auto failure = start_if_ready()) return failure;
  now_.lead_ns = now_.state == DeckLinkState::playing ? lead_ns() : 0;
  return std::nullopt;
}

std::int64_t DeckLinkPlayer::lead_ns() const noexcept {
  return mode_.nanoseconds(slots_->next() - on_air_) / mode_.slots;
}

/// Takes the results that are there.
void DeckLinkPlayer::absorb() {
  events_->take(results_);
  for (const CardResult& result : results_) {
    const std::optional<FramePool::Answer> answer = session_->pool()->answered(result.frame);
    if (!answer) continue;  // no frame of ours
    switch (result.completion) {
      case abi::kCompleted: ++now_.completed; continue;
      case abi::kFlushed: ++now_.flushed; continue;  // nothing is scheduled in answer to it: a stop would never end
      case abi::kDisplayedLate: ++now_.late; break;
      default: ++now_.dropped; break;  // also results without a name: nobody said that the frame was shown
    }
    if (slots_->missed(answer->slot)) tell_disturbance();
  }
}

/// Asks the card how it stands. Also how its absence is noticed.
std::optional<DeckLinkPlayer::Failure> DeckLinkPlayer::look() {
  CardOutput& output = session_->output();
  if (const Result result = output.queued(now_.queued); result != abi::kOk) {
    return Failure{"GetBufferedVideoFrameCount", result};
  }
  if (now_.state == DeckLinkState::playing) {
    std::int64_t time = 0;
    if (const Result result = output.stream_time(session_->scale(), time); result != abi::kOk) {
      return Failure{"GetScheduledStreamTime", result};
    }
    on_air_ = std::max<std::int64_t>(time, 0) / session_->duration();
    now_.lead_min_ns = std::min(now_.lead_min_ns, lead_ns());
    now_.queued_min = std::min(now_.queued_min, now_.queued);
  }
  if (now_ns_ >= second_ns_) once_a_second();
  return std::nullopt;
}

void DeckLinkPlayer::once_a_second() {
  second_ns_ = now_ns_ + kSecond;
  std::uint32_t status = 0;
  if (session_->output().reference(status) != abi::kOk) {
    now_.reference = DeckLinkReference::unknown;
  } else if ((status & abi::kReferenceUnsupported) != 0) {
    now_.reference = DeckLinkReference::unsupported;
  } else {
    now_.reference = (status & abi::kReferenceLocked) != 0 ? DeckLinkReference::locked : DeckLinkReference::unlocked;
  }
  // A card that had no room may have it again.
  if (now_.state == DeckLinkState::playing && now_.depth < session_->depth()) ++now_.depth;
}

/// What goes into the next slot: the picture that fills several, else a new one, else, when little is left, a filler.
std::optional<std::size_t> DeckLinkPlayer::choose_frame(bool& filler) {
  FramePool& pool = *session_->pool();
  filler = false;
  if (copies_left_ > 0) return pool.current();
  if (pool.next_picture()) {
    copies_left_ = mode_.slots;
    return pool.current();
  }
  // Not to the full depth: pictures that are merely late still find their place, and a producer that is a little slower than
  // the card costs one repeat now and then.
  const std::int64_t floor = std::min<std::int64_t>(std::max<std::int64_t>(now_.depth / 2, 2), now_.depth);
  if (now_.state != DeckLinkState::playing || slots_->next() - on_air_ >= floor) return std::nullopt;
  filler = true;
  switch (options_.underrun) {
    case DeckLinkUnderrun::repeat: return pool.current();
    case DeckLinkUnderrun::black: return pool.black();
    case DeckLinkUnderrun::hold: break;
  }
  return std::nullopt;
}

std::optional<DeckLinkPlayer::Failure> DeckLinkPlayer::top_up() {
  bool full = false;
  while (!full && session_->pool()->with_card() < now_.depth) {
    bool filler = false;
    const std::optional<std::size_t> frame = choose_frame(filler);
    if (!frame) break;
    if (now_.state == DeckLinkState::playing) {
      if (const std::int64_t skipped = slots_->catch_up(on_air_); skipped > 0) {
        ++now_.reanchors;
        now_.skipped_slots += static_cast<std::uint64_t>(skipped);
        tell_disturbance();
      }
    }
    if (auto failure = schedule(*frame, filler, full)) return failure;
  }
  return std::nullopt;
}

std::optional<DeckLinkPlayer::Failure> DeckLinkPlayer::schedule(std::size_t frame, bool filler, bool& full) {
  FramePool& pool = *session_->pool();
  const std::int64_t slot = slots_->next();
  const Result result = session_->output().schedule(pool.frame(frame), slot * session_->duration(),
                                                    session_->duration(), session_->scale());
  if (result == abi::kOk) {
    pool.scheduled(frame, slot);
    slots_->taken();
    ++now_.scheduled;
    if (!filler) {
      --copies_left_;
    } else if (options_.underrun == DeckLinkUnderrun::black) {
      ++now_.blacks;
    } else {
      ++now_.repeats;
    }
    return std::nullopt;
  }
  ++now_.schedule_failures;
  const std::size_t has = pool.with_card();
  if (result != abi::kOutOfMemory || has == 0) return Failure{"ScheduleVideoFrame", result};
  full = true;
  now_.depth = static_cast<std::uint32_t>(has);
  if (!std::exchange(limit_told_, true)) {
    tell(fmt::format("the card takes no more than {} frames of {}", has, session_->depth()),
         "playback goes on with fewer; ask for a smaller depth");
  }
  return std::nullopt;
}

std::optional<DeckLinkPlayer::Failure> DeckLinkPlayer::start_if_ready() {
  if (now_.state != DeckLinkState::warming && now_.state != DeckLinkState::degraded) return std::nullopt;
  const std::uint32_t wanted = std::min(now_.preroll, now_.depth);
  const std::size_t has = session_->pool()->with_card();
  if (has >= wanted) {
    if (const Result result = session_->output().start(session_->scale()); result != abi::kOk) {
      return Failure{"StartScheduledPlayback", result};
    }
    now_.state = DeckLinkState::playing;
    now_.lead_min_ns = lead_ns();
    now_.queued_min = static_cast<std::uint32_t>(has);
  } else if (now_.state == DeckLinkState::warming && now_ns_ >= warm_until_ns_) {
    now_.state = DeckLinkState::degraded;
    tell(fmt::format("playback has not started: {} of {} frames within {} ms", has, wanted,
                     options_.warm_up_ns / kMillisecond),
         "the pictures come too slowly, or not at all; it starts when they are there");
  }
  return std::nullopt;
}

void DeckLinkPlayer::lose(const Failure& failure) {
  tell(fmt::format("the card is lost ({} failed with {:#010x})", failure.call,
                   static_cast<std::uint32_t>(failure.result)),
       "check its cable and power; it is looked for until it is back");
  ++now_.losses;
  end_session();
  now_.state = DeckLinkState::lost;
  look_fault_.reset();
  look_pause_ns_ = kFirstLookPause;
  look_ns_ = now_ns_ + look_pause_ns_;
}

void DeckLinkPlayer::look_again() {
  look_pause_ns_ = std::min(2 * look_pause_ns_, kLongestLookPause);
  look_ns_ = now_ns_ + look_pause_ns_;
  try {
    for (CardDevice& card : list_cards(library_)) {
      if (!card.identity.same_card(*identity_)) continue;
      begin(std::move(card));
      ++now_.reconnects;
      tell("the card is back", "nothing; playback starts anew");
      return;
    }
  } catch (const DeckLinkError& error) {
    // It is there, but cannot be had: told once for each reason.
    if (std::exchange(look_fault_, error.fault()) != error.fault()) {
      tell(error.what(), error.remedy() + "; the next look comes by itself");
    }
  }
}

void DeckLinkPlayer::close() {
  if (session_) end_session();
  now_.state = DeckLinkState::closed;
  publish();
}

void DeckLinkPlayer::end_session() {
  {
    const std::lock_guard lock(mutex_);
    pool_.reset();
  }
  absorb();
  if (!session_->end(now_.state == DeckLinkState::playing, options_.stop_timeout_ns)) {
    ++now_.silent_stops;
    tell(fmt::format("the card gave no notice of its stop within {} ms", options_.stop_timeout_ns / kMillisecond),
         "nothing; its output was disabled all the same");
  }
  absorb();
  now_.unanswered += session_->pool()->with_card();
  now_.queued = 0;
  now_.lead_ns = 0;
  session_->release();
  session_.reset();
}

void DeckLinkPlayer::wait() { events_->wait(mode_.nanoseconds(1) / mode_.slots); }

DeckLinkPicture DeckLinkPlayer::try_acquire() {
  std::shared_ptr<FramePool> pool;
  {
    const std::lock_guard lock(mutex_);
    pool = pool_;
  }
  DeckLinkPicture picture;
  if (pool) picture = pool->acquire();
  if (!picture) refused_.fetch_add(1, std::memory_order_relaxed);
  return picture;
}

void DeckLinkPlayer::submit(DeckLinkPicture picture) {
  if (FramePool::submit(std::move(picture))) pictures_.fetch_add(1, std::memory_order_relaxed);
  events_->wake();
}

void DeckLinkPlayer::tell_disturbance() {
  const bool news = now_ns_ >= calm_ns_;
  calm_ns_ = now_ns_ + kCalm;
  if (news) {
    tell(fmt::format("the output fell behind the card ({} late, {} dropped, {} slots skipped so far)", now_.late,
                     now_.dropped, now_.skipped_slots),
         "it catches up by itself; if it happens often, relieve the machine or ask for more preroll");
  }
}

void DeckLinkPlayer::tell(std::string what, std::string remedy) const {
  if (notices_) notices_({std::move(what), identity_ ? describe(*identity_) : "the card", std::move(remedy)});
}

void DeckLinkPlayer::publish() {
  now_.outstanding = session_ ? session_->pool()->with_card() : 0;
  const std::lock_guard lock(mutex_);
  published_ = now_;
}

DeckLinkMetrics DeckLinkPlayer::metrics() const {
  DeckLinkMetrics metrics;
  {
    const std::lock_guard lock(mutex_);
    metrics = published_;
  }
  metrics.pictures = pictures_.load(std::memory_order_relaxed);
  metrics.refused = refused_.load(std::memory_order_relaxed);
  const CardEvents::CallbackTimes times = events_->callback_times();
  metrics.callback_p50_ns = times.p50_ns;
  metrics.callback_p99_ns = times.p99_ns;
  metrics.callback_max_ns = times.max_ns;
  return metrics;
}

}  // namespace rig
