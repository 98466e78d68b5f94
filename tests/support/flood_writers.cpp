// SPDX-License-Identifier: Apache-2.0
// The threads of a flood that write: three sources and an operator.
#include <algorithm>

#include "flood.hpp"
#include "support/pace.hpp"

namespace relume::test {

relume_result Flood::count_single(relume_result result) {
  ++singles.handed;
  ++(result == RELUME_OK ? singles.taken : singles.refused);
  return result;
}

void Flood::write_single(Source& source, std::uint32_t route) {
  const RouteBook::Stamp begin = book_->stamp();
  const std::int64_t now = monotonic_ns();
  const std::uint32_t value = book_->begin(route, kSingles, begin, false, now);
  const relume_result result = count_single(source.write(params_[route], value_for(route, value), now));
  book_->finish(route, kSingles, book_->stamp());
  if (result != RELUME_OK) singles.findings.note("a single value was refused", route, value);
}

void Flood::write_singles() {
  Source& source = *single_source_;
  Pace pace(rates_.values_per_second * 0.31);  // the rare ones are left out most of the time
  const std::int64_t begun = monotonic_ns();
  const auto count = [&](relume_result result) { return count_single(result); };
  for (std::uint64_t turn = 0; writing_; pace.pause()) {
    const std::uint64_t due = pace.due();
    const std::int64_t now = monotonic_ns();
    const bool rare_too = (now - begun) % (6 * kSettle) < kSettle / 2;
    for (const std::uint64_t end = turn + due; turn < end; ++turn) {
      const auto route = static_cast<std::uint32_t>(turn % kSingleRoutes);
      if (turn % 16 == 0) {
        const float value = static_cast<float>(turn / 16 % 97) / 96.0F;
        const relume_result result = count(source.write(gliding_[gliding_turn_++ % kGliding], scalar(value), now));
        if (result != RELUME_OK) singles.findings.note("a gliding value was refused", gliding_turn_);
      } else if (turn % 64 == 1) {
        const std::uint64_t guest = guest_.load(kBookAcquire);
        const relume_param param{guest + turn / 64 % kGuestParams};  // the slot is in the low bits
        const relume_value value = integer(static_cast<std::int32_t>(guest_value(guest)));
        const relume_result result = guest != 0 ? count(source.write(param, value, now)) : RELUME_OK;
        if (result != RELUME_OK && result != RELUME_E_UNKNOWN_ROUTE) singles.findings.note(relume_result_name(result));
      } else if (turn % 64 == 2) {
        const auto trigger = static_cast<std::uint32_t>(turn / 64 % kTriggers);
        pulse(kSingles, trigger, 1 + trigger % 3, [&](relume_value pulses) {
          const relume_result result = count(source.write(triggers_[trigger], pulses, now));
          if (result != RELUME_OK) singles.findings.note("pulses were refused");
        });
      } else if (turn % 16 == 3) {
        write_single(source, kSingleRoutes + static_cast<std::uint32_t>(turn / 16 % kBatch));
      } else if (route >= kRare || rare_too) {
        write_single(source, route);
      }
    }
    pace.did(due);
  }
  singles.longest_run = pace.longest_run();
  singles.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  singles.info = source.info();
}

void Flood::write_batches() {
  Source& source = *batch_source_;
  // A dozen at a time: while none is being written, every frame must have all of them.
  Pace pace(rates_.values_per_second * 0.3 / kBatch, 100);
  std::vector<relume_overlay_value> batch(kBatch + 1);  // and a trigger
  for (std::uint64_t number = 1; writing_; pace.pause()) {
    const std::uint64_t due = pace.due();
    for (const std::uint64_t end = number + due; number < end; ++number) {
      const auto first = kSingleRoutes + static_cast<std::uint32_t>((number - 1) % kWindows) * kBatch;
      batch_begun_.store(number, kBookRelease);
      const RouteBook::Stamp begin = book_->stamp();
      const std::int64_t now = monotonic_ns();
      for (std::uint32_t i = 0; i < kBatch; ++i) {
        const std::uint32_t value = book_->begin(first + i, kBatches, begin, false, now);
        batch[i] = {params_[first + i], value_for(first + i, value), 0, 0};
      }
      relume_result result = RELUME_OK;
      pulse(kBatches, static_cast<std::uint32_t>(number % kTriggers), 1, [&](relume_value pulses) {
        batch[kBatch] = {triggers_[number % kTriggers], pulses, 0, 0};
        result = source.write(batch.data(), batch.size(), now);
      });
      if (result != RELUME_OK) batches.findings.note("a batch was refused", number);
      const RouteBook::Stamp end_of_batch = book_->stamp();
      for (std::uint32_t i = 0; i < kBatch; ++i) book_->finish(first + i, kBatches, end_of_batch);
      batch_done_.store(number, kBookRelease);
      batches.handed += batch.size();
      batches.taken += batch.size();
    }
    pace.did(due);
  }
  batches.longest_run = pace.longest_run();
  batches.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  batches.info = source.info();
}

void Flood::write_runs() {
  constexpr std::uint32_t first = kSingleRoutes + kBatchRoutes;
  Stream& stream = *stream_;
  Pace pace(rates_.values_per_second * 0.4 / kRunRoutes);
  std::vector<float> values(kRunRoutes);
  for (; writing_; pace.pause()) {
    const std::uint64_t due = pace.due();
    for (std::uint64_t i = 0; i < due; ++i) {
      const RouteBook::Stamp begin = book_->stamp();
      for (std::uint32_t at = 0; at < kRunRoutes; ++at) {
        values[at] = static_cast<float>(book_->begin(first + at, kRun, begin));
      }
      const relume_result result = stream.write(values.data(), values.size(), monotonic_ns());
      if (result != RELUME_OK) run_writer.findings.note("a run was refused");
      const RouteBook::Stamp end = book_->stamp();
      for (std::uint32_t at = 0; at < kRunRoutes; ++at) book_->finish(first + at, kRun, end);
      run_writer.handed += kRunRoutes;
      ++run_writer.taken;  // a whole run counts as one value
    }
    pace.did(due);
  }
  run_writer.longest_run = pace.longest_run();
  run_writer.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  run_writer.info = stream.info();
}

// --- the operator ---

// xorshift: which of them comes does not matter, only that all do.
std::uint32_t Flood::random(std::uint32_t below) {
  random_ ^= random_ << 13U;
  random_ ^= random_ >> 7U;
  random_ ^= random_ << 17U;
  return static_cast<std::uint32_t>((random_ >> 32U) % below);
}

bool Flood::take(relume_result result) {
  ++operating.mutations;
  if (result == RELUME_OK) return true;
  operating.findings.note(relume_result_name(result), operating.mutations);
  return false;
}

void Flood::operate() {
  Pace pace(rates_.mutations_per_second);
  for (std::uint64_t round = 0; writing_; pace.pause()) {
    const std::uint64_t due = pace.due();
    for (const std::uint64_t end = round + due; round < end; ++round) mutate(round);
    pace.did(due);
  }
}

void Flood::mutate(std::uint64_t round) {
  const relume_layer desk = layers_[7];
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  switch (round % 100) {
    case 7: reset_layer(random(7)); break;
    case 19:
    case 43:
    case 67:
    case 91: change_guest(); break;
    case 11:
    case 61:
      pulse(kOperator, static_cast<std::uint32_t>(round / 100 % kTriggers), 1 + random(3), [&](relume_value pulses) {
        take(relume_value_set(show.get(), triggers_[round / 100 % kTriggers], &pulses, &outcome, nullptr));
      });
      break;
    case 31: take(relume_store(show.get(), desk, &outcome, nullptr)); break;
    case 53: take(relume_revert(show.get(), desk, &outcome, nullptr)); break;
    case 79: take(relume_reset(show.get(), desk, &outcome, nullptr)); break;
    default:
      if (round % 3 == 0) {
        set_several();
      } else {
        set_one(random(kRoutes));
      }
  }
}

void Flood::set_one(std::uint32_t route) {
  const relume_value value = value_for(route, book_->begin(route, kOperator, book_->stamp()));
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  take(relume_value_set(show.get(), params_[route], &value, &outcome, nullptr));
  book_->finish(route, kOperator, book_->stamp());
}

// The pair of the desk and six routes, as one.
void Flood::set_several() {
  constexpr std::uint32_t kRoutesOfASet = 6;
  chosen_.clear();
  chosen_params_.assign({pair_[0], pair_[1]});
  chosen_values_.assign(2, integer(static_cast<std::int32_t>(operating.mutations)));
  const std::uint32_t first = random(kRoutes);
  const RouteBook::Stamp begin = book_->stamp();
  for (std::uint32_t i = 0; i < kRoutesOfASet; ++i) {
    const std::uint32_t route = (first + i * (kRoutes / kRoutesOfASet)) % kRoutes;
    chosen_.push_back(route);
    chosen_params_.push_back(params_[route]);
    chosen_values_.push_back(value_for(route, book_->begin(route, kOperator, begin)));
  }
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  take(relume_values_set(show.get(), chosen_params_.data(), chosen_values_.data(), chosen_params_.size(), &outcome,
                         nullptr));
  const RouteBook::Stamp end = book_->stamp();
  for (const std::uint32_t route : chosen_) book_->finish(route, kOperator, end);
}

void Flood::reset_layer(std::uint32_t layer) {
  const std::uint32_t first = layer * kLayer;
  const std::uint32_t end = layer == 6 ? kRoutes : first + kLayer;
  operating.resets_of_the_run += layer == 6;
  const RouteBook::Stamp begin = book_->stamp();
  for (std::uint32_t route = first; route < end; ++route) book_->begin(route, kOperator, begin, true);
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  take(relume_reset(show.get(), layers_[layer], &outcome, nullptr));
  const RouteBook::Stamp done = book_->stamp();
  for (std::uint32_t route = first; route < end; ++route) book_->finish(route, kOperator, done);
}

// Its handle stays known for a while after it is gone: those who write to it then are refused.
void Flood::change_guest() {
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  if (guest_layer_.bits != 0) {
    take(relume_layer_remove(show.get(), guest_layer_, &outcome, nullptr));
    guest_layer_.bits = 0;
    return;
  }
  if (!take(relume_layer_add(show.get(), "guest", "guest", layers_[random(7)], &guest_layer_, &outcome, nullptr)))
    return;
  relume_param first{0};
  if (relume_param_at(show.get(), guest_layer_, 0, &first, nullptr) != RELUME_OK)
    operating.findings.note("no parameter");
  guest_.store(first.bits, kBookRelease);
  ++operating.guests;
}

}  // namespace relume::test
