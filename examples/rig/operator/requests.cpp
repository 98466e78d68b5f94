// SPDX-License-Identifier: Apache-2.0
#include "operator/requests.hpp"

#include "operator/reasons.hpp"
#include "operator/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rig {
namespace {

constexpr std::string_view kPrefix = "/relume";

}  // namespace

Requests::Requests(relume::Show& show, relume::Source source, DiskRequests& disk, NoticeSink notices, Hooks hooks)
    : show_(show), source_(std::move(source)), disk_(disk), notices_(std::move(notices)), hooks_(std::move(hooks)) {}

const Requests::Replies& Requests::handle(std::span<const std::byte> datagram, const Endpoint& asker,
                                          std::int64_t now_ns) {
  replies_.clear();
  asker_ = asker;
  const Malformed malformed = decode_osc(datagram, packet_);
  if (malformed != Malformed::none) {
    ++malformed_;
    bool& told = malformed_told_[static_cast<std::size_t>(malformed)];
    if (!std::exchange(told, true)) {
      notices_(
          {fmt::format("malformed packet ignored: {}; further ones of this kind are only counted", describe(malformed)),
           "the OSC port", "check the sender; /relume/status has the count"});
    }
    return replies_;
  }
  items_.clear();
  changes_.clear();
  automation_.clear();
  automation_addresses_.clear();
  for (const OscMessage& message : packet_.messages) items_.push_back(read(message));
  write_automation(now_ns);
  apply_changes();
  for (const Item& item : items_) answer(item);
  return replies_;
}

Requests::Verb Requests::verb_of(std::string_view address) noexcept {
  static constexpr std::array<std::pair<std::string_view, Verb>, 17> kVerbs{{{"/set", Verb::set},
                                                                             {"/persist", Verb::persist},
                                                                             {"/store", Verb::store},
                                                                             {"/revert", Verb::revert},
                                                                             {"/reset", Verb::reset},
                                                                             {"/layer/add", Verb::add},
                                                                             {"/layer/remove", Verb::remove},
                                                                             {"/layer/move", Verb::move},
                                                                             {"/layer/bypass", Verb::bypass},
                                                                             {"/layer/retype", Verb::retype},
                                                                             {"/layer/rename", Verb::rename},
                                                                             {"/accept", Verb::accept},
                                                                             {"/get", Verb::get},
                                                                             {"/ping", Verb::ping},
                                                                             {"/status", Verb::status},
                                                                             {"/health", Verb::health},
                                                                             {"/save", Verb::save}}};
  if (!address.starts_with(kPrefix)) return Verb::automation;
  address.remove_prefix(kPrefix.size());
  if (!address.empty() && address[0] != '/') return Verb::automation;  // a layer whose key only begins like this
  for (const auto& [name, verb] : kVerbs) {
    if (address == name) return verb;
  }
  return Verb::unknown;
}

Requests::Item Requests::read(const OscMessage& message) {
  Item item{verb_of(message.address), &message, message.address};
  if (item.verb == Verb::automation) {
    read_automation(item);
  } else if (is_change(item.verb) || item.verb == Verb::accept || item.verb == Verb::get) {
    const bool named = !message.args.empty() && message.args[0].tag == 's';
    item.subject = named ? std::string_view(message.args[0].text) : std::string_view();
    if (!named) {
      item.fault = RELUME_E_TYPE;
    } else if (item.verb == Verb::set || item.verb == Verb::persist) {
      read_value_change(item);
    } else if (is_structural(item.verb)) {
      read_stack_change(item);
    } else if (message.args.size() != 1) {
      item.fault = RELUME_E_TYPE;
    } else if (item.verb == Verb::accept) {
      read_choice(item);
    } else if (item.verb != Verb::get) {
      read_layer_values_change(item);
    }
  }
  return item;
}

void Requests::read_value_change(Item& item) {
  const std::vector<OscArg>& args = item.message->args;
  relume_param param{0};
  relume_value value{};
  item.fault = relume_param_find(show_.get(), args[0].text.c_str(), &param, nullptr);
  if (item.fault == RELUME_OK) item.fault = value_from_osc(show_, param, std::span(args).subspan(1), value);
  if (item.fault != RELUME_OK) return;
  item.change = changes_.size();
  if (item.verb == Verb::set) {
    changes_.set(param, value);
  } else {
    changes_.persist(param, value);
  }
}

void Requests::read_layer_values_change(Item& item) {
  relume_layer layer{0};  // all of them
  if (!item.subject.empty()) {
    item.fault = find_layer(item.message->args[0], layer);
    if (item.fault != RELUME_OK) return;
  }
  item.change = changes_.size();
  if (item.verb == Verb::store) {
    changes_.store(layer);
  } else if (item.verb == Verb::revert) {
    changes_.revert(layer);
  } else {
    changes_.reset(layer);
  }
}

void Requests::read_stack_change(Item& item) {
  const std::vector<OscArg>& args = item.message->args;
  const auto are_texts = [&](std::size_t count) {
    return args.size() == count && std::all_of(args.begin(), args.end(), [](const OscArg& a) { return a.tag == 's'; });
  };
  relume_layer layer{0};
  relume_layer before{0};  // on top of all
  relume_value on{};
  if (item.verb == Verb::bypass) {
    item.fault = bool_from_osc(std::span(args).subspan(1), on);
  } else if (!are_texts(item.verb == Verb::add ? 3 : item.verb == Verb::remove ? 1 : 2)) {
    item.fault = RELUME_E_TYPE;
  }
  if (item.fault == RELUME_OK && item.verb != Verb::add) item.fault = find_layer(args[0], layer);
  const bool placed = item.verb == Verb::add || item.verb == Verb::move;
  if (item.fault == RELUME_OK && placed && !args.back().text.empty()) item.fault = find_layer(args.back(), before);
  if (item.fault != RELUME_OK) return;
  item.change = changes_.size();
  switch (item.verb) {
    case Verb::add: changes_.add_layer(args[0].text.c_str(), args[1].text.c_str(), before); return;
    case Verb::remove: changes_.remove(layer); return;
    case Verb::move: changes_.move(layer, before); return;
    case Verb::retype: changes_.retype(layer, args[1].text.c_str()); return;
    case Verb::rename: changes_.rename(layer, args[1].text.c_str()); return;
    default: changes_.bypass(layer, on.as.i != 0);
  }
}

void Requests::read_choice(Item& item) {
  if (item.subject == "file") {
    item.choice = RELUME_CHOICE_FILE;
  } else if (item.subject != "keep") {
    item.fault = RELUME_E_RANGE;
  }
}

relume_result Requests::find_layer(const OscArg& key, relume_layer& out) {
  return relume_layer_find(show_.get(), key.text.c_str(), &out, nullptr);
}

void Requests::read_automation(Item& item) {
  relume_overlay_value write{};
  relume_result result = relume_param_find(show_.get(), item.message->address.c_str() + 1, &write.param, nullptr);
  if (result == RELUME_OK) result = value_from_osc(show_, write.param, item.message->args, write.value);
  if (result == RELUME_OK) {
    automation_.push_back(write);
    automation_addresses_.push_back(item.subject);
  } else {
    refuse_automation(item.subject, result);
  }
}

void Requests::write_automation(std::int64_t now_ns) {
  // All or nothing is the library's rule for a batch; the rig's is that a bad value does not cost the good ones beside it.
  while (!automation_.empty()) {
    std::size_t culprit = 0;
    const relume_result result = source_.write(automation_.data(), automation_.size(), now_ns, &culprit);
    if (result == RELUME_OK) return;
    refuse_automation(automation_addresses_[culprit], result);
    automation_.erase(automation_.begin() + static_cast<std::ptrdiff_t>(culprit));
    automation_addresses_.erase(automation_addresses_.begin() + static_cast<std::ptrdiff_t>(culprit));
  }
}

void Requests::apply_changes() {
  culprit_ = kNone;
  for (std::size_t i = 0; i < items_.size() && culprit_ == kNone; ++i) {
    const bool asks = is_change(items_[i].verb) || items_[i].verb == Verb::accept;
    // Whoever bundles a request that this rig does not know wants all of the bundle or nothing.
    if ((asks && items_[i].fault != RELUME_OK) || items_[i].verb == Verb::unknown) culprit_ = i;
  }
  const auto is_accept = [](const Item& item) { return item.verb == Verb::accept; };
  const bool mixed = changes_.size() != 0 && std::any_of(items_.begin(), items_.end(), is_accept);
  applied_ = culprit_ == kNone && !mixed;
  if (!applied_) {
    if (culprit_ != kNone) culprit_reason_ = relume_result_name(items_[culprit_].fault);
    return;
  }
  if (changes_.size() == 0) return;
  // The C function and not the C++ face: a refusal is an everyday answer here, and the outcome says which change is to blame.
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  relume_error error = RELUME_ERROR_INIT;
  const relume_result result = relume_apply(show_.get(), changes_.data(), changes_.size(), &outcome, &error);
  revision_ = outcome.revision;
  applied_ = result == RELUME_OK;
  if (applied_) {
    const bool structural =
        std::any_of(items_.begin(), items_.end(), [](const Item& i) { return is_structural(i.verb); });
    if (structural) hooks_.stack_changed();
    return;
  }
  culprit_reason_ = reason_of(result, error);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].change == outcome.culprit) culprit_ = i;
  }
}

std::vector<LateAnswer> Requests::collect() {
  std::vector<LateAnswer> answers = disk_.collect();
  for (const LateAnswer& answer : answers) {
    if (answer.rejected) ++rejected_;
    if (answer.file_taken) hooks_.show_replaced();
  }
  return answers;
}

void Requests::answer(const Item& item) {
  switch (item.verb) {
    case Verb::get: answer_get(item); return;
    case Verb::ping: answer_ping(); return;
    case Verb::status: answer_status(); return;
    case Verb::health: answer_health(); return;
    case Verb::save: answer_save(); return;
    case Verb::accept: answer_accept(item); return;
    case Verb::unknown: reject(item.subject, "unknown-request"); return;
    case Verb::automation: return;
    default: answer_change(item);
  }
}

void Requests::answer_change(const Item& item) {
  if (applied_) {
    reply(OscWriter("/relume/ack").int64(static_cast<std::int64_t>(revision_)).text(item.subject));
  } else {
    const bool culprit = culprit_ < items_.size() && &item == &items_[culprit_];
    reject(item.subject, culprit ? std::string_view(culprit_reason_) : "bundle");
  }
}

void Requests::answer_accept(const Item& item) {
  if (!applied_) {
    answer_change(item);
    return;
  }
  const relume_result begun = disk_.accept(item.choice, asker_);
  if (begun != RELUME_OK) reject(item.subject, relume_result_name(begun));
}

void Requests::answer_save() {
  const relume_result begun = disk_.save(asker_);
  if (begun != RELUME_OK) reject("save", relume_result_name(begun));
}

void Requests::answer_get(const Item& item) {
  relume_param param{0};
  relume_value value{};
  relume_tier tier = RELUME_TIER_DEFAULT;
  std::array<char, RELUME_TEXT_MAX + 1> text{};
  relume_result result = item.fault;
  if (result == RELUME_OK) result = relume_param_find(show_.get(), item.message->args[0].text.c_str(), &param, nullptr);
  if (result == RELUME_OK) result = relume_value_get(show_.get(), param, &value, &tier, nullptr);
  if (result == RELUME_OK && value.type == RELUME_TEXT) {
    // The tier once more, because another thread may have been in between.
    result = relume_text_get(show_.get(), param, text.data(), text.size(), nullptr, &tier, nullptr);
  }
  if (result != RELUME_OK) {
    reject(item.subject, relume_result_name(result));
    return;
  }
  OscWriter message("/relume/value");
  message.text(item.subject).text(tier_name(tier)).text(type_name(value.type));
  if (value.type == RELUME_TEXT) {
    message.text(text.data());
  } else {
    value_to_osc(value, message);
  }
  reply(message);
}

void Requests::answer_ping() {
  const relume_show_info info = show_.info();
  std::string show_id;
  for (const std::uint8_t byte : info.show_id) show_id += fmt::format("{:02x}", byte);
  reply(OscWriter("/relume/pong")
            .int64(static_cast<std::int64_t>(show_.status().accepted))
            .int32(static_cast<std::int32_t>(info.restarts))
            .text(show_id)
            .text(fmt::format("{:016x}", info.history_id)));
}

void Requests::answer_status() {
  const relume_status status = show_.status();
  OscWriter message("/relume/status");
  message.int64(static_cast<std::int64_t>(status.accepted)).int64(status.mirrored);
  message.int64(status.checkpoint_done)
      .int64(static_cast<std::int64_t>(status.document_wanted))
      .int64(status.document_done);
  message.int64(static_cast<std::int64_t>(malformed_)).int64(static_cast<std::int64_t>(rejected_));
  reply(message);
}

void Requests::answer_health() {
  constexpr std::size_t kLongest = 60'000;  // what a datagram holds, with room for the rest
  const std::string json = show_.health_json();
  if (json.size() > kLongest) {
    reject("health", "too-long");
  } else {
    reply(OscWriter("/relume/health").text(json));
  }
}

void Requests::reject(std::string_view subject, std::string_view reason) {
  ++rejected_;
  reply(OscWriter("/relume/reject").text(subject).text(reason));
}

void Requests::refuse_automation(std::string_view address, relume_result reason) {
  ++rejected_;
  if (!automation_told_.insert(reason).second) return;
  notices_({fmt::format("automation refused ({}); further refusals of this kind are only counted",
                        relume_result_name(reason)),
            printable(address), "check the sender; /relume/status has the count"});
}

}  // namespace rig
